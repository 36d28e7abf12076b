import { setTimeout as pause } from 'node:timers/promises';
import type { Erasure } from '../../protocol/model.ts';
import type { Log } from '../announcer.ts';
import { JournalUnavailable } from '../engine.ts';
import { sqliteLimits } from './sqlite-limits.ts';
import type { Thread } from './thread.ts';
import type { Writes } from './thread-messages.ts';

const { journalErasureWaitMs: patienceMs, erasurePauseFirstMs: firstPauseMs, erasurePauseMostMs: longestPauseMs } = sqliteLimits;
const { erasureRetryFirstMs: retryMs, erasureRetryMostMs: longestRetryMs } = sqliteLimits;

type Wanted = Writes['erase']['given'];

/** Completes erasures: at once for a request, and in the background if that takes too long. */
export class EraseLoop {
  readonly #writer: Pick<Thread<Writes>, 'call'>;
  readonly #log: Log;
  readonly #pause: typeof pause;
  readonly #stop = new AbortController();
  #background: Promise<void> | undefined;
  #owed = 0;

  constructor(writer: Pick<Thread<Writes>, 'call'>, log: Log, wait: typeof pause = pause) {
    this.#writer = writer;
    this.#log = log;
    this.#pause = wait;
  }

  /**
   * Completes the wanted erasure, or all pending ones (null). If that takes too long, returns what is pending and continues in
   * the background.
   */
  async finish(wanted: Wanted): Promise<Erasure> {
    const deadline = performance.now() + patienceMs;
    let why = 'it takes longer than a request can wait';
    try {
      let pauseMs: number = firstPauseMs;
      while (performance.now() < deadline) {
        const state = await this.#continue(wanted);
        if (state === 'complete') return { complete: true, pending: [] };
        if (state === 'goes-on') continue;
        why = 'a reader of the file still needs it';
        await this.#pause(pauseMs, undefined, { signal: this.#stop.signal });
        pauseMs = Math.min(2 * pauseMs, longestPauseMs);
      }
    } catch (error) {
      if (!(error instanceof JournalUnavailable) && !this.#stop.signal.aborted) throw error;
      why = error instanceof JournalUnavailable ? error.message : 'the journal is closing; the next start completes it';
    }
    this.#retry();
    return { complete: false, pending: [{ where: "the journal's write-ahead log", why }] };
  }

  /** The number of erasures that were not complete when their request was answered, as of the last attempt. */
  get pending(): number {
    return this.#background === undefined ? 0 : this.#owed;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#background;
  }

  async #continue(wanted: Wanted): Promise<Writes['erase']['answer']['state']> {
    const { state, owed } = await this.#writer.call('erase', wanted);
    this.#owed = owed;
    return state;
  }

  #retry(): void {
    if (this.#stop.signal.aborted) return;
    this.#background ??= this.#retryUntilDone().finally(() => {
      this.#background = undefined;
    });
  }

  async #retryUntilDone(): Promise<void> {
    const { signal } = this.#stop;
    let waitMs: number = retryMs;
    while (!signal.aborted) {
      try {
        await this.#pause(waitMs, undefined, { signal, ref: false });
        const state = await this.#continue(null);
        if (state === 'complete') return this.#log.info({}, 'pending erasures are complete');
        if (state === 'goes-on') waitMs = 0;
        else {
          waitMs = Math.min(Math.max(2 * waitMs, retryMs), longestRetryMs);
          this.#log.warn({ waitMs }, 'erasures are pending: another program still reads the write-ahead log');
        }
      } catch (error) {
        if (signal.aborted) return;
        waitMs = longestRetryMs;
        this.#log.warn({ err: error, waitMs }, 'erasures are pending: the journal did not answer');
      }
    }
  }
}

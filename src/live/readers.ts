import type { Requester } from '../access/requester.ts';
import { responseLimits } from '../http/http-limits.ts';
import type { Reachability } from '../journal/engine.ts';
import type { Transport } from '../protocol/model.ts';
import { Refusal } from '../protocol/problems.ts';
import { forEachSafe } from '../streams/for-each-safe.ts';
import { liveLimits } from './live-limits.ts';
import type { ReaderConnection } from './reader-connection.ts';

/**
 * All who read over something that stays open, whatever it is: looked after by one timer, told of the store, and led out when the node
 * goes away.
 */
export interface OpenReader {
  readonly transport: Transport;
  readonly requester: Requester;
  /** Channels that it follows now. */
  readonly subscriptions: number;
  /** Something of it is due with time, such as the end of its token. Others are not looked at. */
  readonly needsSweep: boolean;
  /** Once in a while, where it is timed: ends what a token was needed for that has run out. */
  sweep(now: number): void;
  /** The token was revoked, or the session signed out: ends whatever was begun with it, of public channels too, and says so where it can. */
  endRevoked(): void;
  /** The store came out of reach, or back. */
  onReachChanged(reach: Reachability): void;
  /** The node goes away: asked to leave within a time, all of them at different moments. */
  askToDisconnect(withinMs: number): void;
  /** It has not left. */
  cut(): void;
  /** Lets go of everything. */
  close(): void;
}

export interface ReadersContext {
  /** The store came out of reach, or back. */
  onReach(listener: (reach: Reachability) => void): () => void;
  /** Milliseconds of a clock that never goes back. */
  now: () => number;
  log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
  /** A connection that took no bytes was terminated. */
  onStalled(): void;
}

const { drainStepMs } = liveLimits;

export class Readers {
  /** How the store is, while it is out of reach. */
  unreachable: Reachability | undefined;
  isDraining = false;
  /** Connections that something waits for, of all who read. Where one takes no bytes for long, it is terminated. */
  readonly busy = new Set<ReaderConnection>();
  readonly #open = new Set<OpenReader>();
  readonly #swept = new Set<OpenReader>();
  readonly #counts: Record<Transport, number> = { socket: 0, stream: 0, poll: 0 };
  readonly #context: ReadersContext;
  readonly #undoReach: () => void;
  readonly #timer: NodeJS.Timeout;

  constructor(context: ReadersContext) {
    this.#context = context;
    this.#undoReach = context.onReach((reach) => {
      this.unreachable = reach.reachable ? undefined : reach;
      this.#each(this.#open, (reader) => reader.onReachChanged(reach));
    });
    this.#timer = setInterval(() => this.#sweep(), liveLimits.sweepMs).unref();
  }

  /** Throws a refusal where the node goes away: who comes back in a moment reaches another one. */
  requireNotDraining(): void {
    if (this.isDraining) throw new Refusal('draining', { retryAfter: responseLimits.momentRetrySeconds });
  }

  add(reader: OpenReader): void {
    this.#open.add(reader);
    this.#counts[reader.transport] += 1;
    if (reader.needsSweep) this.#swept.add(reader);
  }

  /** It has ended. */
  remove(reader: OpenReader): void {
    if (this.#open.delete(reader)) this.#counts[reader.transport] -= 1;
    this.#swept.delete(reader);
  }

  count(transport: Transport): number {
    return this.#counts[transport];
  }

  get size(): number {
    return this.#open.size;
  }

  /** Channels followed, counted once a reader. */
  subscriptions(): number {
    let sum = 0;
    for (const reader of this.#open) sum += reader.subscriptions;
    return sum;
  }

  /** Asks the readers to leave within a time, and cuts those who have stayed. Nobody new is taken from now on. */
  async drain(withinMs: number): Promise<void> {
    this.isDraining = true;
    this.#each(this.#open, (reader) => reader.askToDisconnect(withinMs));
    for (let waitedMs = 0; this.#open.size > 0 && waitedMs < withinMs; waitedMs += drainStepMs) {
      await new Promise((resolve) => setTimeout(resolve, drainStepMs));
    }
    this.#each(this.#open, (reader) => reader.cut());
  }

  close(): void {
    this.isDraining = true;
    clearInterval(this.#timer);
    this.#undoReach();
    this.#each(this.#open, (reader) => reader.close());
  }

  #sweep(): void {
    const now = this.#context.now();
    this.#each(this.#swept, (reader) => {
      if (reader.requester.isRevoked) reader.endRevoked();
      else reader.sweep(now);
    });
    this.#endStalled(now);
  }

  /** Whoever makes it throw is lost already, and would be ended again and again; the others are gone on with. */
  #endStalled(now: number): void {
    const { log, onStalled } = this.#context;
    const stalled = [...this.busy].filter(({ busySince }) => now - busySince >= liveLimits.stallMs);
    const end = (connection: ReaderConnection) => {
      const { pipe, busySince } = connection;
      log.info({ transport: pipe.format.name, busyMs: now - busySince }, 'stalled connection was terminated');
      onStalled();
      connection.terminate();
    };
    forEachSafe(stalled, end, (connection, error) => {
      this.busy.delete(connection);
      log.warn({ err: error }, 'stalled connection could not be terminated');
    });
  }

  /** Whoever makes it throw is cut off, to come back with their cursor; the others are gone on with. What befalls many at once is said once. */
  #each(readers: ReadonlySet<OpenReader>, act: (reader: OpenReader) => void): void {
    const errors: unknown[] = [];
    forEachSafe([...readers], act, (reader, error) => {
      errors.push(error);
      try {
        reader.cut();
      } catch {
        // It is lost already, and would be told again and again.
        this.remove(reader);
      }
    });
    if (errors.length === 0) return;
    this.#context.log.warn({ readers: errors.length, err: errors[0] }, 'readers could not be notified and were disconnected');
  }
}

import { type ChildProcess, fork } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { FairQueue } from '../fair-queue.ts';
import { mediaLimits } from './media-limits.ts';
import { MediaUnavailable } from './media-store.ts';
import type { FromRenderer, RenderJob, RenderOutcome } from './render-messages.ts';

const { rendererQueue, rendererStartMs, rendererIdleMs, rendererWatchMs } = mediaLimits;
const { rendererRestartFirstMs, rendererRestartMostMs } = mediaLimits;

export interface RenderTask extends Omit<RenderJob, 'id'> {
  /** The content: a job that ends the child refuses others with the same content. */
  sha256: string;
  /** The author. */
  by: string;
}

interface Waiting extends RenderTask {
  settle(outcome: RenderOutcome): void;
  fail(error: MediaUnavailable): void;
}

/**
 * Reads, cleans and renders uploads in a child process, one at a time. Authors take turns.
 *
 *     no child ──job──▶ starting ──ready──▶ idle ◀──job, done──▶ working
 *        ▲                  │ ends or late    │ unused             │ crashes, takes too long or too much memory
 *        ├──── fails all ◀──┘                 │                    ▼
 *        ├────────────────────────────────────┘      refuses the job and its like
 *        └──────────────── pause, which doubles with each crash in a row ◀──┘
 */
export class Renderer {
  readonly #jobMs: number;
  readonly #bytes: number;
  readonly #decodeMs: number;
  readonly #queue = new FairQueue<Waiting>();
  #child: ChildProcess | undefined;
  #jobs = 0;
  #crashes = 0;
  #isRunning = false;
  #idle: NodeJS.Timeout | undefined;
  readonly #closing = new AbortController();

  constructor({
    jobMs = mediaLimits.rendererJobMs,
    bytes = mediaLimits.rendererBytes,
    decodeMs = mediaLimits.rendererDecodeMs,
  } = {}) {
    this.#jobMs = jobMs;
    this.#decodeMs = decodeMs;
    this.#bytes = bytes;
  }

  /** The process id of the child, if there is one. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Throws `MediaUnavailable` if too many jobs wait, or if the child cannot be started. */
  render(task: RenderTask): Promise<RenderOutcome> {
    if (this.#closing.signal.aborted) return Promise.reject(closed());
    if (this.#queue.size >= rendererQueue) {
      return Promise.reject(new MediaUnavailable('Too many uploads are being processed. Try again in a moment.'));
    }
    return new Promise((settle, fail) => {
      this.#queue.add(task.by, { ...task, settle, fail });
      if (!this.#isRunning) void this.#run();
    });
  }

  /** Fails what waits, and kills the child. */
  async close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#idle);
    this.#failAll(closed());
    await this.#end();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    clearTimeout(this.#idle);
    for (let job = this.#queue.take(); job !== undefined; job = this.#queue.take()) {
      try {
        await this.#start();
      } catch (error) {
        const unavailable = this.#closing.signal.aborted
          ? closed()
          : new MediaUnavailable('Uploads cannot be processed on this server now.', { cause: error });
        job.fail(unavailable);
        this.#failAll(unavailable);
        break;
      }
      const outcome = await this.#perform(job).catch((error: MediaUnavailable) => error);
      if (this.#closing.signal.aborted) {
        job.fail(closed());
        break;
      }
      if (outcome instanceof MediaUnavailable) {
        job.fail(outcome);
        continue;
      }
      job.settle(outcome.result);
      if (!outcome.isOver) {
        this.#crashes = 0;
        continue;
      }
      for (const like of this.#queue.items()) {
        if (like.sha256 !== job.sha256) continue;
        this.#queue.remove(like.by, like);
        like.settle(outcome.result);
      }
      await this.#end();
      this.#crashes += 1;
      await pause(restartPause(this.#crashes), undefined, { signal: this.#closing.signal, ref: false }).catch(() => undefined);
    }
    this.#isRunning = false;
    this.#idle = setTimeout(() => void this.#end(), rendererIdleMs).unref();
  }

  /** Resolves when the child can take jobs. */
  async #start(): Promise<void> {
    if (this.#child !== undefined && !hasEnded(this.#child)) return;
    // TypeScript in a checkout, JavaScript in the package.
    const file = fileURLToPath(new URL(`./render-process${extname(import.meta.filename)}`, import.meta.url));
    const child = fork(file, [], {
      // No flags and no environment of this process, which holds the secret.
      execArgv: ['--max-old-space-size=256'],
      env: { VIPS_DISC_THRESHOLD: '100g', MALLOC_ARENA_MAX: '2' },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.#child = child;
    child.unref();
    child.channel?.unref();
    // An error of a running child is a broken channel, and `exit` follows.
    child.on('error', () => {});
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    child.once('message', () => resolve());
    child.once('exit', (code, signal) => reject(new Error(`The renderer ended with ${code ?? signal} before it was ready.`)));
    child.once('error', reject);
    const late = setTimeout(() => reject(new Error('The renderer did not start in time.')), rendererStartMs);
    try {
      await promise;
    } catch (error) {
      await this.#end();
      throw error;
    } finally {
      clearTimeout(late);
    }
  }

  /** Throws `MediaUnavailable` if files cannot be read or written. `isOver` if the child is gone, or must be. */
  async #perform(job: Waiting): Promise<{ result: RenderOutcome; isOver: boolean }> {
    const child = this.#child as ChildProcess;
    const id = ++this.#jobs;
    const { promise, resolve, reject } = Promise.withResolvers<{ result: RenderOutcome; isOver: boolean }>();
    const over = (detail: string) => resolve({ result: { status: 'refused', code: 'media-unreadable', detail }, isOver: true });
    let isDecoding = true;
    const receive = (message: FromRenderer) => {
      if (message.type === 'ready' || message.id !== id) return;
      if (message.type === 'decoded') isDecoding = false;
      else if (message.type === 'done') resolve({ result: message.outcome, isOver: false });
      else reject(new MediaUnavailable('The directory for uploads cannot be used now.', { cause: message.reason }));
    };
    const crashed = () => over('The file cannot be processed: the decoder failed on it.');
    child.on('message', receive).on('exit', crashed);
    const late = setTimeout(() => over('The file takes too long to process. Make it smaller, or save it anew.'), this.#jobMs);
    const usedBefore = await processorMsOf(child.pid);
    const watch = setInterval(async () => {
      const [bytes, usedMs] = [await memoryOf(child.pid), await processorMsOf(child.pid)];
      if (bytes > this.#bytes) over('The file needs too much memory to process. Make it smaller, or save it anew.');
      if (isDecoding && usedMs - usedBefore > this.#decodeMs) {
        over('The file takes too long to decode. Make it smaller, or save it anew as JPEG.');
      }
    }, rendererWatchMs);
    if (hasEnded(child)) crashed();
    else child.send({ id, kind: job.kind, file: job.file, directory: job.directory } satisfies RenderJob, () => undefined);
    try {
      return await promise;
    } finally {
      clearTimeout(late);
      clearInterval(watch);
      child.off('message', receive).off('exit', crashed);
    }
  }

  /** Kills the child, if there is one. Resolves when it has ended. */
  async #end(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || hasEnded(child)) return;
    child.ref();
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  #failAll(error: MediaUnavailable): void {
    for (let job = this.#queue.take(); job !== undefined; job = this.#queue.take()) job.fail(error);
  }
}

/** Milliseconds before the child is started again. `crashes`: those in a row, at least 1. */
export function restartPause(crashes: number): number {
  return Math.min(rendererRestartFirstMs * 2 ** (crashes - 1), rendererRestartMostMs);
}

/** Also true for a child that could not be created. */
function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

/** Resident bytes of a process. 0 where the system does not say. */
async function memoryOf(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}

/** Processor time that a process has used, in all its threads. 0 where the system does not say. */
async function processorMsOf(pid: number | undefined): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name of the program is in brackets. Times are in hundredths of a second.
  const [user = 0, system = 0] = stat.slice(stat.lastIndexOf(')')).split(' ').slice(12, 14).map(Number);
  return (user + system) * 10;
}

function closed(): MediaUnavailable {
  return new MediaUnavailable('The server is ending. Try again in a moment.');
}

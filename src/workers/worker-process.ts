import cluster, { type Worker } from 'node:cluster';
import type { Config } from '../config.ts';
import { NotStarted } from '../startup-errors.ts';
import type { Report } from '../telemetry/metrics.ts';
import { workerLimits } from './worker-limits.ts';
import type { FromWorker, ToWorker } from './worker-messages.ts';

/** A worker as seen by the primary. */
export interface WorkerProcessEvents {
  onServing(member: WorkerProcess): void;
  onSign(member: WorkerProcess): void;
  onReport(member: WorkerProcess, report: Report): void;
  onScrape(member: WorkerProcess): void;
  /** The worker leaves, although the primary did not request it. */
  onLeaving(member: WorkerProcess): void;
  onEnd(member: WorkerProcess, end: WorkerProcessEnd): void;
}

export interface WorkerProcessEnd {
  code: number | null;
  signal: string | null;
  /**
   * How long the worker served: until it ended, or until its last heartbeat if it was killed as unresponsive. 0 if it never
   * served.
   */
  servedMs: number;
  /** The name of the worker among the nodes, once it has served. */
  nodeId: string | undefined;
  /** Why it could not start, if it said so. */
  refused: string | undefined;
}

export class WorkerProcess {
  /** The number of the worker, which its replacement keeps. */
  readonly worker: number;
  /** Resolves when it serves. Rejects with `NotStarted` if it ends before that. */
  readonly serving: Promise<void>;
  readonly ended: Promise<void>;
  state: 'starting' | 'serving' | 'leaving' | 'silent' = 'starting';
  /** Undefined if the system could not create it. */
  readonly #process: Worker | undefined;
  #servesSince: number | undefined;
  #refused: string | undefined;
  #nodeId: string | undefined;
  #reported: (() => void)[] = [];

  constructor(worker: number, config: Config, events: WorkerProcessEvents) {
    this.worker = worker;
    const serving = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    this.serving = serving.promise;
    this.ended = ended.promise;
    // Avoids an unhandled rejection if nobody waits for it.
    this.serving.catch(() => undefined);
    const late = setTimeout(() => this.kill(), workerLimits.workerStartMs);

    const end = (code: number | null, signal: string | null) => {
      clearTimeout(late);
      for (const resolve of this.#reported.splice(0)) resolve();
      serving.reject(new NotStarted(this.#refused ?? `Worker ${worker} ended with ${code ?? signal} before it served.`));
      events.onEnd(this, { code, signal, servedMs: this.#servedMs(), nodeId: this.#nodeId, refused: this.#refused });
      ended.resolve();
    };
    /**
     * Called if the process could not be created: the system has no files, processes or memory left, or the program is missing.
     * No `exit` event follows.
     */
    const notBegun = ({ code, message }: NodeJS.ErrnoException) => {
      this.#refused = `The system cannot start a process for worker ${worker} (${code ?? message}).`;
      end(null, null);
    };
    try {
      this.#process = cluster.fork();
    } catch (error) {
      process.nextTick(notBegun, error);
      return;
    }
    this.#process.on('message', (message: FromWorker) => {
      switch (message.type) {
        case 'serves':
          clearTimeout(late);
          this.#servesSince = performance.now();
          this.#nodeId = message.nodeId;
          if (this.state === 'starting') this.state = 'serving';
          serving.resolve();
          return events.onServing(this);
        case 'sign':
          return events.onSign(this);
        case 'refused':
          this.#refused = message.reason;
          return;
        case 'leaving':
          if (this.state === 'leaving') return;
          this.state = 'leaving';
          return events.onLeaving(this);
        case 'report':
          events.onReport(this, message.report);
          for (const resolve of this.#reported.splice(0)) resolve();
          return;
        case 'scrape':
          return events.onScrape(this);
      }
    });
    this.#process.on('error', (error: NodeJS.ErrnoException) => {
      // For a running process this is a broken channel, and `exit` follows.
      if (this.pid === undefined) notBegun(error);
    });
    this.#process.once('exit', end);
    this.send({ type: 'start', worker, config });
  }

  get pid(): number | undefined {
    return this.#process?.process.pid;
  }

  send(message: ToWorker): void {
    if (this.#process?.isConnected()) this.#process.send(message, () => undefined);
  }

  /** Requests the worker's metrics. Resolves when they have arrived, or after a timeout. */
  async report(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#reported.push(resolve);
    this.send({ type: 'report' });
    const late = setTimeout(resolve, workerLimits.workerReportMs);
    await promise;
    clearTimeout(late);
  }

  /** Tells the worker to leave or to end, and kills it after a timeout. Resolves when it has ended. */
  async end(how: 'leave' | 'end'): Promise<void> {
    this.state = 'leaving';
    this.send({ type: how });
    const late = setTimeout(() => this.kill(), workerLimits.workerEndMs);
    await this.ended;
    clearTimeout(late);
  }

  killSilent(): void {
    this.state = 'silent';
    this.kill();
  }

  kill(): void {
    this.#process?.process.kill('SIGKILL');
  }

  #servedMs(): number {
    if (this.#servesSince === undefined) return 0;
    const runMs = performance.now() - this.#servesSince;
    return this.state === 'silent' ? Math.max(0, runMs - workerLimits.workerSilentMs) : runMs;
  }
}

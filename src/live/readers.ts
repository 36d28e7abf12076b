import type { Requester } from '../access/requester.ts';
import { responseLimits } from '../http/http-limits.ts';
import type { Reachability } from '../journal/engine.ts';
import type { Transport } from '../protocol/model.ts';
import { Refusal } from '../protocol/problems.ts';
import { forEachSafe } from '../streams/for-each-safe.ts';
import { liveLimits } from './live-limits.ts';
import type { ReaderConnection } from './reader-connection.ts';

/**
 * A reader with an open socket, stream or poll. `Readers` sweeps all of them with one timer, tells them when the store becomes
 * unreachable or reachable, and drains them at shutdown.
 */
export interface OpenReader {
  readonly transport: Transport;
  readonly requester: Requester;
  /** Number of channels it follows. */
  readonly subscriptions: number;
  /** Whether `sweep` must be called, because something depends on time, such as the expiry of a token. */
  readonly needsSweep: boolean;
  /** Called at intervals if `needsSweep`. Ends subscriptions whose token has expired and is needed. */
  sweep(now: number): void;
  /**
   * Called when the token was revoked or the session signed out. Ends all subscriptions, also those of public channels, and tells
   * the client if possible.
   */
  endRevoked(): void;
  /** The store became unreachable or reachable. */
  onReachChanged(reach: Reachability): void;
  /** Called when the node shuts down. Makes the client disconnect within this time, at another moment than other clients. */
  askToDisconnect(withinMs: number): void;
  /** Disconnects a client that did not disconnect itself. */
  cut(): void;
  /** Releases everything that the reader holds. */
  close(): void;
}

export interface ReadersContext {
  /** The store became unreachable or reachable. */
  onReach(listener: (reach: Reachability) => void): () => void;
  /** Milliseconds of a clock that never goes back. */
  now: () => number;
  log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
  /** A connection was terminated because its client accepted no bytes. */
  onStalled(): void;
}

const { drainStepMs } = liveLimits;

export class Readers {
  /** The state of the store while it is unreachable. */
  unreachable: Reachability | undefined;
  isDraining = false;
  /** Connections with waiting bytes. A connection whose client accepts no bytes for too long is terminated. */
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

  /** Throws `draining` while the node shuts down. A retry reaches another node. */
  requireNotDraining(): void {
    if (this.isDraining) throw new Refusal('draining', { retryAfter: responseLimits.momentRetrySeconds });
  }

  add(reader: OpenReader): void {
    this.#open.add(reader);
    this.#counts[reader.transport] += 1;
    if (reader.needsSweep) this.#swept.add(reader);
  }

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

  /** Subscriptions of all readers. */
  subscriptions(): number {
    let sum = 0;
    for (const reader of this.#open) sum += reader.subscriptions;
    return sum;
  }

  /** Asks all readers to disconnect within this time, and cuts the connections that remain. New readers are refused from now on. */
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

  /** A connection that cannot be terminated is dropped from `busy`, so that it is not tried again. */
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

  /**
   * Calls `act` for every reader. If it throws, the reader is cut, so that it reconnects with its cursor. All failures are logged
   * in one line.
   */
  #each(readers: ReadonlySet<OpenReader>, act: (reader: OpenReader) => void): void {
    const errors: unknown[] = [];
    forEachSafe([...readers], act, (reader, error) => {
      errors.push(error);
      try {
        reader.cut();
      } catch {
        // The reader cannot be cut either. It is removed, so that it is not tried again.
        this.remove(reader);
      }
    });
    if (errors.length === 0) return;
    this.#context.log.warn({ readers: errors.length, err: errors[0] }, 'readers could not be notified and were disconnected');
  }
}

import type { Requester } from '../access/requester.ts';
import { responseLimits } from '../http/http-limits.ts';
import type { Reachability } from '../journal/engine.ts';
import type { Transport } from '../protocol/model.ts';
import { Refusal } from '../protocol/problems.ts';
import { forEachSafe } from '../streams/for-each-safe.ts';
import { liveLimits } from './live-limits.ts';
import type { ReaderConnection } from './reader-connection.ts';

/** All readers with an open socket, stream or poll. One timer serves them all. They are told about the store, and drained at shutdown. */
export interface OpenReader {
  readonly transport: Transport;
  readonly requester: Requester;
  /** Number of channels it follows. */
  readonly subscriptions: number;
  /** Something depends on time, such as the expiry of a token. Only these readers are swept. */
  readonly needsSweep: boolean;
  /** Called at intervals if `needsSweep`. Ends subscriptions whose token has expired and is needed. */
  sweep(now: number): void;
  /** The token was revoked or the session signed out: ends all subscriptions, also those of public channels, and tells the client if possible. */
  endRevoked(): void;
  /** The store became unreachable or reachable. */
  onReachChanged(reach: Reachability): void;
  /** The node shuts down: asks the client to disconnect within this time, at a moment of its own. */
  askToDisconnect(withinMs: number): void;
  /** Disconnects a client that did not disconnect itself. */
  cut(): void;
  /** Releases everything it holds. */
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
  /** Connections with waiting bytes. One whose client accepts no bytes for too long is terminated. */
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

  /** Cuts a reader for which `act` throws, so that it reconnects with its cursor, and continues with the others. Logs one line for all. */
  #each(readers: ReadonlySet<OpenReader>, act: (reader: OpenReader) => void): void {
    const errors: unknown[] = [];
    forEachSafe([...readers], act, (reader, error) => {
      errors.push(error);
      try {
        reader.cut();
      } catch {
        // It cannot be cut either. Without it in the list it is not tried again.
        this.remove(reader);
      }
    });
    if (errors.length === 0) return;
    this.#context.log.warn({ readers: errors.length, err: errors[0] }, 'readers could not be notified and were disconnected');
  }
}

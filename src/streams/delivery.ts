import { type Transport, transports } from '../protocol/model.ts';
import type { FairScheduler, ScheduledTask } from './fair-scheduler.ts';
import { forEachSafe } from './for-each-safe.ts';
import { streamLimits } from './stream-limits.ts';
import type { StreamReader } from './stream-reader.ts';

/**
 * Delivers the changes of a stream to its readers, some readers per turn. Changes that arrive during a round reach the remaining
 * readers in the same write, and the others in the next round.
 */
export class Delivery implements ScheduledTask {
  readonly #context: DeliveryContext;
  /** The readers that the current round has not reached. */
  #rest: SetIterator<StreamReader> | undefined;
  /** Changes arrived after the current round began. */
  #isDue = false;
  /** Bytes that arrived since all readers were last up to date. */
  #bytes = 0;

  constructor(context: DeliveryContext) {
    this.#context = context;
  }

  /** Schedules the delivery of some bytes. Delivers at once if the tail could otherwise drop changes that some readers lack. */
  begin(bytes: number): void {
    this.#isDue = true;
    this.#bytes += bytes;
    if (this.#bytes > streamLimits.tailBytes / 2) this.run(Number.POSITIVE_INFINITY);
    this.#context.scheduler.schedule(this);
  }

  /** Stops delivery until the next `begin`. */
  stop(): void {
    this.#isDue = false;
    this.#rest = undefined;
    this.#bytes = 0;
  }

  get #isUnderWay(): boolean {
    return this.#isDue || this.#rest !== undefined;
  }

  run(most: number): number {
    const { readers, isBehind, deliver, onFailure, delivered, turnEnded } = this.#context;
    const events = { socket: 0, stream: 0, poll: 0 } satisfies Record<Transport, number>;
    let left = most;
    let free: StreamReader[] = [];
    const schedule = (reader: StreamReader) => {
      if (!isBehind(reader)) return;
      left -= reader.weight;
      if (reader.ready) free.push(reader);
      else reader.lag();
    };
    const handOn = (reader: StreamReader) => {
      events[reader.format.name] += deliver(reader);
    };
    while (left > 0 && this.#isUnderWay) {
      if (this.#rest === undefined) {
        this.#isDue = false;
        this.#rest = readers.values();
      }
      const count = Math.min(readersAtATime, left);
      const some = take(this.#rest, count);
      if (some.length < count) this.#rest = undefined;
      free = [];
      forEachSafe(some, schedule, onFailure);
      forEachSafe(free, handOn, onFailure);
    }
    if (!this.#isUnderWay) this.#bytes = 0;
    turnEnded();
    for (const transport of transports) if (events[transport] > 0) delivered(events[transport], transport);
    return most - left;
  }
}

/**
 * Whether a connection is free is spread across memory. Checking several readers in a row lets the processor fetch it in
 * parallel, which saves a tenth of the cost of a delivery.
 */
const readersAtATime = 16;

function take<T>(from: IterableIterator<T>, most: number): T[] {
  const taken: T[] = [];
  // The iterator continues where it stopped.
  for (const one of from) if (taken.push(one) === most) break;
  return taken;
}

export interface DeliveryContext {
  readers: ReadonlySet<StreamReader>;
  /** Whether the reader has not received every change. */
  isBehind(reader: StreamReader): boolean;
  /**
   * Delivers to a free reader in one write and returns the number of events. Other readers may be checked and served between
   * `isBehind` and this call.
   */
  deliver(reader: StreamReader): number;
  /** Called for a reader that threw. The others continue. */
  onFailure(reader: StreamReader, error: unknown): void;
  /** Counts events delivered to the readers of a transport. */
  delivered(events: number, transport: Transport): void;
  /** Called when some readers were served. */
  turnEnded(): void;
  scheduler: Pick<FairScheduler, 'schedule'>;
}

import { type Transport, transports } from '../protocol/model.ts';
import type { FairScheduler, ScheduledTask } from './fair-scheduler.ts';
import { forEachSafe } from './for-each-safe.ts';
import { streamLimits } from './stream-limits.ts';
import type { StreamReader } from './stream-reader.ts';

/**
 * Goes round the readers of a feed until each has been handed everything, or told that they are behind, some of them in a turn: what comes
 * in during a round goes to all who are still to come in the same write, and to the others in the round that follows.
 */
export class Delivery implements ScheduledTask {
  readonly #context: DeliveryContext;
  /** Whom the round under way has still to come to. */
  #rest: SetIterator<StreamReader> | undefined;
  /** Something came that the round under way began without. */
  #isDue = false;
  /** Bytes that came since everyone last had everything. */
  #bytes = 0;

  constructor(context: DeliveryContext) {
    this.#context = context;
  }

  /** There are some bytes to be handed out, in turn; at once where so much has come that the tail would let go of what some have not had. */
  begin(bytes: number): void {
    this.#isDue = true;
    this.#bytes += bytes;
    if (this.#bytes > streamLimits.tailBytes / 2) this.run(Number.POSITIVE_INFINITY);
    this.#context.scheduler.schedule(this);
  }

  /** Hands nobody anything any more, until there is something new. */
  stop(): void {
    this.#isDue = false;
    this.#rest = undefined;
    this.#bytes = 0;
  }

  get #isUnderWay(): boolean {
    return this.#isDue || this.#rest !== undefined;
  }

  run(most: number): number {
    const { readers, isBehind, deliver, onFailure, delivered } = this.#context;
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
      const asked = Math.min(askedAtATime, left);
      const some = take(this.#rest, asked);
      if (some.length < asked) this.#rest = undefined;
      free = [];
      forEachSafe(some, schedule, onFailure);
      forEachSafe(free, handOn, onFailure);
    }
    if (!this.#isUnderWay) this.#bytes = 0;
    for (const transport of transports) if (events[transport] > 0) delivered(events[transport], transport);
    return most - left;
  }
}

/**
 * What tells whether a reader's connection is free lies here and there in memory. Of several readers who are asked in a row the processor
 * fetches it all at once; asked one by one between two writes, each would be waited for. It is a tenth of what a delivery costs.
 */
const askedAtATime = 16;

function take<T>(from: IterableIterator<T>, most: number): T[] {
  const taken: T[] = [];
  // An iterator goes on where it was left.
  for (const one of from) if (taken.push(one) === most) break;
  return taken;
}

export interface DeliveryContext {
  readers: ReadonlySet<StreamReader>;
  /** Whether there is something that a reader was not handed. */
  isBehind(reader: StreamReader): boolean;
  /** Hands it to one who is ready, in one write; returns how many events it was. Between the two only others are asked and handed theirs. */
  deliver(reader: StreamReader): number;
  /** It threw, asked or handed something. The others are gone on with. */
  onFailure(reader: StreamReader, error: unknown): void;
  /** Told how many events were handed to the readers of a transport. */
  delivered(events: number, transport: Transport): void;
  scheduler: Pick<FairScheduler, 'schedule'>;
}

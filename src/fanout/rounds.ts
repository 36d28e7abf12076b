import { type Transport, transports } from '../protocol/model.ts';
import type { Reader } from './feed.ts';
import { fanoutLimits } from './limits.ts';

/**
 * Goes round the readers of a feed until each has been handed everything, some of them in one turn of the event loop. Between two turns
 * the process hears what else there is: what comes in during a round goes to all who are still to come in the same write, and to the
 * others in the round that follows. Nobody waits for more, and there is no timer.
 */
export class Rounds {
  readonly #context: RoundsContext;
  /** Whom the round under way has still to come to. */
  #rest: SetIterator<Reader> | undefined;
  /** Something came that the round under way began without. */
  #isDue = false;
  /** Bytes that came since everyone last had everything. */
  #bytes = 0;
  #isScheduled = false;

  readonly #turn = (): void => {
    // Should anything be thrown, what comes next begins again where this was left.
    this.#isScheduled = false;
    this.#hand(fanoutLimits.turnReaders);
    if (this.#isUnderWay) this.#schedule(this.#context.soon);
  };

  constructor(context: RoundsContext) {
    this.#context = context;
  }

  /**
   * There are some bytes to be handed out: when everything that lies ready has been heard, so that it makes one write. At once where so
   * much has come that the tail would let go of what some have not had.
   */
  begin(bytes: number): void {
    this.#isDue = true;
    this.#bytes += bytes;
    if (this.#bytes > fanoutLimits.tailBytes / 2) this.#finish();
    this.#schedule(queueMicrotask);
  }

  /** Goes to everyone who is still to come, at once. */
  #finish(): void {
    this.#hand(Number.POSITIVE_INFINITY);
  }

  /** Hands nobody anything any more, until there is something new. */
  stop(): void {
    this.#isDue = false;
    this.#rest = undefined;
    this.#bytes = 0;
  }

  #schedule(run: (turn: () => void) => void): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    run(this.#turn);
  }

  get #isUnderWay(): boolean {
    return this.#isDue || this.#rest !== undefined;
  }

  #hand(most: number): void {
    const { readers, awaits, hand, delivered } = this.#context;
    const events = { socket: 0, stream: 0, poll: 0 } satisfies Record<Transport, number>;
    for (let left = most; left > 0 && this.#isUnderWay; ) {
      if (this.#rest === undefined) {
        this.#isDue = false;
        this.#rest = readers.values();
      }
      const asked = Math.min(askedAtATime, left);
      const some = take(this.#rest, asked);
      if (some.length < asked) this.#rest = undefined;
      for (const reader of some.filter(awaits)) {
        events[reader.format.name] += hand(reader);
        left -= 1;
      }
    }
    if (!this.#isUnderWay) this.#bytes = 0;
    for (const transport of transports) if (events[transport] > 0) delivered(events[transport], transport);
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

export interface RoundsContext {
  readers: ReadonlySet<Reader>;
  /** Whether a reader lacks something and can be handed it now. */
  awaits(reader: Reader): boolean;
  /** Hands it to them, in one write. Returns how many events it was. Nothing else happens between the two but that others are handed theirs. */
  hand(reader: Reader): number;
  /** Told how many events were handed to the readers of a transport. */
  delivered(events: number, transport: Transport): void;
  /** Runs something in the next turn of the event loop. */
  soon(run: () => void): void;
}

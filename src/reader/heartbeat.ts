import { forEach } from '../fanout/each.ts';
import { readerLimits } from './limits.ts';

/** One that is asked now and then whether it is there. */
export interface Beating {
  /** It was asked, and has not been heard of since. */
  isAwaited: boolean;
  /** Its place on the wheel, which is the heartbeat's to know. */
  place: number;
  ping(): void;
  /** It was not heard of in time. */
  miss(): void;
  /** One of the two threw. It is asked no more. */
  fail(error: unknown): void;
}

export interface Rhythm {
  /** Each is asked once in this time. */
  everyMs: number;
  /** By then it must have been heard of; less than the time between two pings. */
  withinMs: number;
  /** Between two steps of the wheel: so much later each of the two may happen. */
  stepMs?: number;
  random: () => number;
}

/**
 * Pings every connection from one timer: a wheel on which each has a place, chosen at random, so that a crowd that came at one moment is
 * not asked at one moment. Two timers for each would be taken from a list and put into another for ever, and be kept in memory. It goes by
 * its own steps: in a process that was held up nobody is given up whose answer lies there unread.
 */
export class Heartbeat {
  readonly #places: readonly Set<Beating>[];
  readonly #random: () => number;
  /** Steps from a ping to the moment at which it must have been answered. */
  readonly #patience: number;
  readonly #timer: NodeJS.Timeout;
  #at = 0;

  constructor({ everyMs, withinMs, stepMs = readerLimits.pingStepMs, random }: Rhythm) {
    this.#places = Array.from({ length: everyMs / stepMs }, () => new Set<Beating>());
    this.#patience = withinMs / stepMs;
    this.#random = random;
    this.#timer = setInterval(() => this.#step(), stepMs).unref();
  }

  add(one: Beating): void {
    one.place = Math.floor(this.#random() * this.#places.length);
    this.#places[one.place]?.add(one);
  }

  remove(one: Beating): void {
    this.#places[one.place]?.delete(one);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #step(): void {
    const places = this.#places;
    this.#at = (this.#at + 1) % places.length;
    this.#each(places.at(this.#at - this.#patience), (one) => {
      if (one.isAwaited) one.miss();
    });
    this.#each(places[this.#at], (one) => {
      one.isAwaited = true;
      one.ping();
    });
  }

  #each(some: Iterable<Beating> = [], act: (one: Beating) => void): void {
    forEach([...some], act, (one, error) => {
      this.remove(one);
      one.fail(error);
    });
  }
}

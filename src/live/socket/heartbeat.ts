import { forEachSafe } from '../../streams/for-each-safe.ts';
import { liveLimits } from '../live-limits.ts';

/** One that is asked now and then whether it is there. */
export interface Beating {
  /** It is asked soon, if whatever goes to it before has not asked it as well: then it is not due any more, but awaited. */
  isDue: boolean;
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
  /** Each is asked once in this time, or a little sooner where that comes for nothing. */
  everyMs: number;
  /** By then it must have been heard of: together with `earlyMs`, less than the time between two pings. */
  withinMs: number;
  /** It is due for so long before its moment. */
  earlyMs?: number;
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
  /** Steps before a ping in which it may go with something else. */
  readonly #early: number;
  readonly #timer: NodeJS.Timeout;
  #at = 0;

  constructor({ everyMs, withinMs, earlyMs = liveLimits.pingEarlyMs, stepMs = liveLimits.pingStepMs, random }: Rhythm) {
    this.#places = Array.from({ length: everyMs / stepMs }, () => new Set<Beating>());
    this.#patience = withinMs / stepMs;
    this.#early = earlyMs / stepMs;
    this.#random = random;
    this.#timer = setInterval(() => this.#step(), stepMs).unref();
  }

  add(one: Beating): void {
    const { length } = this.#places;
    one.place = Math.floor(this.#random() * length);
    one.isDue = (one.place - this.#at + length - 1) % length < this.#early;
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
      if (!one.isDue) return;
      one.isDue = false;
      one.isAwaited = true;
      one.ping();
    });
    for (const one of places[(this.#at + this.#early) % places.length] ?? []) one.isDue = true;
  }

  #each(some: Iterable<Beating> = [], act: (one: Beating) => void): void {
    forEachSafe([...some], act, (one, error) => {
      this.remove(one);
      one.fail(error);
    });
  }
}

import { forEachSafe } from '../../streams/for-each-safe.ts';
import { liveLimits } from '../live-limits.ts';

/** One that is asked now and then whether it is there. */
export interface Pingable {
  /** It is asked soon, if whatever goes to it before has not asked it as well: then it is not due any more, but awaited. */
  isPingDue: boolean;
  /** It was asked, and has not been heard of since. */
  isPongAwaited: boolean;
  /** Its place on the wheel, which is the heartbeat's to know. */
  slot: number;
  ping(): void;
  /** It was not heard of in time. */
  onTimeout(): void;
  /** One of the two threw. It is asked no more. */
  onError(error: unknown): void;
}

export interface HeartbeatOptions {
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
  readonly #slots: readonly Set<Pingable>[];
  readonly #random: () => number;
  /** Steps from a ping to the moment at which it must have been answered. */
  readonly #timeoutSteps: number;
  /** Steps before a ping in which it may go with something else. */
  readonly #earlySteps: number;
  readonly #timer: NodeJS.Timeout;
  #current = 0;

  constructor({ everyMs, withinMs, earlyMs = liveLimits.pingEarlyMs, stepMs = liveLimits.pingStepMs, random }: HeartbeatOptions) {
    this.#slots = Array.from({ length: everyMs / stepMs }, () => new Set<Pingable>());
    this.#timeoutSteps = withinMs / stepMs;
    this.#earlySteps = earlyMs / stepMs;
    this.#random = random;
    this.#timer = setInterval(() => this.#step(), stepMs).unref();
  }

  add(one: Pingable): void {
    const { length } = this.#slots;
    one.slot = Math.floor(this.#random() * length);
    one.isPingDue = (one.slot - this.#current + length - 1) % length < this.#earlySteps;
    this.#slots[one.slot]?.add(one);
  }

  remove(one: Pingable): void {
    this.#slots[one.slot]?.delete(one);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #step(): void {
    const slots = this.#slots;
    this.#current = (this.#current + 1) % slots.length;
    this.#each(slots.at(this.#current - this.#timeoutSteps), (one) => {
      if (one.isPongAwaited) one.onTimeout();
    });
    this.#each(slots[this.#current], (one) => {
      if (!one.isPingDue) return;
      one.isPingDue = false;
      one.isPongAwaited = true;
      one.ping();
    });
    for (const one of slots[(this.#current + this.#earlySteps) % slots.length] ?? []) one.isPingDue = true;
  }

  #each(some: Iterable<Pingable> = [], act: (one: Pingable) => void): void {
    forEachSafe([...some], act, (one, error) => {
      this.remove(one);
      one.onError(error);
    });
  }
}

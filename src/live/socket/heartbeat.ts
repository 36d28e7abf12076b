import { forEachSafe } from '../../streams/for-each-safe.ts';
import { liveLimits } from '../live-limits.ts';

/** A connection that is pinged. */
export interface Pingable {
  /** A ping is due. The next write carries it, and then sets `isPongAwaited` instead. */
  isPingDue: boolean;
  /** A ping was sent, and nothing was received since. */
  isPongAwaited: boolean;
  /** Its slot on the wheel. Only the heartbeat uses it. */
  slot: number;
  ping(): void;
  /** Nothing was received in time. */
  onPongTimeout(): void;
  /** `ping` or `onPongTimeout` threw. The connection is not pinged again. */
  onPingFailed(error: unknown): void;
}

export interface HeartbeatOptions {
  /** Interval of the pings of a connection. A ping that a write carries may come a little earlier. */
  everyMs: number;
  /** Time to answer a ping. Together with `earlyMs` it is less than the interval. */
  withinMs: number;
  /** A write may carry a ping this long before the regular time of the ping. */
  earlyMs?: number;
  /** The interval between two steps of the wheel. Pings and timeouts may be late by this much. */
  stepMs?: number;
  random: () => number;
}

/**
 * Pings every connection from one timer. Each connection has a random slot on a wheel, so that a crowd that connected at once is
 * not pinged at once. One timer costs less memory and time than two for each connection. Time is counted in steps of the wheel,
 * which does not turn while the process is blocked. So a connection whose answer has not been read yet does not time out.
 */
export class Heartbeat {
  readonly #slots: readonly Set<Pingable>[];
  readonly #random: () => number;
  /** Steps from a ping to its timeout. */
  readonly #timeoutSteps: number;
  /** A write may carry a ping this many steps before the regular time of the ping. */
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
      if (one.isPongAwaited) one.onPongTimeout();
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
      one.onPingFailed(error);
    });
  }
}

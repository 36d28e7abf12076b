import type { Random, Scheduler } from './scheduler.ts';

/** How links behave under a seed. Shares are from 0 to 1, times in milliseconds. */
export interface LinkChances {
  usualMs: number;
  lateMs: number;
  late: number;
  drop: number;
  double: number;
  swap: number;
}

/** A one-way link. Without faults every message arrives once and in order. */
export class Link<M> {
  isDeaf = false;
  /**
   * Whether the link lost or reordered a message. A real connection would not survive that, so this one has to end before
   * anything is promised again.
   */
  isSpoiled = false;
  readonly #random: Random;
  readonly #scheduler: Scheduler;
  readonly #chances: LinkChances;
  readonly #receive: (message: M) => void;
  #cuts = 0;
  /** When the last message and the last barrier are due. */
  #latest = 0;
  #barrier = 0;

  constructor(random: Random, scheduler: Scheduler, chances: LinkChances, receive: (message: M) => void) {
    this.#random = random;
    this.#scheduler = scheduler;
    this.#chances = chances;
    this.#receive = receive;
  }

  /**
   * `asBarrier`: the message is not dropped by itself, and no other message crosses it. Messages between two barriers may be
   * reordered.
   */
  send(message: M, asBarrier = false): void {
    const { drop, double, swap } = this.#chances;
    if (this.isDeaf || (!asBarrier && this.#random.chance(drop))) {
      this.isSpoiled = true;
      return;
    }
    this.#carry(message, asBarrier, this.#random.chance(swap));
    if (this.#random.chance(double)) this.#carry(message, asBarrier, this.#random.chance(swap));
  }

  /** Drops the messages under way. */
  cut(): void {
    this.#cuts += 1;
    this.isDeaf = false;
    this.isSpoiled = false;
  }

  #carry(message: M, asBarrier: boolean, swaps: boolean): void {
    const cuts = this.#cuts;
    const at = this.#scheduler.now + delay(this.#random, this.#chances);
    const due = Math.max(at, asBarrier || !swaps ? this.#latest : this.#barrier);
    if (due < this.#latest) this.isSpoiled = true;
    this.#latest = Math.max(due, this.#latest);
    if (asBarrier) this.#barrier = due;
    this.#scheduler.later(due - this.#scheduler.now, () => {
      if (cuts === this.#cuts) this.#receive(message);
    });
  }
}

export function delay(random: Random, { usualMs, lateMs, late }: LinkChances): number {
  return random.chance(late) ? random.between(0, lateMs) : random.between(0, usualMs);
}

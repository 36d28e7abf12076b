import type { Random, Scheduler } from './scheduler.ts';

/** What a seed lets links do. Shares are from 0 to 1, times milliseconds. */
export interface LinkChances {
  usualMs: number;
  lateMs: number;
  late: number;
  drop: number;
  double: number;
  swap: number;
}

/** Carries messages one way. Without faults all arrive, once and in order. */
export class Link<M> {
  isDeaf = false;
  /** It lost or swapped something, which no connection does that then stays: so it must end before anyone can be sure again. */
  isSpoiled = false;
  readonly #random: Random;
  readonly #scheduler: Scheduler;
  readonly #chances: LinkChances;
  readonly #receive: (message: M) => void;
  #cuts = 0;
  /** When what was sent last, and the last barrier, are due. */
  #latest = 0;
  #barrier = 0;

  constructor(random: Random, scheduler: Scheduler, chances: LinkChances, receive: (message: M) => void) {
    this.#random = random;
    this.#scheduler = scheduler;
    this.#chances = chances;
    this.#receive = receive;
  }

  /** `asBarrier`: it is not lost alone, nothing overtakes it, nor does it overtake anything; the others may swap among themselves. */
  send(message: M, asBarrier = false): void {
    const { drop, double, swap } = this.#chances;
    if (this.isDeaf || (!asBarrier && this.#random.chance(drop))) {
      this.isSpoiled = true;
      return;
    }
    this.#carry(message, asBarrier, this.#random.chance(swap));
    if (this.#random.chance(double)) this.#carry(message, asBarrier, this.#random.chance(swap));
  }

  /** What is under way is lost. */
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

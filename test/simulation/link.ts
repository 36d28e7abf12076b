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
  #lastAt = 0;

  constructor(random: Random, scheduler: Scheduler, chances: LinkChances, receive: (message: M) => void) {
    this.#random = random;
    this.#scheduler = scheduler;
    this.#chances = chances;
    this.#receive = receive;
  }

  /** `inOrder`: nothing that is sent later overtakes it, nor does it overtake anything. */
  send(message: M, inOrder = false): void {
    const { drop, double, swap } = this.#chances;
    if (this.isDeaf || this.#random.chance(drop)) {
      this.isSpoiled = true;
      return;
    }
    this.#carry(message, inOrder || !this.#random.chance(swap));
    if (this.#random.chance(double)) this.#carry(message, inOrder || !this.#random.chance(swap));
  }

  /** What is under way is lost. */
  cut(): void {
    this.#cuts += 1;
    this.isDeaf = false;
    this.isSpoiled = false;
  }

  #carry(message: M, inOrder: boolean): void {
    const cuts = this.#cuts;
    const at = this.#scheduler.now + delay(this.#random, this.#chances);
    const due = inOrder ? Math.max(at, this.#lastAt) : at;
    if (due < this.#lastAt) this.isSpoiled = true;
    if (inOrder) this.#lastAt = due;
    this.#scheduler.later(due - this.#scheduler.now, () => {
      if (cuts === this.#cuts) this.#receive(message);
    });
  }
}

export function delay(random: Random, { usualMs, lateMs, late }: LinkChances): number {
  return random.chance(late) ? random.between(0, lateMs) : random.between(0, usualMs);
}

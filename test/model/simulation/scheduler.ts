/**
 * Randomness and time of a simulation. One seed makes every choice, and time is a number that jumps to the next task. Nothing
 * else may decide anything, so that a seed always runs the same way.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d = 1;

  constructor(seed: number) {
    this.#a = seed | 0;
    this.#b = Math.floor(seed / 2 ** 32) | 0;
    this.#c = 0x9e3779b9;
    for (let round = 0; round < 15; round += 1) this.next();
  }

  /** An integer from 0 to below 2^32 (sfc32). */
  next(): number {
    const sum = (this.#a + this.#b + this.#d) | 0;
    this.#d = (this.#d + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    return sum >>> 0;
  }

  /** From 0 to below 1. */
  fraction(): number {
    return this.next() / 2 ** 32;
  }

  below(bound: number): number {
    return Math.floor(this.fraction() * bound);
  }

  between(least: number, most: number): number {
    return least + this.fraction() * (most - least);
  }

  chance(share: number): boolean {
    return this.fraction() < share;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }

  hex(digits: number): string {
    let text = '';
    while (text.length < digits) text += this.next().toString(16).padStart(8, '0');
    return text.slice(0, digits);
  }
}

interface Due {
  at: number;
  order: number;
  run: () => void;
  off: boolean;
}

export class Scheduler {
  /** Milliseconds since the start of the simulation. */
  now = 0;
  #due: Due[] = [];
  #order = 0;

  /** Runs a task once after a delay. Returns a function that cancels it. */
  readonly later = (ms: number, run: () => void): (() => void) => {
    const due: Due = { at: this.now + ms, order: ++this.#order, run, off: false };
    this.#push(due);
    return () => {
      due.off = true;
    };
  };

  /** When the next task is due; undefined if there is none. */
  get next(): number | undefined {
    while (this.#due[0]?.off) this.#pop();
    return this.#due[0]?.at;
  }

  /** Runs the next task. */
  step(): void {
    const due = this.#pop();
    if (due === undefined) return;
    this.now = Math.max(this.now, due.at);
    if (!due.off) due.run();
  }

  #push(due: Due): void {
    const heap = this.#due;
    let at = heap.length;
    heap.push(due);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(due, heap[parent] as Due)) break;
      heap[at] = heap[parent] as Due;
      at = parent;
    }
    heap[at] = due;
  }

  #pop(): Due | undefined {
    const heap = this.#due;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let at = 0;
    while (true) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Due, heap[child] as Due)) child += 1;
      if (!isBefore(heap[child] as Due, last)) break;
      heap[at] = heap[child] as Due;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

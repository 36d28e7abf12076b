/** Numbers from 0 to below 1, the same for the same seed on every machine (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface Random {
  /** A number from 0 to below 1. */
  number(): number;
  /** A whole number from 0 to `below` - 1. */
  below(below: number): number;
  pick<T>(from: readonly T[]): T;
  /** Undefined if there is nothing to pick from. */
  pickAny<T>(from: readonly T[]): T | undefined;
  chance(of: number): boolean;
}

/** The same choices for the same seed on every machine. Each choice draws one number. */
export function seeded(seed: number): Random {
  const number = randomFrom(seed);
  const below = (bound: number) => Math.floor(number() * bound);
  const pickAny: Random['pickAny'] = (from) => from[below(from.length)];
  return { number, below, pick: (from) => pickAny(from) as (typeof from)[number], pickAny, chance: (of) => number() < of };
}

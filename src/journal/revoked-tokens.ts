import { limits } from '../protocol/wire-limits.ts';

/**
 * The revoked tokens, kept in memory so that every use of a token can be checked. An expired revocation is dropped only to make
 * room: if the clock is ahead and is corrected later, the token must not be accepted again. Stores keep revocations by the same
 * rule.
 */

export interface Revocation {
  jti: string;
  /** Milliseconds since 1970; null: for ever. */
  until: number | null;
}

/** The answer of a store. `again`: the token was revoked before. */
export type Revoked = 'revoked' | 'again' | 'full';

export function resultOfRevoke(answer: Revoked): 'revoked' | 'full' {
  return answer === 'again' ? 'revoked' : answer;
}

export function resultOfSpend(answer: Revoked): 'spent' | 'used' | 'full' {
  return ({ revoked: 'spent', again: 'used', full: 'full' } as const)[answer];
}

export class RevokedTokens {
  readonly #now: () => number;
  #until = new Map<string, number | null>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Revocations in effect. */
  get size(): number {
    return this.#until.size - this.#lapsed().length;
  }

  has(jti: string): boolean {
    const until = this.#until.get(jti);
    return until === null || (until !== undefined && until > this.#now());
  }

  /** If a token is revoked twice, the later time wins, so that a refused token is never accepted again too early. */
  add(revocations: readonly Revocation[]): void {
    for (const { jti, until } of revocations) {
      const before = this.#until.get(jti);
      if (before === undefined) this.#until.set(jti, until);
      else if (before !== null) this.#until.set(jti, until === null ? null : Math.max(before, until));
    }
    const over = this.#until.size - limits.revokedTokens;
    if (over <= 0) return;
    const firstLapsed = this.#lapsed().sort(([, one], [, other]) => one - other);
    for (const [jti] of firstLapsed.slice(0, over)) this.#until.delete(jti);
  }

  /** Revocations in effect that the list lacks, or that expire earlier in the list. */
  missingFrom(list: readonly Revocation[]): Revocation[] {
    const there = new Map(list.map(({ jti, until }) => [jti, until]));
    return [...this.#until]
      .map(([jti, until]) => ({ jti, until }))
      .filter(({ jti, until }) => {
        const other = there.get(jti);
        return this.has(jti) && (other === undefined || (other !== null && (until === null || until > other)));
      });
  }

  #lapsed(): [jti: string, until: number][] {
    const now = this.#now();
    return [...this.#until].filter((entry): entry is [string, number] => entry[1] !== null && entry[1] <= now);
  }
}

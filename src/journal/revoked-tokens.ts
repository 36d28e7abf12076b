import { limits } from '../protocol/wire-limits.ts';

/**
 * What an engine holds in memory of the tokens that were revoked, so that every use of a token is checked at once. One that has lapsed is
 * held on until its place is needed: the clock that says so may be ahead, and when it is put right the token would be taken again. Stores
 * do the same.
 */

export interface Revocation {
  jti: string;
  /** Milliseconds since 1970; null: for ever. */
  until: number | null;
}

export class RevokedTokens {
  readonly #now: () => number;
  #until = new Map<string, number | null>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** How many count. */
  get size(): number {
    return this.#until.size - this.#lapsed().length;
  }

  has(jti: string): boolean {
    const until = this.#until.get(jti);
    return until === null || (until !== undefined && until > this.#now());
  }

  /** Of two times the later one counts: nothing that is refused is ever taken again before its time. */
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

  /** Those that count here and are not in a list, or there for a shorter time. */
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
    return [...this.#until].filter((held): held is [string, number] => held[1] !== null && held[1] <= now);
  }
}

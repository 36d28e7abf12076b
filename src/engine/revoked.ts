/** What an engine holds in memory of the tokens that were revoked, so that every use of a token is checked at once. */

export interface Revocation {
  jti: string;
  /** Milliseconds since 1970; null: for ever. */
  until: number | null;
}

/** How often what has lapsed is looked for. */
const sweepMs = 60_000;

export class Revoked {
  readonly #now: () => number;
  #until = new Map<string, number | null>();
  #sweptAt = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  get size(): number {
    this.#sweep();
    return this.#until.size;
  }

  has(jti: string): boolean {
    const until = this.#until.get(jti);
    return until === null || (until !== undefined && until > this.#now());
  }

  /** Of two times the later one counts: nothing that is refused is ever taken again before its time. */
  add({ jti, until }: Revocation): void {
    const before = this.#until.get(jti);
    if (before === undefined) this.#until.set(jti, until);
    else if (before !== null) this.#until.set(jti, until === null ? null : Math.max(before, until));
  }

  /** Those that are held here and not in a list, or there for a shorter time. */
  missingFrom(list: readonly Revocation[]): Revocation[] {
    this.#sweep();
    const there = new Map(list.map(({ jti, until }) => [jti, until]));
    return [...this.#until]
      .map(([jti, until]) => ({ jti, until }))
      .filter(({ jti, until }) => {
        const other = there.get(jti);
        return other === undefined || (other !== null && (until === null || until > other));
      });
  }

  #sweep(): void {
    const now = this.#now();
    if (now - this.#sweptAt < sweepMs) return;
    this.#sweptAt = now;
    for (const [jti, until] of this.#until) if (until !== null && until <= now) this.#until.delete(jti);
  }
}

import { passes } from '../http.ts';
import type { Failure, SubscribeAnswer, Told } from './link.ts';

/**
 * For the ways that are known to work only once an answer came through. An answer that came before it was asked for, as the first one
 * does, is kept here for whoever asks the same, and is dropped when something else is asked.
 */
export class KeptAnswer {
  readonly #told: Told;
  #after: string | undefined;
  #said: SubscribeAnswer | undefined;
  #outcome: 'stands' | 'failed' | 'closed' | undefined;

  /** `after`: what is asked while the link is dialled. */
  constructor(after: string | undefined, told: Told) {
    this.#after = after;
    this.#told = told;
  }

  /** Whether the link stands, or stood. */
  get stands(): boolean {
    return this.#outcome === 'stands';
  }

  /** The first answer is there. A refusal that will not pass by itself is the reader's to judge: the way is open, and says so. */
  first(said: SubscribeAnswer | undefined): void {
    if (said === undefined) return this.fail({ kind: 'unanswered' });
    if (!said.ok && passes(said.problem)) return this.fail({ kind: 'refused', problem: said.problem });
    if (this.#outcome === undefined) this.#said = said;
    this.stand();
  }

  stand(): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = 'stands';
    this.#told.up();
  }

  fail(why: Failure): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = 'failed';
    this.#told.failed(why);
  }

  /** The answer to a later question that was asked unbidden. */
  keep(after: string, said: SubscribeAnswer): void {
    this.#after = after;
    this.#said = said;
    this.#told.missed();
  }

  /** The answer, once, where it is one to this. */
  take(after: string | undefined): SubscribeAnswer | undefined {
    const said = after === this.#after ? this.#said : undefined;
    this.#said = undefined;
    return said;
  }

  close(): void {
    this.#outcome ??= 'closed';
    this.#said = undefined;
  }
}

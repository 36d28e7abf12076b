import { isTransient } from '../http.ts';
import type { LinkCallbacks, LinkFailure, SubscribeResponse } from './link.ts';

/**
 * For the ways that are known to work only once an answer came through. An answer that came before it was asked for, as the first one
 * does, is kept here for whoever asks the same, and is dropped when something else is asked.
 */
export class PrefetchedResponse {
  readonly #callbacks: LinkCallbacks;
  #after: string | undefined;
  #response: SubscribeResponse | undefined;
  #outcome: 'stands' | 'failed' | 'closed' | undefined;

  /** `after`: what is asked while the link is dialled. */
  constructor(after: string | undefined, callbacks: LinkCallbacks) {
    this.#after = after;
    this.#callbacks = callbacks;
  }

  /** Whether the link stands, or stood. */
  get isUp(): boolean {
    return this.#outcome === 'stands';
  }

  /** The first answer is there. A refusal that will not pass by itself is the reader's to judge: the way is open, and says so. */
  first(response: SubscribeResponse | undefined): void {
    if (response === undefined) return this.fail({ kind: 'unanswered' });
    if (!response.ok && isTransient(response.problem)) return this.fail({ kind: 'refused', problem: response.problem });
    if (this.#outcome === undefined) this.#response = response;
    this.markUp();
  }

  markUp(): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = 'stands';
    this.#callbacks.up();
  }

  fail(why: LinkFailure): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = 'failed';
    this.#callbacks.failed(why);
  }

  /** The answer to a later question that was asked unbidden. */
  keep(after: string, response: SubscribeResponse): void {
    this.#after = after;
    this.#response = response;
    this.#callbacks.missed();
  }

  /** The answer, once, where it is one to this. */
  take(after: string | undefined): SubscribeResponse | undefined {
    const response = after === this.#after ? this.#response : undefined;
    this.#response = undefined;
    return response;
  }

  close(): void {
    this.#outcome ??= 'closed';
    this.#response = undefined;
  }
}

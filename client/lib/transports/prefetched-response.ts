import { isTransient } from '../http.ts';
import type { LinkCallbacks, LinkFailure, SubscribeResponse } from './link.ts';

/**
 * For transports that are known to work only once an answer arrived. An answer that arrives before it was requested, such as the
 * first one, is kept for the next identical request and dropped if something else is requested.
 */
export class PrefetchedResponse {
  readonly #callbacks: LinkCallbacks;
  #after: string | undefined;
  #response: SubscribeResponse | undefined;
  #outcome: 'stands' | 'failed' | 'closed' | undefined;

  /** `after`: the cursor requested while dialling. */
  constructor(after: string | undefined, callbacks: LinkCallbacks) {
    this.#after = after;
    this.#callbacks = callbacks;
  }

  /** Whether the link is or was up. */
  get isUp(): boolean {
    return this.#outcome === 'stands';
  }

  /** The first answer arrived. A permanent refusal is passed on to the reader: the transport itself works. */
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

  /** Keeps an answer that arrived without a request. */
  keep(after: string, response: SubscribeResponse): void {
    this.#after = after;
    this.#response = response;
    this.#callbacks.missed();
  }

  /** Returns the kept answer if it matches, once. */
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

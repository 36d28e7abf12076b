import type { ReaderPost } from '../../../../src/protocol/model.ts';

/** Slots for content of the surrounding page between the posts of an element, which the page may fill with advertisements. */

/** Names are `between-1` to `between-10`. */
const mostSlots = 10;

/**
 * The numbers of the slots, by post. A slot stays under its post: newer posts get none, and older posts, once they are loaded, get
 * the next numbers.
 */
export class BetweenSlots {
  readonly #numbers = new Map<string, number>();
  #every: number | null = null;
  /** The oldest post with a slot. */
  #lowestSeq = Number.POSITIVE_INFINITY;

  /** Numbers these posts, newest first. `every`: the number of posts from one slot to the next. */
  number(posts: readonly ReaderPost[], every: number | null): void {
    if (every !== this.#every) this.clear();
    this.#every = every;
    let count = 0;
    for (const { id, seq } of posts) {
      count += 1;
      // Without a positive number, no post gets a slot.
      if (every !== null && every > 0 && count >= every && seq < this.#lowestSeq && this.#numbers.size < mostSlots) {
        this.#numbers.set(id, this.#numbers.size + 1);
        this.#lowestSeq = seq;
      }
      if (this.#numbers.has(id)) count = 0;
    }
  }

  /** The name of the slot under a post. Undefined if there is none. */
  nameUnder(postId: string): string | undefined {
    const number = this.#numbers.get(postId);
    return number === undefined ? undefined : `between-${number}`;
  }

  clear(): void {
    this.#numbers.clear();
    this.#lowestSeq = Number.POSITIVE_INFINITY;
  }
}

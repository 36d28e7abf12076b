import { Refusal } from '../protocol/problems.ts';
import { responseLimits } from './http-limits.ts';

/** Limits how many long operations run at once in this process. A further operation is refused with a time to retry. */
export interface Slots {
  /**
   * Throws the refusal `rate-limited` if no slot is free, or if the author holds `mostOfAuthor`. Call the returned function when the
   * operation is done. Calling it again does nothing. `author`: the `sub` of the token. Left out: any number is free.
   */
  take(author?: string): () => void;
}

export interface SlotOptions {
  onRejected(): void;
  /** Called with the number of used slots whenever it changes. */
  onTaken?(count: number): void;
  retrySeconds?: number;
  /** Default: half of the slots. */
  mostOfAuthor?: number;
}

export function createSlots(
  most: number,
  { onRejected, onTaken, retrySeconds = responseLimits.slotRetrySeconds, mostOfAuthor = Math.ceil(most / 2) }: SlotOptions,
): Slots {
  let taken = 0;
  const byAuthor = new Map<string, number>();
  const change = (by: number, author: string | undefined) => {
    taken += by;
    if (author !== undefined) {
      const left = (byAuthor.get(author) ?? 0) + by;
      if (left > 0) byAuthor.set(author, left);
      else byAuthor.delete(author);
    }
    onTaken?.(taken);
  };
  const refuse = (detail: string): never => {
    onRejected();
    throw new Refusal('rate-limited', { detail, retryAfter: retrySeconds });
  };
  return {
    take(author) {
      if (taken >= most) refuse(`At most ${most} of these are served at once.`);
      if (author !== undefined && (byAuthor.get(author) ?? 0) >= mostOfAuthor) {
        refuse(`At most ${mostOfAuthor} of these are served at once to one author.`);
      }
      change(1, author);
      let released = false;
      return () => {
        if (released) return;
        released = true;
        change(-1, author);
      };
    },
  };
}

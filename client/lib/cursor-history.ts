import { parseCursor } from '../../src/protocol/cursor.ts';
import type { FollowPosition } from '../../src/protocol/gap-algorithm.ts';

/**
 * Where a reader was lately. A page is read from the journal by itself, so it can be true as of a place that the reader has not come to,
 * and that the store may lose before it does: its cursor would stay good, and nothing would tell it. So a page is taken only as of where
 * the reader was, too. One from before it began, which something on the way kept, may lack a change that nobody will tell it of.
 */
export class CursorHistory {
  /** By offset, oldest first. */
  readonly #cursors = new Map<number, string>();
  #firstOffset = -1;
  #lastOffset = -1;

  /** The next place of the same history. */
  add({ offset, check: cursor }: FollowPosition): void {
    this.#cursors.set(offset, cursor);
    if (this.#lastOffset < 0) this.#firstOffset = offset;
    this.#lastOffset = offset;
    if (this.#cursors.size > maxCursors) this.#cursors.delete(this.#cursors.keys().next().value as number);
  }

  /** Another history begins, or none. */
  clear(): void {
    this.#cursors.clear();
    this.#lastOffset = -1;
  }

  /**
   * `here`: the reader is or was there. `ahead`: it has not come there yet. `unknown`: it passed by, and the journal can tell. `before`: it
   * was never there. Cursors that are not ours say nothing, and are taken as they come.
   */
  locate(cursor: string): 'here' | 'ahead' | 'unknown' | 'before' {
    const position = parseCursor(cursor);
    if (position === undefined || this.#cursors.get(position.offset) === cursor) return 'here';
    if (position.offset < this.#firstOffset) return 'before';
    return position.offset > this.#lastOffset ? 'ahead' : 'unknown';
  }
}

/** Places remembered. Of a page that is later than that, the journal is asked. */
const maxCursors = 256;

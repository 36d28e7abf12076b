import { parseCursor } from '../../src/protocol/cursor.ts';
import type { FollowPosition } from '../../src/protocol/gap-algorithm.ts';

/**
 * The positions that a reader recently passed. They decide which pages of posts the reader accepts.
 *
 * A page is read from the journal independently of the connection, so it may reflect a position that the reader has not reached.
 * If a failover lost that position, the reader's own cursor would remain valid, and nothing would replace the page. So a page is
 * accepted only if the reader has passed its position. A cached page from before the reader started may lack a change that the
 * reader will never receive, so it is rejected.
 */
export class CursorHistory {
  /** By offset, oldest first. */
  readonly #cursors = new Map<number, string>();
  #firstOffset = -1;
  #lastOffset = -1;

  /** Adds the next position of the same history. */
  add({ offset, check: cursor }: FollowPosition): void {
    this.#cursors.set(offset, cursor);
    if (this.#lastOffset < 0) this.#firstOffset = offset;
    this.#lastOffset = offset;
    if (this.#cursors.size > maxCursors) this.#cursors.delete(this.#cursors.keys().next().value as number);
  }

  /** Forgets every position, because another history begins or the reader starts again without a cursor. */
  clear(): void {
    this.#cursors.clear();
    this.#lastOffset = -1;
  }

  /**
   * `here`: the reader is or was at this cursor. `ahead`: the reader has not reached it yet. `unknown`: the reader passed it long
   * ago, and only the journal can tell. `before`: the reader started later. A cursor that is not from Pressbox counts as `here`.
   */
  locate(cursor: string): 'here' | 'ahead' | 'unknown' | 'before' {
    const position = parseCursor(cursor);
    if (position === undefined || this.#cursors.get(position.offset) === cursor) return 'here';
    if (position.offset < this.#firstOffset) return 'before';
    return position.offset > this.#lastOffset ? 'ahead' : 'unknown';
  }
}

/** Number of cursors remembered. Older cursors are compared by the journal. */
const maxCursors = 256;

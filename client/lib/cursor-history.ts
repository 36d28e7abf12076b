import { parseCursor } from '../../src/protocol/cursor.ts';
import type { FollowPosition } from '../../src/protocol/gap-algorithm.ts';

/**
 * The positions that a reader recently passed. A page is read from the journal independently, so it may be as of a position that
 * the reader has not reached, and that a failover may lose. Its cursor would remain valid, and nothing would replace the page. So
 * a page is accepted only as of a position that the reader has passed. A cached page from before the reader started may lack a
 * change that the reader will never receive, so it is rejected.
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

  /** Another history begins, or none. */
  clear(): void {
    this.#cursors.clear();
    this.#lastOffset = -1;
  }

  /**
   * `here`: the reader is or was at this cursor. `ahead`: not reached yet. `unknown`: passed long ago; only the journal can tell.
   * `before`: the reader started later. A foreign cursor counts as `here`.
   */
  locate(cursor: string): 'here' | 'ahead' | 'unknown' | 'before' {
    const position = parseCursor(cursor);
    if (position === undefined || this.#cursors.get(position.offset) === cursor) return 'here';
    if (position.offset < this.#firstOffset) return 'before';
    return position.offset > this.#lastOffset ? 'ahead' : 'unknown';
  }
}

/** Cursors remembered. For older ones the journal is asked. */
const maxCursors = 256;

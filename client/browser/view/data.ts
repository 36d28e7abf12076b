import type { Counts, KeyEvent, ReaderPost, Snapshot } from '../../../src/protocol/model.ts';

/** The id of the element with the data for the page's script, as JSON. */
export const dataElementId = 'pressbox-page';

/**
 * The id of the element with the JSON-LD for search engines. The script removes it with the first change, because it would be
 * outdated.
 */
export const liveBlogElementId = 'pressbox-live-blog';

/**
 * The page as data. The script continues from `snapshot.cursor`, so no event is lost between page and stream. The script removes
 * the element after reading it, so that no text that is taken down later remains there.
 */
export interface PageData {
  /** When the page was made, to the minute: a browser may have cached it. RFC 3339. */
  at: string;
  /** `posts` are those on the page. */
  snapshot: Snapshot;
  /** The offset of `snapshot.cursor`. */
  offset: number;
  /** The page holds every post with a `seq` from `floor` to `ceiling`. 0: the oldest post is included. */
  floor: number;
  /** Null: the newest post is included. */
  ceiling: number | null;
  /** The highest `seq` as of the cursor, 0 without posts. */
  newest: number;
  /** The id of the post that a permanent link led to. */
  marked: string | null;
  /** The sites whose posts the page may show in a frame, by name. */
  embeds: Readonly<Record<string, string>>;
}

/** A fragment of the element as data, from which the element continues. It removes the data once it has read it. */
export type FragmentData = Pick<PageData, 'at' | 'snapshot' | 'offset'>;

/** The content of a page: a snapshot, or a client's timeline. */
export type Shown = Pick<Snapshot, 'channel' | 'pinned' | 'summary'> & {
  readonly posts: readonly ReaderPost[];
  readonly keyEvents: readonly KeyEvent[];
  readonly counts?: Counts | undefined;
  /** Null or left out: the newest post is shown. */
  readonly ceiling?: number | null;
  /** The id of the post that a permanent link led to. */
  readonly marked?: string | null | undefined;
  /** When it was rendered. RFC 3339. Scripts leave it out, because they show how long ago something was. */
  readonly at?: string | null;
};

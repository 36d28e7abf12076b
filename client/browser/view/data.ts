import type { Snapshot } from '../../../src/protocol/model.ts';

/** What the server's page hands to its script, as JSON in the element with this id. */
export const dataElementId = 'pressbox-page';

/**
 * What the page tells search engines of itself, as JSON-LD in the element with this id. Its script takes it out with the first change:
 * it would go on saying what stands no more.
 */
export const liveBlogElementId = 'pressbox-live-blog';

/**
 * The page as data. Its script goes on from `snapshot.cursor`, so that nothing falls between the page and the stream. It takes the
 * element out of the document once it has read it: a text that is taken down later must not stay there.
 */
export interface PageData {
  /** When it was made, to the minute: a browser may have kept it for long. RFC 3339. */
  at: string;
  /** `posts` being those the page shows. */
  snapshot: Snapshot;
  /** The offset that `snapshot.cursor` stands for. */
  offset: number;
  /** The page holds every post with a `seq` from `floor` to `ceiling`. 0: down to the first one. */
  floor: number;
  /** Null: up to the newest. */
  ceiling: number | null;
  /** The highest `seq` as of the cursor, 0 without a post. */
  newest: number;
  /** The id of the post that a permanent link led to. */
  marked: string | null;
}

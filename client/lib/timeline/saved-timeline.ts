import { parseCursor } from '../../../src/protocol/cursor.ts';
import type { Channel, Counts, KeyEvent, ReaderPost } from '../../../src/protocol/model.ts';
import { isObject } from '../http.ts';
import { isCount, isPost, isText, readCounts, readPost } from '../read-post.ts';
import type { Doubt, Timeline } from './timeline-model.ts';

/** A timeline as JSON, to survive a restart. `version` is raised when the shape changes; other versions are not restored. */
export interface SavedTimeline {
  version: 1;
  channelId: string;
  channel: Channel;
  offset: number;
  cursor: string;
  counts?: Counts | undefined;
  posts: readonly ReaderPost[];
  floor: number;
  ceiling: number | null;
  pinned: ReaderPost | null;
  summary: ReaderPost | null;
  keyEvents: readonly KeyEvent[];
  summaryDoubt: Doubt | null;
  keyEventsDoubt: Doubt;
  heard: [string, number][];
  newestSeq: number;
}

export function saveTimeline({ heard, window: _window, ...rest }: Timeline): SavedTimeline {
  return { version: 1, ...rest, heard: [...heard] };
}

/**
 * Undefined if the saved timeline is broken, or of another channel or version: then start without it. A live `Timeline` is
 * returned unchanged.
 */
export function restoreTimeline(saved: SavedTimeline | Timeline, channelId: string): Timeline | undefined {
  if (!('version' in saved)) return saved.channelId === channelId ? saved : undefined;
  if (!isSavedTimeline(saved, channelId)) return undefined;
  const { version: _version, heard, ...rest } = saved;
  return { ...rest, counts: readCounts(rest.counts), heard: new Map(heard), window: 0 };
}

/**
 * The same timeline with at most `mostPosts` of its newest posts, and the latest known revisions. The other posts are loaded
 * again when paging.
 */
export function truncated(saved: SavedTimeline, mostPosts: number): SavedTimeline {
  const posts = saved.posts.slice(0, mostPosts);
  const floor = posts.length < saved.posts.length ? (posts.at(-1)?.seq ?? saved.floor) : saved.floor;
  return { ...saved, posts, floor, heard: saved.heard.slice(-10 * mostPosts) };
}

/** Whether a reader can resume from it. Checks for accidental damage only, since the client wrote it. */
export function isSavedTimeline(value: unknown, channelId: string): value is SavedTimeline {
  if (!isObject(value) || value.version !== 1 || value.channelId !== channelId) return false;
  const { channel, offset, cursor, posts, floor, ceiling, pinned, summary, keyEvents, heard, newestSeq } = value;
  return (
    isObject(channel) &&
    channel.id === channelId &&
    typeof channel.headline === 'string' &&
    typeof cursor === 'string' &&
    // Only Pressbox cursors can be checked. If the cursor were older than `offset`, events after it would be taken for known
    // ones.
    (parseCursor(cursor)?.offset ?? offset) === offset &&
    [channel.revision, offset, floor, newestSeq].every(isCount) &&
    (ceiling === null || isCount(ceiling)) &&
    isListOf(posts, isCompletePost) &&
    posts.every((post, index) => index === 0 || (post.seq as number) < (posts[index - 1]?.seq as number)) &&
    [pinned, summary].every((post) => post === null || isCompletePost(post)) &&
    isListOf(keyEvents, ({ id, seq, headline }) => typeof id === 'string' && isCount(seq) && typeof headline === 'string') &&
    (value.summaryDoubt === null || isDoubt(value.summaryDoubt)) &&
    isDoubt(value.keyEventsDoubt) &&
    Array.isArray(heard) &&
    heard.every((each) => Array.isArray(each) && typeof each[0] === 'string' && isCount(each[1]))
  );
}

/** A post that lacks a field was saved by an earlier version of this script, which dropped it. */
function isCompletePost(post: unknown): boolean {
  if (!isPost(post) || readPost(post) !== post) return false;
  const { html, headline, authors, sources, derivedFrom } = post;
  return [html, headline ?? ''].every(isText) && [authors, sources, derivedFrom].every(Array.isArray);
}

function isDoubt(value: unknown): boolean {
  return isObject(value) && isCount(value.before) && isCount(value.since);
}

function isListOf(value: unknown, isOne: (each: Record<string, unknown>) => boolean): value is Record<string, unknown>[] {
  return Array.isArray(value) && value.every((each) => isObject(each) && isOne(each));
}

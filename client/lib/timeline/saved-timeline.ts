import { parseCursor } from '../../../src/protocol/cursor.ts';
import type { Channel, KeyEvent, ReaderPost } from '../../../src/protocol/model.ts';
import { isObject } from '../http.ts';
import { isCount, isPost, isText, readPost } from '../read-post.ts';
import type { Doubt, Timeline } from './timeline-model.ts';

/** A timeline as JSON, to be kept over a reload. `version` rises when its shape changes; one of another version is not restored. */
export interface SavedTimeline {
  version: 1;
  channelId: string;
  channel: Channel;
  offset: number;
  cursor: string;
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

/** Undefined where it is of another channel or version, or broken: then start without it. One that was not saved is as it is. */
export function restoreTimeline(saved: SavedTimeline | Timeline, channelId: string): Timeline | undefined {
  if (!('version' in saved)) return saved.channelId === channelId ? saved : undefined;
  if (!isSavedTimeline(saved, channelId)) return undefined;
  const { version: _version, heard, ...rest } = saved;
  return { ...rest, heard: new Map(heard), window: 0 };
}

/** The same with its newest posts alone, at most so many; the others are paged for again. Of what was heard, the latest. */
export function truncated(saved: SavedTimeline, mostPosts: number): SavedTimeline {
  const posts = saved.posts.slice(0, mostPosts);
  const floor = posts.length < saved.posts.length ? (posts.at(-1)?.seq ?? saved.floor) : saved.floor;
  return { ...saved, posts, floor, heard: saved.heard.slice(-10 * mostPosts) };
}

/** Whether it is one that a timeline can go on from. It was ours once, so that what is looked at is what a mishap would have broken. */
export function isSavedTimeline(value: unknown, channelId: string): value is SavedTimeline {
  if (!isObject(value) || value.version !== 1 || value.channelId !== channelId) return false;
  const { channel, offset, cursor, posts, floor, ceiling, pinned, summary, keyEvents, heard, newestSeq } = value;
  return (
    isObject(channel) &&
    channel.id === channelId &&
    typeof channel.headline === 'string' &&
    typeof cursor === 'string' &&
    // Only our own cursors tell. One that is behind would bring nothing that is taken for news.
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

/** One that lacks a field is of an earlier version of this script, which did not know what the server said there. */
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

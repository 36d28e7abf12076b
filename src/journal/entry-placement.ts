import type { Position } from '../protocol/cursor.ts';
import type { AuthorPost, Counts } from '../protocol/model.ts';
import type { Announcement, AppendResult, NewEntry, Renderer, StoredChange } from './engine.ts';
import { changeOf, type PreparedEntry, postOf } from './entry-record.ts';
import { shortCheck } from './hash-chain.ts';

/** Where an entry was appended. Checks are full length. */
export interface PlacedEntry {
  offset: number;
  before: string;
  check: string;
  seq: number | null;
  /** After the entry. */
  counts: Counts;
}

/** What an engine reports after it has stored an append. */
export interface AppendEffects {
  /** Posts with erased revisions. Report these before anything else. */
  erased: string[];
  /** In journal order. */
  announcements: Announcement[];
  result: AppendResult;
}

export function appendEffects(
  entries: readonly NewEntry[],
  prepared: readonly PreparedEntry[],
  position: Position,
  placed: readonly PlacedEntry[],
  renderer: Renderer,
): AppendEffects {
  const erased = prepared.flatMap(({ post }) => (post && post.erases > 0 ? [post.id] : []));
  const changes: StoredChange[] = [];
  let first: AuthorPost | undefined;
  const announcements: Announcement[] = [];
  for (const [index, entry] of prepared.entries()) {
    const place = placed[index] as PlacedEntry;
    const given = entries[index] as NewEntry;
    const post = given.type === 'channel.changed' ? undefined : postOf(given, place.seq as number, renderer);
    if (index === 0) first = post;
    const change = changeOf({ ...place, ...entry.facts, state: entry.text.state }, post, renderer);
    changes.push(change);
    announcements.push({ type: 'entry', epoch: position.epoch, before: shortCheck(place.before), change });
  }
  return { erased, announcements, result: { status: 'appended', position, changes, ...(first && { post: first }) } };
}

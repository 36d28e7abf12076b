import type { Position } from '../protocol/cursor.ts';
import { shortCheck } from './chain.ts';
import type { Announcement, AppendResult, Renderer, StoredChange } from './engine.ts';
import { changeFrom, type PreparedEntry, postFrom } from './record.ts';

/** Where an entry came to stand. Checks are whole. */
export interface Placed {
  offset: number;
  before: string;
  check: string;
  seq: number | null;
}

/** What follows from an append that is on the disk, the same in every engine. */
export interface Settled {
  /** Posts that were erased from: to be told before all else. */
  erased: string[];
  /** In the order of the journal. */
  announcements: Announcement[];
  result: AppendResult;
}

export function settle(
  prepared: readonly PreparedEntry[],
  position: Position,
  placed: readonly Placed[],
  renderer: Renderer,
): Settled {
  const erased = prepared.flatMap(({ post }) => (post && post.erases > 0 ? [post.id] : []));
  const changes: StoredChange[] = [];
  const announcements: Announcement[] = [];
  for (const [index, entry] of prepared.entries()) {
    const place = placed[index] as Placed;
    const change = changeFrom({ ...place, type: entry.facts.type, at: entry.facts.at, ...entry.text }, renderer);
    changes.push(change);
    announcements.push({ type: 'entry', epoch: position.epoch, before: shortCheck(place.before), change });
  }
  const { text, facts } = prepared[0] as PreparedEntry;
  const seq = placed[0]?.seq;
  const post = facts.postId === null || typeof seq !== 'number' ? {} : { post: postFrom(text, seq, renderer) };
  return { erased, announcements, result: { status: 'appended', position, changes, ...post } };
}

import type { Timeline } from '../../lib/timeline/timeline-model.ts';
import type { LastVisit } from './absence.ts';

/**
 * Where a reader last left off in a channel, stored in the browser. Holds ids and a cursor but no text, so that no withdrawn text
 * remains there.
 */
export interface StoredVisit extends LastVisit {
  cursor: string;
}

const version = 1;
/** Only this many posts are remembered, first those that were in view. */
const maxPosts = 200;

const keyOf = (address: string) => `pressbox-left:${address}`;

/** `address`: the channel's address, without the server if the page is on the server itself. */
export function saveLastVisit(address: string, { cursor }: Timeline, { at, newest, seen }: LastVisit): void {
  // Another tab may have shown other posts. For posts shown in both, this tab's revisions win.
  const all = new Map([...(loadLastVisit(address)?.seen ?? []), ...seen]);
  const kept = { version, cursor, at, newest, seen: [...all].slice(-maxPosts) };
  try {
    localStorage.setItem(keyOf(address), JSON.stringify(kept));
  } catch {
    // Storage is unavailable or full. Then this absence is not reported.
  }
}

export function loadLastVisit(address: string): StoredVisit | undefined {
  try {
    const kept = JSON.parse(localStorage.getItem(keyOf(address)) ?? 'null');
    if (kept?.version !== version || typeof kept.cursor !== 'string') return undefined;
    if (!Number.isFinite(kept.at) || !Number.isFinite(kept.newest)) return undefined;
    return { cursor: kept.cursor, at: kept.at, newest: kept.newest, seen: new Map(kept.seen) };
  } catch {
    return undefined;
  }
}

export function deleteLastVisit(address: string): void {
  try {
    localStorage.removeItem(keyOf(address));
  } catch {
    // Storage is unavailable, so nothing was stored.
  }
}

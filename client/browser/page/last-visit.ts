import type { Timeline } from '../../lib/timeline/timeline-model.ts';
import type { LastVisit } from './absence.ts';

/**
 * Where a reader of a channel was when they last looked at its page, kept in their browser. It holds ids and a cursor, and no text: one
 * that is withdrawn later must lie nowhere.
 */
export interface StoredVisit extends LastVisit {
  cursor: string;
}

const version = 1;
/** Posts, the latest that were in view. */
const maxPosts = 200;

const keyOf = (address: string) => `pressbox-left:${address}`;

/** `address`: of the coverage; without its server on a page of the server itself. */
export function saveLastVisit(address: string, { cursor }: Timeline, { at, newest, seen }: LastVisit): void {
  // Another tab may have shown other posts; what this one showed is known better here.
  const all = new Map([...(loadLastVisit(address)?.seen ?? []), ...seen]);
  const kept = { version, cursor, at, newest, seen: [...all].slice(-maxPosts) };
  try {
    localStorage.setItem(keyOf(address), JSON.stringify(kept));
  } catch {
    // A browser that keeps nothing, or has no room: then nothing is told of this absence.
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
    // Nothing was kept.
  }
}

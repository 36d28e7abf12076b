import type { Redis } from 'ioredis';
import { own } from './codec.ts';

/** Read and written at once of what may be large, so that nobody waits behind it. */
export const page = 200;

/** What is known of a post or of the channel, from the journal or from the index. */
export interface Known {
  revision: number;
  last: number;
  seq: number;
  erased: number;
}

/** What there is of a channel whose keys contradict each other. */
export interface Remains {
  /** The journal's last offset; 0 where it is not there. */
  last: number;
  /** The highest offset of which something beside the journal tells. */
  top: number;
  /** No entry is missing between its first and its last. */
  isWhole: boolean;
  journal: Map<string, Known>;
  index: Map<string, Known>;
  listed: string[];
  /** Places of revisions that have a text, and of those that lack a part of it. */
  places: Set<string>;
  torn: string[];
}

/** `top`: the highest offset of a change. */
export async function gather(redis: Redis, keys: readonly string[], top: number): Promise<Remains> {
  const [journal, , , index, texts, labels] = keys as [string, string, string, string, string, string];
  const remains: Remains = {
    last: 0,
    top,
    isWhole: true,
    journal: new Map(),
    index: new Map(),
    listed: [],
    places: new Set(),
    torn: [],
  };
  await gatherIndex(redis, index, remains);
  await gatherJournal(redis, journal, remains);
  const [written, labelled] = [new Set(await redis.hkeys(texts)), new Set(await redis.hkeys(labels))];
  for (const place of new Set([...written, ...labelled])) {
    if (written.has(place) && labelled.has(place)) remains.places.add(place);
    else remains.torn.push(place);
  }
  return remains;
}

async function gatherIndex(redis: Redis, index: string, remains: Remains): Promise<void> {
  for (const some of pagesOf(await redis.hkeys(index))) {
    const lines = await redis.hmget(index, ...some);
    for (const [number, who] of some.entries()) {
      const [revision = 0, last = 0, third = 0, erased = 0] = (lines[number] ?? '').split(' ').map(Number);
      const known = who === own ? { revision, last, seq: 0, erased: 0 } : { revision, last, seq: third, erased };
      remains.index.set(who, known);
      remains.top = Math.max(remains.top, known.last, known.seq);
    }
  }
}

async function gatherJournal(redis: Redis, journal: string, remains: Remains): Promise<void> {
  for (let from = '-'; ; from = `(${remains.last}-0`) {
    const entries = await redis.xrange(journal, from, '+', 'COUNT', page);
    for (const [id, fields] of entries) {
      const offset = Number.parseInt(id, 10);
      if (remains.last > 0 && offset !== remains.last + 1) remains.isWhole = false;
      remains.last = offset;
      const who = fields[5] as string;
      const erased = remains.index.get(who)?.erased ?? 0;
      remains.journal.set(who, { revision: Number(fields[9]), last: offset, seq: Number(fields[7]) || 0, erased });
      if (fields[17] === '1') remains.listed.push(String(offset));
    }
    if (entries.length < page) return;
  }
}

export function* pagesOf<T>(all: readonly T[]): Generator<T[]> {
  for (let at = 0; at < all.length; at += page) yield all.slice(at, at + page);
}

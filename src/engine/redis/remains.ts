import type { Redis } from 'ioredis';
import { own } from './codec.ts';
import { redisLimits } from './limits.ts';

const { mendEntries: page } = redisLimits;

/** What is known of a post or of the channel, from the journal or from the index. */
export interface Known {
  revision: number;
  last: number;
  seq: number;
  erased: number;
}

/** What there is of a channel whose keys contradict each other. */
export interface Remains {
  /** The journal's first and last offset; 0 where it is not there. */
  first: number;
  last: number;
  /** The highest offset of which something beside the journal tells. */
  top: number;
  /** No entry is missing between its first and its last. */
  isWhole: boolean;
  journal: Map<string, Omit<Known, 'erased'>>;
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
    first: 0,
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
  const [written, labelled] = [await fieldsOf(redis, texts), await fieldsOf(redis, labels)];
  for (const place of new Set([...written, ...labelled])) {
    if (written.has(place) && labelled.has(place)) remains.places.add(place);
    else remains.torn.push(place);
  }
  return remains;
}

/** What is to stand. */
export interface Standing {
  known: ReadonlyMap<string, Known>;
  /** The history goes on: its journal is whole, and tells of all there is. Else another begins. */
  goesOn: boolean;
  /** Above all offsets that may have been given out, if no less. */
  highest: number;
}

/**
 * The journal's word stands, where it is whole. One that began anew does not tell of what was changed last before, of which the index alone
 * knows. What neither knows, where another history begins, is what its newest text says, in the order of the ids, which is that of time.
 */
export function standingOf({ first, last, top, isWhole, journal, index, places }: Remains): Standing {
  const highest = Math.max(last, top);
  const written = writtenIn(places);
  const erasedOf = (who: string) => index.get(who)?.erased ?? (written.get(who)?.lowest ?? 1) - 1;
  const told = [...journal].map(([who, facts]) => [who, { ...facts, erased: erasedOf(who) }] as const);
  const before = [...index].filter(([who, facts]) => facts.last < first && !journal.has(who));
  const known = new Map([...before, ...told]);
  const isTold = first === 1 || [...written.keys()].every((who) => known.has(who));
  if (isWhole && last > 0 && last >= top && isTold) return { known, goesOn: true, highest };

  for (const [who, facts] of index) if (facts.last >= (known.get(who)?.last ?? 0)) known.set(who, facts);
  const untold = [...written.keys()].filter((who) => !known.has(who)).sort();
  const free = freeSeqs(known);
  let given = 0;
  for (const who of untold) {
    const seq = who === own ? 0 : free.next().value;
    known.set(who, { revision: written.get(who)?.highest as number, last: seq, seq, erased: erasedOf(who) });
    given = Math.max(given, seq);
  }
  // One more than any that is told of: who begins anew where this was cut off finds them in the index, and is not to take it for whole.
  return { known, goesOn: false, highest: untold.length === 0 ? highest : Math.max(highest, given) + 1 };
}

function* freeSeqs(known: ReadonlyMap<string, Known>): Generator<number, never> {
  const taken = new Set(known.values().map(({ seq }) => seq));
  for (let seq = 1; ; seq++) if (!taken.has(seq)) yield seq;
}

/** Of each post and of the channel, the revisions of which there is a text. What is erased is erased from the first one on. */
function writtenIn(places: ReadonlySet<string>): Map<string, { lowest: number; highest: number }> {
  const written = new Map<string, { lowest: number; highest: number }>();
  for (const place of places) {
    const at = place.lastIndexOf(':');
    const [who, revision] = [place.slice(0, at), Number(place.slice(at + 1))];
    const { lowest, highest } = written.get(who) ?? { lowest: revision, highest: revision };
    written.set(who, { lowest: Math.min(lowest, revision), highest: Math.max(highest, revision) });
  }
  return written;
}

async function gatherIndex(redis: Redis, index: string, remains: Remains): Promise<void> {
  for await (const [who, line] of linesOf(redis, index)) {
    const [revision = 0, last = 0, third = 0, erased = 0] = line.split(' ').map(Number);
    const known = who === own ? { revision, last, seq: 0, erased: 0 } : { revision, last, seq: third, erased };
    remains.index.set(who, known);
    remains.top = Math.max(remains.top, known.last, known.seq);
  }
}

/** Each field of a hash with its value. */
export async function* linesOf(redis: Redis, hash: string): AsyncGenerator<[field: string, value: string]> {
  for await (const flat of scanned((cursor) => redis.hscan(hash, cursor, 'COUNT', page)))
    for (let at = 0; at < flat.length; at += 2) yield [flat[at] as string, flat[at + 1] as string];
}

/** The same without the values, which may be large. */
async function fieldsOf(redis: Redis, hash: string): Promise<Set<string>> {
  const fields = new Set<string>();
  for await (const some of scanned((cursor) => redis.hscan(hash, cursor, 'COUNT', page, 'NOVALUES')))
    for (const field of some) fields.add(field);
  return fields;
}

/**
 * What a hash holds, a few with each command. What is there all the while is among it, perhaps twice. Of a channel that is being mended that
 * is all there is: nothing else is written to it, and where another has taken the mend over, what is decided here is refused.
 */
async function* scanned(scan: (cursor: string) => Promise<[cursor: string, some: string[]]>): AsyncGenerator<string[]> {
  let cursor = '0';
  do {
    const [next, some] = await scan(cursor);
    yield some;
    cursor = next;
  } while (cursor !== '0');
}

async function gatherJournal(redis: Redis, journal: string, remains: Remains): Promise<void> {
  for (let from = '-'; ; from = `(${remains.last}-0`) {
    const entries = await redis.xrange(journal, from, '+', 'COUNT', page);
    for (const [id, fields] of entries) {
      const offset = Number.parseInt(id, 10);
      if (remains.last > 0 && offset !== remains.last + 1) remains.isWhole = false;
      remains.first ||= offset;
      remains.last = offset;
      remains.journal.set(fields[5] as string, { revision: Number(fields[9]), last: offset, seq: Number(fields[7]) || 0 });
      if (fields[17] === '1') remains.listed.push(String(offset));
    }
    if (entries.length < page) return;
  }
}

export function* pagesOf<T>(all: readonly T[]): Generator<T[]> {
  for (let at = 0; at < all.length; at += page) yield all.slice(at, at + page);
}

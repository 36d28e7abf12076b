import type { Redis } from 'ioredis';
import { channelSubject } from '../codec.ts';
import { redisLimits } from '../redis-limits.ts';

/** Reads what is left of a channel whose keys contradict each other, and plans what to rebuild from it. */
const { repairEntries: page } = redisLimits;

/** The state of a post or of the channel, from the journal or the index. */
export interface KnownState {
  revision: number;
  last: number;
  seq: number;
  /** The last erased revision. */
  erased: number;
}

export interface SurvivingKeys {
  /** The first and last offset of the journal; 0 if it is missing. */
  first: number;
  last: number;
  /** The highest offset that anything besides the journal mentions. */
  top: number;
  /** No entry is missing between the first and the last. */
  isWhole: boolean;
  /** By post id or `channelSubject`: the state after the newest entry. `oldest`: the first revision that has an entry. */
  journal: Map<string, KnownState & { oldest: number }>;
  index: Map<string, KnownState>;
  /** The line of the channel in the index. */
  summary: string | undefined;
  listed: string[];
  /** The date of the last entry, or '' if there is none. */
  lastAt: string;
  /** Places of revisions that have a text, and of those that have a label. */
  texts: Set<string>;
  labels: Set<string>;
}

/** `top`: the highest offset that is known to have been assigned. */
export async function readSurvivingKeys(redis: Redis, keys: readonly string[], top: number): Promise<SurvivingKeys> {
  const [journal, , , index, texts, labels] = keys as [string, string, string, string, string, string];
  const surviving: SurvivingKeys = {
    first: 0,
    last: 0,
    top,
    isWhole: true,
    journal: new Map(),
    index: new Map(),
    summary: undefined,
    listed: [],
    lastAt: '',
    texts: await fieldsOf(redis, texts),
    labels: await fieldsOf(redis, labels),
  };
  await gatherIndex(redis, index, surviving);
  await gatherJournal(redis, journal, surviving);
  return surviving;
}

/** What the repair will produce. */
export interface Plan {
  /** The state of each kept post, by its id, and of the channel, under `channelSubject`. */
  known: ReadonlyMap<string, KnownState>;
  /**
   * Whether the history continues: the journal is complete, and nothing that it mentions is missing. Otherwise a new history
   * begins.
   */
  continuesHistory: boolean;
  /** No offset above this one can have been assigned. */
  highest: number;
  /** The revision of the channel that has a text. An earlier one if the text of the last is lost. */
  channelRevision: number;
  /** Posts whose text is lost. They are left out. */
  lost: string[];
  /** Places of revisions to remove: left out, erased, or without text. */
  orphans: string[];
  /** Posts that are in the index but are left out, each with the places of its texts. `orphans` does not include these places. */
  unknown: ReadonlyMap<string, readonly string[]>;
  /**
   * Posts whose erased text exists again, each with the places of that text. Neither `orphans` nor `unknown` includes these
   * places.
   */
  erasedAgain: ReadonlyMap<string, readonly string[]>;
  /** Places of revisions that have a text but no label. */
  unlabelled: string[];
}

/** Plans the repair. Returns a sentence with the reason if nothing can be rebuilt. */
export function planRepair(surviving: SurvivingKeys): Plan | string {
  const { texts, labels, summary, index } = surviving;
  const recovered = recoverStates(surviving);
  const written = writtenIn(texts);
  const channel = recovered.known.get(channelSubject);
  if (texts.size === 0) return 'no text is left';
  if (channel === undefined) return 'the state of the channel is lost';
  const channelRevision = written.get(channelSubject)?.highest ?? 0;
  if (channelRevision === 0) return "the channel's own text is lost";
  // An earlier text does not say who may read the channel now.
  if (channelRevision < channel.revision && (summary === undefined || index.get(channelSubject)?.revision !== channel.revision))
    return "the channel's own text is lost, and so is its access";

  const known = new Map<string, KnownState>();
  const lost: string[] = [];
  for (const [who, facts] of recovered.known) {
    if (who === channelSubject || texts.has(placeOf(who, facts.revision))) known.set(who, facts);
    else lost.push(who);
  }
  const isKept = (place: string) => {
    const { who, revision } = partsOf(place);
    const facts = known.get(who);
    return facts !== undefined && revision > facts.erased && revision <= facts.revision && texts.has(place);
  };
  const erasedAgain = erasedTexts(texts, recovered.known);
  const isErased = new Set([...erasedAgain.values()].flat());
  const others = [...texts].filter((place) => !isKept(place) && !isErased.has(place));
  const othersOf = Map.groupBy(others, (place) => partsOf(place).who);
  const unknown = new Map([...index.keys()].filter((who) => !known.has(who)).map((who) => [who, othersOf.get(who) ?? []]));
  const isOrphan = (place: string) => !isKept(place) && !isErased.has(place) && !unknown.get(partsOf(place).who)?.includes(place);
  const orphans = [...new Set([...texts, ...labels])].filter(isOrphan);
  const unlabelled = [...texts].filter((place) => isKept(place) && !labels.has(place));
  const isComplete = lost.length === 0 && unlabelled.length === 0 && isAllThere(surviving, known);
  const continuesHistory = recovered.continuesHistory && isComplete;
  return {
    known,
    continuesHistory,
    // Above the journal: if this repair is interrupted, the next one must not take the journal for complete.
    highest: continuesHistory ? recovered.highest : Math.max(recovered.highest, surviving.last + 1),
    channelRevision,
    lost: lost.sort(),
    orphans,
    unknown,
    erasedAgain,
    unlabelled,
  };
}

/** Places of texts that exist although they were erased, by post. */
function erasedTexts(texts: ReadonlySet<string>, known: ReadonlyMap<string, KnownState>): Map<string, string[]> {
  const isErased = (place: string) => {
    const { who, revision } = partsOf(place);
    return revision <= (known.get(who)?.erased ?? 0);
  };
  return Map.groupBy([...texts].filter(isErased).sort(), (place) => partsOf(place).who);
}

/** Whether every revision in the journal has its text, unless it was erased. */
function isAllThere({ journal, texts }: SurvivingKeys, known: ReadonlyMap<string, KnownState>): boolean {
  return [...journal].every(([who, { oldest, revision }]) => {
    const { erased } = known.get(who) as KnownState;
    for (let each = Math.max(oldest, erased + 1); each <= revision; each++) if (!texts.has(placeOf(who, each))) return false;
    return true;
  });
}

/**
 * Recovers the states of the posts and of the channel. A complete journal decides. If a repair began its history, posts that did
 * not change since are only in the index. If the journal is incomplete, the newest revision in the journal, the index or the
 * texts decides. Posts that only have texts follow the known posts, in the order of their ids, which is the order of time. A post
 * that is older than a known one gets an unused `seq`.
 */
function recoverStates({ first, last, top, isWhole, journal, index, texts }: SurvivingKeys) {
  const highest = Math.max(last, top);
  const written = writtenIn(texts);
  // Erasures always begin with the first revision.
  const erasedBefore = (who: string) => (written.get(who)?.lowest ?? 1) - 1;
  const erasedOf = (who: string) => Math.max(journal.get(who)?.erased ?? 0, index.get(who)?.erased ?? erasedBefore(who));
  const fromJournal = [...journal].map(
    ([who, { revision, last, seq }]) => [who, { revision, last, seq, erased: erasedOf(who) }] as const,
  );
  const before = [...index].filter(([who, facts]) => facts.last < first && !journal.has(who));
  const known = new Map<string, KnownState>([...before, ...fromJournal]);
  // If a text is newer than the journal, entries were lost.
  const knowsTexts = [...written].every(([who, { highest: newest }]) => newest <= (known.get(who)?.revision ?? 0));
  const knowsErasures = [...journal].every(([who, { erased }]) => index.has(who) || erasedBefore(who) <= erased);
  if (isWhole && last > 0 && last >= top && knowsTexts && knowsErasures) return { known, continuesHistory: true, highest };

  for (const [who, facts] of index) if (facts.last >= (known.get(who)?.last ?? 0)) known.set(who, facts);
  for (const [who, facts] of known) {
    const revision = Math.max(facts.revision, written.get(who)?.highest ?? 0);
    known.set(who, { ...facts, revision, erased: Math.max(erasedOf(who), erasedBefore(who)) });
  }
  const onlyTexts = [...written.keys()].filter((who) => !known.has(who)).sort();
  const newest =
    [...known.keys()]
      .filter((who) => who !== channelSubject)
      .sort()
      .at(-1) ?? '';
  const free = freeSeqs(known);
  let given = 0;
  for (const who of onlyTexts) {
    const later = Math.max(highest, given) + 1;
    const seq = who === channelSubject ? 0 : who > newest ? later : free.next().value;
    known.set(who, { revision: written.get(who)?.highest as number, last: seq, seq, erased: erasedOf(who) });
    given = Math.max(given, seq);
  }
  // One above all known offsets: if this repair is interrupted, the next one finds these posts in the index and must not take the
  // journal for complete.
  return { known, continuesHistory: false, highest: onlyTexts.length === 0 ? highest : Math.max(highest, given) + 1 };
}

function* freeSeqs(known: ReadonlyMap<string, KnownState>): Generator<number, never> {
  const taken = new Set(known.values().map(({ seq }) => seq));
  for (let seq = 1; ; seq++) if (!taken.has(seq)) yield seq;
}

function placeOf(who: string, revision: number): string {
  return `${who}:${revision}`;
}

function partsOf(place: string): { who: string; revision: number } {
  const at = place.lastIndexOf(':');
  return { who: place.slice(0, at), revision: Number(place.slice(at + 1)) };
}

/** The lowest and highest revision with a text, by post and for the channel. */
function writtenIn(places: ReadonlySet<string>): Map<string, { lowest: number; highest: number }> {
  const written = new Map<string, { lowest: number; highest: number }>();
  for (const place of places) {
    const { who, revision } = partsOf(place);
    const { lowest, highest } = written.get(who) ?? { lowest: revision, highest: revision };
    written.set(who, { lowest: Math.min(lowest, revision), highest: Math.max(highest, revision) });
  }
  return written;
}

async function gatherIndex(redis: Redis, index: string, surviving: SurvivingKeys): Promise<void> {
  for await (const [who, line] of linesOf(redis, index)) {
    const [revision = 0, last = 0, third = 0, erased = 0] = line.split(' ').map(Number);
    if (who === channelSubject) surviving.summary = line;
    const known = who === channelSubject ? { revision, last, seq: 0, erased: 0 } : { revision, last, seq: third, erased };
    surviving.index.set(who, known);
    surviving.top = Math.max(surviving.top, known.last, known.seq);
  }
}

/** The fields and values of a hash. */
export async function* linesOf(redis: Redis, hash: string): AsyncGenerator<[field: string, value: string]> {
  for await (const flat of scanned((cursor) => redis.hscan(hash, cursor, 'COUNT', page)))
    for (let at = 0; at < flat.length; at += 2) yield [flat[at] as string, flat[at + 1] as string];
}

/** The fields without the values, which may be large. */
async function fieldsOf(redis: Redis, hash: string): Promise<Set<string>> {
  const fields = new Set<string>();
  for await (const some of scanned((cursor) => redis.hscan(hash, cursor, 'COUNT', page, 'NOVALUES')))
    for (const field of some) fields.add(field);
  return fields;
}

/**
 * The fields of a hash, a few per command. A field may be returned twice. No field is missed, because nothing else writes to a
 * channel under repair.
 */
async function* scanned(scan: (cursor: string) => Promise<[cursor: string, some: string[]]>): AsyncGenerator<string[]> {
  let cursor = '0';
  do {
    const [next, some] = await scan(cursor);
    yield some;
    cursor = next;
  } while (cursor !== '0');
}

async function gatherJournal(redis: Redis, journal: string, surviving: SurvivingKeys): Promise<void> {
  for (let from = '-'; ; from = `(${surviving.last}-0`) {
    const entries = await redis.xrange(journal, from, '+', 'COUNT', page);
    for (const [id, fields] of entries) {
      const offset = Number.parseInt(id, 10);
      if (surviving.last > 0 && offset !== surviving.last + 1) surviving.isWhole = false;
      surviving.first ||= offset;
      surviving.last = offset;
      surviving.lastAt = fields[13] as string;
      const [who, revision] = [fields[5] as string, Number(fields[9])];
      const before = surviving.journal.get(who);
      // A takedown erases all earlier revisions. Entries that earlier versions wrote do not record this.
      const erased = fields[3] === 'post.taken-down' ? revision - 1 : Number(fields[23] ?? 0);
      surviving.journal.set(who, {
        revision,
        last: offset,
        seq: Number(fields[7]) || 0,
        erased: Math.max(before?.erased ?? 0, Math.min(erased, revision - 1)),
        oldest: before?.oldest ?? revision,
      });
      if (fields[17] === '1') surviving.listed.push(String(offset));
    }
    if (entries.length < page) return;
  }
}

export function* pagesOf<T>(all: readonly T[]): Generator<T[]> {
  for (let at = 0; at < all.length; at += page) yield all.slice(at, at + page);
}

import type { Redis } from 'ioredis';
import type { AuthorPost } from '../../protocol/model.ts';
import { channelFrom } from '../entry-record.ts';
import { digestOf, type Facts, nextCheck } from '../hash-chain.ts';
import {
  type ChannelReport,
  countMismatch,
  type Fault,
  HistoryWalk,
  indexMismatch,
  listMismatch,
  renderersOf,
  type StoreOptions,
  serverJournalId,
  type WalkedEntry,
} from '../history-walk.ts';
import { countedTags, tagsOf } from '../post-tags.ts';
import {
  type ChannelRecord,
  channelIsBack,
  channelIsMissing,
  type ServerReport,
  ServerWalk,
  tokenIsForgotten,
} from '../server-journal.ts';
import { channelSubject, htmlIn, placeOfTag, readLabel, serverEntryIn, stateIn, storedTag } from './codec.ts';
import { overSeparateConnection, registeredIds } from './connection/separate-connection.ts';
import { channelKeys, registry } from './keys.ts';
import { redisLimits } from './redis-limits.ts';
import { linesOf } from './repair/surviving-keys.ts';
import { marks } from './server-journal.ts';

/**
 * Verifies the journals in Redis or Valkey while servers use the store. Only reads, and repairs nothing. A channel is verified up
 * to its head at the beginning of the walk. Commands are small, so that other clients do not wait.
 */
export interface VerifyRedisOptions extends StoreOptions {
  url: string;
}

const { verifyEntries: pageEntries, verifyLines: pageLines } = redisLimits;

/** A report for each channel, newest first, and one for the server's own journal. Throws if the store cannot be used. */
export async function* verifyRedis({
  url,
  channelId,
  ...options
}: VerifyRedisOptions): AsyncGenerator<ChannelReport | ServerReport> {
  yield* overSeparateConnection(url, async function* (redis) {
    const server = await walkServer(redis, options);
    const known = server.isIntact ? server : undefined;
    // Channels that exist now must be in the list. Channels created during the walk are not expected: they may be added to a part
    // of the list that was already read.
    const expected = channelId === undefined ? [...(known?.channels.keys() ?? [])] : [];
    const seen = new Set<string>();
    for await (const id of channelId === undefined ? registeredIds(redis) : [channelId]) {
      seen.add(id);
      const report = await verifyChannel(redis, id, options, known);
      if (report !== undefined) yield report;
    }
    for (const id of expected) {
      if (seen.has(id)) continue;
      // The list of channels lacks this channel.
      const report = await verifyChannel(redis, id, options, known);
      if (report !== undefined) yield report.fault ? report : new HistoryWalk(id, '').fail(0, null, notListed);
    }
    if (channelId === undefined) yield server.finish();
  });
}

export const notListed = 'the list of channels lacks the channel';

/** Walks the server's own journal and compares it with the revoked tokens and the sessions that were signed out. */
export async function walkServer(redis: Redis, { since, now }: StoreOptions): Promise<ServerWalk> {
  const walk = new ServerWalk(since?.get(serverJournalId));
  // Read the mark first: a node that begins the journal during the walk writes the mark and the entry in one step.
  const wasBegun = (await redis.zscore(registry.serverMarks, marks.begun)) !== null;
  await readNewServerEntries(redis, walk);
  if (wasBegun) walk.expectBeginning();
  const counting = [...walk.revoked].filter(([, { until }]) => now !== undefined && (until === null || until > now));
  for (let at = 0; at < counting.length; at += pageLines) {
    const some = counting.slice(at, at + pageLines);
    const kept = await scoresOf(
      redis,
      registry.revoked,
      some.map(([jti]) => jti),
    );
    for (const [nth, [, { until, offset }]] of some.entries()) {
      const score = kept[nth] ?? null;
      if (score === null || (score !== 'inf' && (until === null || Number(score) < until))) walk.fail(offset, tokenIsForgotten);
    }
  }
  if (now !== undefined && walk.ended.length > 0) walk.compareEnded(await redis.zrange(registry.ended, '0', '-1'), now);
  return walk;
}

/**
 * Reads the entries that were added to the server's own journal since the last call. A change to a channel is never visible
 * before the entry of the server's own journal that records it.
 */
async function readNewServerEntries(redis: Redis, walk: ServerWalk): Promise<void> {
  for (let from = walk.offset + 1; ; ) {
    const page = await redis.xrange(registry.server, `${from}-0`, '+', 'COUNT', pageLines);
    for (const line of page) {
      const { root, entry } = serverEntryIn(line);
      walk.take(root, entry);
    }
    const last = page.at(-1);
    if (last === undefined || page.length < pageLines) return;
    from = offsetOf(last[0]) + 1;
  }
}

/** The last entry of a post, or of the channel under `channelSubject`. */
interface Latest {
  offset: number;
  seq: number;
  revision: number;
}

/**
 * Verifies a channel. Undefined: there is no such channel, or it was deleted. A channel that the server's own journal does not
 * mention is accepted: a node of an earlier version created it.
 */
export async function verifyChannel(
  redis: Redis,
  channelId: string,
  options: WalkedBy,
  server: ServerWalk | undefined,
): Promise<ChannelReport | undefined> {
  const [, , , , , , , , , deleted = ''] = channelKeys(channelId);
  const isDeleted = async () => (await redis.exists(deleted)) === 1;
  const isDeletionRecorded = async () => {
    if (server !== undefined) await readNewServerEntries(redis, server);
    return server?.channels.get(channelId)?.isDeleted ?? true;
  };
  if (await isDeleted())
    return (await isDeletionRecorded()) ? undefined : new HistoryWalk(channelId, '').fail(0, null, channelIsMissing);
  const report = await walkChannel(redis, channelId, options, server);
  const isDeletedSince = report?.fault !== undefined && (await isDeleted()) && (await isDeletionRecorded());
  return isDeletedSince ? undefined : report;
}

type WalkedBy = Omit<VerifyRedisOptions, 'url' | 'channelId'>;

/**
 * The report of `verifyChannel`, which is correct only if the channel is not deleted during the walk. Undefined: no such channel.
 */
async function walkChannel(
  redis: Redis,
  channelId: string,
  { since, renderer, rendererFor, isListed, onEntry }: WalkedBy,
  server: ServerWalk | undefined,
): Promise<ChannelReport | undefined> {
  const keys = channelKeys(channelId);
  const [journal = '', changes = '', posts = '', index = '', texts = '', labels = '', tags = '', listed = ''] = keys;
  const recordOf = async () => {
    if (server !== undefined) await readNewServerEntries(redis, server);
    return server?.channels.get(channelId);
  };
  const [[first], [last]] = await Promise.all([
    redis.xrange(journal, '-', '+', 'COUNT', 1),
    redis.xrevrange(journal, '+', '-', 'COUNT', 1),
  ]);
  // Read the record after the head, so that it covers every entry up to the head.
  const record = await recordOf();
  if (first === undefined || last === undefined) {
    const surviving = await redis.exists(changes, posts, index, texts, labels);
    if (surviving > 0) return new HistoryWalk(channelId, '').fail(0, null, 'the journal is missing');
    return record === undefined ? undefined : new HistoryWalk(channelId, '').fail(0, null, channelIsMissing);
  }
  const head = offsetOf(last[0]);
  const root = first[1][1] ?? '';
  const began = beganAt(channelId, first, root);
  const renderers = server && renderersOf(server, rendererFor);
  const walk = new HistoryWalk(channelId, root, { began, since: since?.get(channelId), renderer, record, renderers });
  if (record?.isDeleted) return walk.fail(0, null, channelIsBack);
  const latest = new Map<string, Latest>();
  let corrections = 0;

  for (let from = offsetOf(first[0]); from <= head; ) {
    const page = await redis.xrange(journal, `${from}-0`, `${head}-0`, 'COUNT', pageEntries);
    if (page.length === 0) break;
    const listings =
      isListed &&
      (await scoresOf(
        redis,
        listed,
        page.map(([id]) => String(offsetOf(id))),
      ));
    for (const [nth, entry] of (await withTexts(redis, channelId, { texts, labels, index }, page)).entries()) {
      const faulty = walk.take(entry);
      if (faulty !== undefined) return faulty;
      if (listings && isListed(entry.kind) !== (listings[nth] !== null))
        return walk.fail(entry.offset, entry.postId, listMismatch);
      if (isListed?.(entry.kind)) corrections += 1;
      const who = entry.postId ?? channelSubject;
      latest.set(who, { offset: entry.offset, seq: latest.get(who)?.seq ?? entry.seq, revision: entry.revision });
      onEntry?.({ channelId, postId: entry.postId, state: entry.text?.state });
    }
    from = offsetOf((page.at(-1) as (typeof page)[number])[0]) + 1;
  }
  if (walk.offset < head) return walk.fail(walk.offset + 1, null, 'the entry is missing');
  for (let from = head + 1; walk.hasUnexplainedErasures; ) {
    const page = await redis.xrange(journal, `${from}-0`, '+', 'COUNT', pageEntries);
    if (page.length === 0) break;
    await recordOf();
    const lines = await redis.hmget(index, ...page.map(([, fields]) => fields[5] as string));
    for (const [nth, [id, fields]] of page.entries())
      walk.takeErasure({ ...factsIn(channelId, id, fields), erasedThrough: erasedIn(lines[nth]) });
    from = offsetOf((page.at(-1) as Entry)[0]) + 1;
  }
  const wrong = await wrongIndex(redis, { journal, changes, posts, index }, { latest, head, began });
  if (wrong !== undefined) return walk.fail(wrong.offset, wrong.postId, wrong.why);
  const misplaced = isListed && (await wrongPlace(redis, { index, texts, tags }, latest));
  if (misplaced) return walk.fail(misplaced.offset, misplaced.postId, indexMismatch);
  const isWrong = isListed && (await hasWrongCounts(redis, { journal, index, tags, listed }, { head, corrections }));
  return isWrong ? walk.fail(head, null, countMismatch) : walk.finish();
}

/** Compares only the entries and their texts with the chain, not the indexes. `erasedOf`: the last erased revision of a post. */
export async function chainFault(
  redis: Redis,
  channelId: string,
  { erasedOf, record }: { erasedOf: (postId: string) => number; record: ChannelRecord | undefined },
): Promise<Fault | undefined> {
  const [journal = '', , , index = '', texts = '', labels = ''] = channelKeys(channelId);
  let walk: HistoryWalk | undefined;
  for (let from = '-'; ; ) {
    const page = await redis.xrange(journal, from, '+', 'COUNT', pageEntries);
    for (const [at, entry] of (await withTexts(redis, channelId, { texts, labels, index }, page)).entries()) {
      const [id, fields] = page[at] as Entry;
      const root = fields[1] ?? '';
      walk ??= new HistoryWalk(channelId, root, { began: beganAt(channelId, [id, fields], root), record });
      const erasedThrough = entry.postId === null ? 0 : erasedOf(entry.postId);
      const faulty = walk.take({ ...entry, erasedThrough });
      if (faulty !== undefined) return faulty.fault;
    }
    const last = page.at(-1);
    if (last === undefined || page.length < pageEntries) return walk?.finish().fault;
    from = `(${last[0]}`;
  }
}

/**
 * The offset at which the history begins, from the first entry that exists. A history that a repair began starts above 1, and the
 * check of its first entry follows from the root. For any other entry the result is 1.
 */
export function beganAt(channelId: string, [id, fields]: Entry, root: string): number {
  const { offset, content, check, ...facts } = factsIn(channelId, id, fields);
  return nextCheck(root, offset, digestOf(facts, content)) === check ? offset : 1;
}

export type Entry = [id: string, fields: string[]];

/** An entry of the stream. */
export function factsIn(channelId: string, id: string, fields: string[]) {
  const who = fields[5] as string;
  return {
    channelId,
    offset: offsetOf(id),
    type: fields[3],
    postId: who === channelSubject ? null : who,
    seq: Number(fields[7]) || 0,
    revision: Number(fields[9]),
    kind: fields[11] === '' ? null : fields[11],
    at: fields[13],
    by: fields[15],
    content: fields[19],
    check: fields[21],
    erases: fields[23] === undefined ? null : Number(fields[23]),
  } as Facts & { offset: number; seq: number; content: string; check: string };
}

/** Reads the texts before the index, so that an erasure in between is visible in the index. */
async function withTexts(
  redis: Redis,
  channelId: string,
  { texts, labels, index }: { texts: string; labels: string; index: string },
  page: Entry[],
): Promise<(WalkedEntry & { seq: number })[]> {
  const places = page.map(([, fields]) => `${fields[5]}:${fields[9]}`);
  const written = await redis.hmget(texts, ...places);
  const labelled = await redis.hmget(labels, ...places);
  const lines = await redis.hmget(index, ...page.map(([, fields]) => fields[5] as string));
  return page.map(([id, fields], at) => {
    const who = fields[5] as string;
    const [text, label] = [written[at], labelled[at]];
    const facts = factsIn(channelId, id, fields);
    const read = text && label ? { ...readLabel(label), state: stateIn(text), html: htmlIn(text) } : undefined;
    return { ...facts, text: read, shown: read, erasedThrough: who === channelSubject ? 0 : erasedIn(lines[at]) };
  });
}

/** The last erased revision in a post's line of the index. */
export function erasedIn(line: string | null | undefined): number {
  return Number(line?.split(' ')[3] ?? 0);
}

/** Compares the indexes with the journal, except for what was written since the walk began. */
async function wrongIndex(
  redis: Redis,
  { journal, changes, posts, index }: Record<'journal' | 'changes' | 'posts' | 'index', string>,
  { latest, head, began }: { latest: Map<string, Latest>; head: number; began: number },
): Promise<{ offset: number; postId: string | null; why: string } | undefined> {
  const why = 'the state differs from the last entry';
  const all = [...latest];
  let highest = head;
  for (let at = 0; at < all.length; at += pageLines) {
    const some = all.slice(at, at + pageLines);
    const names = some.map(([who]) => who);
    const lines = await redis.hmget(index, ...names);
    const changed = await Promise.all(names.map((who) => redis.zscore(changes, who)));
    const seqs = await Promise.all(names.map((who) => redis.zscore(posts, who)));
    for (const [number, [who, expected]] of some.entries()) {
      const [revision = 0, last = 0, third, erased = 0] = (lines[number] ?? '').split(' ').map(Number);
      highest = Math.max(highest, last);
      // Skip what changed since the walk began. The scores were read after the index, so they show every such change.
      if (last > head || Number(changed[number]) > head) continue;
      const postId = who === channelSubject ? null : who;
      const agrees =
        revision === expected.revision &&
        last === expected.offset &&
        Number(changed[number]) === expected.offset &&
        // An erasure never includes the current revision.
        (postId === null || (third === expected.seq && Number(seqs[number]) === expected.seq && erased < revision));
      if (!agrees) return { offset: expected.offset, postId, why };
    }
  }
  const [lines, members] = [await redis.hlen(index), await redis.zcard(posts)];
  if (lines !== all.length || members !== all.length - 1) {
    // Either the channel was written to during the walk, or the index has a line that no entry explains. This is rare, so examine
    // all lines.
    for await (const [who, line] of linesOf(redis, index)) {
      const [, last = 0, seq = 0] = line.split(' ').map(Number);
      highest = Math.max(highest, last);
      if (latest.has(who) || last > head || (who !== channelSubject && seq < began)) continue;
      return { offset: last, postId: who === channelSubject ? null : who, why: 'the index has it, but the journal does not' };
    }
  }
  const [last] = await redis.xrevrange(journal, '+', '-', 'COUNT', 1);
  const end = last === undefined ? 0 : offsetOf(last[0]);
  return highest > end ? { offset: end + 1, postId: null, why: 'the entry is missing' } : undefined;
}

/**
 * Compares the index and the tags with the texts. Skips the channel or a post if its line in the index changed in the meantime.
 * Returns the last entry of the first one that differs.
 */
async function wrongPlace(
  redis: Redis,
  { index, texts, tags }: Record<'index' | 'texts' | 'tags', string>,
  latest: Map<string, Latest>,
): Promise<{ offset: number; postId: string | null } | undefined> {
  const salt = saltIn(await redis.hget(index, channelSubject));
  const all = [...latest];
  for (let at = 0; at < all.length; at += pageLines) {
    const some = all.slice(at, at + pageLines);
    const lines = await redis.hmget(index, ...some.map(([who]) => who));
    const written = await redis.hmget(texts, ...some.map(([who, { revision }]) => `${who}:${revision}`));
    for (const [nth, [who, { offset, seq }]] of some.entries()) {
      const [line, text] = [lines[nth], written[nth]];
      if (!line || !text) continue;
      const { facts, places } = findingOf(who, stateIn(text), seq, salt);
      const [, last, third, fourth, fifth, sixth = ''] = line.split(' ');
      const actual = who === channelSubject ? [third, fourth, fifth, sixth] : [fifth, ...sixth.split(',').sort()];
      const found = await scoresOf(redis, tags, places);
      if (Number(last) !== offset || (actual.join(' ') === facts.join(' ') && !found.includes(null))) continue;
      if ((await redis.hget(index, who)) === line) return { offset, postId: who === channelSubject ? null : who };
    }
  }
  return undefined;
}

/**
 * Compares the counts, which are the sizes of indexes, with the entries and the lines of the index, which were compared with the
 * texts before. Skipped if somebody wrote meanwhile.
 */
async function hasWrongCounts(
  redis: Redis,
  { journal, index, tags, listed }: Record<'journal' | 'index' | 'tags' | 'listed', string>,
  { head, corrections }: { head: number; corrections: number },
): Promise<boolean> {
  const salt = saltIn(await redis.hget(index, channelSubject));
  const marks = countedTags.map((tag) => storedTag(tag, salt));
  const posts = marks.map(() => new Set<string>());
  for await (const [who, line] of linesOf(redis, index)) {
    const own = who === channelSubject ? [] : (line.split(' ')[5] ?? '').split(',');
    for (const [at, mark] of marks.entries()) if (own.includes(mark)) posts[at]?.add(who);
  }
  const tagged = await Promise.all(marks.map((mark) => redis.zlexcount(tags, `[${mark}`, `(${mark}~`)));
  const differs = [await redis.zcard(listed), ...tagged].join(' ') !== [corrections, ...posts.map(({ size }) => size)].join(' ');
  const [last] = await redis.xrevrange(journal, '+', '-', 'COUNT', 1);
  return differs && last !== undefined && offsetOf(last[0]) === head;
}

function saltIn(line: string | null): string {
  return line?.split(' ')[7] ?? '';
}

/** The scores of members, or null for a missing member. */
function scoresOf(redis: Redis, key: string, members: string[]): Promise<(string | null)[]> {
  return Promise.all(members.map((member) => redis.zscore(key, member)));
}

/**
 * The facts that the index must contain for this state, and the members that the tags must contain for the post. See
 * `lua/shared.lua`.
 */
function findingOf(who: string, state: string, seq: number, salt: string): { facts: string[]; places: string[] } {
  if (who === channelSubject) {
    const { state: phase, access, createdAt, pinnedPostId } = channelFrom(state);
    return { facts: [phase, access, String(Date.parse(createdAt)), pinnedPostId ?? '-'], places: [] };
  }
  const post = JSON.parse(state) as AuthorPost;
  const marks = tagsOf(post).map((tag) => storedTag(tag, salt));
  return { facts: [post.publishedAt, ...marks.sort()], places: marks.map((mark) => placeOfTag(mark, seq)) };
}

function offsetOf(id: string): number {
  return Number.parseInt(id, 10);
}

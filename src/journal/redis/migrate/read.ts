import type { Redis } from 'ioredis';
import type { Channel } from '../../../protocol/model.ts';
import { JournalRefused } from '../../engine.ts';
import type { Text } from '../../entry-record.ts';
import type { ChainHead, MovedEntry, MovedServerEntry, RequestRecord, StateRecord } from '../../migrate/movable-store.ts';
import { channelSubject, htmlIn, isDamaged, noted, readLabel, serverEntryIn, stateIn } from '../codec.ts';
import { allKeys, channelKeys, owedName, partsOfKey, registry, requestKey } from '../keys.ts';
import { redisLimits } from '../redis-limits.ts';
import { run, type Scripts } from '../scripts.ts';
import { type Entry, erasedIn, factsIn } from '../verify.ts';

/** Reads what a migration moves, in small commands, while servers may write. */
const { migratedEntries, migratedKeys, verifyLines: pageLines } = redisLimits;

async function* keysIn(redis: Redis): AsyncGenerator<{ of: string; name: string }> {
  const seen = new Set<string>();
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', allKeys, 'COUNT', migratedKeys);
    for (const key of keys) {
      const parts = partsOfKey(key);
      if (parts === undefined || seen.has(key)) continue;
      seen.add(key);
      yield parts;
    }
    cursor = next;
  } while (cursor !== '0');
}

/** Keys without which a channel is damaged, or which nothing but a channel has. */
const ownKeys: ReadonlySet<string> = new Set(['journal', 'changes', 'posts', 'index', 'texts', 'labels', 'tags', 'listed']);

/** The channels of which a key exists, whether the list of channels has them or not. */
export async function* channelIdsIn(redis: Redis): AsyncGenerator<string> {
  const seen = new Set<string>();
  for await (const { of, name } of keysIn(redis)) {
    if (!ownKeys.has(name) || seen.has(of)) continue;
    seen.add(of);
    yield of;
  }
}

/** Undefined: there is no such channel. Throws `JournalRefused` if its keys contradict each other. */
export async function headIn(redis: Redis, scripts: Scripts, channelId: string): Promise<ChainHead | undefined> {
  const keys = channelKeys(channelId);
  const reply = await run(redis, scripts.head, keys, []);
  if (isDamaged(reply)) {
    if ((await redis.exists(keys[9] as string)) === 1) return undefined;
    throw new JournalRefused(
      `The channel ${channelId} is damaged: its keys in Redis contradict each other, or one is missing. Repair it, or restore a backup.`,
    );
  }
  if (!Array.isArray(reply)) return undefined;
  const [root, offset, check] = reply;
  return { root: String(root), offset: Number(offset), check: String(check) };
}

/** The keys that `loadRecords` makes for requests and reservations, in batches. */
export async function* requestKeysIn(redis: Redis): AsyncGenerator<string[]> {
  let some: string[] = [];
  for await (const { of, name } of keysIn(redis)) {
    // A channel may have the id `registry`, so only the names differ.
    if (of === 'registry' && name.startsWith('reservation:')) some.push(registry.reservation(name.slice('reservation:'.length)));
    else if (name.startsWith('request:')) some.push(requestKey(of, name.slice('request:'.length)));
    else if (name === 'requests') some.push(channelKeys(of, '')[12] as string);
    if (some.length < migratedKeys) continue;
    yield some;
    some = [];
  }
  if (some.length > 0) yield some;
}

export async function* entriesIn(redis: Redis, channelId: string, from: number): AsyncGenerator<MovedEntry[]> {
  const [journal = '', , , index = '', texts = '', labels = ''] = channelKeys(channelId);
  for (let next = from; ; ) {
    const page = await redis.xrange(journal, `${next}-0`, '+', 'COUNT', migratedEntries);
    if (page.length === 0) return;
    const places = page.map(([, fields]) => `${fields[5]}:${fields[9]}`);
    // Texts before the index, so that an erasure in between is visible in the index.
    const written = await redis.hmget(texts, ...places);
    const labelled = await redis.hmget(labels, ...places);
    const lines = await redis.hmget(index, ...page.map(([, fields]) => fields[5] as string));
    const entries = page.map((entry, at) =>
      movedEntry(channelId, entry, { text: written[at], label: labelled[at], line: lines[at] }),
    );
    const isWhole =
      lines.every((line) => line !== null) &&
      entries.every(({ text, facts, erasedThrough }) => text || facts.revision <= erasedThrough);
    // What is missing is not damage if the channel was deleted in the meantime.
    if (!isWhole && (await redis.exists(journal)) === 0) return;
    const lacking = page[lines.indexOf(null)];
    if (lacking !== undefined) {
      const at = Number.parseInt(lacking[0], 10);
      throw new JournalRefused(`The channel ${channelId} is damaged at offset ${at}: the index lacks ${lacking[1][5]}.`);
    }
    yield entries;
    next = Number.parseInt((page.at(-1) as Entry)[0], 10) + 1;
  }
}

interface Read {
  text: string | null | undefined;
  label: string | null | undefined;
  line: string | null | undefined;
}

function movedEntry(channelId: string, [id, fields]: Entry, { text, label, line }: Read): MovedEntry {
  const { offset, seq, content, check, ...facts } = factsIn(channelId, id, fields);
  const isOwn = facts.postId === null;
  const erasedThrough = isOwn ? 0 : erasedIn(line);
  const isErased = facts.revision <= erasedThrough;
  return {
    facts,
    ...{ offset, content, check, erasedThrough },
    seq: isOwn ? null : seq,
    // The list of corrections is made from this.
    listed: fields[17] === '1',
    text: text && label && !isErased ? textIn(text, label) : null,
    publishedAt: isOwn ? null : (line?.split(' ')[4] ?? null),
  };
}

function textIn(text: string, label: string): Text {
  const [bytes = 0, bodyBytes = 0] = label.split(' ', 2).map(Number);
  return { ...readLabel(label), bytes, bodyBytes, state: stateIn(text), html: htmlIn(text) };
}

export async function* serverEntriesIn(redis: Redis, from: number): AsyncGenerator<MovedServerEntry[]> {
  for (let next = from; ; ) {
    const page = await redis.xrange(registry.server, `${next}-0`, '+', 'COUNT', pageLines);
    const last = page.at(-1);
    if (last === undefined) return;
    yield page.map((line) => {
      const { root, entry } = serverEntryIn(line);
      return { root, ...entry };
    });
    next = Number.parseInt(last[0], 10) + 1;
  }
}

export async function* recordsIn(redis: Redis): AsyncGenerator<StateRecord[]> {
  const clock = Number((await redis.get(registry.requestClock)) ?? 0);
  yield [{ kind: 'clock', at: clock }];
  const deleted: string[] = [];
  const pending: string[] = [];
  const requests: { channelId: string; id: string }[] = [];
  const reservations: string[] = [];
  for await (const { of, name } of keysIn(redis)) {
    if (name === 'deleted') deleted.push(of);
    else if (name === owedName(of)) pending.push(of);
    else if (name.startsWith('request:')) requests.push({ channelId: of, id: name.slice('request:'.length) });
    else if (of === 'registry' && name.startsWith('reservation:')) reservations.push(name.slice('reservation:'.length));
  }
  const isDeleted = new Set(deleted);
  yield* inPages(deleted, async (channelId): Promise<StateRecord[]> => {
    const access = await redis.get(channelKeys(channelId)[9] as string);
    return access === null ? [] : [{ kind: 'deleted', channelId, access: access as Channel['access'] }];
  });
  yield* inPages(pending, async (channelId): Promise<StateRecord[]> => {
    const who = await redis.zrange(channelKeys(channelId)[8] as string, 0, '-1');
    return who.map((id) => ({ kind: 'pending', channelId, postId: id === channelSubject ? null : id }));
  });
  // Read once for each channel.
  const secrets = new Map<string, Promise<string | null>>();
  yield* inPages(requests, async ({ channelId, id }): Promise<StateRecord[]> => {
    const keys = channelKeys(channelId, id);
    const secret = secrets.get(channelId) ?? redis.get(keys[10] as string);
    secrets.set(channelId, secret);
    const [line, since] = await Promise.all([redis.get(requestKey(channelId, id)), redis.zscore(keys[12] as string, id)]);
    // Without a time it has a TTL, and has expired if it is gone.
    if (line === null) return [];
    const facts = { channelId, id, made: since === null ? clock : Number(since) };
    return [requestIn(line, facts, { secret: await secret, isDeleted: isDeleted.has(channelId) })];
  });
  yield* inPages(reservations, async (requestId): Promise<StateRecord[]> => {
    const [line, since] = await Promise.all([
      redis.get(registry.reservation(requestId)),
      redis.zscore(registry.reservations, requestId),
    ]);
    if (line === null) return [];
    const made = since === null ? clock : Number(since);
    return [{ kind: 'reservation', requestId, channelId: line.slice(line.indexOf(' ') + 1), made }];
  });
  const revoked = await redis.zrange(registry.revoked, 0, '-1', 'WITHSCORES');
  yield Array.from({ length: revoked.length / 2 }, (_, at) => {
    const until = revoked[2 * at + 1] as string;
    return { kind: 'revoked', jti: revoked[2 * at] as string, until: until === 'inf' ? null : Number(until) };
  });
  yield (await redis.zrange(registry.ended, 0, '-1')).map((line) => ({ kind: 'ended', line }));
  const key = await redis.get(registry.sessionKey);
  if (key !== null) yield [{ kind: 'sessionKey', key }];
}

/** See `requestKey` in `keys.ts`. */
function requestIn(
  line: string,
  facts: Pick<RequestRecord, 'channelId' | 'id' | 'made'>,
  { secret, isDeleted }: { secret: string | null; isDeleted: boolean },
): RequestRecord {
  const [, fingerprint = '', who = channelSubject, revision = '0', offset = '0', epoch = '-', check = '', own = '-'] =
    line.split(' ');
  const saltOf = (): RequestRecord['salt'] => {
    if (own === '-') return isDeleted ? null : 'revision';
    if (!own.startsWith(noted)) return { own, seal: null };
    return secret === null ? null : { own: own.slice(noted.length), seal: secret };
  };
  return {
    kind: 'request',
    ...facts,
    fingerprint,
    salt: saltOf(),
    postId: who === channelSubject ? null : who,
    revision: Number(revision),
    position: epoch === '-' ? null : { epoch, offset: Number(offset), check },
  };
}

async function* inPages<T>(all: readonly T[], read: (one: T) => Promise<StateRecord[]>): AsyncGenerator<StateRecord[]> {
  for (let at = 0; at < all.length; at += migratedKeys)
    yield (await Promise.all(all.slice(at, at + migratedKeys).map(read))).flat();
}

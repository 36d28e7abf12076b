import type { Redis } from 'ioredis';
import type { AuthorPost, Channel } from '../../protocol/model.ts';
import type { Log } from '../announcer.ts';
import { newRoot } from '../chain.ts';
import type { Renderer } from '../engine.ts';
import { channelFrom, postFrom, prepare } from '../record.ts';
import { tagsOf } from '../tags.ts';
import { hashed, labelOf, own, readLabel, stateIn, textOf } from './codec.ts';
import type { Connection } from './connection.ts';
import { channelKeys } from './keys.ts';

/** Who began a history anew. No token has this name: those of tokens are `sub`s of people and programs. */
const mender = 'pressbox:mend';
/** Read at once from what may be large. */
const page = 200;

/** What is known of a post or of the channel, from the journal or from the index. */
interface Known {
  revision: number;
  last: number;
  seq: number;
  erased: number;
}

interface Remains {
  /** Of the journal; 0 where it is not there. */
  last: number;
  /** The highest offset of a change. */
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

/**
 * Makes a channel whole again of which keys were lost or put back from another time. Where the journal is whole, all else is made from
 * it. Where it is not, or a text is missing that should be there, a history begins anew, above every offset that was ever given out, so
 * that every cursor from before is foreign. Where the channel's own text is lost nothing can be shown: it is gone.
 */
export class Mender {
  readonly #connection: Connection;
  readonly #renderer: Renderer;
  readonly #now: () => number;
  readonly #log: Log;
  readonly #running = new Map<string, Promise<void>>();

  constructor(connection: Connection, renderer: Renderer, now: () => number, log: Log) {
    this.#connection = connection;
    this.#renderer = renderer;
    this.#now = now;
    this.#log = log;
  }

  /** Those who find it at the same time wait for the same. */
  mend(channelId: string): Promise<void> {
    const running = this.#running.get(channelId) ?? this.#mend(channelId).finally(() => this.#running.delete(channelId));
    this.#running.set(channelId, running);
    return running;
  }

  async #mend(channelId: string): Promise<void> {
    const keys = channelKeys(channelId);
    const remains = await this.#connection.ask((redis) => gather(redis, keys));
    const { last, top } = remains;
    const fromJournal = remains.isWhole && last >= top && last > 0;
    const known = fromJournal || remains.index.size === 0 ? remains.journal : remains.index;
    const texts = await this.#texts(keys, known, remains.places);
    const ownText = texts.get(own);
    const ownKnown = known.get(own);
    if (ownText === undefined || ownKnown === undefined) return this.#apply(channelId, 'gone', [last, top, 'gone', newRoot()]);

    const posts: [Known, AuthorPost][] = [];
    for (const [id, facts] of known) {
      const text = id === own ? undefined : texts.get(id);
      if (text !== undefined) posts.push([facts, postFrom(text, facts.seq, this.#renderer)]);
    }
    const isComplete = posts.length === known.size - 1;
    const how = fromJournal && isComplete ? 'derived' : 'anew';
    const kept = new Set([own, ...posts.map(([, { id }]) => id)]);
    const strays = [...remains.torn, ...[...remains.places].filter((place) => !kept.has(place.slice(0, place.lastIndexOf(':'))))];

    const channel = channelFrom(ownText.state);
    const highest = known.values().reduce((most, facts) => Math.max(most, facts.last, facts.seq), Math.max(last, top));
    const began = how === 'anew' ? { ...channel, revision: ownKnown.revision + 1 } : channel;
    const listed = how === 'anew' ? [] : remains.listed;
    const [newest] = posts.toSorted(([a], [b]) => b.seq - a.seq);
    return this.#apply(channelId, how, [
      last,
      top,
      how,
      newRoot(),
      strays.length,
      ...strays,
      listed.length,
      ...listed,
      ...[began.state, began.access, Date.parse(began.createdAt), began.pinnedPostId ?? '-', newest?.[1].publishedAt ?? '-'],
      ...[began.revision, how === 'anew' ? highest + 1 : ownKnown.last],
      posts.length,
      ...posts.flatMap(([{ revision, last: changed, seq, erased }, post]) => {
        const marks = tagsOf(post).map(hashed);
        return [post.id, revision, changed, seq, erased, post.publishedAt, marks.length, ...marks];
      }),
      ...(how === 'anew' ? this.#firstEntry(channelId, began, highest + 1) : []),
    ]);
  }

  #firstEntry(channelId: string, channel: Channel, offset: number): (string | number)[] {
    const at = new Date(this.#now()).toISOString();
    const entry = { type: 'channel.changed', at, by: mender, kind: null, listed: false, channel } as const;
    const { facts, content, digest, text } = prepare(channelId, entry, this.#renderer.version);
    return [newRoot(), offset, digest, facts.at, facts.by, content, labelOf(text), textOf(text)];
  }

  async #apply(channelId: string, how: string, args: (string | number)[]): Promise<void> {
    const answer = await this.#connection.run('mend', channelKeys(channelId), args);
    if (answer === 'mended')
      this.#log.error({ channel: channelId, how }, 'a channel in Redis contradicted itself and was mended');
  }

  /** The latest texts of those that have one. */
  async #texts(keys: string[], known: Map<string, Known>, places: Set<string>) {
    const [, , , , texts, labels] = keys as [string, string, string, string, string, string];
    const found = new Map<string, { state: string; html: string; version: string }>();
    const wanted = [...known]
      .map(([who, { revision }]) => [who, `${who}:${revision}`] as const)
      .filter(([, place]) => places.has(place));
    for (let at = 0; at < wanted.length; at += page) {
      const some = wanted.slice(at, at + page);
      const [written, labelled] = await this.#connection.ask((redis) =>
        Promise.all([
          redis.hmget(texts, ...some.map(([, place]) => place)),
          redis.hmget(labels, ...some.map(([, place]) => place)),
        ]),
      );
      for (const [number, [who]] of some.entries()) {
        const [text, label] = [written[number], labelled[number]];
        if (!text || !label) continue;
        const state = stateIn(text);
        found.set(who, { state, html: text.slice(state.length + 1), version: readLabel(label).version });
      }
    }
    return found;
  }
}

async function gather(redis: Redis, keys: string[]): Promise<Remains> {
  const [journal, changes, , index, texts, labels] = keys as [string, string, string, string, string, string];
  const [, top = '0'] = await redis.zrevrange(changes, 0, 0, 'WITHSCORES');
  const remains: Remains = {
    last: 0,
    top: Number(top),
    isWhole: true,
    journal: new Map(),
    index: new Map(),
    listed: [],
    places: new Set(),
    torn: [],
  };
  for (const [who, line] of Object.entries(await redis.hgetall(index))) {
    const [revision, last, third, erased] = line.split(' ').map(Number) as [number, number, number, number];
    remains.index.set(who, who === own ? { revision, last, seq: 0, erased: 0 } : { revision, last, seq: third, erased });
  }
  await gatherJournal(redis, journal, remains);
  const [written, labelled] = [new Set(await redis.hkeys(texts)), new Set(await redis.hkeys(labels))];
  for (const place of new Set([...written, ...labelled])) {
    if (written.has(place) && labelled.has(place)) remains.places.add(place);
    else remains.torn.push(place);
  }
  return remains;
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

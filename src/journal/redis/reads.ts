import { setTimeout as pause } from 'node:timers/promises';
import type { Position } from '../../protocol/cursor.ts';
import type { AuthorPost, ChangeKind, Channel, Correction, ListedChannel } from '../../protocol/model.ts';
import { readerView } from '../../protocol/model.ts';
import { matches } from '../../protocol/rights.ts';
import { limits } from '../../protocol/wire-limits.ts';
import type { Bounds, ChannelRead, ChannelsQuery, Journal, PostsQuery, Renderer, StoredSnapshot } from '../engine.ts';
import {
  channelFrom,
  exportedEntry,
  journalLine,
  noteOfRevision,
  postFrom,
  replayFrom,
  type StoredEntry,
  type StoredFacts,
} from '../entry-record.ts';
import { epochOf, positionAt } from '../hash-chain.ts';
import { tags } from '../post-tags.ts';
import { channelSubject, countedTagHashes, hashed, ReplyReader, readLabel, stateIn } from './codec.ts';
import type { Connection } from './connection/connection.ts';
import { channelKeys, registry } from './keys.ts';
import { redisLimits } from './redis-limits.ts';
import type { Operation, Reply } from './scripts.ts';
import { SharedReads } from './shared-reads.ts';

/** Runs a script on a channel. Null: there is no such channel, or the requested item does not exist. */
export type AskChannel = (operation: Operation, channelId: string, args?: readonly (string | number)[]) => Promise<Reply>;

const { lookedPosts } = redisLimits;

type JournalReads = Pick<
  Journal,
  | 'channel'
  | 'channels'
  | 'catchUp'
  | 'snapshot'
  | 'post'
  | 'posts'
  | 'revisions'
  | 'corrections'
  | 'journal'
  | 'entries'
  | 'heads'
>;

type WithoutCounts<R> = R extends { counts: unknown } ? Omit<R, 'counts'> : R;

/** The fields that decide whether a channel is listed. */
interface ChannelSummary extends Pick<Channel, 'state' | 'access'> {
  createdMs: number;
}

/** Whether the channel at a place of the registry is listed. */
type Listing = (place: string, summary: ChannelSummary) => boolean;

export interface ReadsParts {
  ask: AskChannel;
  /** Reads a channel. Returns the reply of the script even if the channel is damaged. */
  askForList: (channelId: string) => Promise<Reply>;
  /** Reads the head of a channel. Returns the reply of the script even if the channel is damaged. */
  askForHead: (channelId: string) => Promise<Reply>;
  /** A connection for lists only, so that no other command waits behind them. */
  lists: Connection;
  renderer: Renderer;
}

/** The reads. Each runs one script, so it is consistent as of one position. Queries for posts with several tags may run more. */
export class Reads implements JournalReads {
  readonly #ask: AskChannel;
  readonly #askForList: ReadsParts['askForList'];
  readonly #askForHead: ReadsParts['askForHead'];
  readonly #lists: Connection;
  readonly #listReads = new SharedReads({ most: redisLimits.listsRead, waitingMost: redisLimits.listsWaiting });
  readonly #renderer: Renderer;

  constructor({ ask, askForList, askForHead, lists, renderer }: ReadsParts) {
    this.#ask = ask;
    this.#askForList = askForList;
    this.#askForHead = askForHead;
    this.#lists = lists;
    this.#renderer = renderer;
  }

  async channel(channelId: string, seesDesk = true): Promise<ChannelRead> {
    const values = new ReplyReader(await this.#ask('channel', channelId, [seesDesk ? 'desk' : '', ...countedTagHashes]));
    const read = channelIn(values);
    return read.status === 'found' ? { ...read, counts: values.counts() } : read;
  }

  channels(query: ChannelsQuery) {
    const { state, limit, page, desk } = query;
    return this.#listReads.share(JSON.stringify([state, limit, page, desk]), () => this.#readChannels(query));
  }

  async #readChannels({ state, limit, page, desk }: ChannelsQuery) {
    const start = page === undefined ? ['9007199254740991', ''] : /^(-?\d{1,15})\.([a-z0-9-]{1,96})$/.exec(page)?.slice(1);
    if (start === undefined) return undefined;
    // An attempt to create a channel with a taken id leaves a second place, which does not fit the date of the channel.
    const isListed: Listing = (place, summary) =>
      registered(summary.createdMs, idAt(place)) === place &&
      (state === undefined || summary.state === state) &&
      (summary.access !== 'desk' || matches(desk, idAt(place)));
    const channels: ListedChannel[] = [];
    let complete = true;
    const few = Math.max(redisLimits.listedChannels, limit + 1);
    let below = page === undefined ? '+' : `(${registered(Number(start[0]), start[1] as string)}`;
    for (let chunk = few; ; chunk = Math.min(2 * chunk, redisLimits.askedChannels)) {
      const began = performance.now();
      const places = await this.#lists.ask((redis) =>
        redis.zrange(registry.channels, below, '-', 'BYLEX', 'REV', 'LIMIT', 0, chunk),
      );
      // Nearly all of the newest channels are listed, so their summaries would save no reads.
      const likely = chunk === few && state === undefined ? places : await this.#likely(places, isListed);
      for (let at = 0; at < likely.length; at += few) {
        const some = likely.slice(at, at + few);
        const answers = await Promise.all(some.map((place) => this.#askForList(idAt(place))));
        for (const [number, answer] of answers.entries()) {
          // The index of a damaged channel may be outdated, including who may see it.
          if (isDamaged(answer)) complete = false;
          const read = isDamaged(answer) ? undefined : channelIn(new ReplyReader(answer));
          if (read?.status === 'deleted') this.#forget(some[number] as string);
          if (read?.status !== 'found') continue;
          const { channel } = read;
          if (!isListed(some[number] as string, { ...channel, createdMs: Date.parse(channel.createdAt) })) continue;
          const last = channels.at(-1);
          if (channels.length === limit && last) return { channels, next: `${Date.parse(last.createdAt)}.${last.id}`, complete };
          channels.push(channel);
        }
      }
      const last = places.at(-1);
      if (last === undefined || places.length < chunk) return { channels, next: null, complete };
      below = `(${last}`;
      // A list takes at most half of the time of Redis and of this process.
      await pause(performance.now() - began);
    }
  }

  /**
   * Removes the place of a deleted channel, because every list would read the channel again. No other channel can get this place.
   * If the removal fails, the next list repeats it.
   */
  #forget(place: string): void {
    this.#lists.ask((redis) => redis.zrem(registry.channels, place)).catch(() => undefined);
  }

  /** The places whose channels must be read: those that their summary does not exclude. */
  async #likely(places: readonly string[], isListed: Listing): Promise<string[]> {
    const summaries = await Promise.all(places.map((place) => this.#summary(idAt(place))));
    return places.filter((place, number) => {
      const summary = summaries[number];
      return summary === undefined || isListed(place, summary);
    });
  }

  /** Undefined if the channel itself must be read. */
  async #summary(channelId: string): Promise<ChannelSummary | undefined> {
    const [journal, changes, , index] = channelKeys(channelId) as [string, string, string, string];
    const answer = await this.#lists.run('channel-summary', [journal, changes, index]);
    if (answer === null) return undefined;
    const values = new ReplyReader(answer);
    return { state: values.text(), access: values.text(), createdMs: values.number() } as ChannelSummary;
  }

  async catchUp(channelId: string, { epoch, offset, check }: Position, { limit, bytes }: Bounds) {
    const answer = await this.#ask('catch-up', channelId, [epoch, offset, check, limit, bytes, ...countedTagHashes]);
    if (answer === null) return undefined;
    const values = new ReplyReader(answer);
    if (values.text() === 'foreign') return { status: 'foreign' as const };
    const to = values.position();
    const more = values.flag();
    const atHead = values.counts();
    const entries = values.rest(() => {
      const facts = { offset: values.number(), check: values.text(), type: values.text(), at: values.text() };
      const seq = Number(values.text()) || null;
      return { ...facts, seq, ...values.stored() } as StoredEntry;
    });
    return replayFrom(entries, { to, counts: more ? undefined : atHead, more }, this.#renderer);
  }

  async snapshot(channelId: string, { limit, bytes }: Bounds): Promise<StoredSnapshot | undefined> {
    const onTop = [limits.snapshotKeyEvents, ...countedTagHashes, hashed(tags.published('summary'))];
    const answer = await this.#ask('posts', channelId, [
      ...range('down', {}),
      limit,
      bytes,
      'readers',
      0,
      lookedPosts,
      0,
      ...onTop,
    ]);
    if (answer === null) return undefined;
    const values = new ReplyReader(answer);
    const page = this.#page(values);
    const { position, more } = page;
    const posts = page.posts.map(readerView);
    const counts = values.counts();
    const channel = channelFrom(stateIn(values.text()));
    const one = () => this.#posts(values, values.number()).map(readerView)[0] ?? null;
    const [pinned, summary] = [one(), one()];
    const keyEvents = values.rest(() => {
      const [id, seq, publishedAt] = [values.text(), values.number(), values.text()];
      // Every engine returns the fields in this order, because a client compares the result byte for byte.
      return { id, seq, headline: readLabel(values.text()).headline ?? '', publishedAt };
    });
    return { position, channel, counts, posts, pinned, summary, keyEvents, more };
  }

  async post(channelId: string, postId: string) {
    const answer = await this.#ask('post', channelId, [postId]);
    if (answer === null) return undefined;
    const values = new ReplyReader(answer);
    const position = values.position();
    const [post] = this.#posts(values, 1);
    return { post: post as AuthorPost, position };
  }

  /**
   * If few posts have all the tags, a page examines many posts, in several scripts. The result has the position of the first
   * script: later changes are in the entries after that position.
   */
  async posts(
    channelId: string,
    query: PostsQuery,
  ): Promise<{ posts: AuthorPost[]; position: Position; more: boolean } | undefined> {
    const direction = query.after !== undefined && query.before === undefined ? 'up' : 'down';
    const wanted = (query.tags ?? []).map(hashed);
    const posts: AuthorPost[] = [];
    let position: Position | undefined;
    let { after, before, bytes } = query;
    for (;;) {
      const bounds = [...range(direction, { after, before }), query.limit, bytes, 'authors', posts.length, lookedPosts];
      const answer = await this.#ask('posts', channelId, [...bounds, wanted.length, ...wanted]);
      if (answer === null) return undefined;
      const part = this.#page(new ReplyReader(answer));
      position ??= part.position;
      // The history was replaced in the meantime: start over.
      if (part.position.epoch !== position.epoch) return await this.posts(channelId, query);
      posts.push(...part.posts);
      if (part.reached === undefined) return { posts: direction === 'up' ? posts.reverse() : posts, position, more: part.more };
      if (direction === 'up') after = part.reached;
      else before = part.reached;
      bytes = part.left;
    }
  }

  async revisions(channelId: string, postId: string, { after, limit, bytes }: { after: number } & Bounds) {
    const answer = await this.#ask('revisions', channelId, [postId, after, limit, bytes]);
    if (answer === null) return undefined;
    const values = new ReplyReader(answer);
    const more = values.flag();
    const seq = values.number();
    return { revisions: values.rest(() => postFrom(values.stored(), seq, this.#renderer)), more };
  }

  async corrections(channelId: string, { before, limit }: { before?: number; limit: number }) {
    const answer = await this.#ask('corrections', channelId, [before ?? '+inf', limit]);
    if (answer === null) return undefined;
    const values = new ReplyReader(answer);
    const position = values.position();
    const more = values.flag();
    const states = new Map<string, string>();
    const corrections = values.rest((): Correction => {
      const [offset, who, revision] = [values.number(), values.text(), values.number()];
      const [kind, at] = [values.text() as ChangeKind, values.text()];
      const [past, current] = [values.maybe(), readLabel(values.text())];
      const text = values.maybe();
      if (text !== null) states.set(who, stateIn(text));
      const note = past === null ? noteOfRevision(states.get(who) as string, revision) : readLabel(past).note;
      return { offset, postId: who === channelSubject ? null : who, headline: current.headline, revision, kind, note, at };
    });
    return { corrections, position, more };
  }

  async journal(channelId: string, { from, limit }: { from: number; limit: number }) {
    const answer = await this.#ask('journal', channelId, [from, limit]);
    if (answer === null) return undefined;
    const values = new ReplyReader(answer);
    const more = values.flag();
    return { entries: values.rest(() => journalLine(channelId, factsIn(values))), more };
  }

  async entries(channelId: string, { from, limit, bytes }: { from: number } & Bounds) {
    const answer = await this.#ask('entries', channelId, [from, limit, bytes]);
    if (answer === null) return undefined;
    const values = new ReplyReader(answer);
    const root = values.text();
    const position = positionAt(epochOf(root), values.number(), values.text());
    const more = values.flag();
    const entries = values.rest(() => {
      const facts = factsIn(values);
      const [erased, label, text] = [values.number(), values.maybe(), values.maybe()];
      const written = { salt: label && readLabel(label).salt, state: text && stateIn(text) };
      return exportedEntry(facts, written, erased);
    });
    return { root, position, entries, more };
  }

  heads(channelIds: readonly string[]): Promise<(Position | undefined)[]> {
    return Promise.all(
      channelIds.map(async (channelId) => {
        const answer = await this.#ask('head', channelId);
        return answer === null ? undefined : new ReplyReader(answer).position();
      }),
    );
  }

  /** Like `heads`, but a damaged channel is reported as `damaged` and does not fail the call. */
  headsOrDamaged(channelIds: readonly string[]): Promise<(Position | 'damaged' | undefined)[]> {
    return Promise.all(
      channelIds.map(async (channelId) => {
        const answer = await this.#askForHead(channelId);
        if (isDamaged(answer)) return 'damaged';
        return answer === null ? undefined : new ReplyReader(answer).position();
      }),
    );
  }

  /** Parses a `posts` reply up to and including its posts. `reached`: the seq of the last examined post, if there are more. */
  #page(values: ReplyReader): {
    position: Position;
    more: boolean;
    reached: number | undefined;
    left: number;
    posts: AuthorPost[];
  } {
    const position = values.position();
    const more = values.flag();
    const reached = values.text();
    const left = values.number();
    const posts = this.#posts(values, values.number());
    return { position, more, reached: reached === '' ? undefined : Number(reached), left, posts };
  }

  #posts(values: ReplyReader, count: number): AuthorPost[] {
    return Array.from({ length: count }, () => {
      const seq = values.number();
      return postFrom(values.stored(), seq, this.#renderer);
    });
  }
}

/** Parses a `channel` reply up to its counts, which a list does not request. */
function channelIn(values: ReplyReader): WithoutCounts<ChannelRead> {
  const status = values.text();
  if (status === 'deleted') return { status, access: values.text() as Channel['access'] };
  if (status !== 'found') return { status: 'missing' };
  const position = values.position();
  const latest = values.text();
  const channel = { ...channelFrom(stateIn(values.text())), latestPostAt: latest === '-' ? null : latest };
  return { status, channel, position };
}

/** An entry in a reply: offset, type, post id or "channel", revision, kind or "", at, by, content, check, erases or "". */
function factsIn(values: ReplyReader): StoredFacts {
  const [offset, type, who, revision] = [values.number(), values.text(), values.text(), values.number()];
  const [kind, at, by, content, check] = [values.text(), values.text(), values.text(), values.text(), values.text()];
  const erases = values.number() || null;
  const postId = who === channelSubject ? null : who;
  return { offset, type, postId, revision, kind: kind === '' ? null : kind, at, by, content, check, erases } as StoredFacts;
}

function range(
  direction: 'up' | 'down',
  { after, before }: { after?: number | undefined; before?: number | undefined },
): (string | number)[] {
  return [direction, after ?? -1, before ?? Number.MAX_SAFE_INTEGER];
}

/**
 * The place of a channel in the registry: by time, then by id, in byte order. Times are shifted so that those before 1970 are
 * positive too.
 */
export function registered(createdMs: number, channelId: string): string {
  return `${String(createdMs + 1e15).padStart(16, '0')}:${channelId}`;
}

export function idAt(place: string): string {
  return place.slice(place.indexOf(':') + 1);
}

/** Whether a script reports that the keys of the channel contradict each other. */
export function isDamaged(answer: Reply): boolean {
  return Array.isArray(answer) && answer[0] === 'damaged';
}

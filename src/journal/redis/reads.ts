import type { Position } from '../../protocol/cursor.ts';
import type { AuthorPost, ChangeKind, Correction } from '../../protocol/model.ts';
import { readerView } from '../../protocol/model.ts';
import { limits } from '../../protocol/wire-limits.ts';
import type { Bounds, ChannelRead, ChannelsQuery, Journal, PostsQuery, Renderer, StoredSnapshot } from '../engine.ts';
import {
  exportedEntry,
  journalLine,
  noteOfRevision,
  postFrom,
  replayFrom,
  type StoredEntry,
  type StoredFacts,
  shownChannel,
} from '../entry-record.ts';
import { epochOf, positionAt } from '../hash-chain.ts';
import { tags } from '../post-tags.ts';
import { ChannelLists } from './channel-lists.ts';
import { channelIn, channelSubject, countedTagHashes, hashed, isDamaged, ReplyReader, readLabel, stateIn } from './codec.ts';
import type { Connection } from './connection/connection.ts';
import { redisLimits } from './redis-limits.ts';
import type { Operation, Reply } from './scripts.ts';

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

export interface ReadsParts {
  ask: AskChannel;
  /** Reads a channel. Returns the reply of the script even if the channel is damaged. */
  askForList: (channelId: string) => Promise<Reply>;
  /** Reads the head of a channel. Returns the reply of the script even if the channel is damaged. */
  askForHead: (channelId: string) => Promise<Reply>;
  /** A connection for lists only, so that no other command waits behind them. */
  lists: Connection;
  renderer: Renderer;
  indexWaitMs?: number | undefined;
}

/** The reads. Each runs one script, so it is consistent as of one position. Queries for posts with several tags may run more. */
export class Reads implements JournalReads {
  readonly #ask: AskChannel;
  readonly #askForHead: ReadsParts['askForHead'];
  readonly #channelLists: ChannelLists;
  readonly #renderer: Renderer;

  constructor({ ask, askForList, askForHead, lists, renderer, indexWaitMs }: ReadsParts) {
    this.#ask = ask;
    this.#askForHead = askForHead;
    this.#channelLists = new ChannelLists({ askForList, lists, renderer, indexWaitMs });
    this.#renderer = renderer;
  }

  async channel(channelId: string, seesDesk = true): Promise<ChannelRead> {
    const values = new ReplyReader(await this.#ask('channel', channelId, [seesDesk ? 'desk' : '', ...countedTagHashes]));
    const read = channelIn(values, this.#renderer);
    return read.status === 'found' ? { ...read, counts: values.counts() } : read;
  }

  /** See `ChannelLists.prepare`. */
  prepareLists(): Promise<void> {
    return this.#channelLists.prepare();
  }

  channels(query: ChannelsQuery) {
    return this.#channelLists.channels(query);
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
    const channel = shownChannel(stateIn(values.text()), this.#renderer);
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

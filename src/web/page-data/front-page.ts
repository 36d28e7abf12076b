import { setTimeout as pause } from 'node:timers/promises';
import { mayShowPosts } from '../../access/channel-access.ts';
import { type Credentials, principalIn } from '../../access/identity.ts';
import { type ChannelsQuery, listChannels } from '../../api/read-routes.ts';
import type { Engine } from '../../journal/engine.ts';
import { liveLimits } from '../../live/live-limits.ts';
import { isSamePosition, type Position } from '../../protocol/cursor.ts';
import { type Channel, type ChannelState, isWithdrawn, type ListedChannel } from '../../protocol/model.ts';
import { limits } from '../../protocol/wire-limits.ts';
import type { ChannelStreams } from '../../streams/channel-streams.ts';

/**
 * The list of channels at `/`: live channels with their newest headlines, scheduled channels, and channels that have ended.
 *
 * Headlines are text of posts, so they are read and sent under the rules for posts. They are kept in memory by the head of their
 * channel: a channel without a new entry costs no read, and a takedown, which is an entry, makes them invalid on every node. On an
 * erasure the process also drops what it keeps of the channel. Anonymous requests share a read that has not begun, so a crowd
 * costs a few reads a second, and no request gets what was read before it arrived.
 */
export interface FrontPage {
  /** Missing: the page does not have this section. */
  live?: Section<LiveListing>;
  scheduled?: Section<ListedChannel>;
  ended?: Section<ListedChannel>;
  /** False if channels may be missing. */
  complete: boolean;
  /** Whether this is the first page, with all sections. */
  isFirst: boolean;
}

export interface Section<C> {
  channels: readonly C[];
  /** The `page` parameter of the next page, or null at the end. */
  next: string | null;
}

export interface LiveListing extends ListedChannel {
  /** The newest first. Empty if the reader may not read the posts. */
  headlines: readonly Headline[];
}

export interface Headline {
  postId: string;
  text: string;
}

/** The headlines of a channel, kept with the position and the state of the channel that they were read at. */
interface KeptHeadlines {
  position: Position;
  channel: Channel;
  headlines: readonly Headline[];
}

export interface FrontPagesContext {
  engine: Engine;
  streams: ChannelStreams;
}

export class FrontPages {
  readonly #engine: Engine;
  readonly #streams: ChannelStreams;
  /** By channel id, the least recently read first. */
  readonly #kept = new Map<string, KeptHeadlines>();
  readonly #rendered = new WeakMap<FrontPage, Map<string, readonly Buffer[]>>();
  /** The read of the first page for anonymous readers that has not begun. */
  #waiting: Promise<FrontPage> | undefined;
  /** Settles when the last read that has begun ends. It does not hold the page, whose headlines may be erased later. */
  #reading: Promise<undefined> | undefined;
  #begunAt = Number.NEGATIVE_INFINITY;

  constructor({ engine, streams }: FrontPagesContext) {
    this.#engine = engine;
    this.#streams = streams;
    engine.onErased((channelId) => this.#kept.delete(channelId));
  }

  /** Throws a `Refusal` if `page` is not the `next` of an earlier page. */
  read(who: Credentials, query: ChannelsQuery): Promise<FrontPage> {
    const isShared = who === undefined && isFirstPage(query) && query.limit === limits.pageDefault;
    return this.#streams.guarded(() => (isShared ? this.#shared() : this.#read(who, query)));
  }

  /**
   * The page that `render` makes, shared with other requests that got the same read and have this key. In one piece, so that its
   * digest is computed once too.
   */
  rendered(front: FrontPage, key: string, render: () => string): readonly Buffer[] {
    const pages = this.#rendered.get(front) ?? new Map<string, readonly Buffer[]>();
    this.#rendered.set(front, pages);
    const page = pages.get(key) ?? [Buffer.from(render())];
    pages.set(key, page);
    return page;
  }

  #shared(): Promise<FrontPage> {
    this.#waiting ??= this.#readInTurn();
    return this.#waiting;
  }

  /** Waits for the read that is under way, and until the next one is due. */
  async #readInTurn(): Promise<FrontPage> {
    await this.#reading;
    const waitMs = this.#begunAt + liveLimits.frontReadMs - performance.now();
    if (waitMs > 0) await pause(waitMs);
    this.#waiting = undefined;
    this.#begunAt = performance.now();
    const reading = this.#read(undefined, { limit: limits.pageDefault });
    const done = () => undefined;
    this.#reading = reading.then(done, done);
    return await reading;
  }

  async #read(who: Credentials, query: ChannelsQuery): Promise<FrontPage> {
    const { state, limit, page } = query;
    const list = (of: ChannelState, most: number) =>
      listChannels(this.#engine, principalIn(who), { state: of, order: 'activity', limit: most, page });
    if (!isFirstPage(query)) {
      const one = state ?? 'ended';
      const { channels, next, complete } = await list(one, limit);
      const section = one === 'live' ? { channels: await this.#withHeadlines(who, channels), next } : { channels, next };
      return { [one]: section, complete, isFirst: false };
    }
    const [live, scheduled, ended] = await Promise.all([
      list('live', liveLimits.frontLive),
      list('scheduled', liveLimits.frontScheduled),
      list('ended', limit),
    ]);
    return {
      live: { channels: await this.#withHeadlines(who, live.channels), next: live.next },
      scheduled,
      ended,
      complete: live.complete && scheduled.complete && ended.complete,
      isFirst: true,
    };
  }

  /** In the order of the list, except that channels without posts follow all others. */
  async #withHeadlines(who: Credentials, channels: readonly ListedChannel[]): Promise<LiveListing[]> {
    const heads = await this.#engine.heads(channels.map(({ id }) => id));
    const listings = await Promise.all(
      channels.map(async (channel, at) => ({ ...channel, headlines: await this.#headlinesOf(who, channel, heads[at]) })),
    );
    const { moving = [], empty = [] } = Object.groupBy(listings, ({ latestPostAt }) =>
      latestPostAt === null ? 'empty' : 'moving',
    );
    return [...moving, ...empty];
  }

  async #headlinesOf(who: Credentials, listed: ListedChannel, head: Position | undefined): Promise<readonly Headline[]> {
    if (head === undefined || listed.latestPostAt === null || !mayShowPosts(who, listed)) return [];
    const known = this.#kept.get(listed.id);
    const found = known !== undefined && isSamePosition(known.position, head) ? known : await this.#readHeadlines(listed.id);
    // The channel as of the headlines, because access may have changed since the list was read.
    return found !== undefined && mayShowPosts(who, found.channel) ? found.headlines : [];
  }

  async #readHeadlines(channelId: string): Promise<KeptHeadlines | undefined> {
    const { frontHeadlinePosts: limit, frontHeadlineBytes: bytes } = liveLimits;
    const snapshot = await this.#streams.guarded(() => this.#engine.snapshot(channelId, { limit, bytes }));
    if (snapshot === undefined) return undefined;
    const { position, channel, posts, keyEvents } = snapshot;
    const withHeadline = posts.flatMap(({ id, seq, headline, ...post }) =>
      headline === null || isWithdrawn(post) ? [] : [{ id, seq, headline }],
    );
    const newest = [...new Map([...withHeadline, ...keyEvents].map((post) => [post.seq, post])).values()]
      .sort((a, b) => b.seq - a.seq)
      .slice(0, liveLimits.frontHeadlines);
    const found = { position, channel, headlines: newest.map(({ id, headline }) => ({ postId: id, text: headline })) };
    this.#keep(channelId, found);
    return found;
  }

  #keep(channelId: string, found: KeptHeadlines): void {
    this.#kept.delete(channelId);
    this.#kept.set(channelId, found);
    if (this.#kept.size > liveLimits.frontKept) this.#kept.delete(this.#kept.keys().next().value as string);
  }
}

function isFirstPage({ state, page }: ChannelsQuery): boolean {
  return state === undefined && page === undefined;
}

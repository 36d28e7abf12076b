import { setTimeout as pause } from 'node:timers/promises';
import { mayShowPosts } from '../../access/channel-access.ts';
import { type Credentials, principalIn } from '../../access/identity.ts';
import { type ChannelsQuery, listChannels } from '../../api/read-routes.ts';
import { type BuildStep, unrequestedSteps } from '../../http/build-steps.ts';
import type { Engine } from '../../journal/engine.ts';
import { liveLimits } from '../../live/live-limits.ts';
import { isSamePosition, type Position } from '../../protocol/cursor.ts';
import { type Channel, type ChannelState, isWithdrawn, type ListedChannel } from '../../protocol/model.ts';
import { type Principal, visibleDesk } from '../../protocol/rights.ts';
import { limits } from '../../protocol/wire-limits.ts';
import type { ChannelStreams } from '../../streams/channel-streams.ts';

/**
 * The list of channels at `/`: live channels with their newest headlines, scheduled channels, and channels that have ended.
 *
 * Headlines are text of posts, so they are read and sent under the rules for posts. They are kept in memory by the head of their
 * channel: a channel without a new entry costs no read, and a takedown, which is an entry, makes them invalid on every node. On an
 * erasure the process also drops what it keeps of the channel. Requests with the same desk, such as those of all readers, share a
 * read that has not begun, so a crowd costs a few reads a second, and no request gets what was read before it arrived. What a
 * requester may read of it is decided for each request.
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

/** A page as it was read, for every requester with the same desk. */
interface FoundPage extends Omit<FrontPage, 'live'> {
  live?: Section<FoundListing>;
}

interface FoundListing {
  listed: ListedChannel;
  found: KeptHeadlines | undefined;
}

/** The reads of the first page for one desk. */
interface Turns {
  /** The read that has not begun. */
  waiting?: Promise<FoundPage> | undefined;
  /** Settles when the next read may begin. It does not hold the page, whose headlines may be erased later. */
  busy?: Promise<void>;
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
  /** What anonymous readers see of a page. */
  readonly #anonymous = new WeakMap<FoundPage, FrontPage>();
  readonly #rendered = new WeakMap<FrontPage, Map<string, readonly Buffer[]>>();
  /** By desk, while a read of it is under way or waits. */
  readonly #turns = new Map<string, Turns>();

  constructor({ engine, streams }: FrontPagesContext) {
    this.#engine = engine;
    this.#streams = streams;
    engine.onErased((channelId) => this.#kept.delete(channelId));
  }

  /** The first page, which requests share. */
  readFirst(who: Credentials): Promise<FrontPage> {
    return this.#streams.guarded(async () => this.#shownTo(who, await this.#shared(principalIn(who))));
  }

  /** Any page. Throws a `Refusal` if `page` is not the `next` of an earlier page. `use` is repeated with the read. */
  read<T>(
    who: Credentials,
    query: ChannelsQuery,
    { step, use }: { step: BuildStep; use: (front: FrontPage) => Promise<T> },
  ): Promise<T> {
    return this.#streams.guarded(async () => await use(this.#shownTo(who, await this.#read(principalIn(who), query, step))));
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

  #shared(who: Principal | undefined): Promise<FoundPage> {
    const desk = JSON.stringify(visibleDesk(who));
    const turns = this.#turns.get(desk) ?? {};
    this.#turns.set(desk, turns);
    turns.waiting ??= this.#readInTurn(who, turns, () => this.#turns.delete(desk));
    return turns.waiting;
  }

  /** Waits for the read that is under way, and until the next one is due. */
  async #readInTurn(who: Principal | undefined, turns: Turns, onIdle: () => void): Promise<FoundPage> {
    await turns.busy;
    turns.waiting = undefined;
    const reading = this.#read(who, { limit: limits.pageDefault }, unrequestedSteps());
    turns.busy = Promise.allSettled([reading, pause(liveLimits.frontReadMs, undefined, { ref: false })]).then(() => {
      if (turns.waiting === undefined) onIdle();
    });
    return await reading;
  }

  async #read(who: Principal | undefined, query: ChannelsQuery, step: BuildStep): Promise<FoundPage> {
    const { state, limit, page } = query;
    const list = (of: ChannelState, most: number) =>
      listChannels(this.#engine, who, { state: of, order: 'activity', limit: most, page });
    if (!isFirstPage(query)) {
      const one = state ?? 'ended';
      const { channels, next, complete } = await list(one, limit);
      const section =
        one === 'live' ? { live: { channels: await this.#withHeadlines(channels, step), next } } : { [one]: { channels, next } };
      return { ...section, complete, isFirst: false };
    }
    const [live, scheduled, ended] = await Promise.all([
      list('live', liveLimits.frontLive),
      list('scheduled', liveLimits.frontScheduled),
      list('ended', limit),
    ]);
    return {
      live: { channels: await this.#withHeadlines(live.channels, step), next: live.next },
      scheduled,
      ended,
      complete: live.complete && scheduled.complete && ended.complete,
      isFirst: true,
    };
  }

  /** In the order of the list, except that channels without posts follow all others. */
  async #withHeadlines(channels: readonly ListedChannel[], step: BuildStep): Promise<FoundListing[]> {
    const heads = await this.#engine.heads(channels.map(({ id }) => id));
    const listings = await Promise.all(
      channels.map(async (listed, at) => ({ listed, found: await this.#headlinesOf(listed, heads[at], step) })),
    );
    const { moving = [], empty = [] } = Object.groupBy(listings, ({ listed }) =>
      listed.latestPostAt === null ? 'empty' : 'moving',
    );
    return [...moving, ...empty];
  }

  async #headlinesOf(
    { id, latestPostAt }: ListedChannel,
    head: Position | undefined,
    step: BuildStep,
  ): Promise<KeptHeadlines | undefined> {
    if (head === undefined || latestPostAt === null) return undefined;
    const known = this.#kept.get(id);
    if (known !== undefined && isSamePosition(known.position, head)) return known;
    await step();
    return await this.#readHeadlines(id);
  }

  /** The page with the headlines that the requester may read. The same object for all anonymous readers of one read. */
  #shownTo(who: Credentials, page: FoundPage): FrontPage {
    const known = who === undefined ? this.#anonymous.get(page) : undefined;
    if (known !== undefined) return known;
    const { live, ...others } = page;
    const shown = live === undefined ? others : { ...others, live: { ...live, channels: live.channels.map(listingFor(who)) } };
    if (who === undefined) this.#anonymous.set(page, shown);
    return shown;
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

function listingFor(who: Credentials) {
  return ({ listed, found }: FoundListing): LiveListing => {
    // The channel as of the headlines too, because access may have changed since the list was read.
    const mayShow = found !== undefined && mayShowPosts(who, listed) && mayShowPosts(who, found.channel);
    return { ...listed, headlines: mayShow ? found.headlines : [] };
  };
}

/** Whether this is the page that requests share. */
export function isSharedPage(query: ChannelsQuery): boolean {
  return isFirstPage(query) && query.limit === limits.pageDefault;
}

function isFirstPage({ state, page }: ChannelsQuery): boolean {
  return state === undefined && page === undefined;
}

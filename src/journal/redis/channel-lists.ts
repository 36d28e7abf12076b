import { setTimeout as pause } from 'node:timers/promises';
import type { Channel, ChannelState, ListedChannel } from '../../protocol/model.ts';
import { matches } from '../../protocol/rights.ts';
import { type ActivityPlace, pageAfter, placeOfPage, sortByActivity } from '../activity-order.ts';
import { formatPageKey, parsePageKey } from '../channel-pages.ts';
import type { ChannelsPage, ChannelsQuery, Renderer } from '../engine.ts';
import { ActivityIndex, isDamagedPlace } from './activity-index.ts';
import { channelIn, isDamaged, ReplyReader } from './codec.ts';
import type { Connection } from './connection/connection.ts';
import { channelKeys, idAt, registered, registry } from './keys.ts';
import { redisLimits } from './redis-limits.ts';
import type { Reply } from './scripts.ts';
import { SharedReads } from './shared-reads.ts';

/** The fields that decide whether a channel is listed. */
interface ChannelSummary extends Pick<Channel, 'state' | 'access'> {
  createdMs: number;
}

/** Whether the channel at a place of the registry is listed. */
type Listing = (place: string, summary: ChannelSummary) => boolean;

/** A page by activity. */
interface ActivityRange extends Pick<ChannelsQuery, 'limit' | 'desk'> {
  state: ChannelState;
  after: ActivityPlace | undefined;
}

export interface ChannelListsParts {
  /** Reads a channel. Returns the reply of the script even if the channel is damaged. */
  askForList: (channelId: string) => Promise<Reply>;
  /** Connection for lists only, so that nothing else waits behind them. */
  lists: Connection;
  renderer: Renderer;
  /** How long lists wait for an index that must be built. */
  indexWaitMs?: number | undefined;
}

/** Lists of channels: by creation from the registry, and by activity from an index of its own. */
export class ChannelLists {
  readonly #askForList: ChannelListsParts['askForList'];
  readonly #lists: Connection;
  readonly #renderer: Renderer;
  readonly #activity: ActivityIndex;
  readonly #reads = new SharedReads({ most: redisLimits.listsRead, waitingMost: redisLimits.listsWaiting });

  constructor({ askForList, lists, renderer, indexWaitMs = redisLimits.indexWaitMs }: ChannelListsParts) {
    this.#askForList = askForList;
    this.#lists = lists;
    this.#renderer = renderer;
    this.#activity = new ActivityIndex(lists, indexWaitMs);
  }

  /** Builds the index in the background, so that the first list need not wait for it. If this fails, a list does it. */
  async prepare(): Promise<void> {
    const { isComplete } = await this.#activity.read('live', undefined, 1);
    if (!isComplete) await this.#activity.build();
  }

  /** See `Journal.channels`. */
  channels(query: ChannelsQuery): Promise<ChannelsPage | undefined> {
    const { state, order, limit, page, desk } = query;
    return this.#reads.share(JSON.stringify([state, order, limit, page, desk]), () =>
      order === 'activity' ? this.#readByActivity(query, query.state) : this.#readByCreation(query),
    );
  }

  async #readByActivity({ limit, page, desk }: ChannelsQuery, state: ChannelState): Promise<ChannelsPage | undefined> {
    const start = page === undefined ? undefined : placeOfPage(page);
    if (page !== undefined && start === undefined) return undefined;
    const list = { state, after: start, limit, desk };
    let read = await this.#readPage(list);
    // What an index has that is not built yet is better than a page that does not load.
    const isBuilt = read !== undefined || (await this.#activity.isBuiltInTime());
    read ??= await this.#readPage(list, { isJustBuilt: true });
    // A channel that changed its place meanwhile was placed by the append that changed it. Only an index that was wrong is read
    // again.
    for (let again = 0; read?.isIndexCorrected && again < redisLimits.misplacedReads; again++)
      read = await this.#readPage(list, { isJustBuilt: true });
    // A channel read after the index may have a newer post than its place says.
    const shown = read?.page;
    return shown && { ...shown, channels: sortByActivity(shown.channels, state), complete: shown.complete && isBuilt };
  }

  /**
   * One page by activity, as the index has it, or undefined if the index is incomplete. `isIndexCorrected`: a channel was in the
   * wrong place, and is placed again.
   */
  async #readPage(
    { state, after: start, limit, desk }: ActivityRange,
    { isJustBuilt = false } = {},
  ): Promise<{ page: ChannelsPage; isIndexCorrected: boolean } | undefined> {
    const channels: ListedChannel[] = [];
    let [complete, isIndexCorrected, hidden] = [true, false, 0];
    let [after, next] = [start, null as string | null];
    for (let isFirst = true; ; isFirst = false) {
      const began = performance.now();
      // One more than the page shows whether there is another. Runs of hidden channels are read in growing parts.
      const count = Math.min(limit + 1 - channels.length + hidden, redisLimits.askedChannels);
      const found = await this.#activity.read(state, after, count);
      if (isFirst) {
        if (!found.isComplete && !isJustBuilt) return undefined;
        const placed = await this.#activity.place(found.damaged);
        if (placed.some(isDamagedPlace)) complete = false;
        if (placed.some((place) => !isDamagedPlace(place))) isIndexCorrected = true;
      }
      const answers = await Promise.all(found.places.map(({ id }) => this.#askForList(id)));
      for (const [number, answer] of answers.entries()) {
        const place = found.places[number] as (typeof found.places)[number];
        if (isDamaged(answer)) complete = false;
        const read = isDamaged(answer) ? undefined : channelIn(new ReplyReader(answer), this.#renderer);
        if (read !== undefined && (read.status !== 'found' || read.channel.state !== state)) {
          await this.#activity.place([place.id]);
          isIndexCorrected = true;
        }
        const isListed = read?.status === 'found' && read.channel.state === state && isShown(read.channel, desk);
        if (!isListed) hidden += 1;
        else if (channels.length === limit) return { page: { channels, next, complete }, isIndexCorrected };
        else {
          channels.push(read.channel);
          next = pageAfter(place);
        }
      }
      after = found.places.at(-1);
      if (found.places.length < count) break;
      await restAfter(began);
    }
    return { page: { channels, next: null, complete }, isIndexCorrected };
  }

  async #readByCreation({ state, limit, page, desk }: ChannelsQuery): Promise<ChannelsPage | undefined> {
    const start = page === undefined ? undefined : parsePageKey(page);
    if (page !== undefined && start === undefined) return undefined;
    // An attempt to create a channel with a taken id leaves a second place, which does not fit the date of the channel.
    const isListed: Listing = (place, summary) =>
      registered(summary.createdMs, idAt(place)) === place &&
      (state === undefined || summary.state === state) &&
      isShown({ id: idAt(place), access: summary.access }, desk);
    const channels: ListedChannel[] = [];
    let complete = true;
    const few = Math.max(redisLimits.listedChannels, limit + 1);
    let below = start === undefined ? '+' : `(${registered(start.timeMs, start.id)}`;
    const indexed = state === undefined ? undefined : await this.#indexedPlaces(state, isListed);
    const isBelow = (place: string) => below === '+' || place < below.slice(1);
    for (let chunk = few; ; chunk = Math.min(2 * chunk, redisLimits.askedChannels)) {
      const began = performance.now();
      const places =
        indexed?.filter(isBelow).slice(0, chunk) ??
        (await this.#lists.ask((redis) => redis.zrange(registry.channels, below, '-', 'BYLEX', 'REV', 'LIMIT', 0, chunk)));
      // Nearly all of the newest channels are listed, so their summaries would save no reads.
      const areLikely = indexed !== undefined || (chunk === few && state === undefined);
      const likely = areLikely ? places : await this.#likely(places, isListed);
      for (let at = 0; at < likely.length; at += few) {
        const some = likely.slice(at, at + few);
        const answers = await Promise.all(some.map((place) => this.#askForList(idAt(place))));
        for (const [number, answer] of answers.entries()) {
          // The index of a damaged channel may be outdated, including who may see it.
          if (isDamaged(answer)) complete = false;
          const read = isDamaged(answer) ? undefined : channelIn(new ReplyReader(answer), this.#renderer);
          if (read?.status === 'deleted') this.#forget(some[number] as string);
          if (read?.status !== 'found') continue;
          const { channel } = read;
          if (!isListed(some[number] as string, { ...channel, createdMs: Date.parse(channel.createdAt) })) continue;
          const last = channels.at(-1);
          if (channels.length === limit && last)
            return { channels, next: formatPageKey({ timeMs: Date.parse(last.createdAt), id: last.id }), complete };
          channels.push(channel);
        }
      }
      const last = places.at(-1);
      if (last === undefined || places.length < chunk) return { channels, next: null, complete };
      below = `(${last}`;
      await restAfter(began);
    }
  }

  /**
   * The places in the registry of the listed channels of a state, newest first, from the index by activity. Undefined if only the
   * registry knows all of them: the index is incomplete, a channel must be read to know its state, or the state has so many
   * channels that a page of them is found soon in the registry.
   */
  async #indexedPlaces(state: ChannelState, isListed: Listing): Promise<string[] | undefined> {
    const { askedChannels } = redisLimits;
    const { isComplete, damaged, places } = await this.#activity.read(state, undefined, askedChannels + 1);
    if (!isComplete || damaged.length > 0 || places.length > askedChannels) return undefined;
    const found: string[] = [];
    for (const [number, summary] of (await Promise.all(places.map(({ id }) => this.#summary(id)))).entries()) {
      if (summary === undefined) return undefined;
      const place = registered(summary.createdMs, (places[number] as ActivityPlace).id);
      if (isListed(place, summary)) found.push(place);
    }
    return found.sort().reverse();
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
}

/** Whether lists show the channel. `desk`: see `ChannelsRange`. */
function isShown({ id, access }: Pick<Channel, 'id' | 'access'>, desk: readonly string[]): boolean {
  return access !== 'desk' || matches(desk, id);
}

/** Pauses for as long as a part of a list took, so that a list takes at most half of the time of Redis and of this process. */
async function restAfter(began: number): Promise<void> {
  await pause(performance.now() - began);
}

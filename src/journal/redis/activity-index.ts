import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { ChannelState } from '../../protocol/model.ts';
import type { ActivityPlace } from '../activity-order.ts';
import { isAscending } from '../activity-order.ts';
import { JournalUnavailable } from '../engine.ts';
import { ReplyReader } from './codec.ts';
import type { Connection } from './connection/connection.ts';
import { channelKeys, idAt, indexKeeper, registry } from './keys.ts';
import { redisLimits } from './redis-limits.ts';
import { SharedReads } from './shared-reads.ts';

/**
 * The index of channels by activity: one sorted set for the whole store, so that a list reads only the channels on its page.
 *
 * Every script that changes a channel also places it: an append, a deletion, the end of a repair. Three things can still make the
 * index wrong, and each is noticed:
 *
 * - **Nodes of earlier versions** append without placing. The id of a node says whether it keeps the index. While a node that does
 *   not is registered, every list first compares all channels with the index, which costs what lists cost in that version. Each
 *   heartbeat that sees such a node declares the index incomplete, and so does the first heartbeat of a node that finds no other
 *   keeper. When only keepers are left, the next list builds the index once. A node that starts also builds it in the background.
 * - **Keys that were deleted by hand**: the two keys have the same size, and a list compares the sizes.
 * - **A channel restored by hand** from another time. A list reads each channel that it shows. One that is not where the index says
 *   is placed again. A repair places its channel too, and the next build finds all others.
 *
 * A build compares each channel with its place and writes only differences. After an interruption, the next build compares all
 * channels again, but writes only what the first one did not. A build runs in parts and takes at most half of the time of Redis.
 * Several nodes may build at once.
 */
export class ActivityIndex {
  readonly #lists: Connection;
  readonly #buildWaitMs: number;
  readonly #builds = new SharedReads();
  /** When the first of the lists that wait for a build began to wait. */
  #awaitedSince: number | undefined;

  /** `lists`: the connection that only lists use. */
  constructor(lists: Connection, buildWaitMs: number) {
    this.#lists = lists;
    this.#buildWaitMs = buildWaitMs;
  }

  /**
   * Channels of a state in their order, after a place. `damaged`: channels that were found damaged. Their state is not known.
   * `isComplete` is false if channels may be missing or in a wrong place.
   */
  async read(
    state: ChannelState,
    after: ActivityPlace | undefined,
    count: number,
  ): Promise<{ isComplete: boolean; damaged: string[]; places: ActivityPlace[] }> {
    const [first, last] = [`[${state}:`, `(${state};`];
    const from = after && `(${state}:${after.date}:${after.id}`;
    const range = isAscending(state) ? [from ?? first, last, ''] : [from ?? last, first, 'REV'];
    const keys = [registry.activity, registry.activityPlaces, registry.nodes];
    const args = [...range, count, indexKeeper, redisLimits.listedChannels];
    const values = new ReplyReader(await this.#lists.run('channels-by-activity', keys, args));
    const isComplete = values.flag();
    const damaged = Array.from({ length: values.number() }, () => placeIn(values.text()).id);
    return { isComplete, damaged, places: values.rest(() => placeIn(values.text())) };
  }

  /** Compares every channel with the index, and corrects the index. Callers share a build that has not begun. */
  async build(): Promise<void> {
    await this.#builds.share('', () => this.#build());
  }

  /**
   * Builds, and returns whether that was done in time. A store that takes no writes is read as it is. All lists together wait for
   * `buildWaitMs` at most, so that they do not pile up. The build continues after that.
   */
  async isBuiltInTime(): Promise<boolean> {
    this.#awaitedSince ??= performance.now();
    const built = this.build().then(
      () => {
        this.#awaitedSince = undefined;
        return true;
      },
      (error: unknown) => {
        if (error instanceof JournalUnavailable && error.refusesToWrite) return false;
        throw error;
      },
    );
    built.catch(() => undefined);
    const leftMs = this.#awaitedSince + this.#buildWaitMs - performance.now();
    if (leftMs <= 0) return false;
    const timer = new AbortController();
    const late = pause(leftMs, false, { signal: timer.signal }).catch(() => false);
    return await Promise.race([built, late]).finally(() => timer.abort());
  }

  async #build(): Promise<void> {
    const name = randomBytes(8).toString('hex');
    const joined = await this.#lists.run('index-begin', [registry.activity, registry.activityPlaces], [name]);
    for (let below = '+'; ; ) {
      const began = performance.now();
      const { askedChannels } = redisLimits;
      const some = await this.#lists.ask((redis) =>
        redis.zrange(registry.channels, below, '-', 'BYLEX', 'REV', 'LIMIT', 0, askedChannels),
      );
      await this.place(some.map(idAt));
      const last = some.at(-1);
      if (last === undefined || some.length < askedChannels) break;
      below = `(${last}`;
      await pause(performance.now() - began);
    }
    await this.#lists.run('index-end', [registry.activityPlaces, registry.nodes], [joined as string, indexKeeper]);
  }

  /** Places channels where they belong. Returns their members of the index, in order. Undefined: there is no such channel. */
  async place(channelIds: readonly string[]): Promise<(string | undefined)[]> {
    const placed = await Promise.all(
      chunks(channelIds, redisLimits.placedChannels).map(async (some) => {
        const keys = [...some.flatMap((id) => channelKeys(id)), registry.activity, registry.activityPlaces];
        return (await this.#lists.run('place-channels', keys)) as (string | null)[];
      }),
    );
    return placed.flat().map((place) => place ?? undefined);
  }
}

function chunks<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size));
}

/** Whether the member of the index stands for a channel that was found damaged. */
export function isDamagedPlace(member: string | undefined): boolean {
  return member?.startsWith('damaged:') ?? false;
}

/** Decodes a member of the index. Dates contain colons, states and ids do not. */
function placeIn(member: string): ActivityPlace {
  return { date: member.slice(member.indexOf(':') + 1, member.lastIndexOf(':')), id: member.slice(member.lastIndexOf(':') + 1) };
}

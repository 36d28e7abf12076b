import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { AuthorPost, Channel } from '../../protocol/model.ts';
import type { Log } from '../announcer.ts';
import { newRoot } from '../chain.ts';
import { channelFrom, prepare } from '../record.ts';
import { tagsOf } from '../tags.ts';
import { hashed, labelOf, own, stateIn, textOf } from './codec.ts';
import type { Connection } from './connection.ts';
import { channelKeys, mendingKey } from './keys.ts';
import { redisLimits } from './limits.ts';
import { gather, type Known, pagesOf, type Remains, standingOf } from './remains.ts';

/** Who began a history anew. No token has this name: those of tokens are `sub`s of people and programs. */
const mender = 'pressbox:mend';
const { mendingMs, mendingWaitMs, mendingListMs, mendLookMs: lookMs } = redisLimits;

type KnownPost = readonly [id: string, facts: Known];
type State = Omit<AuthorPost, 'seq' | 'html'>;

/** As this node goes about it. */
interface Mend {
  done: Promise<void>;
  /** By `performance.now()`. */
  beganAt: number;
}

/** What is written at once; see `lua/mend-part.lua`. */
interface Part {
  unknown?: readonly string[];
  strays?: readonly string[];
  listed?: readonly string[];
  posts?: readonly (readonly [Known, State])[];
}

/**
 * Makes a channel whole again of which keys were lost or put back from another time. Where the journal is whole, all else is made from
 * it, and from the index what it does not tell of, since it began anew. Where it is not, or a text is missing that should be there, a
 * history begins anew with all of which anything tells, above every offset that was ever given out, so that every cursor from before is
 * foreign. Where the channel's own text is lost nothing can be shown: it is gone.
 *
 * It is written in parts, since a script keeps everyone waiting for as long as it runs. Until the last one the channel stays broken:
 * nothing else is written to it, and nothing is read of it. One node mends at a time. Where it is cut off the next one begins anew, and
 * decides the same, since no part takes away anything by which that is decided.
 */
export class Mender {
  readonly #connection: Connection;
  /** Of the renderer. */
  readonly #version: string;
  readonly #now: () => number;
  readonly #log: Log;
  readonly #running = new Map<string, Mend>();

  constructor(connection: Connection, version: string, now: () => number, log: Log) {
    this.#connection = connection;
    this.#version = version;
    this.#now = now;
    this.#log = log;
  }

  /**
   * Those who find it at the same time wait for the same. It may not be done when they have waited long enough. `within`: it was found
   * broken where its head does not tell.
   */
  mend(channelId: string, within: boolean): Promise<void> {
    return until(this.#begun(channelId, within).done, mendingWaitMs);
  }

  /** The same for whoever can do without it: done where it takes no longer than with a small channel, which is waited for once. */
  async mendSmall(channelId: string, within: boolean): Promise<void> {
    const { done, beganAt } = this.#begun(channelId, within);
    // Why it failed is for those who cannot do without it.
    const tried = done.catch(() => undefined);
    const leftMs = mendingListMs - (performance.now() - beganAt);
    if (leftMs > 0) await until(tried, leftMs);
  }

  #begun(channelId: string, within: boolean): Mend {
    const running = this.#running.get(channelId);
    if (running !== undefined) return running;
    const done = this.#mend(channelId, within).finally(() => this.#running.delete(channelId));
    const mend = { done, beganAt: performance.now() };
    this.#running.set(channelId, mend);
    return mend;
  }

  /** Until the channel is broken no more, by whomever it was mended. Throws where Redis cannot be asked. */
  async #mend(channelId: string, within: boolean): Promise<void> {
    const name = randomBytes(8).toString('hex');
    const keys = [...channelKeys(channelId), mendingKey(channelId)];
    let foundWithin = within ? '1' : '';
    for (let how: string | undefined; how === undefined; ) {
      const begun = await this.#connection.run('mend-begin', keys, [name, mendingMs, foundWithin]);
      // From here on its head tells, whoever mends it.
      foundWithin = '';
      if (begun === 'sound') return;
      if (begun !== 'busy') how = await this.#carryOut(channelId, keys, name, Number(begun));
      if (how === undefined) await pause(lookMs);
      else this.#log.error({ channel: channelId, how }, 'a channel in Redis contradicted itself and was mended');
    }
  }

  /** Undefined where another took over, or what it was decided on stands no more. */
  async #carryOut(channelId: string, keys: string[], name: string, top: number): Promise<string | undefined> {
    const stay = () => this.#connection.ask((redis) => redis.pexpire(mendingKey(channelId), mendingMs)).catch(() => undefined);
    const staying = setInterval(stay, mendingMs / 5).unref();
    try {
      const remains = await this.#connection.ask((redis) => gather(redis, keys, top));
      return await this.#rebuild(channelId, keys, name, remains);
    } finally {
      clearInterval(staying);
    }
  }

  async #rebuild(channelId: string, keys: string[], name: string, remains: Remains): Promise<string | undefined> {
    const { last, places } = remains;
    const { known, goesOn, highest } = standingOf(remains);
    const end = async (how: 'gone' | 'derived' | 'anew', ...rest: (string | number)[]) => {
      const answer = await this.#connection.run('mend-end', keys, [name, last, how, ...rest]);
      return answer === 'mended' ? how : undefined;
    };
    const ownKnown = known.get(own);
    const [ownState] = ownKnown === undefined ? [] : await this.#states(keys, [[own, ownKnown]], places);
    if (ownState === undefined || ownKnown === undefined) return end('gone');

    const salt = newRoot();
    const write = async (part: Part) =>
      (await this.#connection.run('mend-part', keys, [name, highest, salt, ...partArguments(part)])) === 'written';
    const kept = new Set([own]);
    let newest = { seq: 0, publishedAt: '-' };
    for (const some of pagesOf([...known].filter(([who]) => who !== own))) {
      const states = await this.#states(keys, some, places);
      const posts = some.flatMap(([, facts], number) => {
        const state = states[number];
        return state === undefined ? [] : [[facts, JSON.parse(state) as State] as const];
      });
      for (const [{ seq }, { id, publishedAt }] of posts) {
        kept.add(id);
        if (seq > newest.seq) newest = { seq, publishedAt };
      }
      if (!(await write({ posts }))) return undefined;
    }
    for (const unknown of pagesOf([...remains.index.keys()].filter((who) => !kept.has(who))))
      if (!(await write({ unknown }))) return undefined;
    const unkept = [...places].filter((place) => !kept.has(place.slice(0, place.lastIndexOf(':'))));
    for (const strays of pagesOf([...remains.torn, ...unkept])) if (!(await write({ strays }))) return undefined;

    const channel = channelFrom(ownState);
    const facts = [channel.state, channel.access, Date.parse(channel.createdAt), channel.pinnedPostId ?? '-', newest.publishedAt];
    if (!goesOn || kept.size < known.size) {
      const began = { ...channel, revision: ownKnown.revision + 1 };
      const entry = this.#firstEntry(channelId, began, highest + 1);
      return end('anew', salt, ...facts, began.revision, highest + 1, ...entry);
    }
    for (const listed of pagesOf(remains.listed)) if (!(await write({ listed }))) return undefined;
    return end('derived', salt, ...facts, channel.revision, ownKnown.last);
  }

  #firstEntry(channelId: string, channel: Channel, offset: number): (string | number)[] {
    const at = new Date(this.#now()).toISOString();
    const entry = { type: 'channel.changed', at, by: mender, kind: null, listed: false, channel } as const;
    const { facts, content, digest, text } = prepare(channelId, entry, this.#version);
    return [newRoot(), offset, digest, facts.at, facts.by, content, labelOf(text), textOf(text)];
  }

  /** What was written last of each, undefined where that is not there whole. */
  async #states(keys: string[], some: readonly KnownPost[], places: Set<string>): Promise<(string | undefined)[]> {
    const wanted = some.map(([who, { revision }]) => `${who}:${revision}`);
    const found = await this.#connection.ask((redis) => redis.hmget(keys[4] as string, ...wanted));
    return found.map((text, number) => (text && places.has(wanted[number] as string) ? stateIn(text) : undefined));
  }
}

async function until(done: Promise<void>, ms: number): Promise<void> {
  const timer = new AbortController();
  const late = pause(ms, undefined, { signal: timer.signal }).catch(() => undefined);
  await Promise.race([done, late]).finally(() => timer.abort());
}

function partArguments({ unknown = [], strays = [], listed = [], posts = [] }: Part): (string | number)[] {
  const lines = posts.flatMap(([{ revision, last, seq, erased }, post]) => {
    const marks = tagsOf(post).map(hashed);
    return [post.id, revision, last, seq, erased, post.publishedAt, marks.length, ...marks];
  });
  return [...[unknown, strays, listed].flatMap((some) => [some.length, ...some]), posts.length, ...lines];
}

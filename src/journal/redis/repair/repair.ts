import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { AuthorPost, Channel } from '../../../protocol/model.ts';
import { channelFrom, prepare, rebuildText } from '../../entry-record.ts';
import { newRoot } from '../../hash-chain.ts';
import type { Fault, StoreOptions } from '../../history-walk.ts';
import { tagsOf } from '../../post-tags.ts';
import { channelIsBack, type ServerWalk } from '../../server-journal.ts';
import { channelSubject, hashed, htmlIn, labelOf, stateIn, textOf } from '../codec.ts';
import { timeOf } from '../connection/replicas.ts';
import { overSeparateConnection, registeredIds } from '../connection/separate-connection.ts';
import { channelKeys, registered, registry, repairKey } from '../keys.ts';
import { redisLimits } from '../redis-limits.ts';
import { loadScripts, type Operation, run } from '../scripts.ts';
import { beganAt, chainFault, notListed, verifyChannel, walkServer } from '../verify.ts';
import { type KnownState, type Plan, pagesOf, planRepair, readSurvivingKeys, type SurvivingKeys } from './surviving-keys.ts';

/**
 * Rebuilds channels whose keys were deleted by hand or restored from another time, while servers use the store. Servers refuse a
 * damaged channel and serve it again once it is whole.
 *
 * If the journal is complete and intact, everything else is rebuilt from it. If entries are missing, or a text or label of an
 * entry is missing, a new history begins with every post that still has its text. Its offsets are above every offset that was
 * ever assigned, so that all earlier cursors are foreign. A channel whose data was changed, or whose own text is lost, is not
 * repaired: restore a copy.
 *
 * The repair is written in parts, because a running script blocks all other commands. No part removes data that the plan depends
 * on, so that an interrupted repair can be repeated.
 */
export interface RepairOptions extends Omit<StoreOptions, 'renderer' | 'since'> {
  url: string;
  /** False: only reports what would be done. */
  apply: boolean;
}

export interface RepairReport {
  channelId: string;
  /** `damaged`: can be repaired · `refused`: cannot be repaired · `busy`: another process repairs it. */
  outcome: 'sound' | 'damaged' | 'repaired' | 'refused' | 'busy';
  /** What is damaged, and for `refused` what prevents the repair. */
  why: string | null;
  /** Whether the history continues, or a new one begins, which makes readers start over. */
  history: 'same' | 'new' | null;
  /** Posts that are kept. */
  posts: number;
  /** Ids of posts whose text is lost. They are left out. */
  lost: string[];
  /** Ids of posts whose erased text had been restored and is erased again. */
  erasedAgain: string[];
  /** What is still faulty after the repair. */
  fault: Fault | null;
}

/** The author of the entry that begins a new history. The `sub` of a token names a person or a program, never this. */
const repairer = 'pressbox:repair';
const contradictory = 'its keys contradict each other';
const textIsBack = 'an erased text exists again';
const { repairSilentMs: silentMs } = redisLimits;
const scripts = loadScripts();

/** A report for each channel that exists or should exist. Throws if the store cannot be used. */
export async function* repairRedis({ url, channelId, ...options }: RepairOptions): AsyncGenerator<RepairReport> {
  yield* overSeparateConnection(url, async function* (redis) {
    const server = await walkServer(redis, options);
    const known = server.isIntact ? server : undefined;
    const listed = new Set<string>();
    for await (const id of registeredIds(redis)) listed.add(id);
    const all = channelId === undefined ? new Set([...listed, ...(known?.channels.keys() ?? [])]) : [channelId];
    for (const id of all) {
      const report = await new Repair(redis, id, options, known).run(listed.has(id));
      if (report !== undefined) yield report;
    }
  });
}

class Repair {
  readonly #redis: Redis;
  readonly #channelId: string;
  readonly #keys: string[];
  readonly #options: Omit<RepairOptions, 'url' | 'channelId'>;
  readonly #server: ServerWalk | undefined;
  readonly #name = randomBytes(8).toString('hex');

  constructor(
    redis: Redis,
    channelId: string,
    options: Omit<RepairOptions, 'url' | 'channelId'>,
    server: ServerWalk | undefined,
  ) {
    this.#redis = redis;
    this.#channelId = channelId;
    this.#keys = [...channelKeys(channelId), repairKey(channelId), registry.activity, registry.activityPlaces];
    this.#options = options;
    this.#server = server;
  }

  /** Examines the channel and repairs it if `apply` is set. Undefined: there is no such channel. */
  async run(isListed: boolean): Promise<RepairReport | undefined> {
    try {
      return await this.#run(isListed);
    } catch (error) {
      // Report the error, so that the remaining channels are examined too.
      if (error instanceof SyntaxError) return this.#report('refused', 'a text or its label cannot be read');
      throw error;
    }
  }

  async #run(isListed: boolean): Promise<RepairReport | undefined> {
    const found = await this.#verify();
    const [state, top] = await this.#script('repair-begin', ['', 0]);
    if (state === 'missing') return found && this.#report('refused', `${found.why}: nothing is left of the channel`);
    const surviving = await this.#readSurvivingKeys(Number(top));
    const isTextBack = await this.#isTextBack(surviving);
    const isSound = state === 'sound' && found === undefined && !isTextBack;
    if (isSound && isListed) return this.#report('sound', null);
    const why = found?.why ?? (state === 'damaged' ? contradictory : isTextBack ? textIsBack : notListed);
    const plan = await this.#checkedPlan(surviving);
    if (typeof plan === 'string') return this.#report('refused', plan.endsWith(why) ? plan : `${why}: ${plan}`);
    if (!this.#options.apply) return this.#report('damaged', why, plan);
    const outcome = isSound ? plan : await this.#apply();
    if (typeof outcome === 'string')
      return this.#report(outcome === 'busy' ? 'busy' : 'refused', outcome === 'busy' ? why : outcome);
    await this.#list();
    const fault = (await this.#verify()) ?? null;
    return { ...this.#report('repaired', why, outcome), fault };
  }

  async #verify(): Promise<Fault | undefined> {
    return (await verifyChannel(this.#redis, this.#channelId, this.#options, this.#server))?.fault;
  }

  /** Reads what is left of the channel. A journal without its beginning counts as incomplete. */
  async #readSurvivingKeys(top: number): Promise<SurvivingKeys> {
    const surviving = await readSurvivingKeys(this.#redis, this.#keys, top);
    const [first] = await this.#redis.xrange(this.#keys[0] as string, '-', '+', 'COUNT', 1);
    if (first === undefined) return surviving;
    const [, fields] = first;
    const [root = '', by] = [fields[1], fields[15]];
    // An entry that a repair wrote is always the first of its history. If it does not match the root, it was changed.
    const isBeginning = by === repairer || beganAt(this.#channelId, first, root) === surviving.first;
    return isBeginning ? surviving : { ...surviving, isWhole: false };
  }

  /** Whether an erased text exists again. A text that was erased after the keys were read does not count. */
  async #isTextBack(surviving: SurvivingKeys): Promise<boolean> {
    const plan = planRepair(surviving);
    if (typeof plan === 'string') return false;
    for (const some of pagesOf([...plan.erasedAgain.values()].flat()))
      if ((await this.#texts(some)).some((text) => text !== null)) return true;
    return false;
  }

  /** The plan, or the reason why the channel cannot be repaired. */
  async #checkedPlan(surviving: SurvivingKeys): Promise<Plan | string> {
    const record = this.#server?.channels.get(this.#channelId);
    if (record?.isDeleted) return channelIsBack;
    const plan = planRepair(surviving);
    if (typeof plan === 'string') return plan;
    if (!plan.continuesHistory) return (await this.#findUnreadable(plan)) ?? plan;
    const erasedOf = (postId: string) => plan.known.get(postId)?.erased ?? 0;
    const fault = await chainFault(this.#redis, this.#channelId, { erasedOf, record });
    return fault === undefined ? plan : `offset ${fault.offset}: ${fault.why}`;
  }

  /**
   * Returns a sentence if a text that the new history needs cannot be read. Call before the rebuild, which would otherwise fail
   * and leave the channel half repaired.
   */
  async #findUnreadable({ known, channelRevision, unlabelled }: Plan): Promise<string | undefined> {
    const newest = [...known].map(([who, { revision }]) => `${who}:${who === channelSubject ? channelRevision : revision}`);
    for (const some of pagesOf([...new Set([...newest, ...unlabelled])])) {
      const texts = await this.#texts(some);
      const at = texts.findIndex((text) => text === null || !isReadable(text));
      if (at >= 0) return `the text ${some[at]} cannot be read`;
    }
    return undefined;
  }

  /** Returns the plan that was carried out, the reason why none was, or "busy". */
  async #apply(): Promise<Plan | string> {
    const [begun, top] = await this.#script('repair-begin', [this.#name, silentMs]);
    if (begun === 'busy') return 'busy';
    if (begun === 'missing') return 'the channel was deleted in the meantime';
    const renew = () => this.#redis.pexpire(repairKey(this.#channelId), silentMs).catch(() => undefined);
    const renewal = setInterval(renew, silentMs / 5);
    try {
      // Read again, because servers may have written to the channel until now.
      const surviving = await this.#readSurvivingKeys(Number(top));
      const plan = await this.#checkedPlan(surviving);
      if (typeof plan === 'string') return plan;
      return (await this.#rebuild(surviving, plan))
        ? plan
        : 'another process repairs the channel, or it was deleted in the meantime';
    } finally {
      clearInterval(renewal);
    }
  }

  /** Returns false if another process took over or deleted the channel. */
  async #rebuild(surviving: SurvivingKeys, plan: Plan): Promise<boolean> {
    const { known, continuesHistory, highest, orphans, unknown, unlabelled, erasedAgain } = plan;
    const salt = newRoot();
    const write = async (part: Part) => {
      const answer = await this.#call('repair-part', [this.#name, highest, salt, ...partArguments(part)]);
      return answer === 'written';
    };
    let newest = { seq: 0, publishedAt: '-' };
    for (const some of pagesOf([...known].filter(([who]) => who !== channelSubject))) {
      const states = await this.#texts(some.map(([who, { revision }]) => `${who}:${revision}`));
      const posts = some.map(([, facts], at) => [facts, JSON.parse(stateIn(states[at] as string)) as State] as const);
      for (const [{ seq }, { publishedAt }] of posts) if (seq > newest.seq) newest = { seq, publishedAt };
      if (!(await write({ posts }))) return false;
    }
    for (const some of pagesOf(unlabelled)) {
      const texts = await this.#texts(some);
      const labels = some.map((place, at) => [place, labelAgain(texts[at] as string)] as const);
      if (!(await write({ labels }))) return false;
    }
    for (const erased of erasedAgain) {
      await this.#noteErasure();
      if (!(await write({ erased: [erased] }))) return false;
    }
    // Note the channel again: a server may have removed the first note because the text was not erased yet, so the channel had no
    // pending erasure.
    if (erasedAgain.size > 0) await this.#noteErasure();
    // Remove these after the erasures, because a line in the index may be the only record of an erasure.
    for (const some of pagesOf([...unknown])) if (!(await write({ unknown: some }))) return false;
    for (const some of pagesOf(orphans)) if (!(await write({ orphans: some }))) return false;

    const channel = await this.#channel(surviving, plan);
    const facts = [channel.state, channel.access, Date.parse(channel.createdAt), channel.pinnedPostId ?? '-', newest.publishedAt];
    const end = async (...rest: (string | number)[]) => {
      const answer = await this.#call('repair-end', [this.#name, surviving.last, salt, ...facts, ...rest]);
      return answer === 'repaired';
    };
    const { revision, last } = known.get(channelSubject) as KnownState;
    if (!continuesHistory)
      return end(
        revision + 1,
        highest + 1,
        ...this.#firstEntry({ ...channel, revision: revision + 1 }, highest + 1, surviving.lastAt),
      );
    for (const listed of pagesOf(surviving.listed)) if (!(await write({ listed }))) return false;
    return end(revision, last);
  }

  /** Servers look for pending erasures in the channels that are noted here. */
  async #noteErasure(): Promise<void> {
    await this.#redis.zadd(registry.pendingErasures, await timeOf(this.#redis), this.#channelId);
  }

  /** The current channel. If its text is lost: an earlier text, with the state, access and pinned post from the index. */
  async #channel({ summary }: SurvivingKeys, { known, channelRevision }: Plan): Promise<Channel> {
    const [text] = await this.#texts([`${channelSubject}:${channelRevision}`]);
    const channel = channelFrom(stateIn(text as string));
    const isEarlier = channelRevision < (known.get(channelSubject) as KnownState).revision;
    const [, , state, access, , pinned] = isEarlier ? ((summary as string).split(' ') as string[]) : [];
    if (state !== undefined) Object.assign(channel, { state, access, pinnedPostId: pinned === '-' ? null : pinned });
    return channel.pinnedPostId !== null && !known.has(channel.pinnedPostId) ? { ...channel, pinnedPostId: null } : channel;
  }

  #firstEntry(channel: Channel, offset: number, lastAt: string): (string | number)[] {
    const now = new Date(this.#options.now ?? Date.now()).toISOString();
    const at = now > lastAt ? now : lastAt;
    const entry = { type: 'channel.changed', at, by: repairer, kind: null, listed: false, channel } as const;
    const { facts, content, digest, text } = prepare(this.#channelId, entry, { version: '' });
    return [newRoot(), offset, digest, facts.at, facts.by, content, labelOf(text), textOf(text)];
  }

  /** Adds the channel to the list of channels. */
  async #list(): Promise<void> {
    const [revision] = ((await this.#redis.hget(this.#keys[3] as string, channelSubject)) ?? '').split(' ');
    const [text] = await this.#texts([`${channelSubject}:${revision}`]);
    if (!text) return;
    await this.#redis.zadd(registry.channels, 0, registered(Date.parse(channelFrom(stateIn(text)).createdAt), this.#channelId));
  }

  #texts(places: readonly string[]): Promise<(string | null)[]> {
    return this.#redis.hmget(this.#keys[4] as string, ...places);
  }

  #call(operation: Operation, args: readonly (string | number)[]) {
    return run(this.#redis, scripts[operation], this.#keys, args);
  }

  async #script(operation: Operation, args: readonly (string | number)[]): Promise<[string, ...unknown[]]> {
    return (await this.#call(operation, args)) as [string, ...unknown[]];
  }

  #report(outcome: RepairReport['outcome'], why: string | null, plan?: Plan): RepairReport {
    const { known, continuesHistory, lost = [], erasedAgain } = plan ?? {};
    return {
      channelId: this.#channelId,
      outcome,
      why,
      history: continuesHistory === undefined ? null : continuesHistory ? 'same' : 'new',
      posts: Math.max(0, (known?.size ?? 0) - 1),
      lost: [...lost],
      erasedAgain: [...(erasedAgain?.keys() ?? [])],
      fault: null,
    };
  }
}

type State = Omit<AuthorPost, 'seq' | 'html'>;

type Texts = readonly [who: string, places: readonly string[]];

/** What one script writes. See `lua/repair-part.lua`. */
interface Part {
  erased?: readonly Texts[];
  unknown?: readonly Texts[];
  orphans?: readonly string[];
  labels?: readonly (readonly [place: string, label: string])[];
  listed?: readonly string[];
  posts?: readonly (readonly [KnownState, State])[];
}

function partArguments({
  erased = [],
  unknown = [],
  orphans = [],
  labels = [],
  listed = [],
  posts = [],
}: Part): (string | number)[] {
  const lines = posts.flatMap(([{ revision, last, seq, erased }, post]) => {
    const marks = tagsOf(post).map(hashed);
    return [post.id, revision, last, seq, erased, post.publishedAt, marks.length, ...marks];
  });
  const counted = (some: readonly string[], count = some.length) => [count, ...some];
  return [
    ...[erased, unknown].flatMap((some) => [some.length, ...some.flatMap(([who, places]) => [who, ...counted(places)])]),
    ...counted(orphans),
    ...counted(labels.flat(), labels.length),
    ...counted(listed),
    posts.length,
    ...lines,
  ];
}

function isReadable(text: string): boolean {
  try {
    labelAgain(text);
    return true;
  } catch {
    return false;
  }
}

function labelAgain(text: string): string {
  return labelOf(rebuildText(stateIn(text), htmlIn(text)));
}

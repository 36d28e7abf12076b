import { randomBytes } from 'node:crypto';
import { JournalRefused, messageOf } from '../engine.ts';
import { hashOf } from '../entry-record.ts';
import { digestOf, nextCheck } from '../hash-chain.ts';
import { channelIsBack, channelIsMissing, ServerWalk, tokenIsForgotten } from '../server-journal.ts';
import { isNotEmpty, type Mark, noLongerFilled, whyNoStart } from './marks.ts';
import { type ChainHead, identityOf, type MovableStore, type MovedEntry, type StateRecord } from './movable-store.ts';
import { type Abandonment, abandonmentOf, isAbandonedAt, movedId, type Start, startOf } from './start-and-abandon.ts';

/**
 * Moves everything from one store to another, empty one, and gives the other one the writes. See `marks.ts` for the states.
 *
 * 1. **Copy** the channels while servers write to the source.
 * 2. **Stop the writes** to the source, in one atomic step. Servers on it refuse them from here on, and readers stay.
 * 3. **Copy the rest**: the entries since the first step, and everything that is not an entry.
 * 4. **Compare** heads and records. **Open** the target.
 *
 * No server can write to the target before step 4, and none to the source after step 2, so an acknowledged write is in both. If
 * the process ends in between, the same call continues, and takes over from a call that still runs. Everything that is loaded is
 * checked against its hash chain, and the channels against the server's own journal, so a source that was changed or that lacks
 * something is refused.
 */
export interface MigrateOptions {
  source: MovableStore;
  target: MovableStore;
  onProgress?: (progress: MigrateProgress) => void;
  now?: () => number;
}

export interface MigrateProgress {
  /** `switching`: the source refuses writes. */
  phase: 'copying' | 'switching';
  /** Loaded by this call. */
  entries: number;
}

export interface MigrateReport {
  /** `already`: the target had taken over before. */
  status: 'moved' | 'already';
  channels: number;
  /** Entries of channels in the target. */
  entries: number;
  /** Loaded by this call. */
  loadedEntries: number;
  records: Record<StateRecord['kind'], number>;
  /** How long the source refused writes before the target took them, in this call. */
  switchMs: number;
}

/** Throws `JournalRefused` with a sentence if the stores cannot be used for this, or if the source is damaged. */
export async function migrateStore({
  source,
  target,
  onProgress = () => {},
  now = Date.now,
}: MigrateOptions): Promise<MigrateReport> {
  const id = await begin(source, target);
  const records = noRecords();
  if (id === undefined) return { status: 'already', channels: 0, entries: 0, loadedEntries: 0, records, switchMs: 0 };
  const copy = new Copy(source, target, onProgress);
  if (!(await isMoved(source, id))) {
    await copy.refuseOtherChannels();
    await copy.history();
  }
  const began = performance.now();
  try {
    if (!(await source.stopWrites(id))) throw new JournalRefused(`${source.name} is being moved by another migration.`);
    copy.phase = 'switching';
    onProgress({ phase: copy.phase, entries: copy.loaded });
    const heads = await copy.history();
    await copy.records(records, heads.told, now());
    await compare(source, target, heads);
    if (!(await source.isStopped(id)))
      throw new JournalRefused(
        `${source.name} may take writes again: the migration was abandoned, or another server took its place. Repeat the command.`,
      );
    if (!(await target.open(id, now()))) throw new JournalRefused(noLongerFilled(target.name));
    const switchMs = Math.round(performance.now() - began);
    const entries = [...heads.channels.values()].reduce((sum, { offset }) => sum + offset, 0);
    return { status: 'moved', channels: heads.channels.size, entries, loadedEntries: copy.loaded, records, switchMs };
  } catch (error) {
    // Nobody else gives the source its writes back, if the migration was abandoned before they were stopped.
    if (!(await isAbandoned(target, id).catch(() => false))) throw error;
    if (!(await source.resumeWrites(id))) throw error;
    throw new JournalRefused(`${messageOf(error)} ${source.name} takes writes again.`, { cause: error });
  }
}

/** Whether the target can no longer be opened by the migration. */
async function isAbandoned(target: MovableStore, id: string): Promise<boolean> {
  const abandoned = isAbandonedAt(markOf(await target.state()), id);
  return abandoned === 'to-be-repeated' ? target.abandon(id) : abandoned;
}

/**
 * Gives the source its writes back, unless the target has taken over. Without a target, trusts the caller that it no longer exists.
 * Returns whether the source had refused writes.
 */
export async function abandonMigration(source: MovableStore, target: MovableStore | undefined): Promise<boolean> {
  const from = await source.state();
  const mark = from.status === 'used' ? from.mark : undefined;
  if (target === undefined) {
    const moved = movedId(mark);
    return moved !== undefined && (await source.resumeWrites(moved));
  }
  const what = abandonmentOf(mark, markOf(await target.state()));
  switch (what.action) {
    case 'refuse':
      throw new JournalRefused(whyNotAbandoned[what.because](source.name, target.name));
    case 'resume':
      return source.resumeWrites(what.moved);
    case 'abandon':
      if (!(await target.abandon(what.id)))
        throw new JournalRefused(`${target.name} has taken over meanwhile, or is being filled anew.`);
      return what.moved !== undefined && (await source.resumeWrites(what.moved));
  }
}

const whyNotAbandoned: Record<(Abandonment & { action: 'refuse' })['because'], (source: string, target: string) => string> = {
  'no-migration': (source, target) => `There is no migration from ${source} to ${target}.`,
  'taken-over': (_, target) => `${target} has taken over already. Move it back with a migration to an empty store.`,
  'other-target': (source, target) => `${target} is not the store that ${source} was being moved to. Name that store.`,
  'other-migration': (source, target) =>
    `${target} is not the store that ${source} was being moved to. Name that store. If it no longer exists, add --target-lost.`,
};

/** The id of the migration that begins or continues. Undefined: it was completed before. */
async function begin(source: MovableStore, target: MovableStore): Promise<string | undefined> {
  const from = await source.state();
  const to = await target.state();
  if (from.status === 'empty') throw new JournalRefused(`There is no data in ${source.name}.`);
  const { mark } = from;
  if (mark?.kind === 'filling' || mark?.kind === 'abandoned') throw new JournalRefused(`${source.name}: ${whyNoStart(mark)}`);
  const start = startOf(mark, markOf(to), randomBytes(8).toString('hex'));
  switch (start.action) {
    case 'none':
      return undefined;
    case 'refuse':
      throw new JournalRefused(whyNotStarted[start.because](source.name, target.name));
    case 'begin':
      if (await target.beginFilling(start.id, start.after)) return start.id;
      break;
    case 'continue':
      if (await target.continueFilling(start.id)) return start.id;
  }
  throw new JournalRefused(`${target.name} is in use by now.`);
}

const whyNotStarted: Record<(Start & { action: 'refuse' })['because'], (source: string, target: string) => string> = {
  elsewhere: (source, target) =>
    `${source} was moved to another store than ${target}, or is being moved to it. Name that store, or first give ${source} its writes back with --abandon.`,
  'being-abandoned': (_, target) => `The migration to ${target} is being abandoned. Repeat --abandon.`,
  'not-empty': (_, target) => isNotEmpty(target),
};

function markOf(state: Awaited<ReturnType<MovableStore['state']>>): Mark | 'no-mark' | 'empty' {
  return state.status === 'empty' ? 'empty' : (state.mark ?? 'no-mark');
}

async function isMoved(store: MovableStore, id: string): Promise<boolean> {
  const state = await store.state();
  return state.status === 'used' && state.mark?.kind === 'moved' && state.mark.id === id;
}

function noRecords(): MigrateReport['records'] {
  return { deleted: 0, pending: 0, request: 0, reservation: 0, revoked: 0, ended: 0, sessionKey: 0, clock: 0 };
}

interface Heads {
  channels: ReadonlyMap<string, ChainHead>;
  server: ChainHead | undefined;
  /** What the server's own journal says. */
  told: ServerWalk;
}

/** How many channels are compared at once. */
const comparedAtOnce = 100;

async function inPages<T>(all: readonly T[], compareOne: (one: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < all.length; at += comparedAtOnce) await Promise.all(all.slice(at, at + comparedAtOnce).map(compareOne));
}

const idIsFree = 'it was deleted, but its id is no longer taken';

class Copy {
  loaded = 0;
  phase: MigrateProgress['phase'] = 'copying';
  readonly #source: MovableStore;
  readonly #target: MovableStore;
  readonly #onProgress: (progress: MigrateProgress) => void;

  constructor(source: MovableStore, target: MovableStore, onProgress: (progress: MigrateProgress) => void) {
    this.#source = source;
    this.#target = target;
    this.#onProgress = onProgress;
  }

  /** Throws `JournalRefused` if the target has channels of another source. */
  async refuseOtherChannels(): Promise<void> {
    for await (const channelId of this.#target.channelIds()) {
      const [head, there] = [await this.#source.head(channelId), await this.#target.head(channelId)];
      if (head === undefined && !(await this.#source.isDeleted(channelId)))
        throw new JournalRefused(
          `The channel ${channelId} is only in ${this.#target.name}, which is being filled from another store.`,
        );
      if (head !== undefined && there !== undefined && head.root !== there.root) throw otherHistory(channelId);
    }
  }

  /**
   * Copies what the target lacks. The server's own journal comes first: it is in every store, so a target that is being filled from
   * another source is noticed before anything is written to it.
   */
  async history(): Promise<Heads> {
    const { head: server, told } = await this.#serverJournal();
    const channels = await this.#channels();
    await inPages([...told.channels], async ([channelId, { isDeleted }]) => {
      const fail = (why: string) => new JournalRefused(`The channel ${channelId} is damaged: ${why}.`);
      if (channels.has(channelId)) {
        if (isDeleted) throw fail(channelIsBack);
        return;
      }
      // May also have been deleted in the meantime, or by a server of an earlier version, which recorded nothing.
      if (!(await this.#source.isDeleted(channelId))) throw fail(isDeleted ? idIsFree : channelIsMissing);
    });
    return { server, channels, told };
  }

  /** Returns the heads of the source, as far as they were copied. */
  async #channels(): Promise<Map<string, ChainHead>> {
    const heads = new Map<string, ChainHead>();
    for await (const channelId of this.#source.channelIds()) {
      const head = await this.#source.head(channelId);
      // Deleted in the meantime.
      if (head !== undefined) heads.set(channelId, await this.#channel(channelId, head));
    }
    return heads;
  }

  async #channel(channelId: string, head: ChainHead): Promise<ChainHead> {
    const { root, offset: last } = head;
    let at = (await this.#target.head(channelId)) ?? { root, offset: 0, check: root };
    if (at.root !== root) throw otherHistory(channelId);
    if (at.offset === last && at.check === head.check) return at;
    if (at.offset > 0 && !(await this.#hasEntry(channelId, at))) throw otherHistory(channelId);
    if (at.offset > last) return at;
    for await (const entries of this.#source.entries(channelId, at.offset + 1)) {
      for (const entry of entries) at = { root, ...checked(channelId, at, entry) };
      await this.#target.loadEntries(channelId, root, entries);
      this.loaded += entries.length;
      this.#onProgress({ phase: this.phase, entries: this.loaded });
    }
    if (at.offset < last && (await this.#source.head(channelId)) !== undefined)
      throw new JournalRefused(`The channel ${channelId} is damaged at offset ${at.offset + 1}: the entry is missing.`);
    return at;
  }

  /** Whether the source has the entry at the head of the target. */
  async #hasEntry(channelId: string, { offset, check }: ChainHead): Promise<boolean> {
    for await (const [entry] of this.#source.entries(channelId, offset)) return entry?.offset === offset && entry.check === check;
    // Deleted in the meantime.
    return (await this.#source.head(channelId)) === undefined;
  }

  /** Returns the head of the server's own journal in the source, or undefined if it has not begun, and what it says. */
  async #serverJournal(): Promise<{ head: ChainHead | undefined; told: ServerWalk }> {
    const walk = new ServerWalk();
    const there = await this.#target.head(null);
    const isOther = new JournalRefused(
      `The server journal of ${this.#target.name} has another history than that of ${this.#source.name}.`,
    );
    let head: ChainHead | undefined;
    for await (const entries of this.#source.serverEntries(1)) {
      for (const { root, ...entry } of entries) {
        walk.take(root, entry);
        if (head === undefined || entry.offset > head.offset) head = { root, offset: entry.offset, check: entry.check };
        if (there !== undefined && there.root !== root) throw isOther;
        if (there?.offset === entry.offset && there.check !== entry.check) throw isOther;
      }
      const { fault } = walk.finish();
      if (fault !== undefined) throw new JournalRefused(`The server journal is damaged at offset ${fault.offset}: ${fault.why}.`);
      const missing = entries.filter(({ offset }) => offset > (there?.offset ?? 0));
      if (missing.length > 0) await this.#target.loadServerEntries(missing);
    }
    if (there !== undefined && there.offset > (head?.offset ?? 0)) throw isOther;
    return { head, told: walk };
  }

  /** Copies everything that is not an entry, counts it, and compares it with what the target then has. */
  async records(counts: MigrateReport['records'], told: ServerWalk, now: number): Promise<void> {
    await this.#target.clearRecords();
    const revoked = new Map<string, number>();
    const ended: string[] = [];
    const expected = new Map<string, StateRecord['kind']>();
    for await (const records of this.#source.records()) {
      await this.#target.loadRecords(records);
      for (const record of records) {
        counts[record.kind] += 1;
        if (record.kind === 'revoked') revoked.set(record.jti, record.until ?? Number.POSITIVE_INFINITY);
        if (record.kind === 'ended') ended.push(record.line);
        if (record.kind !== 'clock') expected.set(identityOf(record), record.kind);
      }
    }
    for (const [jti, { until, offset }] of told.revoked)
      if ((until ?? Number.POSITIVE_INFINITY) > Math.max(now, revoked.get(jti) ?? 0))
        throw new JournalRefused(
          `${this.#source.name} is damaged: ${tokenIsForgotten} (offset ${offset} of the server journal).`,
        );
    told.compareEnded(ended, now);
    const { fault } = told.finish();
    if (fault !== undefined)
      throw new JournalRefused(`${this.#source.name} is damaged: ${fault.why} (offset ${fault.offset} of the server journal).`);
    for await (const records of this.#target.records()) for (const record of records) expected.delete(identityOf(record));
    // Only the kinds, because a record may be the key that signs sessions, or name a session or a token.
    const kinds = [...new Set(expected.values())];
    if (kinds.length > 0)
      throw new JournalRefused(
        `${this.#target.name} lacks ${expected.size} records after they were loaded, of the kinds: ${kinds.join(', ')}.`,
      );
  }
}

/** The position after the entry. Throws `JournalRefused` if the entry does not follow, or if its text is not what was written. */
function checked(channelId: string, before: Omit<ChainHead, 'root'>, entry: MovedEntry): Omit<ChainHead, 'root'> {
  const { facts, content, check, offset, text, erasedThrough } = entry;
  const fail = (why: string) => new JournalRefused(`The channel ${channelId} is damaged at offset ${offset}: ${why}.`);
  if (offset !== before.offset + 1)
    throw fail('its history does not begin with offset 1, or lacks entries. Export it and delete it, and import it afterwards');
  if (nextCheck(before.check, offset, digestOf(facts, content)) !== check) throw fail('the entry was changed');
  if (text === null) {
    if (facts.postId === null || facts.revision > erasedThrough) throw fail('its text is missing');
  } else if (text.salt !== '' && hashOf(text) !== content) throw fail('its text was changed');
  return { offset, check };
}

function otherHistory(channelId: string): JournalRefused {
  return new JournalRefused(
    `The channel ${channelId} has another history in the target. Empty the target, and begin the migration again.`,
  );
}

/** Throws `JournalRefused` if the target lacks something, or if the source was written to after its writes were stopped. */
async function compare(source: MovableStore, target: MovableStore, { channels, server }: Heads): Promise<void> {
  const differs = (one: ChainHead | undefined, other: ChainHead | undefined) =>
    one?.root !== other?.root || one?.offset !== other?.offset || one?.check !== other?.check;
  const wasWritten = (what: string) =>
    new JournalRefused(
      `${what} was changed in ${source.name} during the switch, so a server of an earlier version writes to it. Stop that server, and repeat the command.`,
    );
  await inPages([...channels], async ([channelId, head]) => {
    const [from, to] = await Promise.all([source.head(channelId), target.head(channelId)]);
    if (differs(from, head)) throw wasWritten(`The channel ${channelId}`);
    if (differs(to, head)) throw new JournalRefused(`The channel ${channelId} was not moved completely.`);
  });
  for await (const channelId of source.channelIds())
    if (!channels.has(channelId) && (await source.head(channelId)) !== undefined) throw wasWritten(`The channel ${channelId}`);
  for await (const channelId of target.channelIds())
    if (!channels.has(channelId)) throw new JournalRefused(`The channel ${channelId} is only in ${target.name}.`);
  if (differs(await source.head(null), server)) throw wasWritten('The server journal');
  if (differs(await target.head(null), server)) throw new JournalRefused('The server journal was not moved completely.');
}

import type { Position } from '../../protocol/cursor.ts';
import type { Access } from '../../protocol/model.ts';
import { type Announcement, type ChannelRead, type Engine, JournalUnavailable } from '../engine.ts';
import { lossLimits } from './loss-limits.ts';
import { type Found, type Loss, lossOf, type Served, type ServedChannels } from './served-channels.ts';

const { lossLookMs, lossLookChannels, lossesAtOnce, lossRefusedMs } = lossLimits;

export interface LossWatchParts {
  engine: Engine;
  /** What this server served, also before it was started. */
  served: ServedChannels;
  /** The other servers of the store. */
  peers?: Peers | undefined;
  /** Milliseconds of a monotonic clock. */
  elapsed(): number;
  log: Record<'info' | 'error', (fields: object, message: string) => void>;
  onLoss?: (how: Loss) => void;
}

/** Servers tell each other of lost channels, because the store cannot: a server may never have served a channel. */
export interface Peers {
  /** `text`: the line of `ServedChannels` for each lost channel. */
  tellServed(text: string): void;
  onServed(listener: (text: string) => void): void;
}

interface LostChannel {
  how: Loss;
  /** Where the channel ended at the last comparison, and when that was. */
  found: Found;
  atMs: number;
}

/**
 * Notices that the store lost channels that were served here. A channel is lost if the store does not have it and no deletion is
 * recorded (`missing`), or if its history ends before what was served (`behind`).
 *
 *   served ──── the store does not have it ────► missing ──── found again, deleted, or created again ──► served
 *     │                                             │
 *     └── its history ends earlier ──► behind ◄─────┘ found again, but shorter
 *                                         │
 *                                         └── the entries are back, or the next entry is written ──────► served
 *
 * `engine` is the engine as the server uses it. A `missing` channel is unavailable there (`isLost`), and not missing. A channel
 * that is `behind` is served: its readers get a reset, and authors go on.
 */
export class LossWatch {
  readonly engine: Engine;
  readonly #parts: LossWatchParts;
  readonly #lost = new Map<string, LostChannel>();
  readonly #undo: (() => void)[] = [];
  /** The comparison of all channels that runs, and the one that is begun after it. */
  #checking: Promise<void> = Promise.resolve();
  #nextCheck: Promise<void> | undefined;
  #closed = false;
  /** Channels to compare before all are compared again. */
  #toCompare: string[] = [];
  /** Lost channels to compare, and to tell of, before all of them are again. */
  #lostToCompare: string[] = [];
  #looking: Promise<void> | undefined;

  constructor(parts: LossWatchParts) {
    this.#parts = parts;
    this.engine = this.#guarded();
    parts.peers?.onServed((text) => this.#hear(text));
  }

  /** Looks at all channels now, and then at some of them at a time. */
  start(): void {
    const { engine } = this.#parts;
    void this.check();
    const look = () => {
      this.#looking ??= this.#look().finally(() => {
        this.#looking = undefined;
      });
    };
    const looking = setInterval(look, lossLookMs).unref();
    const undoReach = engine.onReachability(({ reachable }) => {
      if (reachable) void this.check();
    });
    this.#undo.push(() => clearInterval(looking), undoReach);
  }

  close(): void {
    this.#closed = true;
    for (const undo of this.#undo.splice(0)) undo();
  }

  /** The number of lost channels. */
  get lost(): Record<Loss, number> {
    const counts = { missing: 0, behind: 0 };
    for (const { how } of this.#lost.values()) counts[how] += 1;
    return counts;
  }

  /** Compares all channels that were served with the store. Throws nothing: what cannot be read is compared later. */
  check(): Promise<void> {
    this.#nextCheck ??= this.#checking.then(async () => {
      this.#nextCheck = undefined;
      await this.#compareAll(this.#parts.served.ids).catch(() => undefined);
    });
    this.#checking = this.#nextCheck;
    return this.#nextCheck;
  }

  /**
   * Why the files of the store must not be rewritten: the lost data may still be in them. Compares all channels before it says that
   * there is no reason. Throws `JournalUnavailable`.
   */
  async whyKeepFiles(): Promise<string | undefined> {
    if (this.#lost.size === 0) await this.#compareAll(this.#parts.served.ids);
    const count = this.#lost.size;
    if (count === 0) return undefined;
    return `the store lost ${count} channels, which may still be in its append-only file, so the file is not rewritten`;
  }

  // ---- Comparing

  /**
   * Compares some of the lost channels and some of all. If that changes what is lost, compares all. Tells the other servers of the
   * same lost channels again, because one of them may have started in the meantime.
   */
  async #look(): Promise<void> {
    const { served } = this.#parts;
    if (this.#toCompare.length === 0) this.#toCompare = served.ids;
    for (const channelId of this.#lost.keys()) if (served.get(channelId) === undefined) this.#lost.delete(channelId);
    if (this.#lostToCompare.length === 0) this.#lostToCompare = [...this.#lost.keys()];
    const lost = this.#lostToCompare.splice(0, lossLookChannels);
    const some = this.#toCompare.splice(0, lossLookChannels);
    const before = this.#lost.size;
    await this.#compareAll([...new Set([...lost, ...some])]).catch(() => undefined);
    if (this.#lost.size !== before) await this.check();
    this.#tell(lost);
  }

  /** Tells the other servers which of these are missing. */
  #tell(channelIds: readonly string[]): void {
    const { served, peers } = this.#parts;
    const lines = channelIds.flatMap((channelId) =>
      this.#lost.get(channelId)?.how === 'missing' ? (served.lineOf(channelId) ?? []) : [],
    );
    if (lines.length > 0) peers?.tellServed(lines.join('\n'));
  }

  /** Tells the other servers at once what was found missing. */
  async #compareAll(channelIds: readonly string[]): Promise<void> {
    for (let at = 0; at < channelIds.length && !this.#closed; at += lossesAtOnce) {
      const some = channelIds.slice(at, at + lossesAtOnce);
      const unknown = some.filter((channelId) => !this.#lost.has(channelId));
      await this.#compare(some);
      this.#tell(unknown);
    }
  }

  async #compare(channelIds: readonly string[]): Promise<void> {
    const { engine, served } = this.#parts;
    const marks = channelIds.map((channelId) => served.get(channelId));
    const heads = await engine.heads(channelIds).catch(async (error: unknown) => {
      if (!isDamage(error)) throw error;
      return await Promise.all(channelIds.map((channelId) => this.#headOf(channelId)));
    });
    const settle = async (channelId: string, index: number) => {
      const mark = marks[index];
      const head = heads[index];
      if (mark === undefined || head === 'damaged') return;
      if (head !== undefined) this.#settle(channelId, mark, head);
      else await this.#readAndSettle(channelId, mark);
    };
    await Promise.all(channelIds.map(settle));
  }

  /** A damaged channel is refused, so it is not compared. */
  async #headOf(channelId: string): Promise<Position | 'damaged' | undefined> {
    try {
      const [head] = await this.#parts.engine.heads([channelId]);
      return head;
    } catch (error) {
      if (isDamage(error)) return 'damaged';
      throw error;
    }
  }

  /** A request has found a channel missing. Others may be missing too, and other servers may not know. */
  #spread(channelId: string): void {
    this.#tell([channelId]);
    void this.check();
  }

  async #readAndSettle(channelId: string, mark: Served): Promise<void> {
    try {
      const read = await this.#parts.engine.channel(channelId);
      this.#settle(channelId, mark, foundIn(read), accessIn(read));
    } catch (error) {
      if (!isDamage(error)) throw error;
    }
  }

  /** `found`: by a read that began after `mark` was current. A loss does not count if the channel was noted since. */
  #settle(channelId: string, mark: Served, found: Found, access?: Access): void {
    const { served, elapsed, log, onLoss } = this.#parts;
    const before = this.#lost.get(channelId);
    const how = lossOf(mark.position, found, before?.found);
    if (how === undefined) {
      if (found === 'deleted') served.forget(channelId);
      else if (found !== 'missing') this.#note(channelId, found, access);
      this.#end(channelId, found === 'deleted' ? 'deleted' : 'served');
      return;
    }
    if (served.get(channelId) !== mark) return;
    this.#lost.set(channelId, { how, found, atMs: elapsed() });
    if (before?.how === how) return;
    onLoss?.(how);
    const facts = { channel: channelId, served: mark.position.offset };
    if (typeof found === 'string') log.error(facts, 'the store lost a channel that was not deleted');
    else log.error({ ...facts, found: found.offset }, 'the store lost the newest entries of a channel');
  }

  /** Notes what was served. If the channel was lost, the position counts even if it is an earlier one. */
  #note(channelId: string, position: Position, access?: Access): void {
    const { served } = this.#parts;
    if (this.#lost.has(channelId)) served.set(channelId, position, access ?? served.get(channelId)?.access ?? 'desk');
    else served.note(channelId, position, access);
  }

  #end(channelId: string, found: 'deleted' | 'served'): void {
    if (this.#lost.delete(channelId)) this.#parts.log.info({ channel: channelId, found }, 'a lost channel is no longer lost');
  }

  /** Another server misses these channels. What this one did not serve it looks for as well. */
  #hear(text: string): void {
    const { served } = this.#parts;
    const added: string[] = [];
    for (const line of text.split('\n').slice(0, lossLookChannels)) {
      const [channelId = ''] = line.split(' ', 1);
      if (served.get(channelId) === undefined && served.add(line)) added.push(channelId);
    }
    void this.#compareAll(added).catch(() => undefined);
  }

  // ---- The engine as the server uses it

  #guarded(): Engine {
    const { engine, served, elapsed } = this.#parts;

    const channel = async (channelId: string, seesDesk = true): Promise<ChannelRead> => {
      const mark = served.get(channelId);
      // A channel of the desk is hidden, whether the store has it or not.
      const refuses = mark !== undefined && (seesDesk || mark.access !== 'desk');
      const before = this.#lost.get(channelId);
      if (refuses && before?.how === 'missing' && elapsed() - before.atMs < lossRefusedMs) throw lost(channelId);
      const read = await engine.channel(channelId, seesDesk);
      if (read.status === 'found' && mark === undefined) served.note(channelId, read.position, read.channel.access);
      else if (read.status !== 'missing' && mark !== undefined) this.#settle(channelId, mark, foundIn(read), accessIn(read));
      if (read.status === 'found') served.touch(channelId);
      if (read.status !== 'missing' || !refuses) return read;
      // It may be there, but hidden from this reader.
      await this.#readAndSettle(channelId, mark);
      const now = this.#lost.get(channelId);
      if (now?.how === 'missing') {
        if (before?.how !== 'missing') this.#spread(channelId);
        throw lost(channelId);
      }
      return await engine.channel(channelId, seesDesk);
    };

    /** Refuses if the channel is lost, before a read says that there is none. */
    const orLost = async <T>(channelId: string, read: Promise<T | undefined>): Promise<T | undefined> => {
      const found = await read;
      if (found === undefined && served.get(channelId) !== undefined) await channel(channelId);
      return found;
    };

    const hear = (channelId: string, heard: Announcement, listener: (heard: Announcement) => void) => {
      if (heard.type === 'entry') {
        const { epoch, change } = heard;
        const access = change.type === 'channel.changed' ? change.channel.access : undefined;
        served.note(channelId, { epoch, offset: change.offset, check: change.check }, access);
        served.touch(channelId);
      }
      if (heard.type !== 'gone' || served.get(channelId) === undefined) return listener(heard);
      // Only a deletion that is recorded ends the channel for its readers.
      const settled = channel(channelId).then(({ status }) => status === 'deleted');
      settled.catch(() => false).then((isDeleted) => listener(isDeleted ? heard : { type: 'maybe-missed' }));
    };

    const guards: Partial<Engine> = {
      channel,
      append: async (channelId, request) => {
        const result = await engine.append(channelId, request);
        if (result.status !== 'appended') return result;
        const change = result.changes.findLast(({ type }) => type === 'channel.changed');
        this.#note(channelId, result.position, change?.type === 'channel.changed' ? change.channel.access : undefined);
        served.touch(channelId);
        this.#end(channelId, 'served');
        return result;
      },
      deleteChannel: async (channelId, ...request) => {
        const result = await engine.deleteChannel(channelId, ...request);
        if (result.status === 'deleted') {
          served.forget(channelId);
          this.#end(channelId, 'deleted');
        }
        return result;
      },
      channels: async (query) => {
        const page = await engine.channels(query);
        const isListed = (channelId: string) => served.get(channelId)?.access !== 'desk' || query.desk.length > 0;
        const isMissing = [...this.#lost].some(([channelId, { how }]) => how === 'missing' && isListed(channelId));
        return page && isMissing ? { ...page, complete: false } : page;
      },
      catchUp: (channelId, ...query) => orLost(channelId, engine.catchUp(channelId, ...query)),
      snapshot: (channelId, ...query) => orLost(channelId, engine.snapshot(channelId, ...query)),
      posts: (channelId, ...query) => orLost(channelId, engine.posts(channelId, ...query)),
      revisions: (channelId, ...query) => orLost(channelId, engine.revisions(channelId, ...query)),
      corrections: (channelId, ...query) => orLost(channelId, engine.corrections(channelId, ...query)),
      journal: (channelId, ...query) => orLost(channelId, engine.journal(channelId, ...query)),
      entries: (channelId, ...query) => orLost(channelId, engine.entries(channelId, ...query)),
      subscribe: (channelId, listener) => engine.subscribe(channelId, (heard) => hear(channelId, heard, listener)),
    };
    return inPlaceOf(engine, guards);
  }
}

/** An engine that has these operations in place of its own. Changing it changes nothing of the engine. */
function inPlaceOf(engine: Engine, guards: Partial<Engine>): Engine {
  const guarded: Partial<Engine> = {};
  for (let part: object = engine; part !== Object.prototype; part = Object.getPrototypeOf(part))
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(part))) {
      if (name in guarded || name === 'constructor') continue;
      const own = typeof value === 'function' ? { value: value.bind(engine) } : { get: () => Reflect.get(engine, name) };
      Object.defineProperty(guarded, name, {
        ...own,
        configurable: true,
        enumerable: true,
        ...('value' in own && { writable: true }),
      });
    }
  return Object.assign(guarded, guards) as Engine;
}

function foundIn(read: ChannelRead): Found {
  return read.status === 'found' ? read.position : read.status;
}

function accessIn(read: ChannelRead): Access | undefined {
  return read.status === 'found' ? read.channel.access : undefined;
}

function isDamage(error: unknown): boolean {
  return error instanceof JournalUnavailable && error.isDamaged;
}

function lost(channelId: string): JournalUnavailable {
  return new JournalUnavailable(`The store lost the channel ${channelId}.`, 'unchanged', { isLost: true });
}

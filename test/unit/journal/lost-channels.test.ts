import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { channelToCreate, type Engine, isLost, JournalUnavailable } from '../../../src/journal/engine.ts';
import { lossLimits } from '../../../src/journal/losses/loss-limits.ts';
import { LossWatch, type Peers } from '../../../src/journal/losses/loss-watch.ts';
import { type Found, lossOf, ServedChannels } from '../../../src/journal/losses/served-channels.ts';
import type { Access } from '../../../src/protocol/model.ts';
import {
  appended,
  channelChange,
  channelEntry,
  createChannel,
  newRequest,
  publish,
  renderer,
  wide,
} from '../../support/stores/engines.ts';
import { openMemory } from '../../support/stores/memory-engine/engine.ts';
import { MemoryStore } from '../../support/stores/memory-engine/store.ts';

const at = (offset: number, check = `${offset}`.padStart(16, '0'), epoch = 'abcdefabcdef') => ({ epoch, offset, check });

describe('a channel that was served up to offset 5', () => {
  const served = at(5);

  it.each<[string, Found, Found | undefined, ReturnType<typeof lossOf>]>([
    ['is complete at the same position', at(5), undefined, undefined],
    ['is complete at the next offset', at(6), undefined, undefined],
    ['is behind at the offset before', at(4), undefined, 'behind'],
    ['is behind at the same offset with another check', at(5, 'f'.repeat(16)), undefined, 'behind'],
    ['is complete in another history, wherever that ends', at(1, undefined, 'fedcbafedcba'), undefined, undefined],
    ['is complete if it was deleted', 'deleted', undefined, undefined],
    ['is missing if the store has neither the channel nor a deletion', 'missing', undefined, 'missing'],
    ['is still behind where it was found behind', at(3), at(3), 'behind'],
    ['goes on once it has grown from there', at(4), at(3), undefined],
    ['is behind if it has lost more', at(2), at(3), 'behind'],
    ['is missing even if it was behind', 'missing', at(3), 'missing'],
    ['is behind if it was missing and is back without its end', at(4), 'missing', 'behind'],
  ])('%s', (_what, found, before, loss) => {
    expect(lossOf(served, found, before)).toBe(loss);
  });
});

describe('the channels that a server served', () => {
  it('are bounded: the one that was served longest ago is forgotten', () => {
    const served = new ServedChannels(2);
    served.note('first', at(1));
    served.note('second', at(1));
    served.touch('first');
    expect(served.size).toBe(2);
    served.note('third', at(1));
    expect(served.ids).toEqual(['first', 'third']);
    expect(served.get('second')).toBeUndefined();
  });

  it('are forgotten a hundredth at a time, so that a server with very many does not look at all of them for each new one', () => {
    const served = new ServedChannels(200);
    const ids = Array.from({ length: 201 }, (_, index) => `channel-${index}`);
    for (const id of ids.slice(0, 200)) served.note(id, at(1));
    for (const id of ids.slice(0, 100)) served.touch(id);
    served.note(ids[200]!, at(1));
    expect(served.ids).toEqual([...ids.slice(103, 200), ...ids.slice(0, 100), ids[200]]);
  });

  it('keep the latest position of a history, and follow another history', () => {
    const served = new ServedChannels(2);
    served.note('one', at(5));
    served.note('one', at(4));
    expect(served.get('one')?.position).toEqual(at(5));
    served.note('one', at(1, undefined, 'fedcbafedcba'));
    expect(served.get('one')?.position).toEqual(at(1, undefined, 'fedcbafedcba'));
  });

  it('are read from their own lines, and what is not such a line is passed over', () => {
    const [served, again] = [new ServedChannels(9), new ServedChannels(9)];
    served.note('one', at(5), 'public');
    served.note('two', at(7), 'desk');
    again.note('two', at(8), 'desk');
    const [one = '', two = ''] = served.ids.map((channelId) => served.lineOf(channelId) ?? '');
    const others = [`NOT AN ID ${one.slice(4)}`, 'three', 'four abc public', one.replace('public', 'all').replace('one', 'five')];
    expect([one, two, ...others, ''].map((line) => again.add(line))).toEqual([true, ...Array(6).fill(false)]);
    expect(again.get('one')).toMatchObject({ position: at(5), access: 'public' });
    expect(again.get('two')?.position).toEqual(at(8));
    expect(again.ids).toEqual(['two', 'one']);
  });
});

describe('a server whose store lost a channel', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
  afterEach(() => void vi.useRealTimers());

  let nowMs = 0;

  async function start({
    store = new MemoryStore(),
    served = new ServedChannels(9),
    peers = undefined as Peers | undefined,
    change = (engine: Engine) => engine,
  } = {}) {
    const log = { info: vi.fn(), error: vi.fn() };
    const below = change(await openMemory({ store, renderer }));
    const watch = new LossWatch({ engine: below, served, peers, elapsed: () => nowMs, log });
    watch.start();
    onTestFinished(async () => {
      watch.close();
      await below.close();
    });
    return { store, served, watch, engine: watch.engine, log };
  }

  /** The store loses the channel. Returns what brings it back. */
  function lose({ store }: { store: MemoryStore }, channelId: string): () => void {
    const channel = store.channels.get(channelId)!;
    store.channels.delete(channelId);
    return () => void store.channels.set(channelId, channel);
  }

  const statusOf = (engine: Engine, channelId: string, seesDesk?: boolean) =>
    engine.channel(channelId, seesDesk).then(
      ({ status }) => status,
      (error: unknown) => (error instanceof JournalUnavailable && error.isLost ? 'lost' : Promise.reject(error)),
    );
  /** Time passes, so that nothing is refused from memory. */
  const later = () => {
    nowMs += lossLimits.lossRefusedMs;
  };

  it('refuses each read of it until its data is back', async () => {
    const server = await start();
    const { engine, watch, log } = server;
    const { id } = await createChannel(engine, 'fire');
    const post = await publish(engine, id);
    const restore = lose(server, id);
    expect(await statusOf(engine, id)).toBe('lost');
    const position = server.served.get(id)!.position;
    for (const read of [
      () => engine.catchUp(id, position, wide),
      () => engine.snapshot(id, wide),
      () => engine.posts(id, { limit: 9, bytes: 1_000_000 }),
      () => engine.revisions(id, post.id, { after: 0, ...wide }),
      () => engine.corrections(id, { limit: 9 }),
      () => engine.journal(id, { from: 1, limit: 9 }),
      () => engine.entries(id, { from: 1, ...wide }),
    ])
      await expect(read()).rejects.toMatchObject({ isLost: true, outcome: 'unchanged' });
    expect(await statusOf(engine, 'never-there')).toBe('missing');
    expect(watch.lost).toEqual({ missing: 1, behind: 0 });
    expect(await watch.whyKeepFiles()).toContain('1 channel');
    restore();
    expect(await statusOf(engine, id)).toBe('lost');
    later();
    expect(await statusOf(engine, id)).toBe('found');
    expect(watch.lost).toEqual({ missing: 0, behind: 0 });
    expect(await watch.whyKeepFiles()).toBeUndefined();
    expect([log.error.mock.calls.length, log.info.mock.calls.length]).toEqual([1, 1]);
  });

  it('serves it again once somebody creates it again, at whatever offset', async () => {
    const server = await start();
    const { engine, watch } = server;
    const { id } = await createChannel(engine, 'fire');
    await publish(engine, id);
    lose(server, id);
    expect(await isLost(engine, id)).toBe(true);
    expect(await channelToCreate(engine, id)).toEqual({ status: 'missing' });
    await createChannel(engine, id);
    expect(await statusOf(engine, id)).toBe('found');
    expect(watch.lost).toEqual({ missing: 0, behind: 0 });
  });

  it('notices it without a request for it, also after a restart', async () => {
    const server = await start();
    await createChannel(server.engine, 'fire');
    lose(server, 'fire');
    await vi.advanceTimersByTimeAsync(lossLimits.lossLookMs);
    expect(server.watch.lost.missing).toBe(1);
    const kept = new ServedChannels(9);
    for (const channelId of server.served.ids) kept.add(server.served.lineOf(channelId)!);
    const { watch } = await start({ store: server.store, served: kept });
    await vi.waitFor(() => expect(watch.lost.missing).toBe(1));
  });

  it('does not take a deleted channel for a lost one, whichever server deleted it', async () => {
    const { store, engine, served, watch } = await start();
    const other = await start({ store });
    const [here, there] = [await createChannel(engine, 'here'), await createChannel(engine, 'there')];
    await engine.deleteChannel(here.id, newRequest(), 'ada');
    await other.engine.deleteChannel(there.id, newRequest(), 'ada');
    for (const { id } of [here, there]) expect(await statusOf(engine, id)).toBe('deleted');
    await watch.check();
    expect([watch.lost, served.size]).toEqual([{ missing: 0, behind: 0 }, 0]);
  });

  it('hides a lost channel of the desk like a missing one, and says to others that lists are incomplete', async () => {
    const server = await start();
    const { engine, watch } = server;
    await createChannel(engine, 'secret', { access: 'desk' });
    await createChannel(engine, 'fire');
    const query = { state: undefined, limit: 9, page: undefined };
    const isComplete = async (desk: string[]) => (await engine.channels({ ...query, desk } as never))?.complete;
    lose(server, 'secret');
    await watch.check();
    expect(await statusOf(engine, 'secret', false)).toBe('missing');
    expect(await statusOf(engine, 'secret')).toBe('lost');
    expect([await isComplete([]), await isComplete(['*'])]).toEqual([true, false]);
    lose(server, 'fire');
    await watch.check();
    expect(await statusOf(engine, 'fire', false)).toBe('lost');
    expect(await isComplete([])).toBe(false);
  });

  it.each<[Access, Access, string]>([
    ['public', 'desk', 'missing'],
    ['desk', 'public', 'found'],
  ])('follows a change of access from %s to %s that another server made', async (from, to, seen) => {
    const { store, engine, watch } = await start();
    const other = await start({ store });
    const channel = await createChannel(engine, 'fire', { access: from });
    await appended(other.engine, 'fire', [channelChange(channel, { access: to })]);
    expect(await statusOf(engine, 'fire', false)).toBe(seen);
    expect(watch.lost).toEqual({ missing: 0, behind: 0 });
  });

  it('serves a channel that lost its newest entries, counts it, and goes on with the next entry', async () => {
    const { store, engine, watch } = await start();
    const channel = await createChannel(engine, 'fire');
    const earlier = structuredClone(store.channels.get('fire')!);
    await publish(engine, 'fire');
    await publish(engine, 'fire');
    store.channels.set('fire', earlier);
    await watch.check();
    expect(watch.lost).toEqual({ missing: 0, behind: 1 });
    expect(await statusOf(engine, 'fire')).toBe('found');
    expect(await watch.whyKeepFiles()).toContain('1 channel');
    await appended(engine, 'fire', [channelEntry({ ...channel, revision: 2 })], { channel: 1 });
    await watch.check();
    expect(watch.lost).toEqual({ missing: 0, behind: 0 });
  });

  function connected(): Peers {
    const listeners: ((text: string) => void)[] = [];
    return {
      tellServed: (text) => listeners.forEach((listener) => void listener(text)),
      onServed: (listener) => void listeners.push(listener),
    };
  }

  it('tells the other servers at once, which refuse it too although they never served it', async () => {
    const peers = connected();
    const server = await start({ peers });
    const other = await start({ store: server.store, peers });
    await createChannel(server.engine, 'fire');
    await createChannel(server.engine, 'storm');
    const restore = lose(server, 'fire');
    lose(server, 'storm');
    expect(await statusOf(other.engine, 'fire')).toBe('missing');
    expect(await statusOf(server.engine, 'fire')).toBe('lost');
    // No time passes, so this is not the next comparison.
    await vi.advanceTimersByTimeAsync(0);
    expect([server.watch.lost.missing, other.watch.lost.missing]).toEqual([2, 2]);
    expect([await statusOf(other.engine, 'fire'), await statusOf(other.engine, 'storm')]).toEqual(['lost', 'lost']);
    expect(await other.watch.whyKeepFiles()).toContain('2 channels');
    restore();
    later();
    expect(await statusOf(other.engine, 'fire')).toBe('found');
    expect(other.watch.lost.missing).toBe(1);
  });

  it('tells a server of it that was started later', async () => {
    const peers = connected();
    const server = await start({ peers });
    await createChannel(server.engine, 'fire');
    lose(server, 'fire');
    await server.watch.check();
    const other = await start({ store: server.store, peers });
    expect(await statusOf(other.engine, 'fire')).toBe('missing');
    await vi.advanceTimersByTimeAsync(lossLimits.lossLookMs);
    await vi.waitFor(async () => expect(await statusOf(other.engine, 'fire')).toBe('lost'));
  });

  it('notices it although another channel is damaged, which does not count as lost', async () => {
    const damaged = (channelId: string) => new JournalUnavailable(`${channelId} is damaged.`, 'unchanged', { isDamaged: true });
    const heads = (engine: Engine) => async (ids: readonly string[]) => {
      if (ids.includes('broken')) throw damaged('broken');
      return await engine.heads(ids);
    };
    const change = (engine: Engine) => {
      const broken = heads(engine);
      return new Proxy(engine, {
        get(target, name) {
          const value: unknown = name === 'heads' ? broken : Reflect.get(target, name, target);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
    };
    const server = await start({ change });
    for (const id of ['broken', 'fire', 'storm']) await createChannel(server.engine, id);
    lose(server, 'fire');
    await server.watch.check();
    expect(server.watch.lost).toEqual({ missing: 1, behind: 0 });
    expect(await statusOf(server.engine, 'storm')).toBe('found');
  });
});

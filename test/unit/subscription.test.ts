import { expect, it, vi } from 'vitest';
import { type Engine, JournalUnavailable } from '../../src/engine/engine.ts';
import { Feeds } from '../../src/fanout/feeds.ts';
import { fanoutLimits } from '../../src/fanout/limits.ts';
import { Asker } from '../../src/reader/asker.ts';
import { holdFor } from '../../src/reader/subscription.ts';
import { newChannel } from '../simulation/contents.ts';

const channel = { ...newChannel(1), access: 'members' as const, latestPostAt: null };
const engine = {
  subscribe: async () => () => {},
  onReach: () => () => {},
  onErased: () => () => {},
  channel: async () => ({ status: 'found', channel, position: { epoch: 'abcdefabcdef', offset: 1, check: '1'.repeat(16) } }),
} as Partial<Engine> as Engine;
const grants = { reader: ['*'], author: [], editor: [], admin: false };
const member = new Asker({ sub: 'ada', name: 'Ada', jti: 'a', expiresAt: 0, grants }, () => 'good');
const stranger = new Asker(undefined, () => 'good');

it('lets go of the feed of a channel that it refuses, be it open or not, so that it ends some time after its last reader', async () => {
  const idle: number[] = [];
  const later = (ms: number) => {
    idle.push(ms);
    return () => {};
  };
  const feeds = new Feeds({ engine, random: Math.random, log: { info() {}, warn() {} }, delivered() {}, later });
  const refused = () =>
    expect(holdFor(stranger, feeds, channel.id)).rejects.toMatchObject({ problem: { code: 'token-missing' } });
  await refused();
  expect(idle).toEqual([fanoutLimits.feedIdleMs]);
  const held = await holdFor(member, feeds, channel.id);
  await refused();
  expect(idle).toHaveLength(1);
  held.release();
  expect(idle).toHaveLength(2);
});

it('has a feed that is behind ask the journal, where that says that the channel was opened to who is refused', async () => {
  const position = { epoch: 'abcdefabcdef', offset: 1, check: '1'.repeat(16) };
  const reads = ['members', 'members', 'public'] as const;
  let read = 0;
  const asked = vi.fn(() => new Promise<never>(() => {}));
  const opened: Partial<Engine> = {
    ...engine,
    channel: async () => ({ status: 'found', channel: { ...channel, access: reads[read++] ?? 'public' }, position }),
    catchUp: asked,
  };
  const feeds = new Feeds({ engine: opened as Engine, random: Math.random, log: { info() {}, warn() {} }, delivered() {} });
  await expect(holdFor(stranger, feeds, channel.id)).rejects.toBeInstanceOf(JournalUnavailable);
  expect(asked).toHaveBeenCalledTimes(1);
  feeds.close();
});

import { describe, expect, it, vi } from 'vitest';
import { type Engine, JournalUnavailable, type StoredSnapshot } from '../../../src/journal/engine.ts';
import { liveLimits } from '../../../src/live/live-limits.ts';
import type { Pipe } from '../../../src/live/reader-connection.ts';
import type { ClientSocket } from '../../../src/live/socket/messages.ts';
import { SocketSession } from '../../../src/live/socket/socket-session.ts';
import { limits } from '../../../src/protocol/wire-limits.ts';
import { ChannelStreams } from '../../../src/streams/channel-streams.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import { newChannel } from '../../model/simulation/contents.ts';

const position = { epoch: 'abcdefabcdef', offset: 1, check: '1'.repeat(16) };
const counts = { posts: 0, keyEvents: 0, corrections: 0 };
const stored = { channel: newChannel(1), position, counts, posts: [], pinned: null, summary: null, keyEvents: [], more: false };

/** A client that talks to a server. The test decides when the journal answers. */
function join() {
  const read = Promise.withResolvers<StoredSnapshot>();
  const snapshot = vi.fn(() => read.promise);
  const channel = async () => ({ status: 'found', channel: { ...newChannel(1), latestPostAt: null }, position, counts });
  const undo = async () => () => {};
  const engine: Partial<Engine> = { subscribe: undo, onReachability: () => () => {}, onErased: () => () => {}, snapshot };
  Object.assign(engine, { channel });
  const idle = vi.fn(() => () => {});
  const log = { info() {}, warn() {} };
  const streams = new ChannelStreams({ engine: engine as Engine, random: Math.random, log, delivered() {}, startTimer: idle });
  const pipe: Partial<Pipe> = {
    format: { name: 'socket', frame: () => Buffer.alloc(0) },
    open: true,
    ready: true,
    onTaken: () => () => {},
    terminate() {},
  };
  const [acknowledge, acknowledgeCatchUp, disconnect] = [vi.fn(), vi.fn(), vi.fn()];
  const socket: ClientSocket = {
    address: '192.0.2.1',
    isPaid: true,
    pipe: pipe as Pipe,
    emit() {},
    acknowledge,
    acknowledgeCatchUp,
    disconnect,
  };
  const readers = { add() {}, remove() {}, busy: new Set<never>() };
  const conversation = new SocketSession(socket, undefined, {
    streams,
    identity: { statusOf: () => 'good' },
    readers,
    rates: { requests() {}, chargeResponse() {} },
    now: () => 0,
    log,
    metrics: createMetrics(),
  });
  return { conversation, streams, read, snapshot, idle, acknowledge, acknowledgeCatchUp, disconnect };
}

describe('a subscribe in progress', () => {
  const begin = async () => {
    const joined = join();
    joined.conversation.onMessage('subscribe', [{ channelId: stored.channel.id }], 1);
    await vi.waitFor(() => expect(joined.snapshot).toHaveBeenCalled());
    return joined;
  };
  const expectNothingHeld = ({ conversation, streams, idle, acknowledgeCatchUp }: ReturnType<typeof join>) => {
    expect(acknowledgeCatchUp).not.toHaveBeenCalled();
    expect([idle.mock.calls.length, conversation.subscriptions, ...[...streams].map((stream) => stream.readers.size)]).toEqual([
      1, 0, 0,
    ]);
  };

  it.each(['endRevoked', 'close'] as const)('leaves no subscription after %s', async (end) => {
    const joined = await begin();
    joined.conversation[end]();
    joined.read.resolve(stored);
    await vi.waitFor(() => expect(joined.acknowledge).toHaveBeenCalled());
    expectNothingHeld(joined);
  });

  it('leaves no subscription if the journal cannot be read', async () => {
    const joined = await begin();
    joined.read.reject(new JournalUnavailable('It is away.', 'unchanged'));
    await vi.waitFor(() => expect(joined.acknowledge).toHaveBeenCalled());
    expect(joined.acknowledge.mock.calls).toMatchObject([[1, { ok: false, problem: { code: 'journal-unavailable' } }]]);
    expectNothingHeld(joined);
  });
});

it.each([
  ['with wrong fields', 'subscribe', { channelId: 17 }, 1],
  ['with wrong fields, to end a subscription', 'unsubscribe', {}, undefined],
  ['without an acknowledgement id', 'subscribe', { channelId: 'moon' }, undefined],
  ['with unknown names', 'publish', {}, undefined],
])('a client that keeps sending messages %s is disconnected', async (_which, name, said, id) => {
  const { conversation, disconnect } = join();
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  for (let times = 1; times < limits.socketMisuses; times += 1) conversation.onMessage(name, [said], id);
  await turn();
  expect(disconnect).not.toHaveBeenCalled();
  conversation.onMessage(name, [said], id);
  await turn();
  expect(disconnect).toHaveBeenCalled();
});

it('has waitingSubscribes subscribes wait at once, and refuses one more', async () => {
  const { conversation, acknowledge, read } = join();
  for (let id = 0; id < liveLimits.waitingSubscribes; id += 1) conversation.onMessage('subscribe', [{ channelId: 'moon' }], id);
  expect(acknowledge).not.toHaveBeenCalled();
  conversation.onMessage('subscribe', [{ channelId: 'moon' }], 1_000);
  expect(acknowledge.mock.calls).toMatchObject([[1_000, { ok: false, problem: { code: 'rate-limited' } }]]);
  read.reject(new JournalUnavailable('It is away.', 'unchanged'));
});

it('takes socketChannels channels, and refuses one more', async () => {
  const { conversation, acknowledge, acknowledgeCatchUp, read } = join();
  read.resolve(stored);
  for (let nth = 1; nth <= limits.socketChannels; nth += 1) {
    conversation.onMessage('subscribe', [{ channelId: `channel-${nth}` }], nth);
    await vi.waitFor(() => expect(acknowledgeCatchUp).toHaveBeenCalledTimes(nth));
  }
  expect(acknowledge).not.toHaveBeenCalled();
  conversation.onMessage('subscribe', [{ channelId: 'one-more' }], 1_000);
  await vi.waitFor(() => expect(acknowledge).toHaveBeenCalled());
  expect(acknowledge.mock.calls).toMatchObject([[1_000, { ok: false, problem: { code: 'invalid-body' } }]]);
  conversation.close();
});

import { describe, expect, it, vi } from 'vitest';
import { type Engine, JournalUnavailable } from '../../../src/journal/engine.ts';
import { oneShotCatchUp, readOneShot } from '../../../src/live/one-shot-catch-up.ts';
import type { Access } from '../../../src/protocol/model.ts';
import { ChannelStreams } from '../../../src/streams/channel-streams.ts';
import { newChannel } from '../../model/simulation/contents.ts';

/**
 * A channel that the journal reads as public and the channel stream as restricted to members: the stream is behind, or the store
 * lost an entry.
 */
function oneShotRequest(again: Access) {
  const reads: Access[] = ['public', 'members', again];
  const position = { epoch: 'abcdefabcdef', offset: 1, check: '1'.repeat(16) };
  const catchUp = vi.fn(() => new Promise<never>(() => {}));
  const channel = newChannel(1);
  const counts = { posts: 0, keyEvents: 0, corrections: 0 };
  const posts = { counts, posts: [], pinned: null, summary: null, keyEvents: [], more: false };
  const said: Partial<Engine> = {
    subscribe: async () => () => {},
    onReachability: () => () => {},
    onErased: () => () => {},
    channel: async () => {
      const access = reads.shift() ?? again;
      return {
        status: 'found',
        channel: { ...channel, revision: access === 'public' ? 3 : 2, access, latestPostAt: null },
        position,
        counts,
      };
    },
    snapshot: async () => ({ position, channel: { ...channel, revision: 2, access: 'members' }, ...posts }),
    catchUp,
  };
  const engine = said as Engine;
  const streams = new ChannelStreams({ engine, random: Math.random, log: { info() {}, warn() {} }, delivered() {} });
  const answer = readOneShot({ engine, streams }, undefined, channel.id, (stream) =>
    oneShotCatchUp(stream, { limit: 10, posts: 10 }),
  );
  return { answer, catchUp, close: () => streams.close() };
}

describe('a single request that the channel stream would refuse', () => {
  it('is told to retry if the journal says that the channel is open, and makes the stream read the journal', async () => {
    const { answer, catchUp, close } = oneShotRequest('public');
    await expect(answer).rejects.toBeInstanceOf(JournalUnavailable);
    expect(catchUp).toHaveBeenCalledTimes(1);
    close();
  });

  it('is refused if the journal refuses it too', async () => {
    const { answer, close } = oneShotRequest('members');
    await expect(answer).rejects.toMatchObject({ problem: { code: 'token-missing' } });
    close();
  });
});

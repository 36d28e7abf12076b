import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { ChannelsQuery } from '../../../src/api/read-routes.ts';
import { unrequestedSteps } from '../../../src/http/build-steps.ts';
import { liveLimits } from '../../../src/live/live-limits.ts';
import { ChannelStreams } from '../../../src/streams/channel-streams.ts';
import { type FrontPage, FrontPages } from '../../../src/web/page-data/front-page.ts';
import { createChannel, publish } from '../../support/stores/engines.ts';
import { openTempMemory } from '../../support/stores/memory-engine/open-temp.ts';

async function opened() {
  const { engine, close } = await openTempMemory();
  const streams = new ChannelStreams({ engine, random: Math.random, log: { info() {}, warn() {} }, delivered() {} });
  onTestFinished(async () => {
    streams.close();
    await close();
  });
  const fronts = new FrontPages({ engine, streams });
  const read = (query: ChannelsQuery): Promise<FrontPage> =>
    fronts.read(undefined, query, { step: unrequestedSteps(), use: async (front) => front });
  const headlines = async (channelId: string) => {
    const { live } = await read({ limit: 100, state: 'live' });
    return live?.channels.find(({ id }) => id === channelId)?.headlines.map(({ text }) => text);
  };
  return { engine, fronts, read, headlines };
}

describe('the list of coverage at /', () => {
  it('shows frontLive live and frontScheduled scheduled channels, and links to the others', async () => {
    const { engine, read } = await opened();
    for (let nth = 0; nth <= liveLimits.frontLive; nth += 1) await createChannel(engine);
    for (let nth = 0; nth <= liveLimits.frontScheduled; nth += 1) await createChannel(engine, undefined, { state: 'scheduled' });
    const { live, scheduled } = await read({ limit: 100 });
    expect([live?.channels.length, scheduled?.channels.length]).toEqual([liveLimits.frontLive, liveLimits.frontScheduled]);
    for (const [state, section] of Object.entries({ live, scheduled })) {
      const query = { limit: 100, state: state as 'live', page: section?.next ?? undefined };
      const further = (await read(query))[state as 'live'];
      expect([state, further?.channels.length, further?.next]).toEqual([state, 1, null]);
    }
  });

  it('looks for headlines among the newest frontHeadlinePosts posts of a channel', async () => {
    const { engine, headlines } = await opened();
    const { id } = await createChannel(engine);
    await publish(engine, id, { headline: 'Early' });
    for (let nth = 1; nth < liveLimits.frontHeadlinePosts; nth += 1) await publish(engine, id);
    expect(await headlines(id)).toEqual(['Early']);
    await publish(engine, id);
    expect(await headlines(id)).toEqual([]);
  });

  it('looks for headlines among frontHeadlineBytes of posts', async () => {
    const { engine, headlines } = await opened();
    const { id } = await createChannel(engine);
    const body = 'x'.repeat(liveLimits.frontHeadlineBytes / 2 - 2_000);
    await publish(engine, id, { headline: 'Early' });
    await publish(engine, id, { body });
    await publish(engine, id, { body });
    expect(await headlines(id)).toEqual(['Early']);
    await publish(engine, id, { body: 'x'.repeat(4_000) });
    expect(await headlines(id)).toEqual([]);
  });

  it('keeps the headlines of frontKept channels in memory, and drops those that were read first', async () => {
    const { engine, read } = await opened();
    for (let nth = 0; nth <= liveLimits.frontKept; nth += 1) {
      const { id } = await createChannel(engine);
      await publish(engine, id);
    }
    const snapshot = vi.spyOn(engine, 'snapshot');
    const readPage = async (page?: string) => {
      snapshot.mockClear();
      const { live } = await read({ limit: liveLimits.frontKept, state: 'live', page });
      return { next: live?.next ?? undefined, reads: snapshot.mock.calls.length };
    };
    const { next, reads } = await readPage();
    expect([reads, (await readPage()).reads, (await readPage(next)).reads]).toEqual([liveLimits.frontKept, 0, 1]);
    expect((await readPage()).reads).toBe(1);
  });

  it('is read anew frontReadMs after the read before, for all requests of that time together', async () => {
    const { engine, fronts } = await opened();
    const channels = vi.spyOn(engine, 'channels');
    await fronts.readFirst(undefined);
    const readsOfOne = channels.mock.calls.length;
    const began = performance.now();
    await Promise.all([fronts.readFirst(undefined), fronts.readFirst(undefined)]);
    expect(channels.mock.calls.length).toBe(2 * readsOfOne);
    expect(performance.now() - began).toBeGreaterThan(liveLimits.frontReadMs - 20);
  });
});

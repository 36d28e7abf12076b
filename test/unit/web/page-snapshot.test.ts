import { expect, it, onTestFinished } from 'vitest';
import { withStream } from '../../../src/access/channel-access.ts';
import { liveLimits } from '../../../src/live/live-limits.ts';
import { ChannelStreams } from '../../../src/streams/channel-streams.ts';
import { pageSnapshot } from '../../../src/web/page-data/page-snapshot.ts';
import { createChannel, publish } from '../../support/stores/engines.ts';
import { openTempMemory } from '../../support/stores/memory-engine/open-temp.ts';

it('the page of a channel starts with pageBytes of posts, and one in any case', async () => {
  const { engine, close } = await openTempMemory();
  const streams = new ChannelStreams({ engine, random: Math.random, log: { info() {}, warn() {} }, delivered() {} });
  onTestFinished(async () => {
    streams.close();
    await close();
  });
  const shown = async (...sizes: number[]) => {
    const { id } = await createChannel(engine);
    for (const size of sizes) await publish(engine, id, { html: 'x'.repeat(size) });
    const snapshot = await withStream(streams, undefined, id, (stream) => pageSnapshot(stream));
    return snapshot.posts.length;
  };
  const half = liveLimits.pageBytes / 2;
  expect(await shown(1_000, half - 2_000, half - 2_000)).toBe(3);
  expect(await shown(1_000, half, half)).toBe(1);
  expect(await shown(1_000, 2 * half + 1)).toBe(1);
});

import { describe, expect, it, onTestFinished } from 'vitest';
import { unrequestedSteps } from '../../../src/http/build-steps.ts';
import { limits } from '../../../src/protocol/wire-limits.ts';
import { readFeedPage } from '../../../src/web/feeds/feed-reader.ts';
import { appended, createChannel, publish, revision } from '../../support/stores/engines.ts';
import { openTempMemory } from '../../support/stores/memory-engine/open-temp.ts';

/** How many of so many corrected posts the first page has below its own, if each has HTML of this length. */
async function told(corrected: number, length: number): Promise<number> {
  const { engine, close } = await openTempMemory();
  onTestFinished(close);
  const { id } = await createChannel(engine);
  for (let nth = 0; nth < corrected; nth += 1) {
    const post = await publish(engine, id);
    await appended(engine, id, [revision(post, { html: 'x'.repeat(length) })]);
  }
  await publish(engine, id);
  const page = await readFeedPage(engine, id, { limit: 1 }, unrequestedSteps());
  return (page?.posts.length ?? 0) - 1;
}

describe('the first page of a feed', () => {
  it('has the feedTold latest corrections of older posts', async () => {
    expect(await told(limits.feedTold, 10)).toBe(limits.feedTold);
    expect(await told(limits.feedTold + 1, 10)).toBe(limits.feedTold);
  });

  it('has feedToldBytes of corrected posts, and one in any case', async () => {
    expect(await told(3, limits.feedToldBytes / 2 - 2_000)).toBe(2);
    expect(await told(3, limits.feedToldBytes / 2)).toBe(1);
    expect(await told(2, limits.feedToldBytes + 1)).toBe(1);
  });
});

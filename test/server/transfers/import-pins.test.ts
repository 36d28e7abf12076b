import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuthorClient } from '../../../client/lib/author-client.ts';
import { newPostId } from '../../../client/lib/ids.ts';
import { type Engine, type Journal, JournalUnavailable } from '../../../src/journal/engine.ts';
import { createImporter } from '../../../src/newsroom/import.ts';
import type { Snapshot } from '../../../src/protocol/model.ts';
import { parseLine } from '../../../src/protocol/transfer.ts';
import { exportOf, plainPost, sendTo } from '../../support/authors/transfer.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';
import { openTempEngine, renderer, wide } from '../../support/stores/engines.ts';

/** Withdrawing a post unpins it in the same write, even in an import that is cut between the two. */

let source: TestServer;
let target: TestServer;
let admin: { source: AuthorClient; target: AuthorClient };
beforeAll(async () => {
  source = await startTestServer();
  target = await startTestServer();
  const client = async ({ url, token }: TestServer) => new AuthorClient({ url, token: await token({ admin: true }) });
  admin = { source: await client(source), target: await client(target) };
});
afterAll(async () => {
  await source[Symbol.asyncDispose]();
  await target[Symbol.asyncDispose]();
});

let channels = 0;

/** A channel on the source with pinned and withdrawn posts, and its lines. The first withdrawal is the fourth line after the fillers. */
async function cover(fillers = 0): Promise<{ id: string; lines: string[] }> {
  const id = `pins-${++channels}`;
  const { source: desk } = admin;
  await desk.createChannel({ id, headline: 'Storm' });
  for (let nth = 0; nth < fillers; nth += 1) await desk.publish(id, { body: `Filler ${nth}.` });
  for (const withdraw of ['retract', 'takedown'] as const) {
    const { post } = await desk.publish(id, { body: 'The bridge is closed.' });
    await desk.pin(id, post.id);
    await desk[withdraw](id, post.id, { note: 'It was not so.' });
    await desk.publish(id, { body: 'Something else.' });
  }
  return { id, lines: (await exportOf(source, id)).split(/(?<=\n)/) };
}

/** A post whose text at that time was erased has no history yet, and only looks withdrawn. */
function expectNoWithdrawnPin({ channel, posts }: Pick<Snapshot, 'channel' | 'posts'>, when: string): void {
  const pinned = posts.find(({ id }) => id === channel.pinnedPostId);
  expect(pinned?.history ?? [], when).toEqual([]);
}

async function snapshotOf(id: string): Promise<Snapshot> {
  const { body } = await call(`${target.url}/v1/channels/${id}/snapshot?limit=100`);
  const snapshot = body as Snapshot;
  expect(snapshot.pinned?.status ?? 'published').toBe('published');
  return snapshot;
}

async function take(engine: Engine, lines: readonly string[], append: Journal['append'] = engine.append.bind(engine)) {
  const importer = createImporter({ engine, append, renderer, newId: newPostId }, 'ed');
  for (const [index, line] of lines.entries()) await importer.take(index + 1, parseLine(JSON.parse(line)));
  await importer.finish();
  return importer.done;
}

describe('an import that withdraws pinned posts', () => {
  it('leaves no pin on them when it stops after any write, and continues with the same history', async () => {
    const { id, lines } = await cover();
    for (let most = 1, isWhole = false; !isWhole; most += 1) {
      await using temp = await openTempEngine();
      const { engine } = temp;
      let writes = 0;
      const stopped: Journal['append'] = async (channelId, request) => {
        if (writes === most) throw new JournalUnavailable('out of reach', 'unchanged');
        writes += 1;
        return await engine.append(channelId, request);
      };
      isWhole = await take(engine, lines, stopped).then(
        () => true,
        () => false,
      );
      const snapshot = await engine.snapshot(id, wide);
      if (snapshot === undefined) throw new Error('the channel is not there');
      expectNoWithdrawnPin(snapshot, `after ${most} writes`);
      expect(await take(engine, lines)).toMatchObject({ conflicting: 0, sameHistory: true });
      expect((await engine.heads([id]))[0]?.offset).toBe(lines.length);
    }
  });

  it('writes each withdrawal with its unpinning, even at the end of a batch', async () => {
    const { lines } = await cover(60);
    await using temp = await openTempEngine();
    const written: string[][] = [];
    await take(temp.engine, lines, (channelId, asked) => {
      written.push(asked.entries.map(({ type }) => type));
      return temp.engine.append(channelId, asked);
    });
    expect(written.filter((types) => types.length > 1)).toEqual([
      ['post.retracted', 'channel.changed'],
      ['post.taken-down', 'channel.changed'],
    ]);
  });

  it('leaves no pin on them wherever the lines end, and continues with the same history', async () => {
    const { id, lines } = await cover();
    for (let last = 1; last <= lines.length; last += 1) {
      const { body } = await sendTo(target, lines.slice(0, last).join(''));
      expect(body).toMatchObject({ conflicting: 0, sameHistory: true });
      expectNoWithdrawnPin(await snapshotOf(id), `after ${last} lines`);
    }
    expect(await exportOf(target, id)).toBe(lines.join(''));
  });

  it('unpins only posts that were pinned at the target', async () => {
    const id = `pins-${++channels}`;
    await admin.source.createChannel({ id, headline: 'Storm' });
    const { post } = await admin.source.publish(id, { body: 'The bridge is closed.' });
    await sendTo(target, await exportOf(source, id));
    await admin.target.pin(id, post.id);
    await admin.source.takedown(id, post.id);
    await admin.source.publish(id, { body: 'Something else.' });
    expect(await sendTo(target, await exportOf(source, id))).toMatchObject({ body: { revisions: 2, conflicting: 0 } });
    expectNoWithdrawnPin(await snapshotOf(id), 'after the import');
    expect((await snapshotOf(id)).channel.pinnedPostId).toBeNull();
  });

  it('leaves unpinning to the lines of another system', async () => {
    const { id } = await cover();
    const [opening] = (await exportOf(source, id)).split('\n');
    const { channel } = JSON.parse(opening as string);
    const own = { ...channel, id: `${id}-elsewhere` };
    const post = plainPost(own.id);
    const at = '2026-11-24T12:00:00.000Z';
    const retraction = { revision: 2, kind: 'retraction', note: 'It was not so.', at, by: 'ruth' };
    const tombstone = { ...post, body: '', authors: [], status: 'retracted', revision: 2, updatedAt: at, history: [retraction] };
    const sent = [
      { channel: own },
      { post, revision: { at, by: 'ruth' } },
      { channel: { ...own, revision: 2, pinnedPostId: post.id } },
      { post: tombstone, revision: { kind: 'retraction', at, by: 'ruth' } },
      { channel: { ...own, revision: 3, pinnedPostId: post.id, section: 'Weather' } },
      { channel: { ...own, revision: 4, section: 'Weather' } },
    ];
    for (let last = 1; last <= sent.length; last += 1) {
      const lines = sent.slice(0, last).map((line) => `${JSON.stringify(line)}\n`);
      expect(await sendTo(target, lines.join(''))).toMatchObject({ body: { revisions: 1, skipped: last - 1, conflicting: 0 } });
    }
    expectNoWithdrawnPin(await snapshotOf(own.id), 'in the end');
  });
});

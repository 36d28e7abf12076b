import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Version } from '../../../client/browser/view/post/versions.ts';
import { createWordDiffs, type VersionPair, type WordDiffs } from '../../../src/web/corrections/word-diffs.ts';
import { createChannel, publish, write } from '../../support/authors/writers.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';

/** The cost of pages of earlier versions: each comparison is made once, and only for connected clients. */

let server: TestServer;
let editor: string;

beforeAll(async () => {
  server = await startTestServer();
  editor = await server.token({ editor: ['*'], admin: true });
});
afterAll(() => server[Symbol.asyncDispose]());

interface Changed {
  channelId: string;
  postId: string;
  path: string;
}

/** A post with this many changes. */
async function changed(changes: number, of?: string): Promise<Changed> {
  const channelId = of ?? (await createChannel(server, editor)).id;
  const { post } = await publish(server, editor, channelId, { body: 'Version 1 of it.' });
  for (let nth = 2; nth <= changes + 1; nth += 1) {
    const path = `/v1/channels/${channelId}/posts/${post.id}/revisions`;
    await write(server, editor, { path, body: { kind: 'update', changes: { body: `Version ${nth} of it.` } }, ifMatch: '*' });
  }
  return { channelId, postId: post.id, path: `/live/${channelId}/${post.id}/versions` };
}
const open = ({ path }: Changed, headers: Record<string, string> = {}) =>
  call(server.addressOf(path), { headers: { accept: 'text/html', ...headers } });

async function counted(series: string): Promise<number> {
  const { text } = await call(`${server.url}/metrics`);
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return Number(line?.split(' ')[1]);
}
const comparisons = (how: string) => counted(`pressbox_word_diffs_total{how="${how}"}`);

describe('a page of earlier versions', () => {
  it('compares nothing again when something else of its channel changes', async () => {
    const post = await changed(3);
    const [made, kept] = [await comparisons('made'), await comparisons('kept')];
    const first = await open(post);
    expect([await comparisons('made'), await comparisons('kept')]).toEqual([made + 3, kept]);
    await publish(server, editor, post.channelId, { body: 'Something else.' });
    const second = await open(post);
    expect([await comparisons('made'), await comparisons('kept')]).toEqual([made + 3, kept + 3]);
    const body = (page: { text: string }) => page.text.replace(/data-cursor="[^"]*"/, '');
    expect(body(second)).toBe(body(first));
  });

  it('is not built for a client that has disconnected', async () => {
    const post = await changed(3);
    const made = await comparisons('made');
    const { engine } = server.server;
    const readAll = engine.revisions;
    onTestFinished(() => {
      engine.revisions = readAll;
    });
    const { hostname, port, host } = new URL(server.url);
    const client = connect(Number(port), hostname);
    let isRead = false;
    engine.revisions = async (...asked) => {
      const others = (await counted('pressbox_connections')) - 1;
      client.destroy();
      await vi.waitFor(async () => expect(await counted('pressbox_connections')).toBe(others));
      const read = await readAll.call(engine, ...asked);
      engine.revisions = readAll;
      isRead = true;
      return read;
    };
    client.write(`GET ${server.pathTo(post.path)} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    await vi.waitFor(() => expect(isRead).toBe(true));
    // A second client that requests the same page gets it, whether or not the server had started to build it for the first
    // client.
    const other = await changed(1);
    expect((await open(other)).status).toBe(200);
    expect(await comparisons('made')).toBe(made + 1);
    expect((await open(post)).status).toBe(200);
    expect(await comparisons('made')).toBe(made + 4);
  });
});

describe('the cached comparisons', () => {
  const version = (revision: number, text: string): Version => ({
    revision,
    change: null,
    publishedAt: '2026-11-24T12:00:00.000Z',
    headline: `Headline of ${text}`,
    text,
    beside: [{ what: 'source', id: 'x', text: `Source of ${text}` }],
  });
  const pairOf = ({ channelId, postId }: Pick<Changed, 'channelId' | 'postId'>, word = 'secret'): VersionPair => ({
    ...{ channelId, postId, epoch: 'e1' },
    before: version(1, `a ${word} before`),
    version: version(2, `a ${word} after`),
  });
  const metrics = { wordDiffs: { inc: () => undefined } } as unknown as Parameters<typeof createWordDiffs>[0]['metrics'];
  function diffsOver(mostBytes?: number): WordDiffs {
    const { engine } = server.server;
    const diffs = createWordDiffs({ engine, renderer: { version: 'r1' }, metrics, ...(mostBytes && { mostBytes }) });
    onTestFinished(() => diffs.close());
    return diffs;
  }
  const keep = (diffs: WordDiffs, pair: VersionPair) => diffs.compare(pair, diffs.generation);

  it('contain lengths, and no word of the texts', async () => {
    const diffs = diffsOver();
    const pair = pairOf(await changed(0));
    const made = keep(diffs, pair);
    expect(diffs.find(pair)).toEqual(made);
    expect(diffs.bytes).toBeGreaterThan(0);
    const held = diffs.dump().toString('latin1');
    expect(held).toContain(pair.postId);
    for (const word of ['secret', 'before', 'after', 'Headline', 'Source']) expect(held).not.toContain(word);
  });

  it('belong to one text: after a restored store the same revision may have other words', async () => {
    const diffs = diffsOver();
    const post = await changed(0);
    keep(diffs, pairOf(post));
    expect(diffs.find(pairOf(post, 'truth'))).toBeUndefined();
    expect(diffs.find({ ...pairOf(post), epoch: 'e2' })).toBeUndefined();
    expect(diffs.find(pairOf(post))).toBeDefined();
  });

  it('are dropped once the takedown of their post is answered, and no others', async () => {
    const diffs = diffsOver();
    const { id } = await createChannel(server, editor);
    const [taken, standing] = [await changed(0, id), await changed(0, id)];
    for (const post of [taken, standing]) keep(diffs, pairOf(post));
    await write(server, editor, { path: `/v1/channels/${id}/posts/${taken.postId}/takedown`, body: {} });
    expect(diffs.find(pairOf(taken))).toBeUndefined();
    expect(diffs.find(pairOf(standing))).toBeDefined();
    expect(diffs.dump().toString('latin1')).not.toContain(taken.postId);
  });

  it('are deleted with their channel', async () => {
    const diffs = diffsOver();
    const [gone, standing] = [await changed(0), await changed(0)];
    for (const post of [gone, standing]) keep(diffs, pairOf(post));
    await write(server, editor, { method: 'DELETE', path: `/v1/channels/${gone.channelId}` });
    expect(diffs.find(pairOf(gone))).toBeUndefined();
    expect(diffs.find(pairOf(standing))).toBeDefined();
  });

  it('are not cached if the texts were read before an erasure', async () => {
    const diffs = diffsOver();
    const [post, other] = [await changed(0), await changed(0)];
    const { generation } = diffs;
    await write(server, editor, { path: `/v1/channels/${other.channelId}/posts/${other.postId}/takedown`, body: {} });
    expect(diffs.compare(pairOf(post), generation)).toMatchObject({ status: 'compared' });
    expect([diffs.find(pairOf(post)), diffs.bytes]).toEqual([undefined, 0]);
  });

  it('are dropped past a byte limit, least recently used first', async () => {
    const most = 4_000;
    const diffs = diffsOver(most);
    const post = await changed(0);
    for (let nth = 0; nth < 100; nth += 1) {
      keep(diffs, pairOf(post, `w${nth}`));
      expect(diffs.bytes).toBeLessThanOrEqual(most);
      expect(diffs.find(pairOf(post, 'w0'))).toBeDefined();
    }
    expect(diffs.bytes).toBeGreaterThan(most / 2);
    expect(diffs.find(pairOf(post, 'w1'))).toBeUndefined();
  });

  it('count once if two pages make the same comparison concurrently', async () => {
    const diffs = diffsOver();
    const pair = pairOf(await changed(0));
    keep(diffs, pair);
    const { bytes } = diffs;
    keep(diffs, pair);
    expect(diffs.bytes).toBe(bytes);
  });

  it('stay when a new one exceeds the whole cache', async () => {
    const small = pairOf(await changed(0));
    const alone = diffsOver();
    keep(alone, small);
    const diffs = diffsOver(alone.bytes);
    const many = (word: string) => Array.from({ length: 40 }, (_, nth) => `same${nth} ${word}${nth}`).join(' ');
    const large = { ...small, before: version(1, many('b')), version: version(3, many('c')) };
    for (const pair of [small, large]) keep(diffs, pair);
    expect(diffs.find(large)).toBeUndefined();
    expect(diffs.find(small)).toBeDefined();
  });
});

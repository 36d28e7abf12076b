import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { JournalUnavailable } from '../../../src/journal/engine.ts';
import { openMediaDirectory } from '../../../src/media/media-directory.ts';
import { mediaLimits } from '../../../src/media/media-limits.ts';
import { createNewsroom } from '../../../src/newsroom/newsroom.ts';
import { createRenderer } from '../../../src/newsroom/render.ts';
import type { AuthorPost, Erasure, UploadedMedia } from '../../../src/protocol/model.ts';
import { uuidv7 } from '../../support/authors/busy-day.ts';
import { movie } from '../../support/samples/movies.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';
import { isBelow } from '../../support/stores/files-below.ts';

/** Takedowns of posts whose uploads other writes named: refused ones, and ones that are not finished. */

const { mediaClaimMs } = mediaLimits;

let server: TestServer;
let folder: string;
let token: string;
let laterMs = 0;
let numbers = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pressbox-claims-'));
  server = await startTestServer({ PRESSBOX_MEDIA_DIR: folder }, { now: () => Date.now() + laterMs });
  token = await server.token({ editor: ['*'], admin: true });
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const mark = (content: string) => `the samples of ${content}.`;

const has = (content: string) => isBelow(folder, mark(content));

interface Sent {
  status: number;
  body: { code?: string; post: AuthorPost; erasure?: Erasure; channel: { revision: number } };
}

/** A channel, and an upload in it. */
async function coverage() {
  numbers += 1;
  const id = `claims-${numbers}`;
  const content = `upload ${numbers}`;
  const at = `${server.url}/v1/channels`;
  const send = async (path: string, body: object, headers: Record<string, string> = {}, method = 'POST'): Promise<Sent> =>
    (await call(`${at}${path}`, { method, token, body, headers })) as unknown as Sent;
  expect((await send('', { id, headline: id, state: 'live' })).status).toBe(201);
  const body = movie({ brand: 'M4A ', tracks: ['soun'], samples: Buffer.from(mark(content)) });
  const headers = { 'content-type': 'audio/mp4' };
  const answer = await call(`${at}/${id}/media`, { method: 'POST', token, body, headers });
  expect(answer.status, answer.text).toBe(201);
  const { media } = answer.body as { media: UploadedMedia };
  const link = { media: [{ type: 'link', url: media.url, title: 'Listen' }] };
  const posts = `/${id}/posts`;
  return {
    id,
    media,
    link,
    publish: (fields: object = {}, more: Record<string, string> = {}) => send(posts, { ...link, ...fields }, more),
    revise: (postId: string, changes: object, ifMatch = '*') =>
      send(`${posts}/${postId}/revisions`, { kind: 'refile', changes }, { 'if-match': ifMatch }),
    takeDown: (postId: string) => send(`${posts}/${postId}/takedown`, {}),
    status: async () =>
      (await call(`${server.url}/media/${id}/${media.id}/audio.m4a`, { token, headers: { connection: 'close' } })).status,
    has: () => has(content),
  };
}
type Coverage = Awaited<ReturnType<typeof coverage>>;

describe('a takedown erases an upload that a refused write named', () => {
  it.each<[string, number, (a: Coverage) => Promise<Sent>]>([
    [
      'because its key was used',
      422,
      async (a) => {
        await a.publish({ headline: 'First', media: [] }, { 'idempotency-key': `used-${a.id}` });
        return await a.publish({ headline: 'Second' }, { 'idempotency-key': `used-${a.id}` });
      },
    ],
    [
      'because its id is taken',
      409,
      async (a) => {
        const { post } = (await a.publish({ headline: 'First', media: [] })).body;
        return await a.publish({ id: post.id, headline: 'Second' });
      },
    ],
    [
      'because its revision is not the latest',
      412,
      async (a) => {
        const { post } = (await a.publish({ headline: 'First', media: [] })).body;
        await a.revise(post.id, { headline: 'Second' }, '1');
        return await a.revise(post.id, a.link, '1');
      },
    ],
    [
      'because it draws from no post',
      400,
      (a) => a.publish({ headline: 'Drawn', derivedFrom: ['0198c0de-0000-7000-8000-000000000000'] }),
    ],
    [
      'because another upload that it names does not exist',
      400,
      (a) => a.publish({ media: [...a.link.media, { type: 'link', url: `media:${'A'.repeat(22)}`, title: 'Missing' }] }),
    ],
  ])('%s', async (_, status, refused) => {
    const a = await coverage();
    const before = await refused(a);
    expect([before.status, before.body.code]).toEqual([status, expect.any(String)]);
    const { post } = (await a.publish()).body;
    const after = await refused(a);
    expect(after.status).toBe(status);
    expect(await a.status()).toBe(200);
    const down = await a.takeDown(post.id);
    expect([down.status, down.body.erasure]).toMatchObject([200, { complete: true, pending: [] }]);
    expect([await a.has(), await a.status()]).toEqual([false, 404]);
  });
});

it('a post that was published again with the same key is taken down with its upload at once', async () => {
  const a = await coverage();
  const [fields, headers] = [{ id: uuidv7(numbers, Math.random) }, { 'idempotency-key': `again-${a.id}` }];
  const { post } = (await a.publish(fields, headers)).body;
  expect((await a.publish(fields, headers)).body.post.id).toBe(post.id);
  expect((await a.takeDown(post.id)).body.erasure).toMatchObject({ complete: true, pending: [] });
  expect(await a.has()).toBe(false);
});

it('a stale edit that names the picture of its post leaves it there, whatever else is taken down', async () => {
  const a = await coverage();
  const { post } = (await a.publish()).body;
  const { post: other } = (await a.publish({ headline: 'Other' })).body;
  await a.revise(post.id, { headline: 'Changed' }, '1');
  expect((await a.revise(post.id, a.link, '1')).status).toBe(412);
  expect((await a.takeDown(other.id)).body.erasure).toMatchObject({ complete: true });
  expect([await a.has(), await a.status()]).toEqual([true, 200]);
  // A retracted post keeps its earlier versions, with what they show.
  await call(`${server.url}/v1/channels/${a.id}/posts/${post.id}/retraction`, {
    method: 'POST',
    token,
    body: { note: 'It was not so.' },
    headers: { 'if-match': '*' },
  });
  const { post: third } = (await a.publish({ headline: 'Third' })).body;
  expect((await a.takeDown(third.id)).body.erasure).toMatchObject({ complete: true });
  expect([await a.has(), await a.status()]).toEqual([true, 200]);
  expect((await a.takeDown(post.id)).body.erasure).toMatchObject({ complete: true });
  expect(await a.has()).toBe(false);
});

describe('a write of another node that names the upload and is not finished', () => {
  /** Publishes through another node, whose append waits. */
  async function begin(a: Coverage, key = crypto.randomUUID(), lost?: 'its request' | 'its answer') {
    const { engine } = server.server;
    const store = await openMediaDirectory(folder, { isShared: true, now: () => Date.now() + laterMs });
    const [arrived, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const newsroom = createNewsroom({
      engine,
      renderer: createRenderer({ publicUrl: server.url }),
      now: () => Date.now() + laterMs,
      newId: () => crypto.randomUUID(),
      media: store,
      async append(channelId, request) {
        arrived.resolve();
        await held.promise;
        if (lost === 'its request') throw new JournalUnavailable('The connection broke.', 'unknown');
        const result = await engine.append(channelId, request);
        if (lost === 'its answer') throw new JournalUnavailable('The connection broke.', 'unknown');
        return result;
      },
    });
    const grants = { reader: [], author: ['*'], editor: [], admin: false };
    const who = { sub: 'eve', name: 'Eve', jti: 'eve', expiresAt: Number.POSITIVE_INFINITY, grants };
    const request = { id: key, digest: 'd'.repeat(64) };
    const parse = () => ({ ...a.link, headline: 'Of another node' }) as never;
    const writing = newsroom.publish({ who, request, keyed: true, parse }, a.id);
    writing.catch(() => undefined);
    await Promise.race([arrived.promise, writing]);
    return {
      async finish() {
        held.resolve();
        return await writing.finally(() => store.close());
      },
    };
  }
  const headlines = async (a: Coverage) => {
    const { body } = await call(`${server.url}/v1/channels/${a.id}/snapshot`);
    return (body as { posts: AuthorPost[] }).posts.flatMap(({ status, headline }) => (status === 'published' ? [headline] : []));
  };

  it('delays the takedown, which names the upload, and then has it', async () => {
    const a = await coverage();
    const { post } = (await a.publish()).body;
    const write = await begin(a);
    const down = await a.takeDown(post.id);
    const pending = [{ where: 'media', why: expect.stringContaining(a.media.url) }];
    expect([down.status, down.body.erasure]).toMatchObject([202, { complete: false, pending }]);
    const { post: published } = await write.finish();
    expect((await a.takeDown(post.id)).body.erasure).toMatchObject({ complete: true, pending: [] });
    expect([await a.has(), await a.status(), await headlines(a)]).toEqual([true, 200, ['Of another node']]);
    expect((await a.takeDown(published.id)).body.erasure).toMatchObject({ complete: true });
    expect(await a.has()).toBe(false);
  });

  it('keeps the upload if its outcome was unknown and the journal has it', async () => {
    const a = await coverage();
    const { post } = (await a.publish()).body;
    const write = await begin(a, undefined, 'its answer');
    await expect(write.finish()).rejects.toThrow(JournalUnavailable);
    expect((await a.takeDown(post.id)).body.erasure).toMatchObject({ complete: true, pending: [] });
    expect([await a.has(), await a.status(), await headlines(a)]).toEqual([true, 200, ['Of another node']]);
  });

  it('delays the takedown if its outcome was unknown, and keeps nothing if the journal does not have it', async () => {
    const a = await coverage();
    const { post } = (await a.publish()).body;
    const write = await begin(a, undefined, 'its request');
    await expect(write.finish()).rejects.toThrow(JournalUnavailable);
    expect((await a.takeDown(post.id)).body.erasure).toMatchObject({ complete: false });
    laterMs += mediaClaimMs + 1_000;
    expect((await a.takeDown(post.id)).body.erasure).toMatchObject({ complete: true, pending: [] });
    expect([await a.has(), await headlines(a)]).toEqual([false, []]);
  });

  it('is refused if it is appended after the takedown was complete, and can be sent again', async () => {
    const a = await coverage();
    const { post } = (await a.publish()).body;
    const key = crypto.randomUUID();
    const write = await begin(a, key);
    expect((await a.takeDown(post.id)).status).toBe(202);
    laterMs += mediaClaimMs + 1_000;
    const down = await a.takeDown(post.id);
    expect([down.status, down.body.erasure]).toMatchObject([200, { complete: true, pending: [] }]);
    expect(await a.has()).toBe(false);
    await expect(write.finish()).rejects.toMatchObject({ problem: { code: 'media-unavailable' } });
    expect(await headlines(a)).toEqual([]);
    await expect(begin(a, key)).rejects.toMatchObject({ problem: { code: 'invalid-body' } });
  });
});

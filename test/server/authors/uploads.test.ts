import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { AuthorClient } from '../../../client/lib/author-client.ts';
import { newsroomLimits } from '../../../src/newsroom/newsroom-limits.ts';
import type { ImageMedia, ReaderPost, UploadedMedia } from '../../../src/protocol/model.ts';
import { uploadAnswerSchema } from '../../../src/protocol/schemas.ts';
import { type MediaServer, startMediaServer } from '../../support/servers/media-server.ts';
import { call } from '../../support/servers/server.ts';

/** Uploads, and posts that use them. */

let media: MediaServer;
let channels = 0;
beforeAll(async () => {
  media = await startMediaServer();
});
afterAll(() => media[Symbol.asyncDispose]());

async function channel(fields: object = {}): Promise<string> {
  channels += 1;
  await media.createChannel(`c-${channels}`, fields);
  return `c-${channels}`;
}

const send = (path: string, body: unknown, options: { method?: string; token?: string; headers?: Record<string, string> } = {}) =>
  call(`${media.server.url}/v1/channels/${path}`, { method: 'POST', token: media.token, body, ...options });
const upload = (id: string, body: Uint8Array, headers: Record<string, string>, token = media.token) =>
  send(`${id}/media`, body, { headers, token });
const jpeg = { 'content-type': 'image/jpeg' };
const image = (url: string, more: object = {}) => ({ type: 'image', url, alt: 'A bridge', ...more });
const errorsOf = ({ body }: { body: unknown }) => (body as { errors: { path: string }[] }).errors.map(({ path }) => path);

const authorToken = (sub: string) => media.server.token({ author: ['*'] }, { sub });

/** The server notices only after a while what came or went. */
const soon = { timeout: 10_000 };

/** Uploads that do not end, one for each token. A refused one is tried again. Returns what disconnects them. */
function endlessUploads(id: string, tokens: readonly string[]): () => Promise<unknown> {
  const stop = new AbortController();
  const body = () => new ReadableStream({ start: (stream) => stream.enqueue(Buffer.from('picture')) });
  const running = tokens.map(async (token) => {
    while (!stop.signal.aborted) {
      await fetch(`${media.server.url}/v1/channels/${id}/media`, {
        ...{ method: 'POST', headers: { ...jpeg, authorization: `Bearer ${token}` }, body: body(), signal: stop.signal },
        duplex: 'half',
      } as RequestInit).catch(() => undefined);
      await setTimeout(20);
    }
  });
  return () => {
    stop.abort();
    return Promise.all(running);
  };
}

describe('an upload', () => {
  it('is answered with what posts refer to, and again with the same', async () => {
    const id = await channel();
    const first = await upload(id, Buffer.from('picture'), jpeg);
    expect(first.status).toBe(201);
    const { media: uploaded } = uploadAnswerSchema.parse(first.body);
    expect(uploaded).toMatchObject({ type: 'image', url: `media:${uploaded.id}`, mimeType: 'image/jpeg', width: 1200 });
    expect(first.headers.get('location')).toBe(`${media.server.url}/media/${id}/${uploaded.id}/1200.jpg`);
    const second = await upload(id, Buffer.from('picture'), jpeg);
    expect([second.status, second.body]).toEqual([200, first.body]);
  });

  it('is refused while uploadsMost others run', async () => {
    const id = await channel();
    const { uploadsMost, uploadsOfAuthor } = newsroomLimits;
    const authors = uploadsMost / uploadsOfAuthor;
    const tokens = await Promise.all(Array.from({ length: authors }, (_, at) => authorToken(`author ${at}`)));
    const stop = endlessUploads(
      id,
      tokens.flatMap((token) => Array(uploadsOfAuthor).fill(token)),
    );
    const sent = async () => (await upload(id, Buffer.from('picture'), jpeg)).status;
    await vi.waitFor(async () => expect(await sent()).toBe(429), soon);
    await stop();
    await vi.waitFor(async () => expect([200, 201]).toContain(await sent()), soon);
  });

  it('is refused while uploadsOfAuthor others of the same author run, and taken from another author', async () => {
    const id = await channel();
    const [eve, ada] = [await authorToken('eve'), await authorToken('ada')];
    const stop = endlessUploads(id, Array(newsroomLimits.uploadsMost).fill(eve));
    const picture = Buffer.from('a picture of its own');
    const refused = await vi.waitFor(async () => {
      const answer = await upload(id, Buffer.from('of eve'), jpeg, eve);
      expect(answer.body).toMatchObject({ code: 'rate-limited', detail: expect.stringContaining('At most 2 ') });
      return answer;
    }, soon);
    expect([refused.status, refused.headers.has('retry-after')]).toEqual([429, true]);
    await vi.waitFor(async () => expect((await upload(id, picture, jpeg, ada)).status).toBe(201), soon);
    await stop();
    await vi.waitFor(async () => expect((await upload(id, picture, jpeg, eve)).status).toBe(200), soon);
  });

  it('leaves its slot if its client disconnects just after the last byte', async () => {
    const id = await channel();
    const token = await authorToken('eve');
    const picture = Buffer.alloc(5_000, 'picture');
    const head = `POST /v1/channels/${id}/media HTTP/1.1\r\nHost: ${new URL(media.server.url).host}\r\nAuthorization: Bearer ${token}\r\nContent-Type: image/jpeg\r\nContent-Length: ${picture.length}\r\n\r\n`;
    for (let attempt = 0; attempt < 20; attempt += 1) {
      const socket = connect(Number(new URL(media.server.url).port), '127.0.0.1').on('error', () => undefined);
      await new Promise<unknown>((sent) => socket.write(Buffer.concat([Buffer.from(head), picture]), sent));
      // From before the server admits the author until after it has read the body.
      await setTimeout(attempt % 4);
      socket.destroy();
    }
    await vi.waitFor(async () => expect((await upload(id, Buffer.from('next'), jpeg, token)).status).toBe(201), soon);
  });

  it('is taken from authors of the channel only', async () => {
    const id = await channel();
    const from = async (grants: object) => {
      const token = await media.server.token(grants, { sub: 'eve' });
      return (await upload(id, Buffer.from('x'), jpeg, token)).status;
    };
    expect(await from({ author: [id] })).toBe(201);
    expect(await from({ reader: [id] })).toBe(403);
    expect(await from({ author: ['other'] })).toBe(403);
    expect((await fetch(`${media.server.url}/v1/channels/${id}/media`, { method: 'POST', body: 'x' })).status).toBe(401);
    expect((await upload('missing', Buffer.from('x'), jpeg)).status).toBe(404);
  });

  it('is refused if its type is missing, is not taken, or is encoded', async () => {
    const id = await channel();
    for (const headers of [
      { 'content-type': 'image/svg+xml' },
      { 'content-type': 'image/jpeg', 'content-encoding': 'gzip' },
      { 'content-type': '' },
    ]) {
      const answer = await upload(id, Buffer.from('x'), headers as Record<string, string>);
      expect([answer.status, (answer.body as { code: string }).code]).toEqual([415, 'wrong-type']);
    }
  });

  it('is 503 while the store cannot be used, and says so', async () => {
    const id = await channel();
    media.store.failure = 'The directory of uploads is full.';
    try {
      const answer = await upload(id, Buffer.from('x'), jpeg);
      expect(answer.status).toBe(503);
      expect(answer.body).toMatchObject({ code: 'media-unavailable', detail: 'The directory of uploads is full.' });
      expect(answer.headers.get('retry-after')).not.toBeNull();
    } finally {
      media.store.failure = undefined;
    }
  });

  it('is sent by the client of the package', async () => {
    const id = await channel();
    const client = new AuthorClient({ url: media.server.url, token: media.token });
    const uploaded = await client.uploadMedia(id, new Uint8Array(Buffer.from('by the client')), 'image/jpeg');
    const { post } = await client.publish(id, { media: [{ type: 'image', url: uploaded.url, alt: '' }] });
    expect(post.media).toMatchObject([{ url: uploaded.files[0]?.url }]);
  });
});

describe('a post', () => {
  it('is shown with the addresses, size and renditions of its upload, on every way', async () => {
    const id = await channel();
    const uploaded = await media.upload(id);
    const address = uploaded.files[0]?.url as string;
    const published = await send(`${id}/posts`, { media: [image(uploaded.url, { credit: 'Ada', width: 7 })] });
    const expected = {
      type: 'image',
      url: address,
      alt: 'A bridge',
      credit: 'Ada',
      width: 1200,
      height: 800,
      renditions: [{ url: address, width: 1200, mimeType: 'image/jpeg' }],
    };
    const { post } = published.body as { post: ReaderPost };
    expect(post.media).toEqual([expected]);
    const { body } = await call(`${media.server.url}/v1/channels/${id}/snapshot`);
    expect((body as { posts: ReaderPost[] }).posts[0]?.media).toEqual([expected]);
    const atom = await call(`${media.server.url}/v1/channels/${id}/feed.atom`);
    expect(atom.text).toContain(address);
    expect(atom.text).not.toContain(uploaded.url);
    expect(atom.text).toContain('<media:content ');
  });

  it('recognises an address of this server, and keeps no facts from authors', async () => {
    const id = await channel();
    const uploaded = await media.upload(id);
    const first = await send(`${id}/posts`, { headline: 'A', media: [image(uploaded.url)] });
    const { post } = first.body as { post: ReaderPost };
    const [shown] = post.media as [ImageMedia];
    const forged = {
      ...shown,
      alt: 'Another',
      width: 5,
      renditions: [{ ...shown.renditions?.[0], url: 'https://elsewhere.example/a' }],
    };
    const elsewhere = image('https://elsewhere.example/b.jpg', { renditions: forged.renditions });
    const revised = await send(
      `${id}/posts/${post.id}/revisions`,
      { kind: 'refile', changes: { media: [forged, elsewhere] } },
      { headers: { 'if-match': '*' } },
    );
    expect(revised.status, revised.text).toBe(200);
    expect((revised.body as { post: ReaderPost }).post.media).toEqual([
      { ...shown, alt: 'Another' },
      image('https://elsewhere.example/b.jpg'),
    ]);
    const exported = await call(`${media.server.url}/v1/channels/${id}/export`, { token: media.token });
    expect(exported.text).toContain(`"media:${uploaded.id}"`);
    expect(exported.text).not.toContain(`${media.server.url}/media/`);
  });

  it('can link to an uploaded sound, and contain it', async () => {
    const id = await channel();
    const { url, files } = await media.upload(id, 'a sound', 'audio/mp4');
    const link = { type: 'link', url, title: 'The siren', audio: { url, mimeType: 'audio/aac' } };
    const published = await send(`${id}/posts`, { media: [link] });
    const address = files[0]?.url as string;
    expect(address).toMatch(/audio\.m4a$/);
    const { post } = published.body as { post: ReaderPost };
    expect(post.media).toEqual([{ ...link, url: address, audio: { url: address, mimeType: 'audio/mp4' } }]);
    expect((await call(address)).status).toBe(200);
  });

  it('can show an uploaded picture in the card of a link', async () => {
    const id = await channel();
    const uploaded = await media.upload(id);
    const address = uploaded.files[0]?.url as string;
    const link = { type: 'link', url: 'https://video.example/vote', title: 'The vote', image: uploaded.url };
    const draft = await call(address);
    expect(draft.status).toBe(404);
    const published = await send(`${id}/posts`, { media: [link] });
    const { post } = published.body as { post: ReaderPost };
    expect(post.media).toEqual([{ ...link, image: address }]);
    expect((await call(address)).status).toBe(200);
    const exported = await call(`${media.server.url}/v1/channels/${id}/export`, { token: media.token });
    expect(exported.text).toContain(`"image":"media:${uploaded.id}/1200.jpg"`);
    const listed = await call(`${media.server.url}/v1/channels/${id}/media`, { token: media.token });
    expect(listed.body).toMatchObject({ media: [{ id: uploaded.id, isUsed: true }] });
    // It can be sent back as it was read.
    const changes = { media: [{ ...post.media[0], title: 'The vote, in full' }] };
    const revised = await send(`${id}/posts/${post.id}/revisions`, { kind: 'refile', changes }, { headers: { 'if-match': '*' } });
    expect((revised.body as { post: ReaderPost }).post.media).toEqual(changes.media);
    await send(`${id}/posts/${post.id}/takedown`, {});
    expect((await call(address)).status).toBe(404);
    expect(await media.store.find(id, uploaded.id)).toBeUndefined();
  });

  it('is refused if it names what is no upload of its channel, or is of another type', async () => {
    const [id, other] = [await channel(), await channel()];
    const [own, strange, video] = [await media.upload(id), await media.upload(other), await media.upload(id, 'v', 'video/mp4')];
    const wrong = [
      image('media:kR3vQ0yT9mB2xW7nL5sZ1A'),
      image(strange.url),
      image(strange.files[0]?.url as string),
      image(video.url),
      { type: 'video', url: own.url },
    ];
    for (const one of wrong) {
      const published = await send(`${id}/posts`, { media: [image(own.url), one] });
      expect(published.status, published.text).toBe(400);
      expect(errorsOf(published)).toEqual(['media[1].url']);
    }
    for (const url of [strange.url, video.url]) {
      const link = { type: 'link', url: 'https://video.example/vote', title: 'The vote', image: url };
      const published = await send(`${id}/posts`, { media: [link] });
      expect([published.status, errorsOf(published)]).toEqual([400, ['media[0].image']]);
    }
    const post = await media.publish(id, [image(own.url)]);
    const revision = { kind: 'update', changes: { media: [image(strange.url)] } };
    const revised = await send(`${id}/posts/${post}/revisions`, revision, { headers: { 'if-match': '*' } });
    expect([revised.status, errorsOf(revised)]).toEqual([400, ['changes.media[0].url']]);
    const patched = await send(id, { picture: { url: video.url, alt: '' } }, { method: 'PATCH', headers: { 'if-match': '*' } });
    expect([patched.status, errorsOf(patched)]).toEqual([400, ['picture.url']]);
    const shown = await call(`${media.server.url}/v1/channels/${id}/posts`);
    expect((shown.body as { posts: unknown[] }).posts).toHaveLength(1);
  });

  it('is answered again by its key, even after its upload was erased', async () => {
    const id = await channel();
    const uploaded = await media.upload(id);
    const headers = { 'idempotency-key': 'one' };
    const first = await send(`${id}/posts`, { headline: 'A', media: [image(uploaded.url)] }, { headers });
    const { post } = first.body as { post: ReaderPost };
    const removal = { kind: 'update', changes: { media: [] }, eraseEarlier: true };
    await send(`${id}/posts/${post.id}/revisions`, removal, { headers: { 'if-match': '*' } });
    expect(await media.store.find(id, uploaded.id)).toBeUndefined();
    const again = await send(`${id}/posts`, { headline: 'A', media: [image(uploaded.url)] }, { headers });
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([201, 'true']);
  });
});

describe('an erasure', () => {
  const takeDown = (id: string, post: string) => send(`${id}/posts/${post}/takedown`, {});
  const exists = async (id: string, { id: mediaId }: UploadedMedia) => (await media.store.find(id, mediaId)) !== undefined;

  it('erases the files that nothing else uses, before it is answered as complete', async () => {
    const id = await channel();
    const [alone, shared] = [await media.upload(id), await media.upload(id)];
    const first = await media.publish(id, [image(alone.url), image(shared.url)]);
    const second = await media.publish(id, [image(shared.url)]);
    const answer = await takeDown(id, first);
    expect(answer.body).toMatchObject({ erasure: { complete: true, cachedSeconds: 300 } });
    expect([await exists(id, alone), await exists(id, shared)]).toEqual([false, true]);
    await takeDown(id, second);
    expect(await exists(id, shared)).toBe(false);
  });

  it('keeps the files of the current revision if earlier ones are erased', async () => {
    const id = await channel();
    const [before, now] = [await media.upload(id), await media.upload(id)];
    const post = await media.publish(id, [image(before.url), image(now.url)]);
    const revision = { kind: 'update', changes: { media: [image(now.url)] }, eraseEarlier: true };
    const answer = await send(`${id}/posts/${post}/revisions`, revision, { headers: { 'if-match': '*' } });
    expect(answer.body).toMatchObject({ erasure: { complete: true } });
    expect([await exists(id, before), await exists(id, now)]).toEqual([false, true]);
  });

  it('is pending while the store cannot be used, and completes when it is sent again', async () => {
    const id = await channel();
    const uploaded = await media.upload(id);
    const post = await media.publish(id, [image(uploaded.url)]);
    media.store.failure = 'The directory is gone.';
    try {
      const answer = await takeDown(id, post);
      expect(answer.status).toBe(202);
      expect(answer.body).toMatchObject({ erasure: { complete: false, pending: [{ where: 'media' }] } });
    } finally {
      media.store.failure = undefined;
    }
    const again = await takeDown(id, post);
    expect([again.status, await exists(id, uploaded)]).toEqual([200, false]);
  });

  it('removes all files of a deleted channel', async () => {
    const id = await channel();
    const uploaded = await media.upload(id);
    const token = await media.server.token({ admin: true });
    const answer = await call(`${media.server.url}/v1/channels/${id}`, { method: 'DELETE', token });
    expect([answer.status, await exists(id, uploaded)]).toEqual([204, false]);
  });
});

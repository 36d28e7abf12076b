import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type MediaServer, startMediaServer } from '../../support/servers/media-server.ts';
import { call } from '../../support/servers/server.ts';

/** How files of uploads are sent. */

let media: MediaServer;
beforeAll(async () => {
  media = await startMediaServer();
});
afterAll(() => media[Symbol.asyncDispose]());

async function published(id: string, content: string, fields: object = {}, type = 'image/jpeg'): Promise<string> {
  await media.createChannel(id, fields);
  const { url, files } = await media.upload(id, content, type);
  await media.publish(id, [type.startsWith('image/') ? { type: 'image', url, alt: '' } : { type: 'video', url }]);
  return files[0]?.url as string;
}

it('a public file may be cached for five minutes and shown by any page, but nothing in it runs', async () => {
  const address = await published('open', 'the whole picture');
  const { status, headers, text } = await call(address);
  expect([status, text]).toEqual([200, 'the whole picture']);
  expect(headers.get('cache-control')).toBe('public, max-age=300');
  expect(headers.get('content-type')).toBe('image/jpeg');
  expect(headers.get('cross-origin-resource-policy')).toBe('cross-origin');
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('content-security-policy')).toBe("default-src 'none';sandbox");
  expect(headers.get('set-cookie')).toBeNull();
  const head = await call(address, { method: 'HEAD' });
  expect([head.status, head.text, head.headers.get('content-length')]).toEqual([200, '', '17']);
});

it('a file of a channel that is not public is for its reader only', async () => {
  const address = await published('members-only', 'for members', { access: 'members' });
  const { status, headers } = await call(address, { token: media.token });
  expect([status, headers.get('cache-control')]).toEqual([200, 'private, no-store']);
  expect(headers.get('vary')).toContain('Authorization, Cookie');
});

it('an unused file is not cached, also if its author opens it', async () => {
  await media.createChannel('unused');
  const { files } = await media.upload('unused');
  const own = await call(files[0]?.url as string, { token: media.token });
  expect([own.status, own.headers.get('cache-control')]).toEqual([200, 'private, no-store']);
  const other = await call(files[0]?.url as string);
  expect([other.status, other.headers.get('cache-control')]).toEqual([404, 'no-store']);
});

it('an unchanged file is 304, and a part of it 206', async () => {
  const address = await published('video', '0123456789', {}, 'video/mp4');
  const { headers } = await call(address);
  const etag = headers.get('etag') as string;
  const again = await call(address, { headers: { 'if-none-match': etag } });
  expect([again.status, again.text]).toEqual([304, '']);
  const part = await call(address, { headers: { range: 'bytes=2-4' } });
  expect([part.status, part.text, part.headers.get('content-range')]).toEqual([206, '234', 'bytes 2-4/10']);
  const stale = await call(address, { headers: { range: 'bytes=2-4', 'if-range': '"other"' } });
  expect([stale.status, stale.text]).toEqual([200, '0123456789']);
  expect((await call(address, { headers: { range: 'bytes=20-' } })).status).toBe(416);
});

it('other names and methods are refused', async () => {
  const address = await published('names', 'x');
  const start = address.slice(0, address.lastIndexOf('/'));
  for (const name of ['640.jpg', '..%2f1200.jpg', '%00', 'about.json']) expect((await call(`${start}/${name}`)).status).toBe(404);
  expect((await call(address, { method: 'POST' })).status).toBe(405);
});

it('a busy file costs no read of the journal for each request', async () => {
  const address = await published('busy', 'busy');
  await call(address);
  const { engine } = media.server.server;
  let reads = 0;
  for (const name of ['posts', 'channel', 'post', 'snapshot'] as const) {
    const real = (engine[name] as (...given: unknown[]) => unknown).bind(engine);
    Object.assign(engine, {
      [name]: (...given: unknown[]) => {
        reads += 1;
        return real(...given);
      },
    });
  }
  for (let request = 0; request < 20; request += 1) expect((await call(address)).status).toBe(200);
  expect(reads).toBe(0);
});

it('a file that a slow client is still being sent is cut when its post is taken down', async () => {
  await media.createChannel('slow');
  const bytes = 32 * 1024 * 1024;
  const { url, files } = await media.upload('slow', 'x'.repeat(bytes));
  const postId = await media.publish('slow', [{ type: 'image', url, alt: '' }]);
  const request = get(files[0]?.url as string);
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  request.on('error', () => undefined);
  const path = `${media.server.url}/v1/channels/slow/posts/${postId}/takedown`;
  const down = await call(path, { method: 'POST', token: media.token, body: {} });
  expect(down.body).toMatchObject({ erasure: { complete: true } });
  let received = 0;
  await expect(
    (async () => {
      for await (const chunk of answer as AsyncIterable<Buffer>) received += chunk.length;
    })(),
  ).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(received).toBeLessThan(bytes);
});

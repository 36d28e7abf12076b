import { once } from 'node:events';
import { type IncomingHttpHeaders, request } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { operations } from '../../../src/apidocs/operations.ts';
import { createChannel, publish } from '../../support/authors/writers.ts';
import { exampleBrand } from '../../support/samples/brand-folder.ts';
import { type MediaServer, startMediaServer } from '../../support/servers/media-server.ts';

/** Every GET route, and every file that pages load, in all variants of an answer that caches may mix up. */

let media: MediaServer;
let addresses: string[];
const browser = { accept: 'text/html,*/*;q=0.8' };

beforeAll(async () => {
  media = await startMediaServer({
    PRESSBOX_BRAND_DIR: exampleBrand('signal-north'),
    PRESSBOX_SECURITY_CONTACT: 'security@example.org',
  });
  const { server, token } = media;
  const { id } = await createChannel(server, token, { id: 'storm' });
  const picture = await media.upload(id);
  const long = 'The harbour office speaks. '.repeat(100);
  const { post } = await publish(server, token, id, { body: long, media: [{ type: 'image', url: picture.url, alt: '' }] });
  const file = new URL(picture.files[0]?.url ?? '').pathname.slice(server.basePath.length);
  addresses = operations
    .filter(({ method }) => method === 'get')
    .map(({ path }) => (path.startsWith('/media/') ? file : path.replace('{channelId}', id).replace('{postId}', post.id)))
    .map((path) => (path === '/oembed' ? `/oembed?url=${encodeURIComponent(`${server.url}/live/${id}`)}` : path));
  for (const page of ['/', `/live/${id}`, '/docs', `/desk/${id}`, `/embed/${id}`]) {
    const text = await (await fetch(server.url + page, { headers: browser })).text();
    for (const [, link = ''] of text.matchAll(/\s(?:href|src)="([^"]*\/(?:assets|brand)\/[^"]+)"/g)) {
      const path = new URL(link, server.url + page).pathname.slice(server.basePath.length);
      if (!addresses.includes(path)) addresses.push(path);
    }
  }
});
afterAll(() => media[Symbol.asyncDispose]());

interface Answer {
  status: number | undefined;
  headers: IncomingHttpHeaders;
}

/** Reads no body, since streams do not end. */
async function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  const outgoing = request(media.server.url + path, { method, headers: { ...browser, ...headers }, agent: false });
  outgoing.end();
  const [{ statusCode: status, headers: received }] = await once(outgoing, 'response');
  outgoing.destroy();
  return { status, headers: received };
}

/** The answer without these headers, and without those of the connection. */
function without({ status, headers }: Answer, names: readonly string[]): object {
  const left = [...names, 'date', 'connection', 'keep-alive', 'transfer-encoding'];
  return { status, ...Object.fromEntries(Object.entries(headers).filter(([name]) => !left.includes(name))) };
}

/** What belongs to the bytes of one coding. */
const ofCoding = ['content-encoding', 'content-length', 'etag', 'accept-ranges', 'last-modified'];

it('a compressed answer has the same headers as a plain one, except those of its bytes', async () => {
  let compressed = 0;
  for (const path of addresses) {
    const [plain, zipped] = [await ask(path, { 'accept-encoding': 'identity' }), await ask(path, { 'accept-encoding': 'gzip' })];
    expect([path, without(zipped, ofCoding)]).toEqual([path, without(plain, ofCoding)]);
    const isCompressed = zipped.headers['content-encoding'] === 'gzip';
    if (isCompressed) compressed += 1;
    expect([path, isCompressed && zipped.headers.etag === plain.headers.etag]).toEqual([path, false]);
  }
  expect(compressed).toBeGreaterThan(20);
});

it('the answer to HEAD has the status and the headers of the answer to GET', async () => {
  for (const path of addresses)
    for (const coding of ['identity', 'gzip']) {
      const [get, head] = [
        await ask(path, { 'accept-encoding': coding }),
        await ask(path, { 'accept-encoding': coding }, 'HEAD'),
      ];
      // The metrics count the requests in between.
      const other = path === '/metrics' ? ['content-length'] : [];
      expect([path, without(head, other)]).toEqual([path, without(get, other)]);
    }
});

/** Links and redirects keep the query. */
const ofQuery = ['content-length', 'etag', 'location'];

it('a query that a route does not know changes neither the status nor the headers of its answer', async () => {
  const strict: string[] = [];
  for (const path of addresses) {
    const [plain, queried] = [await ask(path), await ask(`${path}${path.includes('?') ? '&' : '?'}utm_source=mail`)];
    if (queried.status === 400 && plain.status !== 400) strict.push(path);
    else expect([path, without(queried, ofQuery)]).toEqual([path, without(plain, ofQuery)]);
  }
  // Programs alone read it.
  expect(strict).toEqual(['/v1/channels/storm/media']);
});

it('every answer has the headers of security', async () => {
  for (const path of addresses) {
    const { headers } = await ask(path);
    expect([path, headers['x-content-type-options'], headers['content-security-policy']]).toEqual([
      path,
      'nosniff',
      expect.stringContaining("default-src 'none'"),
    ]);
  }
});

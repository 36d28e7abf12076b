import { once } from 'node:events';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import express, { Router } from 'express';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Compressor } from '../../../src/http/answer-body.ts';
import { handleErrors, sendJson } from '../../../src/http/answers.ts';
import { createCompression } from '../../../src/http/compression.ts';
import { repeatErased } from '../../../src/http/erased-answers.ts';
import { responseLimits } from '../../../src/http/http-limits.ts';
import { createChannel, publish, write } from '../../support/authors/writers.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';

/** Public answers are compressed. Answers to identified readers, short answers and streams are not. */

let server: TestServer;
let editor: string;
let id: string;

beforeAll(async () => {
  server = await startTestServer();
  editor = await server.token({ editor: ['*'], admin: true });
  ({ id } = await createChannel(server, editor));
  for (let nth = 0; nth < 20; nth += 1)
    await publish(server, editor, id, { body: `The harbour office speaks, number ${nth}. `.repeat(20) });
});
afterAll(() => server[Symbol.asyncDispose]());

interface Sent {
  status: number;
  headers: Record<string, string | undefined>;
  bytes: Buffer;
  text: string;
}

/** The bytes on the wire, not decompressed. */
async function ask(path: string, headers: Record<string, string> = {}, method = 'GET', url = server.url): Promise<Sent> {
  const outgoing = request(url + path, { headers, method, agent: false });
  outgoing.end();
  const [answer] = await once(outgoing, 'response');
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const isPacked = bytes.length > 0 && answer.headers['content-encoding'] === 'gzip';
  return { status: answer.statusCode, headers: answer.headers, bytes, text: (isPacked ? gunzipSync(bytes) : bytes).toString() };
}

const pathsOf = () => [
  '/',
  `/live/${id}`,
  '/docs',
  '/openapi.json',
  '/asyncapi.json',
  `/v1/channels/${id}/posts?limit=20`,
  `/v1/channels/${id}/snapshot`,
  `/v1/channels/${id}/events?limit=20`,
  `/v1/channels/${id}/feed.atom`,
  `/v1/channels/${id}/feed.json`,
  `/v1/channels/${id}/liveblog.jsonld`,
  `/v1/channels/${id}/ninjs.json`,
];

describe('a public answer', () => {
  it('is sent plain or with gzip, as the client accepts, with the same content', async () => {
    for (const path of pathsOf()) {
      const plain = await ask(path);
      expect([path, plain.status, plain.headers['content-encoding']]).toEqual([path, 200, undefined]);
      for (const [header, coding] of [
        ['gzip', 'gzip'],
        ['gzip, deflate, br, zstd', 'gzip'],
        ['gzip;q=0.5, br;q=0, identity;q=0.1', 'gzip'],
        ['*', 'gzip'],
      ] as const) {
        const packed = await ask(path, { 'accept-encoding': header });
        expect([path, header, packed.headers['content-encoding']]).toEqual([path, header, coding]);
        expect(packed.text).toBe(plain.text);
        expect(packed.bytes.length).toBeLessThan(plain.bytes.length / 1.5);
        expect(packed.headers['content-length']).toBe(String(packed.bytes.length));
      }
      for (const { headers } of [plain, await ask(path, { 'accept-encoding': 'gzip' })])
        expect(headers.vary?.split(', ')).toContain('Accept-Encoding');
    }
  });

  it('is sent plain if the client accepts or prefers only that', async () => {
    for (const header of ['identity', 'gzip;q=0', 'identity, gzip;q=0.5', 'br', 'zstd', 'x-unknown']) {
      const { headers } = await ask('/docs', { 'accept-encoding': header });
      expect([header, headers['content-encoding']]).toEqual([header, undefined]);
    }
  });

  it('has a strong entity tag for each coding, and is 304 for a client that has it', async () => {
    const path = `/v1/channels/${id}/posts?limit=20`;
    const tags = new Map<string, string>();
    for (const coding of ['identity', 'gzip']) {
      const { headers } = await ask(path, { 'accept-encoding': coding });
      expect(headers.etag).toMatch(/^"[^"]+"$/);
      tags.set(coding, headers.etag as string);
    }
    expect(new Set(tags.values()).size).toBe(2);
    for (const [coding, own] of tags) {
      for (const held of [own, `W/${own}`, `"other", ${own}`, '*']) {
        const again = await ask(path, { 'accept-encoding': coding, 'if-none-match': held });
        expect([coding, held, again.status, again.bytes.length, again.headers.etag]).toEqual([coding, held, 304, 0, own]);
        expect(again.headers.vary?.split(', ')).toContain('Accept-Encoding');
        expect(again.headers['content-encoding']).toBeUndefined();
      }
      for (const other of [...tags.values()].filter((tag) => tag !== own))
        expect((await ask(path, { 'accept-encoding': coding, 'if-none-match': other })).status).toBe(200);
    }
  });

  it('has the same headers for HEAD', async () => {
    const get = await ask('/docs', { 'accept-encoding': 'gzip' });
    const head = await ask('/docs', { 'accept-encoding': 'gzip' }, 'HEAD');
    for (const name of ['content-encoding', 'content-length', 'etag', 'vary', 'content-type'])
      expect([name, head.headers[name]]).toEqual([name, get.headers[name]]);
    expect(head.bytes.length).toBe(0);
  });

  it('has an entity tag that If-Match accepts although it was compressed', async () => {
    const { id: long } = await createChannel(server, editor);
    const { post } = await publish(server, editor, long, { body: 'The harbour office speaks. '.repeat(80) });
    const path = `/v1/channels/${long}/posts/${post.id}`;
    const { headers } = await ask(path, { 'accept-encoding': 'gzip' });
    expect([headers['content-encoding'], headers.etag]).toEqual(['gzip', expect.stringMatching(/^"1-.*-gzip"$/)]);
    const body = { kind: 'update', changes: { body: 'Nothing.' } };
    const answer = await call(`${server.url}${path}/revisions`, {
      method: 'POST',
      token: editor,
      body,
      headers: { 'if-match': headers.etag as string, 'idempotency-key': crypto.randomUUID() },
    });
    expect(answer.status).toBe(200);
  });
});

describe('an answer', () => {
  it('is not compressed if the request has a token or session cookie, valid or not', async () => {
    const signedIn = await call(`${server.url}/v1/session`, { method: 'POST', token: await server.token({ reader: ['*'] }) });
    const cookie = (signedIn.headers.get('set-cookie') as string).split(';')[0] as string;
    for (const path of pathsOf()) {
      for (const known of [{ authorization: `Bearer ${editor}` }, { cookie }, { cookie: `${server.cookieName}=nonsense` }]) {
        const { headers } = await ask(path, { 'accept-encoding': 'gzip, br', ...(known as Record<string, string>) });
        expect([path, known, headers['content-encoding']]).toEqual([path, known, undefined]);
      }
      const { headers } = await ask(path, { 'accept-encoding': 'gzip', cookie: 'consent=yes' });
      expect([path, headers['content-encoding']]).toEqual([path, 'gzip']);
    }
  });

  it('is not compressed if it is short, a problem or a stream', async () => {
    const { id: short } = await createChannel(server, editor);
    for (const path of [
      `/v1/channels/${short}/corrections`,
      '/nowhere',
      '/v1/channels/nowhere',
      `/v1/channels/${id}/events?wait=1`,
    ]) {
      const { headers } = await ask(path, { 'accept-encoding': 'gzip' });
      expect([path, headers['content-encoding']]).toEqual([path, undefined]);
    }
    const stream = await fetch(`${server.url}/v1/channels/${id}/stream`, { headers: { 'accept-encoding': 'gzip' } });
    expect(stream.headers.get('content-encoding')).toBeNull();
    await stream.body?.cancel();
  });

  it('holds nothing of a taken-down post, compressed or not', async () => {
    const { id: channelId } = await createChannel(server, editor);
    const { post } = await publish(server, editor, channelId, { body: 'A secret of the harbour. '.repeat(80) });
    const paths = [`/live/${channelId}`, `/v1/channels/${channelId}/posts`, `/v1/channels/${channelId}/feed.atom`];
    for (const path of paths) expect((await ask(path, { 'accept-encoding': 'gzip' })).text).toContain('secret');
    await write(server, editor, { path: `/v1/channels/${channelId}/posts/${post.id}/takedown`, body: {} });
    for (const path of paths) expect((await ask(path, { 'accept-encoding': 'gzip' })).text).not.toContain('secret');
  });
});

describe('an answer during whose compression something is erased', () => {
  it('is read and sent again, on every path', async () => {
    const { id: erasing } = await createChannel(server, editor);
    const packed = { 'accept-encoding': 'gzip' };
    for (let round = 0; round < 20; round += 1) {
      const { post } = await publish(server, editor, erasing, { body: `A secret of the harbour, number ${round}.` });
      const takedown = write(server, editor, { path: `/v1/channels/${erasing}/posts/${post.id}/takedown`, body: {} });
      // Different answers, because equal ones are compressed once.
      const limits = Array.from({ length: 12 }, (_, nth) => `/v1/channels/${id}/posts?limit=${nth + 9}&before=${900 + round}`);
      const paths = [...limits, ...pathsOf(), `/live/${erasing}`, `/live/${erasing}?order=oldest`];
      const answers = await Promise.all(paths.map(async (path) => ({ path, status: (await ask(path, packed)).status })));
      expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
      await takedown;
    }
  });

  /** A server whose answers are overtaken by `erasures`. Each answer says how many were made. */
  async function overtaken(erasures: number): Promise<Sent & { made: number }> {
    const compression = createCompression(() => undefined);
    let made = 0;
    const routes = Router().get('/', (_request, response) => {
      made += 1;
      if (made === 1) response.set('Link', '</first>; rel="next"');
      sendJson(response, `Answer ${made}. ${'The harbour office speaks. '.repeat(100)}`, { cache: 'public' });
      if (made <= erasures) compression.erased();
    });
    const app = express().use(compression.handler, repeatErased(routes), handleErrors({ error: () => undefined }));
    const http = app.listen(0, '127.0.0.1');
    await once(http, 'listening');
    try {
      const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
      return { ...(await ask('/', { 'accept-encoding': 'gzip' }, 'GET', url)), made };
    } finally {
      http.close();
    }
  }

  it('has nothing of the discarded answers', async () => {
    const { status, headers, text, made } = await overtaken(3);
    expect([status, made, headers['content-encoding'], headers.link]).toEqual([200, 4, 'gzip', undefined]);
    expect(text).toMatch(/^Answer 4\./);
  });

  it('becomes 503 with a time to retry if that happens too many times in a row', async () => {
    const { status, headers, text, made } = await overtaken(Number.POSITIVE_INFINITY);
    expect([status, made, headers['retry-after'], headers.etag]).toEqual([503, responseLimits.compressionTries, '1', undefined]);
    expect(JSON.parse(text)).toMatchObject({ code: 'journal-unavailable', outcome: 'unchanged' });
  });
});

describe('a compressed answer', () => {
  const strangers = (compression: ReturnType<typeof createCompression>) => {
    const response = { locals: {} as { compressor?: Compressor } };
    const asked = { headers: { 'accept-encoding': 'gzip' }, acceptsEncodings: () => 'gzip' };
    compression.handler(asked as never, response as never, () => undefined);
    return response.locals.compressor as Compressor;
  };

  it('is created once for all readers of the same answer, and cached within a bound', async () => {
    const outcomes: string[] = [];
    const { compress } = strangers(createCompression((how) => outcomes.push(how), { mostBytes: 2_000, most: 2 }));
    const text = 'The harbour office speaks. '.repeat(100);
    const [first, second] = await Promise.all([compress(text), compress(text)]);
    expect(first).toBe(second);
    expect(compress(text)).toEqual(first);
    expect(outcomes).toEqual(['made', 'kept']);
    for (let nth = 0; nth < 10; nth += 1) await compress(`${nth} ${text}`);
    expect(outcomes.filter((how) => how === 'forgotten').length).toBeGreaterThan(5);
  });

  it('stays cached while it is requested, however many others are created', async () => {
    const outcomes: string[] = [];
    const { compress } = strangers(createCompression((how) => outcomes.push(how), { mostBytes: 2_000, most: 2 }));
    const text = 'The harbour office speaks. '.repeat(100);
    for (let nth = 0; nth < 10; nth += 1) for (const said of [text, `${nth} ${text}`]) await compress(said);
    expect(outcomes.filter((how) => how === 'made')).toHaveLength(11);
    expect(outcomes).toContain('forgotten');
  });

  it('takes no more memory than the cache counts', async () => {
    const outcomes: string[] = [];
    const mostBytes = 10_000;
    const { compress } = strangers(createCompression((how) => outcomes.push(how), { mostBytes, most: 1 }));
    const made: ArrayBufferLike[] = [];
    for (let nth = 0; nth < 100; nth += 1) {
      const answer = await compress(`${nth} ${'The harbour office speaks. '.repeat(100)}`);
      if (answer.status === 'compressed') made.push(answer.bytes.buffer);
    }
    const forgotten = outcomes.filter((how) => how === 'forgotten').length;
    const kept = made.slice(forgotten);
    expect([made.length, forgotten > 0, kept.length > 0]).toEqual([100, true, true]);
    expect(kept.reduce((sum, { byteLength }) => sum + byteLength, 0)).toBeLessThanOrEqual(mostBytes);
    // The cache counts the overhead of each answer, which exceeds the bytes of a small one.
    expect(kept.length).toBeLessThan(mostBytes / 500);
  });

  it('is not created while too many compressions are running', async () => {
    const { compress } = strangers(createCompression(() => undefined, { mostBytes: 1_000, most: 1 }));
    const one = compress('one');
    expect(compress('two')).toEqual({ status: 'busy' });
    await one;
    expect(await compress('two')).toMatchObject({ status: 'compressed' });
  });

  it('is neither sent nor cached if something was erased during its compression', async () => {
    const outcomes: string[] = [];
    const compression = createCompression((how) => outcomes.push(how), { mostBytes: 1_000, most: 4 });
    const { compress } = strangers(compression);
    await compress('one');
    const making = compress('two');
    compression.erased();
    expect(await making).toEqual({ status: 'erased' });
    await vi.waitFor(async () => expect(await compress('one')).toMatchObject({ status: 'compressed' }));
    expect(outcomes).toEqual(['made', 'made', 'made']);
  });
});

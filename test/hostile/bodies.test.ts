import { brotliCompressSync, constants, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuthorPost } from '../../src/protocol/model.ts';
import { problemSchema } from '../../src/protocol/schemas.ts';
import {
  type AttackedServer,
  requestText,
  secretWord,
  sendBytes,
  startAttackedServer,
} from '../support/attacks/attacked-server.ts';
import { call } from '../support/servers/server.ts';

/** Malformed bodies and URLs are refused with the documented status and code, and change nothing. */

let test: AttackedServer;
let token: string;
let channelUrl: string;
let post: AuthorPost;

beforeAll(async () => {
  test = await startAttackedServer();
  token = await test.token({ editor: ['*'] }, { sub: 'ed', name: 'Edith Or' });
  await send('POST', `${test.url}/v1/channels`, { id: 'moon', headline: `To the Moon ${secretWord}` });
  channelUrl = `${test.url}/v1/channels/moon`;
  post = ((await send('POST', `${channelUrl}/posts`, { headline: 'Lift-off' })).body as { post: AuthorPost }).post;
});
afterAll(() => test[Symbol.asyncDispose]());

const astral = (count: number) => '🌕'.repeat(count);
const image = { type: 'image', url: 'https://a.example/p.png', alt: 'A' };
const someId = '01890a5d-ac96-774b-bcce-b302099a8057';

async function send(method: string, url: string, body: unknown, headers: Record<string, string> = {}) {
  return await call(url, { method, token, body, headers });
}

async function expectRefused(sent: () => Promise<{ status: number; body: unknown }>, path: string, about: string): Promise<void> {
  const before = await test.state();
  const answer = await sent();
  expect(answer.status, about).toBe(400);
  const problem = problemSchema.parse(answer.body);
  expect(problem.code, about).toBe('invalid-body');
  expect(
    (problem.errors ?? []).map((error) => error.path),
    about,
  ).toContain(path);
  for (const { message } of problem.errors ?? []) expect(message, about).toMatch(/^\S.{4,}/);
  expect(await test.state(), about).toBe(before);
}

describe('request bodies', () => {
  const raw = (
    body: string | Uint8Array<ArrayBuffer> | ArrayBuffer,
    headers: Record<string, string> = { 'content-type': 'application/json' },
    method = 'POST',
    url = `${channelUrl}/posts`,
  ) =>
    fetch(url, {
      method,
      headers: { authorization: `Bearer ${token}`, ...headers },
      body,
    }).then(async (answer) => ({
      status: answer.status,
      headers: answer.headers,
      text: await answer.clone().text(),
      body: (await answer.json().catch(() => undefined)) as unknown,
    }));

  it.each(
    [
      '',
      '{',
      'null',
      '[]',
      '"a"',
      '1',
      'true',
      '{"headline":"A",}',
      "{'headline':'A'}",
      '{"headline":"A"}{}',
      `${'['.repeat(100_000)}`,
      '{"headline":NaN}',
    ].map((text) => [text.slice(0, 20), text]),
  )('are refused: %s', async (about, text) => {
    await expectRefused(() => raw(text as string), '', about as string);
  });

  it('are refused if they are not UTF-8', async () => {
    await expectRefused(() => raw(new Uint8Array([0x7b, 0x22, 0x68, 0xff, 0x22, 0x7d])), '', 'bytes');
  });

  it('are refused with line and column, without quoting the body', async () => {
    const places = {
      '{"headline":"secret source': 'ends too early, at line 1, column 27.',
      '{\n"headline": secret\n}': 'malformed at line 2, column 13.',
    };
    for (const [text, place] of Object.entries(places)) {
      const answer = await raw(text);
      expect(answer.body).toMatchObject({ errors: [{ path: '', message: expect.stringContaining(place) }] });
      expect(answer.text).not.toContain('secret');
    }
  });

  it('do nothing through names that are special in JavaScript', async () => {
    for (const field of ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'])
      await expectRefused(() => raw(`{"headline":"A","${field}":{"admin":true}}`), field, field);
    await expectRefused(
      () => raw('{"headline":"A","media":[{"type":"image","url":"https://a.example","alt":"a","__proto__":{}}]}'),
      'media[0].__proto__',
      'nested',
    );
    expect(({} as Record<string, unknown>).admin).toBeUndefined();
  });

  it.each(
    Object.entries({
      '{"headline":"A","headline":"B"}': 'headline',
      '{"headline":7,"headline":"A"}': 'headline',
      '{"headline":"A","headline":"A"}': 'headline',
      '{"headline":"A","h\\u0065adline":"B"}': 'headline',
      '{"headline":"A","\\u005f_proto__":1,"__proto__":2}': '__proto__',
      '{"media":[{"type":"image"},{"type":"image","url":"https://a.example","alt":"a","url":"https://b.example"}]}':
        'media[1].url',
      '{"headline":"A,\\"body\\":","body":"{\\"headline\\":","body":"B"}': 'body',
    }),
  )('that name a field twice are refused with its place: %s', async (text, path) => {
    await expectRefused(() => raw(text), path, text);
  });

  it('are accepted if they only seem to name a field twice', async () => {
    const media = [image, image, { ...image, alt: '"url":"a","url":"b"' }];
    const answer = await raw(JSON.stringify({ headline: '{"headline":1,"headline":2}\\', media }));
    expect(answer.status).toBe(201);
  });

  it.each([
    undefined,
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=a',
    'application/merge-patch+json',
    'application/json; charset=latin1',
    'application/jsonp',
    'json',
  ])('are refused as %s', async (type) => {
    const before = await test.state();
    const answer = await raw('{"headline":"A"}', type === undefined ? { 'content-type': '' } : { 'content-type': type });
    expect(answer).toMatchObject({ status: 415, body: { code: 'wrong-type' } });
    expect(await test.state()).toBe(before);
  });

  it.each(['application/json; charset=utf-8', 'application/json;charset="UTF-8"', 'Application/JSON'])(
    'are accepted as %s',
    async (type) => {
      expect((await raw('{"headline":"A"}', { 'content-type': type })).status).toBe(201);
    },
  );

  it('are accepted as a merge patch of a channel', async () => {
    const patch = (type: string) => raw('{"section":null}', { 'content-type': type, 'if-match': '*' }, 'PATCH', channelUrl);
    expect((await patch('application/merge-patch+json')).status).toBe(200);
    expect((await patch('application/json')).status).toBe(200);
    expect((await patch('application/json-patch+json')).status).toBe(415);
    expect(await raw('{}', { 'content-type': 'application/json' }, 'PATCH', channelUrl)).toMatchObject({
      status: 428,
      body: { code: 'if-match-missing' },
    });
  });

  it('are refused above 1 MiB before they are transferred', async () => {
    const before = await test.state();
    const large = JSON.stringify({ headline: 'A', body: ' '.repeat(1024 * 1024) });
    expect(await raw(large)).toMatchObject({ status: 413, body: { code: 'too-large' } });
    const endless = [`Authorization: Bearer ${token}`, 'Content-Type: application/json', 'Content-Length: 99999999999'];
    const asked = requestText('POST /v1/channels/moon/posts HTTP/1.1', endless, '{');
    expect(await sendBytes(test, asked)).toMatchObject({ closed: true, statuses: [413] });
    expect(await test.state()).toBe(before);
  });

  it.each(['gzip', 'deflate', 'br', 'zstd'] as const)(
    'are limited by their decompressed size, and are not decompressed past 1 MiB: %s',
    async (encoding) => {
      const before = await test.state();
      const sent = (body: Uint8Array) =>
        raw(new Uint8Array(body), { 'content-type': 'application/json', 'content-encoding': encoding });
      const packed = compressors[encoding];
      const bomb = packed(Buffer.alloc(64_000_000, ' '));
      expect(bomb.length).toBeLessThan(100_000);
      const rss = process.memoryUsage.rss();
      expect(await sent(bomb)).toMatchObject({ status: 413, body: { code: 'too-large' } });
      expect(process.memoryUsage.rss() - rss).toBeLessThan(50_000_000);
      // A bomb inside a bomb decompresses to something that is not JSON.
      expect(await sent(packed(packed(Buffer.alloc(1_000_000, ' '))))).toMatchObject({
        status: 400,
        body: { code: 'invalid-body' },
      });
      const whole = packed(Buffer.from('{"headline":"A"}'));
      for (const broken of [whole.subarray(0, -5), whole.subarray(5), Buffer.from('{"headline":"A"}')]) {
        expect(await sent(broken)).toMatchObject({ status: 400, body: { code: 'invalid-body' } });
      }
      expect(await test.state()).toBe(before);
      expect((await sent(whole)).status).toBe(201);
    },
    20_000,
  );

  it.each(['compress', 'gzip, gzip', 'gzip;q=1', 'x', 'identity, br'])(
    'are refused with another content encoding: %s',
    async (encoding) => {
      const before = await test.state();
      const answer = await raw('{"headline":"A"}', { 'content-type': 'application/json', 'content-encoding': encoding });
      expect(answer).toMatchObject({ status: 415, body: { code: 'wrong-type' } });
      expect(await test.state()).toBe(before);
    },
  );

  it('are refused if they nest too deeply', async () => {
    const lists = '['.repeat(170_000) + ']'.repeat(170_000);
    const objects = `${'{"a":'.repeat(170_000)}1${'}'.repeat(170_000)}`;
    for (const text of [`{"media":${lists}}`, `{"headline":${objects}}`, `{"x":${lists}}`]) {
      const answer = await raw(text);
      expect(answer.body).toMatchObject({ code: 'invalid-body', errors: [{ message: 'Must not nest this deeply.' }] });
      expect(answer.text.length).toBeLessThan(500);
    }
  });

  it('are answered with the first few errors if they hold too many fields', async () => {
    const many = Object.fromEntries(Array.from({ length: 50_000 }, (_, at) => [`f${at}`, 1]));
    const answer = await raw(JSON.stringify(many));
    expect(answer.status).toBe(400);
    expect(answer.text.length).toBeLessThan(5_000);
    const long = await raw(JSON.stringify({ ['n'.repeat(900_000)]: 1 }));
    expect(long.status).toBe(400);
    expect(long.text.length).toBeLessThan(1_000);
  });

  it('are accepted up to each limit', async () => {
    const full = {
      headline: astral(300),
      body: astral(50_000),
      media: Array(20).fill({ ...image, alt: 'x'.repeat(1_000), url: `https://a.example/${'x'.repeat(2_030)}` }),
      authors: Array(10).fill({ name: astral(300), role: 'x'.repeat(300) }),
      sources: Array(10).fill({ name: astral(300), via: 'x'.repeat(300) }),
    };
    expect((await send('POST', `${channelUrl}/posts`, full)).status).toBe(201);
    expect(
      (
        await send('POST', `${test.url}/v1/channels`, {
          id: 'a'.repeat(96),
          headline: astral(300),
          standfirst: astral(1_000),
          section: astral(80),
        })
      ).status,
    ).toBe(201);
  });
});

const brotli = (bytes: Uint8Array) =>
  brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 4, [constants.BROTLI_PARAM_LGWIN]: 22 } });
const compressors = { gzip: gzipSync, deflate: deflateSync, br: brotli, zstd: zstdCompressSync } as const;

describe('the body of a request without write access', () => {
  const begun = (line: string, token: string, path: string) =>
    requestText(`${line} ${path} HTTP/1.1`, [`Authorization: Bearer ${token}`, 'Content-Length: 1000000'], '{"headline":"');

  it('is refused before it arrives, and takes no memory', async () => {
    const reader = await test.token({ reader: ['*'], author: ['other'] });
    const editor = await test.token({ editor: ['*'] });
    for (const [token, line, path] of [
      [reader, 'POST', '/v1/channels'],
      [reader, 'PATCH', '/v1/channels/moon'],
      [reader, 'POST', '/v1/channels/moon/posts'],
      [reader, 'POST', `/v1/channels/moon/posts/${post.id}/revisions`],
      [reader, 'POST', `/v1/channels/moon/posts/${post.id}/takedown`],
      [editor, 'POST', '/v1/tokens/revoked'],
      [editor, 'POST', '/v1/import'],
    ] as const) {
      const { statuses } = await sendBytes(test, begun(line, token, path), { until: /"code":"forbidden"/, untilMs: 5_000 });
      expect([line, path, statuses]).toEqual([line, path, [403]]);
    }
  });

  it('is not decompressed if it is a compressed form', async () => {
    for (const [encoding, compress] of Object.entries(compressors)) {
      const answer = await fetch(`${test.url}/sign-in`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-encoding': encoding, origin: test.origin },
        body: new Uint8Array(compress(Buffer.from(`token=${token}`))),
        redirect: 'manual',
      });
      expect([encoding, answer.status]).toEqual([encoding, 415]);
    }
  });
});

describe('unknown URLs', () => {
  it('are not found', async () => {
    for (const url of [
      '/v1/channels/never/posts',
      '/v1/channels/NEVER/posts',
      '/v1/channels/%2e%2e/posts',
      `/v1/channels/never/posts/${someId}/revisions`,
    ])
      expect(await send('POST', `${test.url}${url}`, { headline: 'A' }), url).toMatchObject({
        status: 404,
        body: { code: 'not-found' },
      });
    for (const id of [someId, '7', 'NULL', '%00', '__proto__', `${post.id}x`])
      for (const what of ['revisions', 'retraction', 'takedown'])
        expect(
          (await send('POST', `${channelUrl}/posts/${id}/${what}`, { note: 'n' }, { 'if-match': '*' })).status,
          `${id}/${what}`,
        ).toBe(404);
    expect((await send('PATCH', `${test.url}/v1/channels/never`, {}, { 'if-match': '*' })).status).toBe(404);
  });
});

it('the log contains no token and no post text', () => test.expectCleanLog());

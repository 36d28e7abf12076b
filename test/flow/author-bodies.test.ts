import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuthorPost } from '../../src/protocol/model.ts';
import { problemSchema } from '../../src/protocol/schemas.ts';
import { call, startTestServer, type TestServer } from '../support/server.ts';

/** Bodies and addresses that are not what they should be: refused with the contract's status and code, and nothing changed. */
let test: TestServer;
let token: string;
let channelUrl: string;
let post: AuthorPost;

beforeAll(async () => {
  test = await startTestServer();
  token = await test.token({ editor: ['*'] }, { sub: 'ed', name: 'Edith Or' });
  await send('POST', `${test.url}/v1/channels`, { id: 'moon', headline: 'To the Moon' });
  channelUrl = `${test.url}/v1/channels/moon`;
  post = ((await send('POST', `${channelUrl}/posts`, { headline: 'Lift-off' })).body as { post: AuthorPost }).post;
});
afterAll(() => test[Symbol.asyncDispose]());

const astral = (count: number) => '🌕'.repeat(count);
const image = { type: 'image', url: 'https://a.example/p.png', alt: 'A' };
const someId = '01890a5d-ac96-774b-bcce-b302099a8057';

const head = async () => JSON.stringify(await test.server.engine.heads(['moon']));

async function send(method: string, url: string, body: unknown, headers: Record<string, string> = {}) {
  return await call(url, { method, token, body, headers });
}

async function expectRefused(sent: () => Promise<{ status: number; body: unknown }>, path: string, about: string): Promise<void> {
  const before = await head();
  const answer = await sent();
  expect(answer.status, about).toBe(400);
  const problem = problemSchema.parse(answer.body);
  expect(problem.code, about).toBe('invalid-body');
  expect(
    (problem.errors ?? []).map((error) => error.path),
    about,
  ).toContain(path);
  for (const { message } of problem.errors ?? []) expect(message, about).toMatch(/^\S.{4,}/);
  expect(await head(), about).toBe(before);
}

describe('bodies that are not what they should be', () => {
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

  it('are refused where they are not UTF-8', async () => {
    await expectRefused(() => raw(new Uint8Array([0x7b, 0x22, 0x68, 0xff, 0x22, 0x7d])), '', 'bytes');
  });

  it('are refused without a word of theirs in the answer', async () => {
    const answer = await raw('{"headline":"secret source');
    expect(answer.text).not.toContain('secret');
  });

  it('do nothing by the names that JavaScript minds', async () => {
    for (const field of ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'])
      await expectRefused(() => raw(`{"headline":"A","${field}":{"admin":true}}`), field, field);
    await expectRefused(
      () => raw('{"headline":"A","media":[{"type":"image","url":"https://a.example","alt":"a","__proto__":{}}]}'),
      'media[0].__proto__',
      'nested',
    );
    expect(({} as Record<string, unknown>).admin).toBeUndefined();
  });

  it('count a field that stands twice as it stands last', async () => {
    expect(await raw('{"headline":7,"headline":"A"}')).toMatchObject({ status: 201, body: { post: { headline: 'A' } } });
    await expectRefused(() => raw('{"headline":"A","headline":7}'), 'headline', 'twice');
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
    const before = await head();
    const answer = await raw('{"headline":"A"}', type === undefined ? { 'content-type': '' } : { 'content-type': type });
    expect(answer).toMatchObject({ status: 415, body: { code: 'wrong-type' } });
    expect(await head()).toBe(before);
  });

  it.each(['application/json; charset=utf-8', 'application/json;charset="UTF-8"', 'Application/JSON'])(
    'are taken as %s',
    async (type) => {
      expect((await raw('{"headline":"A"}', { 'content-type': type })).status).toBe(201);
    },
  );

  it('are taken as a merge patch where a channel is changed', async () => {
    const patch = (type: string) => raw('{"section":null}', { 'content-type': type, 'if-match': '*' }, 'PATCH', channelUrl);
    expect((await patch('application/merge-patch+json')).status).toBe(200);
    expect((await patch('application/json')).status).toBe(200);
    expect((await patch('application/json-patch+json')).status).toBe(415);
    expect(await raw('{}', { 'content-type': 'application/json' }, 'PATCH', channelUrl)).toMatchObject({
      status: 428,
      body: { code: 'if-match-missing' },
    });
  });

  it('are too large over 1 MiB, also where they were sent compressed', async () => {
    const before = await head();
    const large = JSON.stringify({ headline: 'A', body: ' '.repeat(1024 * 1024) });
    expect(await raw(large)).toMatchObject({ status: 413, body: { code: 'too-large' } });
    const zipped = await new Response(new Blob([large]).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer();
    expect(zipped.byteLength).toBeLessThan(10_000);
    expect(await raw(zipped, { 'content-type': 'application/json', 'content-encoding': 'gzip' })).toMatchObject({ status: 413 });
    expect(await raw('x', { 'content-type': 'application/json', 'content-encoding': 'compress' })).toMatchObject({ status: 415 });
    expect(await head()).toBe(before);
  });

  it('are taken up to every limit', async () => {
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

describe('addresses that lead nowhere', () => {
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

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type AttackedServer,
  requestText,
  secretWord,
  sendBytes,
  startAttackedServer,
} from '../support/attacks/attacked-server.ts';
import { createChannel, publish } from '../support/authors/writers.ts';
import { call } from '../support/servers/server.ts';

/**
 * Ids that look like paths, and headers that try to become part of the response. They are sent as bytes, since an HTTP client would
 * normalise them.
 */

let server: AttackedServer;
let token: string;
let postId: string;

beforeAll(async () => {
  server = await startAttackedServer();
  token = await server.token();
  await createChannel(server, token, { id: 'moon', headline: secretWord });
  postId = (await publish(server, token, 'moon', { headline: secretWord })).post.id;
});
afterAll(() => server[Symbol.asyncDispose]());

const ask = (method: string, path: string, headers: string[] = [], body = '') =>
  sendBytes(server, requestText(`${method} ${path} HTTP/1.1`, headers, body));

describe('an id that looks like a path finds nothing', () => {
  const json = ['Content-Type: application/json', 'Content-Length: 2', 'If-Match: *'];
  const tricks = [
    '..',
    '.',
    '%2e%2e',
    '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
    '..%5c..%5cwindows',
    '%252e%252e%252f',
    'moon%00',
    'moon%00.json',
    'moon%2f',
    'moon%5c',
    'moon%20',
    'moon%0d%0aX-Injected:1',
    'moon;x=1',
    'moon%3fx',
    'moon%23x',
    'MOON',
    'm%EF%BD%8Fon',
    'mo\u00f6n'.normalize('NFD').replace(/[^\x20-\x7e]/g, '%CC%88'),
    'm%d0%beon',
    '%c0%ae%c0%ae',
    '%zz',
    '%',
    '%e2%80%ae',
    '__proto__',
    'constructor',
    '*',
    '{moon}',
    '$(id)',
    "moon'--",
    'moon"',
    'a'.repeat(97),
    'a'.repeat(7_000),
    '0'.repeat(36),
  ];
  it.each(tricks.map((trick) => [trick.slice(0, 40), trick]))('%s', async (_name, trick = '') => {
    const before = await server.state();
    const authorization = [`Authorization: Bearer ${token}`];
    const paths = [
      `/v1/channels/${trick}`,
      `/v1/channels/${trick}/snapshot`,
      `/v1/channels/moon/posts/${trick}`,
      `/live/${trick}`,
    ];
    for (const path of [...paths, `/live/moon/${trick}`, `/assets/${trick}`]) {
      const { statuses, text } = await ask('GET', path, authorization);
      // Some servers resolve `.` and `..` as segments. Here they are ids of nothing.
      expect([path, statuses]).toEqual([path, [404]]);
      expect(text).not.toMatch(/^X-Injected/im);
      expect(text).not.toContain(secretWord);
      expect(text).not.toMatch(/ENOENT|node_modules|\/src\/|root:/);
    }
    for (const [method, path] of [
      ['POST', `/v1/channels/${trick}/posts`],
      ['PATCH', `/v1/channels/${trick}`],
      ['POST', `/v1/channels/moon/posts/${trick}/retraction`],
    ] as const) {
      const { statuses } = await ask(method, path, [...authorization, ...json], '{}');
      expect([path, statuses[0]]).toEqual([path, 404]);
    }
    expect(await server.state()).toBe(before);
  });
});

describe('a header that claims to come from somebody else', () => {
  const evil = 'evil.example';
  it.each([
    `Host: ${evil}`,
    `X-Forwarded-Host: ${evil}`,
    `Forwarded: host=${evil};proto=https`,
    `X-Original-URL: /v1/channels/${evil}`,
    `X-Rewrite-URL: /v1/channels/${evil}`,
    'X-HTTP-Method-Override: DELETE',
    `X-Forwarded-Prefix: //${evil}`,
    `Referer: https://${evil}/`,
  ])('gets into no answer: %s', async (header) => {
    const paths = ['/', '/live/moon', `/live/moon/${postId}`, '/v1/channels/moon', '/v1/channels/moon/posts?limit=1', '/nothing'];
    for (const path of paths) {
      const { text, statuses } = await ask('GET', path, [header]);
      expect(statuses[0]).toBeLessThan(405);
      expect(text).not.toContain(evil);
    }
    const written = await sendBytes(
      server,
      requestText(
        'POST /v1/channels/moon/posts HTTP/1.1',
        [header, `Authorization: Bearer ${token}`, 'Content-Type: application/json', 'Content-Length: 16'],
        '{"headline":"A"}',
      ),
    );
    const created = `${server.basePath}/v1/channels/moon/posts/[0-9a-f-]{36}`;
    expect(written.text).toMatch(new RegExp(`^Location: ${created}\\r$`, 'm'));
    expect(written.text).not.toContain(evil);
  });
});

describe('a claimed client address', () => {
  /** An address may open ten at once, and one more each second. */
  const claimed = (nth: number) => [`X-Forwarded-For: 203.0.113.${nth % 250}`, `Forwarded: for=203.0.113.${nth % 250}`];
  const floodOf = async (small: AttackedServer, headersOf: (nth: number) => string[]) =>
    (
      await Promise.all(
        Array.from({ length: 60 }, (_, nth) => sendBytes(small, requestText('GET /v1/channels HTTP/1.1', headersOf(nth)))),
      )
    ).filter(({ statuses }) => statuses[0] === 429).length;

  it('is ignored without a trusted proxy, so that one client cannot pass for many', async () => {
    await using small = await startAttackedServer({ PRESSBOX_REQUESTS_PER_SECOND: '1' });
    expect(await floodOf(small, claimed)).toBeGreaterThan(20);
    const warned = small.log.filter((line) => line.includes('PRESSBOX_TRUST_PROXY'));
    expect(warned).toHaveLength(1);
    expect(warned[0]).not.toContain('203.0.113');
  });

  it('counts as a trusted proxy reports it, without what the client wrote before', async () => {
    await using small = await startAttackedServer({ PRESSBOX_REQUESTS_PER_SECOND: '1', PRESSBOX_TRUST_PROXY: 'loopback' });
    // The proxy appends the address it saw to the header it received.
    expect(await floodOf(small, (nth) => [`X-Forwarded-For: 198.51.100.${nth}, 203.0.113.7`])).toBeGreaterThan(20);
    expect(await floodOf(small, (nth) => [`X-Forwarded-For: 203.0.113.${100 + nth}`])).toBe(0);
    expect(await floodOf(small, () => ['X-Forwarded-For: "><script>, \u00ff'])).toBeGreaterThan(20);
  });
});

describe('the log keeps out injected text', () => {
  it('such as line breaks, terminal colours and ends of fields', async () => {
    const line = '{"level":"fatal","msg":"forged"}';
    const agents = [`a","msg":"forged`, '\x1b[31mred', `a\t${line}`, '\x9b31m', `%0a${line}`];
    for (const agent of agents) {
      await ask('GET', `/v1/channels/moon%0a${encodeURIComponent(line)}`, [`User-Agent: ${agent}`, `X-Request-Id: ${agent}`]);
      await ask('POST', '/v1/channels/moon/posts', [`Authorization: Bearer ${agent}`, `Idempotency-Key: ${agent}`]);
    }
    const forger = await server.token({ editor: ['*'] }, { sub: `a","msg":"forged`, name: 'a' });
    await publish(server, forger, 'moon', { headline: secretWord });
    const said = server.log.map((one) => (JSON.parse(one) as { msg: string }).msg);
    expect(said).toContain('post published');
    expect(said).not.toContain('forged');
  });

  it('such as marks of writing direction and control sequences of old terminals', async () => {
    const [turned, obeyed] = ['\u202eada\u2066', '\u009b31mred\u007f\u2028'];
    await publish(server, await server.token({ editor: ['*'] }, { sub: turned, name: 'a' }), 'moon', { headline: secretWord });
    const admin = await server.token({ admin: true });
    await call(`${server.url}/v1/tokens/revoked`, { method: 'POST', token: admin, body: { jti: obeyed } });
    const facts = server.log.map((one) => JSON.parse(one) as { by?: string; jti?: string });
    // Parsed as JSON, the text is unchanged.
    expect(facts).toContainEqual(expect.objectContaining({ by: turned }));
    expect(facts).toContainEqual(expect.objectContaining({ jti: obeyed }));
    expect(server.log.join('')).not.toMatch(/[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/);
  });
});

it('the log contains no token and no post text', () => server.expectCleanLog());

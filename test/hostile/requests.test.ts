import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  type AttackedServer,
  requestText,
  secretWord,
  sendBytes,
  startAttackedServer,
} from '../support/attacks/attacked-server.ts';
import { createChannel, publish } from '../support/authors/writers.ts';
import { describeWith, needs } from '../support/runner/needs.ts';
import { freePort } from '../support/servers/free-port.ts';
import { call } from '../support/servers/server.ts';
import { startRedisFor } from '../support/stores/redis.ts';

/**
 * Malformed and ambiguous HTTP requests are refused, and a request smuggled behind one is never answered. `bodies.test.ts` tests bodies.
 */

let server: AttackedServer;
let token: string;

beforeAll(async () => {
  server = await startAttackedServer();
  token = await server.token();
  await createChannel(server, token, { id: 'moon', headline: secretWord });
  await publish(server, token, 'moon', { body: secretWord });
});
afterAll(() => server[Symbol.asyncDispose]());

const smuggled = 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n';
const post = (headers: string[], body = '') =>
  requestText('POST /v1/channels/moon/posts HTTP/1.1', [`Authorization: Bearer ${token}`, ...headers], body);

describe('a request with an ambiguous end', () => {
  const shapes: Record<string, () => string> = {
    'a length and chunks': () => post(['Content-Length: 6', 'Transfer-Encoding: chunked'], `0\r\n\r\n${smuggled}`),
    'chunks and a length': () => post(['Transfer-Encoding: chunked', 'Content-Length: 6'], `0\r\n\r\n${smuggled}`),
    'two lengths': () => post(['Content-Length: 6', 'Content-Length: 5'], `012345${smuggled}`),
    'two lengths in one line': () => post(['Content-Length: 5, 5'], `01234${smuggled}`),
    'a length with a sign': () => post(['Content-Length: +5'], `01234${smuggled}`),
    'a negative length': () => post(['Content-Length: -5'], `01234${smuggled}`),
    'a length in hex': () => post(['Content-Length: 0x5'], `01234${smuggled}`),
    'a length beyond the range of numbers': () => post(['Content-Length: 99999999999999999999999'], smuggled),
    'chunks that are not the last encoding': () => post(['Transfer-Encoding: chunked, identity'], `0\r\n\r\n${smuggled}`),
    'an unknown encoding': () => post(['Transfer-Encoding: xchunked'], `0\r\n\r\n${smuggled}`),
    'chunks named twice': () => post(['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], `0\r\n\r\n${smuggled}`),
    'chunks after a tab': () => post(['Transfer-Encoding:\tchunked', 'Content-Length: 5'], `0\r\n\r\n${smuggled}`),
    'a space before the colon': () => post(['Transfer-Encoding : chunked', 'Content-Length: 5'], `0\r\n\r\n${smuggled}`),
    'a folded header': () => post(['Transfer-Encoding:\r\n chunked', 'Content-Length: 5'], `0\r\n\r\n${smuggled}`),
    'a header line that ends without CR': () =>
      post(['X: y\nTransfer-Encoding: chunked', 'Content-Length: 5'], `0\r\n\r\n${smuggled}`),
    'a chunk size that is not a number': () => post(['Transfer-Encoding: chunked'], `zz\r\n\r\n${smuggled}`),
    'a negative chunk size': () => post(['Transfer-Encoding: chunked'], `-1\r\n\r\n${smuggled}`),
    'a chunk size beyond the range of numbers': () => post(['Transfer-Encoding: chunked'], `${'f'.repeat(20)}\r\n${smuggled}`),
    'a chunk size with a prefix': () => post(['Transfer-Encoding: chunked'], `0x1\r\na\r\n0\r\n\r\n${smuggled}`),
    'a chunk that is longer than its size': () => post(['Transfer-Encoding: chunked'], `1\r\nabc\r\n0\r\n\r\n${smuggled}`),
    'chunks that end without CR': () => post(['Transfer-Encoding: chunked'], `1\na\n0\n\n${smuggled}`),
  };
  it.each(Object.entries(shapes))('with %s is refused, and no request behind it is answered', async (_name, text) => {
    const before = await server.state();
    const { statuses, text: answered, closed } = await sendBytes(server, text());
    expect(closed).toBe(true);
    expect(statuses).toEqual([400]);
    expect(answered).not.toContain('"status":"ok"');
    expect(await server.state()).toBe(before);
  });
});

const forSocket = [
  ...['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'],
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

describe('a request for a socket', () => {
  const asked = (...hosts: string[]) =>
    requestText('GET /socket.io/?EIO=4&transport=websocket HTTP/1.1', [...hosts, ...forSocket]);

  it('is refused if it names a second host', async () => {
    const ask = (...hosts: string[]) => sendBytes(server, asked(...hosts), { until: /\r\n\r\n/ });
    expect(await ask('Host: a')).toMatchObject({ statuses: [101] });
    expect(await ask('Host: a', 'Host: evil.example')).toMatchObject({ statuses: [400] });
  });

  // Node passes an object that is not a system socket here. Ending it once ended the process.
  it.each([
    ['announced but not sent', ['Content-Length: 5'], ''],
    ['sent in part', ['Content-Length: 5'], 'he'],
    ['sent whole', ['Content-Length: 5'], 'hello'],
    ['announced in chunks', ['Transfer-Encoding: chunked'], ''],
    ['sent as no chunks', ['Transfer-Encoding: chunked'], '0\r\n\r\n'],
  ])('is refused if it has a body, %s', async (_what, more, body) => {
    const text = requestText('GET /socket.io/?EIO=4&transport=websocket HTTP/1.1', [...forSocket, ...more], body);
    const { statuses, text: answered } = await sendBytes(server, text, { until: /\r\n\r\n/ });
    expect(statuses).toEqual([400]);
    expect(answered).toContain('application/problem+json');
  });

  it('is answered in order as plain HTTP if it is pipelined', async () => {
    const { cursor } = (await call(`${server.url}/v1/channels/moon/snapshot`)).body as { cursor: string };
    const poll = requestText(`GET /v1/channels/moon/events?wait=1&after=${cursor} HTTP/1.1`, ['Connection: keep-alive']);
    const { statuses } = await sendBytes(server, poll + asked(), { until: / 400 / });
    expect(statuses).toEqual([200, 400]);
  });
});

describe('an overlong preference header', () => {
  const ask = (path: string, header: string, value: string) =>
    sendBytes(server, requestText(`GET ${path} HTTP/1.1`, [`${header}: ${value}`]));
  it.each([
    ['Accept-Language', '/', 'de', '<html lang="de"', '<html lang="en"'],
    ['Accept', '/none', 'text/html', '<html', '"code":"not-found"'],
    ['Accept-Encoding', '/embed.js', 'gzip', 'Content-Encoding: gzip', 'Content-Type: text/javascript'],
  ])('is ignored, and counted: %s', async (header, path, value, heeded, plain) => {
    const passedOver = async () =>
      Number(/^pressbox_preferences_passed_over_total (\d+)$/m.exec((await call(`${server.url}/metrics`)).text)?.[1]);
    expect((await ask(path, header, value)).text).toContain(heeded);
    const before = await passedOver();
    const { text } = await ask(path, header, `${value},${'x/y,'.repeat(3_000)}`);
    expect(text).toContain(plain);
    expect(text).not.toContain(heeded);
    expect(await passedOver()).toBe(before + 1);
  });
});

describe('a malformed request', () => {
  it.each(
    Object.entries({
      'no host': 'GET /v1/channels HTTP/1.1\r\n\r\n',
      'two hosts': requestText('GET /v1/channels HTTP/1.1', ['Host: a', 'Host: evil.example']),
      'NUL in a header': requestText('GET /v1/channels HTTP/1.1', ['X: a\0b']),
      'NUL in the path': requestText('GET /v1/chan\0nels HTTP/1.1'),
      'a raw byte of another encoding in the path': requestText('GET /v1/channels/\x9b\xff HTTP/1.1'),
      'an unknown method': requestText('PUBLISH /v1/channels HTTP/1.1'),
      'an unknown version': requestText('GET /v1/channels HTTP/9.9'),
      'HTTP/2 without an upgrade': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      'TLS to a plain port': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
      'invalid bytes': '\x00\xff\x00\xff\r\n\r\n',
    }),
  )('with %s is answered with 400 and closed', async (_name, text) => {
    expect(await sendBytes(server, text)).toMatchObject({ closed: true, statuses: [400] });
  });

  it.each(
    Object.entries({
      'a URL': requestText(`GET /v1/channels/${'a'.repeat(20_000)} HTTP/1.1`),
      'a header': requestText('GET /v1/channels HTTP/1.1', [`X: ${'a'.repeat(20_000)}`]),
      'many headers': requestText('GET /v1/channels HTTP/1.1', Array(3_000).fill('a: b')),
      'a token': requestText('GET /v1/channels HTTP/1.1', [`Authorization: Bearer ${'a'.repeat(20_000)}`]),
    }),
  )('with %s that is too large is answered with 431 and closed', async (_name, text) => {
    expect(await sendBytes(server, text)).toMatchObject({ closed: true, statuses: [431] });
  });

  it('is not proxied to another server', async () => {
    const { closed, text } = await sendBytes(server, requestText('CONNECT evil.example:443 HTTP/1.1'));
    expect([closed, text]).toEqual([true, '']);
  });
});

describe('an ambiguous request', () => {
  const json = 'Content-Type: application/json';
  const keep = 'Connection: keep-alive';
  const twice: Record<string, string[]> = {
    Host: ['Host: a', 'host: evil.example', json],
    Authorization: ['authorization: Bearer x', json],
    'Content-Type': [json, 'content-type: text/plain'],
    'Idempotency-Key': [json, 'Idempotency-Key: one', 'Idempotency-Key: two'],
  };
  it.each(Object.entries(twice))(
    'with two %s headers is refused with a problem, changes nothing, and is closed',
    async (name, headers) => {
      const before = await server.state();
      const body = JSON.stringify({ body: secretWord });
      const asked = post([...headers, `Content-Length: ${body.length}`, keep], body);
      const { closed, statuses, text } = await sendBytes(server, asked);
      expect([closed, statuses]).toEqual([true, [400]]);
      expect(text).toContain(`A request may have only one ${name} header.`);
      expect(text).toContain('application/problem+json');
      expect(await server.state()).toBe(before);
    },
  );

  it('is refused, changes nothing and is closed if it is HTTP/1.0 with chunks', async () => {
    const before = await server.state();
    const body = JSON.stringify({ body: secretWord });
    const chunks = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    const asked = post([json, 'Transfer-Encoding: chunked', keep], chunks).replace('HTTP/1.1', 'HTTP/1.0');
    const { closed, statuses, text } = await sendBytes(server, asked);
    expect([closed, statuses]).toEqual([true, [400]]);
    expect(text).toContain('HTTP/1.0 has no Transfer-Encoding.');
    expect(await server.state()).toBe(before);
  });

  it.each(['GET /v1/channels', 'GET /v1/channels HTTP/0.9', 'GET /healthz HTTP/0.9'])(
    'of HTTP/0.9, %s, is refused and closed',
    async (line) => {
      const { closed, text } = await sendBytes(server, `${line}\r\n\r\n`);
      expect(closed).toBe(true);
      expect(text).toMatch(/^HTTP\/1\.1 400 /);
    },
  );
});

describe('a server with a public URL', () => {
  let named: AttackedServer;
  beforeAll(async () => {
    named = await startAttackedServer({ PRESSBOX_PUBLIC_URL: 'https://live.example.org' });
  });
  afterAll(() => named[Symbol.asyncDispose]());
  const ask = (path: string, host: string) => sendBytes(named, requestText(`GET ${path} HTTP/1.1`, [`Host: ${host}`]));

  it.each(['live.example.org', 'LIVE.example.org:443', 'live.example.org.', '127.0.0.1:4000', '[::1]:4000', 'localhost:4000'])(
    'answers %s',
    async (host) => {
      expect((await ask('/v1/channels', host)).statuses).toEqual([200]);
    },
  );

  it.each([
    'evil.example',
    'evil.example:443',
    'live.example.org.evil.example',
    '127.0.0.1.evil.example',
    'a@live.example.org',
    '\xff',
  ])('refuses data, pages and sockets to requests with the host name %s', async (host) => {
    for (const path of ['/v1/channels', '/', '/docs']) {
      const { statuses, text } = await ask(path, host);
      expect(statuses, path).toEqual([400]);
      expect(text).not.toContain('evil');
    }
    const upgrade = requestText('GET /socket.io/?EIO=4&transport=websocket HTTP/1.1', [`Host: ${host}`, ...forSocket.slice(1)]);
    expect(await sendBytes(named, upgrade)).toMatchObject({ closed: true, statuses: [400] });
  });

  it.each(['/healthz', '/readyz', '/metrics'])('answers %s for any host name', async (path) => {
    expect((await ask(path, 'evil.example')).statuses).toEqual([200]);
  });
});

describe('a request that names a whole URL', () => {
  it('is answered by its path, and its host appears in no answer', async () => {
    await publish(server, token, 'moon', { body: secretWord });
    const path = `${server.basePath}/v1/channels/moon/posts`;
    const { statuses, text } = await sendBytes(
      server,
      requestText(`GET http://evil.example${path}?limit=1 HTTP/1.1`, ['Host: evil.example']),
    );
    expect(statuses).toEqual([200]);
    expect(text).toMatch(new RegExp(`^Link: <${path}\\?limit=1&before=\\d+>; rel="next"\\r$`, 'm'));
    expect(text).not.toContain('evil');
  });

  it.each(['http://[::1/v1/channels', 'http://', 'x:y', '*', 'http://a b/'])(
    'or %s instead is refused without a page',
    async (target) => {
      const { statuses, text } = await sendBytes(server, requestText(`OPTIONS ${target} HTTP/1.1`));
      expect([400, 404]).toContain(statuses[0]);
      expect(text).not.toContain('<html');
    },
  );
});

it.each(['Range: bytes=0-0', 'If-Match: "x"', 'If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT'])(
  'a script or style is sent whole, whatever part or version the request asks for: %s',
  async (header) => {
    const { text } = await call(`${server.url}/live/moon`, { headers: { accept: 'text/html' } });
    const path = new RegExp(`href="${server.basePath}(/assets/[^"]+\\.css)"`).exec(text)?.[1];
    const headers = ['Accept-Encoding: identity', header, 'Connection: close'];
    expect(await sendBytes(server, requestText(`GET ${path} HTTP/1.1`, headers))).toMatchObject({ statuses: [200] });
  },
);

describeWith(needs.redis, 'a request to a server that is starting', (binary) => {
  it('is answered with a problem document, malformed or not', async (test) => {
    const redis = await startRedisFor(test, binary);
    process.kill(redis.pid, 'SIGSTOP');
    const port = await freePort();
    const secret = { PRESSBOX_JWT_SECRET: secretWord.repeat(4) };
    const starting = startAttackedServer({ PRESSBOX_REDIS_URL: redis.url, PRESSBOX_PORT: String(port), ...secret });
    const ask = (line: string, ...headers: string[]) => sendBytes({ port }, requestText(`${line} HTTP/1.1`, headers));
    await vi.waitFor(async () => expect((await ask('GET /readyz')).statuses).toEqual([503]));
    const wrong = [
      await ask('GET /readyz', 'Host: a', 'Host: b'),
      await ask('POST /metrics'),
      // This one is well-formed.
      await ask('GET /socket.io/?EIO=4&transport=websocket', ...forSocket),
    ];
    process.kill(redis.pid, 'SIGCONT');
    await (await starting)[Symbol.asyncDispose]();
    expect(wrong.map(({ statuses }) => statuses)).toEqual([[400], [405], [503]]);
    for (const { text } of wrong) expect(text).toContain('application/problem+json');
  });
});

describe('a request for a protocol upgrade', () => {
  it('is answered as plain HTTP', async () => {
    const upgrade = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA'];
    const answered = /^HTTP\/1\.1 \d+ .*\r\n/;
    const { text } = await sendBytes(server, requestText('GET /v1/channels/moon HTTP/1.1', upgrade), { until: answered });
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });
});

describe('many requests on one connection', () => {
  it('are not carried out after one whose answer closes the connection', async () => {
    const body = JSON.stringify({ id: 'behind', headline: secretWord });
    const headers = [`Authorization: Bearer ${token}`, 'Content-Type: application/json', `Content-Length: ${body.length}`];
    const refused = requestText('GET /v1/channels HTTP/1.1', ['Host: a', 'Host: evil.example', 'Connection: keep-alive']);
    const write = requestText('POST /v1/channels HTTP/1.1', headers, body);
    expect(await sendBytes(server, refused + write)).toMatchObject({ closed: true, statuses: [400] });
    // The same write on its own connection is carried out.
    expect((await sendBytes(server, write)).statuses).toEqual([201]);
  });

  it('are answered in order if a few are pipelined', async () => {
    const { statuses } = await sendBytes(
      server,
      requestText('GET /v1/channels HTTP/1.1', ['Connection: keep-alive']).repeat(9) + requestText('GET /v1/channels HTTP/1.1'),
    );
    expect(statuses).toEqual(Array(10).fill(200));
  });

  it('end the connection after sixteen answers if hundreds are pipelined', async () => {
    const manyRequests = requestText('GET /v1/channels/moon/snapshot HTTP/1.1', ['Connection: keep-alive']).repeat(500);
    const { closed, statuses } = await sendBytes(server, manyRequests);
    expect(closed).toBe(true);
    expect(statuses).toEqual(Array(16).fill(200));
    const { text } = await call(`${server.url}/metrics`);
    expect(text).toMatch(/^pressbox_rate_limited_total\{kind="pipelined"\} [1-9]/m);
  });
});

it('the log contains no token and no post text', () => server.expectCleanLog());

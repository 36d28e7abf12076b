import { once } from 'node:events';
import { request } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { Express, RequestHandler } from 'express';
import { describe, expect, it } from 'vitest';
import { signToken } from '../../../src/access/tokens.ts';
import { etagOf, matchesEtag, methodNotAllowed, problemFor, sendJson } from '../../../src/http/answers.ts';
import { createCompression } from '../../../src/http/compression.ts';
import { repeatErased } from '../../../src/http/erased-answers.ts';
import { responseLimits } from '../../../src/http/http-limits.ts';
import { createRates, limitRequests } from '../../../src/http/rates.ts';
import { principalOf, requirePrincipal } from '../../../src/http/request-identity.ts';
import { JournalUnavailable, withUnknownOutcome } from '../../../src/journal/engine.ts';
import { Refusal } from '../../../src/protocol/problems.ts';
import { now, secret, serve } from '../../support/servers/tokens.ts';

async function problemOf(response: Response) {
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(response.headers.get('cache-control')).toBe('no-store');
  const problem = (await response.json()) as Record<string, unknown>;
  expect(problem.status).toBe(response.status);
  return problem;
}

describe('a requester', () => {
  const routes = (app: Express) => {
    app.get('/open', (_request, response) =>
      sendJson(response, { sub: principalOf(response)?.sub ?? null }, { cache: 'private' }),
    );
    app.get('/closed', (_request, response) => sendJson(response, { sub: requirePrincipal(response).sub }, { cache: 'private' }));
  };
  const token = () => signToken(secret, { sub: 'ida', grants: {}, ttlSeconds: 60, now, jti: 'x' });
  const get = (url: string, authorization?: string) =>
    fetch(url, authorization === undefined ? {} : { headers: { authorization } });

  it('is identified by a bearer token, with the scheme in any case', async () => {
    const { url } = await serve(routes);
    for (const scheme of ['Bearer', 'bearer', 'BEARER ']) {
      const response = await get(`${url}/closed`, `${scheme} ${await token()}`);
      expect(await response.json()).toEqual({ sub: 'ida' });
    }
  });

  it('without a token is anonymous, and is refused with 401 where a token is needed', async () => {
    const { url } = await serve(routes);
    expect(await (await get(`${url}/open`)).json()).toEqual({ sub: null });
    const response = await get(`${url}/closed`);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="pressbox"');
    expect((await problemOf(response)).code).toBe('token-missing');
  });

  it.each([['Bearer x.y.z'], ['Bearer'], ['Basic aWRhOnNlY3JldA=='], ['Bearer a b'], ['x']])(
    'is refused with an invalid token even where none is needed: %s',
    async (authorization) => {
      const { url, lines } = await serve(routes);
      const response = await get(`${url}/open`, authorization);
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe('Bearer realm="pressbox", error="invalid_token"');
      expect((await problemOf(response)).code).toBe('token-invalid');
      expect(lines).toEqual([]);
    },
  );
});

describe('an answer that may be compressed', () => {
  it('is compressed if it has compressLeastBytes or more', async () => {
    const answer: RequestHandler = ({ path }, response) =>
      sendJson(response, 'x'.repeat(Number(path.slice(1))), { cache: 'public' });
    const { url } = await serve((app) => app.use(repeatErased(answer)), [createCompression(() => undefined).handler]);
    const encodingOf = async (length: number) => (await fetch(`${url}/${length}`)).headers.get('content-encoding');
    expect(await encodingOf(responseLimits.compressLeastBytes - 1)).toBeNull();
    expect(await encodingOf(responseLimits.compressLeastBytes)).toBe('gzip');
  });
});

describe('a JSON answer', () => {
  const routes = (app: Express) => {
    app.get('/public', (_request, response) => sendJson(response, '{"a":1}', { cache: 'public' }));
    app.get('/private', (_request, response) => sendJson(response, { a: 1 }, { cache: 'private' }));
    app.get('/none', (_request, response) => sendJson(response, { a: 1 }, { cache: 'none' }));
    app.get('/tagged', (_request, response) => sendJson(response, { a: 'é' }, { cache: 'public', etag: '"3-x"' }));
    app.post('/made', (_request, response) => sendJson(response, { a: 1 }, { cache: 'private', status: 201, etag: '"1"' }));
  };

  it('for everyone may be cached, and is revalidated each time', async () => {
    const { url } = await serve(routes);
    const first = await fetch(`${url}/public`);
    expect(first.headers.get('cache-control')).toBe('no-cache');
    expect(first.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await first.text()).toBe('{"a":1}');
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toBe(etagOf('{"a":1}'));

    const again = await fetch(`${url}/public`, { headers: { 'If-None-Match': `"x", W/${etag}` } });
    expect(again.status).toBe(304);
    expect(await again.text()).toBe('');
    expect(again.headers.get('etag')).toBe(etag);
    expect(again.headers.get('cache-control')).toBe('no-cache');
    expect(again.headers.get('content-type')).toBeNull();
    expect((await fetch(`${url}/public`, { headers: { 'If-None-Match': '"x"' } })).status).toBe(200);
  });

  it('for one token is not stored', async () => {
    const { url } = await serve(routes);
    const response = await fetch(`${url}/private`);
    expect(response.headers.get('cache-control')).toBe('private, no-store');
    expect(response.headers.get('vary')).toContain('Authorization');
    expect(response.headers.get('etag')).not.toBeNull();
  });

  it('without a cache has no entity tag', async () => {
    const { url } = await serve(routes);
    const response = await fetch(`${url}/none`, { headers: { 'If-None-Match': '*' } });
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('etag')).toBeNull();
  });

  it('to HEAD has the headers of the answer to GET, including its length', async () => {
    const { url } = await serve(routes);
    const head = await fetch(`${url}/tagged`, { method: 'HEAD' });
    const get = await fetch(`${url}/tagged`);
    for (const name of ['etag', 'content-length', 'content-type', 'cache-control']) {
      expect(head.headers.get(name)).toBe(get.headers.get(name));
    }
    expect(get.headers.get('content-length')).toBe('10');
    expect((await fetch(`${url}/tagged`, { method: 'HEAD', headers: { 'If-None-Match': '"3-x"' } })).status).toBe(304);
  });

  it('to a write is never a 304', async () => {
    const { url } = await serve(routes);
    const response = await fetch(`${url}/made`, { method: 'POST', headers: { 'If-None-Match': '*' } });
    expect(response.status).toBe(201);
    expect(response.headers.get('etag')).toBe('"1"');
  });

  it.each([
    ['"a"', '"a"', true],
    ['W/"a"', '"a"', true],
    ['"a"', 'W/"a"', true],
    [' "b" ,"a"', '"a"', true],
    ['"x,y", "a"', '"a"', true],
    [' * ', '"a"', true],
    ['a', '"a"', false],
    ['"A"', '"a"', false],
    ['"aa"', '"a"', false],
    ['', '"a"', false],
    [undefined, '"a"', false],
  ])('compares If-None-Match %s with its entity tag %s', (header, etag, expected) => {
    expect(matchesEtag(header, etag)).toBe(expected);
  });
});

describe('a request that fails', () => {
  const routes = (app: Express) => {
    app.post('/echo', (request, response) => sendJson(response, String(request.body), { cache: 'none' }));
    app.get('/refused', () => {
      throw new Refusal('rate-limited', { retryAfter: 2.2 });
    });
    app.get('/journal', () => {
      throw new JournalUnavailable('disk gone', 'unknown');
    });
    app.get('/full', () => {
      throw withUnknownOutcome(new JournalUnavailable('disk full at /var/lib', 'unchanged', { refusesToWrite: true }));
    });
    app.get('/broken', async (_request, response) => {
      response.setHeader('ETag', '"1"');
      throw new Error('the secret detail');
    });
    app.get('/half', (_request, response) => {
      response.write('half of it');
      throw new Error('the secret detail');
    });
    app.get('/item/:id', (request, response) => sendJson(response, { id: request.params.id }, { cache: 'none' }));
    app.all('/item/:id', methodNotAllowed('GET', 'HEAD'));
  };
  const post = (url: string, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
    fetch(`${url}/echo`, { method: 'POST', body, headers: { 'Content-Type': 'application/json', ...headers } });

  it('is answered with its problem and the time to retry', async () => {
    const { url, lines } = await serve(routes);
    const response = await fetch(`${url}/refused`);
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBe('3');
    expect(await problemOf(response)).toMatchObject({ type: 'urn:pressbox:problem:rate-limited', code: 'rate-limited' });
    expect(lines).toEqual([]);
  });

  it('is answered with whether the write may have happened if the journal is unreachable', async () => {
    const { url } = await serve(routes);
    const response = await fetch(`${url}/journal`);
    expect(response.status).toBe(503);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    const problem = await problemOf(response);
    expect(problem).toMatchObject({ code: 'journal-unavailable', outcome: 'unknown' });
    expect(JSON.stringify(problem)).not.toContain('disk gone');
    expect(problem.detail).toBeUndefined();
  });

  it('is answered that the store refuses writes, even if the outcome is unknown, but not why', async () => {
    const { url } = await serve(routes);
    const problem = await problemOf(await fetch(`${url}/full`));
    expect(problem).toMatchObject({ code: 'journal-unavailable', outcome: 'unknown' });
    expect(problem.detail).toContain('refuses to write');
    expect(JSON.stringify(problem)).not.toContain('full');
  });

  it('because of a fault in the server is answered without any detail, and logged once', async () => {
    const { url, lines } = await serve(routes);
    const response = await fetch(`${url}/broken?token=abc`);
    expect(response.status).toBe(500);
    expect(response.headers.get('etag')).toBeNull();
    const problem = await problemOf(response);
    expect(problem.code).toBe('internal-error');
    expect(JSON.stringify(problem)).not.toMatch(/secret detail|\.ts/);
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] as string)).toMatchObject({
      level: 'error',
      method: 'GET',
      path: '/broken',
      err: { message: 'the secret detail' },
    });
    expect(lines[0]).not.toContain('abc');
  });

  it('in the middle of its answer is cut off, so that the answer does not look complete', async () => {
    const { url, lines } = await serve(routes);
    await expect(fetch(`${url}/half`).then((response) => response.text())).rejects.toThrow();
    expect(lines).toHaveLength(1);
  });

  it('because its body is too large is answered with 413', async () => {
    const { url } = await serve(routes);
    const response = await post(url, JSON.stringify({ a: 'x'.repeat(1001) }));
    expect(response.status).toBe(413);
    expect((await problemOf(response)).code).toBe('too-large');
    const bomb = await post(url, new Uint8Array(gzipSync(JSON.stringify({ a: 'x'.repeat(100_000) }))), {
      'Content-Encoding': 'gzip',
    });
    expect(bomb.status).toBe(413);
  });

  it.each([
    [{ 'Content-Encoding': 'zip' }, 415],
    [{ 'Content-Encoding': 'gzip' }, 400],
  ])('because its body cannot be read is refused: %j', async (headers, status) => {
    const { url, lines } = await serve(routes);
    const response = await post(url, '{"a":1}', headers as Record<string, string>);
    expect(response.status).toBe(status);
    expect((await problemOf(response)).code).toBe(status === 415 ? 'wrong-type' : 'invalid-body');
    expect(lines).toEqual([]);
  });

  it('because the client aborted it leaves no line in the log and does not affect the server', async () => {
    const { url, lines } = await serve(routes);
    const half = request(`${url}/echo`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Content-Length': 500 },
    });
    half.on('error', () => {});
    half.write('{"a":');
    await once(half, 'socket');
    half.destroy();
    expect((await post(url, '{"a":1}')).status).toBe(200);
    expect(lines).toEqual([]);
  });

  it.each(['/nowhere', '/item/%', '/item/%ff', '/item/%c0%ae'])(
    'because there is nothing at %s is answered with 404',
    async (path) => {
      const { url, lines } = await serve(routes);
      const response = await fetch(`${url}${path}`);
      expect(response.status).toBe(404);
      expect((await problemOf(response)).code).toBe('not-found');
      expect(lines).toEqual([]);
    },
  );

  it('because of its method is answered with the methods that the address accepts', async () => {
    const { url } = await serve(routes);
    const response = await fetch(`${url}/item/1`, { method: 'PUT' });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, HEAD');
    expect((await problemOf(response)).code).toBe('method-not-allowed');
  });

  it('because of a damaged channel gets a random time to retry', () => {
    const error = new JournalUnavailable('It is damaged.', 'unchanged', { isDamaged: true });
    const delays = [0, 0.5, 0.999].map((random) => problemFor(error, () => random)?.retryAfter);
    expect(delays).toEqual([5, 10, 15]);
  });

  it('with an unknown error maps to no problem', () => {
    expect(problemFor(new TypeError('x'))).toBeUndefined();
    expect(problemFor('x')).toBeUndefined();
    expect(problemFor(undefined)).toBeUndefined();
    expect(problemFor(Object.assign(new Error('x'), { status: 502 }))).toBeUndefined();
  });
});

describe('too many requests', () => {
  it('from one address are refused before their token is verified', async () => {
    const rates = createRates({ writesPerSecond: 0, requestsPerSecond: 1, connectionsPerAddress: 0 }, { now: () => 0 });
    const { url } = await serve(
      (app) => app.get('/', (_request, response) => sendJson(response, {}, { cache: 'none' })),
      [limitRequests(rates)],
    );
    const headers = { authorization: 'Bearer nonsense' };
    for (let count = 0; count < 10; count += 1) expect((await fetch(url, { headers })).status).toBe(401);
    const response = await fetch(url, { headers });
    expect(response.status).toBe(429);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  });
});

import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createChannel, publish } from '../../support/authors/writers.ts';
import { openReader } from '../../support/readers/socket-reader.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';

/** Methods that a URL does not allow, other spellings of paths, and unknown paths. */

const browser = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };
const origin = 'https://news.example';
let server: TestServer;
let editor: string;
let id: string;
let postId: string;

beforeAll(async () => {
  server = await startTestServer({ PRESSBOX_ORIGINS: origin });
  editor = await server.token();
  id = (await createChannel(server, editor)).id;
  await createChannel(server, editor, { id: 'hidden', access: 'desk' });
  postId = (await publish(server, editor, id, { headline: 'One' })).post.id;
});
afterAll(() => server[Symbol.asyncDispose]());

/** The methods of each URL. */
const taken = (): Record<string, string[]> => {
  const channel = `/v1/channels/${id}`;
  const post = `${channel}/posts/${postId}`;
  return {
    '/v1/channels': ['GET', 'HEAD', 'POST'],
    [channel]: ['GET', 'HEAD', 'PATCH', 'DELETE'],
    [`${channel}/snapshot`]: ['GET', 'HEAD'],
    [`${channel}/events`]: ['GET', 'HEAD'],
    [`${channel}/stream`]: ['GET', 'HEAD'],
    [`${channel}/posts`]: ['GET', 'HEAD', 'POST'],
    [post]: ['GET', 'HEAD'],
    [`${post}/revisions`]: ['GET', 'HEAD', 'POST'],
    [`${post}/retraction`]: ['POST'],
    [`${post}/takedown`]: ['POST'],
    [`${channel}/corrections`]: ['GET', 'HEAD'],
    [`${channel}/journal`]: ['GET', 'HEAD'],
    '/': ['GET', 'HEAD'],
    [`/live/${id}`]: ['GET', 'HEAD'],
    [`/live/${id}/${postId}`]: ['GET', 'HEAD'],
    [`/live/${id}/${postId}/versions`]: ['GET', 'HEAD'],
    [`/live/${id}/corrections`]: ['GET', 'HEAD'],
    [`/embed/${id}`]: ['GET', 'HEAD'],
    [`/embed/${id}/fragment`]: ['GET', 'HEAD'],
    '/embed.js': ['GET', 'HEAD'],
    '/oembed': ['GET', 'HEAD'],
    '/sign-in': ['GET', 'HEAD', 'POST'],
    '/sign-out': ['POST'],
    '/desk/': ['GET', 'HEAD'],
    [`/desk/${id}`]: ['GET', 'HEAD'],
    '/desk/manifest.webmanifest': ['GET', 'HEAD'],
    '/desk/service-worker.js': ['GET', 'HEAD'],
    '/docs': ['GET', 'HEAD'],
    '/openapi.json': ['GET', 'HEAD'],
    '/asyncapi.json': ['GET', 'HEAD'],
    '/healthz': ['GET', 'HEAD'],
    '/readyz': ['GET', 'HEAD'],
    '/metrics': ['GET', 'HEAD'],
  };
};
const allowed = (headers: Headers) => (headers.get('allow') ?? '').split(', ').sort();

describe('a method that a URL does not allow', () => {
  it('is refused with the allowed methods', async () => {
    for (const [path, methods] of Object.entries(taken())) {
      for (const method of ['PUT', 'POST', 'PATCH', 'DELETE'].filter((one) => !methods.includes(one))) {
        const sent = { method, token: editor, headers: { accept: 'application/json' } };
        const { status, headers, body } = await call(server.url + path, sent);
        expect([method, path, status, body]).toEqual([
          method,
          path,
          405,
          expect.objectContaining({ code: 'method-not-allowed', detail: `It supports ${headers.get('allow')}.` }),
        ]);
        expect(allowed(headers), path).toEqual([...methods].sort());
        // A browser gets an error page if the URL has pages.
        const shown = await call(server.url + path, { method, token: editor, headers: browser });
        expect([method, path, shown.status, allowed(shown.headers)]).toEqual([method, path, 405, [...methods].sort()]);
      }
    }
  });

  it('is refused in the same way for a desk channel and a missing one, also without a token', async () => {
    const answers = ['hidden', 'nothing', id].map(async (channel) => {
      const { status, headers, text } = await call(`${server.url}/v1/channels/${channel}/posts`, { method: 'DELETE' });
      return [status, allowed(headers), text];
    });
    const [hidden, nothing, open] = await Promise.all(answers);
    expect(hidden).toEqual(nothing);
    expect(open).toEqual(nothing);
    expect(hidden?.[0]).toBe(405);
  });
});

describe('OPTIONS', () => {
  it('lists all methods of a URL', async () => {
    for (const [path, methods] of Object.entries(taken())) {
      if (/^\/(?:healthz|readyz|metrics)$/.test(path)) continue;
      const { status, headers, text } = await call(server.url + path, { method: 'OPTIONS' });
      expect([path, status, text]).toEqual([path, 204, '']);
      expect(allowed(headers), path).toEqual([...methods].sort());
    }
  });
});

describe('a path', () => {
  it('is case-sensitive', async () => {
    for (const path of ['/V1/channels', '/v1/Channels', `/v1/channels/${id}/Posts`, `/Live/${id}`, '/Healthz']) {
      expect([path, (await call(server.url + path)).status]).toEqual([path, 404]);
    }
    const said = await call(`${server.url}/v1/Channels`, { method: 'POST', token: editor, body: { headline: 'A' } });
    expect(said.status).toBe(404);
  });
});

describe('an unknown path', () => {
  it('gets an error page in a browser', async () => {
    for (const path of ['/nope', '/live', '/live/', '/live/nothing', `/live/${id}/${id}`, '/live/hidden']) {
      const { status, headers, text } = await call(server.url + path, { headers: browser });
      expect([path, status, headers.get('content-type')]).toEqual([path, 404, 'text/html; charset=utf-8']);
      expect(text, path).toContain('This page is not here');
      // Its styles and links must work, so it has the policy of a page.
      expect(headers.get('content-security-policy'), path).toContain("style-src 'self'");
      expect(headers.get('cache-control'), path).toBe('no-store');
    }
  });

  it('answers programs with a problem document, and browsers too below the paths of the API', async () => {
    for (const [path, headers] of [
      ['/nope', {}],
      ['/live/nothing', { accept: 'application/json' }],
      ['/v1', browser],
      ['/v1/nope', browser],
      ['/v1/channels/nothing', browser],
    ] as const) {
      const answer = await call(server.url + path, { headers });
      expect([path, answer.status, answer.body]).toEqual([path, 404, expect.objectContaining({ code: 'not-found' })]);
    }
  });

  it('counts towards the request rate of an address', async () => {
    await using small = await startTestServer({ PRESSBOX_REQUESTS_PER_SECOND: '1' });
    // More requests than the rate refills while they are answered.
    const responses = await Promise.all(Array.from({ length: 100 }, () => call(`${small.url}/nope`, { headers: browser })));
    const refused = responses.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]?.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(refused[0]?.text).toContain('Too many requests');
  });
});

describe('an error page', () => {
  it('counts as a problem in the metrics', async () => {
    const count = async (code: string) => {
      const { text } = await call(`${server.url}/metrics`);
      return Number(new RegExp(`pressbox_problems_total\\{code="${code}"\\} (\\d+)`).exec(text)?.[1]);
    };
    const before = [await count('not-found'), await count('post-withdrawn')];
    const { post } = await publish(server, editor, id, { headline: 'Not so' });
    const path = `/v1/channels/${id}/posts/${post.id}/retraction`;
    await call(server.url + path, { method: 'POST', token: editor, body: { note: 'It is not so.' } });
    expect((await call(`${server.url}/live/${id}/${post.id}`, { headers: browser })).status).toBe(410);
    expect((await call(`${server.url}/nope`, { headers: browser })).status).toBe(404);
    expect([await count('not-found'), await count('post-withdrawn')]).toEqual(before.map((each) => each + 1));
  });
});

describe('the security headers', () => {
  it('are on every answer', async () => {
    for (const path of ['/healthz', '/readyz', '/metrics', '/nope', '/', '/v1/channels', '/socket.io/', `/live/${id}`]) {
      const { headers } = await call(server.url + path, { headers: browser });
      expect([path, headers.get('x-content-type-options')]).toEqual([path, 'nosniff']);
      expect(headers.get('content-security-policy'), path).toContain("default-src 'none'");
    }
  });
});

describe('a server that is shutting down', () => {
  it('explains the restart to pages of other origins and to readers in a browser', async () => {
    await using leaving = await startTestServer({ PRESSBOX_ORIGINS: origin });
    // The server answers as long as a reader is connected.
    const staying = await openReader(leaving.url);
    onTestFinished(() => staying.destroy());
    const closing = leaving.server.close({ drainMs: 60_000 });
    await vi.waitFor(() => expect(staying.heard('drain')).toHaveLength(1));
    const api = await call(`${leaving.url}/v1/channels`, { headers: { origin } });
    expect([api.status, api.headers.get('retry-after')]).toEqual([503, '2']);
    expect(api.headers.get('access-control-allow-origin')).toBe(origin);
    expect(api.headers.get('access-control-expose-headers')).toContain('Retry-After');
    expect(api.headers.get('x-content-type-options')).toBe('nosniff');
    const page = await call(`${leaving.url}/live/any`, { headers: browser });
    expect([page.status, page.headers.get('retry-after')]).toEqual([503, '2']);
    expect(page.text).toContain('This server is being restarted');
    staying.destroy();
    await closing;
  });
});

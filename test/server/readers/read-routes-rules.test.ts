import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Channel } from '../../../src/protocol/model.ts';
import { problemSchema } from '../../../src/protocol/schemas.ts';
import { createChannel, publish, write } from '../../support/authors/writers.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';

/** Access to read routes, caching, CORS and refusals. */

let server: TestServer;
let editor: string;
let reader: string;
/** One post in each channel. */
const posts: Record<string, string> = {};
const origin = 'https://news.example';

beforeAll(async () => {
  server = await startTestServer({ PRESSBOX_ORIGINS: origin });
  editor = await server.token();
  reader = await server.token({ editor: [], reader: ['*'] }, { sub: 'rita' });
  const admin = await server.token({ admin: true }, { sub: 'root' });
  for (const [id, access] of [
    ['open', 'public'],
    ['members', 'members'],
    ['desk', 'desk'],
    ['deleted', 'public'],
    ['deleted-desk', 'desk'],
  ] as const) {
    await createChannel(server, editor, { id, access });
    posts[id] = (await publish(server, editor, id, { headline: `Within ${id}` })).post.id;
  }
  for (const id of ['deleted', 'deleted-desk']) {
    await call(`${server.url}/v1/channels/${id}`, { method: 'DELETE', token: admin });
  }
});
afterAll(() => server[Symbol.asyncDispose]());

function get(path: string, token?: string, headers: Record<string, string> = {}) {
  return call(`${server.url}${path}`, { headers, ...(token === undefined ? {} : { token }) });
}

/** Everything that could distinguish two answers, without values that change each time. */
async function whole(path: string, token?: string) {
  const { status, headers, text } = await get(path, token);
  const said = [...headers].filter(([name]) => !['date', 'connection', 'keep-alive'].includes(name));
  return { status, headers: said, text };
}

const feeds = ['feed.atom', 'feed.json', 'liveblog.jsonld', 'ninjs.json'];
/** Every URL below a channel. */
const under = (id: string, post = posts[id] ?? '01890000-0000-7000-8000-000000000000') => [
  `/v1/channels/${id}`,
  `/v1/channels/${id}/snapshot`,
  `/v1/channels/${id}/events`,
  `/v1/channels/${id}/posts`,
  `/v1/channels/${id}/posts/${post}`,
  `/v1/channels/${id}/posts/${post}/revisions`,
  `/v1/channels/${id}/corrections`,
  ...feeds.map((file) => `/v1/channels/${id}/${file}`),
  `/v1/channels/${id}/journal`,
];

async function refusal(path: string, token?: string, headers: Record<string, string> = {}) {
  const answer = await get(path, token, headers);
  expect(answer.headers.get('content-type'), path).toBe('application/problem+json');
  expect(answer.headers.get('cache-control'), path).toBe('no-store');
  expect(answer.headers.get('etag'), path).toBeNull();
  const problem = problemSchema.parse(answer.body);
  expect(problem.status, path).toBe(answer.status);
  return problem;
}

describe('a desk channel', () => {
  it('looks to anonymous readers like a missing channel, to the last header', async () => {
    const post = posts.desk!;
    for (const token of [undefined, reader]) {
      for (const [index, path] of under('desk').entries()) {
        const answer = await whole(path, token);
        expect(answer.status, path).toBe(404);
        expect(answer, path).toEqual(await whole(under('nothing', post)[index]!, token));
        expect(answer, path).toEqual(await whole(under('deleted-desk', post)[index]!, token));
      }
    }
    // Also if the query is invalid.
    expect(await whole('/v1/channels/desk/posts?limit=x')).toEqual(await whole('/v1/channels/nothing/posts?limit=x'));
    expect(await whole('/live/desk')).toEqual(await whole('/live/nothing'));
  });

  it('costs anonymous followers the same reads as a missing channel, whether others follow it or not', async () => {
    const { engine } = server.server;
    const asked: string[] = [];
    for (const name of ['channel', 'subscribe', 'catchUp', 'snapshot', 'heads'] as const) {
      const ask = engine[name].bind(engine) as (...given: unknown[]) => never;
      vi.spyOn(engine, name).mockImplementation((...given: unknown[]) => {
        asked.push(name);
        return ask(...given);
      });
    }
    const cost = async (id: string) => {
      asked.length = 0;
      for (const path of [`${id}/stream`, `${id}/events?wait=1`]) {
        for (const token of [undefined, reader, undefined]) expect((await get(`/v1/channels/${path}`, token)).status).toBe(404);
      }
      return [...asked];
    };
    const nothing = await cost('nothing');
    expect(await cost('desk')).toEqual(nothing);
    const stop = new AbortController();
    const headers = { authorization: `Bearer ${editor}` };
    const stream = await fetch(`${server.url}/v1/channels/desk/stream`, { headers, signal: stop.signal });
    expect(stream.status).toBe(200);
    expect(await cost('desk')).toEqual(nothing);
    stop.abort();
    vi.restoreAllMocks();
  });

  it('answers its authors', async () => {
    const author = await server.token({ editor: [], author: ['desk'] });
    for (const path of under('desk').slice(0, -1)) expect([path, (await get(path, author)).status]).toEqual([path, 200]);
    expect(await refusal('/v1/channels/deleted-desk', editor)).toMatchObject({ code: 'channel-deleted', status: 410 });
  });
});

describe('the list of channels', () => {
  const ids = async (query: string, token?: string) => {
    const { channels, next } = (await get(`/v1/channels${query}`, token)).body as { channels: Channel[]; next: string | null };
    return { ids: channels.map(({ id }) => id), next };
  };

  it('shows desk channels only to their authors', async () => {
    const author = await server.token({ editor: [], author: ['des*'] });
    const other = await server.token({ editor: [], author: ['desks'], reader: ['*'] });
    for (const token of [undefined, reader, other]) expect((await ids('', token)).ids).toEqual(['members', 'open']);
    for (const token of [author, editor]) expect((await ids('', token)).ids).toEqual(['desk', 'members', 'open']);
  });

  it('has no page and no link that reveals hidden channels', async () => {
    const whole = await ids('');
    // The last channel is a desk channel, and no link leads to an empty page.
    expect(whole.next).toBeNull();
    const first = await ids('?limit=1');
    expect(first.ids).toEqual(['members']);
    expect(await ids(`?limit=1&page=${first.next}`)).toEqual({ ids: ['open'], next: null });
    const oldest = await startTestServer();
    try {
      const admin = await oldest.token();
      await createChannel(oldest, admin, { id: 'hidden', access: 'desk' });
      await createChannel(oldest, admin, { id: 'shown' });
      await createChannel(oldest, admin, { id: 'hidden-too', access: 'desk' });
      const { body } = await call(`${oldest.url}/v1/channels?limit=1`);
      expect(body).toMatchObject({ channels: [{ id: 'shown' }], next: null });
    } finally {
      await oldest[Symbol.asyncDispose]();
    }
  });
});

describe('a members channel', () => {
  it('shows its posts only with a reader’s token, and its existence to everybody', async () => {
    const other = await server.token({ editor: [], reader: ['open'] });
    const [channel, ...rest] = under('members');
    expect((await get(channel!)).status).toBe(200);
    for (const path of rest) {
      const stranger = await get(path);
      expect(stranger.headers.get('www-authenticate'), path).toBe('Bearer realm="pressbox"');
      expect(stranger.text, path).not.toContain('Within members');
      // Feeds say where to sign in, see test/server/pages/feeds.test.ts.
      if (/\/feed\.(?:atom|json)$/.test(path)) expect([path, stranger.status]).toEqual([path, 200]);
      else expect(await refusal(path), path).toMatchObject({ code: 'token-missing', status: 401 });
      expect(await refusal(path, other), path).toMatchObject({ code: 'forbidden', status: 403 });
    }
    for (const path of rest.slice(0, -1)) expect([path, (await get(path, reader)).status]).toEqual([path, 200]);
  });
});

describe('a channel whose access is restricted during a read', () => {
  it('shows no page of later posts', async () => {
    const { engine } = server.server;
    for (const name of ['posts', 'post'] as const) {
      const { id } = await createChannel(server, editor);
      const { post } = await publish(server, editor, id, { headline: 'For all' });
      const ask = engine[name].bind(engine) as (...given: unknown[]) => Promise<unknown>;
      const spied = vi.spyOn(engine, name).mockImplementationOnce((async (...given: unknown[]) => {
        await write(server, editor, { method: 'PATCH', path: `/v1/channels/${id}`, body: { access: 'members' }, ifMatch: '*' });
        await publish(server, editor, id, { headline: 'For members' });
        return await ask(...given);
      }) as never);
      const page = await call(`${server.url}/live/${id}${name === 'posts' ? '?before=99' : `/${post.id}`}`);
      expect(page.text, name).not.toContain('For members');
      expect(page.text, name).toContain('This coverage is for members');
      spied.mockRestore();
    }
  });

  it('sends no later event', async () => {
    const { engine } = server.server;
    for (const name of ['posts', 'post', 'revisions', 'corrections', 'snapshot', 'catchUp'] as const) {
      const { id } = await createChannel(server, editor);
      const { post, cursor } = await publish(server, editor, id, { headline: 'For all' });
      await publish(server, editor, id, { headline: 'For all as well' });
      const ask = engine[name].bind(engine) as (...given: unknown[]) => Promise<unknown>;
      const spied = vi.spyOn(engine, name).mockImplementationOnce((async (...given: unknown[]) => {
        await write(server, editor, { method: 'PATCH', path: `/v1/channels/${id}`, body: { access: 'members' }, ifMatch: '*' });
        await publish(server, editor, id, { headline: 'For members' });
        return await ask(...given);
      }) as never);
      const path = {
        posts: 'posts',
        post: `posts/${post.id}`,
        revisions: `posts/${post.id}/revisions`,
        corrections: 'corrections',
        snapshot: 'snapshot',
        // Its channel stream is not open yet, so this reads the journal.
        catchUp: `events?after=${cursor}`,
      }[name];
      expect(await refusal(`/v1/channels/${id}/${path}`), name).toMatchObject({ code: 'token-missing' });
      spied.mockRestore();
    }
  });
});

describe('a missing resource', () => {
  it('is 404 if it never existed, and 410 if it was deleted', async () => {
    for (const path of under('deleted')) {
      expect(await refusal(path), path).toMatchObject({ code: 'channel-deleted', status: 410 });
    }
    const missing = [
      '/v1/channels/open/posts/01890000-0000-7000-8000-000000000000',
      '/v1/channels/open/posts/01890000-0000-7000-8000-000000000000/revisions',
      `/v1/channels/open/posts/${posts.members}`,
      '/v1/channels/open/posts/not-an-id',
      '/v1/channels/Not%20A%20Slug/posts',
      '/v1/channels/..%2F..%2Fetc',
      '/v1/channels/%00',
      '/v1/channels/%E0%A4%A',
      '/v1/nothing',
      '/v1',
    ];
    for (const path of missing) expect(await refusal(path), path).toMatchObject({ code: 'not-found', status: 404 });
  });

  it('is named in the detail as channel, post, revision or path, without text from the request', async () => {
    const someId = '01890000-0000-7000-8000-000000000000';
    const { post } = await publish(server, editor, 'open', { headline: 'Withdrawn' });
    await write(server, editor, {
      path: `/v1/channels/open/posts/${post.id}/retraction`,
      body: { note: 'Wrong.' },
      ifMatch: '*',
    });
    const page = 'https://other.example/elsewhere';
    const expected = {
      '/v1/channels/xyzzy': 'There is no channel with this id',
      '/v1/channels/Xyzzy%20/posts': 'There is no channel with this id',
      '/v1/channels/xyzzy/snapshot': 'There is no channel with this id',
      '/v1/channels/xyzzy/stream': 'There is no channel with this id',
      '/v1/channels/xyzzy/feed.atom': 'There is no channel with this id',
      '/live/xyzzy': 'There is no channel with this id',
      [`/v1/channels/open/posts/${someId}`]: 'This channel has no post with this id',
      [`/v1/channels/open/posts/${someId}/revisions`]: 'This channel has no post with this id',
      '/v1/channels/open/posts/xyzzy': 'This channel has no post with this id',
      [`/live/open/${someId}`]: 'This channel has no post with this id',
      [`/v1/channels/open/posts/${post.id}/revisions`]: 'This post was withdrawn',
      '/v1/xyzzy': 'There is nothing at this path',
      '/xyzzy': 'There is nothing at this path',
      '/assets/xyzzy': 'There is nothing at this path',
      '/v1/channels/%E0%A4%A': 'There is nothing at this path',
      [`/oembed?url=${encodeURIComponent(page)}`]: 'The URL is not the page of a channel',
    };
    for (const [path, detail] of Object.entries(expected)) {
      const said = await refusal(path, undefined, { accept: 'application/json' });
      expect(said, path).toMatchObject({ code: 'not-found', detail: expect.stringContaining(detail) });
      expect(said.detail, path).toContain('/docs');
      expect(JSON.stringify(said), path).not.toMatch(/xyzzy|elsewhere|01890000/i);
    }
    const options = { method: 'POST', token: editor, headers: { 'if-match': '*' }, body: { headline: 'A' } };
    const unknownPost = await call(`${server.url}/v1/channels/open/posts/${someId}/revisions`, {
      ...options,
      body: { kind: 'refile', changes: { headline: 'A' } },
    });
    expect(unknownPost.body).toMatchObject({ detail: expect.stringContaining('This channel has no post with this id') });
    const unknownChannel = await call(`${server.url}/v1/channels/xyzzy/posts`, options);
    expect(unknownChannel.body).toMatchObject({ detail: expect.stringContaining('There is no channel with this id') });
  });
});

describe('an invalid token', () => {
  it('is refused even if none is needed', async () => {
    const expired = await server.token({}, { ttlSeconds: -60 });
    for (const token of ['nonsense', `${editor}x`, expired]) {
      const answer = await get('/v1/channels/open', token);
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer .*error="invalid_token"/);
      expect(await refusal('/v1/channels/open', token)).toMatchObject({ code: 'token-invalid', status: 401 });
    }
    expect(await refusal('/v1/channels/open', undefined, { authorization: 'Basic YTpi' })).toMatchObject({
      code: 'token-invalid',
    });
  });
});

describe('an invalid query', () => {
  it('is refused with the parameter’s name', async () => {
    const base = '/v1/channels/open';
    const wrong: [string, string][] = [
      ['/v1/channels?state=over', 'state'],
      ['/v1/channels?order=activity', 'state'],
      ['/v1/channels?order=name&state=live', 'order'],
      ['/v1/channels?order=activity&state=live&page=foo', 'page'],
      ['/v1/channels?limit=0', 'limit'],
      ['/v1/channels?page=%2F', 'page'],
      ['/v1/channels?page=foo', 'page'],
      ['/v1/channels?page=', 'page'],
      [`${base}/snapshot?limit=101`, 'limit'],
      [`${base}/events?limit=0`, 'limit'],
      [`${base}/events?limit=1001`, 'limit'],
      [`${base}/posts?limit=-1`, 'limit'],
      [`${base}/posts?limit=1e1`, 'limit'],
      [`${base}/posts?limit=5&limit=6`, 'limit'],
      [`${base}/posts?before=x`, 'before'],
      [`${base}/posts?before=99999999999999999999`, 'before'],
      [`${base}/posts?after=1.5`, 'after'],
      [`${base}/posts?kind=gossip`, 'kind'],
      [`${base}/posts?keyEvent=1`, 'keyEvent'],
      [`${base}/posts?source=${'x'.repeat(301)}`, 'source'],
      [`${base}/posts/${posts.open}/revisions?after=x`, 'after'],
      [`${base}/corrections?before=`, 'before'],
      ...feeds.flatMap((file): [string, string][] => [
        [`${base}/${file}?limit=101`, 'limit'],
        [`${base}/${file}?before=x`, 'before'],
        [`${base}/${file}?keyEvent=yes`, 'keyEvent'],
        [`${base}/${file}?told=2`, 'told'],
      ]),
    ];
    for (const [path, place] of wrong) {
      const problem = await refusal(path);
      expect(problem, path).toMatchObject({ code: 'invalid-body', status: 400 });
      expect(
        problem.errors?.map((error) => error.path),
        path,
      ).toEqual([place]);
      expect(problem.errors?.[0]?.message, path).toMatch(/\w+ \w+/);
    }
    expect((await refusal(`${base}/journal?from=x`, editor)).errors).toMatchObject([{ path: 'from' }]);
    expect(await refusal(`${base}/events?after=garbage`)).toMatchObject({ code: 'invalid-cursor', status: 400 });
  });

  it('is accepted with an unknown parameter', async () => {
    expect((await get('/v1/channels/open/posts?utm_source=mail')).status).toBe(200);
    expect((await get('/v1/channels/open/events?utm_source=mail')).body).toMatchObject({ mode: 'snapshot', reset: false });
  });
});

describe('an answer', () => {
  it('to the public may be cached, and must be revalidated each time', async () => {
    for (const path of ['/v1/channels', ...under('open').slice(0, -1)]) {
      const answer = await get(path, undefined, { 'accept-encoding': 'identity' });
      expect(answer.headers.get('cache-control'), path).toBe('no-cache');
      const etag = answer.headers.get('etag')!;
      expect(etag, path).toMatch(/^"[^"]+"$/);
      for (const asked of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
        const again = await get(path, undefined, { 'if-none-match': asked, 'accept-encoding': 'identity' });
        expect([path, again.status, again.text, again.headers.get('etag')]).toEqual([path, 304, '', etag]);
        expect(again.headers.get('cache-control'), path).toBe('no-cache');
      }
      expect((await get(path, undefined, { 'if-none-match': '"other"' })).status, path).toBe(200);
    }
  });

  it('has another entity tag after a change', async () => {
    const paths = ['/v1/channels', ...under('open').slice(1, -1)];
    const before = await Promise.all(paths.map(async (path) => (await get(path)).headers.get('etag')!));
    await write(server, editor, {
      path: `/v1/channels/open/posts/${posts.open}/revisions`,
      body: { kind: 'correction', note: 'It was out.', changes: { headline: 'Without' } },
      ifMatch: '*',
    });
    await publish(server, editor, 'open', { headline: 'More' });
    for (const [index, path] of paths.entries()) {
      expect([path, (await get(path, undefined, { 'if-none-match': before[index]! })).status]).toEqual([path, 200]);
    }
  });

  it('to members or authors is never cached', async () => {
    const mine = [
      ...under('members')
        .slice(1, -1)
        .map((path) => [path, reader] as const),
      ...under('open')
        .slice(3, 6)
        .map((path) => [path, editor] as const),
      ['/v1/channels/open/journal', editor] as const,
      ['/v1/channels', editor] as const,
    ];
    for (const [path, token] of mine) {
      const { status, headers } = await get(path, token);
      expect([path, status, headers.get('cache-control')]).toEqual([path, 200, 'private, no-store']);
      expect(headers.get('vary'), path).toMatch(/\bAuthorization\b/);
    }
    // A shared cache must not serve an author a reader's copy.
    for (const path of under('open').slice(3, 6))
      expect((await get(path)).headers.get('vary'), path).toMatch(/\bAuthorization\b/);
  });

  it('to HEAD is the one to GET without its body', async () => {
    const head = await call(`${server.url}/v1/channels/open/snapshot`, { method: 'HEAD' });
    const whole = await get('/v1/channels/open/snapshot');
    expect([head.status, head.text, head.headers.get('etag')]).toEqual([200, '', whole.headers.get('etag')]);
  });
});

describe('a page of another origin', () => {
  it('may read the answers if its origin is allowed', async () => {
    for (const path of ['/v1/channels', ...under('open'), ...under('nothing')]) {
      const { headers } = await get(path, path.endsWith('journal') ? editor : undefined, { origin });
      expect(headers.get('access-control-allow-origin'), path).toBe(origin);
      expect(headers.get('access-control-expose-headers'), path).toBe('ETag, Link, Location, Retry-After, Idempotency-Replayed');
      expect(headers.get('access-control-allow-credentials'), path).toBeNull();
      expect(headers.get('vary'), path).toMatch(/\bOrigin\b/);
    }
    const asked = await call(`${server.url}/v1/channels/open/posts`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' },
    });
    expect(asked.status).toBe(204);
    expect(asked.headers.get('access-control-allow-origin')).toBe(origin);
    expect(asked.headers.get('access-control-allow-headers')).toMatch(/Authorization/i);
  });

  it('may not read the answers if its origin is not allowed', async () => {
    for (const foreign of ['https://evil.example', 'https://news.example.evil.example', 'http://news.example', 'null']) {
      for (const path of ['/v1/channels', '/v1/channels/open/posts', '/v1/channels/nothing']) {
        const { headers } = await get(path, undefined, { origin: foreign });
        expect(
          [...headers.keys()].filter((name) => name.startsWith('access-control-')),
          path,
        ).toEqual([]);
        expect(headers.get('vary'), path).toMatch(/\bOrigin\b/);
      }
    }
  });
});

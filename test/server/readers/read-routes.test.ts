import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuthorPost, Channel, ReaderPost } from '../../../src/protocol/model.ts';
import * as schemas from '../../../src/protocol/schemas.ts';
import { createChannel, publish, write } from '../../support/authors/writers.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';

/** The read routes: contents, views and entity tags. */

let server: TestServer;
let editor: string;
let reader: string;
/** 25 posts: the first is revised twice, the second retracted, the third taken down. */
let posts: AuthorPost[];
let channel: Channel;
const base = '/v1/channels/harbour';

beforeAll(async () => {
  server = await startTestServer({ PRESSBOX_ORIGINS: 'https://news.example' });
  editor = await server.token();
  reader = await server.token({ editor: [], reader: ['*'] }, { sub: 'rita' });
  await createChannel(server, editor, { id: 'harbour', standfirst: 'All day' });
  posts = [];
  for (let number = 1; number <= 25; number += 1) {
    const said = await publish(server, editor, 'harbour', {
      headline: `Entry ${number}`,
      body: `Text of *${number}*`,
      kind: number % 5 === 0 ? 'summary' : 'update',
      keyEvent: number % 4 === 0,
      sources: number % 3 === 0 ? [{ name: 'Harbour Master', via: 'Radio Nord' }] : [],
    });
    posts.push(said.post);
  }
  const change = (index: number, what: string, body: object, ifMatch: string | number = '*') =>
    write(server, editor, { path: `${base}/posts/${posts[index]!.id}/${what}`, body, ifMatch });
  await change(0, 'revisions', { kind: 'refile', changes: { body: 'Text of *one*' } }, 1);
  await change(0, 'revisions', { kind: 'correction', note: 'It was two.', changes: { body: 'Text of *two*' } }, 2);
  await change(1, 'retraction', { note: 'It was not so.' });
  await change(2, 'takedown', {});
  await write(server, editor, {
    method: 'PATCH',
    path: base,
    body: { headline: 'Night at the harbour', pinnedPostId: posts[9]!.id, change: { kind: 'correction', note: 'Night fell.' } },
    ifMatch: '*',
  });
  channel = (await get(base)).body as Channel;
  for (const [id, access] of [
    ['members', 'members'],
    ['desk', 'desk'],
  ] as const) {
    await createChannel(server, editor, { id, access });
    await publish(server, editor, id, { headline: 'Within' });
  }
});
afterAll(() => server[Symbol.asyncDispose]());

function get(path: string, token?: string, headers: Record<string, string> = {}) {
  return call(server.addressOf(path), { headers, ...(token === undefined ? {} : { token }) });
}

/** The answer to a successful GET. */
async function read<T>(path: string, token?: string): Promise<T> {
  const answer = await get(path, token);
  expect([path, answer.status]).toEqual([path, 200]);
  expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
  return answer.body as T;
}

async function problemOf(path: string, token?: string) {
  const answer = await get(path, token);
  expect(answer.headers.get('content-type'), path).toBe('application/problem+json');
  expect(answer.headers.get('cache-control'), path).toBe('no-store');
  const problem = schemas.problemSchema.parse(answer.body);
  expect(problem.status, path).toBe(answer.status);
  return problem;
}

type Page<P = ReaderPost> = { posts: P[]; cursor: string; more: boolean };
const numbers = (page: { posts: ReaderPost[] }) => page.posts.map(({ id }) => posts.findIndex((post) => post.id === id) + 1);
const countdown = (from: number, to: number) => Array.from({ length: from - to + 1 }, (_, index) => from - index);

describe('a channel', () => {
  it('is listed page by page, newest first, with the time of its latest post', async () => {
    const { channels, next } = await read<{ channels: (Channel & { latestPostAt: string })[]; next: null }>('/v1/channels');
    for (const one of channels) expect(one).toEqual(schemas.listedChannelSchema.parse(one));
    expect(channels.map(({ id }) => id)).toEqual(['members', 'harbour']);
    expect(next).toBeNull();
    expect(channels[1]).toEqual({ ...channel, latestPostAt: posts[24]!.publishedAt });

    const all = await read<{ channels: Channel[] }>('/v1/channels', editor);
    expect(all.channels.map(({ id }) => id)).toEqual(['desk', 'members', 'harbour']);
    const seen: string[] = [];
    let page: string | null = '';
    while (page !== null) {
      const said: { channels: Channel[]; next: string | null } = await read(
        `/v1/channels?limit=1${page === '' ? '' : `&page=${page}`}`,
      );
      seen.push(...said.channels.map(({ id }) => id));
      page = said.next;
    }
    expect(seen).toEqual(['members', 'harbour']);
    expect(await read('/v1/channels?state=ended')).toEqual({ channels: [], next: null });
  });

  it('are listed by activity on request, in pages', async () => {
    const ids = async (query: string) => {
      const page = await read<{ channels: Channel[]; next: string | null }>(`/v1/channels?order=activity&state=${query}`);
      return { ids: page.channels.map(({ id }) => id), next: page.next };
    };
    // Nothing was published in `members` since it was created, after the last post of `harbour`.
    expect(await ids('live')).toEqual({ ids: ['members', 'harbour'], next: null });
    const first = await ids('live&limit=1');
    expect(first).toEqual({ ids: ['members'], next: expect.any(String) });
    expect(await ids(`live&limit=1&page=${first.next}`)).toEqual({ ids: ['harbour'], next: null });
    expect(await ids('ended')).toEqual({ ids: [], next: null });
  });

  it('has its revision as entity tag', async () => {
    const answer = await get(base);
    expect(answer.body).toEqual(schemas.channelSchema.parse(answer.body));
    expect(answer.headers.get('etag')).toBe(`"${channel.revision}"`);
    expect(channel.history).toMatchObject([{ kind: 'correction', note: 'Night fell.', revision: channel.revision }]);
  });
});

describe('the snapshot', () => {
  it('contains the channel, its newest posts, the pinned post, the newest summary and the key events', async () => {
    const snapshot = schemas.snapshotSchema.parse(await read(`${base}/snapshot`));
    expect(snapshot).toEqual(await read(`${base}/snapshot`));
    expect(snapshot.channel).toEqual(channel);
    expect(numbers(snapshot)).toEqual(countdown(25, 6));
    expect(snapshot.more).toBe(true);
    expect(snapshot.pinned?.id).toBe(posts[9]!.id);
    expect(snapshot.summary?.id).toBe(posts[24]!.id);
    expect(snapshot.keyEvents.map(({ headline }) => headline)).toEqual([24, 20, 16, 12, 8, 4].map((number) => `Entry ${number}`));
    expect(numbers(schemas.snapshotSchema.parse(await read(`${base}/snapshot?limit=100`)))).toEqual(countdown(25, 1));
    // Authors get the reader's view as well.
    expect(await read(`${base}/snapshot`, editor)).toEqual(snapshot);
  });
});

describe('posts', () => {
  it('are paged newest first, by links and by seq', async () => {
    const seen: number[] = [];
    let path: string | undefined = `${base}/posts?limit=10`;
    while (path !== undefined) {
      const answer = await get(path);
      const page = answer.body as Page;
      for (const post of page.posts) expect(post).toEqual(schemas.readerPostSchema.parse(post));
      expect(schemas.cursorSchema.safeParse(page.cursor).success).toBe(true);
      seen.push(...numbers(page));
      const link = answer.headers.get('link');
      expect(link !== null).toBe(page.more);
      path = link === null ? undefined : /^<([^>]+)>; rel="next"$/.exec(link)?.[1];
    }
    expect(seen).toEqual(countdown(25, 1));
    expect(numbers(await read(`${base}/posts?before=${posts[3]!.seq}`))).toEqual([3, 2, 1]);
    const above = await read<Page>(`${base}/posts?after=${posts[19]!.seq}&limit=3`);
    expect([numbers(above), above.more]).toEqual([[23, 22, 21], true]);
    expect(numbers(await read(`${base}/posts?after=${posts[22]!.seq}&limit=3`))).toEqual([25, 24]);
    const next = (await get(`${base}/posts?after=${posts[19]!.seq}&limit=3`)).headers.get('link')!;
    expect(numbers(await read(/<([^>]+)>/.exec(next)![1]!))).toEqual([25, 24]);
  });

  it('are paged between two bounds, newest first', async () => {
    const between = `${base}/posts?before=${posts[20]!.seq}&after=${posts[15]!.seq}`;
    expect(numbers(await read(between))).toEqual([20, 19, 18, 17]);
    const first = await get(`${between}&limit=3`);
    expect(numbers(first.body as Page)).toEqual([20, 19, 18]);
    const rest = await get(/^<([^>]+)>; rel="next"$/.exec(first.headers.get('link')!)![1]!);
    expect([numbers(rest.body as Page), rest.headers.get('link')]).toEqual([[17], null]);
  });

  it('can be filtered by kind, key event and source, without withdrawn posts', async () => {
    const found = async (query: string) => numbers(await read(`${base}/posts?limit=100&${query}`));
    expect(await found('kind=summary')).toEqual([25, 20, 15, 10, 5]);
    expect(await found('keyEvent=true')).toEqual([24, 20, 16, 12, 8, 4]);
    expect(await found('keyEvent=false&kind=summary')).toEqual([25, 15, 10, 5]);
    expect(await found('keyEvent=true&kind=summary')).toEqual([20]);
    // The third was taken down.
    const thirds = [24, 21, 18, 15, 12, 9, 6];
    expect(await found('source=harbour%20MASTER')).toEqual(thirds);
    expect(await found('source=radio+nord')).toEqual(thirds);
    expect(await found('source=harbour')).toEqual([]);
    expect(await found(`source=radio+nord&keyEvent=true&before=${posts[20]!.seq}`)).toEqual([12]);
  });

  it('keep their filter on the next page, even with a question mark in it', async () => {
    const { id } = await createChannel(server, editor, { id: 'rumours' });
    for (const name of ['Really?', 'Really', 'Really?']) await publish(server, editor, id, { body: name, sources: [{ name }] });
    const seen: string[] = [];
    for (let path: string | undefined = `/v1/channels/${id}/posts?limit=1&source=really?`; path !== undefined; ) {
      const answer = await get(path);
      seen.push(...(answer.body as Page).posts.flatMap(({ sources }) => sources.map(({ name }) => name)));
      path = /^<([^>]+)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1];
    }
    expect(seen).toEqual(['Really?', 'Really?']);
  });

  it('link to the next page with the known parameters only', async () => {
    const { headers } = await get(`${base}/posts?limit=1&utm_source=mail&${'x&'.repeat(2_000)}`);
    expect(headers.get('link')).toBe(`<${server.pathTo(base)}/posts?limit=1&before=${posts[24]!.seq}>; rel="next"`);
  });

  it('are in the reader’s view, and for authors in the author’s view', async () => {
    const [seen] = (await read<Page>(`${base}/posts`)).posts;
    expect((await read<Page>(`${base}/posts`, reader)).posts[0]).toEqual(seen);
    const [written] = (await read<Page<AuthorPost>>(`${base}/posts`, editor)).posts;
    expect(written).toEqual(schemas.authorPostSchema.parse(written));
    expect(written).toMatchObject({ body: 'Text of *25*', publishedBy: 'ada', html: seen!.html });
    expect(JSON.stringify(seen)).not.toMatch(/"body"|"publishedBy"|"by"/);
  });

  it('can be read one by one, withdrawn ones as tombstones', async () => {
    const path = `${base}/posts/${posts[0]!.id}`;
    const post = await read<ReaderPost>(path);
    expect(post).toEqual(schemas.readerPostSchema.parse(post));
    expect(post).toMatchObject({ revision: 3, html: '<p>Text of <em>two</em></p>\n' });
    expect(post.history.map(({ kind, note }) => [kind, note])).toEqual([
      ['refile', null],
      ['correction', 'It was two.'],
    ]);
    const own = await read<AuthorPost>(path, editor);
    expect(own).toEqual(schemas.authorPostSchema.parse(own));
    expect(own.history[0]).toMatchObject({ by: 'ada' });

    const retracted = await read<ReaderPost>(`${base}/posts/${posts[1]!.id}`);
    expect(retracted).toEqual({
      ...schemas.readerPostSchema.parse(retracted),
      status: 'retracted',
      headline: null,
      html: '',
      authors: [],
      media: [],
      sources: [],
      keyEvent: false,
      history: [expect.objectContaining({ kind: 'retraction', note: 'It was not so.' })],
    });
    expect(await read(`${base}/posts/${posts[2]!.id}`)).toMatchObject({
      status: 'taken-down',
      headline: null,
      html: '',
      sources: [],
    });
  });

  it('have entity tags with revision and view, also in the answer to a write', async () => {
    const path = `${base}/posts/${posts[0]!.id}`;
    const tags = [(await get(path)).headers.get('etag'), (await get(path, editor)).headers.get('etag')];
    for (const tag of tags) expect(tag).toMatch(/^"3-[^"]+"$/);
    expect(tags[0]).not.toBe(tags[1]);
  });
});

describe('revisions', () => {
  it('are the post at each revision, oldest first', async () => {
    const path = `${base}/posts/${posts[0]!.id}/revisions`;
    const said = await read<{ revisions: ReaderPost[]; more: boolean }>(path);
    for (const post of said.revisions) expect(post).toEqual(schemas.readerPostSchema.parse(post));
    expect(said.revisions.map(({ revision, html }) => [revision, html])).toEqual([
      [1, '<p>Text of <em>1</em></p>\n'],
      [2, '<p>Text of <em>one</em></p>\n'],
      [3, '<p>Text of <em>two</em></p>\n'],
    ]);
    expect(said.more).toBe(false);
    expect(await read(`${path}?limit=1`)).toEqual({ revisions: [said.revisions[0]], more: true });
    expect(await read(`${path}?after=1&limit=1`)).toEqual({ revisions: [said.revisions[1]], more: true });
    const { revisions } = await read<{ revisions: AuthorPost[] }>(path, editor);
    expect(revisions.map(({ body }) => body)).toEqual(['Text of *1*', 'Text of *one*', 'Text of *two*']);
  });

  it('are for authors only once their post is withdrawn, and empty after a takedown', async () => {
    for (const index of [1, 2]) {
      for (const token of [undefined, reader]) {
        expect(await problemOf(`${base}/posts/${posts[index]!.id}/revisions`, token)).toMatchObject({ code: 'not-found' });
      }
    }
    const retracted = await read<{ revisions: AuthorPost[] }>(`${base}/posts/${posts[1]!.id}/revisions`, editor);
    expect(retracted.revisions.map(({ body }) => body)).toEqual(['Text of *2*', '']);
    const down = await read<{ revisions: AuthorPost[] }>(`${base}/posts/${posts[2]!.id}/revisions`, editor);
    expect(down.revisions.map(({ revision, body }) => [revision, body])).toEqual([[2, '']]);
  });
});

describe('corrections and journal', () => {
  it('list corrections newest first', async () => {
    const said = await read<{ corrections: { offset: number; kind: string; postId: string | null }[]; more: boolean }>(
      `${base}/corrections`,
    );
    for (const one of said.corrections) expect(one).toEqual(schemas.correctionSchema.parse(one));
    expect(said.corrections).toMatchObject([
      { kind: 'correction', postId: null, note: 'Night fell.', headline: 'Night at the harbour' },
      { kind: 'takedown', postId: posts[2]!.id, note: null, headline: null },
      { kind: 'retraction', postId: posts[1]!.id, note: 'It was not so.', headline: null },
      { kind: 'correction', postId: posts[0]!.id, note: 'It was two.', headline: 'Entry 1', revision: 3 },
    ]);
    const [, second] = said.corrections;
    expect(await read(`${base}/corrections?limit=1&before=${said.corrections[0]!.offset}`)).toMatchObject({
      corrections: [second],
      more: true,
    });
  });

  it('show every entry to editors only', async () => {
    const first = await read<{ entries: { offset: number }[]; more: boolean }>(`${base}/journal`, editor);
    const rest = await read<{ entries: { offset: number }[]; more: boolean }>(`${base}/journal?from=21&limit=100`, editor);
    const entries = [...first.entries, ...rest.entries];
    for (const entry of entries) expect(entry).toEqual(schemas.journalLineSchema.parse(entry));
    expect([first.more, rest.more]).toEqual([true, false]);
    expect(entries.map(({ offset }) => offset)).toEqual(Array.from({ length: 31 }, (_, index) => index + 1));
    expect(JSON.stringify(entries)).not.toMatch(/Entry|Text of|Night/);
    expect(await problemOf(`${base}/journal`)).toMatchObject({ code: 'token-missing' });
    expect(await problemOf(`${base}/journal`, reader)).toMatchObject({ code: 'forbidden' });
    const author = await server.token({ editor: [], author: ['*'] });
    expect(await problemOf(`${base}/journal`, author)).toMatchObject({ code: 'forbidden' });
  });
});

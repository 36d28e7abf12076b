import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuthorClient, type NewChannel, type NewPost } from '../../../client/lib/author-client.ts';
import type { AuthorPost } from '../../../src/protocol/model.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';

/** The pages of key events and of summaries, and those that begin with the oldest post. */

let server: TestServer;
let author: AuthorClient;
beforeAll(async () => {
  server = await startTestServer();
  author = new AuthorClient({ url: server.url, token: await server.token() });
});
afterAll(() => server[Symbol.asyncDispose]());

const open = (path: string) => call(server.addressOf(path), { headers: { accept: 'text/html' } });

async function coverage(posts: number, fieldsOf: (nth: number) => NewPost, fields: Partial<NewChannel> = {}) {
  const { channel } = await author.createChannel({ headline: 'The harbour', state: 'live', ...fields });
  const published: AuthorPost[] = [];
  for (let nth = 1; nth <= posts; nth += 1) published.push((await author.publish(channel.id, fieldsOf(nth))).post);
  return { id: channel.id, posts: published, path: `/live/${channel.id}` };
}

/** The ids of the posts on a page, from the top. */
const idsOn = (page: string) => [...page.matchAll(/<article [^>]*data-post="([^"]*)"/g)].map(([, id]) => id);

/** The address of a link on a page, or undefined. */
const linkOn = (page: string, name: string) =>
  page.match(new RegExp(`<a [^>]*href="([^"]*)"[^>]*>${name}</a>`))?.[1]?.replaceAll('&amp;', '&');

/** The ids of all pages from `path` on, as a reader sees them who follows the link of this name to its end. */
async function readThrough(path: string, name: string): Promise<(string | undefined)[]> {
  const ids: (string | undefined)[] = [];
  for (let next: string | undefined = path; next !== undefined; ) {
    const { text } = await open(next);
    ids.push(...idsOn(text));
    next = linkOn(text, name);
  }
  return ids;
}

describe('the page of selected posts', () => {
  it('has every key event, or every summary, newest first, page by page in both directions', async () => {
    const { posts, path } = await coverage(70, (nth) => ({
      headline: `Report ${nth}`,
      keyEvent: nth % 3 > 0,
      kind: nth % 10 === 0 ? 'summary' : 'update',
    }));
    const keyEvents = posts.filter(({ keyEvent }) => keyEvent).map(({ id }) => id);
    expect(await readThrough(`${path}?filter=key-events`, 'Older posts')).toEqual(keyEvents.toReversed());
    const last = posts.filter(({ kind }) => kind === 'summary').map(({ id }) => id);
    expect(await readThrough(`${path}?filter=summaries`, 'Older posts')).toEqual(last.toReversed());

    const { text } = await open(`${path}?filter=key-events&before=${posts[40]!.seq}`);
    const newer = await open(linkOn(text, 'Newer posts') as string);
    const between = [...idsOn(newer.text), ...idsOn(text)].reverse();
    const from = keyEvents.indexOf(between[0] as string);
    expect(between).toEqual(keyEvents.slice(from, from + between.length));
  });

  it('has every post from the first to the last, page by page in both directions', async () => {
    const { posts, path } = await coverage(45, (nth) => ({ body: `Report ${nth}` }));
    const ids = posts.map(({ id }) => id);
    expect(await readThrough(`${path}?order=oldest`, 'Newer posts')).toEqual(ids);
    const first = await open(`${path}?order=oldest`);
    expect(linkOn(first.text, 'Older posts')).toBeUndefined();
    const second = await open(linkOn(first.text, 'Newer posts') as string);
    const back = await open(linkOn(second.text, 'Older posts') as string);
    expect(idsOn(back.text)).toEqual(idsOn(first.text));
    expect(linkOn(back.text, 'Older posts')).toBeUndefined();
  });

  it('says as of when it is, links to everything live, and is not indexed', async () => {
    const { id, path } = await coverage(2, () => ({ headline: 'Report', keyEvent: true }));
    const { text } = await open(`${path}?filter=key-events`);
    expect(text).toMatch(/As of <time[^>]*>.*<\/time>/);
    expect(text).toContain(`<link rel="canonical" href="${server.url}/live/${id}">`);
    expect(text).toContain('<meta name="robots" content="noindex">');
    expect(text).not.toContain('<script');
    expect(linkOn(text, 'Everything, live')).toBe(server.pathTo(path));
    expect(linkOn(text, 'From the beginning')).toBe(server.pathTo(`${path}?filter=key-events&order=oldest`));
    const live = (await open(path)).text;
    expect(live).not.toContain('noindex');
    expect(linkOn(live, 'Key events')).toBe(server.pathTo(`${path}?filter=key-events`));
    expect(linkOn(live, 'From the beginning')).toBe(server.pathTo(`${path}?order=oldest`));
    expect(linkOn(live, 'Summaries')).toBeUndefined();
  });

  it('keeps a withdrawn summary as a tombstone, and no text of a withdrawn post', async () => {
    const { id, path, posts } = await coverage(3, (nth) => ({
      headline: `Secret ${nth}`,
      keyEvent: true,
      kind: nth === 2 ? 'summary' : 'update',
    }));
    await author.takedown(id, posts[1]!.id, { note: 'By order.' });
    const summaries = (await open(`${path}?filter=summaries`)).text;
    expect(idsOn(summaries)).toEqual([posts[1]!.id]);
    expect(summaries).toContain('By order.');
    expect(idsOn((await open(`${path}?filter=key-events`)).text)).toEqual([posts[2]!.id, posts[0]!.id]);
    for (const query of ['filter=summaries', 'filter=key-events', 'order=oldest'])
      expect((await open(`${path}?${query}`)).text).not.toContain('Secret 2');
  });

  it('is a page without posts if there are none, or none beyond a position', async () => {
    const { path, posts } = await coverage(1, () => ({ headline: 'Report' }));
    for (const query of ['filter=key-events', `order=oldest&after=${posts[0]!.seq}`, 'filter=summaries&before=0']) {
      const { status, text } = await open(`${path}?${query}`);
      expect([query, status, idsOn(text)]).toEqual([query, 200, []]);
      expect(text).toContain('There are no such posts.');
    }
  });

  it('leads to the page of corrections', async () => {
    const { path } = await coverage(0, () => ({}));
    const { status, headers } = await fetch(`${server.url}${path}?filter=corrections`, { redirect: 'manual' });
    expect([status, headers.get('location')]).toEqual([302, server.pathTo(`${path}/corrections`)]);
  });

  it.each(['filter=all', 'filter=', 'order=newest', 'order=oldest&after=-1', 'filter=summaries&filter=key-events'])(
    'is refused with 400 for another query: %s',
    async (query) => {
      const { path } = await coverage(0, () => ({}));
      const { status, text } = await open(`${path}?${query}`);
      expect(status).toBe(400);
      expect(text).toContain('The request cannot be understood');
      const problem = await call(`${server.url}${path}?${query}`, { headers: { accept: 'application/json' } });
      expect(problem.body).toMatchObject({ code: 'invalid-body', errors: [{ message: expect.stringMatching(/^Must be/) }] });
    },
  );

  it('shows a members channel to nobody else', async () => {
    const { path } = await coverage(1, () => ({ headline: 'Secret', keyEvent: true }), { access: 'members' });
    for (const query of ['filter=key-events', 'order=oldest']) {
      const { text } = await open(`${path}?${query}`);
      expect(text).toContain('This coverage is for members');
      expect(text).not.toContain('Secret');
    }
    const desk = await coverage(1, () => ({ headline: 'Secret' }), { access: 'desk' });
    expect((await open(`${desk.path}?order=oldest`)).status).toBe(404);
  });
});

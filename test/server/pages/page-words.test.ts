import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pageWordsIn, wordsIn } from '../../../client/browser/i18n/index.ts';
import { type Language, languages } from '../../../client/browser/i18n/languages.ts';
import { type ServerWords, serverWordsIn } from '../../../client/browser/i18n/server.ts';
import { siteWordsIn } from '../../../client/browser/i18n/site.ts';
import type { PageWords, Words } from '../../../client/browser/i18n/words.ts';
import { AuthorClient, type NewChannel } from '../../../client/lib/author-client.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';

/** The words around posts on the server's pages, in the channel's language. */

let server: TestServer;
let author: AuthorClient;

beforeAll(async () => {
  server = await startTestServer();
  author = new AuthorClient({ url: server.url, token: await server.token() });
});
afterAll(() => server[Symbol.asyncDispose]());

const open = async (path: string) => (await call(server.addressOf(path), { headers: { accept: 'text/html' } })).text;

/** A channel that shows everything pages can show. The newsroom's own text is always `x`. */
async function coverageIn(
  language: string,
): Promise<Record<'newest' | 'older' | 'selected' | 'oldest' | 'withdrawn' | 'listed' | 'ended', string>> {
  const { channel } = await author.createChannel({ headline: 'x', state: 'live', language, byline: [{ name: 'x' }] });
  const { id } = channel;
  const posts: { id: string; seq: number }[] = [];
  for (let nth = 1; nth <= 24; nth += 1) {
    const { post } = await author.publish(id, {
      headline: 'x',
      body: 'x',
      keyEvent: nth > 10,
      sources: [{ name: 'x', via: 'x' }],
      ...(nth === 23 && { kind: 'breaking', verification: 'unverified', developing: true }),
      ...(nth === 24 && { kind: 'summary', derivedFrom: [posts[4]!.id] }),
    });
    posts.push(post);
  }
  const [pinned, corrected, updated, retracted] = posts.slice(18, 22);
  await author.pin(id, pinned!.id);
  await author.correct(id, corrected!.id, 1, { note: 'x', changes: { body: 'xx' } });
  await author.revise(id, updated!.id, 1, { kind: 'update', changes: { body: 'xx' } });
  await author.retract(id, retracted!.id, { note: 'x' });
  const newest = await open(`/live/${id}`);
  const list = await open('/');
  const pages = {
    newest,
    older: await open(`/live/${id}?before=${posts[9]!.seq}`),
    selected: await open(`/live/${id}?filter=summaries&after=${posts[23]!.seq}`),
    oldest: await open(`/live/${id}?filter=key-events&order=oldest`),
    withdrawn: await open(`/live/${id}/${retracted!.id}`),
    listed: list.match(new RegExp(`<li [^>]*data-channel="${id}".*?</li>`, 's'))?.[0] ?? '',
  };
  await author.updateChannel(id, '*', { state: 'ended' });
  return { ...pages, ended: await open(`/live/${id}`) };
}

/** The visible text of a page, and its text for screen readers. */
function saidOn(page: string): string {
  const body = page.replace(/<script.*?<\/script>/gs, '').replace(/^.*<body[^>]*>/s, '');
  const named = [...body.matchAll(/ aria-label="([^"]*)"/g)].map(([, name]) => name);
  return [body.replace(/<[^>]*>/g, ' '), ...named].join('\n').replaceAll(/\s+/g, ' ');
}

/** The words and sentences of a language, split at their placeholders. */
function piecesOf(...said: unknown[]): string[] {
  return said
    .flatMap((one): string[] => {
      if (typeof one === 'string') return one.split('#');
      if (typeof one === 'function') return piecesOf(one('#', '#'));
      return piecesOf(...Object.values(one as object));
    })
    .map((piece) => piece.replace(/^[\s.,،:]+|[\s.,،:]+$/g, ''))
    .filter((piece) => piece !== '');
}

/** Whether a text contains a piece as whole words. */
function standsIn(text: string, piece: string): boolean {
  const escaped = piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?<!\\p{L})${escaped}(?!\\p{L})`, 'iu').test(text);
}

const wordsFor = (language: string) =>
  [wordsIn(language), { ...pageWordsIn(language), ...serverWordsIn(wordsIn(language)?.language ?? 'en') }] as [
    Words,
    PageWords & ServerWords,
  ];

/** The words that must appear on some page of a channel. */
function expected([words, page]: [Words, PageWords & ServerWords]): string[] {
  const { kinds, verification, changes, keyEvent, developing, source, via, drawnFrom, postNumber, updated } = words;
  const { copyLink, share, ofPost, by, live, ended, endedAt, pinned, keyEvents, posts, newerPosts, newestPosts, olderPosts } =
    words;
  const { asItHappened, storySoFar, showAll, reloadFor, latestPost } = page;
  const { wasWithdrawn, partOf, theCoverage, aroundIt } = page;
  const ofPosts = [kinds.breaking, kinds.summary, keyEvent, verification.unverified, developing, changes.correction];
  const ofChannels = [by, live, ended, endedAt, pinned, keyEvents, posts, olderPosts, asItHappened, storySoFar, showAll];
  const { whichPosts, allPosts, summaries, noneSelected, fromBeginning, newestFirst, everythingLive, asOf } = page;
  const ofSelections = [whichPosts, allPosts, summaries, noneSelected, fromBeginning, newestFirst, everythingLive, asOf];
  return piecesOf(
    ofSelections,
    [ofPosts, changes.retraction, source, via, drawnFrom, postNumber, updated, copyLink, share, ofPost, ofChannels],
    [newerPosts, newestPosts, reloadFor, latestPost, wasWithdrawn, partOf, theCoverage, aroundIt],
  );
}

describe('a channel’s pages', () => {
  const spoken: Record<Exclude<Language, 'en'>, [tag: string, direction: string]> = {
    de: ['de-AT', 'ltr'],
    fr: ['fr', 'ltr'],
    es: ['es-MX', 'ltr'],
    ar: ['ar', 'rtl'],
  };
  it.each(Object.values(spoken))('have their words in its language, and none of English: %s', async (language, direction) => {
    const pages = await coverageIn(language);
    for (const page of [pages.newest, pages.older, pages.withdrawn, pages.ended])
      expect(page).toContain(`<html lang="${language}" dir="${direction}">`);
    const said = Object.values(pages).map(saidOn).join('\n');
    const words = wordsFor(language);
    expect(expected(words).filter((piece) => !standsIn(said, piece))).toEqual([]);

    const own = new Set(piecesOf(words).map((piece) => piece.toLowerCase()));
    const { language: _, ...en } = wordsFor('en')[0];
    const english = piecesOf(en, wordsFor('en')[1]).filter((piece) => !own.has(piece.toLowerCase()));
    expect(english.length).toBeGreaterThan(80);
    expect(english.filter((piece) => standsIn(said, piece))).toEqual([]);
    expect(Object.values(pages).join('')).not.toContain('lang="en"');
  });

  it('contain every English word in English, which shows that the check for other languages works', async () => {
    const said = Object.values(await coverageIn('en-GB'))
      .map(saidOn)
      .join('\n');
    expect(expected(wordsFor('en')).filter((piece) => !standsIn(said, piece))).toEqual([]);
  });

  it('are marked as English around posts in a language without translations', async () => {
    const { newest, older, withdrawn, listed, ended } = await coverageIn('he');
    for (const page of [newest, older, withdrawn, ended]) expect(page).toContain('<html lang="he" dir="rtl">');
    expect(newest).toContain('<span class="badge live" lang="en" dir="ltr">Live</span>');
    expect(newest).toContain('<h2 class="label-line" lang="en" dir="ltr">Pinned</h2>');
    expect(newest).toMatch(/<span id="connection-text" lang="en" dir="ltr">As of /);
    expect(newest).toMatch(/data-page="older" lang="en" dir="ltr">Older posts</);
    expect(newest).toMatch(/<p [^>]*id="announcement"[^>]* lang="en" dir="ltr">/);
    expect(older).toMatch(/data-page="newer" lang="en" dir="ltr">Newer posts</);
    expect(withdrawn).toContain('<h1 lang="en" dir="ltr">This post was withdrawn</h1>');
    expect(listed).toMatch(/<p class="latest" lang="en" dir="ltr"><span class="visually-hidden">Latest post /);
    expect(ended).toContain('<strong lang="en" dir="ltr">As it happened</strong>');
  });
});

it('a members channel asks anonymous readers in its language to sign in', async () => {
  const { channel } = await author.createChannel({ headline: 'x', state: 'live', language: 'ar', access: 'members' });
  const page = await open(`/live/${channel.id}`);
  expect(page).toContain('<html lang="ar" dir="rtl">');
  expect(page).toContain(`<h2 id="for-members">${wordsIn('ar')?.forMembers}</h2>\n<div>\n`);
  expect(page).toContain(`<button>${siteWordsIn('ar').signIn}</button>`);
});

it('feeds describe posts and their changes in the channel’s language', async () => {
  const { channel } = await author.createChannel({ headline: 'x', state: 'live', language: 'de' });
  const { post } = await author.publish(channel.id, { body: 'x' });
  await author.publish(channel.id, { body: 'x', kind: 'breaking' });
  await author.retract(channel.id, post.id, { note: 'x' });
  const { text } = await call(`${server.url}/v1/channels/${channel.id}/feed.atom`);
  expect(text).toContain('<category term="breaking" label="Eilmeldung"/>');
  expect(text).toMatch(/<title>Zurückgezogen: Beitrag vom [^<]+<\/title>/);
});

describe('a page without a channel', () => {
  const ask = (path: string, acceptLanguage: string, options: { body?: string } = {}) =>
    fetch(server.addressOf(path), {
      ...(options.body !== undefined && { method: 'POST', body: options.body }),
      headers: {
        accept: 'text/html',
        'accept-language': acceptLanguage,
        ...(options.body !== undefined && { origin: server.origin, 'content-type': 'application/x-www-form-urlencoded' }),
      },
    });

  it.each([
    ['de-AT, en;q=0.8', 'de'],
    ['pl, fr;q=0.4, es;q=0.6', 'es'],
    ['ar-EG', 'ar'],
    ['fr', 'fr'],
    ['pl', 'en'],
    ['*', 'en'],
    ['"><script>', 'en'],
  ])('is in the available language that its reader prefers: %s', async (liked, language) => {
    const words = siteWordsIn(language);
    const said = { '/': words.coverage, '/sign-in': words.signIn, '/live/none': words.problems['not-found']?.name };
    for (const [path, name] of Object.entries(said)) {
      const answer = await ask(path, liked);
      const page = await answer.text();
      expect(page).toContain(`<html lang="${language}" dir="${language === 'ar' ? 'rtl' : 'ltr'}">`);
      expect(page).toContain(`<h1>${name}</h1>`);
      expect([path, answer.headers.get('vary')]).toEqual([path, expect.stringContaining('Accept-Language')]);
    }
  });

  it('describes a token error in that language, without English', async () => {
    const answer = await ask('/sign-in', 'fr', { body: 'token=nonsense' });
    const { notSignedIn, faults } = siteWordsIn('fr');
    expect(answer.status).toBe(401);
    expect(await answer.text()).toContain(`role="alert">${notSignedIn} ${faults['token-invalid']}</p>`);
  });

  it.each(languages)('describes every error in that language: %s', async (language) => {
    const { problems } = siteWordsIn(language);
    const form = { origin: server.origin, 'content-type': 'application/x-www-form-urlencoded' };
    const requests: [status: number, code: keyof typeof problems, path: string, init?: RequestInit][] = [
      [400, 'invalid-body', '/?limit=none'],
      [400, 'invalid-body', '/live/none?before=yesterday'],
      [400, 'invalid-body', '/embed/none?theme=mauve'],
      [404, 'not-found', '/live/%E0%A4%A'],
      [405, 'method-not-allowed', '/live/none', { method: 'PUT' }],
      [413, 'too-large', '/sign-in', { method: 'POST', headers: form, body: `token=${'x'.repeat(30_000)}` }],
      [415, 'wrong-type', '/sign-in', { method: 'POST', headers: { origin: server.origin }, body: 'token=x' }],
    ];
    for (const [status, code, path, init] of requests) {
      const headers = { accept: 'text/html', 'accept-language': language, ...init?.headers };
      const answer = await fetch(server.addressOf(path), { ...init, headers });
      const { name, sentence } = problems[code]!;
      expect([path, answer.status]).toEqual([path, status]);
      expect(await answer.text()).toContain(`<h1>${name}</h1><p class="standfirst">${sentence}</p>`);
    }
  });
});

describe('the list of channels', () => {
  it('lists live, scheduled and ended channels in sections of their own order, each with its later pages', async () => {
    await using alone = await startTestServer();
    const client = new AuthorClient({ url: alone.url, token: await alone.token() });
    const create = async (fields: Partial<NewChannel>) => (await client.createChannel({ headline: 'x', ...fields })).channel.id;
    const [first, second, third, empty] = [await create({}), await create({}), await create({}), await create({})] as const;
    const someDay = await create({ state: 'scheduled' });
    const [later, soon] = [
      await create({ state: 'scheduled', startsAt: '2031-03-02T09:00:00.000Z' }),
      await create({ state: 'scheduled', startsAt: '2031-03-01T09:00:00.000Z' }),
    ];
    for (const id of [third, second, first]) await client.publish(id, { body: 'x' });
    const over = [await create({}), await create({}), await create({})] as const;
    for (const id of over) await client.updateChannel(id, '*', { state: 'ended' });
    const page = async (path: string) => (await call(alone.addressOf(path))).text;
    const listed = async (path: string) => [...(await page(path)).matchAll(/data-channel="([^"]+)"/g)].map(([, id]) => id);
    const next = async (path: string) =>
      (await page(path)).match(/<a class="step" href="([^"]+)"/)?.[1]?.replace('&amp;', '&') ?? '';
    // A channel without posts does not precede one that has some.
    const all = [first, second, third, empty, soon, later, someDay, over[2], over[1], over[0]];
    expect(await listed('/')).toEqual(all);
    expect(await listed('/?limit=1')).toEqual(all.slice(0, -2));
    expect(await next('/?limit=1')).toContain(alone.pathTo('/?page='));
    expect(await listed(`${await next('/?limit=1')}&limit=3`)).toEqual([over[1], over[0]]);
    expect(await listed('/?state=scheduled')).toEqual([soon, later, someDay]);
    expect(await listed('/?state=live&limit=2')).toEqual([first, second]);
    expect(await listed(`${await next('/?state=live&limit=1')}&limit=2`)).toEqual([second, third]);
    const { headers } = await call(alone.url);
    const again = await call(alone.url, { headers: { 'if-none-match': headers.get('etag') ?? '' } });
    expect([again.status, again.text]).toEqual([304, '']);
  });

  it('shows the two newest headlines of a live channel, and none that was withdrawn', async () => {
    await using alone = await startTestServer();
    const client = new AuthorClient({ url: alone.url, token: await alone.token() });
    const { id } = (await client.createChannel({ headline: 'The coverage' })).channel;
    const headlines = async (headers: Record<string, string> = {}) => {
      const { text } = await call(alone.url, { headers });
      return [...text.matchAll(new RegExp(`<a href="${server.pathTo(`/live/${id}`)}/[^"]+">([^<]*)</a>`, 'g'))].map(
        ([, headline]) => headline,
      );
    };
    expect(await headlines()).toEqual([]);
    const publish = async (headline: string | null) => (await client.publish(id, { body: 'x', headline })).post;
    await publish('First');
    const second = await publish('Second');
    expect(await headlines()).toEqual(['Second', 'First']);
    const third = await publish('Third');
    await publish(null);
    expect(await headlines()).toEqual(['Third', 'Second']);
    await client.correct(id, second.id, 1, { note: 'It was the 2nd.', changes: { headline: '2nd' } });
    expect(await headlines()).toEqual(['Third', '2nd']);
    await client.takedown(id, third.id);
    expect(await headlines()).toEqual(['2nd', 'First']);
    expect((await call(alone.url)).text).not.toContain('Third');
    await client.retract(id, second.id, { note: 'It was not so.' });
    expect(await headlines()).toEqual(['First']);
    // Many posts without a headline follow a key event.
    await client.publish(id, { body: 'x', headline: 'Key', keyEvent: true });
    for (let number = 0; number < 25; number++) await publish(null);
    expect(await headlines()).toEqual(['Key']);

    // Only those who may read the posts see their headlines, at once.
    await client.updateChannel(id, '*', { access: 'members' });
    expect(await headlines()).toEqual([]);
    const token = await alone.token({ editor: [], reader: [id] });
    const { headers } = await call(`${alone.url}/v1/session`, { method: 'POST', token });
    const cookie = headers.getSetCookie()[0]?.split(';')[0] ?? '';
    expect(await headlines({ cookie })).toEqual(['Key']);
    // They share one read.
    const atOnce = [{}, { cookie }, {}, { cookie }].map((sent: Record<string, string>) => headlines(sent));
    expect(await Promise.all(atOnce)).toEqual([[], ['Key'], [], ['Key']]);
    await client.updateChannel(id, '*', { access: 'public' });
    expect(await headlines()).toEqual(['Key']);
  });

  it('shows many readers the current state with few reads, whether or not they are signed in', async () => {
    await using alone = await startTestServer();
    const client = new AuthorClient({ url: alone.url, token: await alone.token() });
    const { id } = (await client.createChannel({ headline: 'The coverage' })).channel;
    const token = await alone.token({ editor: [], reader: ['other'] });
    const { headers } = await call(`${alone.url}/v1/session`, { method: 'POST', token });
    const signedIn = { cookie: headers.getSetCookie()[0]?.split(';')[0] ?? '' };
    const crowd = () =>
      Promise.all(Array.from({ length: 50 }, (_, nth) => call(alone.url, nth % 2 === 0 ? {} : { headers: signedIn })));
    for (const headline of ['One', 'Two', 'Three']) {
      const { post } = await client.publish(id, { body: 'x', headline });
      const pages = await crowd();
      for (const { status, text } of pages) expect([status, text.includes(`/live/${id}/${post.id}`)]).toEqual([200, true]);
      await client.takedown(id, post.id);
      const after = await crowd();
      for (const { status, text } of after) expect([status, text.includes(headline)]).toEqual([200, false]);
    }
  });
});

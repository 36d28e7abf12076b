import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuthorClient } from '../../client/author-client.ts';
import { pageWordsIn, wordsIn } from '../../client/web/strings/index.ts';
import type { PageWords, Words } from '../../client/web/strings/words.ts';
import { call, startTestServer, type TestServer } from '../support/server.ts';

/** The words that the server's pages have around posts, by the language of the channel. */
let server: TestServer;
let author: AuthorClient;

beforeAll(async () => {
  server = await startTestServer();
  author = new AuthorClient({ url: server.url, token: await server.token() });
});
afterAll(() => server[Symbol.asyncDispose]());

const open = async (path: string) => (await call(server.url + path, { headers: { accept: 'text/html' } })).text;

/** A coverage that shows all that pages can, as each of them. The newsroom itself says nothing but `x`. */
async function coverageIn(language: string): Promise<Record<'newest' | 'older' | 'withdrawn' | 'listed' | 'ended', string>> {
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
    withdrawn: await open(`/live/${id}/${retracted!.id}`),
    listed: list.split('<li ').find((item) => item.includes(`/live/${id}"`)) ?? '',
  };
  await author.updateChannel(id, '*', { state: 'ended' });
  return { ...pages, ended: await open(`/live/${id}`) };
}

/** What is seen of a page, and what of it is told to those who hear it. */
function saidOn(page: string): string {
  const body = page.replace(/<script.*?<\/script>/gs, '').replace(/^.*<body>/s, '');
  const named = [...body.matchAll(/ aria-label="([^"]*)"/g)].map(([, name]) => name);
  return [body.replace(/<[^>]*>/g, ' '), ...named].join('\n').replaceAll(/\s+/g, ' ');
}

/** Words and sentences of a language, in pieces where something is put into them. */
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

/** Whether a piece stands in a text, not within another word. */
function standsIn(text: string, piece: string): boolean {
  const escaped = piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?<!\\p{L})${escaped}(?!\\p{L})`, 'iu').test(text);
}

const wordsFor = (language: string) => [wordsIn(language), pageWordsIn(language)] as [Words, PageWords];

/** What has to stand on some page of a coverage. */
function expected([words, page]: [Words, PageWords]): string[] {
  const { kinds, verification, changes, keyEvent, developing, source, via, drawnFrom, postNumber, updated } = words;
  const { copyLink, share, ofPost, by, live, ended, endedAt, pinned, keyEvents, posts, newerPosts, newestPosts, olderPosts } =
    words;
  const { asItHappened, storySoFar, earlier, reloadFor, latestPost } = page;
  const { wasWithdrawn, partOf, theCoverage, aroundIt } = page;
  const ofPosts = [kinds.breaking, kinds.summary, keyEvent, verification.unverified, developing, changes.correction];
  const ofChannels = [by, live, ended, endedAt, pinned, keyEvents, posts, olderPosts, asItHappened, storySoFar, earlier];
  return piecesOf(
    [ofPosts, changes.retraction, source, via, drawnFrom, postNumber, updated, copyLink, share, ofPost, ofChannels],
    [newerPosts, newestPosts, reloadFor, latestPost, wasWithdrawn, partOf, theCoverage, aroundIt],
  );
}

describe('a channel’s pages', () => {
  it.each([
    ['de-AT', 'ltr'],
    ['fr', 'ltr'],
    ['es-MX', 'ltr'],
    ['ar', 'rtl'],
  ])('have their words in its language, and none of English: %s', async (language, direction) => {
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

  it('have those of English too, by which it is seen that the others have none', async () => {
    const said = Object.values(await coverageIn('en-GB'))
      .map(saidOn)
      .join('\n');
    expect(expected(wordsFor('en')).filter((piece) => !standsIn(said, piece))).toEqual([]);
  });

  it('are English around posts in a language that there are no words in, and say so', async () => {
    const { newest, older, withdrawn, listed, ended } = await coverageIn('he');
    for (const page of [newest, older, withdrawn, ended]) expect(page).toContain('<html lang="he" dir="rtl">');
    expect(newest).toContain('<span class="badge live" lang="en" dir="ltr">Live</span>');
    expect(newest).toContain('<h2 class="label-line" lang="en" dir="ltr">Pinned</h2>');
    expect(newest).toMatch(/<span id="connection-text" lang="en" dir="ltr">As of /);
    expect(newest).toMatch(/data-page="older" lang="en" dir="ltr">Older posts</);
    expect(newest).toMatch(/<p [^>]*id="announcement"[^>]* lang="en" dir="ltr">/);
    expect(older).toMatch(/data-page="newer" lang="en" dir="ltr">Newer posts</);
    expect(withdrawn).toContain('<h1 lang="en" dir="ltr">This post was withdrawn</h1>');
    expect(listed).toMatch(/<p class="latest" lang="en" dir="ltr">Latest post /);
    expect(ended).toContain('<strong lang="en" dir="ltr">As it happened</strong>');
  });
});

it('a members’ channel tells strangers so in its language, and asks them in in English', async () => {
  const { channel } = await author.createChannel({ headline: 'x', state: 'live', language: 'ar', access: 'members' });
  const page = await open(`/live/${channel.id}`);
  expect(page).toContain('<html lang="ar" dir="rtl">');
  expect(page).toContain(`<h2 id="for-members">${wordsIn('ar')?.forMembers}</h2>\n<div lang="en" dir="ltr">`);
});

it('feeds name posts, and what became of them, in the channel’s language', async () => {
  const { channel } = await author.createChannel({ headline: 'x', state: 'live', language: 'de' });
  const { post } = await author.publish(channel.id, { body: 'x' });
  await author.publish(channel.id, { body: 'x', kind: 'breaking' });
  await author.retract(channel.id, post.id, { note: 'x' });
  const { text } = await call(`${server.url}/v1/channels/${channel.id}/feed.atom`);
  expect(text).toContain('<category term="breaking" label="Eilmeldung"/>');
  expect(text).toMatch(/<title>Zurückgezogen: Beitrag vom [^<]+<\/title>/);
});

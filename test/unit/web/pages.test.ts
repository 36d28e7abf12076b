import { describe, expect, it } from 'vitest';
import { dataElementId, type PageData } from '../../../client/browser/view/data.ts';
import type { Channel, ReaderPost, Snapshot } from '../../../src/protocol/model.ts';
import { problem } from '../../../src/protocol/problems.ts';
import { errorPage } from '../../../src/web/pages/error.ts';
import { indexPage } from '../../../src/web/pages/index.ts';
import { livePage, membersNotice } from '../../../src/web/pages/live.ts';
import { escaped, hostile, textOf } from '../../support/attacks/page-text.ts';
import { aChange, aChannel, aPost } from '../../support/samples/samples.ts';
import { schemaOrgFaults } from '../../support/samples/schema-org.ts';

const words = { de: '/assets/words-de.jkl.js' };
const assets = {
  basePath: '',
  script: '/assets/live.abc.js',
  words,
  front: '/assets/front.abc.js',
  followPost: '/assets/follow-post.abc.js',
  keepSession: '/assets/keep-session.abc.js',
  style: '/assets/live.def.css',
  print: '/assets/print.mno.css',
  site: '/assets/site.pqr.css',
  docs: '/assets/docs.ghi.css',
};
const publicUrl = 'https://live.example';
const at = '2026-11-24T16:00:00.000Z';

const channel = aChannel({ headline: 'The landing', createdAt: '2026-11-24T10:00:00.000Z', startedAt: null });

function post(fields: Partial<ReaderPost> = {}): ReaderPost {
  return aPost({ publishedAt: '2026-11-24T14:05:00.000Z', ...fields });
}

function snapshot(fields: Partial<Snapshot> = {}): Snapshot {
  return {
    channel,
    cursor: '0123456789ab.7.0123456789abcdef',
    posts: [],
    pinned: null,
    summary: null,
    keyEvents: [],
    more: false,
    ...fields,
  };
}

const page = (fields: Partial<Snapshot> = {}) => livePage({ snapshot: snapshot(fields), publicUrl, assets, at });
function dataOf(html: string): PageData {
  const json = html.match(new RegExp(`<script type="application/json" id="${dataElementId}">(.*?)</script>`, 's'))?.[1];
  return JSON.parse(json ?? 'null');
}

describe('the page of a channel', () => {
  it('is complete without its script', () => {
    const pinned = post({ seq: 3, headline: 'Start here', html: '<p>Pinned text</p>' });
    const summary = post({ seq: 4, kind: 'summary', html: '<p>Summed up</p>', derivedFrom: [pinned.id] });
    const html = page({
      channel: { ...channel, standfirst: 'What it is about', section: 'Space', byline: [{ name: 'Ada Byron', role: 'Houston' }] },
      posts: [post({ seq: 9, html: '<p>Newest</p>' }), summary],
      pinned,
      summary,
      keyEvents: [
        { id: post({ seq: 9 }).id, seq: 9, headline: 'Held here', publishedAt: at },
        { id: post({ seq: 2 }).id, seq: 2, headline: 'Far below', publishedAt: at },
      ],
      more: true,
    });
    const text = textOf(html);
    for (const part of [
      'Live',
      'Space',
      'The landing',
      'What it is about',
      'By Ada Byron Houston',
      'Pinned text',
      'Summed up',
      'Newest',
    ]) {
      expect(text).toContain(part);
    }
    expect(text).toContain('As of 16:00 UTC . Reload for what is new.');
    expect(html).toContain(`href="#post-${post({ seq: 9 }).id}"`);
    expect(html).toContain(`href="/live/moon/${post({ seq: 2 }).id}"`);
    expect(html).toContain('href="/live/moon?before=4" rel="next" data-page="older">Older posts</a>');
    expect(html).not.toContain('Newer posts</a>');
    expect(html).toContain('<link rel="canonical" href="https://live.example/live/moon">');
  });

  it('passes its state and its cursor to its script, whatever the text contains', () => {
    const posts = [post({ seq: 9, html: '<p>--&gt; <!-- <script></p>', headline: `</script>${hostile}` })];
    const html = page({ posts });
    expect(dataOf(html)).toEqual({
      at,
      snapshot: snapshot({ posts }),
      offset: 7,
      floor: 0,
      ceiling: null,
      newest: 9,
      marked: null,
      embeds: {},
    });
    expect(html.match(/<script/g)).toHaveLength(4);
    expect(html.split('<script type="application/json"')[1]).not.toContain('\u2028');
  });

  it('describes its posts to search engines if it is public and starts with the newest posts', () => {
    const posts = [post({ seq: 9, headline: hostile, html: '<p>Text</p>', history: [aChange('correction', hostile)] })];
    const html = page({ posts });
    const [, told] = /<script type="application\/ld\+json" id="pressbox-live-blog">([^<]*)<\/script>/.exec(html) ?? [];
    const blog = JSON.parse(told ?? '') as { liveBlogUpdate: object[] };
    expect(schemaOrgFaults(blog)).toEqual([]);
    expect(blog.liveBlogUpdate).toMatchObject([{ headline: hostile, articleBody: 'Text', correction: [{ text: hostile }] }]);
    expect(page({ posts, channel: { ...channel, access: 'members' } })).not.toContain('ld+json"');
    const older = livePage({ snapshot: snapshot({ posts }), window: { posts, floor: 0, ceiling: 11 }, publicUrl, assets, at });
    expect(older).not.toContain('id="pressbox-live-blog"');
  });

  it('preloads the words of its language unless the script has them', () => {
    const preloaded = (language: string) =>
      /<link rel="modulepreload" href="([^"]*)">/.exec(page({ channel: { ...channel, language } }))?.[1];
    expect(['de-CH', 'en', 'pl'].map(preloaded)).toEqual([words.de, undefined, undefined]);
  });

  it('links to the feeds of a public channel, and to none that needs a token', () => {
    const feed =
      /<link rel="alternate" type="application\/atom\+xml" title="Atom" href="https:\/\/live\.example\/v1\/channels\/([^"]+)\/feed\.atom">/;
    const headOf = (access: 'public' | 'members') => page({ channel: { ...channel, access } }).split('</head>')[0];
    expect(headOf('public')).toMatch(feed);
    expect(headOf('members')).not.toContain('rel="alternate"');
  });

  it('contains no script and no style that a strict policy blocks', () => {
    const html = page({ posts: [post({ media: [{ type: 'image', url: 'https://a.example', alt: '' }] })] });
    expect(html).not.toMatch(/ style=| on[a-z]+=|<style/);
    expect(html.match(/<script(?! type="application\/(?:ld\+)?json")[^>]*>/g)).toEqual([
      `<script type="module" src="${assets.script}">`,
    ]);
  });

  it('shows older posts with links to older and newer ones, and is not indexed', () => {
    const posts = [post({ seq: 7, html: '<p>Older</p>' })];
    const html = livePage({
      snapshot: snapshot({ posts: [post({ seq: 30, html: '<p>Newest</p>' })], more: true }),
      window: { posts, floor: 7, ceiling: 11 },
      publicUrl,
      assets,
      at,
    });
    expect(html).toContain('Older');
    expect(html).not.toContain('<p>Newest</p>');
    expect(html).toContain('href="/live/moon">Newest posts</a>');
    expect(html).toContain('href="/live/moon?after=11" rel="prev" data-page="newer">Newer posts</a>');
    expect(html).toContain('?before=7"');
    expect(html).toContain('<meta name="robots" content="noindex">');
    expect(html).not.toContain('canonical');
    expect(dataOf(html)).toMatchObject({ floor: 7, ceiling: 11, newest: 30, snapshot: { cursor: snapshot().cursor, posts } });
  });

  it('links to older posts from an empty page, and says when there are none', () => {
    const window = { posts: [], floor: 12, ceiling: 11 };
    expect(livePage({ snapshot: snapshot(), window, publicUrl, assets, at })).toContain('?before=12"');
    const end = livePage({ snapshot: snapshot(), window: { ...window, floor: 0 }, publicUrl, assets, at });
    expect(textOf(end)).toContain('There is nothing older than this.');
  });

  it('says whether the coverage is scheduled, live or ended, and shows a correction of its headline', () => {
    const text = (fields: Partial<Channel>) => textOf(page({ channel: { ...channel, ...fields } }));
    expect(text({ state: 'scheduled', startsAt: at })).toContain('Scheduled Begins Nov 24, 2026, 16:00 UTC');
    expect(text({ state: 'ended', endedAt: at })).toContain('Ended As it happened This coverage ended Nov 24, 2026, 16:00 UTC');
    expect(text({ history: [aChange('correction', 'Two, not three.')] })).toContain(
      'Correction, Nov 24, 2026, 14:20 UTC : Two, not three.',
    );
  });

  it('has the direction of its language', () => {
    expect(page({ channel: { ...channel, language: 'ar-EG' } })).toContain('<html lang="ar-EG" dir="rtl">');
    expect(page({ channel: { ...channel, language: 'de-AT' } })).toContain('<html lang="de-AT" dir="ltr">');
  });

  it('lets a signed-in reader sign out, in its language', () => {
    const visitor = { name: 'Ada', page: '/live/moon' };
    const signOut = (language: string) =>
      livePage({ snapshot: snapshot({ channel: { ...channel, language } }), visitor, publicUrl, assets, at }).match(
        /<button[^>]*>[^<]+<\/button><\/form>/,
      )?.[0];
    expect(signOut('de-AT')).toBe('<button>Abmelden</button></form>');
    expect(signOut('he')).toBe('<button lang="en" dir="ltr">Sign out</button></form>');
  });

  it('shows the day above the first post of each day', () => {
    const html = page({ posts: [post({ seq: 3 }), post({ seq: 2, publishedAt: '2026-11-23T23:59:00.000Z' })] });
    expect(html.match(/<p class="day">[^<]+/g)).toEqual([
      '<p class="day">Tuesday, November 24, 2026',
      '<p class="day">Monday, November 23, 2026',
    ]);
  });
});

describe('the page of a post', () => {
  const shown = post({
    seq: 9,
    headline: hostile,
    html: '<p>The <strong>ship</strong> is down &amp; safe &lt;all of it&gt;.</p>\n<p>More.</p>\n',
    media: [
      { type: 'video', url: 'https://a.example/film' },
      { type: 'image', url: 'https://a.example/ship.jpg', alt: 'The ship', width: 1200, height: 630 },
    ],
    updatedAt: '2026-11-24T14:30:00.000Z',
  });
  const of = (fields: Partial<ReaderPost> = {}, on: Partial<Channel> = {}) =>
    livePage({
      snapshot: snapshot({ channel: { ...channel, ...on } }),
      window: { posts: [post({ seq: 12 }), { ...shown, ...fields }, post({ seq: 4 })], floor: 4, ceiling: 12 },
      marked: shown.id,
      publicUrl,
      assets,
      at,
    });

  it('marks the post among its neighbours for eyes and screen readers, and opens at it', () => {
    const html = of();
    expect(html.match(/<article[^>]*aria-current[^>]*>/g)).toEqual([
      `<article class="post marked" id="post-${shown.id}" data-post="${shown.id}" data-revision="1" tabindex="-1" aria-labelledby="post-${shown.id}-name" aria-current="true" autofocus>`,
    ]);
    expect(html.match(/<article/g)).toHaveLength(3);
    expect(dataOf(html)).toMatchObject({ marked: shown.id, floor: 4, ceiling: 12 });
  });

  it('has a title, address, picture and dates for link previews', () => {
    const html = of({}, { language: 'en-GB', section: 'Space' });
    const tags = Object.fromEntries(
      [...html.matchAll(/<meta (?:property|name)="([a-z:_]+)" content="([^"]*)">/g)].map(([, name, content]) => [name, content]),
    );
    expect(tags).toMatchObject({
      description: 'The ship is down &amp; safe &lt;all of it&gt;. More.',
      'og:type': 'article',
      'og:title': escaped,
      'og:description': 'The ship is down &amp; safe &lt;all of it&gt;. More.',
      'og:url': `https://live.example/live/moon/${shown.id}`,
      'og:locale': 'en_GB',
      'og:image': 'https://a.example/ship.jpg',
      'og:image:alt': 'The ship',
      'og:image:width': '1200',
      'og:image:height': '630',
      'article:published_time': '2026-11-24T14:05:00.000Z',
      'article:modified_time': '2026-11-24T14:30:00.000Z',
      'article:section': 'Space',
      'twitter:card': 'summary_large_image',
    });
    expect(html).toContain(`<link rel="canonical" href="https://live.example/live/moon/${shown.id}">`);
    expect(html).toContain(`<title>${escaped} · The landing</title>`);
  });

  it('links to the newsroom’s page if the channel has one', () => {
    const html = of({}, { url: 'https://news.example/moon#live' });
    expect(html).toContain('<link rel="canonical" href="https://news.example/moon">');
    expect(html).toContain(`property="og:url" content="https://news.example/moon#post-${shown.id}"`);
    expect(html).toContain(`<a class="when" href="https://news.example/moon#post-${shown.id}" rel="bookmark">`);
  });

  it('is described by its text cut between words, by its picture, or by the standfirst of the channel', () => {
    const described = (fields: Partial<ReaderPost>, on: Partial<Channel> = {}) =>
      of(fields, on).match(/<meta name="description" content="([^"]*)">/)?.[1];
    const long = described({ html: `<p>${'Häuser '.repeat(60)}</p>` }) ?? '';
    expect(long).toMatch(/^(?:Häuser )+Häuser…$/);
    expect([...long].length).toBeLessThanOrEqual(200);
    expect([...long].length).toBeGreaterThan(190);
    // The segmenter takes two of these characters as one word, and words are not split.
    expect(described({ html: `<p>${'字'.repeat(300)}</p>` })).toBe(`${'字'.repeat(198)}…`);
    expect(described({ html: '' })).toBe('The ship');
    expect(described({ html: '', media: [] }, { standfirst: 'What it is about' })).toBe('What it is about');
    expect(described({ html: '', media: [] })).toBeUndefined();
    expect(of({ media: [] })).toContain('<meta name="twitter:card" content="summary">');
  });
});

describe('a page for anonymous visitors', () => {
  it('is the headline of a members’ channel and how to sign in, without any data for a script', () => {
    const html = membersNotice({
      channel: {
        ...channel,
        access: 'members',
        standfirst: 'What it is about',
        picture: { url: 'https://pictures.example/moon.jpg', alt: hostile },
      },
      page: `/live/moon?before=${hostile}`,
      publicUrl,
      assets,
    });
    expect(textOf(html)).toContain('The landing');
    expect(textOf(html)).toContain('What it is about');
    expect(textOf(html)).toContain('This coverage is for members');
    expect(html).toContain(`<img src="https://pictures.example/moon.jpg" alt="${escaped}" fetchpriority="high"`);
    expect(html).toContain('<form class="fields" method="post" action="/sign-in">');
    expect(html).toContain(`name="to" value="/live/moon?before=${escaped}"`);
    expect(html).not.toContain('<script');
  });

  describe('of the list of channels', () => {
    const own = { language: 'en', publicUrl, assets, at: '2026-11-24T16:04:00.000Z' };
    const none = { channels: [], next: null };

    it('has live, scheduled and ended channels in the order of the server, with links to further ones', () => {
      const headlines = [
        { postId: 'p', text: hostile },
        { postId: 'q', text: 'The second' },
      ];
      const html = indexPage({
        ...own,
        live: {
          channels: [
            {
              ...channel,
              headline: hostile,
              latestPostAt: at,
              headlines,
              picture: { url: 'https://a.example/p.jpg', alt: hostile },
            },
            { ...channel, id: 'old', latestPostAt: '2026-11-20T16:00:00.000Z', headlines: [] },
            { ...channel, id: 'b', access: 'members', latestPostAt: null, headlines: [] },
          ],
          next: 'a b',
        },
        scheduled: {
          channels: [{ ...channel, id: 'soon', state: 'scheduled', startsAt: '2031-03-01T09:00:00.000Z', latestPostAt: null }],
          next: 'c',
        },
        ended: { channels: [{ ...channel, id: 'over', state: 'ended', endedAt: at, latestPostAt: at }], next: 'd' },
        isFirst: true,
        complete: true,
      });
      expect([...html.matchAll(/data-channel="([^"]+)"/g)].map(([, id]) => id)).toEqual(['moon', 'old', 'b', 'soon', 'over']);
      expect(html).toContain(`<a href="/live/moon">${escaped}</a>`);
      expect(html).toContain(`<a href="/live/moon/p">${escaped}</a>`);
      expect(html).toContain('<a href="/live/moon/q">The second</a>');
      expect(html).toContain(`<img src="https://a.example/p.jpg" alt="${escaped}" fetchpriority="high"`);
      expect(html).toContain(
        `<time class="ago" datetime="${at}" title="Tuesday, November 24, 2026 at 16:00 Coordinated Universal Time">4 min. ago</time>`,
      );
      const text = textOf(html);
      for (const said of [
        'Latest post Nov 20, 2026, 16:00 UTC',
        'No posts yet Members',
        'Begins Mar 1, 2031, 09:00 UTC',
        'Ended Nov 24, 2026, 16:00 UTC',
      ])
        expect(text).toContain(said);
      expect(html).toContain('href="/?state=live&amp;page=a%20b"');
      expect(html).toContain('href="/?state=scheduled&amp;page=c"');
      expect(html).toContain('href="/?page=d"');
      expect(html).toContain('href="/docs"');
    });

    it('has only one section on later pages, without a script', () => {
      const html = indexPage({
        ...own,
        ended: { channels: [{ ...channel, state: 'ended', latestPostAt: null }], next: null },
        isFirst: false,
        complete: true,
      });
      expect([...html.matchAll(/<section /g)]).toHaveLength(1);
      expect(html).not.toContain('<script');
    });

    it('says that there is no coverage, unless some may be missing', () => {
      const empty = { ...own, live: none, scheduled: none, ended: none, isFirst: true };
      expect(textOf(indexPage({ ...empty, complete: true }))).toContain('There is no coverage yet.');
      expect(textOf(indexPage({ ...empty, complete: false }))).not.toContain('There is no coverage yet.');
    });
  });

  it('is a sentence if there is nothing or the server cannot answer', () => {
    expect(textOf(errorPage(problem('not-found'), { language: 'en', assets }))).toContain('404 This page is not here');
    expect(textOf(errorPage(problem('journal-unavailable', { retryAfter: 5 }), { language: 'en', assets }))).toContain(
      'Try again in 5 seconds.',
    );
    const lost = textOf(errorPage(problem('channel-lost', { retryAfter: 60 }), { language: 'en', assets }));
    expect(lost).toContain('We are working on bringing it back.');
  });

  it('marks a problem as English if it has no words in the language of the page', () => {
    const page = errorPage(problem('post-exists'), { language: 'de', assets });
    expect(page).toContain('<p class="standfirst"><span lang="en" dir="ltr">A post with this id already exists.</span></p>');
  });
});

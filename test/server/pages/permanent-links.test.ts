import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { liveLimits } from '../../../src/live/live-limits.ts';
import { createChannel, publish, write } from '../../support/authors/writers.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';

/** `/live/{c}/{post}` and the pages of a channel, as the server renders them. */

let server: TestServer;
let editor: string;
const html = { accept: 'text/html' };

beforeAll(async () => {
  server = await startTestServer();
  editor = await server.token({ editor: ['*'], admin: true });
});
afterAll(() => server[Symbol.asyncDispose]());

interface Made {
  id: string;
  posts: { id: string; seq: number }[];
}

async function channelWith(count: number, fields: Record<string, unknown> = {}): Promise<Made> {
  const { id } = await createChannel(server, editor, fields);
  const posts: Made['posts'] = [];
  for (let nth = 1; nth <= count; nth += 1) {
    const { post } = await publish(server, editor, id, { headline: `Headline ${nth}`, body: `Text number ${nth}.` });
    posts.push({ id: post.id, seq: post.seq });
  }
  return { id, posts };
}

const open = (path: string, headers: Record<string, string> = {}) =>
  call(server.addressOf(path), { headers: { ...html, ...headers } });
const change = (path: string, body: object, more = {}) => write(server, editor, { path, body, ...more });
/** The numbers of the posts on a page, from the top. */
const listed = (page: string) => {
  const list = page.slice(page.indexOf('<section id="posts"'), page.indexOf('</section>', page.indexOf('<section id="posts"')));
  return [...list.matchAll(/<p>Text number (\d+)\.<\/p>/g)].map(([, nth]) => Number(nth));
};
const hrefOf = (page: string, name: string) =>
  page.match(new RegExp(`href="([^"]*)"[^>]*>${name}</a>`))?.[1]?.replaceAll('&amp;', '&');
const range = (from: number, to: number) => Array.from({ length: from - to + 1 }, (_, at) => from - at);

describe('a permanent link', () => {
  it.each([
    ['en', 'From our live coverage: Harbour fire · Go to newest Tuesday, '],
    ['de', 'Aus unserer Live-Berichterstattung: Harbour fire · Zum Neuesten Dienstag, '],
    ['fr', 'Extrait de notre direct\u00a0: Harbour fire · Voir les derniers messages mardi '],
    ['es', 'De nuestra cobertura en directo: Harbour fire · Ir a lo más reciente martes, '],
    ['ar', 'من تغطيتنا المباشرة: Harbour fire · إلى الأحدث الثلاثاء، '],
  ])('says above its post which coverage it is from, and its date: %s', async (language, said) => {
    const { id, posts } = await channelWith(2, { headline: 'Harbour fire', language });
    const { text } = await open(`/live/${id}/${posts[0]!.id}`);
    const weekday = new Intl.DateTimeFormat(language, { weekday: 'long', timeZone: 'UTC' });
    const named = said.replace(weekday.format(new Date('2026-11-24')), weekday.format(new Date()));
    const [, strip = ''] = /<p class="strip"[^>]*>(.*?)<\/p>/s.exec(text) ?? [];
    expect(strip.replace(/<[^>]*>/g, ' ').replace(/ +/g, ' ')).toContain(named);
    expect(strip).toContain(`href="${server.pathTo(`/live/${id}`)}"`);
    expect(text.indexOf('class="strip"')).toBeGreaterThan(text.indexOf(`id="post-${posts[0]!.id}"`));
    expect((await open(`/live/${id}`)).text).not.toContain('class="strip"');
  });

  it('opens at the post, with the posts around it and links to more', async () => {
    const { id, posts } = await channelWith(40);
    const post = posts[19]!;
    const page = await open(`/live/${id}/${post.id}`);
    expect(page.status).toBe(200);
    expect(listed(page.text)).toEqual(range(28, 9));
    expect(page.text.match(/<article[^>]*aria-current="true"[^>]*>/g)).toHaveLength(1);
    expect(page.text).toMatch(new RegExp(`<article[^>]* id="post-${post.id}"[^>]* aria-current="true" autofocus>`));
    const older = hrefOf(page.text, 'Older posts')!;
    const newer = hrefOf(page.text, 'Newer posts')!;
    expect(listed((await open(older)).text)).toEqual(range(8, 1));
    expect(listed((await open(newer)).text)).toEqual(range(40, 29));
    expect(hrefOf(page.text, 'Newest posts')).toBe(server.pathTo(`/live/${id}`));
  });

  it('has no link on a side without further posts', async () => {
    const { id, posts } = await channelWith(3);
    const page = await open(`/live/${id}/${posts[1]!.id}`);
    expect(listed(page.text)).toEqual([3, 2, 1]);
    expect(page.text).not.toMatch(/(?:Older|Newer|Newest) posts<\/a>/);
  });

  it('is the URL of a post on the page and in texts that link to it', async () => {
    const { id, posts } = await channelWith(1);
    const said = await publish(server, editor, id, { body: `As [told before](post:${posts[0]!.id}).` });
    const { text } = await open(`/live/${id}`);
    const address = `${server.url}/live/${id}/${posts[0]!.id}`;
    expect(text).toContain(`As <a href="${address}">told before</a>.`);
    expect(text).toContain(`<a class="when" href="${server.pathTo(`/live/${id}/${said.post.id}`)}" rel="bookmark">`);
    expect((await call(address, { headers: html })).status).toBe(200);
  });

  it('leads to the newsroom’s page if the channel has one, from pages, previews and links in texts', async () => {
    const { id, posts } = await channelWith(1, { url: 'https://news.example/harbour?a=1&b=2' });
    await publish(server, editor, id, { body: `As [told before](post:${posts[0]!.id}).` });
    const place = `https://news.example/harbour?a=1&amp;b=2#post-${posts[0]!.id}`;
    const { text } = await open(`/live/${id}/${posts[0]!.id}`);
    expect(text).toContain(`<a class="when" href="${place}" rel="bookmark">`);
    expect(text).toContain(`property="og:url" content="${place}"`);
    expect(text).toContain('<link rel="canonical" href="https://news.example/harbour?a=1&amp;b=2">');
    expect(text).toContain(`<a href="${server.url}/live/${id}/${posts[0]!.id}">told before</a>`);
  });

  it('is revalidated like the page of the channel', async () => {
    const { id, posts } = await channelWith(1);
    for (const path of [`/live/${id}`, `/live/${id}/${posts[0]!.id}`]) {
      // The page names the minute it was made.
      await vi.waitFor(async () => {
        const { headers } = await open(path);
        expect(headers.get('cache-control')).toBe('no-cache');
        expect(headers.get('vary')).toContain('Cookie');
        const again = await open(path, { 'if-none-match': headers.get('etag')! });
        expect([path, again.status, again.text]).toEqual([path, 304, '']);
      });
    }
  });
});

describe('a link to a channel', () => {
  const tagsOf = (page: string) =>
    Object.fromEntries(
      [...page.matchAll(/<meta property="([^"]+)" content="([^"]*)">/g)].map(([, name, content]) => [name, content]),
    );

  it('has a preview with headline, standfirst, newest picture and times', async () => {
    const { id, posts } = await channelWith(2, {
      ...{ headline: 'Fire <at> "quay"', standfirst: 'All that is known.', section: 'Harbour', language: 'en-GB' },
    });
    const before = tagsOf((await open(`/live/${id}`)).text);
    expect(before).toEqual({
      'og:type': 'article',
      'og:title': 'Fire &lt;at&gt; &quot;quay&quot;',
      'og:description': 'All that is known.',
      'og:url': `${server.url}/live/${id}`,
      'og:locale': 'en_GB',
      'article:published_time': expect.stringMatching(/^\d{4}-/),
      'article:modified_time': expect.stringMatching(/^\d{4}-/),
      'article:section': 'Harbour',
    });
    const picture = (name: string) => ({ type: 'image', url: `https://pictures.example/${name}.jpg`, alt: name }) as const;
    await publish(server, editor, id, { media: [picture('older')] });
    const { post: newer } = await publish(server, editor, id, { media: [picture('newer')] });
    const { text } = await open(`/live/${id}`);
    expect(tagsOf(text)).toMatchObject({ 'og:image': 'https://pictures.example/newer.jpg', 'og:image:alt': 'newer' });
    expect(text).toContain('<meta name="twitter:card" content="summary_large_image">');
    await change(`/v1/channels/${id}/posts/${newer.id}/retraction`, { note: 'Another fire.' });
    expect(tagsOf((await open(`/live/${id}`)).text)['og:image']).toBe('https://pictures.example/older.jpg');
    expect(tagsOf((await open(`/live/${id}?before=${posts[1]!.seq}`)).text)).toEqual({});
  });

  it('leads to the newsroom’s page if the channel has one', async () => {
    const { id } = await channelWith(1, { url: 'https://news.example/harbour?a=1&b=2' });
    expect(tagsOf((await open(`/live/${id}`)).text)['og:url']).toBe('https://news.example/harbour?a=1&amp;b=2');
  });

  it('has the picture of the channel, which a post without a picture of its own has too', async () => {
    const { id, posts } = await channelWith(1, {
      picture: { url: 'https://pictures.example/harbour.jpg', alt: 'The harbour', width: 1200, height: 675 },
    });
    const picture = { type: 'image', url: 'https://pictures.example/quay.jpg', alt: 'The quay' } as const;
    const { post: pictured } = await publish(server, editor, id, { media: [picture] });
    const imagesOf = async (path: string) =>
      Object.entries(tagsOf((await open(path)).text)).filter(([name]) => name.startsWith('og:image'));
    const lead = [
      ['og:image', 'https://pictures.example/harbour.jpg'],
      ['og:image:alt', 'The harbour'],
      ['og:image:width', '1200'],
      ['og:image:height', '675'],
    ];
    expect(await imagesOf(`/live/${id}`)).toEqual(lead);
    expect(await imagesOf(`/live/${id}/${posts[0]!.id}`)).toEqual(lead);
    expect(await imagesOf(`/live/${id}/${pictured.id}`)).toEqual([
      ['og:image', 'https://pictures.example/quay.jpg'],
      ['og:image:alt', 'The quay'],
    ]);
  });

  it('has no preview on a members channel', async () => {
    const { id } = await channelWith(1, { access: 'members', standfirst: 'Said on the page.' });
    const { text } = await open(`/live/${id}`);
    expect(text).toContain('This coverage is for members');
    expect(tagsOf(text)).toEqual({});
  });
});

describe('the permanent link of a missing post', () => {
  it('is 404 if the post never existed or belongs to another channel', async () => {
    const { id } = await channelWith(1);
    const other = await channelWith(1);
    for (const postId of ['01890000-0000-7000-8000-000000000000', 'nonsense', other.posts[0]!.id]) {
      const { status, text } = await open(`/live/${id}/${postId}`);
      expect([postId, status]).toEqual([postId, 404]);
      expect(text).toContain('This page is not here');
    }
  });

  it('is 410 after a retraction, with the reason and the posts around it, and without its text', async () => {
    const { id, posts } = await channelWith(3, { headline: 'Harbour fire' });
    const { id: postId, seq } = posts[1]!;
    await change(`/v1/channels/${id}/posts/${postId}/retraction`, { note: 'It was <another> pier.' });
    const page = await open(`/live/${id}/${postId}`);
    expect([page.status, page.headers.get('content-type')]).toEqual([410, 'text/html; charset=utf-8']);
    expect(page.text).toContain('<h1>This post was withdrawn</h1>');
    expect(page.text).toContain('It was &lt;another&gt; pier.');
    expect(page.text).toContain('Harbour fire');
    expect(page.text).toContain('<meta name="robots" content="noindex">');
    expect(page.text).not.toMatch(/number 2|Headline 2|og:/);
    expect(page.text.match(/<script[^>]*>/g)).toEqual([
      expect.stringContaining(`<script type="module" src="${server.pathTo('/assets/follow-post.')}`),
    ]);
    const around = hrefOf(page.text, 'What was around it')!;
    expect(around).toBe(server.pathTo(`/live/${id}?before=${seq + 1}#post-${postId}`));
    expect(listed((await open(around)).text)).toEqual([1]);
    // A neighbour's page has the tombstone in its place.
    const beside = (await open(`/live/${id}/${posts[0]!.id}`)).text;
    expect(listed(beside)).toEqual([3, 1]);
    expect(beside).toContain(`id="post-${postId}"`);
  });

  it('is 410 after a takedown, and a problem document for programs', async () => {
    const { id, posts } = await channelWith(1);
    await change(`/v1/channels/${id}/posts/${posts[0]!.id}/takedown`, {});
    const page = await open(`/live/${id}/${posts[0]!.id}`);
    expect(page.status).toBe(410);
    expect(page.text).toContain('This post is no longer available.');
    expect(page.text).not.toMatch(/number 1|Headline 1/);
    const problem = await open(`/live/${id}/${posts[0]!.id}`, { accept: 'application/json' });
    expect(problem.body).toMatchObject({ status: 410, code: 'post-withdrawn' });
    expect(problem.headers.get('cache-control')).toBe('no-store');
  });

  it('is 410 after the channel was deleted', async () => {
    const { id, posts } = await channelWith(1);
    await write(server, editor, { method: 'DELETE', path: `/v1/channels/${id}` });
    const { status, text } = await open(`/live/${id}/${posts[0]!.id}`);
    expect(status).toBe(410);
    expect(text).toContain('This coverage was deleted');
  });

  it('hides from anonymous readers whether a members channel has the post, and is 404 on a desk channel', async () => {
    const members = await channelWith(1, { access: 'members' });
    const desk = await channelWith(1, { access: 'desk' });
    const withdrawn = await publish(server, editor, members.id, { body: 'Gone.' });
    await change(`/v1/channels/${members.id}/posts/${withdrawn.post.id}/retraction`, { note: 'A secret reason.' });
    for (const postId of [members.posts[0]!.id, withdrawn.post.id, '01890000-0000-7000-8000-000000000000']) {
      const { status, text } = await open(`/live/${members.id}/${postId}`);
      expect(status).toBe(200);
      expect(text).toContain('This coverage is for members');
      expect(text).not.toMatch(/number 1|Headline 1|secret|og:/);
    }
    expect((await open(`/live/${desk.id}/${desk.posts[0]!.id}`)).status).toBe(404);
  });
});

describe('paging by links', () => {
  it('leads from the newest post to the first and back, each post once', async () => {
    const { id } = await channelWith(45);
    const down: number[] = [];
    let last = `/live/${id}`;
    for (let path: string | undefined = last; path !== undefined; ) {
      const { text } = await open(path);
      down.push(...listed(text));
      last = path;
      expect(text.includes('<meta name="robots" content="noindex">')).toBe(path.includes('?'));
      expect(text.includes('rel="canonical"')).toBe(!path.includes('?'));
      path = hrefOf(text, 'Older posts');
      if (path !== undefined) expect(text).toMatch(/rel="next"[^>]*>Older posts/);
    }
    expect(down).toEqual(range(45, 1));

    const up: number[] = [];
    for (let path: string | undefined = last; path !== undefined; ) {
      const { text } = await open(path);
      up.unshift(...listed(text));
      path = hrefOf(text, 'Newer posts');
      if (path !== undefined) expect(text).toMatch(/rel="prev"[^>]*>Newer posts/);
    }
    expect(up).toEqual(range(45, 1));
  });

  it('skips no post if a page ends next to the newest or the first one', async () => {
    const { id, posts } = await channelWith(3);
    const [first, , newest] = posts.map(({ seq }) => seq);
    const below = await open(`/live/${id}?before=${newest}`);
    expect(listed(below.text)).toEqual([2, 1]);
    expect(listed((await open(hrefOf(below.text, 'Newer posts') ?? '')).text)).toEqual([3]);
    const above = await open(`/live/${id}?after=${first}`);
    expect(listed(above.text)).toEqual([3, 2]);
    expect(listed((await open(hrefOf(above.text, 'Older posts') ?? '')).text)).toEqual([1]);
    const whole = await open(`/live/${id}?after=${(first ?? 0) - 1}`);
    expect([listed(whole.text), hrefOf(whole.text, 'Older posts')]).toEqual([[3, 2, 1], undefined]);
  });

  it('shows fewer very long posts on a page, so that it loads over a slow link', async () => {
    const { id } = await createChannel(server, editor);
    for (let nth = 1; nth <= 20; nth += 1) {
      await publish(server, editor, id, { body: `Text number ${nth}.\n\n${'x'.repeat(30_000)}` });
    }
    const down: number[] = [];
    for (let path: string | undefined = `/live/${id}`; path !== undefined; ) {
      const { text } = await open(path);
      // The page contains its posts as data for the script as well, and the newest for search engines.
      expect(text.length).toBeLessThan(3 * liveLimits.postsBytes);
      down.push(...listed(text));
      path = hrefOf(text, 'Older posts');
    }
    expect(down).toEqual(range(20, 1));
  });

  it('shows the newest page for a position above the newest post, and says that there are no older ones below the first', async () => {
    const { id, posts } = await channelWith(2);
    const past = await open(`/live/${id}?after=${posts[1]!.seq}`);
    expect(listed(past.text)).toEqual([2, 1]);
    expect(past.text).toContain('rel="canonical"');
    // Nothing is above the newest post. New posts will appear there.
    const above = await open(`/live/${id}?before=${posts[1]!.seq + 1}`);
    expect([listed(above.text), hrefOf(above.text, 'Newer posts')]).toEqual([[2, 1], undefined]);
    const before = await open(`/live/${id}?before=${posts[0]!.seq}`);
    expect(before.text).toContain('There is nothing older than this.');
    const { text } = await open(`/live/${id}?before=0`);
    expect(text).toContain('There is nothing older than this.');
    expect(listed((await open(hrefOf(text, 'Newer posts') ?? '')).text)).toEqual([2, 1]);
    for (const query of ['before=x', 'after=-1', 'after=']) expect((await open(`/live/${id}?${query}`)).status).toBe(400);
  });
});

describe('the script and style of a page', () => {
  it('are compressed for clients that accept it, and cached forever', async () => {
    const { id } = await channelWith(1);
    const { text } = await open(`/live/${id}`);
    for (const address of [text.match(/src="([^"]+)"/)![1]!, text.match(/rel="stylesheet" href="([^"]+)"/)![1]!]) {
      const seen = await Promise.all(
        ['br', 'gzip', 'identity'].map(async (encoding) => {
          const answer = await fetch(server.addressOf(address), { headers: { 'accept-encoding': encoding } });
          const { headers } = answer;
          expect(answer.status).toBe(200);
          expect(headers.get('content-encoding')).toBe(encoding === 'identity' ? null : encoding);
          expect(headers.get('vary')).toContain('Accept-Encoding');
          expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
          expect(headers.get('content-type')).toMatch(/^text\/(?:javascript|css)/);
          expect(headers.get('cross-origin-resource-policy')).toBe('cross-origin');
          return { length: Number(headers.get('content-length')), text: await answer.text() };
        }),
      );
      expect(new Set(seen.map(({ text }) => text)).size).toBe(1);
      expect(seen[0]!.length).toBeLessThan(seen[1]!.length);
      expect(seen[1]!.length).toBeLessThan(seen[2]!.length / 2);
      const head = await fetch(server.addressOf(address), { method: 'HEAD', headers: { 'accept-encoding': 'br' } });
      expect([head.headers.get('content-encoding'), await head.text()]).toEqual(['br', '']);
    }
  });

  it('are the only assets: no file keeps its name while its content changes', async () => {
    for (const name of ['manifest.json', 'live.js', '', '.'])
      expect([name, (await open(`/assets/${name}`)).status]).toEqual([name, 404]);
  });
});

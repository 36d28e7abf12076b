import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { AuthorClient, type NewPost } from '../../client/author-client.ts';
import { type HostSite, startHostSite, strictPolicy } from '../support/host-page.ts';
import { describeWith, needs } from '../support/needs.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { startBrowser, type TestBrowser, type WatchedPage } from './browser.ts';
import { hide } from './newsroom.ts';

const { resolve } = createRequire(import.meta.url);
const docs = readFileSync(join(import.meta.dirname, '../../docs/embedding.md'), 'utf8');

/** The nth block of this kind on the page about embedding. */
function snippet(kind: string, nth: number): string {
  const blocks = [...docs.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].filter(([, of]) => of === kind);
  return blocks[nth]?.[2] ?? '';
}

describeWith(needs.chromium, 'the element on a page of another site', (chromium) => {
  let browser: TestBrowser;
  let host: HostSite;
  let server: TestServer;
  let author: AuthorClient;
  let count = 0;

  beforeAll(async () => {
    host = await startHostSite();
    browser = await startBrowser(chromium);
    server = await startTestServer({ PRESSBOX_ORIGINS: host.url });
    author = new AuthorClient({ url: server.url, token: await server.token() });
  });
  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    await host[Symbol.asyncDispose]();
  });

  async function newChannel(fields: object = {}): Promise<string> {
    count += 1;
    const { channel } = await author.createChannel({
      id: `embedded-${count}`,
      headline: `Coverage ${count}`,
      state: 'live',
      ...fields,
    });
    return channel.id;
  }

  async function publish(channelId: string, ...posts: NewPost[]): Promise<string[]> {
    const ids: string[] = [];
    for (const post of posts) ids.push((await author.publish(channelId, post)).post.id);
    return ids;
  }

  const script = () => `<script type="module" src="${server.url}/embed.js"></script>`;
  const tag = (channelId: string, attributes = '') => `<pressbox-live channel="${channelId}" ${attributes}></pressbox-live>`;

  interface Opened {
    viewport?: { width: number; height: number };
    head?: string;
    policy?: string;
    colorScheme?: 'light' | 'dark';
    lang?: string;
  }

  /** A page of the other site with this in it, under the strict policy. */
  async function open(body: string, { viewport, head, policy, colorScheme, lang }: Opened = {}): Promise<WatchedPage> {
    count += 1;
    const url = host.put(`/page-${count}`, body, {
      policy: policy ?? strictPolicy(server.url),
      ...(head !== undefined && { head }),
      ...(lang !== undefined && { lang }),
    });
    const watched = await browser.page({
      viewport: viewport ?? { width: 800, height: 700 },
      ...(colorScheme !== undefined && { colorScheme }),
    });
    await watched.page.goto(url);
    return watched;
  }

  const post = (page: Page, id: string) => page.locator(`#post-${id}`);
  const isLive = (page: Page) => page.locator('.status[data-state="live"]').first().waitFor();

  it('shows posts under the strictest policy, from one script and one tag, and leaves no name on the page', async () => {
    const channelId = await newChannel();
    const [id] = await publish(channelId, { headline: '<b>Bold</b> & "quoted"', body: 'It is **new**.', kind: 'breaking' });
    const { page, complaints } = await open(`${tag(channelId)}${script()}${script()}`);
    await post(page, id as string).waitFor();
    expect(await textOf(page, `#post-${id} .headline`)).toBe('<b>Bold</b> & "quoted"');
    expect(await textOf(page, `#post-${id} .body strong`)).toBe('new');
    const when = await post(page, id as string)
      .locator('.when')
      .getAttribute('href');
    expect(when).toBe(`${server.url}/live/${channelId}/${id}`);
    const bare = await open('<p>Nothing of Pressbox here.</p>');
    const namesOf = (of: Page) => of.evaluate(() => Object.getOwnPropertyNames(globalThis).sort());
    expect(await namesOf(page)).toEqual(await namesOf(bare.page));
    expect(complaints).toEqual([]);
  });

  it('corrects in place with the note, leaves a tombstone, and tells the page of both', async () => {
    const channelId = await newChannel();
    const ids = await publish(channelId, { body: 'Thirteen ships.' }, { body: 'A rumour.' });
    const listen = `for (const name of ['post', 'state'])
      addEventListener('pressbox-' + name, (event) => (window.heard ??= []).push([event.type, event.detail, event.target.localName]));`;
    host.put('/listen.js', listen);
    const policy = strictPolicy(server.url).replace('script-src ', `script-src ${host.url} `);
    const { page, complaints } = await open(`${tag(channelId)}<script src="/listen.js"></script>${script()}`, { policy });
    await isLive(page);
    await author.correct(channelId, ids[0] as string, 1, { note: 'Three.', changes: { body: 'Three ships.' } });
    await post(page, ids[0] as string)
      .getByText('Three ships.')
      .waitFor();
    await eventually(async () => expect(await textOf(page, '#announcement')).toBe('Correction to a post: Three.'));
    await author.retract(channelId, ids[1] as string, { note: 'Nobody said so.' });
    await post(page, ids[1] as string)
      .getByText('Nobody said so.')
      .waitFor();
    expect(await textOf(page, `#post-${ids[0]} .change-correction`)).toMatch(/^Correction, \d\d:\d\d UTC: Three\.$/);
    const heard = (await page.evaluate('window.heard')) as [string, { type?: string; status?: string; post?: object }, string][];
    expect(heard.every(([, , target]) => target === 'pressbox-live')).toBe(true);
    expect(heard.filter(([type]) => type === 'pressbox-post').map(([, { type }]) => type)).toEqual([
      'post.revised',
      'post.retracted',
    ]);
    expect(heard.filter(([type]) => type === 'pressbox-state').map(([, { status }]) => status)).toContain('live');
    expect(await page.locator('#announcement').getAttribute('aria-live')).toBe('polite');
    await eventually(async () => expect(await textOf(page, '#announcement')).toContain('Nobody said so.'));
    expect(complaints).toEqual([]);
  });

  it('throws nothing at someone who reads: a button tells how much is new, and shows it', async () => {
    const channelId = await newChannel();
    const long = { body: 'Some words that fill a few lines of the page. '.repeat(12) };
    const ids = await publish(channelId, ...Array.from({ length: 12 }, () => long));
    const { page, complaints } = await open(`<p>Before.</p>${tag(channelId)}<p>After.</p>${script()}`);
    await isLive(page);
    const reading = post(page, ids[4] as string);
    await reading.evaluate((element) => element.scrollIntoView({ block: 'center' }));
    const topOf = () => reading.evaluate((element) => Math.round(element.getBoundingClientRect().top));
    const before = await topOf();
    const added = await publish(channelId, { body: 'New one.' }, { body: 'New two.' });
    await author.correct(channelId, ids[11] as string, 1, { note: 'Longer.', changes: { body: long.body.repeat(3) } });
    const button = page.getByRole('button', { name: '2 new posts, 1 correction' });
    await button.waitFor();
    expect(Math.abs((await topOf()) - before)).toBeLessThanOrEqual(1);
    expect(await post(page, added[0] as string).count()).toBe(0);
    await button.click();
    await post(page, added[1] as string).waitFor();
    expect(await button.count()).toBe(0);
    const focused = () => page.locator('pressbox-live').evaluate((element) => element.shadowRoot?.activeElement?.id);
    expect(await focused()).toBe(`post-${added[1]}`);
    // Page Down and Page Up go from post to post.
    await page.keyboard.press('PageDown');
    expect(await focused()).toBe(`post-${added[0]}`);
    await page.keyboard.press('PageUp');
    expect(await focused()).toBe(`post-${added[1]}`);
    expect(complaints).toEqual([]);
  });

  it('says as of when it is true while it is offline, and catches up', async () => {
    const channelId = await newChannel();
    await publish(channelId, { body: 'The bridge is open.' });
    const { page, complaints } = await open(`${tag(channelId)}${script()}`);
    await isLive(page);
    await page.context().setOffline(true);
    await server.restart();
    await eventually(async () =>
      expect(await textOf(page, '.connection')).toMatch(/^(Offline|Reconnecting), as of \d\d:\d\d UTC$/),
    );
    // To whoever looks at it again on a later day, of which day that was.
    await page.clock.setSystemTime(Date.now() + 24 * 3_600_000);
    await hide(page, false);
    await eventually(async () => expect(await textOf(page, '.connection')).toMatch(/, as of \w+ \d+, \d\d:\d\d UTC$/));
    // What is not live does not look as if it were.
    expect(await page.locator('.badge').getAttribute('class')).not.toContain('live');
    await publish(channelId, { body: 'The bridge is shut.' });
    await page.context().setOffline(false);
    await page.getByText('The bridge is shut.').waitFor();
    await isLive(page);
    expect(complaints).toEqual([]);
  });

  it('opens at the post that a permanent link names', async () => {
    const channelId = await newChannel();
    const ids = await publish(channelId, ...Array.from({ length: 8 }, (_, at) => ({ body: `Number ${at}. `.repeat(200) })));
    const url = host.put('/permanent', `${tag(channelId)}${script()}`, { policy: strictPolicy(server.url) });
    const { page } = await browser.page();
    await page.goto(`${url}#post-${ids[2]}`);
    await eventually(async () => expect(Math.abs((await post(page, ids[2] as string).boundingBox())?.y ?? 99)).toBeLessThan(20));
  });

  it('pages on to older posts', async () => {
    const channelId = await newChannel();
    const ids = await publish(channelId, ...Array.from({ length: 8 }, (_, at) => ({ body: `Number ${at}.` })));
    const { page } = await open(`${tag(channelId, 'limit="5"')}${script()}`);
    await isLive(page);
    expect(await page.locator('.posts > .post').count()).toBe(5);
    await page.getByRole('button', { name: 'Older posts' }).click();
    await post(page, ids[0] as string).waitFor();
    expect(await page.getByRole('button', { name: 'Older posts' }).count()).toBe(0);
    const first = page.locator('.posts > .post').first();
    expect([await first.getAttribute('aria-posinset'), await first.getAttribute('aria-setsize')]).toEqual(['1', '8']);
  });

  it('leads to a post however far back it is, from key events, the pinned post, a text and the address, and to the newest again', async () => {
    const channelId = await newChannel();
    const [far] = await publish(channelId, { headline: 'The beginning', keyEvent: true, body: 'Long ago.' });
    const middle = await publish(channelId, ...Array.from({ length: 6 }, (_, at) => ({ body: `Number ${at}.` })));
    const latest = await publish(channelId, ...Array.from({ length: 20 }, (_, at) => ({ body: `Later ${at}.` })));
    await publish(channelId, { body: `As [told before](post:${middle[1]}).` });
    await author.pin(channelId, middle[4] as string);
    const { page, complaints } = await open(`${tag(channelId, 'limit="4"')}${script()}`);
    await isLive(page);
    const shown = () => page.locator('.posts > .post').evaluateAll((all) => all.map(({ id }) => id));
    const focused = () => page.locator('pressbox-live').evaluate((element) => element.shadowRoot?.activeElement?.id);
    expect(await shown()).not.toContain(`post-${far}`);
    await page.locator('.key-events summary').click();
    await page.getByRole('link', { name: 'The beginning' }).click();
    await eventually(async () => expect(await focused()).toBe(`post-${far}`));
    expect(await shown()).toEqual([`post-${far}`]);
    expect(page.url()).toContain(host.url);

    // What comes in waits above, and is counted; a page up, and what is read stays where it is.
    const added = await publish(channelId, { body: 'Meanwhile.' });
    const news = page.getByRole('button', { name: '1 new post' });
    await news.waitFor();
    expect(await shown()).toEqual([`post-${far}`]);
    await page.getByRole('button', { name: 'Newer posts' }).click();
    await post(page, middle[0] as string).waitFor();
    expect((await shown()).at(-1)).toBe(`post-${far}`);
    await news.click();
    await eventually(async () => expect(await focused()).toBe(`post-${added[0]}`));
    expect(await shown()).not.toContain(`post-${far}`);
    expect(await page.getByRole('button', { name: 'Newer posts' }).count()).toBe(0);

    await page.locator('.pinned .when').click();
    await eventually(async () => expect(await focused()).toBe(`post-${middle[4]}`));
    await page.getByRole('button', { name: 'Newest posts' }).click();
    await eventually(async () => expect(await focused()).toBe(`post-${added[0]}`));
    await page.getByRole('link', { name: 'told before' }).click();
    await eventually(async () => expect(await focused()).toBe(`post-${middle[1]}`));
    await page.evaluate(`location.hash = 'post-${latest[0]}'`);
    await eventually(async () => expect(await focused()).toBe(`post-${latest[0]}`));
    // One that is not of this coverage changes nothing.
    const unknown = '00000000-0000-7000-8000-000000000000';
    const answered = page.waitForResponse((answer) => answer.url().includes(unknown));
    await page.evaluate(`location.hash = 'post-${unknown}'`);
    expect((await answered).status()).toBe(404);
    await eventually(async () => expect(await page.locator('.posts').getAttribute('aria-busy')).toBe('false'));
    expect(await focused()).toBe(`post-${latest[0]}`);
    expect(await page.locator('[role="alert"]').count()).toBe(0);
    expect(complaints.filter((line) => !line.includes('404'))).toEqual([]);
  });

  it('stands twice on a page, beside a Socket.IO of the page itself, whose global stays what it was', async () => {
    const [one, two] = [await newChannel(), await newChannel()];
    await publish(one, { body: 'Of the one.' });
    await publish(two, { body: 'Of the other.' });
    host.put('/socket.io.js', readFileSync(join(dirname(resolve('socket.io/package.json')), 'client-dist/socket.io.js'), 'utf8'));
    const policy = strictPolicy(server.url).replace('script-src ', `script-src ${host.url} `);
    const { page, complaints } = await open(`<script src="/socket.io.js"></script>${tag(one)}${tag(two)}${script()}`, { policy });
    await page.getByText('Of the one.').waitFor();
    await page.getByText('Of the other.').waitFor();
    expect(await page.evaluate('typeof io.Manager')).toBe('function');
    const conversation = `new Promise((resolve) => {
      const socket = io('${server.url}', { transports: ['websocket'] });
      socket.emit('subscribe', { channelId: '${one}' }, ({ ok, snapshot }) => resolve([ok, snapshot.posts.length]));
    })`;
    expect(await page.evaluate(conversation)).toEqual([true, 1]);
    await publish(two, { body: 'New in the other.' });
    await page.locator('pressbox-live').nth(1).getByText('New in the other.').waitFor();
    expect(await page.locator('pressbox-live').first().getByText('New in the other.').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('moves nothing of the page while it loads, where the page keeps its place free', async () => {
    const channelId = await newChannel({ standfirst: 'What it is about.' });
    const media = [{ type: 'image' as const, url: 'https://example.org/a.jpg', alt: 'A ferry', width: 1200, height: 800 }];
    await publish(channelId, ...Array.from({ length: 6 }, (_, at) => ({ body: `Number ${at}.`, headline: 'A headline', media })));
    host.put('/host.css', 'pressbox-live:not(:defined) { display: block; min-height: 100vh }');
    const policy = `${strictPolicy(server.url)}; style-src ${host.url}`;
    const head = '<link rel="stylesheet" href="/host.css">';
    const { page, complaints } = await open(`<p>Before.</p>${tag(channelId)}<p>After.</p>${script()}`, { policy, head });
    await isLive(page);
    await eventually(async () =>
      expect(
        await page
          .locator('.posts img')
          .first()
          .evaluate((image) => (image as unknown as { complete: boolean }).complete),
      ).toBe(true),
    );
    const shifts = await page.evaluate(`new Promise((resolve) => {
      const moved = [];
      new PerformanceObserver((list) => {
        for (const { value, sources } of list.getEntries())
          moved.push([value, sources.map(({ node }) => node?.className ?? node?.nodeName).join()]);
      }).observe({ type: 'layout-shift', buffered: true });
      requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => resolve(moved), 0)));
    })`);
    expect(shifts).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it.each([
    ['in the light', 'en', 'theme="light"'],
    ['in the dark', 'en', 'theme="dark"'],
    ['in Arabic, from right to left', 'ar', 'theme="auto"'],
  ])('has nothing that axe-core finds %s', async (_, language, theme) => {
    const channelId = await newChannel({
      language,
      headline: language === 'ar' ? 'حريق في الميناء' : 'Fire',
      standfirst: 'So far.',
    });
    const ids = await publish(
      channelId,
      {
        headline: 'One',
        body: 'A [link](https://example.org) and `code`.',
        keyEvent: true,
        kind: 'breaking',
        verification: 'disputed',
      },
      {
        headline: 'Two',
        body: 'Text.',
        media: [{ type: 'image', url: 'https://example.org/a.jpg', alt: 'A ferry' }],
        developing: true,
      },
      { body: 'Gone.' },
    );
    await author.correct(channelId, ids[0] as string, 1, { note: 'A note.', changes: { body: 'Corrected.' } });
    await author.retract(channelId, ids[2] as string, { note: 'Not so.' });
    await author.pin(channelId, ids[1] as string);
    const { page, complaints } = await open(`<main><h1>The page</h1>${tag(channelId, theme)}</main>${script()}`, {
      policy: "default-src 'self' 'unsafe-inline' 'unsafe-eval' http: ws: https:",
    });
    await isLive(page);
    await page.locator('.pinned .post').waitFor();
    if (language === 'ar') {
      expect(await page.locator('.frame').getAttribute('dir')).toBe('rtl');
      expect(await textOf(page, `#post-${ids[0]} .change-correction .label`)).toMatch(/^تصحيح، /);
      expect(await textOf(page, '.badge')).toBe('مباشر');
    }
    await page.addScriptTag({ path: resolve('axe-core/axe.min.js') });
    const found = await page.evaluate(
      async () =>
        (
          await (
            globalThis as unknown as { axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } }
          ).axe.run()
        ).violations,
    );
    expect(found.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('has its posts in their own language and direction, the pinned one too, whatever it says around them', async () => {
    const channelId = await newChannel({ language: 'ar-EG' });
    const [id] = await publish(channelId, { body: 'أُغلق الجسر.' });
    await author.pin(channelId, id as string);
    const { page, complaints } = await open(`${tag(channelId, 'lang="de"')}${script()}`);
    await page.getByText('Angeheftet').waitFor();
    const spokenAt = (selector: string) =>
      page.locator(selector).evaluate((post) => [post.closest('[lang]')?.getAttribute('lang'), post.matches(':dir(rtl)')]);
    expect(await spokenAt(`#post-${id}`)).toEqual(['ar-EG', true]);
    expect(await spokenAt(`#pinned-${id}`)).toEqual(['ar-EG', true]);
    expect(await spokenAt('.pinned .label-line')).toEqual(['de', false]);
    expect(complaints).toEqual([]);
  });

  it('says that the page is not admitted, by the name of the setting, and once', async () => {
    const channelId = await newChannel();
    await using stranger = await startHostSite();
    const url = stranger.put('/page', `${tag(channelId)}${tag(channelId)}${script()}`, { policy: strictPolicy(server.url) });
    const { page, complaints } = await browser.page();
    await page.goto(url);
    await page.getByText('PRESSBOX_ORIGINS').nth(1).waitFor();
    // What the console says comes by itself.
    await eventually(async () =>
      expect(complaints.filter((line) => line.includes('PRESSBOX_ORIGINS'))).toEqual([
        `<pressbox-live>: ${server.url} does not admit pages of ${stranger.url}. Whoever runs it names them in PRESSBOX_ORIGINS.`,
      ]),
    );
  });

  it('says where there is nothing to show: no such channel, one for members, none named', async () => {
    const members = await newChannel({ access: 'members', headline: 'Behind closed doors', standfirst: 'What was said.' });
    await publish(members, { headline: 'Not for everyone', keyEvent: true });
    const { page } = await open(`${tag('no-such-one')}${tag(members)}<pressbox-live></pressbox-live>${script()}`);
    for (const said of ['This coverage is not here.', 'This coverage is for members.', 'No channel is named.'])
      await page.getByText(said).waitFor();
    // What it is about is no secret, and members sign in on its page.
    await page.getByRole('link', { name: 'Behind closed doors' }).waitFor();
    await page.getByText('What was said.').waitFor();
    const onItsPage = page.getByRole('link', { name: 'Open the coverage on its own page' });
    expect(await onItsPage.getAttribute('href')).toBe(`${server.url}/live/${members}`);
    expect(await page.getByText('Not for everyone').count()).toBe(0);
  });

  it('has no word of its posts once they are for members, reads out none that just came, and says why', async () => {
    const channelId = await newChannel();
    const { page, complaints } = await open(`${tag(channelId)}${script()}`);
    await isLive(page);
    // What is said, one after the other.
    await page.evaluate(`window.said = [];
      const place = document.querySelector('pressbox-live').shadowRoot.getElementById('announcement');
      new MutationObserver(() => said.push(place.textContent)).observe(place, { childList: true });`);
    const said = () => page.evaluate<string[]>('said');
    await publish(channelId, { headline: 'A zqsecretqz' });
    await eventually(async () => expect(await said()).toEqual(['New post: A zqsecretqz.']));
    await publish(channelId, { headline: 'Another zqsecretqz' });
    await page.getByText('Another zqsecretqz').waitFor();
    await author.updateChannel(channelId, '*', { access: 'members' });
    await page.getByText('This coverage is for members.').first().waitFor();
    const before = (await said()).length;
    await eventually(async () => expect((await said()).slice(before)).toEqual(['This coverage is for members.']));
    expect(await page.evaluate(`document.querySelector('pressbox-live').shadowRoot.innerHTML`)).not.toContain('zqsecretqz');
    expect(complaints).toEqual([]);
  });

  it('is live in a frame, and tells the page around how high it is', async () => {
    const channelId = await newChannel();
    await publish(channelId, ...Array.from({ length: 4 }, () => ({ body: 'Some words. '.repeat(60) })));
    const frame = snippet('html', 1).replace('moon-landing', channelId).replace('https://live.example.org', server.url);
    host.put('/fit.js', snippet('js', 1));
    // No script and no connection of the server's in the page around.
    const policy = `default-src 'none'; script-src ${host.url}; frame-src ${server.url}`;
    const { page, complaints } = await open(`<script src="/fit.js"></script>${frame}`, { policy });
    const inside = page.frameLocator('iframe');
    await inside.locator('.posts > .post').nth(3).waitFor();
    const heights = async () => {
      const [outer, inner] = await Promise.all([
        page.locator('iframe').boundingBox(),
        inside.locator('pressbox-live').boundingBox(),
      ]);
      return [Math.ceil(outer?.height ?? 0), Math.ceil(inner?.height ?? 1)];
    };
    await eventually(async () => {
      const [outer = 0, inner = 1] = await heights();
      expect(outer).toBeGreaterThan(700);
      // The frame has a border of two pixels on each side.
      expect(Math.abs(outer - inner)).toBeLessThanOrEqual(4);
    });
    // Further down the page around is scrolled, of which the frame knows by what is seen of it.
    await page.evaluate('scrollTo(0, 500)');
    await inside.locator('pressbox-live[hold]').waitFor();
    const [id] = await publish(channelId, { body: 'One that waits.' });
    await inside.getByRole('button', { name: '1 new post' }).waitFor();
    expect(await inside.locator(`#post-${id}`).count()).toBe(0);
    await page.evaluate('scrollTo(0, 0)');
    await inside.locator(`#post-${id}`).waitFor();
    expect(complaints).toEqual([]);
  });

  it('has one ground in the frame, also below the coverage, in the theme of the device or of the address', async () => {
    const channelId = await newChannel();
    const { page } = await browser.page();
    const groundOf = (selector: string) =>
      page.evaluate<string>(
        `getComputedStyle((document.querySelector('pressbox-live').shadowRoot.querySelector('${selector}') ?? document.documentElement)).backgroundColor`,
      );
    const [white, black] = ['rgb(255, 255, 255)', 'rgb(21, 22, 26)'];
    for (const [colorScheme, query, ground] of [
      ['dark', '', black],
      ['dark', '?theme=light', white],
      ['light', '?theme=dark', black],
    ] as const) {
      await page.emulateMedia({ colorScheme });
      await page.goto(`${server.url}/embed/${channelId}${query}`);
      await isLive(page);
      expect([query, await groundOf('html'), await groundOf('.frame')]).toEqual([query, ground, ground]);
    }
  });

  it('does what the page about embedding says, and permits no more than that', async () => {
    const channelId = await newChannel();
    const own = (text: string) => text.replaceAll('https://live.example.org', server.url).replaceAll('moon-landing', channelId);
    host.put('/listen.js', snippet('js', 0));
    host.put('/host.css', snippet('css', 0));
    const policy = `${own(snippet('', 0)).trim().replace('wss://live.example.org', server.url.replace(/^http/, 'ws')).replace('script-src', `script-src ${host.url}`)}; style-src ${host.url}`;
    const body = `<script src="/listen.js"></script>${own(snippet('html', 0))}`;
    const { page, complaints } = await open(body, { policy, head: '<link rel="stylesheet" href="/host.css">' });
    const logged = page.waitForEvent('console', (message) => message.text().startsWith('post.published'));
    await isLive(page);
    await publish(channelId, { headline: 'The first', body: 'Here it is.' });
    expect((await logged).text()).toBe('post.published The first');
    await page.getByText('Here it is.').waitFor();
    expect(complaints).toEqual([]);
  });

  it('scrolls within itself where it is asked to, and takes up another channel', async () => {
    const [one, two] = [await newChannel(), await newChannel()];
    await publish(one, ...Array.from({ length: 12 }, (_, at) => ({ body: `Number ${at}.` })));
    await publish(two, { body: 'Of the other.' });
    const { page } = await open(`${tag(one, 'scroll hold')}${script()}`);
    await isLive(page);
    expect((await page.locator('pressbox-live').boundingBox())?.height).toBe(576);
    await publish(one, { body: 'One that waits.' });
    await page.getByRole('button', { name: '1 new post' }).waitFor();
    await page.locator('pressbox-live').evaluate((element, channel) => element.setAttribute('channel', channel), two);
    await page.getByText('Of the other.').waitFor();
    expect(await page.getByText('Number 11.').count()).toBe(0);
  });
});

async function textOf(page: Page, selector: string): Promise<string> {
  return ((await page.locator(selector).first().textContent()) ?? '').replace(/\s+/g, ' ').trim();
}

/** Waits for a fact; on a busy machine longer than usual. */
function eventually(fact: () => Promise<void>): Promise<void> {
  return vi.waitFor(fact, { timeout: 10_000, interval: 30 });
}

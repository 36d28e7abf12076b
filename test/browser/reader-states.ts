import type { Page } from 'playwright-core';
import { afterAll, describe, expect, it } from 'vitest';
import { type HostSite, startHostSite, strictPolicy } from '../support/host-page.ts';
import { startObstacles } from '../support/obstacles.ts';
import { drawn, type TestBrowser, type WatchedPage } from './browser.ts';
import { announced, eventually, hide, isLive, newsroom, post, topOf } from './newsroom.ts';

/** The browser under examination, with scripts and without. */
export interface ReadersBrowser {
  start(): Promise<TestBrowser>;
  startWithoutScripts(): Promise<TestBrowser>;
  /** It keeps a page that is left while it is live, to go back to it. */
  keepsPages: boolean;
}

async function goBackTo(page: Page, channelId: string): Promise<void> {
  await page.evaluate('setTimeout(() => history.back(), 0)');
  await eventually(async () => expect(await page.evaluate('location.pathname')).toBe(`/live/${channelId}`));
  await isLive(page);
}

/** What readers meet, in whatever browser: each state is written once, and every browser passes the same exam. */
export function examineReaderStates({ start, startWithoutScripts, keepsPages }: ReadersBrowser): void {
  let host: HostSite;
  const room = newsroom(start, async () => {
    host = await startHostSite();
    return { PRESSBOX_ORIGINS: host.url };
  });
  const { coverage, publish, open } = room;
  afterAll(() => host[Symbol.asyncDispose]());

  /** A channel's page that whoever goes back to it has from the server again, as it is by then. */
  async function openUnkept(posts: string[]): Promise<WatchedPage & { id: string; ids: string[] }> {
    // A page for members is in no cache of answers; that of a public channel is taken from there, as it was, and goes on from it.
    const { id, ids } = await coverage(posts, { access: 'members' });
    const watched = await room.browser.page({ viewport: { width: 1000, height: 700 } });
    await watched.page.goto(`${room.server.url}/live/${id}`);
    await signIn(watched.page, id);
    await isLive(watched.page);
    // No browser of a desktop keeps a page itself that listens for this.
    await watched.page.evaluate(`window.samePage = true; addEventListener('unload', () => {})`);
    return { ...watched, id, ids };
  }

  async function signIn(page: Page, id: string): Promise<void> {
    await page.getByLabel('Access token').fill(await room.server.token({ reader: [id] }));
    await page.getByRole('button', { name: 'Sign in' }).click();
  }

  /** In the browser, under whatever key. */
  const keptBy = (page: Page) => page.evaluate<string>('JSON.stringify([{ ...localStorage }, { ...sessionStorage }])');

  const few = 'Some words that fill a few lines of the page. '.repeat(8);

  it('shows a post that is pushed, newest first, escaped but for its body, and says so to who hears the page', async () => {
    const { id } = await coverage(['The first.']);
    const { page, complaints } = await open(id);
    const { post: added } = await room.author.publish(id, {
      headline: '<b>Bold</b> & "quoted"',
      body: 'It is **new**.',
      keyEvent: true,
    });
    await post(page, added.id).getByText('new', { exact: true }).waitFor();
    expect(await post(page, added.id).locator('.headline').textContent()).toBe('<b>Bold</b> & "quoted"');
    expect(await page.locator('#posts > .post').first().getAttribute('id')).toBe(`post-${added.id}`);
    await page.locator('#key-events').getByText('<b>Bold</b>').waitFor();
    await announced(page, 'New post');
    expect(complaints).toEqual([]);
  });

  it('corrects in place with what was wrong, leads to the words before, and leaves tombstones and nothing of their text', async () => {
    const { id, ids } = await coverage(['There were thirteen ships.', 'A rumour.', 'An address.']);
    const [wrong = '', rumour = '', address = ''] = ids;
    const { page, complaints } = await open(id);
    await room.author.correct(id, wrong, 1, { note: 'Three, not thirteen.', changes: { body: 'There were three ships.' } });
    await room.author.retract(id, rumour, { note: 'Nobody said so.' });
    await room.author.takedown(id, address);
    await post(page, wrong).getByText('There were three ships.').waitFor();
    await post(page, rumour).getByText('Nobody said so.').waitFor();
    await post(page, address).and(page.locator('.withdrawn')).waitFor();
    expect(await post(page, wrong).locator('.change-correction').textContent()).toMatch(
      /^Correction, \d\d:\d\d UTC: Three, not thirteen\.$/,
    );
    for (const gone of ['There were thirteen', 'A rumour.', 'An address.']) expect(await page.content()).not.toContain(gone);
    await page.goto(`${room.server.url}/live/${id}/${wrong}/versions`);
    expect(await page.locator('del').first().textContent()).toContain('thirteen');
    expect(await page.locator('ins').first().textContent()).toContain('three');
    expect(complaints).toEqual([]);
  });

  it('moves nothing that is read while fifty posts arrive and one above grows, and reveals them when asked', async () => {
    const { id, ids } = await coverage(Array.from({ length: 12 }, () => few));
    const { page, complaints } = await open(id);
    const [above = '', reading = ''] = [ids[11], ids[4]];
    await post(page, reading).evaluate((element) => element.scrollIntoView({ block: 'center' }));
    const before = await topOf(page, reading);
    const added = await publish(id, ...Array.from({ length: 50 }, (_, at) => `New number ${at}.`));
    await room.author.revise(id, above, 1, { kind: 'update', changes: { body: few.repeat(4) } });
    await post(page, above).and(page.locator('[data-revision="2"]')).waitFor({ state: 'attached' });
    const button = page.locator('#new-posts');
    await eventually(async () => expect(await button.textContent()).toMatch(/^50 new posts/));
    expect(Math.abs((await topOf(page, reading)) - before)).toBeLessThanOrEqual(1);
    expect(await page.title()).toMatch(/^\(50\) /);
    expect(await page.content()).not.toContain('New number 49.');
    await button.click();
    await post(page, added[49] ?? '').waitFor();
    expect(await page.locator(':focus').getAttribute('id')).toBe(`post-${added[49]}`);
    expect(await page.title()).toBe('Harbour fire');
    expect(complaints).toEqual([]);
  });

  it('says as of when it is true while it is cut off, and has the correction that it missed when it is back, in two tabs', async () => {
    const { id, ids } = await coverage(['The bridge is open.']);
    const { page, complaints } = await open(id);
    const tabs = [page, await page.context().newPage()];
    await tabs[1]?.goto(page.url());
    for (const tab of tabs) await isLive(tab);
    await page.context().setOffline(true);
    await room.server.restart();
    for (const tab of tabs) await tab.getByText(/^(Offline|Reconnecting), as of \d\d:\d\d UTC$/).waitFor();
    await room.author.correct(id, ids[0] ?? '', 1, { note: 'It is shut.', changes: { body: 'The bridge is shut.' } });
    await publish(id, 'Trains run again.');
    await page.context().setOffline(false);
    for (const tab of tabs) {
      await tab.getByText('The bridge is shut.').waitFor();
      await tab.getByText('Trains run again.').waitFor();
      expect(await tab.content()).not.toContain('The bridge is open.');
      expect(await tab.locator('#posts > .post').count()).toBe(2);
      await isLive(tab);
    }
    expect(complaints).toEqual([]);
  });

  it('opens a permanent link far down at its post, marked, below the bar, with its neighbours', async () => {
    const { id, ids } = await coverage(Array.from({ length: 30 }, (_, at) => `Number ${at}. ${few}`));
    const { page, complaints } = await open(`${id}/${ids[14]}`);
    expect(await page.locator('[aria-current=true]').getAttribute('id')).toBe(`post-${ids[14]}`);
    await eventually(async () => {
      const top = await topOf(page, ids[14] ?? '');
      expect(top).toBeGreaterThan(30);
      expect(top).toBeLessThan(400);
    });
    expect(await page.locator('#posts > .post').count()).toBe(20);
    await page.getByRole('link', { name: 'Older posts' }).click();
    await post(page, ids[0] ?? '').waitFor({ state: 'attached' });
    expect(complaints).toEqual([]);
  });

  it('is where the reader left it when they go back to it, and has what came meanwhile', async () => {
    const { id, ids } = await coverage(Array.from({ length: 12 }, () => few));
    const { page, complaints } = await open(id);
    const reading = ids[5] ?? '';
    await post(page, reading).evaluate((element) => element.scrollIntoView({ block: 'center' }));
    const before = await topOf(page, reading);
    await page.evaluate('window.samePage = true');
    await page.goto(`${room.server.url}/`);
    await publish(id, 'Meanwhile.');
    await goBackTo(page, id);
    if (keepsPages) expect(await page.evaluate('window.samePage')).toBe(true);
    await eventually(async () => expect(Math.abs((await topOf(page, reading)) - before)).toBeLessThanOrEqual(2));
    await page.evaluate('scrollTo(0, 0)');
    await page.getByText('Meanwhile.').waitFor();
    expect(complaints).toEqual([]);
  });

  it('is where the reader left it, too, where the browser kept nothing of it, and more is above', async () => {
    const { page, id, ids, complaints } = await openUnkept(Array.from({ length: 12 }, () => few));
    const [above, reading] = [ids[9] ?? '', ids[5] ?? ''];
    await post(page, reading).evaluate((element) => element.scrollIntoView({ block: 'center' }));
    const before = await topOf(page, reading);
    await page.goto(`${room.server.url}/`);
    const [added] = await publish(id, 'Meanwhile.');
    await room.author.correct(id, above, 1, { note: 'It is longer.', changes: { body: few.repeat(3) } });
    await goBackTo(page, id);
    expect(await page.evaluate('window.samePage')).toBe(undefined);
    expect(await page.locator('#posts > .post').first().getAttribute('id')).toBe(`post-${added}`);
    expect(Math.abs((await topOf(page, reading)) - before)).toBeLessThanOrEqual(2);
    expect(complaints).toEqual([]);
  });

  it('stays where it is read on a reload, though there is more above, and goes by links within it as ever', async () => {
    const { id, ids } = await coverage(Array.from({ length: 12 }, () => few));
    const { page, complaints } = await open(id);
    const [above, reading] = [ids[7] ?? '', ids[5] ?? ''];
    await post(page, reading).evaluate((element) => element.scrollIntoView({ block: 'center' }));
    for (let nth = 1; nth <= 2; nth += 1) {
      await publish(id, few);
      await room.author.revise(id, above, nth, { kind: 'update', changes: { body: few.repeat(nth + 1) } });
      const revised = post(page, above).and(page.locator(`[data-revision="${nth + 1}"]`));
      await revised.waitFor({ state: 'attached' });
      const before = await topOf(page, reading);
      await page.reload();
      await isLive(page);
      expect(Math.abs((await topOf(page, reading)) - before)).toBeLessThanOrEqual(2);
    }
    expect(await page.locator('#posts > .post').count()).toBe(14);
    const before = await page.evaluate('scrollY');
    await page.evaluate(`location.hash = 'post-${ids[0]}'`);
    await eventually(async () => expect(await page.evaluate('scrollY')).not.toBe(before));
    await page.evaluate('history.back()');
    await eventually(async () => expect(await page.evaluate('scrollY')).toBe(before));
    expect(complaints).toEqual([]);
  });

  it('is kept where it is read when it is left, or goes into the background, where it may end, and no word of it', async () => {
    const { id, ids } = await coverage(Array.from({ length: 12 }, () => few));
    const { page } = await open(id);
    const kept = () => page.evaluate<string>('JSON.stringify(sessionStorage)');
    const readFrom = (id = '') => post(page, id).evaluate((element) => element.scrollIntoView());
    await readFrom(ids[7]);
    await page.reload();
    await isLive(page);
    expect(await kept()).toContain(ids[7]);
    await readFrom(ids[5]);
    await hide(page, true);
    expect(await kept()).toContain(ids[5]);
    for (const word of ['Some', 'Harbour']) expect(await kept()).not.toContain(word);
  });

  it('stays at its top for who was there, when they go back to it and on a reload, and shows what came', async () => {
    const { page, id, complaints } = await openUnkept(Array.from({ length: 12 }, () => few));
    const scrolled = await page.evaluate<number>(`(() => {
      scrollBy(0, Math.floor(document.getElementById('posts').getBoundingClientRect().top) - 20);
      return scrollY;
    })()`);
    await page.goto(`${room.server.url}/`);
    const [added] = await publish(id, few);
    await goBackTo(page, id);
    expect(await page.evaluate('window.samePage')).toBe(undefined);
    expect(await page.locator('#posts > .post').first().getAttribute('id')).toBe(`post-${added}`);
    expect(await page.evaluate('scrollY')).toBe(scrolled);
    await page.reload();
    await isLive(page);
    expect(await page.evaluate('scrollY')).toBe(scrolled);
    expect(complaints).toEqual([]);
  });

  it('asks for the post that was read where it is not among those that the page begins with', async () => {
    const { id, ids } = await coverage(Array.from({ length: 30 }, (_, at) => `Number ${at}. ${few}`));
    const { page, complaints } = await open(id);
    const reading = ids[3] ?? '';
    await page.getByRole('link', { name: 'Older posts' }).click();
    await post(page, reading).waitFor({ state: 'attached' });
    await post(page, reading).evaluate((element) => element.scrollIntoView({ block: 'center' }));
    const before = await topOf(page, reading);
    await page.reload();
    await post(page, reading).waitFor({ state: 'attached' });
    await eventually(async () => expect(Math.abs((await topOf(page, reading)) - before)).toBeLessThanOrEqual(2));
    expect(await page.locator('#posts > .post').count()).toBe(30);
    await isLive(page);
    expect(complaints).toEqual([]);
  });

  it('is live by Server-Sent Events where the network lets no WebSocket through', async () => {
    const { id } = await coverage(['There from the start.']);
    await using way = Object.assign(await startObstacles(room.server.url), { webSockets: 'refused' as const });
    const { page, complaints } = await room.browser.page();
    await page.goto(`${way.url}/live/${id}`);
    await page.locator('#connection[data-state=live][data-transport=stream]').waitFor();
    await publish(id, 'Pushed as an event.');
    await page.getByText('Pushed as an event.').waitFor();
    expect(complaints).toEqual([]);
  });

  it('lets members in with a token, keeps them in on a reload, and lets them out', async () => {
    const { id } = await coverage(['The first word.'], { access: 'members' });
    const { page } = await room.browser.page();
    await page.goto(`${room.server.url}/live/${id}`);
    expect(await page.content()).not.toContain('The first word.');
    await signIn(page, id);
    for (const said of ['The second word.', 'The third word.']) {
      await isLive(page);
      await publish(id, said);
      await page.getByText(said).waitFor();
      await page.reload();
    }
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('This coverage is for members').waitFor();
    expect(await page.content()).not.toContain('The first word.');
  });

  it.each([
    ['for members from now on', 'This coverage is for members.', { access: 'members' }],
    ['for the desk from now on', 'This coverage is for members.', { access: 'desk' }],
    ['deleted', 'This coverage was deleted', 'deleted'],
  ] as const)('has no word of its posts where it is %s, whatever its reader does then', async (_, said, change) => {
    const secret = { headline: 'A zqsecretqz', body: `A zqsecretqz. ${few.repeat(3)}`, keyEvent: true };
    const { id, ids } = await coverage([...Array.from({ length: 6 }, () => few), secret, { ...secret, kind: 'summary' }, secret]);
    await room.author.pin(id, ids[6] ?? '');
    const { page, complaints } = await open(`${id}/${ids[8]}`);
    // One that waits to be shown.
    await page.evaluate('scrollTo(0, document.body.scrollHeight)');
    await publish(id, secret);
    await page.locator('#new-posts').waitFor();
    await hide(page, true);
    await hide(page, false);
    expect(await keptBy(page)).toContain('pressbox-left:');
    await (change === 'deleted' ? room.author.deleteChannel(id) : room.author.updateChannel(id, '*', change));
    await page.getByRole('alert').getByText(said).waitFor();
    const nothing = async () => {
      expect(await page.content()).not.toContain('zqsecretqz');
      expect(await page.title()).toBe(said);
    };
    await nothing();
    await hide(page, true);
    await hide(page, false);
    await page.evaluate(`for (const name of ['offline', 'scroll', 'pagehide']) dispatchEvent(new Event(name))`);
    await drawn(page);
    await nothing();
    for (const word of ['zqsecretqz', 'pressbox-left:']) expect(await keptBy(page)).not.toContain(word);
    expect(complaints).toEqual([]);
  });

  it('has no word of its posts where it became one for members while its reader was cut off, and then lets them sign in', async () => {
    const { id } = await coverage(['A zqsecretqz.']);
    const { page, complaints } = await open(id);
    await page.context().setOffline(true);
    await page.getByText(/^(Offline|Reconnecting), as of \d\d:\d\d UTC$/).waitFor();
    await room.author.updateChannel(id, '*', { access: 'members' });
    await page.context().setOffline(false);
    await page.getByRole('alert').getByText('This coverage is for members.').waitFor();
    expect(await page.content()).not.toContain('zqsecretqz');
    await page.getByText(/Reload to go on\.$/).waitFor();
    await page.reload();
    await signIn(page, id);
    await page.getByText('A zqsecretqz.').waitFor();
    expect(complaints).toEqual([]);
  });

  it.each([
    ['ar-EG', '٠-٩'],
    ['ar-SA', '٠-٩'],
    ['ar-MA', '0-9'],
    ['fa', '۰-۹'],
  ])('counts in the digits in which it tells times, on every page and in the element: %s', async (language, digits) => {
    const foreign = RegExp(`(?![${digits}])\\p{Nd}`, 'gu');
    const report = { headline: 'خبر', body: few, keyEvent: true };
    const { id, ids } = await coverage(Array(10).fill(report), { language, timezone: 'Asia/Kolkata' });
    const [first = '', second = ''] = ids;
    await publish(id, { body: few, kind: 'summary', derivedFrom: [first, second] });
    await room.author.revise(id, first, 1, { kind: 'update', changes: { body: few.repeat(2) }, eraseEarlier: true });
    /** What is said of posts, beside themselves. */
    const said = async (page: Page) => {
      const text = await page.evaluate<string>(
        `document.title + document.body.innerText + (document.querySelector('pressbox-live')?.shadowRoot.textContent ?? '')`,
      );
      expect(text.match(foreign)).toBe(null);
      return text;
    };
    const { page, complaints } = await room.browser.page({ viewport: { width: 1000, height: 700 } });
    for (const [path, live] of [
      [`/live/${id}`, '#connection'],
      [`/embed/${id}`, '.status'],
    ]) {
      await page.goto(room.server.url + path);
      await page.locator(`${live}[data-state="live"]`).waitFor();
      await post(page, second).evaluate((element) => element.scrollIntoView());
      await publish(id, few, few, few);
      await eventually(async () => expect(await page.locator('#new-posts').textContent()).toMatch(RegExp(`[${digits}]`)));
      await said(page);
    }
    await page.goto(`${room.server.url}/live/${id}?before=5`);
    await isLive(page);
    await publish(id, few, few, few);
    await page.locator('#newer .count').waitFor();
    expect(await said(page)).toMatch(/^\(\p{Nd}\) /u);
    await page.goto(`${room.server.url}/live/${id}/${first}/versions`);
    expect(await said(page)).toMatch(/\p{Nd}/u);
    await room.author.updateChannel(id, '*', { access: 'members' });
    await page.goto(`${room.server.url}/live/${id}`);
    expect(await said(page)).toMatch(/\p{Nd}/u);
    expect(complaints).toEqual([]);
  });

  it.each([
    ['ar-EG', '١٢'],
    ['ar-MA', '12'],
    ['fa', '۱۲'],
    ['mr', '१२'],
    ['bn', '১২'],
    ['he', '12'],
  ])('numbers a list in a post in those digits, whatever the words around it: %s', async (language, digits) => {
    const [one, two] = digits;
    const { id } = await coverage(['1. —\n   2. —\n2. —'], { language });
    const { page } = await room.browser.page({ viewport: { width: 600, height: 700 } });
    for (const [path, live] of [
      [`/live/${id}`, '#connection'],
      [`/embed/${id}?lang=de`, '.status'],
    ]) {
      await page.goto(room.server.url + path);
      await page.locator(`${live}[data-state="live"]`).waitFor();
      const list = page.locator('.body > ol');
      const numbered = await list.screenshot();
      // No browser tells a script what it puts before an item, so it is put there, and nothing looks different.
      const before = `.body li::marker { content: "${one}. " } .body > ol > li + li::marker, .body li li::marker { content: "${two}. " }`;
      await page.evaluate(`(() => {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(${JSON.stringify(before)});
        (document.querySelector('pressbox-live')?.shadowRoot ?? document).adoptedStyleSheets.push(sheet);
      })()`);
      await drawn(page);
      expect(numbered.equals(await list.screenshot()), path).toBe(true);
    }
  });

  it('stands from right to left on a phone where its language does, and is no wider than the phone', async () => {
    const { id, ids } = await coverage(['ما زالت الرياح شديدة.'], { language: 'ar', headline: 'حريق في الميناء' });
    const { page, complaints } = await open(id, { viewport: { width: 390, height: 844 } });
    await room.author.correct(id, ids[0] ?? '', 1, { note: 'هدأت الرياح.', changes: { body: 'هدأت الرياح الآن.' } });
    const note = post(page, ids[0] ?? '').locator('.change-correction');
    await note.waitFor();
    expect(await note.textContent()).toMatch(/^تصحيح، /);
    const shown = await page.evaluate(`(() => {
      const { left, right } = document.querySelector('.post .when').getBoundingClientRect();
      const { borderRightWidth } = getComputedStyle(document.querySelector('.change-correction'));
      return { width: document.documentElement.scrollWidth, isRight: left > innerWidth / 2, right, borderRightWidth };
    })()`);
    expect(shown).toEqual({ width: 390, isRight: true, right: 374, borderRightWidth: '3px' });
    // Key events stand above the posts, and a link leads past them.
    await room.author.publish(id, { headline: 'سفينة', body: few.repeat(3), keyEvent: true });
    const below = await publish(id, few, few);
    // Without them the page is too short to be scrolled so far.
    await post(page, below[1]).waitFor();
    await page.locator('#to-posts').click();
    await eventually(async () => {
      const top = (await page.locator('#posts').boundingBox())?.y ?? 0;
      expect(Math.round(top)).toBe(48);
    });
    expect(complaints).toEqual([]);
  });

  describe('in a language from right to left', () => {
    /** Begins with a name in Latin letters, and is Arabic; and is in English, whatever the coverage is in, or the word that it quotes. */
    const [arabic, english, quoting] = ['NASA تعلن', 'ESA says no.', 'The word حرية means freedom.'];
    async function written(language: string): Promise<Record<'id' | 'withdrawn' | 'corrected', string>> {
      const fields = {
        language,
        headline: arabic,
        standfirst: arabic,
        section: arabic,
        byline: [{ name: arabic, role: arabic }],
      };
      const { id, ids } = await coverage([{ headline: arabic, body: arabic }], fields);
      const body = (text: string) =>
        `${text}\n\n### ${text}\n\n- ${text}\n\n> ${text}\n\n| ${text} |\n| --- |\n| ${text} |\n\n1. ${text}\n\n   ${text}`;
      const url = 'https://example.org/a.jpg';
      const [withdrawn = '', corrected = ''] = await publish(
        id,
        arabic,
        {
          headline: arabic,
          body: body(arabic),
          keyEvent: true,
          authors: [{ name: arabic, role: arabic }],
          sources: [{ name: arabic, via: arabic }],
          media: [
            { type: 'image', url, alt: 'x', caption: arabic, width: 30, height: 20 },
            { type: 'image', url, alt: 'x', credit: arabic, width: 30, height: 20 },
            { type: 'link', url, title: arabic, source: arabic, description: arabic },
          ],
        },
        ...[english, quoting].map((text) => ({ headline: text, body: body(text), keyEvent: true, sources: [{ name: text }] })),
        { body: arabic, kind: 'summary' },
      );
      await room.author.pin(id, ids[0] ?? '');
      await room.author.retract(id, withdrawn, { note: arabic });
      await room.author.correct(id, corrected, 1, {
        note: arabic,
        changes: { sources: [{ name: english }], body: body(arabic) },
      });
      return { id, withdrawn, corrected };
    }

    /** Each of them that is seen: where it stands, and which way it runs, by the style and as its first and last characters are drawn. */
    const runs = (page: Page) =>
      page.evaluate<{ text: string; where: string; direction: string; drawn: string }[]>(`(() => {
        const root = document.querySelector('pressbox-live')?.shadowRoot ?? document.body;
        for (const details of root.querySelectorAll('details')) details.open = true;
        const nodes = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
        const found = [];
        while (nodes.nextNode()) {
          const { data, parentElement } = nodes.currentNode;
          const text = ${JSON.stringify([arabic, english, quoting])}.find((text) => data.includes(text));
          if (text === undefined || !parentElement.checkVisibility()) continue;
          const [first, last] = [0, text.length - 1].map((nth) => {
            const range = document.createRange();
            range.setStart(nodes.currentNode, data.indexOf(text) + nth);
            range.setEnd(nodes.currentNode, data.indexOf(text) + nth + 1);
            return range.getBoundingClientRect().left;
          });
          const where = [parentElement.parentElement, parentElement].map((each) => each?.className || each?.localName).join(' ');
          found.push({ text, where, direction: getComputedStyle(parentElement).direction, drawn: first > last ? 'rtl' : 'ltr' });
        }
        return found;
      })()`);

    type Written = Awaited<ReturnType<typeof written>>;
    it.each([
      ['on the page', 'ar', 20, ({ id }: Written) => `/live/${id}`, '#connection'],
      ['on its page in Hebrew, in which we have no words', 'he', 20, ({ id }: Written) => `/live/${id}`, '#connection'],
      ['in the element', 'ar-EG', 20, ({ id }: Written) => `/embed/${id}`, '.status'],
      ['in the element, with German around it', 'ar', 20, ({ id }: Written) => `/embed/${id}?lang=de`, '.status'],
      ['in the list', 'fa', 3, () => '/', '#connection'],
      ['in earlier versions', 'ar', 4, ({ id, corrected }: Written) => `/live/${id}/${corrected}/versions`, undefined],
      ['where a post was withdrawn', 'ar', 3, ({ id, withdrawn }: Written) => `/live/${id}/${withdrawn}`, undefined],
    ])('what begins with a Latin name runs as its language does, and what is English as English: %s', async (...given) => {
      const [, language, least, path, live] = given;
      const of = await written(language);
      const { page } = await room.browser.page({ viewport: { width: 1200, height: 800 } });
      await page.goto(room.server.url + path(of));
      if (live !== undefined) await page.locator(`${live}[data-state="live"]`).waitFor();
      if (least === 20) {
        const [pushed] = await publish(of.id, { headline: arabic, body: `${arabic}\n\n${english}` });
        await post(page, pushed).waitFor();
      }
      const found = await runs(page);
      const inArabic = found.filter(({ text }) => text === arabic);
      expect(new Set(inArabic.map(({ where }) => where)).size).toBeGreaterThanOrEqual(least);
      expect(inArabic.filter(({ direction, drawn }) => direction !== 'rtl' || drawn !== 'rtl')).toEqual([]);
      expect(found.filter(({ text, drawn }) => text !== arabic && drawn !== 'ltr')).toEqual([]);
    });
  });

  it('is live on a page of another origin under the strictest policy, and corrects there in place', async () => {
    const { id, ids } = await coverage(['Thirteen ships.']);
    const body = `<pressbox-live channel="${id}"></pressbox-live><script type="module" src="${room.server.url}/embed.js"></script>`;
    const { page, complaints } = await room.browser.page({ viewport: { width: 800, height: 700 } });
    await page.goto(host.put('/element', body, { policy: strictPolicy(room.server.url) }));
    await page.locator('.status[data-state="live"]').waitFor();
    await room.author.correct(id, ids[0] ?? '', 1, { note: 'Three.', changes: { body: 'Three ships.' } });
    await post(page, ids[0] ?? '')
      .getByText('Three ships.')
      .waitFor();
    expect(
      await post(page, ids[0] ?? '')
        .locator('.change-correction')
        .textContent(),
    ).toContain('Three.');
    await publish(id, 'A fourth came.');
    await page.getByText('A fourth came.').waitFor();
    expect(complaints).toEqual([]);
  });

  it('is complete where no script runs: posts, corrections, and a way to the older ones and back', async () => {
    await using plain = await startWithoutScripts();
    const { id, ids } = await coverage(
      Array.from({ length: 25 }, (_, at) => `Number ${at + 1}.`),
      { standfirst: 'What it is about.' },
    );
    await room.author.correct(id, ids[24] ?? '', 1, { note: 'It is more.', changes: { body: 'Number 26.' } });
    const { page, complaints } = await plain.page();
    await page.goto(`${room.server.url}/live/${id}`);
    expect(await page.locator('.standfirst').textContent()).toBe('What it is about.');
    expect(await page.locator('#posts > .post').count()).toBe(20);
    expect(await page.locator('#connection').textContent()).toMatch(/^As of \d\d:\d\d UTC\. Reload for what is new\.$/);
    expect(await page.locator('.change-correction').textContent()).toContain('It is more.');
    const follow = async (link: string) =>
      await page.goto(new URL((await page.locator(link).last().getAttribute('href')) ?? '', page.url()).href);
    await follow('#older a');
    const bodies = page.locator('#posts > .post .body > p');
    expect(await bodies.allTextContents()).toEqual([5, 4, 3, 2, 1].map((nth) => `Number ${nth}.`));
    await follow('#newer a');
    expect(await bodies.first().textContent()).toBe('Number 26.');
    expect(complaints).toEqual([]);
  });
}

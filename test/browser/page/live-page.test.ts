import type { Locator, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { AuthorClient, type NewPost } from '../../../client/lib/author-client.ts';
import { openSampleDay, playSampleDay } from '../../support/authors/play-sample-day.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { sampleDay } from '../../support/samples/sample-day.ts';
import { startObstacles } from '../../support/servers/blocking-proxy.ts';
import { startServerProcess } from '../../support/servers/process.ts';
import { startTestServer } from '../../support/servers/server.ts';
import { drawn, startBrowser } from '../browser.ts';
import { announced, eventually, few, hide, isLive, listenTo, newsroom, post, textOf, topOf } from '../newsroom.ts';

describeWith(needs.chromium, 'the live page in a browser', (chromium) => {
  const room = newsroom(() => startBrowser(chromium));
  const newChannel = async () => (await room.coverage()).id;
  const publish = (channelId: string, ...bodies: string[]) => room.publish(channelId, ...bodies);
  /** The channel’s page, once it is live. */
  const open = (channelId: string, search = '') => room.open(channelId + search);

  it('has JSON-LD for search engines until the first change, and then nothing of a post that was taken down', async () => {
    const channelId = await newChannel();
    const [stays, goes] = (await publish(channelId, 'It stays.', 'A zqsecretqz.')) as [string, string];
    const { page, complaints } = await open(channelId);
    const jsonLd = page.locator('script[type="application/ld+json"]');
    expect(JSON.parse((await jsonLd.textContent()) ?? '')).toMatchObject({
      '@type': 'LiveBlogPosting',
      liveBlogUpdate: [{ articleBody: 'A zqsecretqz.' }, { articleBody: 'It stays.' }],
    });
    await room.author.takedown(channelId, goes, { note: 'By order.' });
    await post(page, goes).getByText('By order.').waitFor();
    expect(await page.content()).not.toContain('zqsecretqz');
    expect(await jsonLd.count()).toBe(0);
    await post(page, stays).getByText('It stays.').waitFor();
    expect(complaints).toEqual([]);
  });

  it('leaves a tombstone with the reason when a post is retracted', async () => {
    const channelId = await newChannel();
    const [id] = (await publish(channelId, 'A rumour.')) as [string];
    await room.author.pin(channelId, id);
    const { page, complaints } = await open(channelId);
    await page.locator('#pinned .opening').waitFor();
    await room.author.retract(channelId, id, { note: 'It was only a rumour that we misheard.' });

    await post(page, id).getByText('It was only a rumour that we misheard.').waitFor();
    expect(await textOf(post(page, id))).toContain('Retracted');
    await eventually(async () => expect(await textOf(page.locator('#pinned'))).toBe(''));
    expect(await page.content()).not.toContain('A rumour.');
    expect(complaints).toEqual([]);
  });

  it('removes every trace of a text from the open page when it is taken down', async () => {
    const channelId = await newChannel();
    const fields: NewPost = {
      body: 'The secret address.',
      headline: 'The secret headline',
      keyEvent: true,
      kind: 'summary',
      media: [{ type: 'link', url: 'https://example.org/secret-link', title: 'Secret link' }],
    };
    const shown = await room.author.publish(channelId, fields);
    await room.author.pin(channelId, shown.post.id);
    const { page, complaints } = await open(channelId);
    const pushed = await room.author.publish(channelId, { ...fields, media: [] });
    await post(page, pushed.post.id).waitFor({ state: 'attached' });
    await announced(page, 'secret');
    for (const { post } of [shown, pushed]) await room.author.takedown(channelId, post.id);

    for (const { post: gone } of [shown, pushed]) await post(page, gone.id).and(page.locator('.withdrawn')).waitFor();
    await eventually(async () => expect((await page.content()).toLowerCase()).not.toContain('secret'));
    expect(complaints).toEqual([]);
  });

  it('moves nothing that is being read, and holds new posts back until the reader requests them', async () => {
    const channelId = await newChannel();
    const long = 'Some words that fill a few lines of the page. '.repeat(12);
    const ids = await publish(channelId, ...Array.from({ length: 12 }, () => long));
    const { page, complaints } = await open(channelId);
    const reading = post(page, ids[4] as string);
    await reading.evaluate((element) => {
      // Turns off the browser’s own scroll anchoring, which not every browser has.
      element.ownerDocument.documentElement.style.setProperty('overflow-anchor', 'none');
      element.scrollIntoView({ block: 'center' });
    });
    const topOf = () => reading.evaluate((element) => Math.round(element.getBoundingClientRect().top));
    const before = await topOf();

    const added = await publish(channelId, 'New one.', 'New two.');
    const above = ids[11] as string;
    await room.author.correct(channelId, above, 1, { note: 'It is longer.', changes: { body: long.repeat(4) } });
    await eventually(async () => expect(await post(page, above).getAttribute('data-revision')).toBe('2'));
    await page.getByRole('button', { name: '2 new posts, 1 correction' }).waitFor();
    await announced(page, /[12] new posts?, 1 correction|^Correction to a post: It is longer\.$/m);
    expect(await page.title()).toMatch(/^\(3\) /);
    expect(await page.content()).not.toContain('New one.');
    expect(Math.abs((await topOf()) - before)).toBeLessThanOrEqual(1);

    await room.author.retract(channelId, added[0] as string, { note: 'Not so.' });
    await page.getByRole('button', { name: '1 new post, 1 correction' }).click();
    await post(page, added[1] as string).waitFor();
    expect(await textOf(page.locator('#posts'))).toContain('Not so.');
    expect(await page.locator('#new-posts').isVisible()).toBe(false);
    expect(await page.title()).not.toMatch(/^\(/);
    expect(await page.locator(':focus').getAttribute('id')).toBe(`post-${added[1]}`);
    expect(complaints).toEqual([]);
  });

  it('lets new posts come in after a minute without a scroll, press or key, unless updates are paused', async () => {
    const channelId = await newChannel();
    await publish(channelId, ...Array.from({ length: 6 }, () => few));
    const { page, complaints } = await room.browser.page({ viewport: { width: 390, height: 844 } });
    await page.clock.install();
    await page.goto(`${room.server.url}/live/${channelId}`);
    await isLive(page);
    const button = page.getByRole('button', { name: '1 new post' });
    const [first] = await publish(channelId, few);
    await post(page, first).waitFor();

    await page.evaluate("scrollBy({ top: 90, behavior: 'instant' })");
    await drawn(page);
    const [second] = await publish(channelId, few);
    await button.waitFor();
    expect(await post(page, second).count()).toBe(0);
    await page.clock.fastForward(60_000);
    await post(page, second).waitFor();

    await page.getByRole('button', { name: 'Pause updates' }).click();
    const resume = page.getByRole('button', { name: 'Resume updates' });
    await resume.waitFor();
    await page.clock.fastForward(60_000);
    const [third] = await publish(channelId, few);
    await button.waitFor();
    await page.clock.fastForward(60_000);
    expect(await post(page, third).count()).toBe(0);
    await resume.click();
    expect(await post(page, third).count()).toBe(0);
    await page.clock.fastForward(60_000);
    await post(page, third).waitFor();
    expect(complaints).toEqual([]);
  });

  it('leaves the controls beside the new-posts button accessible on a phone, even with the widest letters', async () => {
    const channelId = await newChannel();
    const ids = await publish(channelId, ...Array.from({ length: 9 }, () => few));
    for (const path of ['/live/', '/embed/']) {
      const { page } = await room.browser.page({ viewport: { width: 390, height: 844 } });
      await page.goto(room.server.url + path + channelId);
      await page.locator(':is(#connection, .status)[data-state="live"]').waitFor();
      const wide = '.new-posts { font: 600 14px monospace !important; letter-spacing: 4px }';
      await page.evaluate(`{
        const root = document.querySelector('pressbox-live')?.shadowRoot ?? document;
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(${JSON.stringify(wide)});
        root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
      }`);
      const posts = page.locator(':is(#posts, .posts)');
      await posts
        .locator(':scope > .post')
        .nth(6)
        .evaluate((element) => element.scrollIntoView());
      const above = await room.author.getPost(channelId, ids[8] as string);
      await room.author.correct(channelId, above.id, above.revision, { note: 'So.', changes: { body: `${path} ${few}` } });
      await publish(channelId, few);
      const button = page.getByRole('button', { name: /1 new post, 1 correction/ });
      await button.waitFor();
      const [inner, outer] = [await button.boundingBox(), await posts.boundingBox()];
      expect((inner?.x ?? 0) - (outer?.x ?? 0)).toBeGreaterThanOrEqual(24);
      expect((outer?.x ?? 0) + (outer?.width ?? 0) - (inner?.x ?? 0) - (inner?.width ?? 0)).toBeGreaterThanOrEqual(24);
      expect(inner?.height).toBeGreaterThanOrEqual(44);
      expect(await button.evaluate((element) => element.scrollHeight <= element.clientHeight)).toBe(true);
    }
  });

  it('moves the text being read by at most a pixel, however often the posts above grow by a line', async () => {
    const channelId = await newChannel();
    const ids = await publish(channelId, ...Array.from({ length: 8 }, () => few));
    const { page } = await open(channelId);
    // Turns off the browser’s own scroll anchoring. The height of a line is rarely a whole number of pixels.
    await page.evaluate(`document.documentElement.style.overflowAnchor = 'none'`);
    const style = 'p { line-height: 25.6px !important; font-size: 16px !important }';
    await page.evaluate(`document.adoptedStyleSheets = [Object.assign(new CSSStyleSheet(), {})];
      document.adoptedStyleSheets[0].replaceSync(${JSON.stringify(style)})`);
    await post(page, ids[2]).evaluate((element) => element.scrollIntoView({ block: 'center' }));
    const before = await topOf(page, ids[2]);
    const above = ids[7] as string;
    for (let nth = 1; nth <= 8; nth += 1) {
      await room.author.revise(channelId, above, nth, {
        kind: 'refile',
        changes: { body: `${few}\n\n${'More.\n\n'.repeat(nth)}` },
      });
      await post(page, above)
        .and(page.locator(`[data-revision="${nth + 1}"]`))
        .waitFor({ state: 'attached' });
    }
    expect(Math.abs((await topOf(page, ids[2])) - before)).toBeLessThanOrEqual(1);
  });

  it('counts and announces a correction even if a typo was fixed before the page received either', async () => {
    const { author } = room;
    const channelId = await newChannel();
    const ids = await publish(channelId, ...Array.from({ length: 12 }, () => 'Some words that fill a few lines. '.repeat(20)));
    const { page } = await open(channelId);
    await post(page, ids[4]).evaluate((element) => element.scrollIntoView());
    await page.context().setOffline(true);
    await room.server.restart();
    await page.locator('#connection:not([data-state="live"])').waitFor();
    const above = ids[11] as string;
    await author.correct(channelId, above, 1, { note: 'It is shut.', changes: { body: 'The bridge is shhut.' } });
    await author.revise(channelId, above, 2, { kind: 'refile', changes: { body: 'The bridge is shut.' } });
    await page.context().setOffline(false);
    await eventually(async () => expect(await post(page, above).getAttribute('data-revision')).toBe('3'));
    await page.getByRole('button', { name: '1 correction' }).waitFor();
    await announced(page, 'Correction to a post: It is shut.');
    // A reader who has scrolled there needs no button.
    await post(page, above).evaluate((element) => element.scrollIntoView());
    await page.locator('#new-posts').waitFor({ state: 'hidden' });
  });

  it('shows a key event and a summary together with their posts, and leads from them to a post without leaving the page', async () => {
    const channelId = await newChannel();
    const ids = await publish(channelId, ...Array.from({ length: 12 }, () => 'Some words that fill a few lines. '.repeat(20)));
    const { page, complaints } = await open(channelId);
    await page.evaluate('window.samePage = true');
    for (const way of ['key event', 'summary'] as const) {
      await post(page, ids[4]).evaluate((element) => element.scrollIntoView());
      const { post: waits } = await room.author.publish(channelId, { headline: `By ${way}`, keyEvent: way === 'key event' });
      if (way === 'summary') await room.author.publish(channelId, { kind: way, body: 'So far.', derivedFrom: [waits.id] });
      const link = way === 'summary' ? page.locator('#summary .derived a') : page.locator('#key-events a', { hasText: way });
      await page.getByRole('button', { name: way === 'summary' ? '2 new posts' : '1 new post' }).waitFor();
      expect([await post(page, waits.id).count(), await link.count()]).toEqual([0, 0]);
      await page.locator('#new-posts').click();
      if (way === 'summary') await page.locator('#summary details > summary').click();
      await post(page, ids[4]).evaluate((element) => element.scrollIntoView());
      await link.click();
      await eventually(async () => expect(Math.round(await topOf(page, waits.id))).toBe(48));
      expect(await page.evaluate('window.samePage')).toBe(true);
    }
    expect(complaints).toEqual([]);
  });

  it('finds a post of any age by the fragment of its address, and adds older posts without moving the reader', async () => {
    const channelId = await newChannel();
    const ids = await publish(channelId, ...Array.from({ length: 45 }, (_, at) => `Number ${at}. ${few}`));
    const { page, complaints } = await open(channelId);
    const older = page.getByRole('link', { name: 'Older posts' });
    const last = post(page, ids[25]);
    await older.evaluate((link) => link.scrollIntoView({ block: 'center' }));
    await drawn(page);
    const before = await topOf(page, ids[25]);
    await older.press('Enter');
    await post(page, ids[24]).and(page.locator(':focus')).waitFor();
    await drawn(page);
    expect([await last.isVisible(), Math.abs((await topOf(page, ids[25])) - before) < 2]).toEqual([true, true]);

    for (const isOpen of [false, true]) {
      if (isOpen) await page.evaluate(`location.hash = 'post-${ids[1]}'`);
      else await page.goto(`${room.server.url}/live/${channelId}?#post-${ids[2]}`);
      const sought = post(page, ids[isOpen ? 1 : 2]);
      await sought.and(page.locator(':focus')).waitFor();
      expect(await sought.evaluate((element) => element.getBoundingClientRect().top)).toBeLessThan(700);
    }
    expect(complaints).toEqual([]);
  });

  it('loads older posts without leaving the page, and keeps them up to date', async () => {
    const channelId = await newChannel();
    const ids = await publish(channelId, ...Array.from({ length: 25 }, (_, at) => `Post number ${at + 1}.`));
    const { page, complaints } = await open(channelId);
    await page.getByRole('link', { name: 'Older posts' }).click();
    await post(page, ids[0] as string).waitFor();
    expect(await page.locator('#posts > .post').count()).toBe(25);
    expect(await page.getByRole('link', { name: 'Older posts' }).count()).toBe(0);
    await room.author.correct(channelId, ids[0] as string, 1, {
      note: 'It was the zeroth.',
      changes: { body: 'Post number 0.' },
    });
    await post(page, ids[0] as string)
      .getByText('Post number 0.')
      .waitFor();
    expect(complaints).toEqual([]);
  });

  it('stays and says that it is offline when older posts are requested, and loads them later', async () => {
    const channelId = await newChannel();
    await publish(channelId, ...Array.from({ length: 25 }, (_, at) => `Post number ${at + 1}.`));
    const { page, complaints } = await open(channelId);
    await page.evaluate('window.samePage = true');
    await page.context().setOffline(true);
    await page.getByRole('link', { name: 'Older posts' }).click();
    await announced(page, 'Offline, as of');
    await page.context().setOffline(false);
    await isLive(page);
    await page.getByRole('link', { name: 'Older posts' }).click();
    await page.getByText('Post number 1.').waitFor();
    expect(await page.evaluate('window.samePage')).toBe(true);
    expect(complaints).toEqual([]);
  });

  it('shows its age when it comes from the browser’s cache and the server does not answer', async () => {
    const channelId = await newChannel();
    await publish(channelId, 'The bridge is open.');
    const address = `${room.server.url}/live/${channelId}`;
    // The page comes from the cache, as after going back, and the server cannot be reached.
    const body = await (await fetch(address)).text();
    const { page } = await room.browser.page();
    await page.route(address, (route) => route.fulfill({ body, contentType: 'text/html' }));
    await page.routeWebSocket(/.*/, (socket) => socket.close());
    await page.route(`${room.server.url}/v1/**`, (route) => route.abort());
    await page.clock.setFixedTime(Date.now() + 24 * 3_600_000);
    await page.goto(address);
    const age = /^Reconnecting, as of \w+ \d+, \d{4}, \d\d:\d\d UTC$/;
    await eventually(async () => expect(await textOf(page.locator('#connection-text'))).toMatch(age));
  });

  it('hides nothing behind the bar when going backwards with the keyboard', async () => {
    const channelId = await newChannel();
    const words = 'Some words that fill a few lines of the page. '.repeat(4);
    await publish(channelId, ...Array.from({ length: 12 }, () => `${words}[there](https://example.org).`));
    const { page } = await open(channelId);
    await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)');
    await page.locator('#posts .body a').last().focus();
    for (let back = 0; back < 25; back += 1) {
      await page.keyboard.press('Shift+Tab');
      const hidden = await page.evaluate(`(() => {
        const { activeElement } = document;
        const bar = document.querySelector('.bar');
        const seen = activeElement.getBoundingClientRect().top - bar.getBoundingClientRect().bottom;
        return seen < 0 ? activeElement.outerHTML : undefined;
      })()`);
      expect(hidden).toBe(undefined);
    }
  });

  it('stays on the page when the server is unreachable but the network works', async () => {
    const channelId = await newChannel();
    await publish(channelId, ...Array.from({ length: 25 }, (_, at) => `Post number ${at + 1}.`));
    await using proxy = await startObstacles(room.server.url);
    const { page } = await room.browser.page();
    await page.goto(`${proxy.url}/live/${channelId}`);
    await isLive(page);
    Object.assign(proxy, { requests: 'refused', streams: 'refused', webSockets: 'refused' });
    proxy.cut();
    await page.locator('#connection[data-state="waiting"]').waitFor();
    await listenTo(page);
    await page.getByRole('link', { name: 'Older posts' }).click();
    await announced(page, 'Reconnecting, as of');
    await page.getByText('Post number 25.').waitFor();
    Object.assign(proxy, { requests: 'free', streams: 'free', webSockets: 'free' });
    await isLive(page);
    await page.getByRole('link', { name: 'Older posts' }).click();
    await page.getByText('Post number 1.').waitFor();
  });

  it('keeps a page of older posts up to date without adding newer ones', async () => {
    const channelId = await newChannel();
    const ids = await publish(channelId, ...Array.from({ length: 25 }, (_, at) => `Post number ${at + 1}.`));
    const oldest = await room.author.getPost(channelId, ids[5] as string);
    const { page, complaints } = await open(channelId, `?before=${oldest.seq}`);
    expect(await page.locator('#posts > .post').count()).toBe(5);
    const [newest] = (await publish(channelId, 'Brand new.')) as [string];
    await room.author.correct(channelId, ids[20] as string, 1, { note: 'Elsewhere.', changes: { body: 'Corrected elsewhere.' } });
    await room.author.correct(channelId, ids[2] as string, 1, { note: 'Here.', changes: { body: 'Corrected here.' } });
    await post(page, ids[2] as string)
      .getByText('Corrected here.')
      .waitFor();
    expect(await page.locator('#posts > .post').count()).toBe(5);
    expect(await post(page, newest).count()).toBe(0);
    // A changed post that is not on the page is not counted, nor one whose note is in view.
    await post(page, ids[2]).evaluate((element) => element.scrollIntoView({ block: 'center' }));
    await eventually(async () => expect(await textOf(page.locator('#new-posts'))).toBe('↑ 1 new post'));
    await room.author.takedown(channelId, newest);
    await page.locator('#new-posts').waitFor({ state: 'hidden' });
    expect(complaints).toEqual([]);
  });

  it('counts new posts above a page of older posts until they have been seen, and goes to the newest of them', async () => {
    const channelId = await newChannel();
    const ids = await publish(channelId, ...Array.from({ length: 3 }, (_, at) => `Post number ${at + 1}.`));
    const newest = await room.author.getPost(channelId, ids[2] as string);
    const { page, complaints } = await open(channelId, `?before=${newest.seq}`);
    await publish(channelId, ...Array.from({ length: 30 }, (_, at) => `New number ${at + 1}.`));
    await page.getByRole('button', { name: '30 new posts' }).waitFor();
    await page.getByRole('link', { name: 'Newer posts' }).click();
    await page.getByText('New number 19.').waitFor();
    expect(await page.locator('#posts > .post').count()).toBe(22);
    const seen = await page.evaluate<number>(`[...document.querySelectorAll('#posts > .post')].filter((post) => {
      const { top, bottom } = post.querySelector('.line').getBoundingClientRect();
      return post.textContent.includes('New number') && top >= 36 && bottom <= innerHeight - 64;
    }).length`);
    expect(seen).toBeGreaterThan(0);
    await page.getByRole('button', { name: `${30 - seen} new posts` }).waitFor();
    expect(await page.title()).toMatch(RegExp(`^\\(${30 - seen}\\) `));
    await page.evaluate('window.samePage = true');
    await page.locator('#new-posts').click();
    await page.getByText('New number 30.').waitFor();
    expect(
      await page
        .locator('#posts > .post')
        .first()
        .evaluate((element) => element.matches(':focus')),
    ).toBe(true);
    expect(await page.evaluate('window.samePage')).toBe(true);
    expect(complaints).toEqual([]);
  });

  it('follows changes of the channel: its headline, its end, and its deletion', async () => {
    const channelId = await newChannel();
    await publish(channelId, 'The only post.');
    const admin = new AuthorClient({ url: room.server.url, token: await room.server.token({ admin: true }) });
    const { page, complaints } = await open(channelId);
    const change = { kind: 'correction' as const, note: 'It was the other coast.' };
    await room.author.updateChannel(channelId, '*', { headline: 'The right headline', state: 'ended', change });
    await page.getByRole('heading', { name: 'The right headline' }).waitFor();
    expect(await page.title()).toBe('The right headline');
    expect(await textOf(page.locator('.masthead'))).toContain('It was the other coast.');
    expect(await textOf(page.locator('#state'))).toMatch(/This coverage ended/);
    expect(await textOf(page.locator('#connection'))).toBe('Up to date');

    await admin.deleteChannel(channelId);
    await page.getByRole('heading', { name: 'This coverage was deleted' }).waitFor();
    expect(await page.locator('#connection-text').textContent()).toBe('This coverage was deleted');
    expect(await page.content()).not.toContain('The only post.');
    expect(complaints).toEqual([]);
  });

  it('removes a deleted channel from the page and its head, and the stored visit', async () => {
    const leftOf = (page: Page) => page.evaluate<string>('JSON.stringify(localStorage)');
    for (const below of ['', 'post'] as const) {
      const { id, ids } = await room.coverage([{ headline: 'Thirteen zqships', body: 'A zqword.' }]);
      const { page } = await room.open(below === '' ? id : `${id}/${ids[0]}`);
      await hide(page, true);
      await hide(page, false);
      expect(await leftOf(page)).toContain('pressbox-left');
      await room.author.deleteChannel(id);
      await page.getByRole('heading', { name: 'This coverage was deleted' }).waitFor();
      expect(await page.title()).toBe('This coverage was deleted');
      expect(await page.content()).not.toContain('zq');
      expect(await leftOf(page)).not.toContain('pressbox-left');
    }
  });

  it('shows the picture of the channel, reserves its space, and follows a change of it', async () => {
    const url = 'https://example.org/harbour.jpg?1600x900';
    const picture = { url, alt: 'The harbour in smoke', caption: 'This morning', credit: 'Ada Byron', width: 1600, height: 900 };
    const { id } = await room.coverage(['One.'], { picture });
    const { page } = await room.open(id, { viewport: { width: 390, height: 800 } });
    const image = page.getByRole('img', { name: 'The harbour in smoke' });
    const box = await image.boundingBox();
    expect([box?.x, box?.width, Math.round(box?.height ?? 0)]).toEqual([0, 390, 219]);
    expect(await textOf(page.locator('#masthead figcaption'))).toBe('This morning Ada Byron');
    await page.setViewportSize({ width: 1280, height: 800 });
    const [beside, headline] = [await image.boundingBox(), await page.locator('h1').boundingBox()];
    expect(beside!.x).toBeGreaterThanOrEqual(headline!.x + headline!.width);

    const change = { kind: 'correction', note: 'This is the other harbour.' } as const;
    await room.author.updateChannel(id, '*', { picture: { url, alt: 'The other harbour' }, change });
    await page.getByRole('img', { name: 'The other harbour' }).waitFor();
    await page.locator('#masthead').getByText('This is the other harbour.').waitFor();
    expect(await page.locator('#masthead figcaption').count()).toBe(0);
    await room.author.updateChannel(id, '*', { picture: null });
    await page.locator('#masthead img').waitFor({ state: 'detached' });
  });

  it('shows when it begins or when it ended beside its state, like the list of channels, and in print', async () => {
    const { id } = await room.coverage([], { state: 'scheduled', startsAt: '2031-03-01T09:00:00.000Z' });
    const { page } = await open(id);
    const isInLine = (state: Locator) =>
      state.evaluate((line) => {
        const { top, bottom } = line.getBoundingClientRect();
        return [...line.children].every((part) => {
          const place = part.getBoundingClientRect();
          return place.height > 0 && place.top >= top && place.bottom <= bottom;
        });
      });
    for (const [sentence, listed] of [
      ['Begins Mar 1, 2031, 09:00 UTC', 'Begins Mar 1, 2031, 09:00 UTC'],
      ['This coverage ended', 'Ended'],
    ] as const) {
      await page.goto(`${room.server.url}/live/${id}`);
      const head = page.locator('#state', { hasText: sentence });
      expect(await isInLine(head)).toBe(true);
      await page.emulateMedia({ media: 'print' });
      expect(await isInLine(head)).toBe(true);
      await page.emulateMedia({ media: 'screen' });
      await page.goto(room.server.url);
      expect(await isInLine(page.locator(`[data-channel="${id}"] .latest`, { hasText: listed }))).toBe(true);
      for (const state of ['live', 'ended'] as const) await room.author.updateChannel(id, '*', { state });
    }
  });

  it('begins with the final summary once it has ended, and no longer shows a dot', async () => {
    const { id } = await room.coverage([]);
    await room.author.publish(id, { headline: 'The key', body: 'x', keyEvent: true });
    await room.author.publish(id, { kind: 'summary', body: 'What it came to.' });
    const { page, complaints } = await open(id);
    const above = () => page.locator('.side > :not(:empty)').evaluateAll((sections) => sections.map((section) => section.id));
    const hasDot = async () =>
      (await page.evaluate<string>(`getComputedStyle(document.getElementById('connection-text'), '::before').content`)) !==
      'none';
    expect([await above(), await hasDot()]).toEqual([['key-events', 'summary'], true]);
    await room.author.updateChannel(id, '*', { state: 'ended' });
    await page.locator('#state .badge.ended').waitFor();
    expect(await hasDot()).toBe(false);
    await page.reload();
    await isLive(page);
    expect([await above(), await hasDot()]).toEqual([['summary', 'key-events'], false]);
    await page.goto(`${room.server.url}/embed/${id}`);
    await page.locator('.status[data-state="live"]').waitFor();
    expect(await page.locator('.status .connection').isHidden()).toBe(true);
    expect(await page.locator('.status').textContent()).toMatch(/^Ended .*This coverage ended /);
    expect(complaints).toEqual([]);
  });

  it('keeps the list of channels and shows its age when a captive portal answers', async () => {
    const { id } = await room.coverage();
    const { page, complaints } = await room.browser.page();
    await page.clock.install();
    await page.goto(room.server.url);
    const connection = page.locator('#connection-text');
    await page.route(`${room.server.url}/`, (route) => route.fulfill({ contentType: 'text/html', body: '<h1>The hotel</h1>' }));
    await page.clock.fastForward(25_000);
    await eventually(async () => expect(await connection.textContent()).toMatch(/^Reconnecting, as of /));
    expect(await page.locator(`[data-channel="${id}"]`).count()).toBe(1);
    await page.unrouteAll();
    await page.evaluate(`dispatchEvent(new Event('online'))`);
    await eventually(async () => expect(await connection.textContent()).toBe('Up to date'));
    // A deleted channel is removed from the list.
    await room.author.deleteChannel(id);
    await page.clock.fastForward(25_000);
    await page.locator(`[data-channel="${id}"]`).waitFor({ state: 'detached' });
    expect(complaints).toEqual([]);
  });
});

describeWith(needs.chromium, 'the live page over a whole day', (chromium) => {
  it('ends identical to a freshly opened page, byte for byte in its posts, despite disconnections', async () => {
    await using browser = await startBrowser(chromium);
    await using server = await startTestServer();
    const author = new AuthorClient({ url: server.url, token: await server.token() });
    const day = sampleDay(7, { posts: 90, changes: 60 });
    await openSampleDay(author, day);
    const parts = [0, 15, 60, 90, 200];
    const play = (part: number) => playSampleDay(author, day, day.commands.slice(parts[part], parts[part + 1]));
    await play(0);
    const { page, complaints } = await browser.page();
    await page.goto(`${server.url}/live/${day.channel.id}`);
    await page.locator('#connection[data-state="live"]').waitFor();
    await play(1);
    await page.context().setOffline(true);
    await play(2);
    await page.context().setOffline(false);
    await play(3);

    const later = await browser.page();
    await later.page.goto(`${server.url}/live/${day.channel.id}`);
    await later.page.locator('#connection[data-state="live"]').waitFor();
    while ((await later.page.locator('#older a').count()) > 0) {
      const before = await later.page.locator('#posts > .post').count();
      await later.page.locator('#older a').click();
      await eventually(async () => expect(await later.page.locator('#posts > .post').count()).toBeGreaterThan(before));
    }
    const regions = ['#posts', '#pinned', '#summary', '#key-events', '#masthead'];
    const stateOf = async (of: Page) =>
      Promise.all(regions.map(async (region) => markupOf(await of.locator(region).innerHTML())));
    const expected = await stateOf(later.page);
    // The newest summary stands above the others.
    expect(`${expected[0]}${expected[2]}`.match(/<article/g)).toHaveLength(90);
    await eventually(async () => expect(await stateOf(page)).toEqual(expected));
    expect([...complaints, ...later.complaints]).toEqual([]);
  });
});

/** Without the mark for new posts, which is not part of the text. */
function markupOf(html: string): string {
  return html.replace(/ fresh"/g, '"');
}

describeWith(needs.chromium, 'the live page of a server restored from a backup', (chromium) => {
  it('shows the restored history, and holds its new posts back from a reader', async () => {
    await using browser = await startBrowser(chromium);
    await using server = await startServerProcess();
    const author = new AuthorClient({ url: server.url, token: await server.token({ editor: ['*'] }) });
    const { channel } = await author.createChannel({ headline: 'Harbour fire', state: 'live' });
    const body = 'Some words that fill a few lines of the page. '.repeat(20);
    const publish = async (headline: string) => (await author.publish(channel.id, { headline, body })).post.id;
    const first = await publish('Report 1');
    for (let nth = 2; nth <= 7; nth += 1) await publish(`Report ${nth}`);
    const above = await publish('Report 8');
    await server.stop();
    await using copy = await server.store.copy();
    await server.start();
    for (const headline of ['Lost', 'Lost, too', 'Lost as well']) await publish(headline);
    const { page, complaints } = await browser.page();
    await page.goto(`${server.url}/live/${channel.id}`);
    await isLive(page);
    await page.getByRole('heading', { name: 'Lost as well' }).waitFor();
    await post(page, first).evaluate((element) => element.scrollIntoView({ block: 'end' }));
    await author.correct(channel.id, above, 1, { note: 'Not so.', changes: { headline: 'Corrected' } });
    await page.getByRole('button', { name: '1 correction' }).waitFor();

    await server.stop();
    await copy.putBack();
    await server.start();
    // The longest pause between two attempts is half a minute.
    await page.getByRole('heading', { name: 'Corrected' }).waitFor({ state: 'detached', timeout: 90_000 });
    expect(await page.locator('#posts > .post').count()).toBe(8);
    // The lost correction is gone.
    expect(await page.locator('#new-posts').isVisible()).toBe(false);
    await post(page, first).evaluate((element) => element.scrollIntoView({ block: 'end' }));
    const added = await publish('New');
    await page.getByRole('button', { name: '1 new post' }).waitFor();
    expect(await post(page, added).count()).toBe(0);
    // A page that reconnects while the server starts gets 503.
    expect(complaints.filter((complaint) => !complaint.includes('status of 503'))).toEqual([]);
  });
});

import { expect, it } from 'vitest';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { strictPolicy } from '../../support/servers/host-page.ts';
import { drawn, startBrowser } from '../browser.ts';
import { eventually, post } from '../newsroom.ts';
import { areLive, siteAround, tag } from '../site-around.ts';

describeWith(needs.chromium, 'readers of an element', (chromium) => {
  const site = siteAround(() => startBrowser(chromium));
  const { room, script, open } = site;

  it('are not moved by new posts: a button counts them and shows them', async () => {
    const { id: channelId } = await room.coverage();
    const long = { body: 'Some words that fill a few lines of the page. '.repeat(12) };
    const ids = await room.publish(channelId, ...Array.from({ length: 12 }, () => long));
    const { page, complaints } = await open(`<p>Before.</p>${tag(channelId)}<p>After.</p>${script()}`);
    await areLive(page);
    const reading = post(page, ids[4]);
    await reading.evaluate((element) => element.scrollIntoView({ block: 'center' }));
    const topOf = () => reading.evaluate((element) => Math.round(element.getBoundingClientRect().top));
    const before = await topOf();
    const added = await room.publish(channelId, { body: 'New one.' }, { body: 'New two.' });
    await room.author.correct(channelId, ids[11] as string, 1, { note: 'Longer.', changes: { body: long.body.repeat(3) } });
    const button = page.getByRole('button', { name: '2 new posts, 1 correction' });
    await button.waitFor();
    expect(Math.abs((await topOf()) - before)).toBeLessThanOrEqual(1);
    expect(await post(page, added[0]).count()).toBe(0);
    await button.click();
    await post(page, added[1]).waitFor();
    expect(await button.count()).toBe(0);
    const focused = () => page.locator('pressbox-live').evaluate((element) => element.shadowRoot?.activeElement?.id);
    expect(await focused()).toBe(`post-${added[1]}`);
    // Page Down and Page Up move between posts.
    await page.keyboard.press('PageDown');
    expect(await focused()).toBe(`post-${added[0]}`);
    await page.keyboard.press('PageUp');
    expect(await focused()).toBe(`post-${added[1]}`);
    expect(complaints).toEqual([]);
  });

  it('start at the post that a permanent link names', async () => {
    const { id: channelId } = await room.coverage();
    const ids = await room.publish(channelId, ...Array.from({ length: 8 }, (_, at) => ({ body: `Number ${at}. `.repeat(200) })));
    const url = site.host.put('/permanent', `${tag(channelId)}${script()}`, { policy: strictPolicy(room.server.url) });
    const { page } = await room.browser.page();
    await page.goto(`${url}#post-${ids[2]}`);
    await eventually(async () => expect(Math.abs((await post(page, ids[2]).boundingBox())?.y ?? 99)).toBeLessThan(20));
  });

  it('can page to older posts', async () => {
    const { id: channelId } = await room.coverage();
    const ids = await room.publish(channelId, ...Array.from({ length: 8 }, (_, at) => ({ body: `Number ${at}.` })));
    const { page } = await open(`${tag(channelId, 'limit="5"')}${script()}`);
    await areLive(page);
    expect(await page.locator('.posts > .post').count()).toBe(5);
    await page.getByRole('button', { name: 'Older posts' }).click();
    await post(page, ids[0]).waitFor();
    expect(await page.getByRole('button', { name: 'Older posts' }).count()).toBe(0);
    const first = page.locator('.posts > .post').first();
    expect([await first.getAttribute('aria-posinset'), await first.getAttribute('aria-setsize')]).toEqual(['1', '8']);
  });

  it('reach a post of any age from key events, the pinned post, a text and the address, and return to the newest', async () => {
    const { id: channelId } = await room.coverage();
    const [far] = await room.publish(channelId, { headline: 'The beginning', keyEvent: true, body: 'Long ago.' });
    const middle = await room.publish(channelId, ...Array.from({ length: 6 }, (_, at) => ({ body: `Number ${at}.` })));
    const latest = await room.publish(channelId, ...Array.from({ length: 20 }, (_, at) => ({ body: `Later ${at}.` })));
    await room.publish(channelId, { body: `As [told before](post:${middle[1]}).` });
    await room.author.pin(channelId, middle[4] as string);
    const { page, complaints } = await open(`${tag(channelId, 'limit="4"')}${script()}`);
    await areLive(page);
    const shown = () => page.locator('.posts > .post').evaluateAll((all) => all.map(({ id }) => id));
    const focused = () => page.locator('pressbox-live').evaluate((element) => element.shadowRoot?.activeElement?.id);
    expect(await shown()).not.toContain(`post-${far}`);
    await page.getByRole('link', { name: 'The beginning' }).click();
    await eventually(async () => expect(await focused()).toBe(`post-${far}`));
    expect(await shown()).toEqual([`post-${far}`]);
    expect(page.url()).toContain(site.host.url);

    // New posts wait above and are counted. Paging up keeps the reading position.
    const added = await room.publish(channelId, { body: 'Meanwhile.' });
    const news = page.getByRole('button', { name: '1 new post' });
    await news.waitFor();
    expect(await shown()).toEqual([`post-${far}`]);
    await page.getByRole('button', { name: 'Newer posts' }).click();
    await post(page, middle[0]).waitFor();
    expect((await shown()).at(-1)).toBe(`post-${far}`);
    await news.click();
    await eventually(async () => expect(await focused()).toBe(`post-${added[0]}`));
    expect(await shown()).not.toContain(`post-${far}`);
    expect(await page.getByRole('button', { name: 'Newer posts' }).count()).toBe(0);

    await page.locator('.pinned summary').click();
    await page.locator('.pinned .when').click();
    await eventually(async () => expect(await focused()).toBe(`post-${middle[4]}`));
    await page.getByRole('button', { name: 'Newest posts' }).click();
    await eventually(async () => expect(await focused()).toBe(`post-${added[0]}`));
    await page.getByRole('link', { name: 'told before' }).click();
    await eventually(async () => expect(await focused()).toBe(`post-${middle[1]}`));
    await page.evaluate(`location.hash = 'post-${latest[0]}'`);
    await eventually(async () => expect(await focused()).toBe(`post-${latest[0]}`));
    // A post of another channel changes nothing.
    const unknown = '00000000-0000-7000-8000-000000000000';
    const answered = page.waitForResponse((answer) => answer.url().includes(unknown));
    await page.evaluate(`location.hash = 'post-${unknown}'`);
    expect((await answered).status()).toBe(404);
    await eventually(async () => expect(await page.locator('.posts').getAttribute('aria-busy')).toBe('false'));
    expect(await focused()).toBe(`post-${latest[0]}`);
    expect(await page.locator('[role="alert"]').count()).toBe(0);
    expect(complaints.filter((line) => !line.includes('404'))).toEqual([]);
  });

  it('scroll within the element if it is configured so, and can switch the channel', async () => {
    const [{ id: one }, { id: two }] = [await room.coverage(), await room.coverage()];
    await room.publish(one, ...Array.from({ length: 12 }, (_, at) => ({ body: `Number ${at}.` })));
    await room.publish(two, { body: 'Of the other.' });
    const { page } = await open(`${tag(one, 'scroll hold')}${script()}`);
    await areLive(page);
    expect((await page.locator('pressbox-live').boundingBox())?.height).toBe(576);
    await room.publish(one, { body: 'One that waits.' });
    await page.getByRole('button', { name: '1 new post' }).waitFor();
    await page.locator('pressbox-live').evaluate((element, channel) => element.setAttribute('channel', channel), two);
    await page.getByText('Of the other.').waitFor();
    expect(await page.getByText('Number 11.').count()).toBe(0);
  });

  it('miss nothing when the channel is switched while older posts are loading', async () => {
    const [one, two] = [
      await room.coverage(Array.from({ length: 12 }, (_, at) => `Number ${at}.`)),
      await room.coverage(['Other.']),
    ];
    const { page } = await open(`${tag(one.id, 'limit="5"')}${script()}`);
    await areLive(page);
    const asked = page.waitForRequest(/\/posts\?before=/);
    await page.route(/\/posts\?before=/, () => {});
    await page.getByRole('button', { name: 'Older posts' }).click();
    await asked;
    await page.locator('pressbox-live').evaluate((element, channel) => element.setAttribute('channel', channel), two.id);
    await page.getByText('Other.').waitFor();
    await eventually(async () => expect(await page.locator('.posts').getAttribute('aria-busy')).toBe('false'));
    await drawn(page);
    expect(await page.getByRole('alert').count()).toBe(0);
  });
});

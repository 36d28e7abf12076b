import { expect, it } from 'vitest';
import { wordsIn } from '../../../client/browser/i18n/index.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { startBrowser } from '../browser.ts';
import { announced, eventually, isLive, newsroom, post } from '../newsroom.ts';

describeWith(needs.chromium, 'the interface words of a live page', (chromium) => {
  const room = newsroom(() => startBrowser(chromium));

  async function open(language: string, count: number) {
    const body = 'Ein paar Wörter, die einige Zeilen füllen. '.repeat(12);
    const { id } = await room.coverage(Array<string>(count).fill(body), { headline: 'Sturm', language });
    const watched = await room.open(id);
    return { ...watched, channelId: id, author: room.author, announced: (sentence: string) => announced(watched.page, sentence) };
  }

  it('are in the channel’s language when the script sets them: button, connection, links, announcements', async () => {
    const { page, complaints, channelId, author, announced } = await open('de', 25);
    await page.getByRole('link', { name: 'Ältere Beiträge' }).click();
    await announced('5 ältere Beiträge.');
    await page.mouse.wheel(0, 3_000);
    await eventually(async () => expect(await page.evaluate<number>('scrollY')).toBeGreaterThan(1_000));
    const { post } = await author.publish(channelId, { headline: 'Der Deich hält', body: 'Er hält.' });
    await announced('Neuer Beitrag: Der Deich hält.');
    await page.getByRole('button', { name: '1 neuer Beitrag' }).waitFor();
    await author.correct(channelId, post.id, 1, { note: 'Nur der obere.', changes: { body: 'Der obere hält.' } });
    await announced('Korrektur, „Der Deich hält“: Nur der obere.');
    await author.publish(channelId, { body: 'Er hält noch.' });
    await page.getByRole('button', { name: '2 neue Beiträge' }).click();
    await page.locator(`#post-${post.id}`).getByText('Korrektur, ').waitFor();
    await author.updateChannel(channelId, '*', { state: 'ended' });
    await eventually(async () => expect(await page.locator('#connection').textContent()).toBe('Auf dem neuesten Stand'));
    expect(await page.locator('#state').textContent()).toMatch(/^Beendet Zum Nachlesen Diese Berichterstattung endete /);
    expect(complaints).toEqual([]);
  });

  it('are English if those of the language cannot be loaded, and the page is live all the same', async () => {
    const { page } = await room.browser.page();
    await page.route(/\/words-de\b/, (route) => route.abort());
    const { id } = await room.coverage(['Es brennt.'], { headline: 'Sturm', language: 'de' });
    const asked = page.waitForRequest(/\/words-de\b/);
    await page.goto(`${room.server.url}/live/${id}`);
    await asked;
    await isLive(page);
    const [added] = await room.publish(id, 'Es brennt noch.');
    await post(page, added).getByText('Es brennt noch.').waitFor();
  });

  it('change when the channel changes its language, to a right-to-left one and to one that is not supported', async () => {
    const { page, complaints, channelId, author, announced } = await open('de', 25);
    const nameOf = (id: string) => page.locator(`#${id}`).getAttribute('aria-label');
    await author.updateChannel(channelId, '*', { language: 'ar' });
    const words = wordsIn('ar');
    await page.getByRole('link', { name: words?.olderPosts ?? '' }).waitFor();
    expect(await page.locator('html').getAttribute('dir')).toBe('rtl');
    expect(await nameOf('older')).toBe(words?.olderPosts);
    expect(await nameOf('key-events')).toBe(words?.keyEvents);
    expect(await page.locator('#posts-name').textContent()).toBe(words?.posts);
    expect(await page.locator('#connection').textContent()).toBe(words?.live);
    await author.publish(channelId, { body: 'x' });
    await announced(words?.saidNew ?? '');

    await author.updateChannel(channelId, '*', { language: 'he' });
    await page.getByRole('link', { name: 'Older posts' }).waitFor();
    const spoken = page.locator('#connection-text');
    expect([await spoken.textContent(), await spoken.getAttribute('lang'), await spoken.getAttribute('dir')]).toEqual([
      'Live',
      'en',
      'ltr',
    ]);
    expect(await page.locator('html').getAttribute('lang')).toBe('he');
    expect(complaints).toEqual([]);
  });
});

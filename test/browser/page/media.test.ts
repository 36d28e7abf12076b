import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { languages } from '../../../client/browser/i18n/languages.ts';
import type { NewPost } from '../../../client/lib/author-client.ts';
import type { ImageMedia } from '../../../src/protocol/model.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { photograph } from '../../support/samples/photographs.ts';
import { startBrowser } from '../browser.ts';
import { eventually, faultsOf, newsroom } from '../newsroom.ts';

const film = { type: 'link', url: 'https://video.example/watch', title: 'The pier at noon' } as const;
const youtube = { ...film, embed: { provider: 'youtube', id: 'dQw4w9WgXcQ' } } as const;
const social = { ...film, embed: { provider: 'mastodon', id: 'social.example/@ada/99664077509711321' } } as const;
const pictures = Array.from({ length: 6 }, (_, at) => ({
  type: 'image' as const,
  url: `https://pictures.example/${at}.jpg?1200x${at % 2 === 0 ? 800 : 1800}`,
  alt: `Picture ${at + 1}`,
  caption: `Caption ${at + 1}`,
  credit: 'Ada Byron',
  width: 1200,
  height: at % 2 === 0 ? 800 : 1800,
}));
const sound = { url: 'https://radio.example/interview.m4a', mimeType: 'audio/mp4' };
const button = 'Show the content from YouTube';

describeWith(needs.chromium, 'media on the page and in the element', (chromium) => {
  const room = newsroom(() => startBrowser(chromium));
  const places = [
    ['on the page', '/live/', '#connection[data-state="live"]'],
    ['in the element', '/embed/', '.status[data-state="live"]'],
  ] as const;

  /** The place once it is live, and the hosts that it has asked for anything. */
  async function open([, path, isLive]: readonly [string, string, string], posts: NewPost[], options = {}, fields = {}) {
    const { id, ids } = await room.coverage(posts, fields);
    const { page, complaints } = await room.browser.page({ viewport: { width: 390, height: 844 }, ...options });
    const hosts = new Set<string>();
    page.on('request', (request) => hosts.add(new URL(request.url()).hostname));
    await page.goto(`${room.server.url}${path}${id}`);
    await page.locator(isLive).waitFor();
    return { page, complaints, hosts, id, ids };
  }
  const focused = (page: Page) =>
    page.evaluate<string>(`(() => {
      const { activeElement } = document;
      return (activeElement.shadowRoot?.activeElement ?? activeElement).querySelector('img')?.alt ?? '';
    })()`);

  it.each(places)('asks other sites for nothing but the pictures of posts until the reader presses: %s', async (...place) => {
    const { page, complaints, hosts, id, ids } = await open(place, [
      { body: 'On film.', media: [youtube, social, pictures[0]!] },
    ]);
    await page.getByRole('img', { name: 'Picture 1' }).scrollIntoViewIfNeeded();
    await eventually(async () => expect([...hosts].sort()).toEqual(['127.0.0.1', 'pictures.example']));
    expect(await page.locator('[data-embed]').count()).toBe(1);
    await page.getByRole('link', { name: button }).click();
    const frame = page.locator('.card iframe');
    await frame.waitFor();
    expect(await frame.getAttribute('sandbox')).toBe('allow-scripts allow-same-origin allow-popups');
    expect(await frame.getAttribute('src')).toBe('https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ');
    expect(await frame.getAttribute('title')).toBe(film.title);
    const { width = 0, height = 0 } = (await frame.boundingBox()) ?? {};
    expect(Math.round((width / height) * 9)).toBe(16);
    await eventually(async () => expect(hosts).toContain('www.youtube-nocookie.com'));
    // A correction leaves the frame running, and the link of the card still leads to the site.
    await frame.evaluate((element) => Object.assign(element, { kept: true }));
    await room.author.correct(id, ids[0] ?? '', 1, { note: 'It was noon.', changes: { body: 'On film, at noon.' } });
    await page.getByText('On film, at noon.').first().waitFor();
    expect(await frame.evaluate((element) => 'kept' in element)).toBe(true);
    expect(await page.getByRole('link', { name: film.title }).first().getAttribute('href')).toBe(film.url);
    expect(complaints).toEqual([]);
  });

  it.each(places)('shows the pictures of a gallery larger, by keys, and returns to where it was opened: %s', async (...place) => {
    const { page, complaints, id, ids } = await open(place, [{ body: 'Six.', media: pictures }]);
    const gallery = page.locator('.gallery');
    expect((await gallery.boundingBox())?.height).toBeLessThan(900);
    await page.getByRole('link', { name: 'Picture 2' }).click();
    const dialog = page.getByRole('dialog', { name: 'Pictures' });
    await dialog.getByText('2 / 6').waitFor();
    await page.keyboard.press('ArrowRight');
    await dialog.getByText('3 / 6').waitFor();
    expect(await dialog.getByRole('img').getAttribute('alt')).toBe('Picture 3');
    expect(await dialog.locator('figcaption').textContent()).toBe('Caption 3 Ada Byron');
    await page.keyboard.press('ArrowLeft');
    await dialog.getByRole('button', { name: 'Previous picture' }).click();
    await dialog.getByText('1 / 6').waitFor();
    // There is none before the first.
    await page.keyboard.press('ArrowLeft');
    await dialog.getByText('1 / 6').waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    // The browser hides the dialog before it tells the page.
    await eventually(async () => expect(await focused(page)).toBe('Picture 1'));

    await page.keyboard.press('Enter');
    await dialog.waitFor();
    await room.author.retract(id, ids[0] ?? '', { note: 'Another pier.' });
    await dialog.waitFor({ state: 'detached' });
    expect(complaints).toEqual([]);
  });

  it('loads uploaded photographs with less than 80 kB each on a phone', async () => {
    const { id } = await room.coverage();
    const photos = await Promise.all([photograph(1_500, 1_000, 10), photograph(900, 1_200, 12)]);
    const media: ImageMedia[] = [];
    for (const photo of photos) {
      const { url } = await room.author.uploadMedia(id, new Uint8Array(photo), 'image/jpeg');
      media.push({ type: 'image', url, alt: 'A photograph' });
    }
    await room.publish(id, ...media.map((one) => ({ body: 'One.', media: [one] })), { body: 'Both.', media });
    for (const [, path, isLive] of places) {
      const { page } = await room.browser.page({ viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 });
      await page.goto(`${room.server.url}${path}${id}`);
      await page.locator(isLive).waitFor();
      for (const picture of await page.locator('.media img').all()) {
        await picture.scrollIntoViewIfNeeded();
        await eventually(async () => expect(await picture.evaluate((image) => 'complete' in image && image.complete)).toBe(true));
      }
      const loaded = await page.evaluate<[string, number][]>(
        `performance.getEntriesByType('resource').filter(({ name }) => name.includes('/media/'))
          .map(({ name, encodedBodySize }) => [name.replace(/.*[/]/, ''), encodedBodySize])`,
      );
      // Those of the gallery and those that have the width of a post.
      expect(loaded.map(([name]) => name).sort(), path).toEqual(['400.webp', '400.webp', '800.webp', '800.webp']);
      for (const [name, bytes] of loaded) expect(bytes, name).toBeLessThan(80_000);
    }
  });

  it('has three pictures beside each other on a desktop and two on a phone, and four in two rows', async () => {
    const posts = [3, 4, 5].map((count) => ({ body: `${count} pictures.`, media: [...pictures.slice(0, count), youtube] }));
    const { page } = await open(places[0], posts, { viewport: { width: 1280, height: 900 } });
    const rows = () =>
      page.evaluate<number[][]>(`[...document.querySelectorAll('.gallery')].map((gallery) =>
        Object.values(Object.groupBy(gallery.querySelectorAll('.image'), (image) => Math.round(image.getBoundingClientRect().top)))
          .map(({ length }) => length)).reverse()`);
    expect(await rows()).toEqual([[3], [2, 2], [3, 2]]);
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await rows()).toEqual([
      [2, 1],
      [2, 2],
      [2, 2, 1],
    ]);
  });

  it('passes axe-core with a gallery open, in light and dark and in every language', async () => {
    for (const language of languages) {
      const posts = [{ body: 'Six.', media: pictures }];
      const { page } = await open(places[0], posts, {}, { language });
      await page.locator('.gallery a').nth(1).click();
      await page.getByRole('dialog').waitFor();
      expect(await faultsOf(page), language).toEqual([]);
      await page.emulateMedia({ colorScheme: 'dark' });
      expect(await faultsOf(page, { runOnly: ['color-contrast', 'target-size'] }), language).toEqual([]);
    }
  });

  it('keeps the focus of a picture in view where it is cropped, and shows a single picture whole', async () => {
    const focused = pictures.slice(0, 2).map((one) => ({ ...one, focus: { x: 0.9, y: 0.2 } }));
    const posts = [
      { body: 'One.', media: focused.slice(0, 1) },
      { body: 'Two.', media: focused },
    ];
    const { type: _, ...picture } = focused[0]!;
    const { page } = await open(places[0], posts, {}, { picture });
    const seen = (selector: string) =>
      page.evaluate(
        `(({ objectFit, objectPosition }) => [objectFit, objectPosition])(getComputedStyle(document.querySelector('${selector}')))`,
      );
    expect(await seen('.lead img')).toEqual(['cover', '100% 25%']);
    expect(await seen('.gallery img')).toEqual(['cover', '100% 25%']);
    expect(await seen('#posts .media:not(.gallery) img')).toEqual(['contain', '50% 50%']);
  });

  it('prints no player', async () => {
    const { page } = await open(places[0], [{ body: 'On the radio.', media: [{ ...film, audio: sound }] }]);
    await page.locator('audio').waitFor();
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('audio').isVisible()).toBe(false);
    expect(await page.getByRole('link', { name: film.title }).isVisible()).toBe(true);
  });

  it('follows a finger through a gallery, and the direction of the language', async () => {
    const posts = [{ body: 'ست صور.', media: pictures }];
    const { page } = await open(places[0], posts, { hasTouch: true }, { language: 'ar' });
    await page.locator('.gallery a').first().click();
    const dialog = page.getByRole('dialog', { name: 'الصور' });
    // With a slash between them, numbers of a text from right to left would look as if the first was the total.
    await dialog.getByText(/^[1١] من [6٦]$/).waitFor();
    const swipe = (from: number, to: number) =>
      page.evaluate(`(() => {
        const target = document.querySelector('dialog');
        const touch = (clientX) => new Touch({ identifier: 1, target, clientX, clientY: 300 });
        target.dispatchEvent(new TouchEvent('touchstart', { touches: [touch(${from})] }));
        target.dispatchEvent(new TouchEvent('touchend', { changedTouches: [touch(${to})] }));
      })()`);
    const shown = () => dialog.getByRole('img').getAttribute('alt');
    await swipe(100, 300);
    expect(await shown()).toBe('Picture 2');
    await page.keyboard.press('ArrowLeft');
    expect(await shown()).toBe('Picture 3');
    await swipe(300, 100);
    expect(await shown()).toBe('Picture 2');
    await swipe(300, 290);
    expect(await shown()).toBe('Picture 2');
  });

  it.each(places)(
    'leaves the description, the caption and the credit of a picture that cannot be loaded: %s',
    async (...place) => {
      const missing = { ...pictures[0]!, url: `${room.server.url}/assets/missing.png` };
      const { page } = await open(place, [{ body: 'No picture.', media: [missing] }]);
      const figure = page.locator('figure.broken');
      await figure.waitFor();
      expect((await figure.boundingBox())?.height).toBeLessThan(120);
      expect(await figure.getByRole('img', { name: 'Picture 1' }).count()).toBe(1);
      expect(await figure.locator('figcaption').textContent()).toBe('Caption 1 Ada Byron');
    },
  );

  it.each(places)(
    'shows no picture wider than its file or higher than most of the window, and moves nothing: %s',
    async (...place) => {
      const sized = (alt: string, width: number, height: number) => ({
        ...pictures[0]!,
        url: `https://pictures.example/${alt}.jpg?${width}x${height}`,
        alt,
        width,
        height,
      });
      const media = [sized('Small', 300, 200), sized('Portrait', 1000, 1800)];
      const posts = media.map((one) => ({ body: one.alt, media: [one] }));
      const { page } = await open(place, posts, { viewport: { width: 1280, height: 700 } });
      const shifts = page.evaluate<number>(`new Promise((resolve) => {
      let sum = 0;
      new PerformanceObserver((list) => { for (const { value } of list.getEntries()) sum += value; }).observe({ type: 'layout-shift' });
      Promise.all([...(document.querySelector('pressbox-live')?.shadowRoot ?? document).querySelectorAll('.media img')].map((image) => {
        image.loading = 'eager';
        return image.decode();
      })).then(() => requestAnimationFrame(() => requestAnimationFrame(() => resolve(sum))));
    })`);
      expect(await shifts).toBeLessThan(0.001);
      expect((await page.getByRole('img', { name: 'Small' }).boundingBox())?.width).toBe(300);
      expect((await page.getByRole('img', { name: 'Portrait' }).boundingBox())?.height).toBe(560);
    },
  );

  it('leaves the description of a picture that could not be loaded before the script ran, and nothing of one in a card', async () => {
    const missing = `${room.server.url}/assets/missing.png`;
    const media = [
      { ...pictures[0]!, url: missing },
      { ...film, image: missing },
    ];
    const { id } = await room.coverage([{ body: 'No pictures.', media }]);
    const { page } = await room.browser.page();
    const failed = () => page.evaluate('[...document.querySelectorAll(".media img")].every(({ complete }) => complete)');
    await page.route(/assets.live\..*\.js/, async (route) => {
      await eventually(async () => expect(await failed()).toBe(true));
      await route.continue();
    });
    await page.goto(`${room.server.url}/live/${id}`);
    const figure = page.locator('figure.broken');
    await figure.waitFor();
    expect((await figure.boundingBox())?.height).toBeLessThan(120);
    expect(await page.locator('.card img').isVisible()).toBe(false);
  });

  it('stays a link where the server allows no frames, and without a script', async () => {
    const { id } = await room.coverage([{ body: 'On film.', media: [youtube] }]);
    const { page } = await room.browser.page({ javaScriptEnabled: false });
    await page.goto(`${room.server.url}/live/${id}`);
    expect(await page.getByRole('link', { name: film.title }).isVisible()).toBe(true);
    expect(await page.getByText(button).isVisible()).toBe(false);
  });
});

describeWith(needs.chromium, 'a server that allows no frames', (chromium) => {
  const room = newsroom(
    () => startBrowser(chromium),
    async () => ({ PRESSBOX_EMBED_HOSTS: 'none' }),
  );

  it.each(['/live/', '/embed/'])('shows posts of other sites as links: %s', async (path) => {
    const { id } = await room.coverage([{ body: 'On film.', media: [youtube] }]);
    const { page } = await room.browser.page();
    await page.goto(room.server.url + path + id);
    await page.getByRole('link', { name: film.title }).waitFor();
    await room.publish(id, { body: 'Again.', media: [youtube] });
    await eventually(async () => expect(await page.getByRole('link', { name: film.title }).count()).toBe(2));
    expect(await page.locator('[data-embed]').count()).toBe(0);
  });
});

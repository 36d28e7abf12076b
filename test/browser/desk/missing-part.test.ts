import type { Locator, Page } from 'playwright-core';
import { it } from 'vitest';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { startBrowser, startFirefox, type TestBrowser } from '../browser.ts';
import { deskSite } from './desk-site.ts';

describeWith(needs.chromium, 'a part of the desk that could not be loaded, in Chromium', (chromium) => {
  const { open, text } = unreliable(() => startBrowser(chromium));

  it('is loaded when its author presses what needs it', async () => {
    const { post, repair } = await open();
    repair();
    await post.getByRole('button', { name: 'Edit or correct' }).click();
    await text(post).waitFor();
  });

  it('is loaded when its author compares two changes', async () => {
    const { page, repair, collide } = await open();
    await collide();
    repair();
    await page.getByRole('button', { name: /^Compare/ }).click();
    await page.getByRole('dialog', { name: 'Two changes of one post' }).waitFor();
  });
});

describeWith.nightly(needs.firefox, 'a part of the desk that could not be loaded, in Firefox', (firefox) => {
  const { open, text } = unreliable(() => startFirefox(firefox));

  it('is named when its author presses what needs it, and is there after a reload', async () => {
    const { page, post, repair } = await open();
    repair();
    await post.getByRole('button', { name: 'Edit or correct' }).click();
    await page.getByText('A part of the desk could not be loaded.').waitFor();
    await page.getByRole('button', { name: 'Reload' }).click();
    await page.getByText('A part of the desk could not be loaded.').waitFor({ state: 'detached' });
    await post.getByRole('button', { name: 'Edit or correct' }).click();
    await text(post).waitFor();
  });
});

/** A site from which the desk gets only the scripts that it needs to open, until `repair` is called. */
function unreliable(start: () => Promise<TestBrowser>) {
  const site = deskSite(start);

  /** `collide`: a change of this author meets one of a colleague. */
  async function open(): Promise<{ page: Page; post: Locator; repair: () => void; collide: () => Promise<void> }> {
    const { id, ids } = await site.coverage(['The fire is out.']);
    const watched = await site.browser.page({ locale: 'en-GB', serviceWorkers: 'block' });
    await site.signIn(watched);
    const { page } = watched;
    const html = await (await page.request.get(`${site.server.url}/desk/`)).text();
    const needed = new Set([...html.matchAll(/[\w/-]*\/assets\/desk[\w.-]*\.js/g)].map(([path]) => path));
    let isDown = true;
    await page.route('**/assets/desk*.js', (route) => {
      if (!isDown || needed.has(new URL(route.request().url()).pathname)) return route.continue();
      return route.abort();
    });
    const failed = page.waitForEvent('console', (message) => message.text().includes('A part of the desk could not be loaded.'));
    await page.goto(`${site.server.url}/desk/${id}`);
    const post = page.locator(`#posts > [data-post="${ids[0]}"]`);
    await post.waitFor();
    await failed;
    return {
      page,
      post,
      repair: () => {
        isDown = false;
      },
      async collide() {
        const postId = ids[0] as string;
        await site.author.revise(id, postId, 1, { kind: 'update', changes: { body: 'The fire is back.' } });
        // The form of a change is missing too.
        const write = {
          type: 'revise',
          channelId: id,
          postId,
          expected: 1,
          revision: { kind: 'update', changes: { body: 'Out.' } },
        };
        await page.evaluate(`document.querySelector('desk-outbox').outbox.add(${JSON.stringify(write)}, { holdMs: 0 })`);
      },
    };
  }

  return { open, text: (post: Locator) => post.getByRole('textbox', { name: 'Text', exact: true }) };
}

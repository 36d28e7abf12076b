import type { BrowserContextOptions, Locator, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { startBrowser } from '../browser.ts';
import { eventually, few } from '../newsroom.ts';
import { deskPost, withoutUndoTime, writeBody } from './changes/changes-suite.ts';
import { deskSite } from './desk-site.ts';

const layouts: Record<string, BrowserContextOptions> = {
  'on a desktop': { viewport: { width: 1280, height: 900 } },
  'on a phone': { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
};

interface Place {
  x: number;
  y: number;
  /** A press on its middle reaches it. */
  isReached: boolean;
}

/** A press must not land beside a button at which its author aims, because a notice appears meanwhile. */
describeWith(needs.chromium, 'the buttons of the desk', (chromium) => {
  const site = deskSite(() => startBrowser(chromium));

  const placesOf = (controls: readonly Locator[]): Promise<Place[]> =>
    Promise.all(
      controls.map((control) =>
        control.evaluate((element) => {
          const { left, top, right, bottom } = element.getBoundingClientRect();
          const met = element.ownerDocument.elementFromPoint((left + right) / 2, (top + bottom) / 2);
          return { x: Math.round(left), y: Math.round(top), isReached: element.contains(met) };
        }),
      ),
    );

  /** Fails unless these controls are reached where they were once the notice has appeared. */
  async function stayWhile(controls: readonly Locator[], act: () => Promise<unknown>, notice: Locator): Promise<void> {
    await controls.at(-1)?.scrollIntoViewIfNeeded();
    const before = await placesOf(controls);
    expect(before.filter(({ isReached }) => !isReached)).toEqual([]);
    await act();
    await notice.waitFor();
    expect(await placesOf(controls)).toEqual(before);
  }

  for (const [where, options] of Object.entries(layouts)) {
    it(`stay in their place while notices appear in the form of a change ${where}`, async () => {
      const { id, ids } = await site.coverage([few, few, '40 people were injured.\n\nMore follows.', 'Another post.']);
      const postId = ids[2] ?? '';
      const { page } = await site.openDesk(id, {}, options);
      await deskPost(page, postId).waitFor();
      await withoutUndoTime(page);
      await deskPost(page, postId).getByRole('button', { name: 'Edit or correct' }).click();
      await writeBody(page, '40 persons were injured.\n\nMore follows.');
      const form = page.locator('desk-correct');
      const kinds = await form.locator('.desk-change-kinds label').all();
      const publish = form.getByRole('button', { name: 'Publish the change' });

      const news = form.locator('.desk-change-news');
      await stayWhile(
        [...kinds, publish],
        () =>
          site.author.revise(id, postId, 1, {
            kind: 'update',
            changes: { body: '40 people were injured.\n\nThe road is closed.' },
          }),
        news.locator('ins').first(),
      );
      // Above the window there is a button that leads to it.
      const arrival = page.locator('#posts').getByText('The post of a colleague.').or(page.locator('.new-posts:visible')).first();
      await stayWhile([...kinds, publish], () => site.publish(id, 'The post of a colleague.'), arrival);
      if (options.isMobile) {
        await form.getByRole('button', { name: 'Read the notice' }).click();
        const notice = news.getByText('This post has changed since you began.');
        await eventually(async () => expect((await placesOf([notice]))[0]?.isReached).toBe(true));
      }
      await stayWhile(
        [publish],
        () => news.getByRole('button', { name: 'Add that change to mine' }).click(),
        news.getByText('Both changes are in the text now.'),
      );

      const slip = form.getByLabel('Typing slip');
      await writeBody(page, '14 persons were injured.\n\nThe road is closed.');
      await stayWhile([...kinds, publish], () => slip.check(), form.getByText('This changes a figure'));
      await form.getByLabel('We were wrong').check();
      await form.getByLabel('Note to readers').fill('');
      await stayWhile([publish], () => publish.click(), form.getByText('Write what was wrong or unclear.'));
      const withdrawal = news.getByText('This post was withdrawn meanwhile');
      await stayWhile([publish], () => site.author.retract(id, postId, { note: 'It did not happen.' }), withdrawal);
    });

    it(`stay in their place while notices appear in the composer ${where}`, async () => {
      const { id } = await site.coverage(['A post.']);
      const { page } = await site.openDesk(id, {}, options);
      const composer = page.locator('desk-composer');
      const unfold = composer.locator('.composer-unfold');
      await composer.locator('.rich-text').waitFor({ state: 'attached' });
      if (await unfold.isVisible()) await unfold.click();
      const kinds = await composer.locator('.composer-kinds label').all();
      const publish = composer.locator('.composer-publish');
      await composer.getByLabel('Key event').check();
      await composer.locator('[data-path="body"]').click();
      await page.keyboard.type('The quay is closed.');
      const lacks = composer.getByText('Before this can be published');
      await stayWhile([...kinds, publish], () => publish.click(), lacks);
      await page.keyboard.type('At last');
      await lacks.waitFor({ state: 'detached' });
      const ended = composer.locator('.composer-ended');
      await stayWhile(kinds, () => site.author.updateChannel(id, '*', { state: 'ended' }), ended);
    });
  }

  for (const [where, options] of Object.entries(layouts)) {
    it(`stay in their place while a text grows and the end of the session comes near ${where}`, async () => {
      const { id } = await site.coverage(['A post.']);
      const { page } = await site.openDesk(id, {}, options);
      const composer = page.locator('desk-composer');
      const edit = page.locator('#posts').getByRole('button', { name: 'Edit or correct' }).first();
      await page.getByRole('button', { name: 'Change', exact: true }).waitFor();
      const soon = `document.querySelector('desk-app').desk.sessionState.session.expiresAt = new Date(Date.now() + 300_000).toISOString();
        document.querySelector('desk-session-end').requestUpdate();`;
      const notice = page.getByText('Your session ends at');
      await stayWhile([edit], () => page.evaluate(soon), notice);
      await stayWhile(
        [edit],
        () => page.locator('.desk-session-end').getByRole('button', { name: 'Close' }).click(),
        page.getByRole('banner').getByText('Ada Byron'),
      );
      expect(await notice.count()).toBe(0);
      if (options.isMobile) await composer.locator('.composer-unfold').click();
      const controls = [...(await composer.locator('.composer-kinds label').all()), composer.locator('.composer-publish')];
      await composer.locator('[data-path="body"]').click();
      const lines = async () => {
        for (const line of ['One.', 'Two.', 'Three.']) {
          await page.keyboard.type(line);
          await page.keyboard.press('Enter');
        }
      };
      if (options.isMobile) await stayWhile(controls, lines, composer.getByText('Three.'));
    });
  }

  it('stay in their place while the head of the coverage is loaded', async () => {
    const { id } = await site.coverage(['A post.']);
    const watched = await site.browser.page({ ...layouts['on a desktop'], locale: 'en-GB', serviceWorkers: 'block' });
    await site.signIn(watched);
    const { page } = watched;
    const { promise: isAimed, resolve: press } = Promise.withResolvers<void>();
    const needed = await scriptsOf(page, `${site.server.url}/desk/`);
    await page.route('**/assets/desk*.js', async (route) => {
      if (!needed.has(new URL(route.request().url()).pathname)) await isAimed;
      await route.continue();
    });
    await page.goto(`${site.server.url}/desk/${id}`);
    const composer = page.locator('desk-composer');
    await page.locator('#posts').getByText('A post.').waitFor();
    const controls = [...(await composer.locator('.composer-kinds label').all()), composer.locator('.composer-publish')];
    const head = page.getByRole('heading', { name: 'Harbour fire' });
    await stayWhile(controls, async () => press(), head);
  });

  it('stay in their place while a draft is opened again', async () => {
    const { id } = await site.coverage(['A post.']);
    const { page } = await site.openDesk(id);
    const composer = page.locator('desk-composer');
    const kinds = composer.locator('.composer-kinds label');
    await composer.locator('.rich-text').click();
    await page.keyboard.type('The quay is closed.');
    const places = await placesOf(await kinds.all());
    await page.evaluate('document.querySelector("desk-drafts").drafts.flush()');
    await page.reload();
    await composer.getByRole('button', { name: 'Put aside' }).waitFor();
    expect(await placesOf(await kinds.all())).toEqual(places);
  });
});

/** The scripts that a page needs before it can open. */
async function scriptsOf(page: Page, address: string): Promise<Set<string>> {
  const html = await (await page.request.get(address)).text();
  return new Set([...html.matchAll(/[\w/-]*\/assets\/[\w.-]*\.js/g)].map(([path]) => path));
}

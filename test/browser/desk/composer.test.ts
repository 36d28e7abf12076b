import type { Locator, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import type { PostFields } from '../../../src/protocol/model.ts';
import { blankFields } from '../../../src/protocol/post-fields.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { startBrowser, startFirefox, type TestBrowser } from '../browser.ts';
import { eventually, faultsOf } from '../newsroom.ts';
import { chooseUndoSeconds, type DeskSite, deskSite, longestUndoSeconds } from './desk-site.ts';

/** After this time a change is stored, without the page being hidden or closed. */
const savedMs = 500;

/** The parts of the page, by what an author sees. */
const headline = (page: Page) => page.getByRole('textbox', { name: 'Headline' });
const text = (page: Page) => page.getByRole('textbox', { name: 'Text', exact: true });
const field = (page: Page, name: string) => page.getByRole('textbox', { name });
const publish = (page: Page) => page.getByRole('button', { name: /^Publish/ }).first();
const outbox = (page: Page) => page.locator('.desk-outbox li');
const chooseKind = (page: Page, name: string) => page.getByRole('radio', { name }).check({ force: true });

/** Whether the element is in the window and nothing covers its middle. */
const isInView = (shown: Locator) =>
  shown.evaluate((element) => {
    const { left, top, bottom } = element.getBoundingClientRect();
    const page = element.ownerDocument;
    const isInside = top >= 0 && bottom <= page.documentElement.clientHeight;
    return isInside && element.contains(page.elementFromPoint(left + 20, (top + bottom) / 2));
  });

/** The fields that the server has of the newest post. */
async function newestPost(site: DeskSite, channelId: string): Promise<Partial<PostFields>> {
  const { posts } = await site.author.listPosts(channelId, { limit: 1 });
  const [post] = posts;
  if (post === undefined) throw new Error('The channel has no post yet.');
  return Object.fromEntries(Object.keys(blankFields()).map((field) => [field, post[field as keyof typeof post]]));
}

/** Waits until the posts of the channel have these bodies, oldest first. */
async function published(site: DeskSite, channelId: string, ...bodies: string[]): Promise<void> {
  await eventually(async () => {
    const { posts } = await site.author.listPosts(channelId);
    expect(posts.map(({ body }) => body).reverse()).toEqual(bodies);
  });
}

/** `kill`: ends the page without telling it. */
function inBrowser(start: () => Promise<TestBrowser>, kill: (page: Page) => Promise<unknown>): void {
  const site = deskSite(start);
  const open = async () => {
    const { id } = await site.coverage();
    const { page, complaints } = await site.openDesk(id);
    await publish(page).waitFor();
    return { id, page, complaints };
  };

  it('puts a name that is typed after a press on a button into the field that the press added', async () => {
    const { page } = await open();
    await page.getByText('Sources, byline, pictures and links').click();
    await page.getByRole('button', { name: 'Add a source' }).click();
    await page.keyboard.type('Jane Nolan');
    expect(await field(page, 'Who says so').inputValue()).toBe('Jane Nolan');
    await page.getByRole('button', { name: 'Add a name' }).click();
    await page.keyboard.type('Ken Jones');
    expect(await page.getByRole('combobox', { name: 'Name' }).inputValue()).toBe('Ken Jones');
    await page.getByRole('button', { name: 'Add a link' }).click();
    await page.keyboard.type('The jetty');
    expect(await field(page, 'Title of the page').inputValue()).toBe('The jetty');
    expect(await text(page).textContent()).toBe('');
  });

  it('publishes a post with every field that its author filled', async () => {
    const { id, page, complaints } = await open();
    await chooseKind(page, 'Analysis');
    await headline(page).fill('The quay is closed');
    await text(page).pressSequentially('Crews are **standing down**.');
    await page.getByLabel('Key event').check();
    await page.getByLabel('Developing').check();
    await page.getByText('Sources, byline, pictures and links').click();
    await page.getByLabel('Verification').selectOption({ label: 'Unverified' });
    await page.getByRole('button', { name: 'Add a source' }).click();
    await field(page, 'Who says so').fill('Port authority');
    await field(page, 'Heard through').fill('radio');
    await page.getByRole('button', { name: 'Add a picture' }).click();
    await field(page, 'Address of the picture').fill('https://example.org/ferry.jpg');
    await field(page, 'What the picture shows').fill('A ferry at the quay');
    await page.getByRole('combobox', { name: 'Credit' }).fill('Ada Byron');
    await page.getByRole('button', { name: 'Add a name' }).click();
    await page.getByRole('combobox', { name: 'Name' }).fill('Siri Østby');
    await field(page, 'Role').fill('on the pier');
    await page.getByLabel('Time to undo a post').selectOption({ label: 'None' });
    await publish(page).click();
    await eventually(async () =>
      expect(await newestPost(site, id)).toEqual({
        ...blankFields(),
        kind: 'analysis',
        headline: 'The quay is closed',
        body: 'Crews are **standing down**.',
        keyEvent: true,
        developing: true,
        verification: 'unverified',
        sources: [{ name: 'Port authority', via: 'radio' }],
        media: [{ type: 'image', url: 'https://example.org/ferry.jpg', alt: 'A ferry at the quay', credit: 'Ada Byron' }],
        authors: [{ name: 'Siri Østby', role: 'on the pier' }],
      }),
    );
    // The composer is empty and ready for the next post, by the same author.
    expect(await headline(page).inputValue()).toBe('');
    await page.getByText('Sources, byline, pictures and links').click();
    expect(await page.getByRole('combobox', { name: 'Name' }).inputValue()).toBe('Siri Østby');
    expect(complaints).toEqual([]);
  });

  it('holds a post for a while, in which it can be undone and edited', async () => {
    const { id, page } = await open();
    await chooseUndoSeconds(page, longestUndoSeconds);
    await text(page).fill('Three ferries moved.');
    await text(page).press('Control+Enter');
    await outbox(page).getByText('Goes out in').waitFor();
    await outbox(page).getByRole('button', { name: 'Edit' }).click();
    await eventually(async () => expect(await bodyOf(page)).toBe('Three ferries moved.'));
    expect(await outbox(page).count()).toBe(0);
    await text(page).fill('Four ferries moved.');
    await text(page).press('Control+Enter');
    await outbox(page).getByRole('button', { name: 'Send now' }).click();
    await published(site, id, 'Four ferries moved.');
  });

  it('says where the text is that made way for a post taken back, and leads back to it', async () => {
    const { page } = await open();
    await chooseUndoSeconds(page, longestUndoSeconds);
    await text(page).fill('Three ferries moved.');
    await text(page).press('Control+Enter');
    await outbox(page).getByText('Goes out in').waitFor();
    await text(page).fill('The quay is closed.');
    await outbox(page).getByRole('button', { name: 'Edit' }).click();
    await page.getByText('What you were writing is in Drafts: The quay is closed.').waitFor();
    expect(await bodyOf(page)).toBe('Three ferries moved.');
    await page.getByRole('button', { name: 'Go back to it' }).click();
    await page.getByText('What you were writing is in Drafts: Three ferries moved.').waitFor();
    expect(await bodyOf(page)).toBe('The quay is closed.');
  });

  it('says that an undone post is among the drafts while another is being written', async () => {
    const { page } = await open();
    await chooseUndoSeconds(page, longestUndoSeconds);
    await text(page).fill('Three ferries moved.');
    await text(page).press('Control+Enter');
    await outbox(page).getByText('Goes out in').waitFor();
    await text(page).fill('The quay is closed.');
    await outbox(page).getByRole('button', { name: 'Undo' }).click();
    const said = page.getByText('In your drafts: Three ferries moved.');
    await said.waitFor();
    expect(await said.evaluate((line) => line.contains(line.ownerDocument.activeElement))).toBe(true);
    expect(await bodyOf(page)).toBe('The quay is closed.');
    await page.getByRole('button', { name: 'Open it' }).click();
    await eventually(async () => expect(await bodyOf(page)).toBe('Three ferries moved.'));
    await said.waitFor({ state: 'detached' });
  });

  it('stops saying that a post is among the drafts when its author has read it', async () => {
    const { page } = await open();
    await text(page).fill('Three ferries moved.');
    await page.context().setOffline(true);
    await text(page).press('Control+Enter');
    await text(page).fill('The quay is closed.');
    await outbox(page).getByRole('button', { name: 'Undo' }).click();
    const said = page.getByText('In your drafts: Three ferries moved.');
    await said.getByRole('button', { name: 'Close' }).click();
    await said.waitFor({ state: 'detached' });
    await page.getByText(/^Drafts/).waitFor();
  });

  it('leaves the text on Escape, so that letters are keys of the desk again', async () => {
    const { id, page } = await open();
    await site.author.publish(id, { body: 'A post of the morning.' });
    await page.getByText('A post of the morning.').waitFor();
    await text(page).pressSequentially('Half a');
    await page.keyboard.press('Escape');
    await page.keyboard.press('j');
    await eventually(async () => expect(await page.evaluate('document.activeElement?.className')).toContain('post'));
    expect(await text(page).textContent()).toBe('Half a');
  });

  it('sends breaking news at once, before a post that is held', async () => {
    const { id, page } = await open();
    await chooseUndoSeconds(page, longestUndoSeconds);
    await text(page).fill('Held.');
    await publish(page).click();
    await chooseKind(page, 'Breaking');
    await text(page).fill('Urgent.');
    await page.getByRole('button', { name: 'Publish at once' }).click();
    await published(site, id, 'Urgent.');
    await outbox(page).getByRole('button', { name: 'Send now' }).click();
    await published(site, id, 'Urgent.', 'Held.');
  });

  it('says what a post lacks, and keeps its text', async () => {
    const { id, page } = await open();
    await text(page).fill('Rain.');
    await page.getByLabel('Key event').check();
    await publish(page).click();
    await page.getByRole('button', { name: /Headline.*is needed/ }).waitFor();
    await eventually(async () =>
      expect(await headline(page).evaluate('document.activeElement === document.querySelector("[data-path=headline]")')).toBe(
        true,
      ),
    );
    expect(await bodyOf(page)).toBe('Rain.');
    await headline(page).fill('Rain in the north');
    await publish(page).click();
    await published(site, id, 'Rain.');
  });

  it('opens what was being written again after a reload and after the page has died', async () => {
    const { page } = await open();
    await headline(page).fill('Unfinished');
    await text(page).fill('The last words');
    await page.reload();
    await eventually(async () => expect(await bodyOf(page)).toBe('The last words'));
    expect(await headline(page).inputValue()).toBe('Unfinished');
    await page.getByText('is here again').waitFor();
    await text(page).fill('The very last words');
    await page.waitForTimeout(savedMs);
    const address = page.url();
    const other = await page.context().newPage();
    await kill(page);
    await other.goto(address);
    await eventually(async () => expect(await bodyOf(other)).toBe('The very last words'));
  });

  it('keeps a refused post, says what helps, and gives its text back', async () => {
    const { id, page } = await open();
    await chooseUndoSeconds(page, longestUndoSeconds);
    await text(page).fill('Too late.');
    await publish(page).click();
    await outbox(page).getByText('Goes out in').waitFor();
    const { revision } = await site.author.getChannel(id);
    await site.author.updateChannel(id, revision, { state: 'ended' });
    await outbox(page).getByRole('button', { name: 'Send now' }).click();
    await outbox(page).getByText('The coverage has ended').waitFor();
    await outbox(page).getByRole('button', { name: 'Edit' }).click();
    await eventually(async () => expect(await bodyOf(page)).toBe('Too late.'));
  });

  it('sends what was published without a network once the network is back', async () => {
    const { id, page } = await open();
    await page.context().setOffline(true);
    await chooseKind(page, 'Breaking');
    await text(page).fill('Written in a tunnel.');
    await publish(page).click();
    await page.getByText('No network.').waitFor();
    await page.context().setOffline(false);
    await published(site, id, 'Written in a tunnel.');
    await outbox(page).getByText('Readers have it').waitFor();
  });

  it('lists drafts, opens one, and discards one only when asked twice', async () => {
    const { page } = await open();
    for (const draft of ['First draft', 'Second draft']) {
      await text(page).fill(draft);
      await page.waitForTimeout(50);
      await page.reload();
      await page.getByRole('button', { name: 'Put aside and start a new post' }).click();
      await eventually(async () => expect(await bodyOf(page)).toBe(''));
      // The last part of the composer to be drawn.
      await page.locator('desk-composer .desk-add-pictures').waitFor();
    }
    await page.getByText('Drafts (2)').click();
    await page.getByRole('button', { name: 'Open: First draft' }).click();
    await eventually(async () => expect(await bodyOf(page)).toBe('First draft'));
    await page.getByText('Drafts (1)').waitFor();
    await page.getByRole('button', { name: 'Discard: Second draft' }).click();
    await page.getByRole('button', { name: 'Discard for good' }).click();
    await page.getByText('Drafts (1)').waitFor({ state: 'detached' });
  });
}

/** The Markdown of the text, as the editor has it. */
function bodyOf(page: Page): Promise<string> {
  return page.evaluate<string>('document.querySelector("desk-composer").draft.body');
}

describeWith(needs.chromium, 'the composer, in Chromium,', (chromium) => {
  inBrowser(
    () => startBrowser(chromium),
    async (page) => {
      const session = await page.context().newCDPSession(page);
      // The process of the page dies, so it never answers.
      void session.send('Page.crash').catch(() => {});
      await page.waitForEvent('crash');
    },
  );
});

describeWith.nightly(needs.firefox, 'the composer, in Firefox,', (firefox) => {
  inBrowser(
    () => startFirefox(firefox),
    (page) => page.close({ runBeforeUnload: false }),
  );
});

describeWith(needs.chromium, 'the composer', (chromium) => {
  const site = deskSite(() => startBrowser(chromium));

  it('links to an earlier post, and says that the new one restates it', async () => {
    const { id, ids } = await site.coverage([{ headline: 'Three ferries moved', body: 'To the south quay.' }, 'Another one.']);
    const { page } = await site.openDesk(id);
    await chooseUndoSeconds(page, longestUndoSeconds);
    await text(page).pressSequentially('As reported: ');
    await page.getByText('Sources, byline, pictures and links').click();
    await page.getByRole('button', { name: 'Find an earlier post' }).click();
    await page.getByLabel('Words of its headline or text').fill('ferries three');
    const found = page.locator('.composer-found li');
    await eventually(async () => expect(await found.count()).toBe(1));
    await found.getByLabel(/^This post is drawn from it/).check();
    await found.getByRole('button', { name: 'Link to it in the text' }).click();
    await publish(page).click();
    await outbox(page).getByRole('button', { name: 'Send now' }).click();
    await eventually(async () => {
      const post = await newestPost(site, id);
      expect(post.body).toBe(`As reported: [Three ferries moved](post:${ids[0]})`);
      expect(post.derivedFrom).toEqual([ids[0]]);
    });
  });

  it('shows the post as readers will see it', async () => {
    const { id } = await site.coverage();
    const { page } = await site.openDesk(id);
    await chooseUndoSeconds(page, longestUndoSeconds);
    await headline(page).fill('The quay is closed');
    await text(page).pressSequentially('Crews are **standing down**.');
    await page.getByRole('button', { name: 'Preview' }).click();
    const shown = await page.locator('.composer-preview article').evaluate((post) => post.innerHTML);
    await publish(page).click();
    await outbox(page).getByRole('button', { name: 'Send now' }).click();
    const live = page.locator('#posts article').first();
    await live.getByText('standing down').waitFor();
    expect(shown).toContain('<strong>standing down</strong>');
    expect(shown).toContain('Ada Byron');
  });

  it('neither publishes nor leaves the headline while an input method is composing', async () => {
    const { id } = await site.coverage();
    const { page } = await site.openDesk(id);
    await headline(page).fill('東京');
    await headline(page).dispatchEvent('keydown', { key: 'Enter', ctrlKey: true, isComposing: true, bubbles: true });
    expect(await headline(page).inputValue()).toBe('東京');
    // Safari ends the composition before the Enter that ended it arrives.
    await headline(page).focus();
    await headline(page).dispatchEvent('keydown', { key: 'Enter', keyCode: 229, bubbles: true });
    await page.keyboard.type('都');
    expect(await headline(page).inputValue()).toBe('東京都');
    await headline(page).press('Control+Enter');
    await outbox(page).waitFor();
  });

  it('is a line at the bottom of a phone, which opens when it is touched', async () => {
    const { id } = await site.coverage(['A post.']);
    const { page } = await site.openDesk(id, {}, { viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true });
    expect(await publish(page).isVisible()).toBe(false);
    await page.getByRole('button', { name: 'Write a post' }).tap();
    const box = await publish(page).boundingBox();
    expect(box?.height).toBeGreaterThanOrEqual(44);
    expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(640);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320);
    await text(page).fill('From a phone.');
    await page.getByRole('button', { name: 'Fold the composer' }).tap();
    await page.getByRole('button', { name: 'From a phone.' }).waitFor();
  });

  it.each([
    ['on its side', 844, 390, 0],
    ['on its side, with a keyboard', 844, 390, 200],
    ['with a keyboard', 390, 844, 300],
  ])('keeps the line that is written clear of its bars on a phone %s', async (_, width, height, keyboard) => {
    const { id } = await site.coverage(['A post.']);
    const { page } = await site.openDesk(id, {}, { viewport: { width, height }, hasTouch: true, isMobile: true });
    await page.getByRole('button', { name: 'Write a post' }).tap();
    // What the composer sets itself where a keyboard covers the window.
    await page.locator('desk-composer').evaluate((composer, px) => composer.style.setProperty('--keyboard', px), `${keyboard}px`);
    await text(page).click();
    for (let line = 1; line <= 10; line += 1) {
      await page.keyboard.type(`Line ${line}`);
      await page.keyboard.press('Enter');
    }
    await page.keyboard.type('The last line');
    const last = text(page).getByText('The last line');
    await eventually(async () => {
      expect(await isInView(last)).toBe(true);
      const box = await last.boundingBox();
      expect((box?.y ?? height) + (box?.height ?? 0)).toBeLessThanOrEqual(height - keyboard);
    });
  });

  it('folds on a phone once a post is published, so that the post and its state are in view', async () => {
    const { id } = await site.coverage(['A post.']);
    const { page } = await site.openDesk(id, {}, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
    // On a phone nothing is held by default.
    await chooseUndoSeconds(page, longestUndoSeconds);
    await page.getByRole('button', { name: 'Write a post' }).tap();
    await text(page).fill('From a phone.');
    await publish(page).tap();
    await page.locator('desk-composer[folded]').waitFor();
    await eventually(async () => expect(await page.evaluate('document.activeElement.className')).toContain('composer-unfold'));
    await outbox(page).waitFor();
    expect(await isInView(outbox(page))).toBe(true);
    await outbox(page).getByRole('button', { name: 'Send now' }).tap();
    const shown = page.locator('#posts .post', { hasText: 'From a phone.' });
    await shown.waitFor();
    expect(await isInView(shown.locator('.body'))).toBe(true);
    // Undone, a post is back in the open composer.
    await page.getByRole('button', { name: 'Write a post' }).tap();
    await text(page).fill('Too early.');
    await publish(page).tap();
    await outbox(page).getByRole('button', { name: 'Undo' }).tap();
    await eventually(async () => expect(await bodyOf(page)).toBe('Too early.'));
    expect(await publish(page).isVisible()).toBe(true);
  });

  it('names the time zone as the posts do, whatever the language of the desk', async () => {
    const { id } = await site.coverage(['A post.'], { language: 'en-GB', timezone: 'Europe/Paris' });
    const { page } = await site.openDesk(id, {}, { locale: 'en-US' });
    const ofPost = await page.locator('#posts .post time').first().textContent();
    const zone = ofPost?.split(' ').at(-1);
    expect(zone).toMatch(/^CES?T$/);
    await text(page).fill('A draft');
    await page.getByText('Sources, byline, pictures and links').click();
    await page.getByRole('button', { name: 'Find an earlier post' }).click();
    const found = page.locator('.composer-found small');
    await found.waitFor();
    expect((await found.textContent())?.split(' ').at(-1)).toBe(zone);
    await page.keyboard.press('Escape');
    await page.reload();
    const restored = page.locator('.desk-notice', { hasText: 'Put aside' });
    await restored.filter({ hasText: zone as string }).waitFor();
    await restored.getByRole('button').click();
    await page.getByText('Drafts (1)').click();
    expect((await page.locator('.desk-drafts small').textContent())?.split(' ').at(-1)).toBe(zone);
  });

  it('has no accessibility faults, in five languages', async () => {
    for (const locale of ['en', 'de', 'fr', 'es', 'ar']) {
      const { id } = await site.coverage([], { language: locale });
      const { page } = await site.openDesk(id, {}, { locale });
      await page.locator('.composer-more > summary').click();
      // A source, a picture and a link.
      for (const at of [0, 1, 2]) await page.locator('.composer-rows .composer-adders button').nth(at).click();
      await page.locator('.composer-plain, .ProseMirror').first().click();
      await page.keyboard.type('Rain');
      await page.locator('.composer-foot > .desk-quiet').click();
      await page.locator('.composer-publish').click();
      expect(await faultsOf(page)).toEqual([]);
    }
  });
});

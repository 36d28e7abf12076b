import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { startBrowser } from '../browser.ts';
import { eventually, faultsOf, isLive } from '../newsroom.ts';
import { deskSite } from './desk-site.ts';

const text = (page: Page) => page.getByRole('textbox', { name: 'Text', exact: true });
const publish = (page: Page) => page.getByRole('button', { name: /^Publish/ }).first();
const outbox = (page: Page) => page.locator('.desk-outbox li');
const status = (page: Page) => page.locator('#connection');

describeWith(needs.chromium, 'the desk without a network', (chromium) => {
  const site = deskSite(() => startBrowser(chromium));

  it('says of a post in its undo window that it is kept on this device and goes out later', async () => {
    const { id } = await site.coverage();
    const { page } = await site.openDesk(id);
    await isLive(page);
    await page.getByText('Sources, byline, pictures and links').click();
    await page.getByLabel('Time to undo a post').selectOption('30 seconds');
    await text(page).fill('Written in a tunnel.');
    await page.context().setOffline(true);
    await publish(page).click();
    const held = page.locator('.desk-outbox [data-state="held"]');
    await held.getByText('Saved on this device, will be sent in its turn').waitFor();
    const notice = page.locator('.desk-outbox .desk-notice', { hasText: 'No network. This is sent once the network is back.' });
    await notice.waitFor();
    // Once, whether the browser promised to keep what it stores or not.
    expect(await notice.textContent()).toMatch(/stays on this device until then(?:\.|, unless the browser runs out of space\.)$/);
    expect(await page.locator('.desk-outbox > .desk-hint').count()).toBe(0);
    expect(await status(page).textContent()).toBe('1 not out yet · no network');
    expect(await status(page).getAttribute('data-state')).toBe('waiting');
    expect(await page.getByText('Goes out in').count()).toBe(0);
    expect(await page.getByRole('button', { name: 'Send now' }).count()).toBe(0);
    await page.context().setOffline(false);
    await held.getByText('Goes out in').waitFor();
    expect(await status(page).textContent()).toBe('1 goes out soon');
  });

  it('is reloaded with the headline of its coverage, says why there are no posts, and sends later what is written', async () => {
    const { id } = await site.coverage(['One'], { headline: 'Harbour fire' });
    const { page, complaints } = await site.openDesk(id);
    await page.getByRole('heading', { level: 1, name: 'Harbour fire' }).waitFor();
    await page.evaluate('navigator.serviceWorker.ready');
    await page.context().setOffline(true);
    await page.reload();
    await page.getByText('The posts cannot be loaded without a connection.').waitFor();
    await page.getByRole('heading', { level: 1, name: 'Harbour fire' }).waitFor();
    expect(await page.locator('.desk-tabs [aria-current=page]').textContent()).toBe('Harbour fire');
    expect(await page.title()).toMatch(/^Harbour fire · /);
    expect(await faultsOf(page)).toEqual([]);
    await text(page).fill('Written without a network.');
    await publish(page).click();
    await outbox(page).waitFor();
    await page.context().setOffline(false);
    await page.locator('#posts').getByText('Written without a network.').waitFor();
    expect(await page.getByText('The posts cannot be loaded').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('says so if the server has no such coverage', async () => {
    const { page } = await site.openDesk('no-such-coverage');
    await page.getByText('The server has no such coverage, or you may not read it.').waitFor();
  });

  it('asks about a post that could not be sent for as long as its author chose', async () => {
    const { id } = await site.coverage();
    const { page } = await site.openDesk(id);
    await page.clock.install();
    await page.reload();
    await isLive(page);
    await page.getByText('Sources, byline, pictures and links').click();
    const choice = page.getByLabel('Ask before sending after a wait of');
    expect(await choice.inputValue()).toBe('30');
    await choice.selectOption('10 minutes');
    await page.context().setOffline(true);
    await text(page).fill('The bridge is closed.');
    await publish(page).click();
    await outbox(page).waitFor();
    await page.clock.fastForward(6_000);
    await page.locator('.desk-outbox [data-state="saved"]').waitFor();
    await page.clock.fastForward('06:00');
    await page.clock.runFor(2_000);
    expect(await outbox(page).getAttribute('data-state')).toBe('saved');
    await page.getByText('Sources, byline, pictures and links').click();
    // A shorter time applies to posts that are waiting already.
    await choice.selectOption('5 minutes');
    await page.getByText('This could not be sent for a while. Is it still right?').waitFor();
    await page.context().setOffline(false);
    await page.getByRole('button', { name: 'Publish: The bridge is closed.' }).click();
    await eventually(async () => expect((await site.author.listPosts(id)).posts.length).toBe(1));
  });

  it('compares a change of a coverage with that of a colleague in the words of its form', async () => {
    const { id } = await site.coverage([], { headline: 'Harbour fire', section: 'Local' });
    const { page } = await site.openDesk(id);
    await isLive(page);
    await page.getByRole('button', { name: 'Change' }).click();
    const form = page.getByRole('dialog');
    await form.getByLabel('Headline').fill('Fire at the harbour');
    await form.getByLabel('Typing slip').check();
    await form.getByLabel('Who may read it').selectOption('For members');
    await page.context().setOffline(true);
    await form.getByRole('button', { name: 'Save' }).click();
    await page.getByText('It is kept on this device').waitFor();
    const change = { kind: 'refile' } as const;
    await site.author.updateChannel(id, '*', { headline: 'Harbour on fire', change });
    await page.context().setOffline(false);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: /^Compare: / }).click();
    const dialog = page.getByRole('dialog', { name: 'Two changes of one coverage' });
    const names = dialog.locator('.desk-differences .desk-hint:first-child');
    await eventually(async () => expect(await names.allTextContents()).toEqual(['Headline', 'Who may read it']));
    expect(await dialog.locator('code').count()).toBe(0);
    expect(await dialog.locator('.desk-differences li').nth(1).textContent()).toMatch(/For.*everyone.*members/);
    await dialog.getByRole('button', { name: 'Keep mine' }).click();
    await eventually(async () => {
      const { headline, access } = await site.author.getChannel(id);
      expect([headline, access]).toEqual(['Fire at the harbour', 'members']);
    });
  });
});

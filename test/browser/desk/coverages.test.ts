import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { startBrowser } from '../browser.ts';
import { eventually } from '../newsroom.ts';
import { chooseUndoSeconds, deskSite, longestUndoSeconds } from './desk-site.ts';

describeWith(needs.chromium, 'the coverages of the desk', (chromium) => {
  const site = deskSite(() => startBrowser(chromium));
  const dialog = (page: Page) => page.getByRole('dialog');

  it('are listed to those who may write in them, live ones first, and the list leads to them', async () => {
    const fire = await site.coverage(['The fire is out.'], { id: 'list-fire', headline: 'Harbour fire' });
    await site.coverage([], { id: 'list-vote', headline: 'The vote', state: 'scheduled', startsAt: '2031-05-01T10:00:00Z' });
    await site.coverage([], { id: 'hidden-sport', headline: 'The final' });
    const { page, complaints } = await site.openDesk('', { grants: { author: ['list-*'] } });
    await page.getByRole('heading', { name: 'Coming up' }).waitFor();
    expect(await page.locator('.desk-section h2').allTextContents()).toEqual(['Live', 'Coming up']);
    expect(await page.locator('.desk-coverage > a').allTextContents()).toEqual(['Harbour fire', 'The vote']);
    await page.getByText('Last post now').waitFor();
    expect(await page.getByRole('button', { name: 'New coverage' }).count()).toBe(0);
    await page.getByRole('link', { name: 'Harbour fire' }).click();
    await page.waitForURL(`**/desk/${fire.id}`);
    await page.getByRole('heading', { level: 1, name: 'Harbour fire' }).waitFor();
    await page.getByText('The fire is out.').waitFor();
    expect(await page.getByRole('button', { name: 'Change' }).count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('are opened by an editor with the keyboard alone, under the address that the headline suggests', async () => {
    const { page, complaints } = await site.openDesk('', { sub: 'grace' });
    await page.getByRole('button', { name: 'New coverage' }).focus();
    await page.keyboard.press('Enter');
    await page.keyboard.type('Élections à Zürich');
    await page.keyboard.press('Tab');
    await page.keyboard.type('What we know so far.');
    await page.keyboard.press('Control+Enter');
    await page.getByLabel('Headline').focus();
    await page.keyboard.press('Enter');
    await page.waitForURL('**/desk/elections-a-zurich');
    await page.getByRole('heading', { level: 1, name: 'Élections à Zürich' }).waitFor();
    const channel = await site.author.getChannel('elections-a-zurich');
    expect(channel).toMatchObject({ state: 'live', standfirst: 'What we know so far.', access: 'public', revision: 1 });
    expect(complaints).toEqual([]);
  });

  it('say what is wrong with a field beside it, and what is not theirs to open', async () => {
    const { page } = await site.openDesk('', { grants: { editor: ['sport-*'] } });
    await page.getByRole('button', { name: 'New coverage' }).click();
    const form = dialog(page);
    await form.getByRole('button', { name: 'Open coverage' }).click();
    await form.getByText('This is needed.').waitFor();
    expect(await form.locator(':focus').getAttribute('name')).toBe('headline');
    await form.getByLabel('Headline').fill('Final');
    expect(await form.getByLabel('Address', { exact: true }).inputValue()).toBe('sport-final');
    await form.getByText('Section, byline, language').click();
    await form.getByLabel('Address', { exact: true }).fill('final');
    await form.getByRole('button', { name: 'Open coverage' }).click();
    await form.getByText('You may open coverage only at these addresses: sport-*').waitFor();
  });

  it('are opened by an editor of named ones only under these names, as long as one of them is free', async () => {
    await site.coverage([], { id: 'named-taken', headline: 'Taken' });
    const grants = { editor: ['named-taken', 'named-free'] };
    const { page, complaints } = await site.openDesk('', { grants });
    await page.getByRole('button', { name: 'New coverage' }).click();
    expect(await dialog(page).getByLabel('Address', { exact: true }).locator('option').allTextContents()).toEqual(['named-free']);
    await dialog(page).getByLabel('Headline').fill('A headline that suggests nothing');
    await dialog(page).getByRole('button', { name: 'Open coverage' }).click();
    await page.waitForURL('**/desk/named-free');
    await page.goto(`${site.server.url}/desk/`);
    await page.getByRole('link', { name: 'Taken' }).waitFor();
    expect(await page.getByRole('button', { name: 'New coverage' }).count()).toBe(0);
    // The browser itself reports that the free name was not found.
    expect(complaints.filter((complaint) => !complaint.includes('404'))).toEqual([]);
  });

  it('cannot take the address of another', async () => {
    await site.coverage([], { id: 'taken', headline: 'Taken' });
    const { page } = await site.openDesk();
    await page.getByRole('button', { name: 'New coverage' }).click();
    await dialog(page).getByLabel('Headline').fill('Taken!');
    await dialog(page).getByRole('button', { name: 'Open coverage' }).click();
    await dialog(page).getByText('Another coverage has this address already').waitFor();
    await dialog(page).getByLabel('Address', { exact: true }).fill('taken-too');
    await dialog(page).getByRole('button', { name: 'Open coverage' }).click();
    await page.waitForURL('**/desk/taken-too');
  });

  it('are changed with a note for readers, and keep what a colleague changed meanwhile', async () => {
    const { id } = await site.coverage([], { headline: 'Harbour fire', section: 'Local' });
    const { page, complaints } = await site.openDesk(id);
    await page.getByRole('button', { name: 'Change' }).click();
    const form = dialog(page);
    await form.getByLabel('Headline').fill('Harbour fire is out');
    await form.getByLabel('We were wrong').check();
    await form.getByRole('button', { name: 'Save' }).click();
    await form.getByText('This is needed.').waitFor();
    await form.getByLabel('Note for readers').fill('It was never the north pier.');
    await site.author.updateChannel(id, '*', { section: 'Front page' });
    await form.getByRole('button', { name: 'Save' }).click();
    await form.getByText('A colleague changed the coverage in the meantime.').waitFor();
    expect(await form.getByLabel('Section').inputValue()).toBe('Front page');
    await form.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { level: 1, name: 'Harbour fire is out' }).waitFor();
    const channel = await site.author.getChannel(id);
    expect(channel).toMatchObject({ section: 'Front page', revision: 3 });
    expect(channel.history.at(-1)).toMatchObject({ kind: 'correction', note: 'It was never the north pier.' });
    // The browser itself reports the refusal.
    expect(complaints.filter((complaint) => !complaint.includes('412'))).toEqual([]);
  });

  it('go live, end after a look at what is still open, and can be opened again', async () => {
    const { id } = await site.coverage([], { headline: 'The vote', state: 'scheduled' });
    const { page, complaints } = await site.openDesk(id);
    await page.getByRole('button', { name: 'Go live' }).click();
    await page.getByRole('button', { name: 'End' }).waitFor();
    await site.publish(
      id,
      { kind: 'summary', body: 'So far.' },
      { headline: 'A first count', verification: 'unverified', body: 'It is close.' },
      { headline: 'A second count', developing: true, body: 'It is closer.' },
    );
    await page.getByRole('button', { name: 'End' }).click();
    const question = dialog(page);
    await question.getByText('1 post is still unverified').waitFor();
    expect(await question.getByRole('link').allTextContents()).toEqual(['A first count', 'A second count']);
    await question.getByText('The newest summary is older than 2 posts').waitFor();
    await question.getByRole('button', { name: 'End it anyway' }).click();
    await eventually(async () => expect((await site.author.getChannel(id)).state).toBe('ended'));
    await page.getByRole('button', { name: 'Open again' }).click();
    await page.getByRole('button', { name: 'End' }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('publish a post that was refused for their end once they are open again', async () => {
    const { id } = await site.coverage(['The fire is out.']);
    const { page } = await site.openDesk(id);
    await chooseUndoSeconds(page, longestUndoSeconds);
    const text = page.locator('desk-composer').getByRole('textbox', { name: 'Text', exact: true });
    await text.fill('It was arson.');
    await text.press('Control+Enter');
    await site.author.updateChannel(id, '*', { state: 'ended' });
    await page.getByRole('button', { name: 'Open again' }).waitFor();
    const entry = page.locator('.desk-outbox [data-entry]');
    await entry.getByRole('button', { name: /^Send now/ }).click();
    await entry.getByText('The coverage has ended.').waitFor();
    expect(await entry.getByRole('button', { name: /^Publish/ }).count()).toBe(0);
    await page.getByRole('button', { name: 'Open again' }).click();
    await entry.getByRole('button', { name: /^Publish/ }).click();
    await page.locator('#posts > .post', { hasText: 'It was arson.' }).waitFor();
  });

  it('are opened once there is a network, if there is none now', async () => {
    const { page } = await site.openDesk('');
    await page.getByRole('button', { name: 'New coverage' }).waitFor();
    await page.context().setOffline(true);
    await page.getByRole('button', { name: 'New coverage' }).click();
    await dialog(page).getByLabel('Headline').fill('Storm warning');
    await dialog(page).getByRole('button', { name: 'Open coverage' }).click();
    await dialog(page).getByText('It is kept on this device').waitFor();
    await page.context().setOffline(false);
    await eventually(async () => expect((await site.author.getChannel('storm-warning')).headline).toBe('Storm warning'));
  });
});

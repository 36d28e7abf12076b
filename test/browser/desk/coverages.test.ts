import { expect, it } from 'vitest';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { startBrowser } from '../browser.ts';
import { deskSite } from './desk-site.ts';

describeWith(needs.chromium, 'the list of coverages', (chromium) => {
  const site = deskSite(() => startBrowser(chromium));

  it('has those that one may write in, live ones first, and leads to them', async () => {
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
    expect(complaints).toEqual([]);
  });
});

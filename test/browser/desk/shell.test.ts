import { expect, it } from 'vitest';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { startBrowser } from '../browser.ts';
import { deskSite } from './desk-site.ts';

describeWith(needs.chromium, 'the desk', (chromium) => {
  const site = deskSite(() => startBrowser(chromium));

  it('says who is signed in, and after signing out how to sign in', async () => {
    const { page, complaints } = await site.openDesk('', { name: 'Grace Hopper' });
    await page.getByText('Grace Hopper').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('link', { name: 'Sign in' }).waitFor();
    await page.reload();
    await page.getByRole('link', { name: 'Sign in' }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('opens without a network after the first visit, and then says who was signed in', async () => {
    const { page, complaints } = await site.openDesk('', { name: 'Ada Byron' });
    await page.evaluate('navigator.serviceWorker.ready');
    await page.context().setOffline(true);
    await page.reload();
    await page.getByText('Ada Byron').waitFor();
    expect(complaints).toEqual([]);
  });
});

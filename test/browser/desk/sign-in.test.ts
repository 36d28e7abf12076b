import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { linkCodeFor, signInBy } from '../../support/servers/sign-in-links.ts';
import { startBrowser, startFirefox, type TestBrowser, type WatchedPage } from '../browser.ts';
import { faultsOf } from '../newsroom.ts';
import { deskSite } from './desk-site.ts';

/** The page of a sign-in link. */

function signingIn(start: () => Promise<TestBrowser>): void {
  const site = deskSite(start);

  const codeFor = (changed: Parameters<typeof linkCodeFor>[1] = {}) =>
    linkCodeFor(site.server, { jti: `page-${Math.random()}`, ...changed });
  async function open(code: string, watched?: WatchedPage): Promise<WatchedPage> {
    const visit = watched ?? (await site.browser.page({ viewport: { width: 390, height: 844 }, locale: 'en-GB' }));
    await visit.page.goto(`${site.server.url}/desk/sign-in#${code}`);
    await visit.page.locator('desk-sign-in h1').waitFor();
    return visit;
  }

  const signedInAs = async (page: Page) =>
    page.evaluate<string | undefined>(
      `fetch('${site.server.basePath}/v1/session').then((answer) => answer.json()).then(({ session }) => session?.name)`,
    );

  it('says for whom the link is, and its button opens the desk for this person, once', async () => {
    await site.coverage([], { id: 'moon-landing', headline: 'The moon landing' });
    const code = await codeFor({ grants: { editor: ['moon-landing'], author: ['sport-*'] } });
    const requested: string[] = [];
    const visit = await site.browser.page({ locale: 'en-GB' });
    visit.page.on('request', (request) => requested.push(`${request.method()} ${request.url()}`));
    const { page, complaints } = await open(code, visit);
    await page.getByRole('heading', { name: 'Sign in as Ruth Calder' }).waitFor();
    await page.getByText('Editor of moon-landing').waitFor();
    await page.getByText('Author of sport-*').waitFor();
    expect(await page.textContent('desk-sign-in')).toMatch(/Until (?:\w+,? )?\d\d:\d\d at the latest/);
    // Opening the page, as a preview in a messenger does, sends the code nowhere.
    expect(requested.filter((one) => one.includes(code.slice(0, 20)) || one.startsWith('POST'))).toEqual([]);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(`${site.server.url}/desk/`);
    await page.getByRole('banner').getByText('Ruth Calder').waitFor();
    // No script can read the session itself.
    expect(await page.evaluate('document.cookie')).toMatch(new RegExp(`^${site.server.ownerCookieName}=[\\w-]{22}$`));
    expect(complaints).toEqual([]);
    const other = await open(code);
    await other.page.getByRole('button', { name: 'Sign in' }).click();
    await other.page.getByRole('heading', { name: 'This link was used before' }).waitFor();
    expect(await faultsOf(other.page)).toEqual([]);
  });

  it('opens the only coverage in which this person may write', async () => {
    await site.coverage(['One.'], { id: 'only-fire', headline: 'Harbour fire' });
    const { page, complaints } = await open(await codeFor({ grants: { author: ['only-fire'] } }));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(`${site.server.url}/desk/only-fire`);
    await page.getByRole('heading', { level: 1, name: 'Harbour fire' }).waitFor();
    await page.goBack();
    await page.getByRole('link', { name: 'Harbour fire' }).first().waitFor();
    expect(complaints).toEqual([]);
  });

  it('says who is signed in already, and signs in the person of the link with the keyboard alone', async () => {
    const { page } = await open(await codeFor(), await site.openDesk('', { name: 'Ada Byron' }));
    await page.getByText('Ada Byron is signed in here.').waitFor();
    await page.getByRole('button', { name: 'Sign in' }).focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(`${site.server.url}/desk/`);
    await page.getByRole('banner').getByText('Ruth Calder').waitFor();
  });

  it('says what helps if the link is not complete, has expired, was revoked or is for another server', async () => {
    const [whole, expired, revoked] = [
      await codeFor(),
      await codeFor({ now: Date.now() - 3_600_000 }),
      await codeFor({ jti: 'revoked-before' }),
    ];
    await site.author.revokeToken({ jti: 'revoked-before' });
    const visit = await open(whole.slice(0, -10));
    await visit.page.getByRole('button', { name: 'Sign in' }).click();
    await visit.page.getByRole('heading', { name: 'This link is no longer valid' }).waitFor();
    await open(whole.slice(0, whole.lastIndexOf('.')), visit);
    await visit.page.reload();
    await visit.page.getByRole('heading', { name: 'This link is not complete' }).waitFor();
    for (const [code, heading] of [
      [expired, 'This link has expired'],
      [revoked, 'This link is no longer valid'],
    ] as const) {
      const { page } = await open(code);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('heading', { name: heading }).waitFor();
      expect(await page.getByRole('link', { name: 'Other ways to sign in' }).getAttribute('href')).toBe(
        `${site.server.basePath}/sign-in?to=${encodeURIComponent(`${site.server.basePath}/desk/`)}`,
      );
      expect(await page.getByRole('button', { name: 'Sign in' }).count()).toBe(0);
    }
  });

  it('can be tried again if the server does not answer, and says so', async () => {
    const { page } = await open(await codeFor());
    await page.route('**/v1/session', (route) => route.abort());
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').waitFor();
    expect(await page.getByRole('alert').textContent()).toContain('Trying again is safe');
    await page.unroute('**/v1/session');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.waitForURL(`${site.server.url}/desk/`);
  });

  it('goes on with the session if only the rest of the answer was lost', async () => {
    const code = await codeFor();
    const { page } = await open(code);
    await page.route('**/v1/session', async (route) => {
      if (route.request().method() !== 'POST') return route.continue();
      // The cookie arrives, and the body does not.
      const { cookie } = await signInBy(code, site.server);
      const [name = '', value = ''] = cookie.split(/=(.*)/s);
      await page.context().addCookies([{ name, value, url: site.server.origin, httpOnly: true }]);
      await route.abort();
    });
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.waitForURL(`${site.server.url}/desk/`);
    expect(await signedInAs(page)).toBe('Ruth Calder');
  });
}

describeWith(needs.chromium, 'a sign-in link in Chromium', (chromium) => {
  signingIn(() => startBrowser(chromium));
});

describeWith.nightly(needs.firefox, 'a sign-in link in Firefox', (firefox) => {
  signingIn(() => startFirefox(firefox));
});

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { bringBack, startStoppableIssuer } from '../../support/servers/issuer.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';
import { startBrowser, type TestBrowser, withinTime } from '../browser.ts';

describeWith(needs.chromium, 'members in Chromium', (chromium) => {
  let server: TestServer;
  let browser: TestBrowser;
  let author: string;
  let members: string;
  let now = Date.now;
  /** Time from a revocation’s answer until the sessions of the token have ended. */
  const promisedMs = 5_000;

  beforeAll(async () => {
    browser = await startBrowser(chromium);
    await newServer();
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await browser[Symbol.asyncDispose]();
  });

  async function newServer(env: Record<string, string> = {}): Promise<TestServer> {
    server = await startTestServer(env, { now: () => now() });
    author = await server.token();
    const body = { headline: 'Behind the closed doors', standfirst: 'What the council said.', access: 'members', state: 'live' };
    const made = await call(`${server.url}/v1/channels`, { method: 'POST', token: author, body });
    members = (made.body as { channel: { id: string } }).channel.id;
    await publish('The first word.');
    return server;
  }

  const publish = (body: string) =>
    call(`${server.url}/v1/channels/${members}/posts`, { method: 'POST', token: author, body: { body } });
  /** A tab in which a member with this token is signed in. */
  async function signedIn(token: string): Promise<Page> {
    const { page } = await browser.page();
    await page.goto(`${server.url}/sign-in?to=${server.pathTo(`/live/${members}`)}`);
    await page.getByLabel('Access token').fill(token);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(`${server.url}/live/${members}`);
    return page;
  }

  /** The live page and an element of the same channel, each in a new tab. */
  async function openBoth(page: Page, id: string): Promise<Page[]> {
    return await Promise.all(
      [`/live/${id}`, `/embed/${id}`].map(async (path) => {
        const tab = await page.context().newPage();
        await tab.goto(server.url + path);
        await tab.locator(':is(#connection, .status)[data-state="live"]').waitFor();
        return tab;
      }),
    );
  }

  /** The markup of the document and of the element’s shadow tree. */
  const markupOf = (page: Page) =>
    page.evaluate<string>(
      `document.documentElement.outerHTML + (document.querySelector('pressbox-live')?.shadowRoot.innerHTML ?? '')`,
    );

  const jtiOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).jti;

  async function revoke(token: string) {
    const admin = await server.token({ admin: true }, { sub: 'operator' });
    await call(`${server.url}/v1/tokens/revoked`, { method: 'POST', token: admin, body: { jti: jtiOf(token) } });
  }

  it('sign in with the keyboard alone, read live, also after a reload, and sign out', async () => {
    const { page, complaints } = await browser.page();
    const address = `${server.url}/live/${members}`;
    await page.goto(address);
    expect(await page.textContent('main')).not.toContain('The first word.');
    await page.getByLabel('Access token').fill('nonsense');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').waitFor();
    expect(await page.getByLabel('Access token').getAttribute('aria-invalid')).toBe('true');
    // The field is focused, so that another token can be pasted at once.
    await page.getByLabel('Access token').and(page.locator(':focus')).waitFor();
    await page.keyboard.insertText(await server.token({ reader: ['*'] }, { name: 'Ruth Calder' }));
    await page.keyboard.press('Enter');
    await page.waitForURL(address);
    for (const visit of ['first', 'reloaded']) {
      if (visit === 'reloaded') await page.reload();
      await vi.waitFor(async () => expect(await page.textContent('#connection-text')).toBe('Live'));
      expect(await page.textContent('main')).toContain('The first word.');
      await publish(`Live to who has ${visit}.`);
      await page.getByText(`Live to who has ${visit}.`).waitFor();
    }
    // No script can read the session itself.
    expect(await page.evaluate('document.cookie')).toMatch(new RegExp(`^${server.ownerCookieName}=[\\w-]{22}$`));
    expect(page.url()).toBe(address);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'This coverage is for members' }).waitFor();
    expect(await page.textContent('main')).not.toContain('The first word.');
    // The console reports the refusal of the wrong token and nothing else.
    expect(complaints.filter((line) => !line.includes('401'))).toEqual([]);
  });

  it('receive events over an EventSource, which cannot send a token, until it is revoked', async () => {
    const token = await server.token({ reader: ['*'] });
    const page = await signedIn(token);
    await page.evaluate(
      `window.source = new EventSource('${server.basePath}/v1/channels/${members}/stream');
       window.heard = [];
       source.addEventListener('catchup', () => heard.push('catchup'));
       source.addEventListener('unsubscribed', ({ data }) => heard.push(JSON.parse(data).reason));
       source.addEventListener('post.published', ({ data }) => heard.push(JSON.parse(data).post.html));`,
    );
    await vi.waitFor(async () => expect(await page.evaluate('heard')).toEqual(['catchup']));
    await publish('To the stream.');
    await vi.waitFor(async () => expect(await page.evaluate('heard')).toContain('<p>To the stream.</p>\n'));
    await revoke(token);
    // The page’s own socket is closed too, and the page is no longer shown as live.
    await Promise.all([
      withinTime(promisedMs, async () => expect(await page.evaluate('heard.at(-1)')).toBe('revoked')),
      withinTime(promisedMs, async () => expect(await page.textContent('#connection-text')).toContain('No longer live')),
    ]);
    for (const word of ['The first word.', 'To the stream.']) expect(await page.textContent('body')).not.toContain(word);
    // The EventSource reconnects as the server tells it to, is refused, and does not try again.
    await vi.waitFor(async () => expect(await page.evaluate('source.readyState')).toBe(2));
    await page.reload();
    await page.getByRole('heading', { name: 'This coverage is for members' }).waitFor();
  });

  it('see no members’ posts after their token was revoked, on the page and in the element, but still see public ones', async () => {
    const headline = 'For everyone';
    const made = await call(`${server.url}/v1/channels`, { method: 'POST', token: author, body: { headline, state: 'live' } });
    const { id } = (made.body as { channel: { id: string } }).channel;
    await call(`${server.url}/v1/channels/${id}/posts`, { method: 'POST', token: author, body: { body: 'A public word.' } });
    const token = await server.token({ reader: ['*'] });
    const page = await signedIn(token);
    const tabs = await openBoth(page, members);
    const open = await openBoth(page, id);
    await revoke(token);
    for (const tab of tabs) {
      await tab.getByText('This coverage is for members.').first().waitFor();
      expect(await markupOf(tab)).not.toContain('The first word.');
    }
    const way = tabs[1]?.getByRole('link', { name: 'Open the coverage on its own page' });
    expect(await way?.getAttribute('href')).toBe(`${server.url}/live/${members}`);
    for (const tab of open) {
      await tab.getByText(/^No longer live, as of .* Reload to go on\.$/).waitFor();
      expect(await markupOf(tab)).toContain('A public word.');
    }
  });

  it('are anonymous in a frame on another server of the same site', async () => {
    const page = await signedIn(await server.token({ reader: ['*'] }));
    const newsroom = createServer((_request, response) => {
      const frames = [`/embed/${members}`, `/live/${members}`].map((path) => `<iframe src="${server.url}${path}"></iframe>`);
      response.setHeader('content-type', 'text/html').end(`<!doctype html><title>A neighbour</title>${frames.join('')}`);
    });
    await new Promise<void>((resolve) => newsroom.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void newsroom.close());
    const tab = await page.context().newPage();
    // Another port of the same host is another origin of the same site, so cookies are sent.
    await tab.goto(`http://127.0.0.1:${(newsroom.address() as AddressInfo).port}`);
    const frame = tab.frameLocator('iframe').first();
    await frame.getByText('This coverage is for members.').waitFor();
    const shown = await Promise.all(
      tab
        .frames()
        .map((one) =>
          one.evaluate<string>(
            `document.querySelector('pressbox-live')?.shadowRoot.innerHTML ?? document.documentElement.outerHTML`,
          ),
        ),
    );
    expect(shown.join('')).not.toContain('The first word.');
    // The member is still signed in.
    await page.reload();
    await page.getByText('The first word.').waitFor();
  });

  it('keep the posts on their page when their token expires, see that it is no longer live, and sign in again', async () => {
    const page = await signedIn(await server.token({ reader: ['*'] }, { ttlSeconds: 600 }));
    const tabs = await openBoth(page, members);
    onTestFinished(() => {
      now = Date.now;
    });
    now = () => Date.now() + 601_000;
    for (const tab of tabs) {
      await tab.getByText(/^No longer live, as of .* Reload to go on\.$/).waitFor();
      expect(await markupOf(tab)).toContain('The first word.');
      await tab.reload();
    }
    await tabs[0]?.getByLabel('Access token').waitFor();
    await tabs[1]?.getByRole('link', { name: 'Open the coverage on its own page' }).waitFor();
    for (const tab of tabs) expect(await markupOf(tab)).not.toContain('The first word.');
  });

  it('stay signed in past the idle limit only while their page, or an element on another page of the server, is live', async () => {
    const before = server;
    await newServer({ PRESSBOX_SESSION_IDLE_MINUTES: '5' });
    await before[Symbol.asyncDispose]();
    const start = Date.now();
    let ahead = 0;
    onTestFinished(() => {
      now = Date.now;
    });
    now = () => Date.now() + ahead;
    const inTwoBrowsers = async (does: (page: Page) => Promise<unknown>) => await Promise.all(pages.map(does));
    const isLive = (page: Page) => page.locator(':is(#connection, .status)[data-state="live"]').waitFor();
    const pages = await Promise.all(
      [`/live/${members}`, `/embed/${members}`].map(async (path) => {
        const { page } = await browser.page();
        await page.clock.install({ time: start });
        await page.goto(`${server.url}/sign-in?to=${server.pathTo(path)}`);
        await page.getByLabel('Access token').fill(await server.token({ reader: ['*'] }));
        await page.keyboard.press('Enter');
        await page.waitForURL(server.url + path);
        return page;
      }),
    );
    for (let round = 0; round < 6; round += 1) {
      await inTwoBrowsers(isLive);
      ahead += 80_000;
      await inTwoBrowsers(async (page) => {
        const [answer] = await Promise.all([page.waitForResponse(`${server.url}/v1/session`), page.clock.fastForward(80_000)]);
        expect(await answer.json()).toMatchObject({ session: { name: 'Ada Byron' } });
      });
    }
    await inTwoBrowsers(async (page) => {
      await page.reload();
      await isLive(page);
      await page.getByText('The first word.').waitFor();
      await page.goto('about:blank');
    });
    ahead += 300_000;
    await inTwoBrowsers(async (page) => {
      await page.goto(`${server.url}/live/${members}`);
      await page.getByLabel('Access token').waitFor();
    });
  });

  it('are signed in by a newsroom’s page, which can do nothing else with the session', async () => {
    const newsroom = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html').end(`<!doctype html><title>The newsroom</title>
        <form method="post" action="${server.url}/sign-in"><input name="token"><input type="hidden" name="to" value="${server.pathTo(`/live/${members}`)}"><button>Go live</button></form>`);
    });
    await new Promise<void>((resolve) => newsroom.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void newsroom.close());
    // Another host name of the same machine is another site.
    const site = `http://localhost:${(newsroom.address() as AddressInfo).port}`;
    const before = server;
    await newServer({ PRESSBOX_ORIGINS: site });
    await before[Symbol.asyncDispose]();
    const { page } = await browser.page();
    await page.goto(site);
    await page.fill('[name=token]', await server.token({ reader: ['*'] }));
    await page.click('button');
    await page.waitForURL(`${server.url}/live/${members}`);
    expect(await page.textContent('main')).toContain('The first word.');

    await page.goto(site);
    const read = `fetch('${server.url}/v1/channels/${members}/snapshot', { credentials: 'include' }).then(({ status }) => status, () => 'kept from it')`;
    expect(await page.evaluate(read)).toBe('kept from it');
    // A link from the newsroom’s page sends the session.
    await page.evaluate(`location.assign('${server.url}/live/${members}')`);
    await page.waitForURL(`${server.url}/live/${members}`);
    await page.getByText('The first word.').waitFor();
  });

  it('stay signed in while the issuer is down and the server restarts, and the page resumes by itself', async () => {
    await using issuer = await startStoppableIssuer();
    const before = server;
    await newServer({ PRESSBOX_JWKS_URL: issuer.jwksUrl, PRESSBOX_JWT_SECRET: 'a secret of the tests, long enough' });
    await before[Symbol.asyncDispose]();
    const desk = { headline: 'For the desk', access: 'desk' };
    await call(`${server.url}/v1/channels`, { method: 'POST', token: author, body: desk });
    const { page } = await browser.page();
    const address = `${server.url}/live/${members}`;
    await page.goto(address);
    await page.getByLabel('Access token').fill(await issuer.token({ reader: ['*'], author: ['*'] }, 'of-the-issuer'));
    await page.keyboard.press('Enter');
    await page.waitForURL(address);
    const connection = () => page.textContent('#connection-text');
    await vi.waitFor(async () => expect(await connection()).toBe('Live'));
    await page.evaluate('window.isTheSamePage = true');

    await issuer.stop();
    await server.restart();
    await publish('Written while the issuer was gone.');
    const refused = /pressbox_problems_total\{code="token-invalid"\} [1-9]/;
    await vi.waitFor(async () => expect((await call(`${server.url}/metrics`)).text).toMatch(refused));
    expect(await connection()).toMatch(/^(?:Connecting|Reconnecting)/);
    const elsewhere = await page.context().newPage();
    await elsewhere.goto(address);
    expect(await elsewhere.textContent('main')).toContain('You cannot be recognised at the moment');
    // The list shows members’ channels again by itself, as soon as the session can be checked.
    const list = await page.context().newPage();
    await list.clock.install();
    await list.goto(server.url);
    await list.getByRole('status').getByText('so coverage that is not for everyone may be missing here').waitFor();
    expect(await list.getByRole('link', { name: 'For the desk' }).count()).toBe(0);

    await bringBack(issuer, server);
    await list.clock.fastForward(25_000);
    await list.getByRole('link', { name: 'For the desk' }).waitFor();
    expect(await list.getByRole('status').textContent()).toBe('');
    // The longest pause between two attempts is half a minute.
    await page.getByText('Written while the issuer was gone.').waitFor({ timeout: 90_000 });
    await vi.waitFor(async () => expect(await connection()).toBe('Live'));
    expect(await page.evaluate('window.isTheSamePage')).toBe(true);
    await elsewhere.reload();
    expect(await elsewhere.textContent('main')).toContain('Written while the issuer was gone.');
  });
});

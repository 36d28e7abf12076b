import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { AuthorClient, type NewPost } from '../../client/lib/index.ts';
import type { Media } from '../../src/protocol/model.ts';
import { startBrowser, type TestBrowser } from '../browser/browser.ts';
import { type AttackedServer, secretWord, startAttackedServer } from '../support/attacks/attacked-server.ts';
import { chunksOf, lineOf, textAttacks, urlAttacks } from '../support/attacks/script-attacks.ts';
import { describeWith, needs } from '../support/runner/needs.ts';
import { testedBasePath } from '../support/servers/front.ts';
import { type PolicyFreeProxy, startProxyWithoutPolicy } from '../support/servers/policy-stripping-proxy.ts';

/**
 * Script injections in every field that an author or an issuer of tokens can write, on pages in a real browser: as the server rendered
 * them, and as their script changes them. Each runs with the content security policy and without it, since the policy is only the second
 * line of defence. Nothing runs, no other host is requested, and each text is shown as it was written.
 */

const attacks = Object.values(textAttacks).flat();
/** A busy machine takes this long to render that much at once. */
const patient = { timeout: 250_000 };

/** A post with each of these attacks in each of its fields. */
function postOf(some: readonly string[]): NewPost {
  const url = 'https://media.example/x';
  const lines = some.map(lineOf);
  return {
    headline: lines[0] as string,
    kind: 'breaking',
    body: some
      .map((attack, at) => {
        const line = lines[at];
        return `${secretWord}\n\n${attack}\n\n- ${attack}\n\n| a |\n|---|\n| ${line} |\n\n    ${line}\n\n${'```'}\n${attack}\n${'```'}`;
      })
      .join('\n\n'),
    authors: lines.map((line) => ({ name: line, role: line, url })),
    sources: lines.map((line) => ({ name: line, via: line, url })),
    media: some.flatMap((attack, at): Media[] => {
      const line = lines[at] as string;
      return [
        { type: 'image', url, alt: line, caption: attack, credit: line },
        { type: 'video', url, poster: url, captions: url, caption: attack },
        { type: 'link', url, image: url, title: line, source: line, description: line },
      ];
    }),
  };
}

function channelOf(some: readonly string[]) {
  const [line = ''] = some.map(lineOf);
  return {
    headline: line,
    standfirst: some.join('\n'),
    section: line.slice(0, 80),
    byline: some.map((attack) => ({ name: lineOf(attack), role: lineOf(attack) })),
    change: { kind: 'correction' as const, note: some.join('\n') },
  };
}

/** One post for each field that takes an address. */
function postsWith(url: string): NewPost[] {
  const good = 'https://media.example/x';
  return [
    { body: 'a', authors: [{ name: 'a', url }] },
    { body: 'a', sources: [{ name: 'a', url }] },
    { media: [{ type: 'image', url, alt: 'a' }] },
    { media: [{ type: 'video', url }] },
    { media: [{ type: 'video', url: good, poster: url, captions: url }] },
    { media: [{ type: 'link', url, title: 'a' }] },
    { media: [{ type: 'link', url: good, title: 'a', image: url }] },
  ];
}

/** The part of a browser's element that the test reads. */
interface Shown {
  localName: string;
  namespaceURI: string | null;
  baseURI: string;
  outerHTML: string;
  attributes: Iterable<{ name: string; value: string }>;
  getAttribute(name: string): string | null;
  querySelectorAll(selector: string): Iterable<Shown>;
}

/** Finds injected markup in a page. Runs in the browser. */
function findFaults(root: Shown, basePath: string): string[] {
  const tags = new Set(
    `html head meta title link script body div main header section aside nav button p h1 h2 h3 h4 a span strong em s ul ol li dl
    blockquote code pre hr br table thead tbody tr th td article time figure figcaption img video source track bdi footer details
    summary ins del`.split(/\s+/),
  );
  /** The list that the page's script moves, and the element's skeleton lines and slots. */
  const listed = new Set(
    root.querySelectorAll(
      '#times > label, #times > label > select, #times > label > select > option, #skeleton > i, slot[name=header], slot[name=footer]',
    ),
  );
  const faults: string[] = [];
  for (const element of [root, ...root.querySelectorAll('*')]) {
    const tag = element.localName;
    if (!(tags.has(tag) || listed.has(element)) || element.namespaceURI !== 'http://www.w3.org/1999/xhtml')
      faults.push(`<${tag}>`);
    if (
      tag === 'script' &&
      !['application/json', 'application/ld+json'].includes(element.getAttribute('type') ?? '') &&
      !element.getAttribute('src')?.startsWith(`${basePath}/assets/`)
    ) {
      faults.push(element.outerHTML.slice(0, 100));
    }
    for (const { name, value } of element.attributes) {
      if (/^on|^style$|^srcdoc$|^form|^is$|:/.test(name)) faults.push(`${tag} ${name}="${value}"`);
      if (!['href', 'src', 'poster', 'action', 'data'].includes(name)) continue;
      const { protocol } = new URL(value, root.baseURI);
      const isIcon = tag === 'link' && value === 'data:,';
      if (!['http:', 'https:', 'mailto:'].includes(protocol) && !isIcon) faults.push(`${tag} ${name}="${value}"`);
    }
  }
  return faults;
}

const hits: string[] = [];
const foreign: string[] = [];

async function open(browser: TestBrowser, url: string): Promise<Page> {
  const { page } = await browser.page();
  await page.exposeBinding('hit', (_source, what: unknown) => hits.push(String(what)));
  await page.addInitScript(() => {
    for (const name of ['alert', 'confirm', 'prompt']) {
      Object.defineProperty(globalThis, name, { value: () => (globalThis as unknown as { hit(what: string): void }).hit(name) });
    }
  });
  page.on('dialog', (dialog) => {
    hits.push(dialog.message());
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    const { origin } = new URL(request.url());
    if (![new URL(url).origin, 'https://media.example', 'null'].includes(origin)) foreign.push(request.url());
  });
  await page.goto(url);
  return page;
}

async function expectHarmless(page: Page, part = 'html'): Promise<void> {
  expect(await page.locator(part).evaluate(findFaults, testedBasePath())).toEqual([]);
  expect({ hits, foreign }).toEqual({ hits: [], foreign: [] });
}

/** The complete address of a link, or null if the page has no such link. */
async function addressOf(link: Locator): Promise<string | null> {
  return (await link.count()) === 0 ? null : new URL((await link.getAttribute('href')) ?? '', link.page().url()).href;
}

const textsOf = async (page: Page, selector: string) =>
  (await page.locator(selector).allTextContents()).map((text) => text.trim());

describeWith(needs.chromium, 'a script injection in every field', (chromium) => {
  let server: AttackedServer;
  let proxy: PolicyFreeProxy;
  let browser: TestBrowser;
  let author: AuthorClient;

  beforeAll(async () => {
    [server, browser] = await Promise.all([startAttackedServer(), startBrowser(chromium)]);
    proxy = await startProxyWithoutPolicy(server.url);
    author = new AuthorClient({ url: server.url, token: await server.token() });
  });
  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]();
    await proxy?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  /** With the content security policy, and without it. */
  const both = () => [server.url, proxy.url];

  it('is noticed by this test if it does run', async () => {
    const page = await open(browser, `${proxy.url}/`);
    await page.locator('body').evaluate((body) => {
      body.insertAdjacentHTML('beforeend', '<img src=x onerror=hit("ran")><svg></svg>');
    });
    await vi.waitFor(() => expect(hits).toEqual(['ran']));
    expect(await page.locator('html').evaluate(findFaults, testedBasePath())).toEqual(['img onerror="hit("ran")"', '<svg>']);
    hits.length = 0;
    foreign.length = 0;
    await page.context().close();
  });

  it('is shown as text on open pages that change', async () => {
    await author.createChannel({ id: 'live', headline: 'Live', state: 'live' });
    const pages = await Promise.all(both().map((address) => open(browser, `${address}/live/live`)));
    for (const page of pages) await page.locator('#connection[data-state="live"]').waitFor();
    for (const some of chunksOf(attacks, 6)) {
      await author.updateChannel('live', '*', channelOf(some));
      await author.publish('live', postOf(some));
    }
    for (const [attack = ''] of Object.values(textAttacks)) {
      // The names in a token, and the notes of changes.
      const token = await server.token({ editor: ['*'] }, { sub: lineOf(attack), name: lineOf(attack) });
      const named = new AuthorClient({ url: server.url, token });
      const { post } = await named.publish('live', { headline: lineOf(attack), kind: 'summary' });
      await named.correct('live', post.id, 1, { note: attack, changes: { developing: true } });
      await named.pin('live', post.id);
      const { post: gone } = await named.publish('live', { headline: 'Withdrawn' });
      await named.retract('live', gone.id, { note: attack });
    }
    const last = await author.publish('live', { headline: 'The last one' });

    for (const page of pages) {
      await page.locator(`#post-${last.post.id}`).waitFor(patient);
      const persons = await textsOf(page, '#posts .by .role');
      expect(persons).toEqual(expect.arrayContaining(attacks.map((attack) => lineOf(attack).trim())));
      await expectHarmless(page);
      await page.context().close();
    }
  }, 600_000);

  it('is shown as text in the element, at the start and after changes', async () => {
    const pages = await Promise.all(both().map((address) => open(browser, `${address}/embed/live`)));
    for (const page of pages) await page.locator('.status[data-state="live"]').waitFor();
    for (const some of chunksOf(attacks, 6)) {
      await author.updateChannel('live', '*', channelOf(some));
      for (const attack of some) await author.publish('live', { headline: lineOf(attack), keyEvent: true });
    }
    const last = await author.publish('live', { headline: 'The last one' });
    for (const page of pages) {
      await page.locator(`#post-${last.post.id}`).waitFor(patient);
      const events = await textsOf(page, '.key-list .key-headline');
      expect(events).toEqual(expect.arrayContaining(attacks.slice(-90).map((attack) => lineOf(attack).trim())));
      await expectHarmless(page, '.frame');
      await page.context().close();
    }
  }, 600_000);

  it('is shown as text on the pages that the server renders', async () => {
    for (const attack of attacks) {
      const line = lineOf(attack);
      await author.createChannel({ headline: line, standfirst: attack, section: line.slice(0, 80), state: 'live' });
      await author.publish('live', { headline: line, keyEvent: true });
    }
    for (const address of both()) {
      const page = await open(browser, `${address}/`);
      const listed: string[] = [];
      for (let next: string | null = `${address}/`; next !== null; ) {
        await page.goto(next, { waitUntil: 'domcontentloaded' });
        listed.push(...(await textsOf(page, '.listed h3')));
        await expectHarmless(page);
        next = await addressOf(page.locator('a[rel=next]').first());
      }
      expect(listed).toEqual(expect.arrayContaining(attacks.map((attack) => lineOf(attack).trim())));

      const headlines: string[] = [];
      const persons: string[] = [];
      for (let next: string | null = `${address}/live/live`; next !== null; ) {
        await page.goto(next, { waitUntil: 'domcontentloaded' });
        headlines.push(...(await textsOf(page, '#posts h3.headline')));
        persons.push(...(await textsOf(page, '#posts .by .role')));
        await expectHarmless(page);
        next = await addressOf(page.locator('#older a'));
      }
      for (const texts of [headlines, persons]) {
        expect(texts).toEqual(expect.arrayContaining(attacks.map((attack) => lineOf(attack).trim())));
      }
      await page.context().close();
    }
  });

  it('is shown as text in earlier versions of a post', async () => {
    await author.createChannel({ id: 'changed', headline: 'Changed', state: 'live' });
    let { post } = await author.publish('changed', { headline: 'Start', body: 'Start' });
    for (const some of chunksOf(attacks, 6)) {
      ({ post } = await author.correct('changed', post.id, post.revision, {
        note: some.join('\n'),
        changes: { headline: lineOf(some[0] as string), body: `${secretWord}\n\n${some.join('\n\n')}` },
      }));
    }
    for (const address of both()) {
      const page = await open(browser, `${address}/live/changed/${post.id}/versions`);
      let told = 0;
      let marked = 0;
      for (let next: string | null = page.url(); next !== null; ) {
        if (next !== page.url()) await page.goto(next, { waitUntil: 'domcontentloaded' });
        await expectHarmless(page);
        told += await page.locator('.version').count();
        marked += await page.locator('ins, del').count();
        next = await addressOf(page.locator('a[rel=next]'));
      }
      expect(told).toBe(post.revision);
      expect(marked).toBeGreaterThan(post.revision);
      await page.context().close();
    }
  });

  it('becomes no link, or a harmless one', async () => {
    await author.createChannel({ id: 'urls', headline: 'Addresses', state: 'live' });
    const pages = await Promise.all(both().map((address) => open(browser, `${address}/live/urls`)));
    let taken: string[] = [];
    for (const url of urlAttacks) {
      const posts = postsWith(url).map((post) =>
        author.publish('urls', post).then(
          () => true,
          (error: { problem?: { code: string } }) => {
            expect(error.problem?.code, url).toBe('invalid-body');
            return false;
          },
        ),
      );
      const said = new Set(await Promise.all(posts));
      expect(said.size, `${url} is an address in every field, or in none`).toBe(1);
      if (said.has(true)) taken = [...taken, url];
    }
    expect(taken).toEqual(urlAttacks.filter((url) => /^https:\/\/media\.example\/[\x21-\x7e ]+$/.test(url) && !/ /.test(url)));
    const last = await author.publish('urls', { headline: 'The last one' });
    for (const page of pages) {
      await page.locator(`#post-${last.post.id}`).waitFor(patient);
      await expectHarmless(page);
      await page.goto(page.url(), { waitUntil: 'domcontentloaded' });
      await expectHarmless(page);
      await page.context().close();
    }
  }, 600_000);

  it('is not logged, and neither is a token', () => server.expectCleanLog());
});

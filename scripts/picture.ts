// Takes the pictures of the README: a page of a real server with a correction and a post that is held back behind the button.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { AuthorClient } from '../client/lib/author-client.ts';
import { signToken } from '../src/access/tokens.ts';
import { readConfig } from '../src/config.ts';
import { startServer } from '../src/server.ts';
import { fontsFor } from '../test/browser/fonts.ts';
import { needs } from '../test/support/runner/machine.ts';

export const textPath = 'docs/live-page.txt';
export const picturePaths = { light: 'docs/live-page.png', dark: 'docs/live-page-dark.png' } as const;

const pathOf = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const viewport = { width: 1180, height: 680 };
const channelId = 'harbour-fire';

/** A clock for the server and the browser that the script sets, so that the page always shows the same times. */
function createClock() {
  let time = Date.parse('2026-06-04T16:31:00.000Z');
  return {
    now: () => time,
    at(minute: string) {
      time = Date.parse(`2026-06-04T${minute}:00.000Z`);
    },
  };
}

/** Starts a server, plays the coverage, and brings a page of the browser into the state of the picture. */
export async function openPicture(browser: Browser): Promise<{ page: Page; text: string } & AsyncDisposable> {
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'pressbox-picture-'));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const clock = createClock();
  const env = { PRESSBOX_DATA_DIR: folder, PRESSBOX_PORT: '0', PRESSBOX_LOG_LEVEL: 'silent' };
  const server = await startServer(readConfig(env), { now: clock.now });
  opened.defer(() => server.close());
  const grants = { reader: [], author: [], editor: ['*'], admin: false };
  const claims = { sub: 'ruth', name: 'Ruth Calder', grants, ttlSeconds: 86_400, now: clock.now(), jti: 'picture' };
  const author = new AuthorClient({ url: server.url, token: await signToken(server.secret as Uint8Array, claims) });

  await author.createChannel({
    id: channelId,
    state: 'live',
    headline: 'Fire at the harbour: what we know',
    standfirst: 'A warehouse is burning at the port. Ferries stay in, and the ring road is shut.',
    section: 'City',
    byline: [{ name: 'Ruth Calder', role: 'at the port' }, { name: 'Emil Vance' }],
    language: 'en-GB',
    timezone: 'UTC',
  });
  const publish = async (minute: string, post: Parameters<AuthorClient['publish']>[1]) => {
    clock.at(minute);
    return (await author.publish(channelId, post)).post;
  };
  await publish('16:31', { headline: 'Smoke over the port', body: 'Readers send pictures of smoke. We are on our way.' });
  await publish('16:48', {
    headline: 'All ferries stay in port',
    keyEvent: true,
    body: 'The port authority has stopped all ferries until midnight.',
    sources: [{ name: 'Port authority' }],
  });
  await publish('17:06', {
    headline: 'Ring road shut',
    body: 'Drivers are sent over the north bridge. Buses **12** and **14** turn round at the market.',
  });
  const warehouse = await publish('17:20', {
    headline: 'Warehouse on pier four is burning',
    kind: 'breaking',
    keyEvent: true,
    body: 'About forty firefighters are at pier four. Nobody was hurt, the fire brigade says.',
    sources: [{ name: 'Fire brigade' }],
    verification: 'verified',
  });
  await publish('17:34', { headline: 'Your questions', body: 'We talk to the harbour master at six. What do you want to know?' });
  clock.at('17:41');
  await author.correct(channelId, warehouse.id, warehouse.revision, {
    note: 'The warehouse stands on pier five. We wrote pier four.',
    changes: {
      headline: 'Warehouse on pier five is burning',
      body: 'About forty firefighters are at pier five. Nobody was hurt, the fire brigade says.',
    },
  });

  const context = await browser.newContext({ viewport, deviceScaleFactor: 1, locale: 'en-GB', timezoneId: 'UTC' });
  opened.defer(() => context.close());
  const page = await context.newPage();
  await page.clock.setFixedTime(clock.now());
  await page.goto(`${server.url}/live/${channelId}`);
  await page.locator('#connection[data-state="live"]').waitFor();
  // New posts wait for a reader who has scrolled past the start of the list.
  await page.evaluate(
    `scrollTo({ top: scrollY + document.querySelector('#posts').getBoundingClientRect().top + 4, behavior: 'instant' })`,
  );
  await publish('17:41', { headline: 'Harbour master: no danger for the town', body: 'The wind carries the smoke out to sea.' });
  await page.locator('#new-posts').waitFor();
  const text = `${await page.evaluate<string>('document.body.innerText')}\n`;
  const kept = opened.move();
  return { page, text, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Chromium with the fonts of the tests, so that the picture does not depend on those of the machine. */
export async function launchBrowser(executablePath: string): Promise<Browser & AsyncDisposable> {
  const profile = await mkdtemp(join(tmpdir(), 'pressbox-picture-'));
  const env = { ...process.env, ...(await fontsFor(profile)), HOME: profile };
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'], env });
  browser.once('disconnected', () => void rm(profile, { recursive: true, force: true }));
  return browser;
}

if (import.meta.main) {
  const executable = needs.chromium.find();
  if (executable === undefined) throw new Error(`There is no browser: ${needs.chromium.advice}.`);
  await using browser = await launchBrowser(executable);
  await using picture = await openPicture(browser);
  await writeFile(pathOf(textPath), picture.text);
  for (const [colorScheme, path] of Object.entries(picturePaths)) {
    await picture.page.emulateMedia({ colorScheme: colorScheme as keyof typeof picturePaths });
    await picture.page.screenshot({ path: pathOf(path) });
  }
}

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import type { CatchUp } from '../../../src/protocol/model.ts';
import { startBrowser } from '../../browser/browser.ts';
import { root } from '../../support/runner/imports.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { freePort } from '../../support/servers/free-port.ts';
import { openShell, type Started } from '../../support/servers/shell.ts';

const page = await readFile(join(root, 'docs/tutorial/branded-coverage.md'), 'utf8');
const blocks = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, lines = '']) => lines);

describeWith(needs.redis, 'the tutorial, with Redis', () => {
  describeWith(needs.python, 'with Python', () => {
    describeWith(needs.curl, 'with curl', () => {
      describeWith(needs.chromium, 'with a browser', (chromium) => {
        it('works from the first command to the last', () => followTutorial(chromium));
      });
    });
  });
});

async function followTutorial(chromium: string): Promise<void> {
  const ports = new Map<string, number>();
  for (const port of new Set(page.match(/\b43\d\d\b/g))) ports.set(port, await freePort());
  const here = (text: string) => text.replaceAll(/\b43\d\d\b/g, (port) => String(ports.get(port)));
  // The test of the README checks that npx finds the command. Without npx this test takes half as long.
  const command = (lines: string) => here(lines).replaceAll('npx pressbox', `"${process.execPath}" "${root}/bin/pressbox.mjs"`);
  const [serve, token, create, correct, cursor, away, ask, site, serveSite, serveAgain, takedown, search, ...rest] = blocks;
  const [exported, redis, first, second, imported, balance, follow, goodNight, cleanUp, ...none] = rest;
  expect(none).toEqual([]);

  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'pressbox-tutorial-'));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const shell = opened.use(openShell(folder, { PATH: process.env.PATH, HOME: folder, PYTHONUNBUFFERED: '1' }));
  const browser = opened.use(await startBrowser(chromium));
  const run = (lines = '') => shell.run(command(lines));
  const start = async (lines: string | undefined, sign: RegExp): Promise<Started> => {
    const started = shell.start(command(lines ?? ''));
    await vi.waitFor(() => expect(`${started.out}${started.err}`).toMatch(sign));
    return started;
  };
  const stop = async (started: Started) => {
    started.kill('SIGINT');
    await started.ended;
  };
  /** Runs lines in the terminal in which the tutorial exports variables, and keeps those that it sets. */
  const runAndKeep = async (lines = '') => {
    const printed = await run(`${lines}\nset | grep -E '^(PRESSBOX_|CURSOR)'`);
    for (const [, name = '', value] of printed.matchAll(/^(\w+)='?([^'\n]*)'?$/gm)) shell.env[name] = value;
  };

  // 1 and 2
  const server = await start(serve, /serves http/);
  await runAndKeep(token);
  await run(create);
  const { page: live } = await browser.page();
  await live.goto(here(/`(\S+\/live\/\S+)`/.exec(page)?.[1] ?? ''));
  const isLive = () => live.locator('#connection[data-state="live"]').waitFor();
  await isLive();
  await live.getByRole('heading', { name: 'Budget passes by two votes' }).first().waitFor();
  await run(correct);
  await live.getByRole('heading', { name: 'Budget passes by one vote' }).first().waitFor();
  await live.getByText('It passed by one vote, not two.').first().waitFor();

  // 3
  await runAndKeep(cursor);
  await run(away);
  const answer = JSON.parse(await run(ask)) as Extract<CatchUp, { mode: 'replay' }>;
  const { mode, events } = answer;
  const [shortened = ''] = [...page.matchAll(/^```json\n([\s\S]*?)^```$/gm)].map(([, json]) => json);
  expect(answer).toMatchObject(JSON.parse(shortened));
  expect([mode, events.length]).toEqual(['replay', 1]);
  expect(events[0]).toMatchObject({
    post: { headline: 'Tram line 9 is decided', history: [{ kind: 'correction' }, { kind: 'update' }] },
  });
  expect(JSON.stringify(events)).not.toContain('hospital');

  // 4
  await run(site);
  await start(serveSite, /Serving HTTP/);
  const { page: own } = await browser.page();
  const ownAddress = here(/Open `(http:\/\/127\.0\.0\.1:4380\/)`/.exec(page)?.[1] ?? '');
  await own.goto(ownAddress);
  await own.getByText('the server does not admit it (PRESSBOX_ORIGINS)').first().waitFor();
  await stop(server);
  await live.locator('#connection', { hasText: 'Reconnecting, as of ' }).waitFor();
  const again = await start(serveAgain, /serves http/);
  await isLive();
  const isOwnLive = () => own.locator('pressbox-live .status[data-state="live"]').waitFor();
  await own.reload();
  await isOwnLive();
  const heading = own.getByRole('heading', { name: 'Budget passes by one vote' });
  const look = await heading.evaluate((element) => {
    // Runs in the page, whose types are not loaded here.
    const { getComputedStyle } = globalThis as unknown as { getComputedStyle(of: unknown): Record<string, string> };
    const { color, fontFamily, letterSpacing } = getComputedStyle(element);
    return [color, fontFamily, Number.parseFloat(letterSpacing ?? '') < 0];
  });
  expect(look).toEqual(['rgb(11, 61, 79)', 'Verdana, sans-serif', true]);

  // 5
  await run(takedown);
  for (const shown of [live, own]) await shown.getByText('We named a private person.').first().waitFor();
  await run(search);

  // 6
  await run(exported);
  expect(await readdir(folder)).toContain('council-night.ndjson');
  await stop(again);
  const store = await start(redis, /Ready to accept connections/);
  const firstNode = await start(first, /serves http/);
  const secondNode = await start(second, /serves http/);
  await run(imported);
  await start(`${balance?.trimEnd()} & echo balancing; wait`, /balancing/);
  await Promise.all([isLive(), isOwnLive()]);

  // 7
  const follower = await start(follow, /Tram line 9/);
  await stop(firstNode);
  await run(goodNight);
  for (const shown of [live, own]) await shown.getByRole('heading', { name: 'The session is over' }).first().waitFor();
  await vi.waitFor(() => expect(follower.out).toContain('The session is over'));
  const headings = await live.locator('#posts > .post .headline').allInnerTexts();
  expect(headings).toEqual([
    'The session is over',
    'Tram line 9 is decided',
    'Budget passes by one vote',
    'The council meets at eight',
  ]);
  const firstAgain = await start(first, /serves http/);

  // Clean up
  for (const running of [follower, firstAgain, secondNode, store]) await stop(running);
  await run(cleanUp);
  expect((await readdir(folder)).filter((name) => !name.startsWith('.'))).toEqual([]);
}

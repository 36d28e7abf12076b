import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AuthorClient } from '../../../../client/lib/author-client.ts';
import { describeWith, needs } from '../../../support/runner/needs.ts';
import { seeded } from '../../../support/samples/random.ts';
import { startLasting } from '../../browser.ts';
import {
  killBrowser,
  type OutboxPage,
  type OutboxSite,
  openOutboxPage,
  type Session,
  signIn,
  startOutboxSite,
} from './outbox-site.ts';
import { RandomRun } from './random-run.ts';

/**
 * PRESSBOX_DESK_RUNS: how many runs in each browser, however long they take. PRESSBOX_DESK_SEED: the seed of the first run, which
 * a failed run names. The next runs have the next seeds.
 */
const { PRESSBOX_DESK_RUNS: wanted, PRESSBOX_DESK_SEED: given } = process.env;
const runs = Number(wanted ?? 25);
const firstSeed = Number(given ?? Math.floor(Math.random() * 1e9));
/** Without PRESSBOX_DESK_RUNS, no run begins after this. */
const withinMs = 20_000;
const steps = 14;
/** An entry that is unsent for this long waits for its author. */
const askAfterMs = 6_000;
const hourMs = 3_600_000;

for (const name of ['chromium', 'firefox'] as const) {
  const describeIn = name === 'firefox' ? describeWith.nightly : describeWith;
  describeIn(needs[name], `random runs in ${name === 'chromium' ? 'Chromium' : 'Firefox'}`, (path) => {
    let site: OutboxSite;
    let profile: string;
    let context: BrowserContext;
    let client: AuthorClient;
    let ada: Session;
    let tabs: OutboxPage[] = [];

    beforeAll(async () => {
      site = await startOutboxSite();
      profile = await mkdtemp(join(tmpdir(), 'pressbox-outbox-'));
      context = await startLasting(name, path, profile);
      client = new AuthorClient({
        url: site.server.url,
        token: await site.server.token({ editor: ['*'] }, { sub: 'carla', ttlSeconds: 86_400 }),
      });
    });
    afterAll(async () => {
      await context.close();
      await site[Symbol.asyncDispose]();
      await rm(profile, { recursive: true, force: true });
    });

    async function signInAs(sub: 'ada' | 'ben'): Promise<void> {
      const page = await context.newPage();
      await page.goto(`${site.url}/outbox-page`);
      const session = await signIn(page, site.server, sub, sub);
      if (sub === 'ada') ada = session;
      await page.close();
    }

    async function around(seed: number) {
      const random = seeded(seed);
      const { channel } = await client.createChannel({ headline: `Run ${seed}`, state: 'live' });
      return {
        site,
        client,
        random,
        channelId: channel.id,
        tabs,
        signInAs,
        async openTab() {
          tabs.push(await openOutboxPage(context, site, ada, askAfterMs));
        },
        async closeTab(tab: OutboxPage) {
          tabs.splice(tabs.indexOf(tab), 1);
          await tab.page.close();
        },
        async crashBrowser() {
          tabs.length = 0;
          await killBrowser(profile);
          await context.close().catch(() => {});
          context = await startLasting(name, path, profile);
        },
        async signOut() {
          const page = await context.newPage();
          await page.goto(`${site.url}/outbox-page`);
          await page.evaluate("fetch(document.body.dataset.base + '/v1/session', { method: 'DELETE' }).then(() => {})");
          await page.close();
        },
      };
    }

    it(
      'publish everything that left the undo window exactly once, in order and as written, or list it',
      async () => {
        const startedAt = Date.now();
        await signInAs('ada');
        const counts: Record<string, number> = {};
        let ran = 0;
        for (; ran < runs; ran += 1) {
          if (wanted === undefined && Date.now() - startedAt > withinMs) break;
          const seed = firstSeed + ran;
          const surroundings = await around(seed);
          if (tabs.length === 0) await surroundings.openTab();
          const run = new RandomRun(surroundings);
          try {
            await run.run(steps);
          } catch (error) {
            throw new Error(`Run ${seed} in ${name}: ${run.done.join(', ')}`, { cause: error });
          }
          for (const action of run.done) counts[action] = (counts[action] ?? 0) + 1;
          if (wanted !== undefined && ran % 25 === 24)
            console.log(`${name}: ${ran + 1} runs in ${Math.round((Date.now() - startedAt) / 1_000)} s`);
        }
        console.log(`${name}: ${ran} runs from seed ${firstSeed}, ${JSON.stringify(counts)}`);
        expect(ran).toBeGreaterThan(0);
        tabs = [];
      },
      wanted === undefined ? undefined : hourMs,
    );
  });
}

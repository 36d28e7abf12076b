import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AuthorClient } from '../../../../client/lib/author-client.ts';
import { describeWith, needs } from '../../../support/runner/needs.ts';
import { seeded } from '../../../support/samples/random.ts';
import { type LossyFront, startLossyFront } from '../../../support/servers/lossy-front.ts';
import { type ServerProcess, startServerProcess } from '../../../support/servers/process.ts';
import { startLasting } from '../../browser.ts';
import { killBrowser } from '../outbox/outbox-site.ts';
import { DeskRun } from './desk-run.ts';
import { DeskTab } from './desk-tab.ts';

/**
 * PRESSBOX_DESK_RUNS: how many runs in each browser, however long they take. PRESSBOX_DESK_SEED: the seed of the first run, which
 * a failed run names. The next runs have the next seeds.
 */
const { PRESSBOX_DESK_RUNS: wanted, PRESSBOX_DESK_SEED: given } = process.env;
const runs = Number(wanted ?? 4);
const firstSeed = Number(given ?? Math.floor(Math.random() * 1e9));
/** Without PRESSBOX_DESK_RUNS, no run begins after this. */
const withinMs = 15_000;
const steps = 16;
const allMs = 4 * 3_600_000;

for (const name of ['chromium', 'firefox'] as const) {
  describeWith(needs[name], `two authors at the desk in ${name === 'chromium' ? 'Chromium' : 'Firefox'}`, (path) => {
    let secret: string;
    let server: ServerProcess;
    let front: LossyFront;
    let profiles: string[];
    let browser: BrowserContext;
    let other: BrowserContext;
    let grace: DeskTab;
    let client: AuthorClient;

    beforeAll(async () => {
      secret = randomBytes(32).toString('base64url');
      server = await startServerProcess({ env: { PRESSBOX_JWT_SECRET: secret } });
      front = await startLossyFront(server.url);
      profiles = [await mkdtemp(join(tmpdir(), 'pressbox-ada-')), await mkdtemp(join(tmpdir(), 'pressbox-grace-'))];
      const [ofAda, ofGrace] = profiles as [string, string];
      browser = await startLasting(name, path, ofAda);
      other = await startLasting(name, path, ofGrace);
      grace = new DeskTab(await other.newPage());
      const token = await server.token({ editor: ['*'] }, { sub: 'carla', ttlSeconds: 86_400 });
      client = new AuthorClient({ url: server.url, token });
    });
    afterAll(async () => {
      for (const context of [browser, other]) await context.close();
      await front[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      for (const profile of profiles) await rm(profile, { recursive: true, force: true });
    });

    it(
      'find everything that left the undo window published exactly once, in order and as written, or listed',
      async () => {
        const startedAt = Date.now();
        const counts: Record<string, number> = {};
        let ran = 0;
        for (; ran < runs; ran += 1) {
          if (wanted === undefined && Date.now() - startedAt > withinMs) break;
          const seed = firstSeed + ran;
          const { channel } = await client.createChannel({ headline: `Run ${seed}`, state: 'live' });
          const run = new DeskRun({
            ...{ seed, secret, server, front, client, grace },
            random: seeded(seed),
            channelId: channel.id,
            browser: () => browser,
            async crashBrowser() {
              const [profile = ''] = profiles;
              await killBrowser(profile);
              await browser.close().catch(() => {});
              browser = await startLasting(name, path, profile);
            },
          });
          try {
            await run.run(steps);
          } catch (error) {
            throw new Error(`Run ${seed} in ${name}: ${run.done.join(', ')}`, { cause: error });
          }
          for (const [what, times] of Object.entries(run.counts)) counts[what] = (counts[what] ?? 0) + times;
          const seconds = Math.round((Date.now() - startedAt) / 1_000);
          if (wanted !== undefined) console.log(`${name}: run ${seed} after ${seconds} s, ${JSON.stringify(counts)}`);
        }
        console.log(`${name}: ${ran} runs from seed ${firstSeed}, ${JSON.stringify(counts)}`);
        expect(ran).toBeGreaterThan(0);
      },
      wanted === undefined ? undefined : allMs,
    );
  });
}

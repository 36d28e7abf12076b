import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import type { OutboxEntry } from '../../../../client/browser/desk/outbox/outbox-model.ts';
import { AuthorClient } from '../../../../client/lib/author-client.ts';
import { newPostId } from '../../../../client/lib/ids.ts';
import { describeWith, needs } from '../../../support/runner/needs.ts';
import { startLasting } from '../../browser.ts';
import { storedName } from '../desk-site.ts';
import {
  killBrowser,
  type OutboxPage,
  type OutboxSite,
  openOutboxPage,
  type Session,
  signIn,
  startOutboxSite,
} from './outbox-site.ts';

for (const name of ['chromium', 'firefox'] as const) {
  const describeIn = name === 'firefox' ? describeWith.nightly : describeWith;
  describeIn(needs[name], `the outbox in ${name === 'chromium' ? 'Chromium' : 'Firefox'}`, (path) => {
    let site: OutboxSite;
    let profile: string;
    let context: BrowserContext;
    let client: AuthorClient;
    let ada: Session;
    let channelId: string;

    beforeAll(async () => {
      site = await startOutboxSite();
      profile = await mkdtemp(join(tmpdir(), 'pressbox-outbox-'));
      context = await startLasting(name, path, profile);
      client = new AuthorClient({ url: site.server.url, token: await site.server.token({ editor: ['*'] }, { sub: 'carla' }) });
      channelId = (await client.createChannel({ headline: 'Harbour fire', state: 'live' })).channel.id;
    });
    afterAll(async () => {
      await context.close();
      await site[Symbol.asyncDispose]();
      await rm(profile, { recursive: true, force: true });
    });

    /** A desk of Ada. */
    async function openDesk(askAfterMs?: number): Promise<OutboxPage> {
      const blank = await context.newPage();
      await blank.goto(`${site.url}/outbox-page`);
      ada = await signIn(blank, site.server, 'ada', 'Ada');
      await blank.close();
      const desk = await openOutboxPage(context, site, ada, askAfterMs);
      onTestFinished(async () => {
        Object.assign(site.network, { isDown: false, losses: [] });
        await desk.page.close().catch(() => {});
      });
      return desk;
    }
    const publication = (body: string) => ({ type: 'publish', channelId, post: { id: newPostId(), body } }) as const;
    const published = async () => (await client.listPosts(channelId, { limit: 100 })).posts.map(({ body }) => body).reverse();
    const stateOf = async (desk: OutboxPage, { id }: OutboxEntry) =>
      (await desk.state()).entries.find((one) => one.id === id)?.state.at;

    it('sends what is pressed, and says that it is on the disk', async () => {
      const desk = await openDesk();
      expect(['full', 'not-persistent']).toContain((await desk.state()).protection);
      const entry = await desk.add(publication('At once.'), { holdMs: 0 });
      await vi.waitFor(async () => expect(await stateOf(desk, entry)).toBe('on-disk'));
      expect(await published()).toContain('At once.');
    });

    it('sends nothing in the undo window, and nothing that was undone', async () => {
      const desk = await openDesk();
      const [undone, kept] = [
        await desk.add(publication('Undone.'), { holdMs: 30_000 }),
        await desk.add(publication('Kept.'), { holdMs: 300 }),
      ];
      expect(await desk.undo(undone.id)).toEqual(undone.write);
      await vi.waitFor(async () => expect(await stateOf(desk, kept)).toBe('on-disk'));
      expect(await desk.undo(kept.id)).toBeUndefined();
      expect(await published()).not.toContain('Undone.');
    });

    it('publishes once what lost its request or its answer, and what was written meanwhile behind it, in order', async () => {
      const desk = await openDesk();
      site.network.losses = ['answer', 'request', 'answer'];
      const entries = [];
      for (const body of ['First.', 'Second.', 'Third.']) entries.push(await desk.add(publication(body), { holdMs: 0 }));
      for (const entry of entries) await vi.waitFor(async () => expect(await stateOf(desk, entry)).toBe('on-disk'));
      expect((await published()).filter((body) => /^(?:First|Second|Third)\.$/.test(body ?? ''))).toEqual([
        'First.',
        'Second.',
        'Third.',
      ]);
    });

    it('survives a killed browser and a killed server', async () => {
      const before = await openDesk();
      await site.server.kill();
      await before.add(publication('Before the crash.'), { holdMs: 0 });
      await killBrowser(profile);
      await context.close().catch(() => {});
      context = await startLasting(name, path, profile);
      await site.server.start();
      const desk = await openDesk();
      await vi.waitFor(async () => expect(await published()).toContain('Before the crash.'));
      expect((await published()).filter((body) => body === 'Before the crash.')).toHaveLength(1);
      expect((await desk.state()).delivery).toBe('ready');
    });

    it('asks about what left its undo window while no desk was open', async () => {
      const before = await openDesk();
      // Long enough for a busy machine to close the page in.
      const entry = await before.add(publication('Nobody watched.'), { holdMs: 4_000 });
      const heldUntil = Date.now() + 4_000;
      await before.page.close();
      await vi.waitUntil(() => Date.now() > heldUntil, { timeout: 10_000 });
      const desk = await openDesk();
      await vi.waitFor(async () => expect(await stateOf(desk, entry)).toBe('asking'));
      expect(await published()).not.toContain('Nobody watched.');
      await desk.publishNow(entry.id);
      await vi.waitFor(async () => expect(await stateOf(desk, entry)).toBe('on-disk'));
    });

    it('asks about what was unsent for too long', async () => {
      const desk = await openDesk(500);
      site.network.isDown = true;
      const entry = await desk.add(publication('Stale.'), { holdMs: 0 });
      await vi.waitFor(async () => expect(await stateOf(desk, entry)).toBe('asking'));
      site.network.isDown = false;
      expect(await desk.discard(entry.id)).toEqual(entry.write);
      expect(await published()).not.toContain('Stale.');
    });

    it('sends nothing of one author under the session of another, and shows the other only how much there is', async () => {
      const desk = await openDesk();
      const ben = await signIn(desk.page, site.server, 'ben', 'Ben');
      const entry = await desk.add(publication('By Ada.'), { holdMs: 0 });
      await vi.waitFor(async () => expect((await desk.state()).delivery).toBe('other-author'));
      const others = await openOutboxPage(context, site, ben);
      expect(await others.state()).toMatchObject({ entries: [], others: [{ name: 'Ada', count: 1 }] });
      await others.page.close();
      expect(await published()).not.toContain('By Ada.');
      await signIn(desk.page, site.server, 'ada', 'Ada');
      await desk.wake();
      await vi.waitFor(async () => expect(await stateOf(desk, entry)).toBe('on-disk'));
    });

    it('passes the sending on to another tab, which has seen every change', async () => {
      const [first, second] = [await openDesk(), await openDesk()];
      site.network.isDown = true;
      const entry = await first.add(publication('From the first tab.'), { holdMs: 0 });
      await vi.waitFor(async () => expect((await second.state()).entries.map(({ id }) => id)).toContain(entry.id));
      await first.page.close();
      site.network.isDown = false;
      await second.wake();
      await vi.waitFor(async () => expect(await stateOf(second, entry)).toBe('on-disk'));
      expect((await published()).filter((body) => body === 'From the first tab.')).toHaveLength(1);
    });

    it('keeps what it had in sight when its database is deleted', async () => {
      const desk = await openDesk();
      site.network.isDown = true;
      const entry = await desk.add(publication('Deleted under the desk.'), { holdMs: 0 });
      await desk.page.evaluate(`new Promise((resolve, reject) => {
        const deleting = indexedDB.deleteDatabase(${storedName('outbox')});
        deleting.onsuccess = resolve;
        deleting.onerror = reject;
      })`);
      await vi.waitFor(async () => expect((await desk.state()).entries.map(({ id }) => id)).toContain(entry.id));
      await vi.waitFor(async () => expect(['asking', 'sending', 'saved']).toContain(await stateOf(desk, entry)));
    });
  });
}

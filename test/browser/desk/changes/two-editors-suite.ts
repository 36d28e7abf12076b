import type { Page } from 'playwright-core';
import { expect, it, vi } from 'vitest';
import { randomFrom } from '../../../support/samples/random.ts';
import type { TestBrowser } from '../../browser.ts';
import { eventually } from '../../newsroom.ts';
import { type DeskSite, deskSite } from '../desk-site.ts';
import { bodyText, deskPost, openAt, writeBody } from './changes-suite.ts';

/** Two editors who change one post at the same time, again and again. */
export function twoEditors(start: () => Promise<TestBrowser>, { rounds, seed }: { rounds: number; seed: number }): void {
  const site = deskSite(start);
  it(
    `lose no text and overwrite none in silence in ${rounds} rounds (seed ${seed})`,
    async () => {
      const random = randomFrom(seed);
      const { id, ids } = await site.coverage(['Round 0.']);
      const postId = ids[0] as string;
      const editors = await Promise.all([
        openAt(site, id, postId, { sub: 'ada', name: 'Ada Byron' }),
        openAt(site, id, postId, { sub: 'grace', name: 'Grace Hopper' }),
      ]);
      const pages = editors.map(({ page }) => page);
      /** What the author of each text saw when they wrote it. */
      const seen = new Map<string, string>();
      let lost = 0;
      for (let round = 1; round <= rounds; round += 1) {
        const texts = pages.map((_, at) => `Round ${round}, editor ${at}.`);
        await Promise.all(pages.map((page, at) => change(page, postId, texts[at] as string, seen)));
        for (const page of pages) await settled(page);
        for (const [at, page] of pages.entries()) {
          if ((await conflictsOf(page)) === 0) continue;
          lost += 1;
          const text = texts[at] as string;
          await page.locator('desk-outbox li').getByText(text).waitFor();
          const current = (await site.author.getPost(id, postId)).body ?? '';
          if (random() < 0.5) {
            seen.set(text, current);
            await decide(page, 'Keep mine');
            await settled(page);
          } else {
            await decide(page, 'Take theirs');
            await page.locator('desk-drafts').getByText(text).waitFor({ state: 'attached' });
            await discardDraft(page);
          }
        }
      }
      await everyRevisionFollows(site, id, postId, seen);
      expect(lost).toBeGreaterThan(0);
      for (const { complaints } of editors) expect(complaints.filter((one) => !one.includes('412'))).toEqual([]);
    },
    (60 + 15 * rounds) * 1_000,
  );
}

/** Opens the post, replaces its text and publishes it, without looking at what the other editor does. */
async function change(page: Page, postId: string, text: string, seen: Map<string, string>): Promise<void> {
  await deskPost(page, postId).getByRole('button', { name: 'Edit or correct' }).click();
  await page.locator('desk-correct [data-path="body"]').waitFor();
  seen.set(text, await bodyText(page));
  await writeBody(page, text);
  await page.getByLabel('Typing slip').check();
  await page.getByRole('button', { name: 'Publish the change' }).click();
  await page.locator('desk-correct').waitFor({ state: 'detached' });
}

/** Nothing is on its way. What is left in the outbox is out, or waits for its author. */
async function settled(page: Page): Promise<void> {
  const moving = page.locator('desk-outbox li:not([data-state="out"], [data-state="conflict"])');
  await eventually(async () => expect(await moving.count()).toBe(0));
}

function conflictsOf(page: Page): Promise<number> {
  return page.locator('desk-outbox li[data-state="conflict"]').count();
}

async function decide(page: Page, choice: 'Keep mine' | 'Take theirs'): Promise<void> {
  await page.getByRole('button', { name: /^Compare/ }).click();
  const dialog = page.getByRole('dialog');
  const [button, retry] = [dialog.getByRole('button', { name: choice }), dialog.getByRole('button', { name: 'Try again' })];
  // On a busy machine the text of the other version may be late.
  await button.or(retry).waitFor();
  if (await retry.isVisible()) await retry.click();
  await button.click();
  await dialog.waitFor({ state: 'detached' });
}

/** So that the next round does not go on with it. */
async function discardDraft(page: Page): Promise<void> {
  const drafts = page.locator('desk-drafts details');
  const discard = drafts.getByRole('button', { name: /^Discard: / });
  // The list may be drawn afresh, and is folded then.
  await vi.waitFor(
    async () => {
      if (!(await discard.isVisible())) await drafts.locator('summary').click({ timeout: 2_000 });
      await discard.waitFor({ timeout: 1_000 });
    },
    { timeout: 30_000 },
  );
  await discard.click();
  await drafts.getByRole('button', { name: 'Discard for good' }).click();
  await drafts.waitFor({ state: 'detached' });
}

/** The author of each revision saw the text of the one before it. */
async function everyRevisionFollows(site: DeskSite, channelId: string, postId: string, seen: Map<string, string>): Promise<void> {
  const bodies: string[] = [];
  for (let after = 0; ; ) {
    const { revisions, more } = await site.author.listRevisions(channelId, postId, { after, limit: 100 });
    bodies.push(...revisions.map(({ body: text }) => text ?? ''));
    after = revisions.at(-1)?.revision ?? after;
    if (!more) break;
  }
  expect(new Set(bodies).size).toBe(bodies.length);
  for (const [at, text] of bodies.entries()) if (at > 0) expect([text, seen.get(text)]).toEqual([text, bodies[at - 1]]);
}

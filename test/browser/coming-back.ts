import type { Page } from 'playwright-core';
import { drawn } from './browser.ts';
import { type Newsroom, post } from './newsroom.ts';

/** Coverage that someone reads, leaves, and comes back to: for what the page and the element are asked alike about it. */
export interface LeftCoverage {
  id: string;
  /** Twelve, oldest first. */
  ids: string[];
  /** Two of them, which turn out to be that. */
  wrong: string;
  rumour: string;
  /** The one is corrected and the other retracted. */
  setRight(): Promise<void>;
}

/** `text`: of each post; so long that they don't fit into one window. */
export async function coverageToLeave(room: Newsroom, text: string): Promise<LeftCoverage> {
  const before = Array.from({ length: 9 }, () => text);
  const { id, ids } = await room.coverage([...before, { headline: 'The bridge is open', body: text }, text, text]);
  const [wrong = '', rumour = ''] = ids.slice(before.length);
  return {
    id,
    ids,
    wrong,
    rumour,
    async setRight() {
      await room.author.correct(id, wrong, 1, { note: 'It is shut.', changes: { headline: 'The bridge is shut' } });
      await room.author.retract(id, rumour, { note: 'Nobody said so.' });
    },
  };
}

/** Brings one post after the other into the middle of the window. */
export async function read(page: Page, ...ids: (string | undefined)[]): Promise<void> {
  for (const id of ids) {
    await post(page, id).evaluate((element) => element.scrollIntoView({ block: 'center' }));
    await drawn(page);
  }
}

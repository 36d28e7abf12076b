import type { Page } from 'playwright-core';
import { drawn } from './browser.ts';
import { type Newsroom, post } from './newsroom.ts';

/** A channel that a reader reads, leaves and returns to. Tests of the page and of the element use it for the same checks. */
export interface LeftCoverage {
  id: string;
  /** Twelve ids, oldest first. */
  ids: string[];
  /** Two posts that turn out to be wrong. */
  wrong: string;
  rumour: string;
  /** Corrects `wrong` and retracts `rumour`. */
  setRight(): Promise<void>;
}

/** `text`: the body of each post; long enough that they do not fit into one window. */
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

/** Scrolls each post into the middle of the window, one after the other. */
export async function read(page: Page, ...ids: (string | undefined)[]): Promise<void> {
  for (const id of ids) {
    await post(page, id).evaluate((element) => element.scrollIntoView({ block: 'center' }));
    await drawn(page);
  }
}

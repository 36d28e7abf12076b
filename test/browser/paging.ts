import type { Locator } from 'playwright-core';
import { expect } from 'vitest';
import { mostBeyond, mostPosts } from '../../client/browser/view/page/paging.ts';
import { eventually } from './newsroom.ts';

/** Waits until more posts have arrived than the page may hold, and it holds the maximum. */
export async function holdsItsMost(posts: Locator): Promise<void> {
  expect(await posts.count()).toBeGreaterThanOrEqual(mostPosts);
  expect(await posts.count()).toBeLessThanOrEqual(mostPosts + mostBeyond);
}

/** Loads older posts until this one is present. The limit is never exceeded. */
export async function pageDown(posts: Locator, older: Locator, until: Locator): Promise<void> {
  while ((await until.count()) === 0) {
    const lowest = await posts.last().getAttribute('id');
    await older.click();
    await eventually(async () => expect(await posts.last().getAttribute('id')).not.toBe(lowest));
    expect(await posts.count()).toBeLessThanOrEqual(mostPosts + mostBeyond);
  }
}

import type { Locator } from 'playwright-core';
import { expect } from 'vitest';
import { mostBeyond, mostPosts } from '../../client/browser/view/paging.ts';
import { eventually } from './newsroom.ts';

/** More has arrived than is held, and what is held is as much as may be. */
export async function holdsItsMost(posts: Locator): Promise<void> {
  expect(await posts.count()).toBeGreaterThanOrEqual(mostPosts);
  expect(await posts.count()).toBeLessThanOrEqual(mostPosts + mostBeyond);
}

/** Asks for older posts until one is there. Never are there more than may be. */
export async function pageDown(posts: Locator, older: Locator, until: Locator): Promise<void> {
  while ((await until.count()) === 0) {
    const lowest = await posts.last().getAttribute('id');
    await older.click();
    await eventually(async () => expect(await posts.last().getAttribute('id')).not.toBe(lowest));
    expect(await posts.count()).toBeLessThanOrEqual(mostPosts + mostBeyond);
  }
}

import { afterAll, beforeAll, expect } from 'vitest';
import { serversBelowPath } from '../servers/front.ts';

/** Fails a file that starts no server below the base path. It belongs to the excluded files. */
let before = 0;
beforeAll(() => {
  before = serversBelowPath();
});
afterAll(() => {
  expect(serversBelowPath(), 'servers that this file started below the base path').toBeGreaterThan(before);
});

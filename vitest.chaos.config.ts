import { defineConfig } from 'vitest/config';
import { keepCompiled } from './test/support/compiled.ts';
import { longFiles } from './test/support/long.ts';

keepCompiled();

/** The long disasters, one file each, and what else takes long: not part of `npm test`. */
export default defineConfig({
  test: {
    reporters: ['default', './test/support/summary-reporter.ts'],
    include: ['test/chaos/**/*.test.ts', ...longFiles],
    globalSetup: 'test/support/built.ts',
    testTimeout: 120_000,
    hookTimeout: 30_000,
    fileParallelism: false,
  },
});

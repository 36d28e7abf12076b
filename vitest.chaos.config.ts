import { defineConfig } from 'vitest/config';
import { keepCompiled } from './test/support/compiled.ts';
import { longFiles } from './test/support/long.ts';
import { LongFirst } from './test/support/long-first.ts';

keepCompiled();

const patient = { testTimeout: 120_000, hookTimeout: 60_000, setupFiles: ['test/support/patience.ts'] };

/** What takes long, and then the disasters, one file at a time: not part of `npm test`. */
export default defineConfig({
  test: {
    sequence: { sequencer: LongFirst },
    reporters: ['default', './test/support/summary-reporter.ts'],
    projects: [
      {
        test: {
          ...patient,
          name: 'long',
          include: longFiles,
          globalSetup: 'test/support/built.ts',
          // Some of them wait for most of their time.
          maxWorkers: 3,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...patient,
          name: 'chaos',
          include: ['test/chaos/**/*.test.ts'],
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});

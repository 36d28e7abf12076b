import { defineConfig } from 'vitest/config';
import { keepCompiled } from './test/support/compiled.ts';
import { longFiles } from './test/support/long.ts';
import { LongFirst } from './test/support/long-first.ts';

keepCompiled();

const alone = ['test/chaos/attack.test.ts'];
const patient = {
  // For what hangs alone: power cuts in a row, or all pages one after the other, take two minutes on a busy machine.
  testTimeout: 300_000,
  hookTimeout: 300_000,
  setupFiles: ['test/support/patience.ts'],
  expect: { poll: { timeout: 30_000 } },
};

/** What takes long, then the disasters, then what measures how long others wait and so is left alone: not part of `npm test`. */
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
          exclude: alone,
          // Most of their time they wait for what heals.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: { ...patient, name: 'alone', include: alone, fileParallelism: false, sequence: { groupOrder: 2 } },
      },
    ],
  },
});

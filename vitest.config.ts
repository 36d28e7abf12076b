import { defineConfig } from 'vitest/config';
import { keepCompiled } from './test/support/compiled.ts';
import { longFiles } from './test/support/long.ts';
import { LongFirst } from './test/support/long-first.ts';

keepCompiled();

/** One project per kind of test; `npx vitest run --project flow` runs one of them. */
const kinds = ['unit', 'contract', 'property', 'simulation', 'flow', 'hostile', 'browser', 'package'];
/**
 * Their files leave nothing behind that another could see, and would load the same again and again: those that a worker runs share it.
 * Of the others, the hostile ones measure the memory of their process.
 */
const sharing = ['unit', 'contract', 'flow', 'browser'];

export default defineConfig({
  test: {
    // Many tests wait for a disk, a socket or a deadline, so as many workers as processors would leave a small machine idle.
    maxWorkers: 4,
    sequence: { sequencer: LongFirst },
    reporters: ['default', './test/support/summary-reporter.ts'],
    projects: kinds.map((name) => ({
      test: {
        name,
        include: [`test/${name}/**/*.test.ts`],
        exclude: longFiles,
        // For what hangs alone: what is promised within a time is asserted.
        testTimeout: 300_000,
        hookTimeout: 300_000,
        setupFiles: ['test/support/patience.ts'],
        expect: { poll: { timeout: 30_000 } },
        isolate: !sharing.includes(name),
        ...(name === 'browser' && { globalSetup: 'test/support/built.ts' }),
        // What is packed and installed once for all of them.
        ...(name === 'package' && { globalSetup: 'test/support/installed.ts' }),
      },
    })),
  },
});

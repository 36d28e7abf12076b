import { defineConfig } from 'vitest/config';

/** One project per kind of test; `npx vitest run --project flow` runs one of them. */
const kinds = ['unit', 'contract', 'property', 'simulation', 'flow', 'hostile', 'browser', 'package'];

export default defineConfig({
  test: {
    // Most tests wait for a disk or a socket, so one worker would leave half of a small machine idle.
    maxWorkers: 2,
    reporters: ['default', './test/support/summary-reporter.ts'],
    projects: kinds.map((name) => ({
      test: {
        name,
        include: [`test/${name}/**/*.test.ts`],
        testTimeout: 20_000,
        hookTimeout: 30_000,
        // What is packed and installed once for all of them.
        ...(name === 'package' && { globalSetup: 'test/support/installed.ts' }),
      },
    })),
  },
});

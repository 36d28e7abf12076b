import { defineConfig } from 'vitest/config';

/** The image of the Dockerfile, which is built and run: a minute or two, and as root. Not part of `npm test`. */
export default defineConfig({
  test: {
    reporters: ['default', './test/support/summary-reporter.ts'],
    include: ['test/container/**/*.test.ts'],
    testTimeout: 120_000,
    // For the first of them, which builds the image.
    hookTimeout: 540_000,
    setupFiles: ['test/support/patience.ts'],
    expect: { poll: { timeout: 30_000 } },
  },
});

import { describe, it } from 'vitest';
import { cover, expectWhole, randomFrom, seedOf } from '../support/coverage.ts';
import { startServerProcess } from '../support/process.ts';

/** The process is killed, without a warning, while authors publish and readers read. What the kernel was given stays: for what it was not, see power.test.ts. */
describe('A server that is killed at any point of a thousand publications', () => {
  it('loses none that it acknowledged, doubles none, and leaves its readers with the whole of it in order', async () => {
    const random = randomFrom(seedOf('crash'));
    await using server = await startServerProcess();
    const total = 1_000;
    const coverage = await cover({
      server,
      posts: total,
      authors: 8,
      readers: 3,
      strikes: 5,
      random,
      async strike() {
        await server.kill();
        await server.start();
      },
    });
    expectWhole(coverage, total);
  }, 90_000);
});

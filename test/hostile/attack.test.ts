import { expect, it } from 'vitest';
import { expectCleanLines } from '../support/attacks/attacked-server.ts';
import { keptIn, underAttack } from '../support/attacks/under-attack.ts';

/** A small attack of everything at once. `test/long/attack.test.ts` is the long one, which also measures what it does to others. */
it('goes by: author and reader go on, memory comes back, and the log says nothing that it should not', async () => {
  const seeds = [1, 2, Math.floor(Math.random() * 2 ** 31)];
  console.log('attack: seeds', seeds);
  const { attack, memory, lines, tokens } = await underAttack({
    seeds,
    messagesOfEach: 1_000,
    halfOpen: 60,
    slow: 60,
    calmSeconds: 1,
    attackSeconds: 3,
  });
  expect(attack.sent).toBeGreaterThan(2_000);
  expect(keptIn(memory.after) - keptIn(memory.before)).toBeLessThan(50_000_000);
  expectCleanLines(lines, tokens);
});

import { expect, it } from 'vitest';
import { expectCleanLines } from '../support/attacks/attacked-server.ts';
import { keptIn, underAttack } from '../support/attacks/under-attack.ts';

/** A short attack with everything at once. `test/long/attack.test.ts` is the long one, and also measures its effect on others. */
it('an attack disturbs neither author nor reader, and leaves neither memory nor secrets in the log behind', async () => {
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

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSqlite } from '../../src/journal/sqlite/index.ts';
import { randomFrom } from '../support/samples/random.ts';
import { renderer } from '../support/stores/engines.ts';
import { leftOf, writeUntilKilled } from '../support/stores/powercut/authors.ts';
import { noPowercut, watchPower } from '../support/stores/powercut/powercut.ts';

const reason = noPowercut();
const rounds = 5;
const answersMost = 1_000;

describe.skipIf(reason !== undefined)(`power cuts in a row${reason ? ` (not here: ${reason})` : ''}`, () => {
  it('lose nothing that was acknowledged and restore nothing that was erased, one after the other on the same data', async () => {
    const seed = Date.now() % 2 ** 31;
    console.log(`power cuts with seed ${seed}`);
    const random = randomFrom(seed);
    const parent = mkdtempSync(join(tmpdir(), 'pressbox-power-'));
    const dataDir = join(parent, 'data');
    const answered = new Map<string, number>();
    const erased: string[] = [];
    try {
      for (let round = 0; round < rounds; round++) {
        using power = watchPower(parent);
        const answers = 1 + Math.floor(random() * answersMost);
        const written = await writeUntilKilled({ dataDir, power, answers, authors: 1 + Math.floor(random() * 20) });
        for (const [id, revision] of written.answered) answered.set(id, revision);
        erased.push(...written.erased);
        power.lose(round % 2 === 0 ? { seed: seed + round } : {});
        expect(leftOf(dataDir, erased)).toEqual([]);
        await expectWhole(dataDir, answered);
      }
    } finally {
      rmSync(parent, { recursive: true, force: true });
    }
  });
});

/** Every acknowledged revision is there once, and the entries have no gap. */
async function expectWhole(dataDir: string, answered: Map<string, number>): Promise<void> {
  const engine = await openSqlite({ dataDir, renderer });
  const entries = new Set<string>();
  let count = 0;
  for (let more = true; more; ) {
    const page = await engine.journal('power', { from: count + 1, limit: 1_000 });
    for (const { offset, postId, revision } of page?.entries ?? []) {
      expect(offset).toBe(++count);
      entries.add(`${postId} ${revision}`);
    }
    more = page?.more ?? false;
  }
  expect(entries.size).toBe(count);
  const missing = [...answered].filter(([id, revision]) => !entries.has(`${id} ${revision}`));
  expect(missing).toEqual([]);
  await engine.close();
}

import { parseArgs } from 'node:util';
import { run } from './run.ts';

/**
 * `npm run sim -- --seed N` prints one run step by step. `npm run sim -- --seeds 100000 --from K` runs many seeds, with `--first`
 * up to the first failure.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string', default: '20000' },
    from: { type: 'string', default: '1' },
    first: { type: 'boolean', default: false },
  },
});

if (values.seed !== undefined) {
  const outcome = await run(Number(values.seed), (text) => console.log(text));
  console.log(outcome);
  process.exitCode = outcome.violation === undefined ? 0 : 1;
} else {
  const from = Number(values.from);
  const count = Number(values.seeds);
  const began = performance.now();
  let failed = 0;
  let steps = 0;
  let applied = 0;
  let resets = 0;
  for (let seed = from; seed < from + count; seed += 1) {
    const outcome = await run(seed);
    steps += outcome.steps;
    applied += outcome.applied;
    resets += outcome.resets;
    if (outcome.violation === undefined) continue;
    failed += 1;
    console.log(`seed ${seed}: ${outcome.violation.slice(0, 300)}`);
    console.log(`  npm run sim -- --seed ${seed}`);
    if (values.first || failed >= 20) break;
  }
  const seconds = (performance.now() - began) / 1_000;
  console.log(
    `${count} seeds in ${seconds.toFixed(1)} s (${(count / seconds).toFixed(0)} a second), ${steps} steps, ${applied} events applied, ${resets} resets, ${failed} failed`,
  );
  process.exitCode = failed > 0 ? 1 : 0;
}

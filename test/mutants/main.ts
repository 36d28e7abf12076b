import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Mutant, plan } from './plan.ts';
import { run } from './run.ts';

/**
 * Measures how many small bugs the tests notice.
 *
 *   npm run mutants -- plan --seed 33 > candidates.jsonl
 *   npm run mutants -- run accepted.json --tree ../scratch --results before.jsonl
 *
 * The first prints candidates. A person keeps one of each group whose bug somebody would notice, and writes them to a file as an
 * array, with what would be noticed. The second runs the tests for each of these, can be stopped and started again, and takes hours.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '16' },
    tree: { type: 'string' },
    results: { type: 'string', default: 'mutants.jsonl' },
    modes: { type: 'string', default: 'full,nightly' },
    through: { type: 'string', default: '' },
  },
});
const [action, accepted] = positionals;

if (action === 'plan') {
  for (const mutant of plan(Number(values.seed), Number(values.count))) console.log(JSON.stringify(mutant));
} else if (action === 'run' && accepted !== undefined && values.tree !== undefined) {
  const results = await run(JSON.parse(readFileSync(accepted, 'utf8')) as Mutant[], {
    tree: resolve(values.tree),
    modes: values.modes.split(','),
    results: resolve(values.results),
    through: values.through.split(' ').filter(Boolean),
  });
  for (const { file, line, caught, by } of results)
    console.log(`${file}:${line}: ${caught ?? 'not caught'}${by === undefined ? '' : `, ${by}`}`);
  console.log(`${results.filter(({ caught }) => caught !== null).length} of ${results.length} caught`);
} else {
  throw new Error('npm run mutants -- plan [--seed 33] [--count 16], or run ACCEPTED.json --tree PATH [--results FILE.jsonl]');
}

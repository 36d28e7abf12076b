import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const page = readFileSync('docs/explanation/invariants.md', 'utf8');
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| Invariant') && !line.startsWith('| ---'))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, name, , tests]) => ({
    name: name as string,
    tests: [...(tests as string).matchAll(/`([^`]+)`/g)].map(([, file]) => file as string),
  }));
const watched = ['witness', 'run'].map((file) => readFileSync(`test/model/simulation/${file}.ts`, 'utf8')).join();

describe('the table of invariants', () => {
  it.each(rows)('names existing tests: $name', ({ tests }) => {
    expect(tests.length).toBeGreaterThan(0);
    for (const file of tests) expect(existsSync(file), file).toBe(true);
  });

  it('lists exactly the invariants that the simulation checks', () => {
    // `nothing throws` is about the simulation itself.
    const named = [...watched.matchAll(/fails\(\s*'([^']+)'/g)]
      .map(([, name]) => name)
      .filter((name) => name !== 'nothing throws');
    expect([...new Set(named)].sort()).toEqual(rows.map(({ name }) => name).sort());
  });
});

import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const page = readFileSync('docs/explanation/integrity.md', 'utf8');
const [, section = ''] = page.split('## Where else texts and uploads are kept');
const rows = (section.split('\n## ', 1)[0] as string)
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| Place') && !line.startsWith('| ---'))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, place = '', , , tests = '']) => ({ place, tests }));

/** The files of a cell, each with the titles that follow it. */
function namedIn(tests: string): { file: string; titles: string[] }[] {
  return [...tests.matchAll(/`([^`]+)`((?:,? "[^"]+")+)/g)].map(([, file = '', titles = '']) => ({
    file,
    titles: [...titles.matchAll(/"([^"]+)"/g)].map(([, title = '']) => title),
  }));
}

describe('the table of places where texts and uploads are kept', () => {
  it('has a row for each place', () => {
    expect(rows.length).toBeGreaterThan(20);
  });

  it.each(rows)('names tests that exist: $place', ({ tests }) => {
    const named = namedIn(tests);
    // Nothing else is in the cell.
    expect(named.flatMap(({ file, titles }) => [`\`${file}\``, ...titles.map((title) => `"${title}"`)]).length).toBe(
      (tests.match(/`[^`]+`|"[^"]+"/g) ?? []).length,
    );
    expect(named.length).toBeGreaterThan(0);
    for (const { file, titles } of named) {
      expect(existsSync(file), file).toBe(true);
      for (const title of titles) expect(readFileSync(file, 'utf8').includes(title), `${file}: ${title}`).toBe(true);
    }
  });
});

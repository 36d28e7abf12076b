import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { API } from 'typescript/unstable/sync';
import { readSources, root, withoutComments } from '../support/runner/imports.ts';
import { type Random, seeded } from '../support/samples/random.ts';
import { type Place, placesIn } from './places.ts';
import { folderOf } from './tests-of-folders.ts';

export interface Mutant extends Place {
  /** Stays the same while the line does. */
  id: string;
  file: string;
}

/** For each mutant that is needed, so that a person can reject those that change nothing for users. */
const CANDIDATES = 3;
/** Places that are tried for one mutant. */
const TRIES_MOST = 60;

/**
 * Yields candidates for `count` mutants, which are spread over the folders of the product in proportion to their lines of code. A
 * candidate passes the compiler and the linter.
 */
export function* plan(seed: number, count: number): Generator<Mutant & { group: number }> {
  const random = seeded(seed);
  const checker = openChecker();
  const sizes = [...readSources('src', 'client')]
    .filter(([file]) => !file.includes('/i18n/') && !file.endsWith('.d.ts'))
    .map(([file, text]) => ({ file, lines: withoutComments(text).match(/^.*\w.*$/gm)?.length ?? 0 }));
  const step = sizes.reduce((sum, { lines }) => sum + lines, 0) / count;
  const start = random.number() * step;
  const chosen = new Set<string>();
  try {
    for (let group = 0; group < count; group += 1) {
      const folder = folderOf(fileAt(start + group * step, sizes));
      const places = sizes.filter(({ file }) => folderOf(file) === folder).flatMap(({ file }) => checker.mutantsOf(file));
      let found = 0;
      for (let tries = 0; tries < TRIES_MOST && found < CANDIDATES; tries += 1) {
        const mutant = pick(places, random);
        if (mutant === undefined || chosen.has(`${mutant.file}:${mutant.line}`) || !checker.accepts(mutant)) continue;
        chosen.add(`${mutant.file}:${mutant.line}`);
        found += 1;
        yield { group, ...mutant };
      }
    }
  } finally {
    checker.close();
  }
}

/** The text of the file with the bug in it. The line may have moved since the plan. */
export function applied(text: string, { file, line, before, after }: Mutant): string {
  const lines = text.split('\n');
  const [nearest] = [...lines.keys()]
    .filter((index) => lines[index]?.trim() === before)
    .toSorted((a, b) => Math.abs(a + 1 - line) - Math.abs(b + 1 - line));
  if (nearest === undefined) throw new Error(`${file} no longer has the line: ${before}`);
  lines[nearest] = after === '' ? '' : (lines[nearest] ?? '').replace(before, () => after);
  return lines.join('\n');
}

/** Each operator is as likely, however many places it has. */
function pick(mutants: readonly Mutant[], random: Random): Mutant | undefined {
  const operator = random.pickAny([...new Set(mutants.map((mutant) => mutant.operator))]);
  return random.pickAny(mutants.filter((mutant) => mutant.operator === operator));
}

function fileAt(line: number, sizes: readonly { file: string; lines: number }[]): string {
  let before = 0;
  for (const { file, lines } of sizes) {
    before += lines;
    if (before > line) return file;
  }
  throw new Error(`There are only ${before} lines of code.`);
}

function openChecker() {
  const configs = ['tsconfig.json', 'client/browser/tsconfig.json'].map((config) => join(root, config));
  const changed = new Map<string, string>();
  const api = new API({ cwd: root, fs: { readFile: (path) => changed.get(path) } });
  const snapshot = (changes: string[]) => api.updateSnapshot({ openProjects: configs, fileChanges: { changed: changes } });
  const compiles = (path: string) => {
    using changed = snapshot([path]);
    const programs = changed.getProjects().flatMap(({ program }) => (program.getSourceFile(path) === undefined ? [] : program));
    return (
      programs.every((program) => program.getSyntacticDiagnostics(path).length === 0) &&
      programs.every((program) => program.getSemanticDiagnostics(path).length === 0) &&
      programs.every((program) => program.getSemanticDiagnostics().length === 0)
    );
  };
  const scratch = mkdtempSync(join(tmpdir(), 'mutants-'));
  const lints = (text: string) => {
    writeFileSync(join(scratch, 'mutant.ts'), text);
    // The file is outside of the repository.
    const args = ['lint', `--config-path=${root}`, '--vcs-enabled=false', scratch];
    return spawnSync(join(root, 'node_modules/.bin/biome'), args).status === 0;
  };
  const original = snapshot([]).getProjects();
  return {
    mutantsOf(file: string): Mutant[] {
      const sources = original.flatMap(({ program }) => program.getSourceFile(join(root, file)) ?? []);
      return sources
        .slice(0, 1)
        .flatMap(placesIn)
        .map((place) => ({ id: idOf(file, place), file, ...place }));
    },
    accepts(mutant: Mutant): boolean {
      const path = join(root, mutant.file);
      const text = applied(readFileSync(path, 'utf8'), mutant);
      if (!lints(text)) return false;
      changed.set(path, text);
      const accepted = compiles(path);
      changed.delete(path);
      snapshot([path]).dispose();
      return accepted;
    },
    close() {
      api.close();
      rmSync(scratch, { recursive: true });
    },
  };
}

function idOf(file: string, { before, after }: Place): string {
  return createHash('sha256').update([file, before, after].join('\n')).digest('hex').slice(0, 8);
}

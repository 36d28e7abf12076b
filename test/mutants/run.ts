import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { JsonTestResults } from 'vitest/node';
import { applied, type Mutant } from './plan.ts';
import { otherSettings, testsOf } from './tests-of-folders.ts';

export interface Settings {
  /** A checkout with dependencies. Its tests run, and its files are changed and restored. */
  tree: string;
  /** Modes of vitest after `test`, the soonest first. What `npm test` lets through runs in them, as far as the row of the folder says. */
  modes: readonly string[];
  /** A file with a line of JSON for each mutant that is done. */
  results: string;
  /** A command in front of each run of tests, which waits for its turn on a shared machine. */
  through: readonly string[];
}

export interface Result {
  id: string;
  file: string;
  line: number;
  /** The mode that caught it, or null. */
  caught: string | null;
  /** The first failure. */
  by?: string;
  wallSeconds: number;
  /** Tests that failed once with the mutant, and whose files then passed with it. */
  flaky: string[];
  /** Files that fail without the mutant too. */
  failing: string[];
}

interface TestFile {
  file: string;
  projectName: string;
}

/** A run that takes longer hangs. */
const RUN_MOST_MS = 5_400_000;

/** Runs the tests for each mutant that has no result yet. */
export async function run(mutants: readonly Mutant[], settings: Settings): Promise<Result[]> {
  const { tree, results } = settings;
  for (const mutant of mutants) restoreInterrupted(tree, mutant);
  const changed = git(tree, 'status', '--porcelain', 'src', 'client');
  if (changed !== '') throw new Error(`${tree} has changes of its own:\n${changed}`);
  const done = readResults(results);
  for (const mutant of mutants) {
    if (done.some(({ id }) => id === mutant.id)) continue;
    // A file that fails without a mutant catches none.
    const failing = new Set(done.flatMap((result) => result.failing));
    const result = await measure(mutant, settings, failing);
    done.push(result);
    appendFileSync(results, `${JSON.stringify(result)}\n`);
  }
  return done;
}

async function measure(mutant: Mutant, settings: Settings, failing: Set<string>): Promise<Result> {
  const { tree, modes } = settings;
  const path = join(tree, mutant.file);
  const original = readFileSync(path, 'utf8');
  const flaky: string[] = [];
  const failingBefore = new Set(failing);
  const startedAt = Date.now();
  const result = (caught: string | null, by?: string): Result => ({
    ...{ id: mutant.id, file: mutant.file, line: mutant.line, caught },
    ...(by === undefined ? {} : { by }),
    ...{
      wallSeconds: Math.round((Date.now() - startedAt) / 1000),
      flaky,
      failing: [...failing].filter((file) => !failingBefore.has(file)),
    },
  });
  /** `npm ci` builds as well. */
  const build = (text: string) => {
    writeFileSync(path, text);
    return command(settings, ['node', 'scripts/build.mjs']);
  };

  /** The first failure that the mutant causes, if there is one. */
  const firstFailure = async (mode: string, files: readonly TestFile[]): Promise<string | undefined> => {
    let left = files.filter(({ file }) => !failing.has(file));
    while (left.length > 0) {
      const { failed, passed } = await runTests(settings, mode, left);
      if (failed === undefined) return undefined;
      const suspects = left.filter(({ file }) => failed.files.includes(file));
      if ((await runTests(settings, mode, suspects)).failed === undefined) flaky.push(failed.test);
      else {
        await build(original);
        const without = await runTests(settings, mode, suspects);
        await build(applied(original, mutant));
        if (without.failed === undefined) return failed.test;
        for (const file of without.failed.files) failing.add(file);
      }
      left = left.filter((one) => !suspects.includes(one) && !passed.has(one.file));
    }
    return undefined;
  };

  try {
    if (!(await build(applied(original, mutant)))) return result('test', 'npm ci: the build fails');
    const row = testsOf(mutant.file).map((part) => `test/${part}`);
    const isInRow = ({ file }: TestFile) => row.some((part) => file === part || file.startsWith(`${part}/`));
    const quick = testFiles(tree, 'test');
    for (const stage of [quick.filter(isInRow), quick.filter((file) => !isInRow(file))]) {
      const by = await firstFailure('test', stage);
      if (by !== undefined) return result('test', by);
    }
    const projects = Object.entries(otherSettings).flatMap(([folder, names]) =>
      mutant.file.startsWith(`${folder}/`) ? names : [],
    );
    const settingsOfOthers = new Set(Object.values(otherSettings).flat());
    const ran = new Set(quick.map(({ file }) => file));
    for (const mode of modes) {
      const files = testFiles(tree, mode).filter(isInRow);
      const plain = files.filter(({ file, projectName }) => !ran.has(file) && !settingsOfOthers.has(projectName));
      const inOther = files.filter(({ projectName }) => projects.includes(projectName));
      const by = (await firstFailure(mode, plain)) ?? (await firstFailure(mode, inOther));
      if (by !== undefined) return result(mode, by);
      for (const { file } of plain) ran.add(file);
    }
    return result(null);
  } finally {
    writeFileSync(path, original);
  }
}

/** Runs files up to the first failure. */
async function runTests(settings: Settings, mode: string, files: readonly TestFile[]) {
  const report = `${settings.results}.report`;
  writeFileSync(report, '');
  const projects = [...new Set(files.map(({ projectName }) => `--project=${projectName}`))];
  const options = ['run', '--bail=1', `--mode=${mode}`, '--reporter=json', `--outputFile=${report}`, ...projects];
  const succeeded = await command(settings, ['npx', 'vitest', ...options, ...files.map(({ file }) => file)]);
  const text = readFileSync(report, 'utf8');
  const testResults = text === '' ? [] : (JSON.parse(text) as JsonTestResults).testResults;
  const passed = new Set<string>();
  const failures: { files: string[]; test: string }[] = [];
  for (const { name, status, message, assertionResults } of testResults) {
    const file = relative(settings.tree, name);
    const test = assertionResults.find((assertion) => assertion.status === 'failed');
    // Files that were stopped by a failure elsewhere have failed too, but neither a failed test nor a message.
    if (test !== undefined || message !== '')
      failures.push({ files: [file], test: `${file} > ${test?.fullName ?? message.split('\n', 1)[0]}` });
    else if (status === 'passed' && assertionResults.every((assertion) => assertion.status === 'passed')) passed.add(file);
  }
  if (failures.length === 0 && !succeeded) {
    // A hook failed, or something outside any test.
    const all = files.map(({ file }) => file);
    const stopped = all.filter((file) => !passed.has(file));
    failures.push({ files: stopped.length === 0 ? all : stopped, test: `outside any test, one of ${stopped.join(', ')}` });
  }
  return { failed: failures[0], passed };
}

/** Returns whether the command succeeded. Its output goes to a file beside the results. */
function command({ tree, through, results }: Settings, words: readonly string[]): Promise<boolean> {
  const [program = '', ...args] = [...through, ...words];
  const log = openSync(`${results}.log`, 'a');
  const child = spawn(program, args, { cwd: tree, stdio: ['ignore', log, log], detached: true });
  closeSync(log);
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const end = () => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL');
  const timer = setTimeout(end, RUN_MOST_MS);
  // The children have a process group of their own.
  const interrupted = () => {
    end();
    process.exit(1);
  };
  process.once('SIGTERM', interrupted).once('SIGINT', interrupted);
  child.once('error', reject).once('exit', (code) => resolve(code === 0));
  return promise.finally(() => {
    clearTimeout(timer);
    process.off('SIGTERM', interrupted).off('SIGINT', interrupted);
  });
}

/** The files of a mode, by project. */
function testFiles(tree: string, mode: string): TestFile[] {
  const json = execFileSync('npx', ['vitest', 'list', '--filesOnly', '--json', `--mode=${mode}`], {
    cwd: tree,
    encoding: 'utf8',
  });
  const files = JSON.parse(json.slice(json.indexOf('['))) as TestFile[];
  return files.map(({ file, projectName }) => ({ file: relative(tree, file), projectName }));
}

/** Takes a mutant out that a killed run left in. */
function restoreInterrupted(tree: string, mutant: Mutant): void {
  const original = git(tree, 'show', `HEAD:${mutant.file}`);
  if (readFileSync(join(tree, mutant.file), 'utf8') === applied(original, mutant))
    writeFileSync(join(tree, mutant.file), original);
}

function readResults(path: string): Result[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

function git(tree: string, ...args: string[]): string {
  return execFileSync('git', args, { cwd: tree, encoding: 'utf8' });
}

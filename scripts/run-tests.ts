// Runs tests, and what failed once more, alone: a test that passes then is flaky, which is said and counted.
//
//   node scripts/run-tests.ts test [ARGUMENTS OF VITEST]   what `npm test` runs
//   node scripts/run-tests.ts full                         what `.ci/run` runs after it
//   node scripts/run-tests.ts nightly [--part NAME]        everything, or a part of it
//
// The result is written to `.ci/results/`, for `.ci/run` and `npm run release`.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, matchesGlob } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nightlyParts, type Part } from '../test/support/runner/nightly-parts.ts';
import type { Failure, Summary } from '../test/support/runner/summary-reporter.ts';
import { neverRepeated } from '../test/support/runner/tiers.ts';

export const resultsFolder = '.ci/results';

/** What became of a run of tests. */
export interface TestResult {
  /** `test`, `full`, or the name of a nightly part. */
  name: string;
  /** The commit that was tested, with `+changes` if the tree had others. Undefined outside a repository. */
  commit: string | undefined;
  passed: number;
  failed: string[];
  /** They failed, and passed alone. */
  flaky: string[];
  skipped: string[];
  seconds: number;
  /** Processor time of each file. */
  files: Summary['files'];
}

/** More flaky tests than this in one run are failures: then nobody believes it. */
export const FLAKY_MOST = 3;
/** How often a test that failed must pass alone to count as flaky: in every check, and in the nightly run, which a release needs. */
export const TIMES_ALONE = { test: 1, full: 1, nightly: 20 } as const;

/** The failures that are worth a second run. The others are failures at once: a second run must not hide them. */
export function repeatable(failures: readonly Failure[]): readonly Failure[] {
  const is = ({ file }: Failure) => file !== '' && !neverRepeated.some((pattern) => matchesGlob(file, pattern));
  const repeated = failures.filter(is);
  return repeated.length === failures.length && repeated.length <= FLAKY_MOST ? repeated : [];
}

/** The arguments of vitest that run just the test, the suite or the file that failed. */
export function argumentsAlone({ project, file, name }: Failure): string[] {
  const alone = ['--project', project, file, '--no-file-parallelism'];
  if (name === undefined) return alone;
  // Vitest compares names that are joined by spaces with the pattern.
  const pattern = name.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&').replaceAll(' > ', '(?: > | )');
  return [...alone, '--testNamePattern', `^${pattern}(?: |$)`];
}

/** `file > name: error`, as the closing lines have it. */
export function lineOf({ project, file, name, error }: Failure): string {
  if (file === '') return `outside any test: ${error}`;
  const place = project.includes(' ') ? `${file} (${project})` : file;
  return `${name === undefined ? place : `${place} > ${name}`}: ${error}`;
}

/** What is wrong with a result, as lines. A skipped test counts in a full check, which installs everything that tests need. */
export function faultsOf({ name, failed, flaky, skipped }: TestResult, isCheck = process.env.CI !== undefined): string[] {
  return [
    ...failed.map((test) => `failed: ${test}`),
    ...(isCheck ? skipped.map((test) => `skipped, which counts as failed: ${test}`) : []),
    ...(flaky.length > FLAKY_MOST ? [`${name}: ${flaky.length} flaky tests, and at most ${FLAKY_MOST} are accepted`] : []),
  ];
}

/** The last lines of a run. */
export function closingLines(results: readonly TestResult[]): string[] {
  const flaky = results.flatMap((result) => result.flaky);
  const faults = results.flatMap((result) => faultsOf(result));
  return [...flaky.map((test) => `flaky: ${test}`), ...faults];
}

export interface Suite {
  name: string;
  mode: 'test' | 'full' | 'nightly';
  args: readonly string[];
  env: Record<string, string>;
}

export function nightlySuite(name: string, { projects, env = {} }: Part): Suite {
  return { name, mode: 'nightly', args: projects.flatMap((project) => ['--project', project]), env };
}

const root = fileURLToPath(new URL('..', import.meta.url));
/** `.ci/run` sends SIGTERM to all processes when its time is over, and SIGKILL ten seconds later. */
const LAST_WORDS_MS = 4_000;
let isStopped = false;

async function runSuite(suite: Suite): Promise<TestResult> {
  const began = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'pressbox-tests-'));
  const file = join(folder, 'summary.json');
  const vitest = async (args: readonly string[]) => {
    rmSync(file, { force: true });
    const code = await runVitest(['--mode', suite.mode, ...args], { ...suite.env, PRESSBOX_TEST_SUMMARY: file });
    const summary = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Summary) : undefined;
    return { code, summary };
  };
  const passesAlone = async (failure: Failure) => {
    for (let time = 0; time < TIMES_ALONE[suite.mode]; time += 1) {
      const { code, summary } = await vitest(argumentsAlone(failure));
      if (code !== 0 || summary === undefined || summary.passed === 0) return false;
    }
    return true;
  };
  try {
    const { code, summary = nothing } = await vitest(suite.args);
    const repeated = isStopped ? [] : repeatable(summary.failures);
    const failed: string[] = [];
    const flaky: string[] = [];
    for (const failure of summary.failures) {
      const isFlaky = repeated.includes(failure) && (await passesAlone(failure));
      (isFlaky ? flaky : failed).push(lineOf(failure));
    }
    const passed = summary.passed + flaky.length;
    if (code !== 0 && summary.failures.length === 0) failed.push(`${suite.name}: the runner ended with ${code}`);
    else if (passed === 0 && failed.length === 0) failed.push(`${suite.name}: no test passed`);
    const skipped = summary.skipped.flatMap(({ reason, tests }) => tests.map((test) => `${test} (${reason})`));
    const seconds = Math.round((performance.now() - began) / 1_000);
    return { name: suite.name, commit: testedCommit(), passed, failed, flaky, skipped, seconds, files: summary.files };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const nothing: Summary = { passed: 0, failures: [], skipped: [], files: [] };

/** Resolves with the exit code. */
function runVitest(args: readonly string[], env: Record<string, string>): Promise<number> {
  const child = spawn(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: 'inherit',
  });
  const stop = () => {
    isStopped = true;
    // It got the signal as well, and writes which tests had not ended.
    setTimeout(() => child.kill('SIGKILL'), LAST_WORDS_MS);
  };
  process.once('SIGTERM', stop);
  return new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  }).finally(() => process.off('SIGTERM', stop));
}

/** Undefined outside a repository. */
function testedCommit(): string | undefined {
  // The checkout may belong to another user.
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'safe.directory=*', ...args], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  try {
    return git('rev-parse', 'HEAD').trim() + (git('status', '--porcelain').trim() === '' ? '' : '+changes');
  } catch {
    return undefined;
  }
}

/** Runs the suites one after the other, and returns whether nothing failed. */
async function runSuites(suites: readonly Suite[]): Promise<boolean> {
  const results: TestResult[] = [];
  mkdirSync(join(root, resultsFolder), { recursive: true });
  for (const suite of suites) {
    const file = join(root, resultsFolder, `${suite.name}.json`);
    rmSync(file, { force: true });
    if (isStopped) break;
    const result = await runSuite(suite);
    writeFileSync(file, `${JSON.stringify(result)}\n`);
    results.push(result);
  }
  for (const line of closingLines(results)) console.log(line);
  return results.length === suites.length && results.every((result) => faultsOf(result).length === 0);
}

function suitesFor(args: readonly string[]): readonly Suite[] | undefined {
  const [tier, ...more] = args;
  const none = more.length === 0;
  if (tier === 'test') return [{ name: tier, mode: tier, args: more, env: {} }];
  if (tier === 'full' && none) return [{ name: tier, mode: tier, args: [], env: {} }];
  if (tier !== 'nightly') return undefined;
  const parts = Object.entries<Part>(nightlyParts);
  const [option, name] = more;
  const chosen = none ? parts : parts.filter(([part]) => option === '--part' && part === name);
  return chosen.length === 0 ? undefined : chosen.map(([part, about]) => nightlySuite(part, about));
}

if (import.meta.main) {
  const suites = suitesFor(process.argv.slice(2));
  if (suites === undefined) {
    console.error(`Usage: node scripts/run-tests.ts test [ARGUMENTS OF VITEST] | full | nightly [--part NAME]
The parts are ${Object.keys(nightlyParts).join(', ')}.`);
    process.exitCode = 2;
  } else process.exitCode = (await runSuites(suites)) ? 0 : 1;
}

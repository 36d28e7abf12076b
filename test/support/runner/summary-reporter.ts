import { writeFileSync } from 'node:fs';
import type { Reporter, SerializedError, TestModule, Vitest } from 'vitest/node';

/**
 * Prints at the end of a run which tests were skipped and how to get what is missing, one line per reason. If
 * PRESSBOX_TEST_SUMMARY names a file, it writes the numbers there as JSON, for `scripts/run-tests.ts`. A run that is stopped
 * writes them too, and which tests had not ended.
 */
export interface Summary {
  passed: number;
  /** Failed tests, files that could not be loaded, and errors outside any test. */
  failures: Failure[];
  skipped: { reason: string; tests: string[] }[];
  /** Processor time of each file, with its children that ended, in seconds. Empty where the system does not report it. */
  files: { project: string; file: string; cpuSeconds: number }[];
}

export interface Failure {
  project: string;
  /** Empty for an error outside any file. */
  file: string;
  /** The full name of a test or a suite. Undefined if the whole file failed. */
  name: string | undefined;
  /** The message of each error, with that of its cause, and its location in the tests. */
  error: string;
}

declare module 'vitest' {
  interface TaskMeta {
    /** Of a file: see `processor-time.ts`. */
    cpuSeconds?: number;
  }
}

/** Characters of an error in the summary. The runner prints the complete error. */
const MESSAGE_MOST = 300;

export default class SummaryReporter implements Reporter {
  onInit({ state }: Vitest): void {
    // `scripts/run-tests.ts` sends it when the time is over.
    process.once('SIGTERM', () => write(summarise(state.getTestModules(), [])));
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const summary = summarise(modules, unhandled);
    for (const { reason, tests } of summary.skipped) console.log(`skipped: ${reason} (${count(tests.length, 'test')})`);
    write(summary);
  }
}

function write(summary: Summary): void {
  const file = process.env.PRESSBOX_TEST_SUMMARY;
  if (file !== undefined && file !== '') writeFileSync(file, JSON.stringify(summary));
}

function summarise(modules: readonly TestModule[], unhandled: readonly SerializedError[]): Summary {
  const summary: Summary = { passed: 0, failures: [], skipped: [], files: [] };
  for (const error of unhandled) summary.failures.push({ project: '', file: '', name: undefined, error: said([error]) });
  const skippedBy = new Map<string, string[]>();
  for (const module of modules) {
    const project = module.project.name;
    const file = module.relativeModuleId;
    const fail = (name: string | undefined, error: string) => summary.failures.push({ project, file, name, error });
    let tests = 0;
    for (const test of module.children.allTests()) {
      tests += 1;
      const result = test.result();
      if (result.state === 'passed') summary.passed += 1;
      else if (result.state === 'failed') fail(test.fullName, said(result.errors));
      else if (result.state === 'pending') {
        // The tests of a file run one after the other: the first is the one that was running.
        fail(test.fullName, 'had not ended when the run was stopped');
        break;
      } else {
        const reason = (result.state === 'skipped' ? result.note : undefined) ?? 'without a reason';
        skippedBy.set(reason, [...(skippedBy.get(reason) ?? []), `${file} > ${test.fullName}`]);
      }
    }
    // A file that fails to load has no tests. A suite whose hook fails has only skipped tests, but is a failure.
    for (const suite of module.children.allSuites()) {
      if (suite.errors().length > 0) fail(suite.fullName, said(suite.errors()));
    }
    for (const error of module.errors()) fail(undefined, said([error]));
    if (tests === 0 && module.errors().length === 0) fail(undefined, 'holds no test');
    const { cpuSeconds } = module.meta();
    if (cpuSeconds !== undefined) summary.files.push({ project, file, cpuSeconds });
  }
  summary.skipped = [...skippedBy].map(([reason, tests]) => ({ reason, tests }));
  return summary;
}

/** The first words of each error and its location in the tests. */
function said(errors: readonly SerializedError[]): string {
  return errors
    .map(({ message, stack, cause }) => {
      const place = /[\w-]+\.test\.ts:\d+/.exec(stack ?? '')?.[0];
      // `fetch failed` says nothing without it.
      const why = (cause as { message?: unknown } | undefined)?.message;
      const words = typeof why === 'string' ? `${message}: ${why}` : message;
      return `${words.replaceAll(/\s+/g, ' ').slice(0, MESSAGE_MOST)}${place === undefined ? '' : ` (${place})`}`;
    })
    .join('; ');
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

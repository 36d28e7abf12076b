import { writeFileSync } from 'node:fs';
import type { Reporter, SerializedError, TestModule, Vitest } from 'vitest/node';

/**
 * Prints at the end of a run which tests were skipped and how to get what is missing, one line per reason. If
 * PRESSBOX_TEST_SUMMARY names a file, it writes the numbers there as JSON, for `.ci/run`. A run that is stopped writes them too,
 * and which tests had not ended.
 */
export interface Summary {
  passed: number;
  /** Failed tests, files that could not be loaded, and errors outside any test, each with its location and message. */
  failures: string[];
  skipped: { reason: string; tests: string[] }[];
}

/** Characters of an error in the summary. The runner prints the complete error. */
const MESSAGE_MOST = 300;

export default class SummaryReporter implements Reporter {
  onInit({ state }: Vitest): void {
    // `timeout` of `.ci/run` sends it.
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
  const summary: Summary = { passed: 0, failures: unhandled.map((error) => `outside any test: ${said([error])}`), skipped: [] };
  const skippedBy = new Map<string, string[]>();
  for (const module of modules) {
    let tests = 0;
    for (const test of module.children.allTests()) {
      tests += 1;
      const result = test.result();
      const name = `${module.relativeModuleId} > ${test.fullName}`;
      if (result.state === 'passed') summary.passed += 1;
      else if (result.state === 'failed') summary.failures.push(`${name}: ${said(result.errors)}`);
      else if (result.state === 'pending') {
        // The tests of a file run one after the other: the first is the one that was running.
        summary.failures.push(`${name}: had not ended when the run was stopped`);
        break;
      } else {
        const reason = (result.state === 'skipped' ? result.note : undefined) ?? 'without a reason';
        skippedBy.set(reason, [...(skippedBy.get(reason) ?? []), name]);
      }
    }
    // A file that fails to load has no tests. A suite whose hook fails has only skipped tests, but is a failure.
    for (const suite of module.children.allSuites()) {
      if (suite.errors().length > 0)
        summary.failures.push(`${module.relativeModuleId} > ${suite.fullName}: ${said(suite.errors())}`);
    }
    for (const error of module.errors()) summary.failures.push(`${module.relativeModuleId}: ${said([error])}`);
    if (tests === 0 && module.errors().length === 0) summary.failures.push(`${module.relativeModuleId}: holds no test`);
  }
  summary.skipped = [...skippedBy].map(([reason, tests]) => ({ reason, tests }));
  return summary;
}

/** The first words of each error and its location in the tests. */
function said(errors: readonly SerializedError[]): string {
  return errors
    .map(({ message, stack }) => {
      const place = /[\w-]+\.test\.ts:\d+/.exec(stack ?? '')?.[0];
      return `${message.replaceAll(/\s+/g, ' ').slice(0, MESSAGE_MOST)}${place === undefined ? '' : ` (${place})`}`;
    })
    .join('; ');
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

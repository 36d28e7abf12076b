import { writeFileSync } from 'node:fs';
import type { Reporter, SerializedError, TestModule } from 'vitest/node';

/**
 * Says at the end of a run what was skipped and how to get what was missing, one line a reason. Where PRESSBOX_TEST_SUMMARY names a
 * file, the numbers are written there as JSON, for `.ci/run`.
 */
export interface Summary {
  passed: number;
  /** Failed tests, files that could not be loaded, and errors outside any test. */
  failed: number;
  skipped: { reason: string; tests: string[] }[];
}

export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const summary = summarise(modules, unhandled);
    for (const { reason, tests } of summary.skipped) console.log(`skipped: ${reason} (${count(tests.length, 'test')})`);
    const file = process.env.PRESSBOX_TEST_SUMMARY;
    if (file !== undefined && file !== '') writeFileSync(file, JSON.stringify(summary));
  }
}

function summarise(modules: readonly TestModule[], unhandled: readonly SerializedError[]): Summary {
  const summary: Summary = { passed: 0, failed: unhandled.length, skipped: [] };
  const skippedBy = new Map<string, string[]>();
  for (const module of modules) {
    let tests = 0;
    for (const test of module.children.allTests()) {
      tests += 1;
      const result = test.result();
      if (result.state === 'passed') summary.passed += 1;
      else if (result.state === 'failed') summary.failed += 1;
      else {
        const reason = (result.state === 'skipped' ? result.note : undefined) ?? 'without a reason';
        skippedBy.set(reason, [...(skippedBy.get(reason) ?? []), `${module.relativeModuleId} > ${test.fullName}`]);
      }
    }
    // A file that fails to load has no tests; a suite whose hook fails leaves its tests skipped, but is a failure.
    const suitesFailed = [...module.children.allSuites()].filter((suite) => suite.errors().length > 0).length;
    summary.failed += module.errors().length + suitesFailed;
    if (tests === 0 && module.errors().length === 0) summary.failed += 1;
  }
  summary.skipped = [...skippedBy].map(([reason, tests]) => ({ reason, tests }));
  return summary;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

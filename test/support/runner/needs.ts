import { describe, it } from 'vitest';
import { type Need, needs } from './machine.ts';

export { needs };

/** A suite that receives what it needs, or one skipped test that says what is missing. */
export function describeWith<T>(need: Need<T>, name: string, suite: (found: T) => void): void {
  suiteWith(describe, need, name, suite);
}

/**
 * Like `describeWith`, but its cases run concurrently with each other and with those of other such suites. Each case must open
 * its own resources.
 */
describeWith.concurrent = <T>(need: Need<T>, name: string, suite: (found: T) => void): void => {
  suiteWith(describe.concurrent, need, name, suite);
};

/**
 * For third-party programs in the docs that `.ci/run` does not install. If the program is missing there is no suite, because a
 * skipped test counts as failed.
 */
describeWith.ifThere = <T>(need: Need<T>, name: string, suite: (found: T) => void): void => {
  if (need.find() !== undefined) describeWith(need, name, suite);
};

const isNightly = process.env.PRESSBOX_TEST_NIGHTLY === 'yes';

/**
 * A suite of the nightly run: one that repeats in another browser what a suite of every check tests. Other runs have no such
 * suite.
 */
describeWith.nightly = <T>(need: Need<T>, name: string, suite: (found: T) => void): void => {
  if (isNightly) describeWith(need, name, suite);
};

/** A suite on a store: on Redis in every check, and in the nightly run on Valkey too. The contract of engines runs on both. */
export function describeOn(kind: 'redis' | 'valkey', name: string, suite: (program: string) => void): void {
  if (kind === 'redis' || isNightly) describeWith(needs[kind], name, suite);
}

describeOn.concurrent = (kind: 'redis' | 'valkey', name: string, suite: (program: string) => void): void => {
  if (kind === 'redis' || isNightly) describeWith.concurrent(needs[kind], name, suite);
};

function suiteWith<T>(describes: typeof describe.concurrent, need: Need<T>, name: string, suite: (found: T) => void): void {
  const found = need.find();
  if (found !== undefined) describes(name, () => suite(found));
  else it(name, ({ skip }) => skip(`${name}: ${need.advice}`));
}

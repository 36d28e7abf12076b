import { existsSync, globSync } from 'node:fs';
import { join, matchesGlob } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  argumentsAlone,
  closingLines,
  FLAKY_MOST,
  faultsOf,
  nightlySuite,
  repeatable,
  type TestResult,
} from '../../../scripts/run-tests.ts';
import { atOwnPort, fewBelowPath, notBelowPath } from '../../support/runner/below-path.ts';
import { root } from '../../support/runner/imports.ts';
import { nightlyParts } from '../../support/runner/nightly-parts.ts';
import { notOnEachStore, promisesOnRedis } from '../../support/runner/on-each-store.ts';
import { modes, type Project } from '../../support/runner/projects.ts';
import type { Failure } from '../../support/runner/summary-reporter.ts';
import { fullFiles, neverRepeated, nightlyFiles } from '../../support/runner/tiers.ts';

const files = globSync('test/**/*.test.ts', { cwd: root }).filter((file) => !file.startsWith('test/support/'));
const matches = (file: string, patterns: readonly string[] = []) => patterns.some((pattern) => matchesGlob(file, pattern));
const runs = ({ include, exclude }: Project, file: string) => matches(file, include) && !matches(file, exclude);
const runsIn = (projects: Record<string, Project>, file: string) =>
  Object.values(projects).some((project) => runs(project, file));

describe('the tiers of tests', () => {
  it('leave no file out: a check runs all but those that are named with a reason, and the nightly run all', () => {
    const inCheck = (file: string) => runsIn(modes.test, file) || runsIn(modes.full, file);
    expect(files.filter((file) => !inCheck(file) && !(file in nightlyFiles))).toEqual([]);
    expect(files.filter((file) => !runsIn(modes.nightly, file))).toEqual([]);
  });

  it('run no file twice in a check, but for those that also run on another store or below a path', () => {
    const { test, full } = modes;
    const more = ['server on redis', 'server on valkey', 'behind nginx', 'in Express'];
    const once = [
      ...Object.values(test),
      ...Object.entries(full).flatMap(([name, project]) => (more.includes(name) ? [] : [project])),
    ];
    expect(files.filter((file) => once.filter((project) => runs(project, file)).length > 1)).toEqual([]);
  });

  it('have a part of the nightly run for each of its projects', () => {
    const named = Object.values(nightlyParts).flatMap(({ projects }) => [...projects]);
    expect(named.toSorted()).toEqual(Object.keys(modes.nightly).toSorted());
  });

  it('name only files that exist', () => {
    const lists = [fullFiles, promisesOnRedis, fewBelowPath.nginx, fewBelowPath.express, neverRepeated];
    const records = [nightlyFiles, atOwnPort, notBelowPath, notOnEachStore];
    const named = [...lists.flat(), ...records.flatMap((record) => Object.keys(record))];
    expect(named.filter((name) => !existsSync(join(root, name)) && !files.some((file) => matchesGlob(file, name)))).toEqual([]);
  });
});

const failure: Failure = { project: 'server', file: 'test/server/http/a.test.ts', name: 'a > b (c)', error: 'late' };
const result: TestResult = {
  name: 'full',
  commit: 'abc',
  passed: 1,
  failed: [],
  flaky: [],
  skipped: [],
  seconds: 1,
  files: [],
};

describe('a failed test', () => {
  it('runs once more, alone', () => {
    expect(repeatable([failure])).toEqual([failure]);
    const pattern = '^a(?: > | )b \\(c\\)(?: |$)';
    const file = ['--project', 'server', failure.file, '--no-file-parallelism'];
    expect(argumentsAlone(failure)).toEqual([...file, '--testNamePattern', pattern]);
    expect('a b (c)').toMatch(new RegExp(pattern));
    expect('a b (c) d').toMatch(new RegExp(pattern));
    expect('a b (c)d').not.toMatch(new RegExp(pattern));
    expect(argumentsAlone({ ...failure, name: undefined })).toEqual(file);
  });

  it('does not run again if it is about what must never be lost, or beside such a failure', () => {
    const strict = { ...failure, file: 'test/engine/redis/repairs.test.ts' };
    expect(repeatable([strict])).toEqual([]);
    expect(repeatable([failure, strict])).toEqual([]);
    expect(repeatable([{ ...failure, file: '' }])).toEqual([]);
  });

  it('does not run again if more fail than may be flaky', () => {
    expect(repeatable(Array<Failure>(FLAKY_MOST).fill(failure))).toHaveLength(FLAKY_MOST);
    expect(repeatable(Array<Failure>(FLAKY_MOST + 1).fill(failure))).toEqual([]);
  });

  it('is named as flaky at the end if it passes then, and is a fault only among many', () => {
    const flaky = (count: number) => ({ ...result, flaky: Array<string>(count).fill('a > b: late') });
    expect(closingLines([flaky(1)])).toEqual(['flaky: a > b: late']);
    expect(faultsOf(flaky(FLAKY_MOST))).toEqual([]);
    expect(faultsOf(flaky(FLAKY_MOST + 1))).toEqual(['full: 4 flaky tests, and at most 3 are accepted']);
  });
});

it('a skipped test counts as failed in a check, and not on the machine of a developer', () => {
  const skipped = { ...result, skipped: ['a > b (no moon)'] };
  expect(faultsOf(skipped, true)).toEqual(['skipped, which counts as failed: a > b (no moon)']);
  expect(faultsOf(skipped, false)).toEqual([]);
});

it('a part of the nightly run is a suite of its projects', () => {
  expect(nightlySuite('below-express', nightlyParts['below-express'])).toEqual({
    name: 'below-express',
    mode: 'nightly',
    args: ['--project', 'in Express', '--project', 'at its own port'],
    env: {},
  });
});

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  benchmarkFaults,
  changelogFaults,
  notesOf,
  releasedChangelog,
  tarballFaults,
  testFaults,
} from '../../../scripts/release.ts';
import type { TestResult } from '../../../scripts/run-tests.ts';
import { root } from '../../support/runner/imports.ts';
import { nightlyParts } from '../../support/runner/nightly-parts.ts';

const changelog = `# Changelog

## [Unreleased]

### Added

- A clock.

## [0.1.0] - 2026-11-01

### Fixed

- The pier.
`;

describe('a release', () => {
  it('turns what was unreleased into a section with version and date', () => {
    const released = releasedChangelog(changelog, '0.2.0', '2026-11-30');
    expect(released).toContain('## [Unreleased]\n\n## [0.2.0] - 2026-11-30\n\n### Added\n\n- A clock.\n\n## [0.1.0]');
    expect(notesOf(released, '0.2.0')).toBe('### Added\n\n- A clock.');
    expect(changelogFaults(released, '0.2.0', '2026-11-30')).toEqual([]);
    expect(() => releasedChangelog(released, '0.3.0', '2026-12-01')).toThrow('[Unreleased] is empty.');
  });

  it.each([
    ['has changes that are not in it', changelog, '0.1.0', '[Unreleased] has changes.'],
    ['has no section', changelog.replace('- A clock.', '').replace('### Added\n\n', ''), '0.2.0', 'must be [0.2.0]'],
    ['is of tomorrow', releasedChangelog(changelog, '0.2.0', '2026-12-01'), '0.2.0', '2026-12-01 is no day until today.'],
    ['is empty', '## [Unreleased]\n\n## [0.2.0] - 2026-11-30\n', '0.2.0', '[0.2.0] is empty.'],
    ['stands first', '## [0.2.0] - 2026-11-30\n\n- A clock.\n', '0.2.0', 'the first section must be [Unreleased].'],
  ])('is refused if its section in the changelog %s', (_, text, version, fault) => {
    expect(changelogFaults(text, version, '2026-11-30').join('\n')).toContain(fault);
  });

  it('needs every nightly part on its commit, without a failure', () => {
    const passed = { commit: 'abc', passed: 5, failed: [], flaky: ['a > b: late'], skipped: [], seconds: 1, files: [] };
    const results = new Map<string, TestResult>(Object.keys(nightlyParts).map((name) => [name, { ...passed, name }]));
    expect(testFaults(results, 'abc')).toEqual([]);
    expect(testFaults(results, 'def')).toHaveLength(results.size);
    const desk = { ...passed, name: 'desk' };
    const first = (part: TestResult) => testFaults(new Map(results).set('desk', part), 'abc');
    expect(first({ ...desk, commit: 'abc+changes' })).toEqual([expect.stringContaining('ran on abc+changes, and this is abc.')]);
    expect(first({ ...desk, failed: ['a > c: x'] })).toEqual(['desk: failed: a > c: x']);
    expect(first({ ...desk, skipped: ['a > d (no moon)'] })).toEqual([expect.stringContaining('desk: skipped')]);
    results.delete('desk');
    expect(testFaults(results, 'abc')).toEqual([
      'The part desk of the tests did not run. Run npm run test:nightly -- --part desk.',
    ]);
  });

  it('needs a benchmark of its own code', () => {
    expect(benchmarkFaults([], () => [])).toEqual(['bench/results.jsonl names no commit. Run npm run bench.']);
    expect(benchmarkFaults(['abc'], () => [])).toEqual([]);
    expect(benchmarkFaults(['abc', 'def'], (commit) => (commit === 'def' ? ['src/a.ts', 'src/b.ts'] : []))).toEqual([
      'bench/RESULTS.md is of def, before changes of src/a.ts and 1 others. Run npm run bench.',
    ]);
  });

  it('is refused if its tarball lacks a part of the package, or has what does not belong there', () => {
    const faults = tarballFaults([
      'package.json',
      'dist/src/server-package.d.ts',
      'src/server.ts',
      'deploy/.env',
      'test/a.test.ts',
    ]);
    expect(faults).toContain('The tarball lacks dist/src/main.js.');
    expect(faults.filter((fault) => fault.includes('must not'))).toEqual(
      ['src/server.ts', 'deploy/.env', 'test/a.test.ts'].map((path) => `The tarball must not have ${path}.`),
    );
  });

  it('is what the workflows make with the same check as on any machine', () => {
    const workflow = (name: string) => readFileSync(join(root, '.github/workflows', name), 'utf8');
    const steps = (name: string) => [...workflow(name).matchAll(/^ +- run: (.*)$/gm)].map(([, run]) => run);
    expect(steps('ci.yml').at(-1)).toBe('.ci/run');
    expect(steps('nightly.yml').at(-1)).toMatch(/^npm run test:nightly -- --part \$\{\{ matrix\.part \}\}$/);
    const [parts = ''] = /(?<=^ +part:\n)(?: +- .*\n)+/m.exec(workflow('nightly.yml')) ?? [];
    expect(parts.match(/[a-z][a-z-]+/g)).toEqual(Object.keys(nightlyParts));
    expect(workflow('release.yml')).toContain('uses: ./.github/workflows/nightly.yml');
    expect(steps('release.yml').slice(-2)).toEqual(['npm ci', 'npm run release']);
    const { scripts, publishConfig } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
      publishConfig: object;
    };
    const [, script = ''] = /^node (\S+)$/.exec(scripts.release ?? '') ?? [];
    expect(existsSync(join(root, script))).toBe(true);
    // No address of a registry.
    expect(publishConfig).toEqual({ access: 'public', provenance: true });
    for (const name of ['ci.yml', 'nightly.yml', 'release.yml']) {
      expect(workflow(name)).toMatch(/^permissions:\n {2}contents: read$/m);
      expect(workflow(name)).not.toMatch(/secrets\.|npm publish/);
    }
  });
});

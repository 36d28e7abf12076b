import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TestResult } from '../../../scripts/run-tests.ts';
import { root } from '../../support/runner/imports.ts';
import type { Summary } from '../../support/runner/summary-reporter.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pressbox-checks-'));
});
afterEach(() => rm(folder, { recursive: true }));

function run(command: string, args: string[], env: Record<string, string>) {
  return new Promise<{ code: number; out: string }>((resolve) => {
    execFile(command, args, { cwd: folder, env: { PATH: process.env.PATH, ...env } }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), out: stdout + stderr });
    });
  });
}

describe('the summary of a test run', () => {
  async function summaryOf(file: string) {
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    await writeFile(join(folder, 'a.test.ts'), `import { beforeAll, describe, expect, it } from 'vitest';\n${file}`);
    const args = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--root', folder];
    const reporter = ['--reporter', join(root, 'test/support/runner/summary-reporter.ts')];
    const result = await run(process.execPath, [...args, ...reporter], { PRESSBOX_TEST_SUMMARY: join(folder, 'summary.json') });
    return { ...result, summary: JSON.parse(await readFile(join(folder, 'summary.json'), 'utf8')) as Summary };
  }

  it('has what ended, and names the test that did not, if the run is stopped', async () => {
    const { summary } = await summaryOf(`
      it('passes', () => {});
      it('hangs', async () => { setTimeout(() => process.kill(process.ppid, 'SIGTERM'), 1_000); await new Promise(() => {}); });
      it('waits for it', () => {});
    `);
    const failure = { file: 'a.test.ts', name: 'hangs', error: 'had not ended when the run was stopped' };
    expect(summary).toMatchObject({ passed: 1, failures: [failure] });
  });

  it('counts passed and failed tests, and says what was skipped and how to get what is missing', async () => {
    const { out, summary } = await summaryOf(`
      import { describeWith } from '${join(root, 'test/support/runner/needs.ts')}';
      describeWith({ find: () => undefined, advice: "install Debian's moon" }, 'tests on the moon', () => it('never', () => {}));
      describeWith({ find: () => 'here', advice: '' }, 'tests with what is here', (found) => it('is given it', () => expect(found).toBe('here')));
      it('passes', () => {});
      it('fails', () => expect(1).toBe(2));
      it.skip('is left out', () => {});
      it.todo('is to be written');
      describe('whose preparation fails', () => { beforeAll(() => { throw new Error('x'); }); it('never runs', () => {}); });
    `);
    expect(summary.passed).toBe(2);
    const failure = { project: '', file: 'a.test.ts' };
    expect(summary.failures).toEqual([
      { ...failure, name: 'fails', error: 'expected 1 to be 2 // Object.is equality (a.test.ts:7)' },
      { ...failure, name: 'whose preparation fails', error: 'x (a.test.ts:10)' },
    ]);
    expect(summary.skipped).toEqual([
      { reason: "tests on the moon: install Debian's moon", tests: ['a.test.ts > tests on the moon'] },
      {
        reason: 'without a reason',
        tests: ['a.test.ts > is left out', 'a.test.ts > is to be written', 'a.test.ts > whose preparation fails > never runs'],
      },
    ]);
    expect(out).toContain("skipped: tests on the moon: install Debian's moon (1 test)\n");
  });

  it('counts a file that cannot be loaded, and one without tests, as failed', async () => {
    expect((await summaryOf("throw new Error('x');")).summary).toMatchObject({
      passed: 0,
      failures: [{ file: 'a.test.ts', error: 'x (a.test.ts:2)' }],
    });
  });

  it('counts an error outside any test as failed', async () => {
    const { summary } = await summaryOf(
      "it('passes', async () => { void Promise.reject(new Error('x')); await new Promise(setImmediate); });",
    );
    expect(summary).toMatchObject({ passed: 1, failures: [{ file: '', error: 'x (a.test.ts:2)' }] });
  });
});

describe('the check on a fresh machine', () => {
  /** Runs the script in a made-up checkout, in which `npm` runs the given commands and nothing can be installed. */
  async function check(npm: string, { readme = 'npm ci && npm test', env = {}, commits = '' } = {}) {
    const commands = join(folder, 'bin');
    await mkdir(join(folder, '.ci/results'), { recursive: true });
    await mkdir(join(folder, 'scripts'));
    await writeFile(join(folder, 'scripts/check-commits.mjs'), commits);
    await mkdir(commands);
    for (const script of ['run', 'install']) await copyFile(join(root, '.ci', script), join(folder, '.ci', script));
    await writeFile(join(folder, 'README.md'), readme);
    const fakes = { npm, chromium: '', gcc: '', 'apt-get': 'echo "apt-get $*" >> apt.log' };
    for (const [name, script] of Object.entries(fakes)) {
      await writeFile(join(commands, name), `#!/bin/sh\n${script}\n`);
      await chmod(join(commands, name), 0o755);
    }
    const { code, out } = await run('bash', ['.ci/run'], { PATH: `${commands}:${process.env.PATH}`, ...env });
    return { code, out, last: out.trimEnd().split('\n').at(-1) };
  }
  /** A command that leaves such a result of `npm test`, and another one of the tests that take longer. */
  const leaving = (test: Partial<TestResult>, status = 0, full: Partial<TestResult> = {}) => {
    const file = (name: string, result: Partial<TestResult>) =>
      `mkdir -p .ci/results; echo '${JSON.stringify({ passed: 3, failed: [], flaky: [], skipped: [], ...result })}' > .ci/results/${name}.json`;
    return `case "$*" in ci) ;; test) ${file('test', test)}; exit ${status};; *) ${file('full', full)};; esac`;
  };

  it('adds up what passed in both suites', async () => {
    const { code, out, last } = await check(leaving({ passed: 12 }, 0, { passed: 5 }));
    expect(out.match(/(?<=^ci: )npm .*/gm)).toEqual(['npm ci && npm test', 'npm run test:full']);
    expect([code, last]).toEqual([0, '17 passed, 0 failed']);
  });

  it('fails if a commit message does not follow the rules', async () => {
    const { code, out, last } = await check(leaving({ passed: 12 }), { commits: 'process.exitCode = 1;' });
    expect([code, last]).toEqual([1, '15 passed, 1 failed']);
    expect(out).toContain('ci: commit messages do not follow CONTRIBUTING.md');
  });

  it('names failed and skipped tests of both suites at the end, and fails', async () => {
    const failed = ['a > b: expected 1 to be 2'];
    const { code, last, out } = await check(leaving({ failed }, 1, { skipped: ['c > d (no moon)'] }));
    const lines = ['ci: failed: a > b: expected 1 to be 2', 'ci: skipped, which counts as failed: c > d (no moon)'];
    expect(out.trimEnd().split('\n').slice(-3, -1)).toEqual(lines);
    expect([code, last]).toEqual([1, '6 passed, 2 failed']);
  });

  it('names flaky tests at the end, and fails only if there are more than three', async () => {
    const flaky = ['a > b: late', 'c > d: late'];
    const few = await check(leaving({ flaky }, 0, { flaky: ['e > f: late'] }));
    expect(few.out.trimEnd().split('\n').slice(-4, -1)).toEqual([...flaky, 'e > f: late'].map((test) => `ci: flaky: ${test}`));
    expect([few.code, few.last]).toEqual([0, '6 passed, 0 failed']);
    await rm(folder, { recursive: true });
    await mkdir(folder);
    const many = await check(leaving({ flaky }, 0, { flaky }));
    expect(many.out).toContain('ci: 4 flaky tests, and at most 3 are accepted');
    expect([many.code, many.last]).toEqual([1, '6 passed, 1 failed']);
  });

  it.each([
    ['the install failed', 'exit 1', '0 passed, 2 failed'],
    ['types or lint failed', 'if [ "$1" != ci ]; then exit 2; fi', '0 passed, 2 failed'],
    ['the runner failed although no test did', leaving({ passed: 3 }, 1), '6 passed, 1 failed'],
  ])('fails if %s', async (_what, npm, expected) => {
    const { code, last } = await check(npm);
    expect([code, last]).toEqual([1, expected]);
  });

  it('fails if the README names another test command', async () => {
    const { code, last } = await check(leaving({ passed: 3 }), { readme: 'npm install' });
    expect([code, last]).toEqual([1, '6 passed, 1 failed']);
  });
});

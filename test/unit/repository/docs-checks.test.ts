import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { atOwnPort, notBelowPath } from '../../support/runner/below-path.ts';
import { root } from '../../support/runner/imports.ts';
import { longFiles } from '../../support/runner/long-files.ts';
import { promisesOnEachStore, slowPromises } from '../../support/runner/on-each-store.ts';
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
    expect(summary).toMatchObject({ passed: 1, failures: ['a.test.ts > hangs: had not ended when the run was stopped'] });
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
    expect(summary.failures).toEqual([
      'a.test.ts > fails: expected 1 to be 2 // Object.is equality (a.test.ts:7)',
      'a.test.ts > whose preparation fails: x (a.test.ts:10)',
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
    expect((await summaryOf("throw new Error('x');")).summary).toEqual({
      passed: 0,
      failures: ['a.test.ts: x (a.test.ts:2)'],
      skipped: [],
    });
  });

  it('counts an error outside any test as failed', async () => {
    const { summary } = await summaryOf(
      "it('passes', async () => { void Promise.reject(new Error('x')); await new Promise(setImmediate); });",
    );
    expect(summary).toEqual({ passed: 1, failures: ['outside any test: x (a.test.ts:2)'], skipped: [] });
  });
});

it('names only existing files as long files, as tests of promises and as tests below a base path', () => {
  const belowPath = Object.keys({ ...atOwnPort, ...notBelowPath }).filter((file) => !file.includes('*'));
  const named = [...longFiles, ...slowPromises, ...promisesOnEachStore, ...belowPath];
  expect(named.filter((file) => !existsSync(join(root, file)))).toEqual([]);
});

describe('the check on a fresh machine', () => {
  /** Runs the script in a made-up checkout, in which `npm` runs the given commands and nothing can be installed. */
  async function check(npm: string, { readme = 'npm ci && npm test', longer = [] as string[], env = {}, commits = '' } = {}) {
    const commands = join(folder, 'bin');
    await mkdir(join(folder, '.ci'));
    await mkdir(join(folder, 'scripts'));
    await writeFile(join(folder, 'scripts/check-commits.mjs'), commits);
    await mkdir(commands);
    await copyFile(join(root, '.ci/run'), join(folder, '.ci/run'));
    await writeFile(join(folder, 'README.md'), readme);
    const scripts = Object.fromEntries(longer.map((name) => [`test:${name}`, 'vitest']));
    await writeFile(join(folder, 'package.json'), JSON.stringify({ scripts }));
    const fakes = { npm, chromium: '', gcc: '', 'apt-get': 'echo "apt-get $*" >> apt.log' };
    for (const [name, script] of Object.entries(fakes)) {
      await writeFile(join(commands, name), `#!/bin/sh\n${script}\n`);
      await chmod(join(commands, name), 0o755);
    }
    const { code, out } = await run('bash', ['.ci/run'], { PATH: `${commands}:${process.env.PATH}`, ...env });
    return { code, out, last: out.trimEnd().split('\n').at(-1) };
  }
  const writing = (summary: Summary, status = 0) =>
    `if [ "$1" != ci ]; then echo '${JSON.stringify(summary)}' > "$PRESSBOX_TEST_SUMMARY"; exit ${status}; fi`;

  it('ends with the numbers of passed and failed tests', async () => {
    const { code, last } = await check(writing({ passed: 12, failures: [], skipped: [] }));
    expect(last).toBe('12 passed, 0 failed');
    expect(code).toBe(0);
  });

  it('fails if a commit message does not follow the rules', async () => {
    const { code, out, last } = await check(writing({ passed: 12, failures: [], skipped: [] }), {
      commits: 'process.exitCode = 1;',
    });
    expect([code, last]).toEqual([1, '12 passed, 1 failed']);
    expect(out).toContain('ci: commit messages do not follow CONTRIBUTING.md');
  });

  it('adds up the long tests and the tests on each store with the rest', async () => {
    const { code, last, out } = await check(writing({ passed: 12, failures: ['a > b: expected 1 to be 2'], skipped: [] }, 1), {
      longer: ['long', 'stores'],
    });
    expect(out.trimEnd().split('\n').slice(-4, -1)).toEqual(Array(3).fill('ci: failed: a > b: expected 1 to be 2'));
    expect(out).toContain('ci: npm run test:long');
    expect(out).toContain('ci: npm run test:stores');
    expect(last).toBe('36 passed, 3 failed');
    expect(code).toBe(1);
  });

  it('leaves out the long tests in fast mode, and runs the tests of promises on each store', async () => {
    const { code, last, out } = await check(writing({ passed: 12, failures: [], skipped: [] }), {
      longer: ['promises', 'long', 'stores', 'container'],
      env: { FAST: '1' },
    });
    expect(out.match(/(?<=^ci: )npm .*/gm)).toEqual(['npm ci && npm test', 'npm run test:promises']);
    expect([code, last]).toEqual([0, '24 passed, 0 failed']);
  });

  it('counts a skipped test as failed, and names it', async () => {
    const { code, last, out } = await check(
      writing({ passed: 12, failures: [], skipped: [{ reason: 'no moon', tests: ['a > b', 'a > c'] }] }),
    );
    expect(last).toBe('12 passed, 2 failed');
    expect(out).toContain('ci: skipped, which counts as failed: a > c (no moon)');
    expect(code).toBe(1);
  });

  it.each([
    ['the install failed', 'exit 1', '0 passed, 1 failed'],
    ['types or lint failed', 'if [ "$1" != ci ]; then exit 2; fi', '0 passed, 1 failed'],
    ['nothing ran', writing({ passed: 0, failures: [], skipped: [] }), '0 passed, 1 failed'],
    ['the runner failed although no test did', writing({ passed: 3, failures: [], skipped: [] }, 1), '3 passed, 1 failed'],
  ])('fails if %s', async (_what, npm, expected) => {
    const { code, last } = await check(npm);
    expect(last).toBe(expected);
    expect(code).toBe(1);
  });

  it('fails if the README names another test command', async () => {
    const { code, last } = await check(writing({ passed: 3, failures: [], skipped: [] }), { readme: 'npm install' });
    expect(last).toBe('3 passed, 1 failed');
    expect(code).toBe(1);
  });
});

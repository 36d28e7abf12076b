import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
// @ts-expect-error: plain JavaScript without types, for the hook.
import { faultsOf, trivialLines } from '../../../scripts/check-commits.mjs';

const good = 'Refuse empty headlines\n\nReaders saw a bare line.\n';

it.each([
  ['Refuse empty headlines\n', trivialLines],
  [good, 500],
  ['Ping sockets during long messages\n\nSlow links timed out.\n', 500],
  ['Process imports in steps\n\nOne step held the loop.\n', 500],
  [
    'Address each reader once\n\nSee https://example.org/a/very/long/address/that/does/not/fit/into/seventy-two/characters\n',
    500,
  ],
  ['Embed the fonts\n\nSome differ.\n\nCo-authored-by: Ada <ada@example.org>\n', 500],
])('accepts the message %j', (message, lines) => {
  expect(faultsOf(message, lines)).toEqual([]);
});

it.each([
  [`Refuse ${'very '.repeat(14)}empty headlines\n\nWhy.\n`, 1, /has \d+ characters, not at most 72/],
  ['Refuse empty headlines.\n\nWhy.\n', 1, /full stop/],
  ['refuse empty headlines\n\nWhy.\n', 1, /capital letter/],
  ['Refused empty headlines\n\nWhy.\n', 1, /"Refused", which is not an imperative/],
  ['Refuses empty headlines\n\nWhy.\n', 1, /"Refuses", which is not an imperative/],
  ['Refusing empty headlines\n\nWhy.\n', 1, /"Refusing", which is not an imperative/],
  ['The headline is refused\n\nWhy.\n', 1, /"The", which is not an imperative/],
  ['Who asks is told\n\nWhy.\n', 1, /"Who", which is not an imperative/],
  ['Refuse empty headlines\nWhy.\n', 1, /no blank line/],
  ['Refuse empty headlines\n', trivialLines + 1, /11 lines has no body/],
  ['Refuse empty headlines\n\nCo-authored-by: Ada <ada@example.org>\n', 500, /no body/],
  [`Refuse empty headlines\n\n${'why '.repeat(20)}\n`, 1, /longer than 72 characters: "why why/],
])('refuses the message %j', (message, lines, fault) => {
  expect(faultsOf(message, lines)).toEqual([expect.stringMatching(fault)]);
});

/** A checkout with the two scripts, as a clone has them. */
function checkout() {
  const root = mkdtempSync(join(tmpdir(), 'pressbox-commits-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, 'scripts'));
  for (const name of ['check-commits.mjs', 'install-hooks.mjs']) cpSync(`scripts/${name}`, join(root, 'scripts', name));
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...args], { cwd: root, env, stdio: 'pipe' });
  const run = (name: string, ...args: string[]) =>
    spawnSync(process.execPath, [join(root, 'scripts', name), ...args], { cwd: root, env, encoding: 'utf8' });
  let written = 0;
  const change = (lines: number) => {
    written += 1;
    writeFileSync(join(root, `file-${written}`), 'line\n'.repeat(lines));
    git('add', '.');
  };
  return { root, git, run, change };
}

it('the commit check examines every commit after the one that added the check, and none before', () => {
  const { git, run, change } = checkout();
  git('init', '-q');
  change(1);
  git('reset', '-q', 'scripts');
  git('commit', '-qm', 'whatever was written before.');
  git('add', '.');
  git('commit', '-qm', 'Check commit messages');
  change(20);
  git('commit', '-qm', good);
  expect(run('check-commits.mjs')).toMatchObject({ status: 0, stderr: expect.stringContaining('commits: 1 checked, 0 do not') });
  change(20);
  git('commit', '-qm', 'added a file.');
  const { status, stderr } = run('check-commits.mjs');
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /added a file\.\n {2}the subject ends.*\n {2}the subject does not begin.*\n {2}a commit of 20 lines has no body/,
  );
});

it('the commit check installs a hook in a checkout that refuses a wrong message, and keeps it', () => {
  const { root, git, run, change } = checkout();
  git('init', '-q');
  expect(run('install-hooks.mjs')).toMatchObject({ status: 0, stdout: '', stderr: '' });
  expect(statSync(join(root, '.git/hooks/commit-msg')).mode & 0o111).not.toBe(0);
  change(20);
  expect(() => git('commit', '-qm', 'added a file.')).toThrow(/the subject ends with a full stop/);
  expect(readFileSync(join(root, '.git/COMMIT_EDITMSG'), 'utf8')).toContain('added a file.');
  git('commit', '-qm', good);
  change(20);
  git('commit', '-q', '--fixup', 'HEAD');
});

it('the commit check installs nothing without a checkout, and does not replace another hook', () => {
  const { root, git, run } = checkout();
  expect(run('install-hooks.mjs')).toMatchObject({ status: 0, stdout: '', stderr: '' });
  expect(existsSync(join(root, '.git'))).toBe(false);
  git('init', '-q');
  writeFileSync(join(root, '.git/hooks/commit-msg'), '#!/bin/sh\n');
  expect(run('install-hooks.mjs')).toMatchObject({ status: 0, stderr: expect.stringContaining('is another hook and was kept') });
  expect(readFileSync(join(root, '.git/hooks/commit-msg'), 'utf8')).toBe('#!/bin/sh\n');
});

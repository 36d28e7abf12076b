// Installs a Git hook that checks commit messages in this checkout. Runs at install (`prepare`). Does nothing without a checkout,
// or if there is another hook.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const mark = '# Written by scripts/install-hooks.mjs of Pressbox.';
const hook = `#!/bin/sh
${mark}
[ ! -f scripts/check-commits.mjs ] || exec node scripts/check-commits.mjs --message "$1"
`;

const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();

function install() {
  // Pressbox may be inside the checkout of another project.
  if (!existsSync(join(root, '.git'))) return;
  const path = resolve(root, git('rev-parse', '--git-path', 'hooks'), 'commit-msg');
  if (existsSync(path) && !readFileSync(path, 'utf8').includes(mark)) {
    console.warn(`hooks: ${path} is another hook and was kept. scripts/check-commits.mjs checks commits without it.`);
    return;
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, hook);
  chmodSync(path, 0o755);
}

try {
  install();
} catch (error) {
  // Git may be missing or the folder read-only, and the install must not fail because of that.
  console.warn(`hooks: not installed: ${error.message.split('\n')[0]}`);
}

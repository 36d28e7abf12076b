import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { root } from './imports.ts';

/**
 * Packs the project and installs the tarball into an empty folder, once for all tests of the package. It is packed from a copy, so that
 * tests that build pages at the same time change nothing under it.
 */
export interface Installed {
  tarball: string;
  /** Where it was installed: nothing is in it but what npm put there. */
  folder: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    installed: Installed;
  }
}

const run = promisify(execFile);
/** What packing reads. */
const needed = ['bin', 'client', 'demo', 'docs', 'examples', 'scripts', 'src'];
const neededFiles = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json', 'tsconfig.json', 'tsconfig.package.json'];

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'pressbox-package-'));
  const [copy, folder] = [join(directory, 'checkout'), join(directory, 'folder')];
  try {
    await mkdir(folder);
    for (const name of [...needed, ...neededFiles]) await cp(join(root, name), join(copy, name), { recursive: true });
    await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
    await run('npm', ['pack', '--pack-destination', directory], { cwd: copy, env: cleanEnv() });
    const tarball = join(directory, (await readdir(directory)).find((name) => name.endsWith('.tgz')) ?? '');
    // What `npm ci` left in npm's cache is enough, where it still is there.
    await run('npm', ['install', tarball, '--prefer-offline', '--no-audit', '--no-fund'], { cwd: folder, env: cleanEnv() });
    project.provide('installed', { tarball, folder });
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
  return () => rm(directory, { recursive: true, force: true });
}

/** As in a terminal of someone who has the Node that runs the tests: nothing of the npm or the Pressbox that may run us is left in it. */
export function cleanEnv(): Record<string, string | undefined> {
  const kept = Object.entries(process.env).filter(([name]) => !/^(?:npm_|PRESSBOX_|VITEST|NODE_)|^INIT_CWD$/i.test(name));
  return { ...Object.fromEntries(kept), PATH: [dirname(process.execPath), process.env.PATH].join(delimiter) };
}

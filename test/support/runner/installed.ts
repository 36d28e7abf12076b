import { execFile } from 'node:child_process';
import { copyFile, cp, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { root } from './imports.ts';
import { startRegistry } from './registry.ts';

/**
 * Packs the project and installs the tarball into an empty folder, once for all tests of the package. The tarball is made from a
 * copy, so that other tests may build pages at the same time.
 */
export interface Installed {
  tarball: string;
  /** The folder of the installation, empty before. */
  folder: string;
  /** The command that was run there. */
  line: string;
  /** An environment with the Node of the tests, in which npm uses no network. */
  env: Record<string, string>;
}

declare module 'vitest' {
  interface ProvidedContext {
    installed: Installed;
  }
}

const run = promisify(execFile);
/** The timeout of an npm command. Usually one takes ten seconds, and on a busy machine some minutes. */
const withinMs = 600_000;
/** Files that packing does not read, or creates again. */
const left = /^(?:\..*|node_modules|dist|data|coverage|test|bench|.*\.(?:log|tgz))$/;

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'pressbox-package-'));
  const registry = await startRegistry();
  const end = async () => {
    await registry[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const [copy, folder, cache] = ['checkout', 'folder', 'cache'].map((name) => join(directory, name)) as [
      string,
      string,
      string,
    ];
    const quiet = { npm_config_audit: 'false', npm_config_fund: 'false' };
    const env = cleanEnv({ npm_config_registry: registry.url, npm_config_cache: cache, ...quiet });
    await mkdir(folder);
    const names = (await readdir(root)).filter((name) => !left.test(name));
    for (const name of names) await cp(join(root, name), join(copy, name), { recursive: true });
    await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
    await run('npm', ['pack', '--pack-destination', directory], { cwd: copy, env, timeout: withinMs });
    const tarball = join(directory, (await readdir(directory)).find((name) => name.endsWith('.tgz')) ?? '');
    await copyFile(tarball, join(folder, basename(tarball)));
    const line = `npm install ./${basename(tarball)}`;
    await run('bash', ['-c', line], { cwd: folder, env, timeout: withinMs });
    project.provide('installed', { tarball, folder, line, env });
  } catch (error) {
    await end();
    throw error;
  }
  return end;
}

/** Like a fresh terminal: without the variables of the npm or Pressbox that may run the tests. */
function cleanEnv(more: Record<string, string>): Record<string, string> {
  const path = [dirname(process.execPath), process.env.PATH].join(delimiter);
  const kept = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !/^(?:npm_|PRESSBOX_|VITEST|NODE_)|^INIT_CWD$/i.test(entry[0]),
  );
  return { ...Object.fromEntries(kept), ...more, PATH: path };
}

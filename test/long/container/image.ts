import { type ExecFileOptions, execFile } from 'node:child_process';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../../support/runner/imports.ts';

/** The image of the Dockerfile, built in its own folder without a daemon and without pulling another image. */
export interface Image {
  /** The configuration in the image. */
  readonly config: ImageConfig;
  /** Makes a container from it. Returns its name and the folder where its files are. */
  container(): Promise<{ name: string; files: string }>;
  /** The command line that runs `command` in a container as the user of the image, with the folder `data` of this machine as /data. */
  runIn(name: string, options: { data: string; env?: Record<string, string>; command: readonly string[] }): readonly string[];
  /** The environment for running such a command line. */
  readonly env: NodeJS.ProcessEnv;
  remove(): Promise<void>;
}

export interface ImageConfig {
  User: string;
  Env: string[];
  Entrypoint: string[];
  Volumes: Record<string, object>;
  WorkingDir: string;
  Healthcheck: { Test: string[] };
}

/** An unprivileged user cannot raise limits, so the builder must not try to. These are the limits of most machines. */
const bounds = ['--ulimit', 'nproc=90000:90000', '--ulimit', 'nofile=20000:20000'];
const isolation = ['--isolation', 'chroot'];
const network = ['--network', 'host'];

export async function buildImage(
  folder: string,
  { mmdebstrap, buildah }: { mmdebstrap: string; buildah: string },
): Promise<Image> {
  const env = { ...process.env, STORAGE_DRIVER: 'vfs' };
  const store = ['--storage-driver', 'vfs', '--root', join(folder, 'store'), '--runroot', join(folder, 'run')];
  const ask = async (...args: string[]) => (await run(buildah, [...store, ...args], { env })).trim();
  const build = (context: string, tag: string, ...args: string[]) =>
    ask('build', '--format', 'docker', ...isolation, ...network, ...bounds, '--tag', tag, ...args, context);

  await build(await makeBase(join(folder, 'base'), mmdebstrap), 'pressbox-test-base');
  const secrets = await npmSecrets(folder);
  await build(root, 'pressbox-test', '--build-arg', 'BASE=localhost/pressbox-test-base', ...secrets);
  const { Docker } = JSON.parse(await ask('inspect', '--type', 'image', 'pressbox-test')) as { Docker: { config: ImageConfig } };
  return {
    config: Docker.config,
    env,
    async container() {
      const name = await ask('from', ...isolation, ...bounds, 'pressbox-test');
      return { name, files: await ask('mount', name) };
    },
    runIn(name, { data, env: given = {}, command }) {
      const variables = Object.entries(given).flatMap(([variable, value]) => ['--env', `${variable}=${value}`]);
      return [
        buildah,
        ...store,
        'run',
        ...isolation,
        ...network,
        ...variables,
        '--volume',
        `${data}:/data`,
        name,
        '--',
        ...command,
      ];
    },
    async remove() {
      await ask('rm', '--all');
    },
  };
}

/** Makes a base image like the default one: Debian with npm and the Node.js of the tests. Returns the folder to build it from. */
async function makeBase(folder: string, mmdebstrap: string): Promise<string> {
  await mkdir(folder);
  await Promise.all([
    debian(join(folder, 'debian.tar'), mmdebstrap),
    run('npm', ['install', '--global', '--prefix', join(folder, 'npm'), 'npm']),
    cp(join(root, 'node_modules/node/bin/node'), join(folder, 'node'), { dereference: true }),
  ]);
  const lines = ['FROM scratch', 'ADD debian.tar /', 'COPY node /usr/local/bin/node', 'COPY npm /usr/local'];
  await writeFile(join(folder, 'Dockerfile'), `${lines.join('\n')}\n`);
  return folder;
}

/** Makes a Debian file system from the package sources and settings of this machine. */
async function debian(tar: string, mmdebstrap: string): Promise<void> {
  const codename = /^VERSION_CODENAME=(\w+)$/m.exec(await readFile('/etc/os-release', 'utf8'))?.[1] ?? 'stable';
  const targets = ['indextargets', '--format', '$(ORIGIN) $(SITE) $(RELEASE) $(COMPONENT)', 'Created-By: Packages'];
  const sources = (await run('apt-get', targets)).split('\n').filter((line) => line.startsWith('Debian http'));
  const settings = (await run('apt-config', ['dump', 'Acquire']))
    .split('\n')
    .filter((line) => /^Acquire::(?:Check-|https?::|ForceIPv)/.test(line));
  await writeFile(`${tar}.list`, sources.map((line) => `${line.replace('Debian', 'deb')}\n`).join(''));
  await writeFile(`${tar}.settings`, `${settings.join('\n')}\n`);
  const options = ['--variant=minbase', '--include=libstdc++6,libatomic1', `--aptopt=${tar}.settings`];
  await run(mmdebstrap, [...options, codename, tar, ...(sources.length > 0 ? [`${tar}.list`] : [])]);
}

/** The npm configuration of this machine as build secrets, which do not stay in the image. */
async function npmSecrets(folder: string): Promise<string[]> {
  const asked = async (name: string) => {
    const value = (await run('npm', ['config', 'get', name], { cwd: root })).trim();
    return value === 'null' || value === 'undefined' ? undefined : value;
  };
  const [registry, cafile, own] = [await asked('registry'), await asked('cafile'), await asked('userconfig')];
  // Node.js reads this variable, so npm has these certificates on this machine without a setting of its own.
  const authorities = cafile ?? (process.env.NODE_EXTRA_CA_CERTS || undefined);
  const kept = own === undefined ? '' : await readFile(own, 'utf8').catch(() => '');
  const lines = [kept, `registry=${registry}`, ...(authorities === undefined ? [] : ['cafile=/run/secrets/ca'])];
  const npmrc = join(folder, 'npmrc');
  await writeFile(npmrc, `${lines.join('\n')}\n`, { mode: 0o600 });
  const ca = authorities === undefined ? [] : ['--secret', `id=ca,src=${authorities}`];
  return ['--secret', `id=npmrc,src=${npmrc}`, ...ca];
}

/** Returns the standard output. The error of a failed command contains both output streams. */
async function run(command: string, args: readonly string[], options: ExecFileOptions = {}): Promise<string> {
  const { stdout } = await promisify(execFile)(command, args, {
    ...options,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  }).catch((error: Error & { stdout?: string; stderr?: string }) => {
    throw new Error(`${command} ${args.join(' ')}\n${error.stdout ?? ''}${error.stderr ?? ''}`);
  });
  return stdout;
}

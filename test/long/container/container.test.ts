import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, lstat, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { liveLimits } from '../../../src/live/live-limits.ts';
import { createChannel, publish } from '../../support/authors/writers.ts';
import { openReader } from '../../support/readers/socket-reader.ts';
import { root } from '../../support/runner/imports.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { freePort } from '../../support/servers/free-port.ts';
import { buildImage, type Image } from './image.ts';

/** Builds the image of the Dockerfile and runs it. */
describeWith(needs.containers, 'the container', (programs) => {
  let folder: string;
  let image: Image;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pressbox-container-'));
    image = await buildImage(folder, programs);
  });
  afterAll(async () => {
    await image?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  it('runs the server itself, with a health check and a volume, as a user by number', () => {
    const { Entrypoint, Healthcheck, Volumes, User } = image.config;
    expect(Entrypoint[0]).toBe('node');
    expect(Healthcheck.Test[0]).toBe('CMD');
    expect(Object.keys(Volumes)).toEqual(['/data']);
    expect(User).toMatch(/^[1-9]\d+:[1-9]\d+$/);
  });

  it('holds the packages that the server needs and none of those that build and test it', async () => {
    const { files } = await image.container();
    const { packages } = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, LockedPackage>;
    };
    const wanted = Object.entries(packages).filter(
      ([path, { dev, optional, ...made }]) => path !== '' && !dev && (!optional || isForTheImage(made)),
    );
    const { packages: held } = JSON.parse(await readFile(join(files, 'app/node_modules/.package-lock.json'), 'utf8')) as {
      packages: object;
    };
    expect(Object.keys(held).sort()).toEqual(wanted.map(([path]) => path).sort());
    const own = await readdir(join(files, 'app'));
    expect(own.sort()).toEqual(['LICENSE', 'bin', 'container', 'dist', 'node_modules', 'package.json']);
  });

  it('adds at most 40 MB to its base', async () => {
    const { files } = await image.container();
    const { stdout } = await promisify(execFile)('du', ['--summarize', '--apparent-size', '--block-size=1', join(files, 'app')]);
    const megabytes = Number.parseInt(stdout, 10) / 1e6;
    console.log(`The image adds ${megabytes.toFixed(1)} MB to its base.`);
    expect(megabytes).toBeLessThan(40);
  });

  const ways: Record<string, Way> = {
    'as a builder runs it': {
      isPossible: true,
      knowsLocalhost: true,
      line: (container, data, env, command) => image.runIn(container.name, { data, env, command }),
    },
    'as the first process, with a root that is read-only': {
      isPossible: needs.namespaces.find() !== undefined,
      knowsLocalhost: false,
      line: ({ files }, data, env, command) => {
        const variables = [...image.config.Env, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)];
        const place = [files, data, image.config.User, image.config.WorkingDir];
        const namespaces = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--', 'sh', '-euc'];
        return [...namespaces, firstProcess, 'sh', ...place, ...variables, ...command];
      },
    },
  };

  for (const [name, { isPossible, knowsLocalhost, line }] of Object.entries(ways)) {
    // A machine may forbid one of the ways. There is no skipped test for it then, because a skipped test counts as failed.
    if (!isPossible) continue;

    describe(name, () => {
      let container: { name: string; files: string };
      let data: string;
      let port: string;
      let url: string;
      let before: Map<string, string>;
      beforeAll(async () => {
        container = await image.container();
        data = join(folder, `data of ${container.name}`);
        const [user = 0, group = 0] = image.config.User.split(':').map(Number);
        await mkdir(data, { mode: 0o700 });
        await chown(data, user, group);
        port = String(await freePort());
        url = `http://127.0.0.1:${port}`;
        await run(['true']);
        before = await stateOf(container.files);
      });

      const begin = (command: readonly string[], env: Record<string, string> = {}): ChildProcess => {
        const [program = '', ...args] = line(container, data, { PRESSBOX_PORT: port, ...env }, command);
        const child = spawn(program, args, { env: image.env, stdio: ['ignore', 'pipe', 'pipe'] });
        onTestFinished(() => void child.kill('SIGKILL'));
        return child;
      };

      async function run(
        command: readonly string[],
        env: Record<string, string> = {},
      ): Promise<{ code: number | null; printed: string }> {
        const [program = '', ...args] = line(container, data, { PRESSBOX_PORT: port, ...env }, command);
        const child = spawn(program, args, { env: image.env, stdio: ['ignore', 'pipe', 'inherit'] });
        let printed = '';
        child.stdout?.on('data', (chunk) => (printed += chunk));
        const [code] = (await once(child, 'close')) as [number | null];
        return { code, printed: printed.trim() };
      }

      /** Starts the server in its container by the entry point of the image. */
      async function start(
        env: Record<string, string> = {},
      ): Promise<{ pid: number; ended: Promise<number | null>; said(): string }> {
        const child = begin(image.config.Entrypoint, env);
        let printed = '';
        for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (printed += chunk));
        let isOver = false;
        const ended = once(child, 'close').then(([code]) => {
          isOver = true;
          return code as number | null;
        });
        const pid = await vi.waitFor(async () => {
          const found = await descendant(child.pid ?? 0, image.config.Entrypoint);
          if (found === undefined) throw new Error(`The server does not run: ${printed}`);
          return found;
        });
        onTestFinished(() => {
          if (!isOver) process.kill(pid, 'SIGKILL');
        });
        return { pid, ended, said: () => printed };
      }

      const isHealthy = async () => (await run(image.config.Healthcheck.Test.slice(1))).code === 0;

      it('brings a published post to a reader, keeps it over a restart, and writes to its volume alone', async () => {
        const first = await start();
        await vi.waitFor(async () => expect(await isHealthy(), first.said()).toBe(true), { interval: 500 });
        const status = await readFile(`/proc/${first.pid}/status`, 'utf8');
        const [user, group] = image.config.User.split(':');
        expect(/^Uid:\t(.*)$/m.exec(status)?.[1]?.split('\t')).toEqual([user, user, user, user]);
        expect(/^Gid:\t(.*)$/m.exec(status)?.[1]?.split('\t')).toEqual([group, group, group, group]);

        const { printed: token } = await run(['pressbox', 'token', '--name', 'Ruth Calder', '--editor', '*']);
        const { id } = await createChannel({ url }, token);
        const reader = await openReader(url);
        onTestFinished(() => reader.destroy());
        await reader.subscribe(id);
        await publish({ url }, token, id, { headline: 'Smoke over pier four' });
        await vi.waitFor(() => expect(reader.heard('event')).toMatchObject([{ post: { headline: 'Smoke over pier four' } }]));

        process.kill(first.pid, 'SIGTERM');
        expect(await first.ended).toBe(0);
        expect(reader.heard('drain')).toEqual([{ withinMs: liveLimits.drainMs }]);
        expect(await isHealthy()).toBe(false);

        const second = await start();
        await vi.waitFor(async () => {
          const kept = await (await fetch(`${url}/v1/channels/${id}/snapshot`)).json();
          expect(kept).toMatchObject({ posts: [{ headline: 'Smoke over pier four' }] });
        });
        process.kill(second.pid, 'SIGTERM');
        expect(await second.ended).toBe(0);
        expect(await readdir(data)).toContain('journal.db');
        const after = await stateOf(container.files);
        const paths = new Set([...before.keys(), ...after.keys()]);
        expect([...paths].filter((path) => before.get(path) !== after.get(path))).toEqual([]);
      });

      if (knowsLocalhost) {
        it('plays the demo, and accepts the commands, as the README says', async () => {
          const readme = await readFile(join(root, 'README.md'), 'utf8');
          const [, named = '', volume = '', entrypoint = '', args = ''] =
            /^docker run .*--name (\S+) .*--volume [\w-]+:(\S+) --entrypoint (\S+) pressbox (.+)$/m.exec(readme) ?? [];
          expect(Object.keys(image.config.Volumes)).toEqual([volume]);
          // A separate data directory, because the demo does not start if there are other channels.
          const demo = begin([entrypoint, ...args.split(' ')], { PRESSBOX_DATA_DIR: '/data/demo' });
          let printed = '';
          demo.stdout?.on('data', (chunk) => (printed += chunk));
          const exported = await vi.waitFor(() => {
            expect(printed).toContain('npx pressbox correct');
            return Object.fromEntries(
              [...printed.matchAll(/export (\w+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value]),
            );
          });
          await vi.waitFor(async () => expect(await (await fetch(`${url}/live/moon-landing`)).text()).toContain('Apollo 11'));
          await publish({ url }, exported.PRESSBOX_TOKEN ?? '', 'moon-landing', { headline: 'Good morning, Moon' });
          expect(readme).toContain(`write \`docker exec --env PRESSBOX_TOKEN ${named} pressbox\` in place of \`npx pressbox\``);
          const correct = ['pressbox', 'correct', 'moon-landing', 'latest', '--revision', '1'];
          const changes = ['--note', 'It was evening there.', '--headline', 'Good evening, Moon'];
          expect((await run([...correct, ...changes], exported)).code).toBe(0);
          expect(await (await fetch(`${url}/live/moon-landing`)).text()).toContain('Good evening, Moon');

          const pid = await descendant(demo.pid ?? 0, ['node', `/usr/local/bin/${entrypoint}`, ...args.split(' ')]);
          process.kill(pid ?? expect.fail('The demo does not run.'), 'SIGTERM');
          expect(await once(demo, 'close')).toEqual([0, null]);
        });
      }

      it('ends at once on SIGTERM while it starts', async () => {
        await using silent = await silentServer();
        const PRESSBOX_REDIS_URL = `redis://127.0.0.1:${silent.port}`;
        const { pid, ended, said } = await start({ PRESSBOX_REDIS_URL, PRESSBOX_JWT_SECRET: 'x'.repeat(32) });
        await Promise.race([silent.connected, ended.then(() => expect.fail('It ended before it looked for its store.'))]);
        process.kill(pid, 'SIGTERM');
        expect(await ended).not.toBe(0);
        // This error appears only if the server waited until its store timed out.
        expect(said()).not.toContain('PRESSBOX_REDIS_URL');
      });
    });
  }
});

/** A package in package-lock.json. */
interface LockedPackage {
  dev?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
}

/** Whether npm installs an optional package in the image: those of sharp are one library for many machines. */
function isForTheImage({ os = [], cpu = [], libc = [] }: LockedPackage): boolean {
  return os.includes('linux') && cpu.includes(process.arch) && libc.includes('glibc');
}

interface Way {
  /** False if the machine forbids this way to run a container. */
  isPossible: boolean;
  /** Whether the container has an /etc/hosts, as Docker and Podman give it. The demo publishes to `localhost`. */
  knowsLocalhost: boolean;
  line(
    container: { name: string; files: string },
    data: string,
    env: Record<string, string>,
    command: readonly string[],
  ): readonly string[];
}

/**
 * The arguments: $1 is the files of the container, $2 its /data, $3 the user and group, $4 the working directory. The environment
 * and the command follow.
 */
const firstProcess = `
  files=$1 data=$2 user=$3 place=$4; shift 4
  mount --bind "$files" "$files"
  mount --rbind /dev "$files/dev"
  mount -t proc proc "$files/proc"
  mount -t tmpfs tmpfs "$files/tmp"
  mount --bind "$data" "$files/data"
  mount -o remount,ro,bind "$files"
  exec chroot --userspec="$user" "$files" env -i -C "$place" "$@"
`;

/** A server that accepts connections and never answers. */
async function silentServer(): Promise<{ port: number; connected: Promise<unknown> } & AsyncDisposable> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => void sockets.add(socket.on('error', () => {}))).listen(0, '127.0.0.1');
  const connected = once(server, 'connection');
  await once(server, 'listening');
  return {
    port: (server.address() as { port: number }).port,
    connected,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** The process with this command line among `parent` and its descendants. */
async function descendant(parent: number, command: readonly string[]): Promise<number | undefined> {
  const [program = '', ...args] = (await readFile(`/proc/${parent}/cmdline`, 'utf8').catch(() => '')).split('\0').slice(0, -1);
  // The command line may have the full path of the program.
  if ([basename(program), ...args].join('\0') === command.join('\0')) return parent;
  // Each thread has its own children.
  for (const thread of await readdir(`/proc/${parent}/task`).catch(() => [])) {
    const children = await readFile(`/proc/${parent}/task/${thread}/children`, 'utf8').catch(() => '');
    for (const child of children.split(' ').filter((id) => id !== '')) {
      const found = await descendant(Number(child), command);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** Mode, size and times of every file outside the volume, the temporary folder and the file systems of the kernel. */
async function stateOf(files: string): Promise<Map<string, string>> {
  const elsewhere = new Set(['data', 'dev', 'proc', 'sys', 'tmp']);
  const found = new Map<string, string>();
  const look = async (folder: string): Promise<void> => {
    for (const name of await readdir(folder)) {
      const path = relative(files, join(folder, name));
      if (elsewhere.has(path)) continue;
      const about = await lstat(join(folder, name));
      // The builder adds a file to a folder and removes it, which changes the times of the folder.
      const times = about.isDirectory() ? '' : `${about.size} ${about.mtimeMs} ${about.ctimeMs}`;
      found.set(path, `${about.mode} ${times}`);
      if (about.isDirectory()) await look(join(folder, name));
    }
  };
  await look(files);
  return found;
}

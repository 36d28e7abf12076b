import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../test/support/servers/free-port.ts';
import { startServerProcess } from '../../test/support/servers/process.ts';
import { startRedis } from '../../test/support/stores/redis.ts';
import { startWorker } from '../load/worker.ts';
import { buildProgram } from './native.ts';
import type { OpenAsk } from './publisher.ts';
import { listening, startProcess } from './server-process.ts';

/** A server to measure: Pressbox, or an alternative to it. */
export interface Subject {
  /** The name in tables. */
  readonly name: string;
  /** What is missing to measure it here, and how to install that; undefined if nothing is missing. */
  missing(): string | undefined;
  start(options: StartOptions): Promise<RunningServer>;
}

export interface StartOptions {
  /** Directory for files of this run. */
  directory: string;
  channels: number;
}

export interface RunningServer extends AsyncDisposable {
  /** First process of the server. */
  readonly pid: number;
  /** Processes of its store and of the publisher. */
  readonly beside: readonly number[];
  /** Flags with which the sink reads, returns with a cursor, and publishes. */
  readonly reading: readonly (string | number)[];
  readonly returning: readonly (string | number)[];
  readonly publishing: readonly (string | number)[];
  /** Whether SIGUSR2 makes the server collect garbage. */
  readonly collects: boolean;
  /** Where an editor writes. Only Pressbox has an editor. */
  readonly editor?: EditorAccess;
}

export interface EditorAccess {
  readonly url: string;
  readonly token: string;
}

/** Loaded into every server that runs on Node. */
const collecting = `--import ${new URL('./servers/collect.mjs', import.meta.url).href}`;
/**
 * Sizes at which every server sends a reader the same number of bytes per post. An event of Pressbox has about 530 characters of
 * text and as many of other fields. The other servers forward a post of that size unchanged.
 */
const textLine = 600;
const forwarded = 1_070;
/** Posts that are forwarded unchanged are numbered from 1. */
const numbered = ['--seqm', '"id":'];
const peersFolder = fileURLToPath(new URL('.', import.meta.url));
const socketIoPath = '/socket.io/?EIO=4&transport=websocket';

export const subjects = {
  pressbox: pressbox('Pressbox', [
    ...['--dialect', 'eio', '--path', socketIoPath, '--ready', '430'],
    ...['--sub', '420["subscribe",{"channelId":"c%C","limit":1}]'],
  ]),
  'pressbox-sse': pressbox('Pressbox, SSE', ['--dialect', 'sse', '--path', '/v1/channels/c%C/stream']),
  'socket.io': socketIo('Socket.IO, redis-adapter', 'pubsub', [
    '@socket.io/redis-adapter',
    '@socket.io/redis-emitter',
    'ioredis',
  ]),
  'socket.io-recovery': socketIo('Socket.IO, recovery over Redis streams', 'streams', [
    '@socket.io/redis-streams-adapter',
    'redis',
  ]),
  nchan: nchan('nchan', []),
  'nchan-sse': nchan('nchan, SSE', ['--dialect', 'sse']),
  floor: floor('the floor in C', {}),
  'floor-batch': floor('the floor in C, batched', { BATCH: '1' }),
} satisfies Record<string, Subject>;

export type SubjectName = keyof typeof subjects;

/** A node that only delivers: posts reach it through Redis, from an engine in another process. */
function pressbox(name: string, reading: readonly string[]): Subject {
  return {
    name,
    missing: () => needs('redis-server', 'redis-server'),
    async start({ directory, channels }) {
      await using stack = new AsyncDisposableStack();
      const redis = stack.use(await startRedis('redis-server'));
      const env = { PRESSBOX_REDIS_URL: redis.url, NODE_OPTIONS: collecting };
      const server = stack.use(await startServerProcess({ within: directory, env }));
      const publisher = stack.use(startWorker(new URL('./publisher.ts', import.meta.url)));
      const { port } = await publisher.call<{ port: number }>('open', { redisUrl: redis.url, channels } satisfies OpenAsk);
      // The time is in the body, because that is what every reader receives.
      const template = '{"channel":"c%C","title":"live update","body":"at=%T %X"}';
      return running(stack, {
        pid: server.pid,
        beside: [redis.pid, publisher.pid],
        reading: ['--port', new URL(server.url).port, ...reading, '--marker', 'at=', '--seqm', '"seq":'],
        returning: ['--resub', '420["subscribe",{"channelId":"c%C","after":"%O"}]', '--idm', '"cursor":', '--offsets'],
        publishing: ['--pub', `line:${port}`, '--size', textLine, '--template', template],
        collects: true,
        editor: { url: server.url, token: await server.token() },
      });
    },
  };
}

function socketIo(name: string, kind: 'pubsub' | 'streams', packages: readonly string[]): Subject {
  return {
    name,
    missing() {
      const isInstalled = packages.every((wanted) => existsSync(join(peersFolder, 'node_modules', wanted)));
      return needs('redis-server', 'redis-server') ?? (isInstalled ? undefined : 'not installed: npm ci --prefix bench/peers');
    },
    async start({ directory }) {
      await using stack = new AsyncDisposableStack();
      const [port, redisPort, lines] = [await freePort(), await freePort(), await freePort()];
      const redis = stack.use(
        startProcess('redis-server', ['--port', redisPort, '--bind', '127.0.0.1', '--save', '', '--dir', directory]),
      );
      await listening(redisPort, redis);
      const serverFile = join(peersFolder, 'servers/socket-io.mjs');
      const server = stack.use(
        startProcess(process.execPath, [serverFile, port, kind, redisPort, lines], { NODE_OPTIONS: collecting }),
      );
      await listening(port, server);
      const beside = [redis];
      if (kind === 'pubsub') {
        beside.push(stack.use(startProcess(process.execPath, [join(peersFolder, 'servers/emitter.mjs'), redisPort, lines])));
      }
      await listening(lines, beside.at(-1)!);
      const reading = ['--dialect', 'eio', '--path', socketIoPath, '--sub', '420["subscribe","c%C"]', '--ready', '430'];
      return running(stack, {
        pid: server.pid,
        beside: beside.map(({ pid }) => pid),
        reading: ['--port', port, ...reading, ...numbered],
        returning: ['--csr'],
        publishing: ['--pub', `line:${lines}`, '--size', forwarded],
        collects: true,
      });
    },
  };
}

function nchan(name: string, reading: readonly string[]): Subject {
  const module = () => {
    const { stderr, error } = spawnSync('nginx', ['-V'], { encoding: 'utf8' });
    const folder = /--modules-path=(\S+)/.exec(stderr ?? '')?.[1];
    const path = join(folder ?? '/usr/lib/nginx/modules', 'ngx_nchan_module.so');
    return error === undefined && existsSync(path) ? path : undefined;
  };
  return {
    name,
    missing: () => (module() === undefined ? 'not installed; on Debian: apt-get install libnginx-mod-nchan' : undefined),
    async start({ directory }) {
      await using stack = new AsyncDisposableStack();
      const port = await freePort();
      const config = join(directory, `nchan-${port}.conf`);
      const filled = (await readFile(join(peersFolder, 'servers/nchan.conf'), 'utf8'))
        .replaceAll('@PORT@', String(port))
        .replaceAll('@DIRECTORY@', directory)
        .replaceAll('@MODULE@', module() ?? '');
      await writeFile(config, filled);
      const server = stack.use(startProcess('nginx', ['-p', directory, '-c', config, '-e', join(directory, 'error.log')]));
      await listening(port, server);
      return running(stack, {
        pid: server.pid,
        beside: [],
        reading: ['--port', port, '--path', '/subscribe', ...reading, ...numbered],
        returning: [
          ...['--repath', '/subscribe?last_event_id=%O', '--idm', 'id: '],
          ...['--header', 'Sec-WebSocket-Protocol: ws+meta.nchan'],
        ],
        publishing: ['--pub', `http:${port}:/publish`, '--size', forwarded],
        collects: false,
      });
    },
  };
}

function floor(name: string, env: Record<string, string>): Subject {
  return {
    name,
    missing() {
      const program = buildProgram('limit');
      return 'missing' in program ? program.missing : undefined;
    },
    async start() {
      await using stack = new AsyncDisposableStack();
      const program = buildProgram('limit');
      if ('missing' in program) throw new Error(program.missing);
      const [port, lines] = [await freePort(), await freePort()];
      const server = stack.use(startProcess(program.path, [port, lines], env));
      await listening(lines, server);
      return running(stack, {
        pid: server.pid,
        beside: [],
        reading: ['--port', port, ...numbered],
        returning: [],
        publishing: ['--pub', `line:${lines}`, '--size', forwarded],
        collects: false,
      });
    },
  };
}

/** Transfers ownership of everything in the stack to the returned server. */
function running(stack: AsyncDisposableStack, facts: Omit<RunningServer, typeof Symbol.asyncDispose>): RunningServer {
  const opened = stack.move();
  return { ...facts, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

function needs(command: string, debian: string): string | undefined {
  const isThere = spawnSync(command, ['--version']).error === undefined;
  return isThere ? undefined : `${command} is not installed; on Debian: apt-get install ${debian}`;
}

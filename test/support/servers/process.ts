import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync, rmSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { signToken } from '../../../src/access/tokens.ts';
import type { Grants } from '../../../src/protocol/rights.ts';
import { embeddedIn, openStore, type Store } from '../stores/store.ts';
import { freePort } from './free-port.ts';
import { settingsBelow, testedBasePath } from './front.ts';

/**
 * The real server as a separate process that can be killed, and started again on the same directory and port. It is ended by its process id,
 * and ends when its parent ends. Imports nothing of vitest, so that the benchmark can use it too.
 */
export interface ServerProcess extends AsyncDisposable {
  /** The URL stays the same after restarts. */
  readonly url: string;
  readonly dataDir: string;
  /** Where its journal is. */
  readonly store: Store;
  /** The id of the current process. */
  readonly pid: number;
  /** Resolves when the server is serving: at once, or after a restart. */
  up(): Promise<void>;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGTERM. Resolves like `exit`. */
  stop(): Promise<number | null>;
  /** Resolves with the exit code when the current process has ended for any reason and all its output was read. */
  exit(): Promise<number | null>;
  /** Starts it again after `kill` or `stop`. Resolves when it is serving. */
  start(): Promise<void>;
  /** A token with these grants, signed with the given secret or with the server's own. */
  token(grants?: Partial<Grants>, claims?: { sub?: string; name?: string; ttlSeconds?: number }): Promise<string>;
}

export interface ServerProcessOptions {
  /** Added to the environment of a server without rate limits. A function is called at each start. */
  env?: Record<string, string> | (() => Record<string, string>);
  /** Its data directory. By default one is created, and removed at the end. */
  dataDir?: string;
  /** A program that gets the server's command line and replaces itself with it, so that the process id stays. */
  starter?: readonly string[];
  /** The parent of the created data directory; by default the temporary directory. */
  within?: string;
  /** Called with every line of output, from both streams. */
  onLine?: (line: string) => void;
  /** A file for the output, for measurements that have no time to read it. `onLine` is then not called. */
  logFile?: string;
}

const main = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));
const withParent = new URL('../preload/with-parent.mjs', import.meta.url).href;
/** How many log lines are kept for the message of a failed start. */
const logLines = 30;

export async function startServerProcess({
  env = {},
  dataDir,
  starter = [],
  within = tmpdir(),
  onLine,
  logFile,
}: ServerProcessOptions = {}): Promise<ServerProcess> {
  const directory = dataDir ?? (await mkdtemp(join(within, 'pressbox-process-')));
  const ownStore = dataDir === undefined && (typeof env === 'function' || env.PRESSBOX_REDIS_URL === undefined);
  const store = ownStore ? await openStore(directory) : embeddedIn(directory);
  const secret = (typeof env === 'object' && env.PRESSBOX_JWT_SECRET) || randomBytes(32).toString('base64url');
  const running = new Set<ChildProcess>();
  const atExit = () => {
    for (const child of running) child.kill('SIGKILL');
    if (dataDir === undefined) rmSync(directory, { recursive: true, force: true });
  };
  process.once('exit', atExit);

  let child: ChildProcess | undefined;
  let url = '';
  // Chosen once, since another program could take the port during a restart.
  let port = String(await freePort());
  let tokens = 0;
  let serving = false;
  let up = gate();

  async function start(): Promise<void> {
    if (child !== undefined) throw new Error('The server runs already.');
    const log = logFile === undefined ? 'pipe' : openSync(logFile, 'a');
    const [command = '', ...args] = [...starter, process.execPath, '--import', withParent, main];
    const started = spawn(command, args, {
      stdio: ['pipe', log, log],
      env: {
        ...process.env,
        ...store.env,
        PRESSBOX_DATA_DIR: directory,
        PRESSBOX_PORT: port,
        PRESSBOX_JWT_SECRET: secret,
        PRESSBOX_WRITES_PER_SECOND: '0',
        PRESSBOX_REQUESTS_PER_SECOND: '0',
        PRESSBOX_CONNECTIONS_PER_ADDRESS: '0',
        PRESSBOX_LOG_LEVEL: 'info',
        ...settingsBelow(testedBasePath()),
        ...(typeof env === 'function' ? env() : env),
      },
    });
    if (typeof log === 'number') closeSync(log);
    running.add(started);
    // The process may end before it reads anything.
    started.stdin?.on('error', () => {});
    started.once('exit', () => {
      running.delete(started);
      if (child !== started) return;
      child = undefined;
      // Callers that already wait get the next serving process.
      if (serving) up = gate();
      serving = false;
    });
    child = started;
    url = logFile === undefined ? await untilListening(started, onLine) : await untilWritten(started, logFile);
    port = new URL(url).port;
    serving = true;
    started.stdin?.write('serves\n');
    up.open();
  }

  async function exit(): Promise<number | null> {
    if (child === undefined) return null;
    const [code] = await once(child, 'close');
    return code as number | null;
  }

  async function stop(): Promise<number | null> {
    const ended = exit();
    child?.kill('SIGTERM');
    return await ended;
  }

  /** Does not wait for its child processes, which may live on for a while. */
  async function kill(): Promise<void> {
    if (child === undefined) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  const finish = async () => {
    await kill();
    process.off('exit', atExit);
    await store.release();
    // A worker may outlive its primary by the write of a file.
    if (dataDir === undefined) await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  };

  try {
    await start();
  } catch (error) {
    await finish();
    throw error;
  }

  return {
    get url() {
      return url;
    },
    dataDir: directory,
    store,
    get pid() {
      if (child?.pid === undefined) throw new Error('The server does not run.');
      return child.pid;
    },
    up: () => up.opened,
    kill,
    stop,
    exit,
    start,
    async token(grants = { editor: ['*'] }, { sub = 'ada', name = 'Ada Byron', ttlSeconds = 3_600 } = {}) {
      tokens += 1;
      const all = { reader: [], author: [], editor: [], admin: false, ...grants };
      const content = { sub, name, grants: all, ttlSeconds, now: Date.now(), jti: `process-${tokens}` };
      return await signToken(new Uint8Array(Buffer.from(secret)), content);
    },
    [Symbol.asyncDispose]: finish,
  };
}

/** The URL in the log line 'listening'. Rejects with the last log lines if the process ends first. */
async function untilListening(child: ChildProcess, heard?: (line: string) => void): Promise<string> {
  const last: string[] = [];
  const keep = (line: string) => {
    heard?.(line);
    last.push(line);
    if (last.length > logLines) last.shift();
  };
  // Read to the end, since a full pipe would block the server.
  const out = createInterface({ input: child.stdout! }).on('line', keep);
  createInterface({ input: child.stderr! }).on('line', keep);
  return await new Promise((resolve, reject) => {
    const onLine = (line: string) => {
      if (!line.includes('"listening"')) return;
      out.off('line', onLine);
      resolve((JSON.parse(line) as { url: string }).url);
    };
    out.on('line', onLine);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      reject(new Error(`The server ended with ${code ?? signal} before it served:\n${last.join('\n')}`));
    });
  });
}

/** Like `untilListening`, for a log in a file. */
async function untilWritten(child: ChildProcess, file: string): Promise<string> {
  for (;;) {
    const lines = (await readFile(file, 'utf8')).split('\n').slice(0, -1);
    const listening = lines.findLast((line) => line.includes('"listening"'));
    if (listening !== undefined) return (JSON.parse(listening) as { url: string }).url;
    if (child.exitCode !== null || child.signalCode !== null) {
      const ended = child.exitCode ?? child.signalCode;
      throw new Error(`The server ended with ${ended} before it served:\n${lines.slice(-logLines).join('\n')}`);
    }
    await pause(20);
  }
}

function gate(): { opened: Promise<void>; open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

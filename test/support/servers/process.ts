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

/**
 * The real server as a process of its own, which can be killed like one, and started again on the same directory and port. It is ended
 * by its process id, and ends by itself when the process that started it has ended. Imports nothing of vitest, so that the benchmark can use it too.
 */
export interface ServerProcess extends AsyncDisposable {
  /** The same over restarts. */
  readonly url: string;
  readonly dataDir: string;
  /** Where it keeps its journal. */
  readonly store: Store;
  /** Of the process that runs now. */
  readonly pid: number;
  /** Resolves while it serves: at once, or when it has been started again. */
  up(): Promise<void>;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGTERM, and the exit code of a server that went away in good order. As `exit`. */
  stop(): Promise<number | null>;
  /** Resolves with the exit code when the process that runs now has ended, however that came about, and all that it printed was heard. */
  exit(): Promise<number | null>;
  /** Starts it again after `kill` or `stop`; resolves when it serves. */
  start(): Promise<void>;
  /** A token for these grants, signed with the secret that it was given or, without one, with its own. */
  token(grants?: Partial<Grants>, claims?: { sub?: string; name?: string; ttlSeconds?: number }): Promise<string>;
}

export interface ServerProcessOptions {
  /** Laid over the environment of a server without rate limits; a function is asked at each start. */
  env?: Record<string, string> | (() => Record<string, string>);
  /** Where it keeps its journal, whatever the tests run on; made, and removed at the end, where left out. */
  dataDir?: string;
  /** What starts it, given its command line, and becomes it: the process keeps its id. */
  starter?: readonly string[];
  /** Where the data directory is made; by default among temporary files. */
  within?: string;
  /** Hears every line that it prints, on either stream. */
  onLine?: (line: string) => void;
  /** Where it prints instead, for whoever measures and has no time to listen. `onLine` then hears nothing. */
  logFile?: string;
}

const main = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));
const withParent = new URL('../preload/with-parent.mjs', import.meta.url).href;
/** Lines of the log that are kept, for the message of a start that failed. */
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
  // Given once: where it is started again, the system would have given its port to somebody else meanwhile.
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
        ...(typeof env === 'function' ? env() : env),
      },
    });
    if (typeof log === 'number') closeSync(log);
    running.add(started);
    // It may end before it is told anything.
    started.stdin?.on('error', () => {});
    started.once('exit', () => {
      running.delete(started);
      if (child !== started) return;
      child = undefined;
      // Whoever waits already waits for the next one that serves.
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

  /** Waits for none of those that it started, who may live on for a while. */
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
    if (dataDir === undefined) await rm(directory, { recursive: true, force: true });
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

/** The URL in the log's line 'listening'. Rejects with the last lines of the log if the process ends before. */
async function untilListening(child: ChildProcess, heard?: (line: string) => void): Promise<string> {
  const last: string[] = [];
  const keep = (line: string) => {
    heard?.(line);
    last.push(line);
    if (last.length > logLines) last.shift();
  };
  // Read to the end: a pipe that nobody empties would hold the server up.
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

/** The same, of a log that goes to a file. */
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

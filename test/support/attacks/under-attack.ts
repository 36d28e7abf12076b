import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { io } from 'socket.io-client';
import { expect, vi } from 'vitest';
import { createChannel, publish } from '../authors/writers.ts';
import { needs } from '../runner/machine.ts';
import { type Moment, momentsOf, msBetween } from '../runner/settled-within.ts';
import { socketIoAt } from '../servers/addresses.ts';
import { type ServerProcess, startServerProcess } from '../servers/process.ts';
import { call } from '../servers/server.ts';
import { secretWord } from './attacked-server.ts';

/**
 * Measures a server with default settings in a process of its own, with one author and one reader in normal use: first while the
 * attacker runs against a listener that accepts everything, then while the same attacker runs against the server. The load on the
 * machine is the same in both measurements, so the difference is the effect of the attack. A second server, which nobody attacks,
 * measures what else the machine does.
 */
export interface Trial {
  seeds: number[];
  messagesOfEach: number;
  halfOpen: number;
  slow: number;
  calmSeconds: number;
  attackSeconds: number;
}

export interface Outcome {
  calm: Delays;
  attacked: Delays;
  /** The delays of the second server during the attack. */
  beside: Delays;
  /** The counts that the attacker reports. */
  attack: { sent: number; sockets: number; requests: number; halfOpen: number; slow: number; refused: number };
  /** Bytes after a garbage collection. */
  memory: { before: Memory; after: Memory };
  /** Everything that the server printed. */
  lines: string[];
  tokens: string[];
}

/**
 * 99th percentiles in ms: from a write to its answer (`author`), from a publication to the reader's event, and from a request to
 * the snapshot.
 */
interface Delays {
  author: number;
  event: number;
  snapshot: number;
  samples: number;
}

interface Memory {
  rss: number;
  heapUsed: number;
  external: number;
}

/** Between two publications of the author. */
const paceMs = 70;
const attacker = fileURLToPath(new URL('./attacker.ts', import.meta.url));
const memoryOnSignal = new URL('../preload/memory-on-signal.mjs', import.meta.url).href;

export async function underAttack(trial: Trial): Promise<Outcome> {
  const directory = await mkdtemp(join(tmpdir(), 'pressbox-attack-'));
  await using _ = { [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) };
  // At the finest level the log has thousands of lines per second. Reading them here would distort the measurement.
  const logFile = join(directory, 'log');
  const trim = await builtTrim(directory);
  await using server = await startServerProcess({
    env: {
      PRESSBOX_WRITES_PER_SECOND: '20',
      PRESSBOX_REQUESTS_PER_SECOND: '50',
      PRESSBOX_CONNECTIONS_PER_ADDRESS: '1000',
      PRESSBOX_LOG_LEVEL: 'trace',
      NODE_OPTIONS: `--expose-gc --import ${memoryOnSignal}`,
      ...(trim !== undefined && { PRESSBOX_TEST_TRIM: trim }),
    },
    logFile,
  });
  const tokens = [await server.token(), await server.token({}, { sub: 'nobody' })];
  const [author = '', nobody = ''] = tokens;
  await using other = await startServerProcess();
  const otherAuthor = await other.token();
  for (const [each, token] of [
    [server, author],
    [other, otherAuthor],
  ] as const)
    await createChannel(each, token, { id: 'moon', headline: secretWord });

  const attack = async (seconds: number, port?: number) => {
    const { seeds, messagesOfEach, halfOpen, slow, attackSeconds } = trial;
    // A shorter attack sends fewer messages, so that the rate is the same.
    const messages = Math.ceil((messagesOfEach * seconds) / attackSeconds);
    const asked = { ...(port !== undefined && { port }), seeds, messages, seconds, halfOpen, slow, token: nobody };
    const { stdout } = await promisify(execFile)(process.execPath, [attacker, JSON.stringify(asked)]);
    return JSON.parse(stdout) as Outcome['attack'];
  };

  const calm = [await measure(server, author, attack(trial.calmSeconds))];
  const before = await memoryOf(server, logFile);
  const running = attack(trial.attackSeconds, Number(new URL(server.url).port));
  const [attacked, beside] = await Promise.all([measure(server, author, running), measure(other, otherAuthor, running)]);
  const said = await running;

  // Nothing of the attack is left: the only reader is the one from before, and the memory is released.
  await vi.waitFor(async () => expect(await metric(server, 'pressbox_readers\\{transport="socket"\\}')).toBe(0), {
    timeout: 60_000,
  });
  let after = await memoryOf(server, logFile);
  const isBack = () => after.rss - before.rss < 50_000_000 && keptIn(after) - keptIn(before) < 50_000_000;
  // Free memory returns to the system a little later.
  for (let tries = 0; tries < 120 && !isBack(); tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    after = await memoryOf(server, logFile);
  }
  // Measured before and after, because the other load on the machine varies.
  calm.push(await measure(server, author, attack(trial.calmSeconds)));
  expect(await server.stop()).toBe(0);
  const lines = await linesOf(logFile);
  return {
    calm: delaysOf(calm),
    attacked: delaysOf([attacked]),
    beside: delaysOf([beside]),
    attack: said,
    memory: { before, after },
    lines,
    tokens,
  };
}

/** Memory that the process itself keeps, on the heap and outside it. */
export function keptIn({ heapUsed, external }: Memory): number {
  return heapUsed + external;
}

/**
 * Publishes and reads at a steady pace until the attack is over. Throws if anything is refused. The result is the time that the
 * server took, without the time in which the server or this process waited for a processor.
 */
async function measure(server: ServerProcess, token: string, until: Promise<unknown>): Promise<Measured> {
  const now = momentsOf(() => [process.pid, server.pid]);
  const author: number[] = [];
  const event: number[] = [];
  const snapshot: number[] = [];
  const sentAt = new Map<string, Moment>();
  const { origin, path } = socketIoAt(server.url);
  const socket = io(origin, { path, transports: ['websocket'], forceNew: true });
  const { promise: live, resolve: isLive } = Promise.withResolvers<void>();
  let disconnects = 0;
  socket.on('connect', () => socket.emit('subscribe', { channelId: 'moon' }, () => isLive()));
  socket.on('disconnect', () => {
    disconnects += 1;
  });
  socket.on('event', ({ post }: { post?: { id: string; headline: string } }) => {
    const at = sentAt.get(post?.headline ?? '');
    if (at !== undefined) event.push(msBetween(at, now()));
  });
  await live;

  let over = false;
  const end = () => {
    over = true;
  };
  // A failure of the attack is thrown below.
  void until.then(end, end);
  for (let nth = 0; !over; nth += 1) {
    const headline = `${secretWord} ${nth}`;
    const due = performance.now() + paceMs;
    const began = now();
    sentAt.set(headline, began);
    await publish(server, token, 'moon', { headline });
    author.push(msBetween(began, now()));
    const asked = now();
    expect((await call(`${server.url}/v1/channels/moon/snapshot`)).status).toBe(200);
    snapshot.push(msBetween(asked, now()));
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
  }
  await until;
  await vi.waitFor(() => expect(event.length).toBe(author.length));
  expect(disconnects).toBe(0);
  socket.disconnect();
  return { author, event, snapshot };
}

/** Each measured delay in ms. */
type Measured = Record<'author' | 'event' | 'snapshot', number[]>;

function delaysOf(measured: readonly Measured[]): Delays {
  const of = (what: keyof Measured) => p99(measured.flatMap((one) => one[what]));
  const samples = measured.reduce((sum, { author }) => sum + author.length, 0);
  return { author: of('author'), event: of('event'), snapshot: of('snapshot'), samples };
}

function p99(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return Math.round((sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN) * 10) / 10;
}

/** Undefined if nothing can be compiled. Resident memory then includes what malloc keeps free. */
async function builtTrim(directory: string): Promise<string | undefined> {
  const compiler = needs.compiler.find();
  if (compiler === undefined) return undefined;
  const built = join(directory, 'trim-memory.node');
  await promisify(execFile)(compiler, [
    '-shared',
    '-fPIC',
    '-o',
    built,
    fileURLToPath(new URL('../runner/trim-memory.c', import.meta.url)),
  ]);
  return built;
}

async function memoryOf({ pid }: ServerProcess, logFile: string): Promise<Memory> {
  const said = async () => (await linesOf(logFile)).filter((line) => line.startsWith('{"memory":'));
  const before = (await said()).length;
  process.kill(pid, 'SIGUSR2');
  const line = await vi.waitFor(async () => {
    const found = (await said())[before];
    expect(found).toBeDefined();
    return found as string;
  });
  return (JSON.parse(line) as { memory: Memory }).memory;
}

async function linesOf(logFile: string): Promise<string[]> {
  return (await readFile(logFile, 'utf8')).split('\n').slice(0, -1);
}

async function metric({ url }: ServerProcess, name: string): Promise<number> {
  const { text } = await call(`${url}/metrics`);
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
}

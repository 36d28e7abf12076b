import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { openRedis, type RedisEngine, type RedisEngineOptions } from '../../../src/journal/redis/index.ts';
import { channelKeys, registry } from '../../../src/journal/redis/keys.ts';
import { freePort } from '../servers/free-port.ts';
import { renderer } from './engines.ts';

/** A real Redis or Valkey on a free loopback port, with its own directory and a user with the documented rights. */
export interface RedisServer extends AsyncDisposable {
  /** The URL with the user for Pressbox. */
  readonly url: string;
  /** The URL with a user that has the same rights except publishing, so that its announcements to other nodes are lost. */
  readonly muteUrl: string;
  /** The rights of the first user. */
  readonly rights: readonly string[];
  readonly port: number;
  readonly directory: string;
  /** A connection with all rights. Closed with the server. */
  readonly admin: Redis;
  readonly pid: number;
  /** Ends the process with this signal, and waits for its end. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port and directory. `env` is added to the environment. */
  start(env?: Record<string, string>): Promise<void>;
  stop(): Promise<void>;
}

/** The interval between two checks whether a node has compared again. Milliseconds. */
const comparisonLookMs = 10;
const safe = ['appendonly yes', 'appendfsync always', 'no-appendfsync-on-rewrite no', 'maxmemory-policy noeviction', 'save ""'];

/** The documented rights. */
async function aclRule(binary: string): Promise<string> {
  const docs = await readFile(new URL('../../../docs/guides/redis.md', import.meta.url), 'utf8');
  const block = (name: string) => new RegExp(`^\`\`\`${name}\n(.*?)^\`\`\``, 'ms').exec(docs)?.[1] ?? '';
  const rule = binary.includes('valkey') ? `${block('acl')} ${block('acl-valkey')}` : block('acl');
  return rule.trim().replace(/\s+/g, ' ');
}

/** Ends the running servers if a test process exits early. */
const atExit = new Set<() => void>();
const endAll = () => {
  for (const end of atExit) end();
};

/** Calls `end` if the test process exits before the returned function was called. */
export function endAtExit(end: () => void): () => void {
  if (atExit.size === 0) process.once('exit', endAll);
  atExit.add(end);
  return () => {
    atExit.delete(end);
    if (atExit.size === 0) process.off('exit', endAll);
  };
}

/** `lines` follow the safe settings and override them. */
export async function startRedis(binary: string, lines: readonly string[] = []): Promise<RedisServer> {
  const directory = await mkdtemp(join(tmpdir(), 'pressbox-redis-'));
  const port = await freePort();
  const config = join(directory, 'server.conf');
  const rule = await aclRule(binary);
  const settings = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${directory}`,
    `logfile ${join(directory, 'server.log')}`,
    // Uncompressed, so that a search of the files finds the texts.
    'rdbcompression no',
    ...safe,
    `user pressbox on >word ${rule}`,
    `user mute on >word ${rule} -publish`,
    ...lines,
  ];
  await writeFile(config, `${settings.join('\n')}\n`);
  let child: ChildProcess | undefined;
  const admin = new Redis({ host: '127.0.0.1', port, lazyConnect: true, retryStrategy: () => 20, maxRetriesPerRequest: null });
  admin.on('error', () => undefined);

  const start = async (env: Record<string, string> = {}) => {
    child = spawn(binary, [config], { stdio: 'ignore', env: { ...process.env, ...env } });
    const ended = new Promise<never>((_, reject) => {
      child?.once('error', reject);
      child?.once('exit', async () => {
        const log = await readFile(join(directory, 'server.log'), 'utf8').catch(() => '');
        reject(new Error(`${binary} ended: ${log.slice(-2_000)}`));
      });
    });
    ended.catch(() => undefined);
    if (admin.status === 'wait') admin.connect().catch(() => undefined);
    await Promise.race([admin.ping(), ended]);
  };
  const kill = async (signal: NodeJS.Signals = 'SIGKILL') => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((resolve) => child?.once('exit', resolve));
    child.kill(signal);
    await exited;
  };
  const stop = async () => {
    admin.disconnect();
    await kill();
    isEnded();
    // A forked child that rewrites the file outlives the server for a moment, and may create a file during the removal.
    await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
  };
  const isEnded = endAtExit(() => {
    child?.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });
  await start();
  return {
    url: `redis://pressbox:word@127.0.0.1:${port}`,
    muteUrl: `redis://mute:word@127.0.0.1:${port}`,
    rights: [...rule.matchAll(/ \+(\S+)/g)].map(([, right]) => right as string),
    port,
    directory,
    admin,
    get pid() {
      return child?.pid as number;
    },
    kill,
    start,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

export function openNode(server: RedisServer, options: Partial<RedisEngineOptions> = {}): Promise<RedisEngine> {
  return openRedis({ urls: [server.url], minReplicas: 0, allowUnsafe: false, renderer, ...options });
}

/** The part of a test context that registers clean-up. Clean-up also runs after failures and timeouts, in reverse order. */
export interface Finishing {
  onTestFinished(end: () => PromiseLike<void>): void;
}

/** For one test. */
export async function startRedisFor(test: Finishing, binary: string, lines: readonly string[] = []): Promise<RedisServer> {
  const server = await startRedis(binary, lines);
  test.onTestFinished(server.stop);
  return server;
}

/** For one test. */
export async function openNodeFor(test: Finishing, ...node: Parameters<typeof openNode>): Promise<RedisEngine> {
  const engine = await openNode(...node);
  test.onTestFinished(() => engine.close());
  return engine;
}

/** A node whose announcements reach no other node, while its connections stay open. */
export function openMuteNodeFor(test: Finishing, server: RedisServer): Promise<RedisEngine> {
  return openNodeFor(test, { ...server, url: server.muteUrl });
}

/** Two nodes on a server for one test. */
export async function openTwoNodesFor(test: Finishing, binary: string, lines: readonly string[] = []) {
  const server = await startRedisFor(test, binary, lines);
  return { server, here: await openNodeFor(test, server), there: await openNodeFor(test, server) };
}

/** Saves the keys of a channel. The returned function restores them, like a failover to a stale replica. */
export async function copyOf({ admin }: RedisServer, channelId: string): Promise<() => Promise<void>> {
  const keys = channelKeys(channelId);
  const copies = await Promise.all(keys.map((key) => admin.dumpBuffer(key)));
  return async () => {
    const restored = admin.multi().del(...keys);
    for (const [index, copy] of copies.entries()) if (copy !== null) restored.restore(keys[index] as string, 0, copy);
    await restored.exec();
  };
}

/**
 * When a node last compared its state with the store, by the clock of the store. The heartbeat is written together with the
 * comparison.
 */
export async function lastComparison({ admin }: RedisServer, { nodeId }: RedisEngine): Promise<number> {
  return Number(await admin.zscore(registry.nodes, nodeId));
}

/** Resolves once a node has compared again. A change that is made right after this is noticed as late as possible. */
export async function nextComparison(server: RedisServer, node: RedisEngine): Promise<void> {
  const last = await lastComparison(server, node);
  while ((await lastComparison(server, node)) <= last) await pause(comparisonLookMs);
}

export interface TempRedisEngine extends AsyncDisposable {
  readonly server: RedisServer;
  readonly engine: RedisEngine;
  reopen(options?: Partial<RedisEngineOptions>): Promise<RedisEngine>;
  close(): Promise<void>;
}

/** An engine with its own server. */
export async function openTempRedis(binary: string, options: Partial<RedisEngineOptions> = {}): Promise<TempRedisEngine> {
  const server = await startRedis(binary);
  let engine = await openNode(server, options);
  const close = async () => {
    await engine.close();
    await server.stop();
  };
  return {
    server,
    get engine() {
      return engine;
    },
    async reopen(changed = {}) {
      await engine.close();
      engine = await openNode(server, { ...options, ...changed });
      return engine;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

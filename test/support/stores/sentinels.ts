import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort } from '../servers/free-port.ts';
import { endAtExit, type Finishing, type RedisServer, startRedis } from './redis.ts';

/** A master with two replicas and three Sentinels, on loopback ports. */
export interface SentinelGroup extends AsyncDisposable {
  /** The URL of the Sentinels, with the user for the servers and another one for the Sentinels. */
  readonly url: string;
  /** The first one was started as the master. */
  readonly servers: readonly RedisServer[];
  /** The server that most Sentinels name as the master. */
  master(): Promise<RedisServer>;
  /** The other servers. */
  replicas(): Promise<RedisServer[]>;
  /** Resolves when the Sentinels have made another server the master. */
  moved(from: RedisServer): Promise<RedisServer>;
  /** Cuts a server off from the Sentinels, while its replicas and Pressbox reach it. */
  cutOff(server: RedisServer): Promise<void>;
  /** Lets the Sentinels reach the server again, and resolves when it follows the master and has all that the master has. */
  reconnect(server: RedisServer): Promise<void>;
  /** Ends a Sentinel. */
  endSentinel(index: number): Promise<void>;
  stop(): Promise<void>;
}

export const masterName = 'pressbox';

/** The settings that servers with replicas need in addition. */
export const replicated = ['repl-diskless-sync yes', 'repl-diskless-sync-delay 0', 'rdb-del-sync-files yes'];

const lookMs = 20;
const readyMs = 60_000;

/** A block of the documentation. */
export async function documented(block: string): Promise<string> {
  const docs = await readFile(new URL('../../../docs/guides/redis-failover.md', import.meta.url), 'utf8');
  return (new RegExp(`^\`\`\`${block}\n(.*?)^\`\`\``, 'ms').exec(docs)?.[1] ?? '').trim();
}

async function documentedRights(block: string): Promise<string> {
  return (await documented(block)).replace(/\s+/g, ' ');
}

export interface GroupOptions {
  /** How long a server may be silent. Longer if a test keeps it busy. */
  downAfterMs?: number;
  /** Files of a self-signed certificate. Then servers and Sentinels encrypt all connections, except those of the test. */
  certificate?: { key: string; cert: string };
}

export async function startSentinelGroup(
  binary: string,
  { downAfterMs = 1_000, certificate }: GroupOptions = {},
): Promise<SentinelGroup> {
  const rightsOfSentinels = await documentedRights('acl-of-sentinels');
  const settings = [...replicated, `user sentinel on >word ${rightsOfSentinels}`];
  /** Where other servers, Sentinels and Pressbox reach a server. */
  const ports = new Map<RedisServer, number>();
  const start = async (more: readonly string[] = []) => {
    const encrypted = certificate && { port: await freePort(), ...certificate };
    const server = await startRedis(binary, [...settings, ...(encrypted ? linesOfTls(encrypted) : []), ...more]);
    ports.set(server, encrypted?.port ?? server.port);
    return server;
  };
  const first = await start();
  const firstPort = ports.get(first) as number;
  const follow = [`replicaof 127.0.0.1 ${firstPort}`];
  const servers = [first, ...(await Promise.all([start(follow), start(follow)]))];
  await replicasFollow(first);
  const sentinels = await Promise.all([1, 2, 3].map(() => startSentinel(binary, firstPort, { downAfterMs, certificate })));

  const masterOf = async ({ admin }: Sentinel) => {
    const [, port] = (await admin.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', masterName)) as [string, string];
    return Number(port);
  };
  const master = async () => {
    const named = await Promise.all(sentinels.filter(({ isRunning }) => isRunning()).map(masterOf));
    const [port] = named.toSorted((a, b) => named.filter((one) => one === b).length - named.filter((one) => one === a).length);
    return servers.find((server) => ports.get(server) === port) as RedisServer;
  };
  const stop = async () => {
    await Promise.all([...sentinels, ...servers].map((one) => one.stop()));
  };
  try {
    await until(readyMs, async () => (await Promise.all(sentinels.map(knowsAll))).every(Boolean));
  } catch (error) {
    await stop();
    throw error;
  }
  const hosts = sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',');
  return {
    url: `${certificate ? 'rediss' : 'redis'}+sentinel://pressbox:word@${hosts}/${masterName}?sentinel_username=pressbox&sentinel_password=another-word`,
    servers,
    master,
    replicas: async () => {
      const { port } = await master();
      return servers.filter((server) => server.port !== port);
    },
    async moved(from) {
      await until(readyMs, async () => (await master()).port !== from.port);
      return await master();
    },
    async cutOff({ admin }) {
      await admin.call('ACL', 'SETUSER', 'sentinel', '-@all');
    },
    async reconnect({ admin }) {
      await admin.call('ACL', 'SETUSER', 'sentinel', ...rightsOfSentinels.split(' '));
      await until(readyMs, async () => /^master_link_status:up/m.test(await admin.info('replication')));
    },
    endSentinel: (index) => (sentinels[index] as Sentinel).stop(),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Empties the master, and waits until the replicas are empty too. */
export async function emptyGroup({ servers: [master] }: SentinelGroup): Promise<void> {
  if (master === undefined) return;
  await master.admin.flushall();
  await replicasFollow(master);
}

/** Resolves once the replicas have everything that the master has. */
export async function replicasFollow({ admin }: RedisServer, count = 2): Promise<void> {
  await until(readyMs, async () => {
    // WAIT counts the writes of its connection.
    await admin.set('filled', '');
    await admin.del('filled');
    return (await admin.wait(count, 1_000)) === count;
  });
}

/** For one test. */
export async function startSentinelGroupFor(test: Finishing, binary: string): Promise<SentinelGroup> {
  const group = await startSentinelGroup(binary);
  test.onTestFinished(group.stop);
  return group;
}

/** `port` is for encrypted connections, which replication and Sentinels use too. */
function linesOfTls({ port, key, cert }: { port: number; key: string; cert: string }): string[] {
  const files = [`tls-cert-file ${cert}`, `tls-key-file ${key}`, `tls-ca-cert-file ${cert}`];
  return [`tls-port ${port}`, ...files, 'tls-auth-clients no', 'tls-replication yes'];
}

interface Sentinel {
  /** For Pressbox. */
  readonly port: number;
  readonly admin: Redis;
  isRunning(): boolean;
  stop(): Promise<void>;
}

async function startSentinel(
  binary: string,
  masterPort: number,
  { downAfterMs, certificate }: { downAfterMs: number; certificate: GroupOptions['certificate'] },
): Promise<Sentinel> {
  const directory = await mkdtemp(join(tmpdir(), 'pressbox-sentinel-'));
  const port = await freePort();
  const encrypted = certificate && { port: await freePort(), ...certificate };
  const config = join(directory, 'sentinel.conf');
  const settings = [
    `port ${port}`,
    ...(encrypted ? linesOfTls(encrypted) : []),
    'bind 127.0.0.1',
    `dir ${directory}`,
    `logfile ${join(directory, 'sentinel.log')}`,
    `user pressbox on >another-word ${await documentedRights('acl-sentinel')}`,
    // The documented configuration, with this master, and with times for tests.
    (await documented('conf-sentinel'))
      .replace('10.0.0.1 6379', `127.0.0.1 ${masterPort}`)
      .replace('milliseconds pressbox 2000', `milliseconds pressbox ${downAfterMs}`)
      .replace('timeout pressbox 30000', 'timeout pressbox 3000'),
  ];
  await writeFile(config, `${settings.join('\n')}\n`);
  const child: ChildProcess = spawn(binary, [config, '--sentinel'], { stdio: 'ignore' });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const isEnded = endAtExit(() => child.kill('SIGKILL'));
  const admin = new Redis({
    host: '127.0.0.1',
    port,
    retryStrategy: () => 20,
    maxRetriesPerRequest: null,
    enableReadyCheck: false,
  });
  admin.on('error', () => undefined);
  return {
    port: encrypted?.port ?? port,
    admin,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    async stop() {
      admin.disconnect();
      child.kill('SIGKILL');
      await exited;
      isEnded();
      await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
    },
  };
}

/** Whether the Sentinel knows the two others and both replicas, so that it can take part in a failover. */
async function knowsAll({ admin }: Sentinel): Promise<boolean> {
  const flat = (await admin.call('SENTINEL', 'MASTER', masterName)) as string[];
  const field = (name: string) => flat[flat.indexOf(name) + 1];
  return field('num-slaves') === '2' && field('num-other-sentinels') === '2' && field('flags') === 'master';
}

async function until(ms: number, check: () => Promise<boolean>): Promise<void> {
  for (let waitedMs = 0; !(await check()); waitedMs += lookMs) {
    if (waitedMs > ms) throw new Error('The servers and Sentinels did not agree in time.');
    await pause(lookMs);
  }
}

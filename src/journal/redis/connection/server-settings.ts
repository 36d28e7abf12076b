import type { Redis } from 'ioredis';
import { JournalRefused } from '../../engine.ts';
import type { CheckedSetting, UnsafeSetting } from '../../store-settings.ts';
import { registry } from '../keys.ts';
import type { Scripts } from '../scripts.ts';
import { eachReplica } from './replicas.ts';
import { withTimeout } from './with-timeout.ts';

/** The sentence for addresses and servers of a cluster. */
export const noCluster =
  'Redis Cluster is not supported. Name one server (redis:// or rediss://), or Sentinels (redis+sentinel:// or rediss+sentinel://).';

/**
 * The settings of Redis that the guarantees of the engine depend on: a write is answered after it is synced, and an erased text
 * is in no file once the append-only file was rewritten. See docs/guides/redis.md.
 */
export interface Fault {
  /** The replica, as host and port. Undefined: the server itself. */
  at?: string;
  setting: CheckedSetting;
  /** The current value. Not named `value`, because the log drops that field. */
  found: string;
  /** The line of the configuration file that fixes the setting. */
  line: string;
}

interface Wanted {
  setting: CheckedSetting;
  line: string;
  isSafe: (values: Map<string, string>) => boolean;
}

const exactly = (setting: CheckedSetting, value: string, line = `${setting} ${value}`): Wanted => ({
  setting,
  line,
  isSafe: (values) => values.get(setting) === value,
});

const always: readonly Wanted[] = [
  exactly('appendonly', 'yes'),
  exactly('appendfsync', 'always'),
  exactly('no-appendfsync-on-rewrite', 'no'),
  exactly('maxmemory-policy', 'noeviction'),
  exactly('save', '', 'save ""'),
];

/** With other settings, a full sync leaves a dump file on the replica, which would keep erased texts. */
const withReplicas: readonly Wanted[] = [
  exactly('repl-diskless-sync', 'yes'),
  {
    setting: 'rdb-del-sync-files',
    line: 'rdb-del-sync-files yes',
    isSafe: (values) => values.get('rdb-del-sync-files') === 'yes' || values.get('repl-diskless-load') === 'swapdb',
  },
];

/**
 * Commands that the user must be allowed to run. If one of them is not allowed, most operations work, but rare ones fail
 * unnoticed: reading, repairing or erasing. Commands without which a node fails at the start or within a second are not listed.
 */
const rights = [
  ...['ping', 'wait', 'time', 'get', 'set', 'exists', 'unlink', 'pexpire'],
  ...['hget', 'hset', 'hdel', 'hlen', 'hmget', 'hscan', 'xadd', 'xrange', 'xrevrange', 'xinfo|stream'],
  ...['zadd', 'zrem', 'zcard', 'zscore', 'zrange', 'zrevrange', 'zrangebyscore', 'zrevrangebyscore', 'zremrangebyscore'],
  ...['zrangebylex', 'zrevrangebylex', 'zlexcount', 'bgrewriteaof', 'slowlog|reset', 'commandlog|reset'],
];

/** With these settings wrong, a server may keep erased texts in a dump file. */
const keepsDump: readonly CheckedSetting[] = ['save', 'repl-diskless-sync', 'rdb-del-sync-files'];

/** A server as `INFO` describes it. */
export interface ServerFacts {
  /** Differs after each start of the server. */
  runId: string;
  /** The id of its history, and the id of the history that it continued when it was promoted. */
  replicationId: string;
  continuedId: string;
  isReplica: boolean;
  /** Replicas that have finished their first synchronisation. */
  replicasOnline: number;
  hasReplicas: boolean;
}

/** Throws `JournalRefused` if the server is a node of a cluster. */
export async function factsOf(redis: Redis): Promise<ServerFacts> {
  const info = await redis.info('server', 'replication', 'cluster');
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
  if (field('cluster_enabled') === '1') throw new JournalRefused(noCluster);
  return {
    runId: field('run_id'),
    replicationId: field('master_replid'),
    continuedId: field('master_replid2'),
    isReplica: field('role') === 'slave',
    replicasOnline: info.match(/^slave\d+:.*\bstate=online\b/gm)?.length ?? 0,
    hasReplicas: Number(field('connected_slaves')) > 0,
  };
}

/** Unsafe settings of the replicas that answer within `replicasMs`. */
export async function faultsOfReplicas(redis: Redis, url: string, scripts: Scripts, replicasMs: number): Promise<Fault[]> {
  const faults: Fault[] = [];
  const inspect = async (replica: Redis, at: string) => {
    const inspected = await inspectServer(replica, scripts, true);
    faults.push(...inspected.faults.map((fault) => ({ at, ...fault })));
  };
  await withTimeout(replicasMs, eachReplica(redis, url, inspect));
  return faults;
}

/** Throws if the replica may keep erased texts in a dump file. */
export async function refuseDump(replica: Redis): Promise<void> {
  const values = await settingsOf(replica);
  const fault = [...always, ...withReplicas].find(({ setting, isSafe }) => keepsDump.includes(setting) && !isSafe(values));
  if (fault) throw new Error(`it may keep the text in a dump file. Set it with the line: ${fault.line}`);
}

async function settingsOf(redis: Redis): Promise<Map<string, string>> {
  const names = [...always, ...withReplicas].map(({ setting }) => setting);
  const flat = (await redis.call('CONFIG', 'GET', ...names, 'repl-diskless-load')) as string[];
  const values = new Map<string, string>();
  for (let at = 0; at < flat.length; at += 2) values.set(flat[at] as string, flat[at + 1] as string);
  return values;
}

/**
 * The server, and its unsafe settings. Throws the error of Redis if reading the settings is not permitted, and `JournalRefused`
 * if it is a node of a cluster.
 */
export async function inspectServer(
  redis: Redis,
  scripts: Scripts,
  mayHaveReplicas: boolean,
): Promise<{ facts: ServerFacts; faults: Fault[] }> {
  // Before the script, which a node of a cluster refuses with an error that does not say so.
  const facts = await factsOf(redis);
  const [values, lacking] = await Promise.all([
    settingsOf(redis),
    // EVAL with the text, because the server may not have the script yet, and the user may not be allowed to load scripts.
    redis.call('EVAL', scripts['missing-rights'].text, 1, registry.nodes, ...rights) as Promise<string[]>,
  ]);
  const replicated = mayHaveReplicas || facts.isReplica || facts.hasReplicas;
  const wanted = replicated ? [...always, ...withReplicas] : always;
  const faults = wanted
    .filter(({ isSafe }) => !isSafe(values))
    .map(({ setting, line }) => ({ setting, found: values.get(setting) ?? '', line }));
  if (lacking.length === 0) return { facts, faults };
  const user = redis.options.username ?? 'default';
  const given = lacking.map((right) => `+${right}`).join(' ');
  faults.push({ setting: 'user', found: `${user}, without ${lacking.join(', ')}`, line: `user ${user} … ${given}` });
  return { facts, faults };
}

/** The faults without addresses, which not everyone may see. */
export function unsafeSettings(faults: readonly Fault[]): UnsafeSetting[] {
  return faults.map(({ at, setting, line }) => ({ setting, role: at === undefined ? 'master' : 'replica', line }));
}

/** The faults as text for the operator. */
export function sentenceOf(faults: readonly Fault[]): string {
  const lines = faults.map(({ at, setting, found, line }) => {
    const where = at === undefined ? '' : `on the replica ${at}: `;
    return `  ${where}${setting} is ${found === '' ? 'empty' : JSON.stringify(found)}. Set it with the line: ${line}`;
  });
  return [
    'Redis may lose acknowledged writes or keep erased texts:',
    ...lines,
    'Set them with CONFIG SET, and in the configuration of Redis for its next start.',
  ].join('\n');
}

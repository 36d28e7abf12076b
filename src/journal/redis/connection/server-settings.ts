import type { Redis } from 'ioredis';
import { registry } from '../keys.ts';
import type { Scripts } from '../scripts.ts';
import { eachReplica } from './replicas.ts';
import { withTimeout } from './with-timeout.ts';

/**
 * The settings of Redis that the guarantees of the engine depend on: a write is answered after it is synced, and an erased text
 * is in no file once the append-only file was rewritten. See docs/guides/redis.md.
 */
export interface Fault {
  /** The replica, as host and port. Undefined: the server itself. */
  at?: string;
  setting: string;
  /** The current value. Not named `value`, because the log drops that field. */
  found: string;
  /** The line of the configuration file that fixes the setting. */
  line: string;
}

interface Wanted {
  setting: string;
  line: string;
  isSafe: (values: Map<string, string>) => boolean;
}

const exactly = (setting: string, value: string, line = `${setting} ${value}`): Wanted => ({
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

/**
 * Unsafe settings of the server, and of the replicas that answer within `replicasMs`. Throws the error of Redis if reading the
 * settings is not permitted.
 */
export async function faultsOf(
  redis: Redis,
  url: string,
  scripts: Scripts,
  minReplicas: number,
  replicasMs: number,
): Promise<Fault[]> {
  const faults = await faultsAt(redis, scripts, minReplicas > 0);
  const ofReplicas: Fault[] = [];
  const inspect = async (replica: Redis, at: string) => {
    ofReplicas.push(...(await faultsAt(replica, scripts, true)).map((fault) => ({ at, ...fault })));
  };
  await withTimeout(replicasMs, eachReplica(redis, url, inspect));
  return [...faults, ...ofReplicas];
}

async function faultsAt(redis: Redis, scripts: Scripts, mayHaveReplicas: boolean): Promise<Fault[]> {
  const names = [...always, ...withReplicas].map(({ setting }) => setting);
  const [flat, info, lacking] = await Promise.all([
    redis.call('CONFIG', 'GET', ...names, 'repl-diskless-load') as Promise<string[]>,
    redis.info('replication'),
    // EVAL with the text, because the server may not have the script yet, and the user may not be allowed to load scripts.
    redis.call('EVAL', scripts['missing-rights'].text, 1, registry.nodes, ...rights) as Promise<string[]>,
  ]);
  const values = new Map<string, string>();
  for (let at = 0; at < flat.length; at += 2) values.set(flat[at] as string, flat[at + 1] as string);
  const replicated = mayHaveReplicas || /^role:slave/m.test(info) || !/^connected_slaves:0\r?$/m.test(info);
  const wanted = replicated ? [...always, ...withReplicas] : always;
  const faults = wanted
    .filter(({ isSafe }) => !isSafe(values))
    .map(({ setting, line }) => ({ setting, found: values.get(setting) ?? '', line }));
  if (lacking.length === 0) return faults;
  const user = redis.options.username ?? 'default';
  const given = lacking.map((right) => `+${right}`).join(' ');
  return [...faults, { setting: 'user', found: `${user}, without ${lacking.join(', ')}`, line: `user ${user} … ${given}` }];
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
    'Change the configuration of Redis and restart it.',
  ].join('\n');
}

import type { Redis } from 'ioredis';
import { registry } from '../keys.ts';
import type { Scripts } from '../scripts.ts';
import { eachReplica } from './replicas.ts';
import { withTimeout } from './with-timeout.ts';

/**
 * The settings of Redis that the engine's promises rest on. A write is answered once it is synced; a text that was erased is in no file
 * after the append-only file was written anew. See docs/guides/redis.md.
 */
export interface Fault {
  /** The replica, as host and port; undefined: the server itself. */
  at?: string;
  setting: string;
  /** Its value as it is. Called `value` it would be left out of the log. */
  found: string;
  /** The line of the configuration file that mends it. */
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

/** A full sync otherwise leaves a dump with the text on a replica. */
const withReplicas: readonly Wanted[] = [
  exactly('repl-diskless-sync', 'yes'),
  {
    setting: 'rdb-del-sync-files',
    line: 'rdb-del-sync-files yes',
    isSafe: (values) => values.get('rdb-del-sync-files') === 'yes' || values.get('repl-diskless-load') === 'swapdb',
  },
];

/**
 * What the user needs. Without one of them most goes on, and the rest fails where nobody looks: what is read, repaired or erased but seldom.
 * Those that a node misses as it starts, or within a second, are not among them.
 */
const rights = [
  ...['ping', 'wait', 'time', 'get', 'set', 'exists', 'unlink', 'pexpire'],
  ...['hget', 'hset', 'hdel', 'hlen', 'hmget', 'hscan', 'xadd', 'xrange', 'xrevrange', 'xinfo|stream'],
  ...['zadd', 'zrem', 'zcard', 'zscore', 'zrange', 'zrevrange', 'zrangebyscore', 'zrevrangebyscore', 'zremrangebyscore'],
  ...['zrangebylex', 'zrevrangebylex', 'zlexcount', 'bgrewriteaof', 'slowlog|reset', 'commandlog|reset'],
];

/**
 * What is wrong with the server, and with those of its replicas that can be asked within `replicasMs`. Throws what Redis answers where it
 * may not be.
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
  const look = async (replica: Redis, at: string) => {
    ofReplicas.push(...(await faultsAt(replica, scripts, true)).map((fault) => ({ at, ...fault })));
  };
  await withTimeout(replicasMs, eachReplica(redis, url, look));
  return [...faults, ...ofReplicas];
}

async function faultsAt(redis: Redis, scripts: Scripts, mayHaveReplicas: boolean): Promise<Fault[]> {
  const names = [...always, ...withReplicas].map(({ setting }) => setting);
  const [flat, info, lacking] = await Promise.all([
    redis.call('CONFIG', 'GET', ...names, 'repl-diskless-load') as Promise<string[]>,
    redis.info('replication'),
    // By its text: a server has forgotten its scripts where that is needed, and the right to it is then missed.
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

/** For whoever runs the server. */
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

import { channelKeys } from '../../src/journal/redis/keys.ts';
import { needs } from '../support/runner/machine.ts';
import { startRedis } from '../support/stores/redis.ts';
import { replicasFollow, replicated, startSentinelGroup } from '../support/stores/sentinels.ts';
import { type Fault, startTwoWatched } from './scene.ts';

/** Faults of Redis, with two servers on it. */

const missing = () => (needs.redis.find() === undefined ? needs.redis.advice : undefined);

async function startStore(room: AsyncDisposableStack, lines: readonly string[] = []) {
  return room.use(await startRedis('redis-server', lines));
}

/** Two servers on a Redis with replicas, of which one is required. `replica`: the first of them. */
async function startReplicated(room: AsyncDisposableStack, replicas: 1 | 2) {
  const redis = await startStore(room, replicated);
  const follow = [...replicated, `replicaof 127.0.0.1 ${redis.port}`];
  const replica = await startStore(room, follow);
  if (replicas === 2) await startStore(room, follow);
  await replicasFollow(redis, replicas);
  const servers = await startTwoWatched(room, redis.url, { PRESSBOX_REDIS_MIN_REPLICAS: '1' });
  return { replica, servers };
}

export const storeFaults: readonly Fault[] = [
  {
    name: 'store-away',
    what: 'Redis ended.',
    metric: 'pressbox_store_reachable',
    message: 'the journal is unreachable',
    alert: 'PressboxStoreAway',
    missing,
    async start(room) {
      const redis = await startStore(room);
      const servers = await startTwoWatched(room, redis.url);
      return { servers, strike: () => redis.kill() };
    },
  },
  {
    name: 'store-hangs',
    what: 'Redis hangs: it accepts connections and answers nothing.',
    metric: 'pressbox_store_comparison_age_seconds',
    message: 'the journal is unreachable',
    alert: 'PressboxStoreNotCompared',
    missing,
    async start(room) {
      const redis = await startStore(room);
      const servers = await startTwoWatched(room, redis.url);
      room.defer(() => void process.kill(redis.pid, 'SIGCONT'));
      return { servers, strike: () => void process.kill(redis.pid, 'SIGSTOP') };
    },
  },
  {
    name: 'store-memory-full',
    what: 'Redis has reached `maxmemory`.',
    metric: 'pressbox_store_writable',
    message: 'the store accepts no writes',
    alert: 'PressboxStoreTakesNoWrites',
    missing,
    async start(room) {
      const redis = await startStore(room);
      const servers = await startTwoWatched(room, redis.url);
      return { servers, strike: async () => void (await redis.admin.config('SET', 'maxmemory', '1mb')) };
    },
  },
  {
    name: 'replica-lost',
    what: 'The only replica ended, with `PRESSBOX_REDIS_MIN_REPLICAS=1`.',
    metric: 'pressbox_store_writable',
    message: 'the store accepts no writes',
    alert: 'PressboxStoreTakesNoWrites',
    missing,
    async start(room) {
      const { replica, servers } = await startReplicated(room, 1);
      return { servers, strike: () => replica.kill() };
    },
  },
  {
    name: 'one-replica-lost',
    what: 'One of two replicas ended. Writes go on.',
    metric: 'pressbox_store_replicas',
    message: 'fewer replicas are in sync',
    alert: 'PressboxReplicaLost',
    missing,
    async start(room) {
      const { replica, servers } = await startReplicated(room, 2);
      return { servers, strike: () => replica.kill() };
    },
  },
  {
    name: 'sentinels-away',
    what: 'Two of three Sentinels ended. A failover would not be followed.',
    metric: 'pressbox_store_master_confirmed',
    message: 'no majority of the Sentinels confirms the master in use',
    alert: 'PressboxMasterUnconfirmed',
    missing,
    async start(room) {
      const group = room.use(await startSentinelGroup('redis-server'));
      const servers = await startTwoWatched(room, group.url);
      return { servers, strike: async () => void (await Promise.all([0, 1].map(group.endSentinel))) };
    },
  },
  {
    name: 'settings-unsafe',
    what: 'Somebody set `appendfsync everysec` on a replica.',
    metric: 'pressbox_store_unsafe_settings',
    message: 'a replica has unsafe settings, and writes go on',
    alert: 'PressboxStoreUnsafe',
    missing,
    async start(room) {
      const { replica, servers } = await startReplicated(room, 1);
      return { servers, strike: async () => void (await replica.admin.config('SET', 'appendfsync', 'everysec')) };
    },
  },
  {
    name: 'channel-damaged',
    what: 'A key of a channel was deleted in Redis.',
    metric: 'pressbox_channels_damaged',
    message: 'a channel is damaged in Redis and is refused until it is repaired',
    alert: 'PressboxChannelDamaged',
    missing,
    async start(room) {
      const redis = await startStore(room);
      const servers = await startTwoWatched(room, redis.url);
      const [first] = servers;
      return {
        servers: servers.slice(0, 1),
        strike: async () => void (await redis.admin.del(channelKeys(first!.channelId)[3]!)),
      };
    },
  },
  {
    name: 'channels-lost',
    what: 'Redis lost everything that it had.',
    metric: 'pressbox_channels_lost',
    message: 'the store lost a channel that was not deleted',
    alert: 'PressboxChannelsLost',
    missing,
    async start(room) {
      const redis = await startStore(room);
      const servers = await startTwoWatched(room, redis.url);
      return { servers, strike: async () => void (await redis.admin.flushall()) };
    },
  },
];

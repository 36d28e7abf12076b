import { createChannel, publish, write } from '../../test/support/authors/writers.ts';
import type { RedisServer } from '../../test/support/stores/redis.ts';
import { merged, type Quantiles, quantilesOf } from '../histogram.ts';
import type { AuthorsRequest, AuthorsResult } from '../load/authors.ts';
import type { Received } from '../load/readers.ts';
import { postOf } from '../load/sample-post.ts';
import { monotonicMs, startWorker } from '../load/worker.ts';
import { cpuSeconds } from '../machine.ts';
import { channelOn, openEnvironment, type Plan, pause, publishFor, settleMs, startCrowds } from './environment.ts';

/** Measures the load and memory of a shared Redis or Valkey, and the latency that it adds. */

/** The cost of one post for the store, by number of readers, without the idle load of the node. */
export interface CostFigures {
  readers: number;
  posts: number;
  /** Including commands inside scripts. */
  commands: number;
  bytesIn: number;
  bytesOut: number;
  storeCpuMicros: number;
}

export interface MemoryFigures {
  what: 'post' | 'revision';
  count: number;
  /** Growth of `used_memory` per item. */
  bytes: number;
  /** Growth of the append-only file per item. */
  fileBytes: number;
  /** Memory by kind of key. */
  keys: [name: string, bytes: number][];
}

export interface ChannelsFigures {
  channels: number;
  authors: number;
  postsPerSecond: number;
  commandsIdle: number;
  commandsBusy: number;
  /** CPU as a share of one core. */
  serverIdle: number;
  serverBusy: number;
  storeIdle: number;
  storeBusy: number;
}

export interface NodesFigures {
  where: 'embedded' | 'the same node' | 'the other node';
  posts: number;
  latency: Quantiles;
}

const costPostsPerSecond = 100;
const latencyPostsPerSecond = 50;
const memoryPosts = 300;
const crowdOfNodes = 5;

export async function measureCost(plan: Plan): Promise<CostFigures[]> {
  const figures: CostFigures[] = [];
  for (const readers of plan.costReaders) {
    plan.say(`cost of a post for the store, ${readers} readers`);
    await using environment = await openEnvironment(plan);
    await using crowds = startCrowds(plan.crowds);
    const redis = environment.redis!;
    const { url, channelId, token } = await channelOn(environment.server);
    await crowds.each<void>('connectReaders', readers, { transport: 'socket', url, channelId });
    const push = (forMs: number) =>
      publishFor(environment.server, { channelId, token, postsPerSecond: costPostsPerSecond, forMs });
    await push(500);
    await pause(settleMs);
    const idle = await counted(redis, () => pause(plan.forMs / 2));
    let posts = 0;
    const busy = await counted(redis, async () => {
      posts = await push(plan.forMs);
    });
    const each = (name: keyof Counts) => ((busy.perSecond(name) - idle.perSecond(name)) * busy.seconds) / posts;
    const [commands, bytesIn, bytesOut] = [each('commands'), each('bytesIn'), each('bytesOut')];
    figures.push({ readers, posts, commands, bytesIn, bytesOut, storeCpuMicros: each('cpuSeconds') * 1e6 });
  }
  return figures;
}

export async function measureMemory(plan: Plan): Promise<MemoryFigures[]> {
  plan.say('memory of a post and a revision in the store');
  await using environment = await openEnvironment(plan);
  const redis = environment.redis!;
  const { channelId, token } = await channelOn(environment.server);
  const key = () => crypto.randomUUID();
  const publishOne = (number: number) => publish(environment.server, token, channelId, postOf(number), key());
  // One-time costs of the first posts do not count.
  for (let number = 0; number < 20; number += 1) await publishOne(number);

  const before = await holds(redis);
  const posts = await inTurns(memoryPosts, publishOne);
  const between = await holds(redis);
  await inTurns(memoryPosts, (number) => {
    const body = { kind: 'update', changes: { body: `${postOf(number).body}\n\nMore follows.` } };
    const path = `/v1/channels/${channelId}/posts/${posts[number]!.post.id}/revisions`;
    return write(environment.server, token, { path, body, key: key(), ifMatch: 1 });
  });
  return [grown('post', before, between), grown('revision', between, await holds(redis))];
}

export async function measureChannels(plan: Plan): Promise<ChannelsFigures[]> {
  const { channels } = plan;
  const authors = Math.max(...plan.authors);
  plan.say(`${channels} channels with one reader each`);
  await using environment = await openEnvironment(plan);
  await using crowds = startCrowds(plan.crowds);
  await using worker = startWorker(new URL('../load/authors.ts', import.meta.url));
  const redis = environment.redis!;
  const token = await environment.server.token();
  const { url } = environment.server;
  const channelIds = (
    await inTurns(channels, (number) => createChannel(environment.server, token, { id: `channel-${number}` }))
  ).map(({ id }) => id);
  await crowds.each<void>('connectReaders', channels, { transport: 'socket', url, channelIds, channelId: '' });
  const ask: AuthorsRequest = { url, token, channelIds, authors, forMs: plan.forMs };
  await worker.call<AuthorsResult>('publish', { ...ask, forMs: plan.forMs / 4 } satisfies AuthorsRequest);
  await pause(settleMs);

  const idle = await counted(redis, () => pause(plan.forMs), environment.server.pid);
  let answer: AuthorsResult | undefined;
  const work = async () => {
    answer = await worker.call<AuthorsResult>('publish', ask);
  };
  const busy = await counted(redis, work, environment.server.pid);
  const { posts, tookMs } = answer!;
  return [
    {
      channels,
      authors,
      postsPerSecond: (posts * 1_000) / tookMs,
      commandsIdle: idle.perSecond('commands'),
      commandsBusy: busy.perSecond('commands'),
      serverIdle: idle.perSecond('serverCpuSeconds'),
      serverBusy: busy.perSecond('serverCpuSeconds'),
      storeIdle: idle.perSecond('cpuSeconds'),
      storeBusy: busy.perSecond('cpuSeconds'),
    },
  ];
}

export async function measureNodes(plan: Plan): Promise<NodesFigures[]> {
  const figures: NodesFigures[] = [];
  for (const where of ['embedded', 'the same node', 'the other node'] as const) {
    plan.say(`publication to reader, ${where}`);
    await using environment = await openEnvironment(where === 'embedded' ? { ...plan, store: 'embedded' } : plan);
    await using crowds = startCrowds(1);
    const read = where === 'the other node' ? await environment.startNode() : environment.server;
    const { channelId, token } = await channelOn(environment.server);
    await crowds.each<void>('connectReaders', crowdOfNodes, { transport: 'socket', url: read.url, channelId });
    const push = (forMs: number) =>
      publishFor(environment.server, { channelId, token, postsPerSecond: latencyPostsPerSecond, forMs });
    await push(2_000);
    await pause(settleMs);
    await crowds.each<Received>('received', crowdOfNodes);
    const posts = await push(plan.forMs);
    await pause(settleMs);
    const received = await crowds.each<Received>('received', crowdOfNodes);
    const missing = posts * crowdOfNodes - received.reduce((sum, { deliveries }) => sum + deliveries, 0);
    if (missing !== 0) throw new Error(`${missing} deliveries did not arrive.`);
    figures.push({ where, posts, latency: quantilesOf(merged(received.map(({ latency }) => latency))) });
  }
  return figures;
}

// ---- Statistics of the store

interface Counts {
  commands: number;
  bytesIn: number;
  bytesOut: number;
  cpuSeconds: number;
  serverCpuSeconds: number;
}

/** What the store did during `work`, without the cost of reading its statistics. */
async function counted(redis: RedisServer, work: () => Promise<unknown>, serverPid?: number) {
  const began = monotonicMs();
  const [first, second] = [await countsOf(redis, serverPid), await countsOf(redis, serverPid)];
  await work();
  const after = await countsOf(redis, serverPid);
  const seconds = (monotonicMs() - began) / 1_000;
  const perSecond = (name: keyof Counts) => (after[name] - second[name] - (second[name] - first[name])) / seconds;
  return { seconds, perSecond };
}

async function countsOf(redis: RedisServer, serverPid: number | undefined): Promise<Counts> {
  const stats = await redis.admin.info('stats');
  return {
    commands: numberIn(stats, 'total_commands_processed'),
    bytesIn: numberIn(stats, 'total_net_input_bytes'),
    bytesOut: numberIn(stats, 'total_net_output_bytes'),
    cpuSeconds: cpuSeconds(redis.pid),
    serverCpuSeconds: serverPid === undefined ? 0 : cpuSeconds(serverPid),
  };
}

interface Held {
  bytes: number;
  fileBytes: number;
  keys: Map<string, number>;
}

/** Memory by kind of key. A kind is the last part of the key's name, or `request` for all keys of requests. */
async function holds({ admin }: RedisServer): Promise<Held> {
  const [memory, files] = [await admin.info('memory'), await admin.info('persistence')];
  const keys = new Map<string, number>();
  for (const key of await admin.keys('pressbox:*')) {
    const name = key.split('}:')[1]?.split(':')[0] ?? key;
    const bytes = Number(await admin.call('MEMORY', 'USAGE', key, 'SAMPLES', '0'));
    keys.set(name, (keys.get(name) ?? 0) + bytes);
  }
  return { bytes: numberIn(memory, 'used_memory'), fileBytes: numberIn(files, 'aof_current_size'), keys };
}

function grown(what: MemoryFigures['what'], before: Held, after: Held): MemoryFigures {
  const each = (bytes: number) => bytes / memoryPosts;
  const keys = [...after.keys]
    .map(([name, bytes]): [string, number] => [name, each(bytes - (before.keys.get(name) ?? 0))])
    .filter(([, bytes]) => bytes >= 1)
    .toSorted(([, a], [, b]) => b - a);
  return {
    what,
    count: memoryPosts,
    bytes: each(after.bytes - before.bytes),
    fileBytes: each(after.fileBytes - before.fileBytes),
    keys,
  };
}

function numberIn(info: string, name: string): number {
  return Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? Number.NaN);
}

/** Makes `count` items, ten at a time. */
async function inTurns<T>(count: number, make: (number: number) => Promise<T>): Promise<T[]> {
  const made: T[] = [];
  let next = 0;
  const turn = async () => {
    for (let number = next++; number < count; number = next++) made[number] = await make(number);
  };
  await Promise.all(Array.from({ length: 10 }, turn));
  return made;
}

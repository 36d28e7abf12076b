import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine } from '../../src/journal/engine.ts';
import { openRedis } from '../../src/journal/redis/index.ts';
import { registry } from '../../src/journal/redis/keys.ts';
import { openSqlite } from '../../src/journal/sqlite/index.ts';
import { createRenderer } from '../../src/newsroom/render.ts';
import { monitoring } from '../../src/telemetry/telemetry-limits.ts';
import { startServerProcess } from '../../test/support/servers/process.ts';
import { merged, type Quantiles, quantilesOf } from '../histogram.ts';
import { channelCreation, postPublication } from '../load/append-requests.ts';
import type { PageAnswers, PageRequests } from '../load/page-requests.ts';
import type { Received } from '../load/readers.ts';
import { postOf } from '../load/sample-post.ts';
import { startWorker } from '../load/worker.ts';
import { cpuSeconds } from '../machine.ts';
import { type Plan, pause, publishFor, settleMs, startCrowds, startStore } from './environment.ts';

/** Measures what front pages cost a newsroom with thousands of ended channels, and what readers of a live channel notice of it. */
export interface ListFigures {
  what: string;
  pages: Quantiles;
  /** Pages that were not answered with 200. */
  refused: number;
  /** Answers of `/readyz` other than 200 with the status `ready`. */
  notReady: string;
  ready: Quantiles;
  snapshots: Quantiles;
  /** From the post to the reader. */
  events: Quantiles;
  /** The highest 99th percentile of how late the event loop was, in milliseconds. Undefined for a step shorter than the metric. */
  lateMs: number | undefined;
  /** CPU as a share of one core. */
  server: number;
  store: number;
}

const endedChannels = 10_000;
const liveChannels = 12;
const pagesPerSecond = 200;
const readers = 100;
const postsPerSecond = 5;
const looksPerSecond = 5;
/** Appends in flight while the channels are created. */
const atOnce = 2_000;
/** The metric describes at most so much time before a scrape. */
const lagWindowsMs = 2 * monitoring.lagWindowMs;
const scrapeMs = 5_000;

const renderer = createRenderer({ publicUrl: 'https://live.example.org' });

/** `named`: only steps whose name contains this. */
export async function measureLists(plan: Plan, named = ''): Promise<ListFigures[]> {
  const dataDir = await mkdtemp(join(plan.directory, 'lists-'));
  const redis = await startStore(plan.store);
  const shared = redis && { PRESSBOX_REDIS_URL: redis.url, PRESSBOX_WORKERS: String(plan.workers) };
  try {
    plan.say(`creating ${endedChannels} ended channels`);
    const engine = redis
      ? await openRedis({ urls: [redis.url], minReplicas: 0, allowUnsafe: false, renderer })
      : await openSqlite({ dataDir, renderer });
    await seed(engine);
    await engine.close();
    await using server = await startServerProcess({
      dataDir,
      env: { PRESSBOX_LOG_LEVEL: 'info', PRESSBOX_TRUST_PROXY: 'loopback', ...shared },
    });
    await using crowds = startCrowds(1);
    await using requests = startWorker(new URL('../load/page-requests.ts', import.meta.url));
    await using looks = startWorker(new URL('../load/page-requests.ts', import.meta.url));
    const token = await server.token();
    await crowds.each<void>('connectReaders', readers, { transport: 'socket', url: server.url, channelId: 'live-0' });

    const measure = async (what: string, path: string, headers: Record<string, string>, perSecond = pagesPerSecond) => {
      plan.say(what);
      await pause(settleMs);
      await crowds.each<Received>('received', 0);
      const before = [cpuSeconds(server.pid), redis ? cpuSeconds(redis.pid) : 0];
      const ask = (worker: typeof looks, request: Omit<PageRequests, 'forMs'>) =>
        worker.call<PageAnswers>('request', { ...request, forMs: plan.listsForMs } satisfies PageRequests);
      const url = (at: string) => `${server.url}${at}`;
      const look = { perSecond: looksPerSecond, headers: {} };
      const [pages, ready, snapshots, lateMs] = await Promise.all([
        ask(requests, { url: url(path), perSecond, headers }),
        ask(looks, { url: url('/readyz'), ...look }),
        ask(looks, { url: url('/v1/channels/live-0/snapshot'), ...look }),
        worstLag(server.url, plan.listsForMs),
        publishFor(server, { channelId: 'live-0', token, postsPerSecond, forMs: plan.listsForMs }),
      ]);
      const after = [cpuSeconds(server.pid), redis ? cpuSeconds(redis.pid) : 0];
      await pause(settleMs);
      const received = await crowds.each<Received>('received', 0);
      const share = (at: number) => ((after[at]! - before[at]!) * 1_000) / plan.listsForMs;
      const refused = Object.entries(pages.statuses).reduce((sum, [status, n]) => sum + (status === '200' ? 0 : n), 0);
      return {
        what,
        pages: quantilesOf(pages.latency),
        refused,
        notReady: ready.unexpected ?? '',
        ready: quantilesOf(ready.latency),
        snapshots: quantilesOf(snapshots.latency),
        events: quantilesOf(merged(received.map(({ latency }) => latency))),
        lateMs,
        server: share(0),
        store: share(1),
      };
    };

    const gzip = { 'accept-encoding': 'gzip' };
    const editor = { cookie: await signIn(server.url, token) };
    const figures: ListFigures[] = [];
    const step = async (...[what, ...rest]: Parameters<typeof measure>) => {
      if (what.includes(named)) figures.push(await measure(what, ...rest));
    };
    await step('one front page, the first after the start', '/', gzip, 1_000 / plan.listsForMs);
    await step('no front pages', '/', gzip, 0);
    await step('front pages', '/', gzip);
    await step('front pages of an editor', '/', editor);
    await step('live channels by creation', '/v1/channels?state=live', gzip);
    await step('all channels by creation', '/v1/channels', gzip);
    if (redis) {
      // An id of an earlier version, which does not keep the index.
      await redis.admin.zadd(registry.nodes, Date.now() + 3_600_000, 'a-node-of-before');
      await step('front pages beside a node of an earlier version', '/', gzip);
    }
    return figures;
  } finally {
    await redis?.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** The cookie of a session. Pages take no token. */
async function signIn(url: string, token: string): Promise<string> {
  const { headers } = await fetch(`${url}/v1/session`, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
  return headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
}

/** The highest value of the metric in a step, scraped once its windows began within the step. */
async function worstLag(url: string, forMs: number): Promise<number | undefined> {
  let worstMs: number | undefined;
  for (let atMs = lagWindowsMs; atMs <= forMs; atMs += scrapeMs) {
    await pause(atMs === lagWindowsMs ? lagWindowsMs : scrapeMs);
    const text = await (await fetch(`${url}/metrics`)).text();
    const seconds = Number(/^nodejs_eventloop_lag_p99_seconds (\S+)$/m.exec(text)?.[1]);
    worstMs = Math.max(worstMs ?? 0, seconds * 1_000);
  }
  return worstMs;
}

async function seed(engine: Engine): Promise<void> {
  const { body = '' } = postOf(1);
  const started = Date.parse('2026-01-01T00:00:00.000Z');
  const date = (number: number) => new Date(started + number * 60_000).toISOString();
  const create = async (number: number) => {
    const isEnded = number >= liveChannels;
    const id = isEnded ? `ended-${number}` : `live-${number}`;
    const creation = channelCreation(id);
    const at = date(number);
    const [entry] = creation.entries;
    const dates = { createdAt: at, startedAt: at, ...(isEnded && { state: 'ended', endedAt: at }) };
    if (entry?.type === 'channel.changed') Object.assign(entry.channel, { id, ...dates });
    await engine.append(id, creation);
    const html = renderer.render(body, { channelId: id });
    for (let post = 0; post < (isEnded ? 0 : 20); post += 1)
      await engine.append(id, postPublication(id, { headline: `Update ${post}`, body, html }));
  };
  let next = 0;
  const inTurn = async () => {
    while (next < endedChannels + liveChannels) await create(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, inTurn));
}

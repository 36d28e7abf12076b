import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine } from '../../src/journal/engine.ts';
import { openRedis } from '../../src/journal/redis/index.ts';
import { openSqlite } from '../../src/journal/sqlite/index.ts';
import { createRenderer } from '../../src/newsroom/render.ts';
import { emptyHistogram, type Histogram, record } from '../histogram.ts';
import { channelCreation, postPublication } from './append-requests.ts';
import { postOf } from './sample-post.ts';
import { answerCalls, monotonicMs } from './worker.ts';

/**
 * Measures the engine alone: appends of finished posts, without HTTP, tokens, rules and rendering. An append counts once it is
 * synced.
 */
export interface EngineRequest {
  /** A directory, in which the engine creates its own directory, or a Redis. */
  store: { directory: string } | { redisUrl: string };
  /** Concurrent appends. */
  writers: number;
  forMs: number;
}

export interface EngineResult {
  appends: number;
  tookMs: number;
  latency: Histogram;
  /** CPU time of all threads of this process. */
  cpuSeconds: number;
}

const channelId = 'bench';

answerCalls({ open, append, close });

const renderer = createRenderer({ publicUrl: 'https://live.example.org' });
let engine: Engine;
let letGo: () => Promise<void>;

async function open({ store, writers, forMs }: EngineRequest): Promise<void> {
  ({ engine, letGo } = await openOn(store));
  await engine.append(channelId, channelCreation(channelId));
  // The first appends warm up the code.
  await append({ store, writers, forMs: forMs / 4 });
}

async function close(): Promise<void> {
  await engine.close();
  await letGo();
}

async function append({ writers, forMs }: EngineRequest): Promise<EngineResult> {
  const { body = '' } = postOf(1);
  const html = renderer.render(body, { channelId });
  const latency = emptyHistogram();
  const cpuBefore = process.cpuUsage();
  const began = monotonicMs();
  let appends = 0;
  const writer = async () => {
    while (monotonicMs() - began < forMs) {
      const request = postPublication(channelId, { headline: `Update ${appends}`, body, html });
      appends += 1;
      const sent = monotonicMs();
      const { status } = await engine.append(channelId, request);
      if (status !== 'appended') throw new Error(`An append returned ${status}.`);
      record(latency, monotonicMs() - sent);
    }
  };
  await Promise.all(Array.from({ length: writers }, writer));
  const { user, system } = process.cpuUsage(cpuBefore);
  return { appends, tookMs: monotonicMs() - began, latency, cpuSeconds: (user + system) / 1e6 };
}

async function openOn(store: EngineRequest['store']): Promise<{ engine: Engine; letGo: () => Promise<void> }> {
  if ('redisUrl' in store) {
    const engine = await openRedis({ urls: [store.redisUrl], minReplicas: 0, allowUnsafe: false, renderer });
    return { engine, letGo: async () => {} };
  }
  const dataDir = await mkdtemp(join(store.directory, 'engine-'));
  return { engine: await openSqlite({ dataDir, renderer }), letGo: () => rm(dataDir, { recursive: true, force: true }) };
}

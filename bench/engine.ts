import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { createRenderer } from '../src/desk/render.ts';
import { openEmbedded } from '../src/engine/embedded/index.ts';
import type { AppendRequest } from '../src/engine/engine.ts';
import { aChannel, anAuthorPost } from '../test/support/samples.ts';
import { emptyHistogram, type Histogram, record } from './histogram.ts';
import { postOf } from './text.ts';
import { answerCalls, monotonicMs } from './worker.ts';

/** The engine alone: appends of finished posts, without HTTP, tokens, rules and rendering. Each is synced before it counts. */
export interface EngineAsk {
  /** A temporary data directory is made in it. */
  directory: string;
  /** Appends under way at once. */
  writers: number;
  forMs: number;
}

export interface EngineAnswer {
  appends: number;
  tookMs: number;
  latency: Histogram;
}

const channelId = 'bench';

answerCalls({ append });

async function append({ directory, writers, forMs }: EngineAsk): Promise<EngineAnswer> {
  const dataDir = await mkdtemp(join(directory, 'engine-'));
  const renderer = createRenderer({ publicUrl: 'https://live.example.org' });
  const engine = await openEmbedded({ dataDir, renderer });
  try {
    await engine.append(channelId, creation());
    const { body = '' } = postOf(1);
    const html = renderer.render(body, { channelId });
    const latency = emptyHistogram();
    const began = monotonicMs();
    let appends = 0;
    const writer = async () => {
      while (monotonicMs() - began < forMs) {
        const request = publication(body, html, appends);
        appends += 1;
        const sent = monotonicMs();
        const { status } = await engine.append(channelId, request);
        if (status !== 'appended') throw new Error(`An append was answered ${status}.`);
        record(latency, monotonicMs() - sent);
      }
    };
    await Promise.all(Array.from({ length: writers }, writer));
    return { appends, tookMs: monotonicMs() - began, latency };
  } finally {
    await engine.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

function facts(): { request: AppendRequest['request']; at: string } {
  return { request: { id: randomUUID(), digest: '0'.repeat(64) }, at: new Date().toISOString() };
}

function creation(): AppendRequest {
  const { request, at } = facts();
  return {
    request,
    decidedOn: { channel: 0, posts: {} },
    entries: [
      {
        type: 'channel.changed',
        at,
        by: 'bench',
        kind: null,
        listed: false,
        channel: aChannel({ id: channelId, headline: 'A day at the harbour', createdAt: at, startedAt: at }),
      },
    ],
  };
}

function publication(body: string, html: string, number: number): AppendRequest {
  const { request, at } = facts();
  const id = uuidv7();
  const sample = { id, channelId, headline: `Update ${number}`, body, html, publishedAt: at, publishedBy: 'bench' };
  const { seq: _seq, ...post } = anAuthorPost(sample);
  return {
    request,
    decidedOn: { channel: 1, posts: { [id]: 0 } },
    entries: [
      {
        type: 'post.published',
        at,
        by: 'bench',
        kind: null,
        listed: false,
        post,
      },
    ],
  };
}

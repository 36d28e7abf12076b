import { createServer } from 'node:net';
import type { RedisEngine } from '../../src/journal/redis/index.ts';
import { openRedis } from '../../src/journal/redis/index.ts';
import { createRenderer } from '../../src/newsroom/render.ts';
import { channelCreation, postPublication } from '../load/append-requests.ts';
import { answerCalls } from '../load/worker.ts';

/**
 * Publishes to the measured node as another node would: it appends to the same Redis and announces there. Each line on its port
 * is a post, `{"channel", "title", "body"}`. Lines that arrive together are appended together, in order.
 */
answerCalls({ open });

const renderer = createRenderer({ publicUrl: 'https://live.example.org' });
let engine: RedisEngine;

export interface OpenAsk {
  redisUrl: string;
  channels: number;
}

async function open({ redisUrl, channels }: OpenAsk): Promise<{ port: number }> {
  engine = await openRedis({ urls: [redisUrl], minReplicas: 0, allowUnsafe: false, renderer });
  for (let number = 0; number < channels; number += 1) await engine.append(`c${number}`, channelCreation(`c${number}`));
  const server = createServer((socket) => {
    let rest = '';
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('error', () => {});
    socket.on('data', (data) => {
      const lines = (rest + data).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) publish(line);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as { port: number }).port };
}

function publish(line: string): void {
  const { channel, title, body } = JSON.parse(line) as { channel: string; title: string; body: string };
  const html = renderer.render(body, { channelId: channel });
  engine.append(channel, postPublication(channel, { headline: title, body, html })).then(({ status }) => {
    if (status !== 'appended') throw new Error(`An append was answered ${status}.`);
  });
}

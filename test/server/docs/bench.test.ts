import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { readResultLines } from '../../../bench/peers/results/result-lines.ts';
import { runSession } from '../../../bench/peers/sessions.ts';
import { startSink } from '../../../bench/peers/sink.ts';
import { subjects } from '../../../bench/peers/subjects.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';

/** The load generator counts what arrives and notices what is missing. No speed is asserted. */
describeWith(needs.compiler, 'the load generator of the benchmark', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'pressbox-bench-test-'));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it('counts every message of every reader, and notices a missing number', async () => {
    await using floor = await subjects.floor.start({ directory, channels: 1 });
    await using sink = startSink(['--n', 7, ...floor.reading, ...floor.publishing]);
    expect(await sink.ask('connect')).toMatchObject({ connected: 7 });
    expect(await sink.ask('burst 5 0.01')).toMatchObject({ order_err: 0, closed: 0 });
    const rate = await sink.ask('rate 100 0.2');
    expect(rate).toMatchObject({ published: 20, expected: 140, messages: 140, order_err: 0 });
    expect(rate.bytes).toBeGreaterThan(140 * 1_000);

    // A post from another publisher, with a number far ahead.
    const port = Number(String(floor.publishing[1]).split(':')[1]);
    const other = connect(port, '127.0.0.1');
    await once(other, 'connect');
    await sink.ask('watch "id":9000,');
    other.write(`{"id":9000,"t":${Date.now() * 1_000}}\n`);
    expect(await sink.ask('told 30')).toMatchObject({ complete: 7, of: 7 });
    other.destroy();
    expect((await sink.ask('rate 100 0.01')).order_err).toBe(7);
  });

  it('keeps a post in flight until the last reader has it', async () => {
    const readers = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    // Only the first reader gets the posts.
    const posts = createServer((socket) => {
      socket.on('data', (lines) => {
        const [first] = readers.clients;
        for (const post of lines.toString().split('\n').filter(Boolean)) first?.send(post);
      });
    });
    posts.listen(0, '127.0.0.1');
    await Promise.all([once(readers, 'listening'), once(posts, 'listening')]);
    try {
      const [port, postsPort] = [readers, posts].map((server) => (server.address() as AddressInfo).port) as [number, number];
      await using sink = startSink(['--n', 2, '--port', port, '--pub', `line:${postsPort}`, '--drain', 2]);
      expect(await sink.ask('connect')).toMatchObject({ connected: 2 });
      expect(await sink.ask('closed 2 0.2')).toMatchObject({ published: 2, messages: 2 });
    } finally {
      readers.close();
      posts.close();
    }
  });

  describeWith(needs.redis, 'with Redis', () =>
    it('shows that a returning reader gets a post that changed many times only once, in its current state', async () => {
      const lines = join(directory, 'lines.jsonl');
      const round = { name: 'one', directory, seconds: 1, enduranceSeconds: 1, lines, isPinned: false };
      await runSession({ subject: 'pressbox', readers: 20, crowd: 'bare', steps: ['changes'] }, round);
      const [connected, changes] = readResultLines(lines).measured;
      expect(connected).toMatchObject({ step: 'connect', figures: { connected: 20, failed: 0 } });
      expect(changes).toMatchObject({ step: 'changes', figures: { complete: 20, messages: 200, superseded: 0 } });
      // The second group of readers missed only the last change of the same posts.
      expect(changes?.figures.bytesRatio).toBeCloseTo(1, 1);
    }),
  );
});

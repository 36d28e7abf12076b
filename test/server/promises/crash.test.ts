import { describe, expect, it, vi } from 'vitest';
import type { Fetch } from '../../../client/lib/http.ts';
import { ReaderClient } from '../../../client/lib/reader-client.ts';
import { cover, expectWhole, seedOf } from '../../support/authors/busy-day.ts';
import { createChannel, publish } from '../../support/authors/writers.ts';
import { randomFrom } from '../../support/samples/random.ts';
import { startLine } from '../../support/servers/bad-line.ts';
import { startServerProcess } from '../../support/servers/process.ts';
import { startTestServer } from '../../support/servers/server.ts';

/** The process is killed while authors publish and readers read. Data in the kernel survives a kill; power.test.ts covers data that does not. */
describe('a server that is killed at any point of a thousand publications', () => {
  it('loses no acknowledged post, repeats none, and leaves its readers with all of them in order', async () => {
    const random = randomFrom(seedOf('crash'));
    await using server = await startServerProcess();
    const total = 1_000;
    const coverage = await cover({
      server,
      posts: total,
      authors: 8,
      readers: 3,
      strikes: 5,
      random,
      async strike() {
        await server.kill();
        if (random() < 0.5) {
          // Kill it once more while it opens the journal.
          const starting = server.start().catch(() => {});
          await new Promise((resolve) => setTimeout(resolve, random() * 600));
          await server.kill();
          await starting;
        }
        await server.start();
      },
    });
    expectWhole(coverage, total);
  });
});

describe('a reader', () => {
  it('reconnects if its connection is cut between the handshake and the first answer', async () => {
    await using server = await startTestServer();
    const { id } = await createChannel(server, await server.token());
    await using line = await startLine(server.url);
    // Cuts the line at the answer to the handshake. The answer after it names the socket.
    line.cutAfter = '"sid"';
    const reader = new ReaderClient({ url: line.url, channelId: id, random: () => 0 }).open();
    try {
      await vi.waitFor(() => expect(reader.state.status).toBe('live'));
      expect(line.cutAfter).toBeUndefined();
    } finally {
      reader.close();
    }
  });

  it('reports no reset if it is closed during a catch-up', async () => {
    await using server = await startTestServer();
    const token = await server.token();
    const { id } = await createChannel(server, token);
    const { cursor } = await publish(server, token, id, { headline: 'Seen' });
    await publish(server, token, id, { headline: 'Missed' });
    const asked = Promise.withResolvers<void>();
    const unanswered: Fetch = (_url, { signal }) => {
      asked.resolve();
      return new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
    };
    const reader = new ReaderClient({ url: server.url, channelId: id, cursor, fetch: unanswered });
    const states: string[] = [];
    reader.on('reset', () => states.push('reset'));
    reader.on('event', () => states.push('event'));
    reader.open();
    await asked.promise;
    reader.close();
    await new Promise((resolve) => setImmediate(resolve));
    expect(states).toEqual([]);
  });
});

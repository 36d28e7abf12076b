import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { reachedEnd } from '../../client/lib/timeline/timeline-model.ts';
import { needs } from '../../client/lib/timeline/timeline-pages.ts';
import { postKinds, type Snapshot, type Transport, transports } from '../../src/protocol/model.ts';
import { seedOf } from '../support/authors/busy-day.ts';
import { allPosts, createChannel, publish, read, write } from '../support/authors/writers.ts';
import { startWitness, type Witness } from '../support/readers/witnessed-reader.ts';
import { type Obstacles, startObstacles } from '../support/servers/blocking-proxy.ts';
import { startTestServer, type TestServer } from '../support/servers/server.ts';

/**
 * One sequence of writes and four readers: one on each transport, and one whose network blocks one transport after the other, so
 * that it switches midway. All are disconnected at random, and all end with the same timeline.
 */
const windowPosts = 5;
/** Generous, because no time is promised here. */
const patient = { timeout: 60_000, interval: 10 };

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

const which = fc.nat(999);
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('publish' as const), kind: fc.constantFrom(...postKinds), keyEvent: fc.boolean() }),
  },
  { weight: 10, arbitrary: fc.record({ do: fc.constant('correct' as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('retract' as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('take-down' as const), which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pin' as const), which }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('cut' as const), reader: fc.nat(3) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('block' as const),
      webSockets: fc.constantFrom('free' as const, 'refused' as const),
      streams: fc.constantFrom('free' as const, 'refused' as const),
    }),
  },
  { weight: 4, arbitrary: fc.constant({ do: 'let-come-back' as const }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('older' as const), reader: fc.nat(3) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** The transport that a reader uses, given which are blocked. */
const blocked = [
  ['socket', 'free', 'free'],
  ['poll', 'refused', 'refused'],
  ['stream', 'refused', 'free'],
] as const;

describe('a channel followed over a WebSocket, Server-Sent Events, polling, and all of them in turn', () => {
  it('gives the same timeline, byte for byte, and every event once and in order', async () => {
    const used = new Set<Transport>();
    // Uses every transport once, because the random choices below may leave one out.
    {
      await using day = await startDay(used);
      for (const [transport, webSockets, streams] of blocked) {
        await day.take({ do: 'block', webSockets, streams });
        await vi.waitFor(() => expect(used).toContain(transport), patient);
      }
      await day.end();
    }
    // No shrinking: the network does not follow the seed, so a smaller case may not fail.
    const options = { seed: seedOf('ways'), numRuns: 5, endOnFailure: true };
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 60, maxLength: 80 }), async (steps) => {
        await using day = await startDay(used);
        for (const next of steps) await day.take(next);
        await day.end();
      }),
      options,
    );
  }, 600_000);
});

async function startDay(used: Set<Transport>) {
  const token = await server.token();
  const { id: channelId } = await createChannel(server, token);
  const path = `/v1/channels/${channelId}`;
  const way: Obstacles = await startObstacles(server.url);
  const witnesses: Witness[] = [];
  for (const transport of transports) {
    witnesses.push(await startWitness(server.url, channelId, windowPosts, { transports: [transport] }));
  }
  const switching = await startWitness(way.url, channelId, windowPosts, { retryBetterMs: 100 });
  witnesses.push(switching);
  switching.client.on('state', (state) => {
    if (state.status === 'live') used.add(state.transport);
  });
  const posts: { id: string }[] = [];
  let count = 0;

  async function send(request: Parameters<typeof write>[2]): Promise<void> {
    try {
      await write(server, token, { ...request, key: `key-${count}` });
    } catch (error) {
      // A post that is already withdrawn is refused, as it should be.
      if (!/answered (400|409)/.test(String(error))) throw error;
    }
  }

  return {
    async take(step: Step): Promise<void> {
      count += 1;
      const chosen = 'which' in step ? posts[step.which % Math.max(1, posts.length)] : undefined;
      if ('which' in step && chosen === undefined) return;
      switch (step.do) {
        case 'publish': {
          const { kind, keyEvent } = step;
          const fields = { headline: `No. ${count}`, body: `Text ${count}`, kind, keyEvent };
          posts.push((await publish(server, token, channelId, fields, `key-${count}`)).post);
          return;
        }
        case 'correct': {
          const body = { kind: 'correction', note: `It was wrong before ${count}.`, changes: { body: `Text ${count}` } };
          return send({ path: `${path}/posts/${chosen?.id}/revisions`, body, ifMatch: '*' });
        }
        case 'retract':
          return send({ path: `${path}/posts/${chosen?.id}/retraction`, body: { note: 'It was wrong.' } });
        case 'take-down':
          return send({ path: `${path}/posts/${chosen?.id}/takedown`, body: {} });
        case 'pin':
          return send({ method: 'PATCH', path, body: { pinnedPostId: chosen?.id }, ifMatch: '*' });
        case 'cut': {
          const { line, pageLine } = witnesses[step.reader] as Witness;
          line.cut();
          pageLine.cut();
          return;
        }
        case 'block':
          way.webSockets = step.webSockets;
          way.streams = step.streams;
          // Connections of a blocked transport are closed.
          switching.line.cut();
          switching.pageLine.cut();
          return;
        case 'let-come-back':
          await vi.waitFor(() => expect(switching.client.state.status).toBe('live'), patient);
          return;
        case 'older':
          return (witnesses[step.reader] as Witness).attempt((client) => client.loadOlder(3));
      }
    },

    async end(): Promise<void> {
      await Promise.all(witnesses.map((witness) => witness.heal()));
      const snapshot = await read<Snapshot>(`${server.url}${path}/snapshot?limit=1`);
      const all = await allPosts(server, channelId);
      const { channel, cursor, pinned, summary, keyEvents } = snapshot;
      const expected = JSON.stringify({ channel, cursor, posts: all, pinned, summary, keyEvents });
      for (const witness of witnesses) {
        await vi.waitFor(() => {
          const { timeline, state } = witness.client;
          expect({ status: state.status, cursor: timeline?.cursor, open: timeline && needs(timeline) }).toEqual({
            status: 'live',
            cursor,
            open: [],
          });
        }, patient);
        while (!reachedEnd(witness.client.timeline!)) await witness.client.loadOlder(50);
        const held = witness.client.timeline!;
        expect(
          JSON.stringify({
            channel: held.channel,
            cursor: held.cursor,
            posts: held.posts,
            pinned: held.pinned,
            summary: held.summary,
            keyEvents: held.keyEvents,
          }),
        ).toBe(expected);
        expect(witness.faults).toEqual([]);
      }
    },

    async [Symbol.asyncDispose]() {
      for (const witness of witnesses) await witness[Symbol.asyncDispose]();
      await way[Symbol.asyncDispose]();
    },
  };
}

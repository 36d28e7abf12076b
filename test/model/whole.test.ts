import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { reachedEnd } from '../../client/lib/timeline/timeline-model.ts';
import { needs } from '../../client/lib/timeline/timeline-pages.ts';
import { postKinds, type ReaderPost, readerView, revisionKinds, type Snapshot } from '../../src/protocol/model.ts';
import { seedOf } from '../support/authors/busy-day.ts';
import { allPosts, createChannel, publish, read, type Write, type Written, write } from '../support/authors/writers.ts';
import { startWitness, type Witness } from '../support/readers/witnessed-reader.ts';
import { startTestServer, type TestServer } from '../support/servers/server.ts';

/**
 * End to end: a real server, authors who use every operation, and real clients behind networks that disconnect, delay and stall,
 * while they page up and down. Each client ends with exactly what the server holds.
 */
const readers = 3;
/** Small, so that most posts are outside the window and have to be paged. */
const windowPosts = 4;
/** Generous, because no time is promised here. */
const patientMs = 60_000;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

const which = fc.nat(999);
const reader = fc.nat(readers - 1);
const word = fc.string({ unit: fc.constantFrom(...'abc <&"*_é漢🌕'), minLength: 1, maxLength: 12 });
const note = fc.constantFrom('It was wrong.', 'It was unclear.', 'Zahlen berichtigt — 漢');

/** `together`: the next step does not wait for this one. */
const together = fc.boolean();
const writes = {
  publish: fc.record({
    do: fc.constant('publish' as const),
    together,
    kind: fc.constantFrom(...postKinds),
    keyEvent: fc.boolean(),
    text: word,
  }),
  revise: fc.record({
    do: fc.constant('revise' as const),
    together,
    which,
    kind: fc.constantFrom(...revisionKinds),
    note,
    text: word,
    becomes: fc.option(fc.constantFrom(...postKinds)),
    eraseEarlier: fc.boolean(),
  }),
  retract: fc.record({ do: fc.constant('retract' as const), together, which, note }),
  takeDown: fc.record({ do: fc.constant('take-down' as const), together, which }),
  pin: fc.record({ do: fc.constant('pin' as const), together, which: fc.option(which) }),
  channel: fc.record({ do: fc.constant('channel' as const), together, text: word, note }),
};
const readings = {
  cut: fc.record({ do: fc.constant('cut' as const), reader }),
  stall: fc.record({ do: fc.constant('stall' as const), reader, pages: fc.boolean() }),
  flow: fc.record({ do: fc.constant('flow' as const), reader }),
  delay: fc.record({ do: fc.constant('delay' as const), reader, lineMs: fc.nat(20), pagesMs: fc.nat(400) }),
  older: fc.record({ do: fc.constant('older' as const), reader, limit: fc.integer({ min: 1, max: 6 }) }),
  newer: fc.record({ do: fc.constant('newer' as const), reader, limit: fc.integer({ min: 1, max: 6 }) }),
  move: fc.record({ do: fc.constant('move' as const), reader, which: fc.option(which), limit: fc.integer({ min: 1, max: 6 }) }),
  reload: fc.record({
    do: fc.constant('reload' as const),
    reader,
    keep: fc.constantFrom('timeline' as const, 'cursor' as const),
  }),
};
const step = fc.oneof(
  { weight: 12, arbitrary: writes.publish },
  { weight: 12, arbitrary: writes.revise },
  { weight: 2, arbitrary: writes.retract },
  { weight: 2, arbitrary: writes.takeDown },
  { weight: 5, arbitrary: writes.pin },
  { weight: 2, arbitrary: writes.channel },
  { weight: 6, arbitrary: readings.cut },
  { weight: 2, arbitrary: readings.stall },
  { weight: 3, arbitrary: readings.flow },
  { weight: 4, arbitrary: readings.delay },
  { weight: 8, arbitrary: readings.older },
  { weight: 2, arbitrary: readings.newer },
  { weight: 2, arbitrary: readings.move },
  { weight: 2, arbitrary: readings.reload },
  { weight: 1, arbitrary: fc.constant({ do: 'restart' as const }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;
type AuthorStep = Extract<Step, { together: boolean }>;
type ReaderStep = Extract<Step, { reader: number }>;

describe('readers who are disconnected at random while posts are published, corrected and withdrawn', () => {
  it('end in the state of the server, byte for byte, and never apply a change twice or show superseded text', async () => {
    const seed = seedOf('whole');
    // No shrinking: the network and the processes do not follow the seed, so a smaller case may not fail.
    const options = { seed, numRuns: 12, endOnFailure: true };
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 50, maxLength: 90 }), async (steps) => {
        await using day = await startDay();
        for (const next of steps) await day.take(next);
        await day.end();
      }),
      options,
    );
  }, 600_000);
});

async function startDay() {
  const token = await server.token();
  const { id: channelId } = await createChannel(server, token);
  const channelPath = `/v1/channels/${channelId}`;
  const witnesses: Witness[] = [];
  // Over sockets. Pages use a slower line. `ways.test.ts` covers the other transports.
  const over = { transports: ['socket'] } as const;
  for (let number = 0; number < readers; number += 1)
    witnesses.push(await startWitness(server.url, channelId, windowPosts, over));
  /** The reader's view of each acknowledged post, by `id@revision`. */
  const told = new Map<string, string>();
  const posts: { id: string; seq: number }[] = [];
  let last: { id: string } | undefined;
  let underWay: Promise<unknown>[] = [];
  let count = 0;

  async function author(step: AuthorStep): Promise<void> {
    count += 1;
    const body = `${count} ${'text' in step ? step.text : ''}`;
    const chosen = 'which' in step && step.which !== null ? choose(step.which) : undefined;
    const path = `${channelPath}/posts/${chosen?.id}`;
    switch (step.do) {
      case 'publish': {
        const { kind, keyEvent } = step;
        const written = await publish(
          server,
          token,
          channelId,
          { headline: `No. ${count}`, body, kind, keyEvent },
          `key-${count}`,
        );
        posts.push(written.post);
        return keep(written);
      }
      case 'revise': {
        const { kind, note: said, eraseEarlier, becomes } = step;
        const changes = { body, ...(becomes === null ? {} : { kind: becomes }) };
        return send({ path: `${path}/revisions`, body: { kind, note: said, changes, eraseEarlier }, ifMatch: '*' });
      }
      case 'retract':
        return send({ path: `${path}/retraction`, body: { note: step.note } });
      case 'take-down':
        return send({ path: `${path}/takedown`, body: {} });
      case 'pin':
        return send({ method: 'PATCH', path: channelPath, body: { pinnedPostId: chosen?.id ?? null }, ifMatch: '*' });
      case 'channel': {
        const change = { kind: 'correction', note: step.note };
        return send({ method: 'PATCH', path: channelPath, body: { headline: `Day ${body}`, change }, ifMatch: '*' });
      }
    }

    /** A post that is withdrawn or does not exist yet is refused, as it should be. */
    async function send(command: Write): Promise<void> {
      if (chosen === undefined && command.path.includes('/undefined')) return;
      try {
        keep(await write(server, token, { ...command, key: `key-${count}-${command.path}` }));
      } catch (error) {
        if (!/answered (400|409)/.test(String(error))) throw error;
      }
    }

    function keep({ post }: Written): void {
      if (post !== undefined) told.set(`${post.id}@${post.revision}`, JSON.stringify(readerView(post)));
    }
  }

  /** Now and then the same post again, so that it changes while a reader requests it. */
  function choose(which: number): { id: string } | undefined {
    if (which % 3 !== 0) last = posts[which % Math.max(1, posts.length)];
    return last;
  }

  function readAs(step: ReaderStep): void {
    const witness = witnesses[step.reader]!;
    const { line, pageLine } = witness;
    switch (step.do) {
      case 'cut':
        line.cut();
        return;
      case 'stall':
        (step.pages ? pageLine : line).stalled = true;
        return;
      case 'flow':
        line.stalled = false;
        pageLine.stalled = false;
        return;
      case 'delay':
        line.delayMs = step.lineMs;
        pageLine.delayMs = step.pagesMs;
        return;
      case 'older':
        return witness.attempt((client) => client.loadOlder(step.limit));
      case 'newer':
        return witness.attempt((client) => client.loadNewer(step.limit));
      case 'move': {
        const before = step.which === null ? null : (posts[step.which % Math.max(1, posts.length)]?.seq ?? null);
        return witness.attempt((client) => client.moveTo(before, step.limit));
      }
      case 'reload':
        return witness.reload(step.keep);
    }
  }

  return {
    async take(step: Step): Promise<void> {
      if ('reader' in step) return readAs(step);
      if (step.do === 'restart') {
        await Promise.all(underWay);
        underWay = [];
        await server.restart();
        return;
      }
      underWay.push(author(step));
      if (step.together && underWay.length < 6) return;
      await Promise.all(underWay);
      underWay = [];
    },

    async end(): Promise<void> {
      await Promise.all(underWay);
      await Promise.all(witnesses.map((witness) => witness.heal()));
      const snapshot = await read<Snapshot>(`${server.url}${channelPath}/snapshot?limit=1`);
      const all = await allPosts(server, channelId);
      for (const witness of witnesses) {
        await settled(witness, snapshot.cursor);
        expectSame(witness, snapshot, all);
        // Loads the posts that the client had not paged to yet.
        for (let more = witness.client.timeline?.ceiling !== null; more; ) more = await witness.client.loadNewer(10);
        for (let more = !reachedEnd(witness.client.timeline!); more; ) more = await witness.client.loadOlder(10);
        expect(witness.client.timeline?.posts).toHaveLength(all.length);
        expectSame(witness, snapshot, all);
        expect(witness.faults).toEqual([]);
        for (const [name, json] of told) expect(witness.shown.get(name) ?? json).toBe(json);
      }
    },

    async [Symbol.asyncDispose]() {
      await Promise.allSettled(underWay);
      for (const witness of witnesses) await witness[Symbol.asyncDispose]();
    },
  };
}

/** Waits until the client is live, at the head, and has nothing left to request. */
async function settled({ client, faults }: Witness, cursor: string): Promise<void> {
  await vi.waitFor(() => {
    const { timeline, state } = client;
    const open = timeline === undefined ? 'everything' : needs(timeline);
    expect({ status: state.status, cursor: timeline?.cursor, open, faults }).toEqual({
      status: 'live',
      cursor,
      open: [],
      faults: [],
    });
  }, patientMs);
}

function expectSame({ client }: Witness, snapshot: Snapshot, all: readonly ReaderPost[]): void {
  const { posts, channel, pinned, summary, keyEvents, floor, ceiling } = client.timeline!;
  const covered = all.filter(({ seq }) => seq >= floor && (ceiling === null || seq <= ceiling));
  expect(JSON.stringify(posts)).toBe(JSON.stringify(covered));
  expect(JSON.stringify(channel)).toBe(JSON.stringify(snapshot.channel));
  expect(JSON.stringify(pinned)).toBe(JSON.stringify(snapshot.pinned));
  expect(JSON.stringify(summary)).toBe(JSON.stringify(snapshot.summary));
  expect(JSON.stringify(keyEvents)).toBe(JSON.stringify(snapshot.keyEvents));
}

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import {
  type CatchUp,
  type Channel,
  type Correction,
  type Counts,
  isWithdrawn,
  type ReaderPost,
} from '../../../src/protocol/model.ts';
import { catchUpSchema } from '../../../src/protocol/schemas.ts';
import { type BusyChannel, makeBusy } from '../../support/authors/busy-channel.ts';
import { seedOf } from '../../support/authors/busy-day.ts';
import { allPosts, createChannel, publish, read } from '../../support/authors/writers.ts';
import { faultsOfCatchUp, openReader, type SocketReader } from '../../support/readers/socket-reader.ts';
import { seeded } from '../../support/samples/random.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';

/** Catch-up: what changed since a cursor, each post once and in its latest state (promises 2 to 4). */

let server: TestServer;
let editor: string;
let busy: BusyChannel;
let holder: SocketReader;
let cursorAt0: string;
let posts: ReaderPost[];
let channel: Channel;
/** Counted from the posts and corrections that a reader can page through. */
let counts: Counts;
const random = seeded(seedOf('catch-up'));

beforeAll(async () => {
  server = await startTestServer();
  editor = await server.token();
  holder = await openReader(server.url);
  busy = await makeBusy(server, editor, { posts: 500, changed: 50, withdrawn: 5, random, opened: (id) => holder.subscribe(id) });
  posts = await allPosts(server, busy.id);
  channel = await read(`${server.url}/v1/channels/${busy.id}`);
  const published = posts.filter((post) => !isWithdrawn(post));
  const keyEvents = published.filter(({ keyEvent }) => keyEvent).length;
  counts = { posts: published.length, keyEvents, corrections: await countCorrections() };
  const head = busy.cursors.get(busy.head)!;
  // A valid cursor that no answer contains: everything after offset 0. Its check is the one before the first announcement.
  const [epoch] = head.split('.');
  const id = 'from-the-start';
  const before = Promise.withResolvers<string>();
  await server.server.engine.subscribe(
    id,
    (heard) => heard.type === 'entry' && before.resolve(`${heard.epoch}.0.${heard.before}`),
  );
  await createChannel(server, editor, { id });
  cursorAt0 = await before.promise;
  expect(cursorAt0.split('.')[0]).not.toBe(epoch);
});
afterAll(async () => {
  holder.destroy();
  await server[Symbol.asyncDispose]();
});

async function countCorrections(): Promise<number> {
  for (let count = 0, before = ''; ; ) {
    const { body } = await call(`${server.url}/v1/channels/${busy.id}/corrections?limit=100${before}`);
    const { corrections, more } = body as { corrections: Correction[]; more: boolean };
    count += corrections.length;
    if (!more) return count;
    before = `&before=${corrections.at(-1)?.offset}`;
  }
}

/** Catches up over HTTP, and checks the answer by its schema. */
async function overHttp(after: string | undefined, limit?: number, id = busy.id): Promise<{ said: CatchUp; text: string }> {
  const query = new URLSearchParams({
    ...(after === undefined ? {} : { after }),
    ...(limit === undefined ? {} : { limit: `${limit}` }),
  });
  const { status, text, body } = await call(`${server.url}/v1/channels/${id}/events?${query}`);
  expect(status).toBe(200);
  return { said: body as CatchUp, text };
}

/** Repeats until `more` is false. Returns all events together and the number of answers. */
async function wholeOverHttp(after: string, limit: number): Promise<{ said: Replay; text: string; pages: number }> {
  const first = await overHttp(after, limit);
  const said = first.said as Replay;
  let { text } = first;
  let pages = 1;
  for (; said.more; pages += 1) {
    const { said: next, text: nextText } = await overHttp(said.cursor, limit);
    if (next.mode !== 'replay') throw new Error('no replay');
    expect(next.covers.after).toBe(said.covers.to);
    expect(faultsOfCatchUp(next)).toEqual([]);
    const { cursor, more, covers, counts } = next;
    Object.assign(said, { cursor, more, counts, covers: { after: said.covers.after, to: covers.to } });
    said.events.push(...next.events);
    text += nextText;
  }
  return { said, text, pages };
}

type Replay = Extract<CatchUp, { mode: 'replay' }>;

async function resets(): Promise<number> {
  const { text } = await call(`${server.url}/metrics`);
  return Number(/^pressbox_catch_ups_total\{mode="reset"\} (\d+)$/m.exec(text)?.[1]);
}

/** Catches up over a new socket. */
async function overSocket(after: string | undefined, posts?: number): Promise<{ said: CatchUp; text: string }> {
  using reader = await openReader(server.url);
  const { ok, ...said } = await reader.subscribe(busy.id, after, posts);
  expect(ok).toBe(true);
  return { said: said as CatchUp, text: reader.bytes.toString() };
}

/** The state of a client at an offset after a replay. */
function broughtUp(offset: number, said: CatchUp): { posts: ReaderPost[]; channel: Channel } {
  if (said.mode !== 'replay') throw new Error('no replay');
  const held = busy.postsAt(offset);
  let channel = busy.channelAt(offset);
  for (const event of said.events) {
    if (event.type === 'channel.changed') channel = event.channel;
    else held.set(event.post.id, event.post);
  }
  return { posts: [...held.values()].sort((a, b) => b.seq - a.seq), channel };
}

/** Offsets spread over the channel, including both ends. */
function someOffsets(step: number): number[] {
  const all = [...busy.cursors.keys()].sort((a, b) => a - b);
  return all.filter((offset, index) => index < 3 || index % step === 0 || offset > busy.head - 3);
}

const grounds = [
  ['from the tail of a channel stream that was open all along', async () => expect(holder.isOpen).toBe(true)],
  [
    'from the journal, of a server that has just started',
    async () => {
      holder.destroy();
      await server.restart();
    },
  ],
] as const;

describe.each(grounds)('a catch-up %s', (_name, prepare) => {
  beforeAll(prepare);

  it('has each post once over HTTP, without superseded or withdrawn text, and covers the range it states', async () => {
    for (const offset of someOffsets(9)) {
      const { said, text } = await wholeOverHttp(busy.cursors.get(offset)!, 1_000);
      expect(said).toEqual(catchUpSchema.parse(said));
      expect(said).toMatchObject({ mode: 'replay', reset: false, more: false, covers: { after: offset, to: busy.head } });
      expect(said.cursor).toBe(busy.cursors.get(busy.head));
      expect(said.counts).toEqual(counts);
      expect(faultsOfCatchUp(said), `after ${offset}`).toEqual([]);
      expect(busy.staleMarks(text), `after ${offset}`).toEqual([]);
      expect(broughtUp(offset, said), `after ${offset}`).toEqual({ posts, channel });
    }
  });

  it('is the same over a socket', async () => {
    for (const offset of someOffsets(25)) {
      const { said, text } = await overSocket(busy.cursors.get(offset)!);
      expect(said).toEqual((await overHttp(busy.cursors.get(offset)!, 1_000)).said);
      expect(busy.staleMarks(text), `after ${offset}`).toEqual([]);
    }
  });

  it('with a limit comes in pages that together are complete', async () => {
    for (const limit of [1, 7, 50]) {
      const start = someOffsets(1).find((offset) => limit > 1 || offset > busy.head - 40)!;
      const { said, text, pages } = await wholeOverHttp(busy.cursors.get(start)!, limit);
      expect(busy.staleMarks(text)).toEqual([]);
      const whole = await wholeOverHttp(busy.cursors.get(start)!, 1_000);
      expect(said).toEqual(whole.said);
      expect(said.covers.to).toBe(busy.head);
      expect(pages).toBe(Math.ceil(said.events.length / limit));
      expect(whole.pages).toBeLessThan(10);
    }
  });

  it('without a cursor is a snapshot, and its pages are complete', async () => {
    const { said, text } = await overHttp(undefined);
    expect(said).toEqual(catchUpSchema.parse(said));
    expect(said).toMatchObject({ mode: 'snapshot', reset: false, covers: { after: 0, to: busy.head }, more: false });
    if (said.mode !== 'snapshot') throw new Error('no snapshot');
    expect(said.snapshot).toMatchObject({ channel, counts, posts: posts.slice(0, 20), more: true, cursor: said.cursor });
    expect(said.counts).toEqual(counts);
    expect(busy.staleMarks(text)).toEqual([]);
    expect((await overSocket(undefined, 50)).said).toMatchObject({ mode: 'snapshot', snapshot: { posts: posts.slice(0, 50) } });
  });

  it('is empty at the head, and complete from offset 0', async () => {
    const head = busy.cursors.get(busy.head)!;
    const nothing = { covers: { after: busy.head, to: busy.head }, cursor: head, counts, events: [] };
    expect((await overHttp(head)).said).toMatchObject(nothing);
    const { said } = await overHttp(cursorAt0, 1_000, 'from-the-start');
    expect(said).toMatchObject({
      mode: 'replay',
      covers: { after: 0, to: 1 },
      events: [{ from: 1, offset: 1, type: 'channel.changed' }],
    });
  });

  it('from a cursor of another history is a reset, never "nothing new"', async () => {
    const [epoch, offset, check] = busy.cursors.get(busy.head)!.split('.') as [string, string, string];
    const foreign = [
      cursorAt0,
      `${'0'.repeat(12)}.${offset}.${check}`,
      `${epoch}.${busy.head + 1}.${check}`,
      `${epoch}.${Number.MAX_SAFE_INTEGER}.${check}`,
      `${epoch}.${offset}.${'0'.repeat(16)}`,
      `${epoch}.${busy.head - 1}.${check}`,
      `${epoch}.0.${check}`,
    ];
    const before = await resets();
    for (const after of foreign) {
      for (const { said } of [await overHttp(after), await overSocket(after)]) {
        expect(said, after).toMatchObject({ mode: 'snapshot', reset: true, covers: { after: 0, to: busy.head }, more: false });
      }
    }
    // Operators see by this metric that an older journal was restored.
    expect(await resets()).toBe(before + 2 * foreign.length);
  });

  it('from a malformed cursor is refused', async () => {
    const [epoch, offset, check] = busy.cursors.get(busy.head)!.split('.') as [string, string, string];
    const garbage = [
      '',
      'x',
      `${epoch}.${offset}`,
      `${epoch}.0${offset}.${check}`,
      `${epoch}.-1.${check}`,
      `${epoch}.9007199254740993.${check}`,
      `${epoch}.${offset}.${check}.`,
      `${epoch.toUpperCase()}.${offset}.${check.toUpperCase()}X`,
      'a'.repeat(5_000),
    ];
    using reader = await openReader(server.url);
    for (const after of garbage) {
      const { status, body } = await call(`${server.url}/v1/channels/${busy.id}/events?after=${encodeURIComponent(after)}`);
      expect([status, (body as { code: string }).code], after).toEqual([400, 'invalid-cursor']);
      const said = await reader.subscribe(busy.id, after);
      expect(said, after).toMatchObject({ ok: false, problem: { code: 'invalid-cursor' } });
    }
  });
});

it('a catch-up continues live where its answer ends, from any cursor', async () => {
  const readers = await Promise.all(
    someOffsets(60).map(async (offset) => {
      const reader = await openReader(server.url);
      onTestFinished(() => reader.destroy());
      for (let after = busy.cursors.get(offset)!, more = true; more; ) {
        const said = await reader.subscribe(busy.id, after);
        if (!said.ok) throw new Error(said.problem.code);
        ({ cursor: after, more } = said);
      }
      return reader;
    }),
  );
  const { offset } = await publish(server, editor, busy.id, { headline: 'The latest' });
  for (const reader of readers) {
    await expect.poll(() => reader.heard('event')).toMatchObject([{ from: offset, offset }]);
  }
});

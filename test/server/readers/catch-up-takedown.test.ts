import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { seedOf } from '../../support/authors/busy-day.ts';
import { createChannel, publish, type Written, write, writeAndErase } from '../../support/authors/writers.ts';
import { followed, openReader, type SocketReader } from '../../support/readers/socket-reader.ts';
import { openStream } from '../../support/readers/stream-reader.ts';
import { seeded } from '../../support/samples/random.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';
import { watchWrites } from '../../support/servers/watch-writes.ts';
import { answerLate, troubleTheBus } from '../../support/stores/failing-engine.ts';

/**
 * Once the author of a takedown is answered, no text of the post leaves the server, not even in answers that were already being prepared.
 * The test watches bytes as they are handed to the kernel, since the order of two connections is unknown at the client.
 */

let server: TestServer;
let editor: string;
let sent: string[];
const random = seeded(seedOf('catch-up-takedown'));

beforeAll(async () => {
  server = await startTestServer();
  editor = await server.token();
});
afterAll(() => server[Symbol.asyncDispose]());

beforeEach(() => {
  sent = [];
  const port = Number(new URL(server.url).port);
  watchWrites(port, ({ bytes }) => sent.push(bytes.toString()));
  answerLate(server.server.engine, random, ['channel', 'catchUp', 'snapshot', 'post', 'posts', 'revisions', 'corrections'], 25);
});
afterEach(() => vi.restoreAllMocks());

const answersTakedown = (chunk: string) => chunk.includes('"erasure":{"complete":true');

/** Opens a stream and waits for its catch-up. */
async function streamBriefly(id: string, after?: string): Promise<void> {
  using stream = await openStream(server.url, id, after === undefined ? {} : { after });
  await vi.waitFor(() => expect(stream.heard('catchup')).toHaveLength(1), { interval: 2 });
}

/** Waits for a random number of turns of the event loop, which gives more interleavings than a timer. */
async function aMoment(most: number): Promise<void> {
  for (let turns = random.below(most); turns > 0; turns -= 1) await new Promise((resolve) => setImmediate(resolve));
}

async function round(number: number, how: 'takedown' | 'eraseEarlier', readers: SocketReader[]): Promise<void> {
  const { id } = await createChannel(server, editor);
  const path = `/v1/channels/${id}`;
  const first = await publish(server, editor, id, { headline: 'Stays' });
  const { cursor } = first;
  // In turn: a channel stream that is open with a tail, one that is open without a tail, and one that must be opened.
  if (number % 3 > 0) await readers[0]!.subscribe(id, cursor);
  const secret = `zq${number}qz`;
  const text = { headline: `Headline ${secret}`, body: `Text ${secret}`, keyEvent: true, derivedFrom: [first.post.id] };
  const made = await write(server, editor, { path: `${path}/posts`, body: text, key: `first-${number}` });
  if (number % 3 === 1) await readers[0]!.ask('unsubscribe', { channelId: id });
  if (number % 2 === 0)
    await write(server, editor, { method: 'PATCH', path, body: { pinnedPostId: made.post.id }, ifMatch: '*' });

  const revised = { kind: 'update', note: 'More is known.', changes: {} };
  const again = (asked: Parameters<typeof write>[2]) => write(server, editor, asked).catch(() => undefined);
  const get = (rest: string, token?: string) => call(`${server.url}${rest}`, token === undefined ? {} : { token });
  const asks = [
    () => get(`${path}/events?after=${cursor}`),
    () => get(`${path}/events?after=${cursor}&limit=1`),
    () => get(`${path}/events`),
    () => get(`${path}/snapshot`),
    () => get(`${path}/snapshot?limit=1`),
    () => get(`${path}/posts`, editor),
    () => get(`${path}/posts/${made.post.id}`),
    () => get(`${path}/posts/${made.post.id}/revisions`, editor),
    () => get(`${path}/corrections`),
    () => get(`${path}/feed.atom`),
    () => get(`${path}/feed.json?keyEvent=true`),
    () => get(`${path}/liveblog.jsonld`),
    () => get(`${path}/ninjs.json`),
    () => get(`/live/${id}`),
    () => get(`/live/${id}?before=99`),
    () => get(`/live/${id}/${made.post.id}`),
    () => get(`/live/${id}/${first.post.id}`),
    () => get(`${path}/export`, editor),
    () => again({ path: `${path}/posts`, body: text, key: `first-${number}` }),
    () => again({ path: `${path}/posts/${first.post.id}/revisions`, body: revised, key: `again-${number}`, ifMatch: 1 }),
    () => again({ path: `${path}/posts/${made.post.id}/revisions`, body: revised, ifMatch: how === 'takedown' ? '*' : 77 }),
    () => again({ path: `${path}/posts/${made.post.id}/revisions`, body: revised, ifMatch: 77 }),
    () => get(`${path}/events?after=${cursor}&wait=1`),
    () => streamBriefly(id, cursor),
    () => streamBriefly(id),
    () => readers[1]!.subscribe(id, cursor),
    () => readers[2]!.subscribe(id),
    () => publish(server, editor, id, { headline: 'Meanwhile' }),
  ];
  const takeDown = () =>
    how === 'takedown'
      ? writeAndErase(server, editor, { path: `${path}/posts/${made.post.id}/takedown`, body: {} })
      : writeAndErase(server, editor, {
          path: `${path}/posts/${made.post.id}/revisions`,
          body: { kind: 'correction', note: 'Not so.', changes: { headline: 'Better', body: 'Better' }, eraseEarlier: true },
          ifMatch: 1,
          key: `erase-${number}`,
        });
  sent.length = 0;
  let down: Promise<Written> | undefined;
  const strikeAt = random.below(asks.length);
  const under = Array.from({ length: asks.length * 2 }, async (_, index) => {
    await aMoment(30);
    if (index === strikeAt) down = takeDown();
    return await asks[index % asks.length]!();
  });
  await Promise.all(under);
  await down;
  const at = sent.findIndex(answersTakedown);
  expect(at, 'the answer to the author went out').toBeGreaterThan(-1);
  expect(
    sent
      .slice(at)
      .filter((chunk) => chunk.includes(secret))
      .map((chunk) => chunk.slice(0, 300)),
  ).toEqual([]);
  // Later requests find it nowhere.
  sent.length = 0;
  for (const ask of asks) await ask();
  expect(sent.filter((chunk) => chunk.includes(secret)).map((chunk) => chunk.slice(0, 300))).toEqual([]);
  for (const reader of readers) await reader.ask('unsubscribe', { channelId: id });
}

describe.each([
  ['takedown', 'a bus that loses nothing', 0],
  ['eraseEarlier', 'a bus that loses nothing', 0],
  ['takedown', 'a bus that loses every second message', 0.5],
] as const)('what an author erased by %s, over %s', (how, _bus, loss) => {
  it('is sent to nobody once the author has the answer, in any interleaving', async () => {
    if (loss > 0) troubleTheBus(server.server.engine, random, loss);
    const readers = await Promise.all([0, 1, 2].map(() => openReader(server.url)));
    try {
      for (let number = 0; number < 8; number += 1) await round(number, how, readers);
      expect(readers.every(({ isOpen }) => isOpen)).toBe(true);
    } finally {
      for (const reader of readers) reader.destroy();
    }
  });
});

it('erased text is not sent in an answer to a pipelined request', async () => {
  const [{ id }, other] = [await createChannel(server, editor), await createChannel(server, editor)];
  const { cursor } = await publish(server, editor, other.id, { headline: 'Before' });
  const secret = 'zqbehindqz';
  const { post } = await publish(server, editor, id, { headline: secret });
  const counted = async (name: string) =>
    Number(new RegExp(`^${name} (\\d+)$`, 'm').exec((await call(`${server.url}/metrics`)).text)?.[1] ?? 0);
  const snapshots = () => counted('pressbox_catch_ups_total\\{mode="snapshot"\\}');
  const before = await snapshots();
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1').on('error', () => {});
  onTestFinished(() => void socket.destroy());
  const closed = new Promise((resolve) => socket.resume().once('close', resolve));
  const ask = (path: string) => socket.write(`GET ${server.pathTo('/v1/channels')}/${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
  ask(`${other.id}/events?after=${cursor}&wait=30`);
  ask(`${id}/snapshot`);
  await vi.waitFor(async () => expect(await counted('pressbox_readers\\{transport="poll"\\}')).toBe(1));

  sent.length = 0;
  await write(server, editor, { path: `/v1/channels/${id}/posts/${post.id}/takedown`, body: {} });
  // The request before it is answered.
  await publish(server, editor, other.id, { headline: 'After' });
  socket.write(`GET ${server.pathTo('/healthz')} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  await closed;
  expect(sent.filter((chunk) => chunk.includes(secret))).toEqual([]);
  // The answer was created in its turn, after the takedown.
  expect(await snapshots()).toBe(before + 1);
});

it('erased text is not sent by a channel stream that was filling a gap during the takedown', async () => {
  vi.restoreAllMocks();
  const { engine } = server.server;
  const subscribe = engine.subscribe.bind(engine);
  let deaf = false;
  let warn = () => {};
  vi.spyOn(engine, 'subscribe').mockImplementation((channelId, listener) => {
    warn = () => listener({ type: 'maybe-missed' });
    return subscribe(channelId, (heard) => {
      if (!deaf) listener(heard);
    });
  });
  const { id } = await createChannel(server, editor);
  using reader = await openReader(server.url);
  await reader.subscribe(id);

  deaf = true;
  const secret = 'zqlostqz';
  const { post } = await publish(server, editor, id, { headline: secret });
  const catchUp = engine.catchUp.bind(engine);
  const gate = Promise.withResolvers<void>();
  const asked = new Promise<void>((resolve) => {
    vi.spyOn(engine, 'catchUp').mockImplementationOnce(async (...given) => {
      const answer = await catchUp(...given);
      resolve();
      await gate.promise;
      return answer;
    });
  });
  warn();
  await asked;
  deaf = false;
  const { offset } = await write(server, editor, { path: `/v1/channels/${id}/posts/${post.id}/takedown`, body: {} });
  gate.resolve();
  await vi.waitFor(() => expect(followed(reader, id).offset).toBe(offset));
  expect(followed(reader, id)).toMatchObject({ faults: [], events: [{ type: 'post.taken-down', from: 2, offset: 3 }] });
  expect(reader.bytes.toString()).not.toContain(secret);
});

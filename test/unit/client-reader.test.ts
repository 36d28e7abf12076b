import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ReaderClientOptions, ReaderState } from '../../client/reader.ts';
import { ReaderClient } from '../../client/reader-client.ts';
import { fromSnapshot } from '../../client/timeline.ts';
import type { CatchUp, Event } from '../../src/protocol/model.ts';
import { problem } from '../../src/protocol/problems.ts';
import { ModelServer } from '../support/model-server.ts';
import { type Asked, type ScriptedServer, startScriptedServer } from '../support/scripted-server.ts';

/**
 * What a reader does when a server says what a healthy one seldom says. The server is real Socket.IO; what it says is a model's. No other
 * way is tried beside that, however long it takes: it would draw on the same tokens and answers.
 */

const opened: (AsyncDisposable | { close(): void })[] = [];
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await (Symbol.asyncDispose in each ? each[Symbol.asyncDispose]() : each.close());
});

async function scripted(options: Parameters<typeof startScriptedServer>[0] = {}): Promise<ScriptedServer> {
  const server = await startScriptedServer(options);
  opened.push(server);
  return server;
}

function read(server: ScriptedServer, options: Partial<ReaderClientOptions> = {}) {
  const client = new ReaderClient({ url: server.url, channelId: 'moon', transports: ['socket'], random: () => 0, ...options });
  opened.push(client);
  const events: Event[] = [];
  const states: ReaderState[] = [];
  let resets = 0;
  client.on('event', (event) => events.push(event));
  client.on('state', (state) => states.push(state));
  client.on('reset', () => {
    resets += 1;
  });
  client.open();
  return { client, events, states, resets: () => resets, until: (status: ReaderState['status']) => state(client, status) };
}
async function state(client: ReaderClient, status: ReaderState['status']): Promise<ReaderState> {
  await vi.waitFor(() => expect(client.state.status).toBe(status), { timeout: 10_000, interval: 5 });
  return client.state;
}
const offsets = (events: Event[]) => events.map(({ offset }) => offset);

/** The model's answer to a subscribe. */
function answer(model: ModelServer, { request, answer }: Asked, changes: Partial<CatchUp> = {}): void {
  const offset = request.after === undefined ? 0 : Number(request.after.split('.')[1]);
  const catchUp = model.catchUp(request.after, offset, { limit: 100, posts: request.limit ?? 20 });
  answer({ ok: true, ...catchUp, ...changes });
}
function modelWith(posts: number): ModelServer {
  const model = new ModelServer();
  for (let each = 0; each < posts; each += 1) model.publish({ kind: 'update', keyEvent: false });
  return model;
}
const publish = (model: ModelServer) => {
  model.publish({ kind: 'update', keyEvent: false });
  return model.event(model.head);
};

async function live(posts = 2, options: Partial<ReaderClientOptions> = {}, script: Parameters<typeof scripted>[0] = {}) {
  const server = await scripted(script);
  const model = modelWith(posts);
  const reader = read(server, options);
  const first = await server.subscribe(1);
  answer(model, first);
  await reader.until('live');
  return { server, model, reader, first };
}

describe('a reader', () => {
  it('takes the events that come in the same packet as the answer to its subscribe', async () => {
    const server = await scripted();
    const model = modelWith(2);
    const reader = read(server);
    const first = await server.subscribe(1);
    answer(model, first);
    for (let each = 0; each < 3; each += 1) first.socket.emit('event', publish(model));
    await vi.waitFor(() => expect(offsets(reader.events)).toEqual([4, 5, 6]));
    expect(server.subscribes).toHaveLength(1);
  });

  it('asks from its cursor where an event is missing, and applies each once', async () => {
    const { server, model, reader, first } = await live();
    const missed = publish(model);
    const heard = publish(model);
    first.socket.emit('event', heard);
    const second = await server.subscribe(2);
    expect(second.request.after).toBe(model.cursor(3));
    // What does not fit while the subscribe is under way is ignored; what fits is applied.
    first.socket.emit('event', heard);
    first.socket.emit('event', missed);
    await vi.waitFor(() => expect(offsets(reader.events)).toEqual([4]));
    answer(model, second);
    // The answer began below what was applied meanwhile and goes beyond it: asked once more, from there.
    const third = await server.subscribe(3);
    expect(third.request.after).toBe(model.cursor(4));
    answer(model, third);
    await reader.until('live');
    expect(offsets(reader.events)).toEqual([4, 5]);
    expect(reader.client.timeline?.posts).toEqual(model.snapshot(9).posts);
  });

  it('asks again from the answer, as long as there is more', async () => {
    const { server, model, reader, first } = await live();
    for (let each = 0; each < 3; each += 1) publish(model);
    first.socket.emit('unsubscribed', { channelId: 'moon', reason: 'slow' });
    const second = await server.subscribe(2);
    second.answer({ ok: true, ...model.catchUp(second.request.after, 3, { limit: 2, posts: 9 }) });
    const third = await server.subscribe(3);
    expect(third.request.after).toBe(model.cursor(5));
    expect(reader.client.state.status).toBe('catching-up');
    answer(model, third);
    await reader.until('live');
    expect(offsets(reader.events)).toEqual([4, 5, 6]);
  });

  it('waits before it asks again where more is said to come and nothing came', async () => {
    const { server, model, first, reader } = await live();
    first.socket.emit('unsubscribed', { channelId: 'moon', reason: 'slow' });
    for (let each = 2; each < 5; each += 1) answer(model, await server.subscribe(each), { more: true });
    answer(model, await server.subscribe(5));
    await reader.until('live');
    expect(server.subscribes).toHaveLength(5);
  });

  it('drops what it held when the history was replaced, and says so', async () => {
    const { server, model, reader, first } = await live();
    model.reset(5);
    first.socket.emit('unsubscribed', { channelId: 'moon', reason: 'history' });
    answer(model, await server.subscribe(2));
    await vi.waitFor(() => expect(reader.resets()).toBe(1));
    expect(reader.client.timeline?.posts).toEqual(model.snapshot(9).posts);
    expect(reader.events).toEqual([]);
  });

  it('shows nothing of a page that was asked for before the history was replaced, and asks again', async () => {
    const pages: ServerResponse[] = [];
    const { server, model, reader, first } = await live(9, {}, { onRequest: (_request, response) => pages.push(response) });
    const old = model.page({ before: 5, limit: 2 });
    const moved = reader.client.moveTo(5, 2);
    await vi.waitFor(() => expect(pages).toHaveLength(1));
    model.reset(6);
    first.socket.emit('unsubscribed', { channelId: 'moon', reason: 'history' });
    answer(model, await server.subscribe(2));
    await vi.waitFor(() => expect(reader.resets()).toBe(1));
    pages[0]?.end(JSON.stringify(old));
    await vi.waitFor(() => expect(pages).toHaveLength(2));
    expect(reader.client.timeline?.posts).toEqual(model.snapshot(9).posts);
    const page = model.page({ before: 5, limit: 2 });
    pages[1]?.end(JSON.stringify(page));
    await moved;
    expect(reader.client.timeline?.posts).toEqual(page.posts);
  });

  it('takes a page that is ahead of it once it has come there, and not before', async () => {
    const pages: ServerResponse[] = [];
    const { model, reader, first } = await live(9, {}, { onRequest: (_request, response) => pages.push(response) });
    const event = publish(model);
    const moved = reader.client.moveTo(5, 2);
    await vi.waitFor(() => expect(pages).toHaveLength(1));
    const page = model.page({ before: 5, limit: 2 });
    pages[0]?.end(JSON.stringify(page));
    first.socket.emit('store', { reachable: false, since: 'after the page' });
    await vi.waitFor(() => expect(reader.client.state).toMatchObject({ asOf: 'after the page' }));
    expect(reader.client.timeline?.posts).not.toEqual(page.posts);
    first.socket.emit('event', event);
    await moved;
    expect(reader.client.timeline?.posts).toEqual(page.posts);
    expect(pages).toHaveLength(1);
  });

  it('asks the journal of a page that was read where it never was, and takes none of another history', async () => {
    const asked: { path: string; response: ServerResponse }[] = [];
    const onRequest = ({ url = '' }: IncomingMessage, response: ServerResponse) => {
      asked.push({ path: url.replace(/\?.*/, '').split('/').at(-1) as string, response });
    };
    const { model, reader, first } = await live(9, {}, { onRequest });
    const page = model.page({ before: 5, limit: 2 });
    const answerNext = async (path: string, nth: number, body: object) => {
      await vi.waitFor(() => expect(asked.map((each) => each.path)).toHaveLength(nth));
      expect(asked.at(-1)?.path).toBe(path);
      asked.at(-1)?.response.end(JSON.stringify(body));
    };
    // One event stands for two offsets, so the reader was never at the first of them.
    publish(model);
    const between = model.page({ before: 5, limit: 2 });
    publish(model);
    first.socket.emit('event', { ...model.event(model.head), from: model.head - 1 });
    await vi.waitFor(() => expect(reader.client.timeline?.offset).toBe(model.head));
    const moved = reader.client.moveTo(5, 2);
    await answerNext('posts', 1, { ...between, posts: page.posts.slice(1) });
    await answerNext('events', 2, { mode: 'snapshot', reset: true });
    await answerNext('posts', 3, between);
    expect(reader.client.timeline?.posts).toHaveLength(10);
    await answerNext('events', 4, { mode: 'replay', reset: false, events: [] });
    await moved;
    expect(reader.client.timeline?.posts).toEqual(between.posts);
  });

  it('begins anew where the server does not know its cursor', async () => {
    const server = await scripted();
    const model = modelWith(2);
    const other = modelWith(9);
    other.reset(4);
    const reader = read(server, { timeline: fromSnapshot(other.snapshot(9), 4) });
    const first = await server.subscribe(1);
    first.answer({ ok: false, problem: problem('invalid-cursor') });
    const second = await server.subscribe(2);
    expect(second.request.after).toBeUndefined();
    answer(model, second);
    await reader.until('live');
    expect(reader.resets()).toBe(1);
    expect(reader.client.timeline?.posts).toEqual(model.snapshot(9).posts);
  });

  it('stops where the subscription ended for good, and says why', async () => {
    for (const reason of ['expired', 'forbidden', 'gone'] as const) {
      const { reader, first } = await live();
      first.socket.emit('unsubscribed', { channelId: 'moon', reason });
      expect(await reader.until('ended')).toEqual({ status: 'ended', reason, problem: undefined });
      await vi.waitFor(() => expect(first.socket.connected).toBe(false));
    }
  });

  it('stops where the server refuses, with the problem', async () => {
    const server = await scripted();
    const reader = read(server);
    (await server.subscribe(1)).answer({ ok: false, problem: problem('not-found') });
    expect(await reader.until('ended')).toEqual({ status: 'ended', reason: 'refused', problem: problem('not-found') });
  });

  it('waits as long as a refusal asks, then subscribes again', async () => {
    const server = await scripted();
    const model = modelWith(2);
    const reader = read(server);
    const began = performance.now();
    (await server.subscribe(1)).answer({ ok: false, problem: problem('journal-unavailable', { retryAfter: 0.4 }) });
    const second = await server.subscribe(2);
    expect(performance.now() - began).toBeGreaterThanOrEqual(390);
    answer(model, second);
    await reader.until('live');
  });

  it('waits as long as a refusal asks though it is woken', async () => {
    let now = Date.now();
    const { server, model, reader, first } = await live(2, { now: () => now });
    first.socket.emit('unsubscribed', { channelId: 'moon', reason: 'slow' });
    const began = performance.now();
    (await server.subscribe(2)).answer({ ok: false, problem: problem('rate-limited', { retryAfter: 0.3 }) });
    first.socket.emit('store', { reachable: false, since: 'refused' });
    await vi.waitFor(() => expect(reader.client.state).toMatchObject({ asOf: 'refused' }));
    await vi.waitFor(() => {
      now += 5_000;
      reader.client.wake();
      expect(server.subscribes.length).toBeGreaterThanOrEqual(3);
    });
    expect(performance.now() - began).toBeGreaterThanOrEqual(290);
    await vi.waitFor(() => {
      for (const asked of server.subscribes.splice(2)) answer(model, asked);
      expect(reader.client.state.status).toBe('live');
    });
  });

  it('asks for what it needs no sooner than it is asked to', async () => {
    const askedAt: number[] = [];
    const onRequest = (_request: unknown, response: ServerResponse) => {
      askedAt.push(performance.now());
      if (askedAt.length > 1) return response.end(JSON.stringify({ posts: [], cursor: model.cursor(model.head), more: false }));
      const refused = JSON.stringify(problem('rate-limited', { retryAfter: 0.3 }));
      return response.writeHead(429, { 'content-type': 'application/problem+json' }).end(refused);
    };
    const model = new ModelServer();
    model.publish({ kind: 'summary', keyEvent: false });
    for (let each = 0; each < 3; each += 1) model.publish({ kind: 'update', keyEvent: false });
    const server = await scripted({ onRequest });
    const reader = read(server, { limit: 2 });
    const first = await server.subscribe(1);
    answer(model, first);
    await reader.until('live');
    model.withdraw(3, 'retracted');
    first.socket.emit('event', model.event(model.head));
    await vi.waitFor(() => expect(askedAt.length).toBeGreaterThanOrEqual(2));
    expect((askedAt[1] as number) - (askedAt[0] as number)).toBeGreaterThanOrEqual(290);
  });

  it('moves to another connection when the server is going away, without having been offline', async () => {
    const { server, model, reader, first } = await live(2, { random: () => 0.5 });
    const began = performance.now();
    first.socket.emit('drain', { withinMs: 400 });
    // The old connection serves until the new one stands.
    first.socket.emit('event', publish(model));
    const second = await server.subscribe(2);
    expect(performance.now() - began).toBeGreaterThanOrEqual(190);
    expect(second.socket.id).not.toBe(first.socket.id);
    expect(second.request.after).toBe(model.cursor(4));
    await vi.waitFor(() => expect(first.socket.connected).toBe(false));
    publish(model);
    answer(model, second);
    await reader.until('live');
    expect(offsets(reader.events)).toEqual([4, 5]);
    expect(reader.states.map(({ status }) => status)).not.toContain('offline');
  });

  it('that is woken all the time asks once, until that is answered', async () => {
    let now = Date.now();
    const { server, model, reader, first } = await live(2, { now: () => now });
    now += 5_000;
    for (let each = 0; each < 50; each += 1) reader.client.wake();
    const check = await server.subscribe(2);
    first.socket.emit('store', { reachable: false, since: 'then' });
    await vi.waitFor(() => expect(reader.client.state).toMatchObject({ asOf: 'then' }));
    expect(server.subscribes).toHaveLength(2);
    answer(model, check);
    await vi.waitFor(() => {
      now += 5_000;
      reader.client.wake();
      expect(server.subscribes).toHaveLength(3);
    });
  });

  it('asks whether its connection is alive though the clock was put back meanwhile', async () => {
    let now = Date.now();
    const { server, reader, first } = await live(2, { now: () => now });
    now -= 3_600_000;
    first.socket.emit('store', { reachable: false, since: 'then' });
    await vi.waitFor(() => expect(reader.client.state).toMatchObject({ asOf: 'then' }));
    now -= 3_600_000;
    reader.client.wake();
    now += 5_000;
    reader.client.wake();
    await server.subscribe(2);
  });

  it('says since when it is offline, once, and comes back from its cursor', async () => {
    const { server, model, reader, first } = await live(2, { now: () => Date.UTC(2026, 10, 24, 12) });
    publish(model);
    first.socket.disconnect(true);
    const second = await server.subscribe(2);
    expect(second.request.after).toBe(model.cursor(3));
    answer(model, second);
    await reader.until('live');
    expect(offsets(reader.events)).toEqual([4]);
    expect(reader.states.map(({ status }) => status)).toEqual(['catching-up', 'live', 'offline', 'catching-up', 'live']);
    expect(reader.states[2]).toEqual({ status: 'offline', since: '2026-11-24T12:00:00.000Z' });
  });

  it('says how long nothing was heard, though it notices that only when its device wakes', async () => {
    let now = Date.UTC(2026, 10, 24, 12);
    const { reader, first } = await live(2, { now: () => now });
    now += 3 * 3_600_000;
    first.socket.request.socket.destroy();
    const since = '2026-11-24T12:00:00.000Z';
    await vi.waitFor(() => expect(reader.states[2]).toEqual({ status: 'offline', since }));
  });

  it('says as of when what it holds is true, where the server was without its store before', async () => {
    const { reader, first } = await live();
    const since = '2026-11-24T12:00:00.000Z';
    first.socket.emit('store', { reachable: false, since });
    await vi.waitFor(() => expect(reader.client.state).toMatchObject({ status: 'live', asOf: since }));
    first.socket.request.socket.destroy();
    await vi.waitFor(() => expect(reader.states[3]).toEqual({ status: 'offline', since }));
  });

  it('says since when the server is without its store', async () => {
    const { reader, first } = await live();
    first.socket.emit('store', { reachable: false, since: '2026-11-24T12:00:00.000Z' });
    await vi.waitFor(() =>
      expect(reader.client.state).toEqual({ status: 'live', transport: 'socket', asOf: '2026-11-24T12:00:00.000Z' }),
    );
    first.socket.emit('store', { reachable: true, since: '2026-11-24T12:00:05.000Z' });
    await vi.waitFor(() => expect(reader.client.state).toEqual({ status: 'live', transport: 'socket', asOf: null }));
  });

  it('lets unknown messages and other channels be, and subscribes again where the reason is unknown', async () => {
    const { server, model, reader, first } = await live();
    first.socket.emit('weather', { sunny: true });
    first.socket.emit('event', { ...publish(model), channelId: 'mars' });
    first.socket.emit('unsubscribed', { channelId: 'mars', reason: 'gone' });
    first.socket.emit('unsubscribed', { channelId: 'moon', reason: 'because' });
    answer(model, await server.subscribe(2));
    await vi.waitFor(() => expect(offsets(reader.events)).toEqual([4]));
    expect(reader.client.state.status).toBe('live');
  });
});

describe('a reader with a token', () => {
  it('gets a fresh one where the old one ran out, and goes on', async () => {
    const tokens = ['first', 'second'];
    const { server, model, reader, first } = await live(2, { token: () => tokens.shift() ?? 'none left' });
    expect(first.socket.handshake.auth).toEqual({ token: 'first' });
    first.socket.emit('unsubscribed', { channelId: 'moon', reason: 'expired' });
    const second = await server.subscribe(2);
    expect(second.socket.handshake.auth).toEqual({ token: 'second' });
    publish(model);
    answer(model, second);
    await vi.waitFor(() => expect(offsets(reader.events)).toEqual([4]));
  });

  it('that is refused stops, after one fresh one where there are such', async () => {
    let given = 0;
    const refuse = () => {
      throw Object.assign(new Error('no'), { data: problem('token-invalid') });
    };
    const server = await scripted({ admit: refuse });
    const fixed = read(server, { token: 'bad' });
    expect(await fixed.until('ended')).toMatchObject({ reason: 'refused', problem: { code: 'token-invalid' } });
    const renewed = read(server, {
      token: () => {
        given += 1;
        return 'bad';
      },
    });
    expect(await renewed.until('ended')).toMatchObject({ reason: 'refused', problem: { code: 'token-invalid' } });
    expect(given).toBe(2);
  });
});

describe('a reader with a cursor alone', () => {
  const json = (response: ServerResponse, body: unknown) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));

  it('is told what changed since, each thing once, before what came meanwhile', async () => {
    const model = modelWith(3);
    const cursor = model.cursor(2);
    const held: ServerResponse[] = [];
    const server = await scripted({ onRequest: (_request, response) => held.push(response) });
    const reader = read(server, { cursor });
    const first = await server.subscribe(1);
    expect(first.request.after).toBeUndefined();
    answer(model, first);
    await vi.waitFor(() => expect(held).toHaveLength(1));
    model.revise(0, 'correction', {});
    first.socket.emit('event', model.event(5));
    await vi.waitFor(() => expect(reader.client.timeline?.offset).toBe(5));
    expect(reader.client.cursor).toBe(cursor);
    expect(reader.client.state.status).toBe('catching-up');
    // Post 3 was published at 4 and corrected at 5: only the correction is told, once.
    json(held[0] as ServerResponse, model.catchUp(cursor, 2, { limit: 9, posts: 9 }));
    await reader.until('live');
    expect(offsets(reader.events)).toEqual([3, 5]);
    expect(reader.client.cursor).toBe(model.cursor(5));
  });

  it.each(['', 'null', '{}', '<h1>The hotel</h1>'])(
    'is told that also after “%s” came in the place of an answer',
    async (text) => {
      const model = modelWith(3);
      const cursor = model.cursor(2);
      const answers = [(response: ServerResponse) => response.end(text)];
      const server = await scripted({
        onRequest: (_request, response) =>
          (answers.shift() ?? (() => json(response, model.catchUp(cursor, 2, { limit: 9, posts: 9 }))))(response),
      });
      const reader = read(server, { cursor });
      answer(model, await server.subscribe(1));
      await reader.until('live');
      expect(offsets(reader.events)).toEqual([3, 4]);
      expect(reader.resets()).toBe(0);
    },
  );

  it('is told that nothing can be said where the cursor is of another history', async () => {
    const model = modelWith(3);
    const server = await scripted({
      onRequest: (_request, response) => json(response, model.catchUp('other', 2, { limit: 9, posts: 9 })),
    });
    const reader = read(server, { cursor: 'other' });
    answer(model, await server.subscribe(1));
    await reader.until('live');
    expect(reader.resets()).toBe(1);
    expect(reader.events).toEqual([]);
  });
});

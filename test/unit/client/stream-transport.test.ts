import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { Http } from '../../../client/lib/http.ts';
import { maxResponseMs } from '../../../client/lib/platform.ts';
import { ReaderClient } from '../../../client/lib/reader-client.ts';
import type { ReaderState } from '../../../client/lib/reader-types.ts';
import { fromSnapshot } from '../../../client/lib/timeline/timeline.ts';
import { dialTimeoutMs } from '../../../client/lib/transports/link.ts';
import { dialStream } from '../../../client/lib/transports/stream.ts';
import { liveLimits } from '../../../src/live/live-limits.ts';
import { answerBytes, eventBytes, silenceMs } from '../../../src/protocol/client-limits.ts';
import type { Event } from '../../../src/protocol/model.ts';
import { problem } from '../../../src/protocol/problems.ts';
import { limits } from '../../../src/protocol/wire-limits.ts';
import { ModelServer } from '../../support/servers/model-server.ts';
import { startSite } from '../../support/servers/site.ts';

/** A reader whose stream behaves unusually. The answers are real HTTP, from a model server. */
interface Asked {
  url: URL;
  headers: IncomingMessage['headers'];
  response: ServerResponse;
  /** Sends this message, after starting the stream if necessary. */
  say(event: string, data: unknown): void;
  refuse(status: number, said: unknown): void;
}

const block = (event: string, data: unknown) => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close();
});

async function scripted() {
  const asked: Asked[] = [];
  const site = await startSite((request, response) => {
    asked.push({
      url: new URL(request.url ?? '/', 'http://localhost'),
      headers: request.headers,
      response,
      say(event, data) {
        if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(block(event, data));
      },
      refuse(status, said) {
        response.writeHead(status, { 'content-type': 'application/problem+json' }).end(JSON.stringify(said));
      },
    });
  });
  const { url } = site;
  opened.push({ close: () => site[Symbol.asyncDispose]() });
  const model = new ModelServer();
  for (let each = 0; each < 2; each += 1) model.publish({ kind: 'update', keyEvent: false });
  const client = new ReaderClient({
    url,
    channelId: 'moon',
    transports: ['stream'],
    token: 'a.b.c',
    random: () => 0,
    timeline: fromSnapshot(model.snapshot(20), model.head),
  });
  opened.push(client);
  const events: Event[] = [];
  const states: ReaderState[] = [];
  client.on('event', (event) => events.push(event));
  client.on('state', (state) => states.push(state));
  client.open();
  const nth = (number: number) => vi.waitUntil(() => asked[number - 1], { interval: 5 });
  const catchUp = (after: number, limit = 100) => model.catchUp(model.cursor(after), after, { limit, posts: 20 });
  const next = () => {
    model.publish({ kind: 'update', keyEvent: false });
    return model.event(model.head);
  };
  const offsets = () => events.map(({ offset }) => offset);
  const live = () => vi.waitFor(() => expect(client.state.status).toBe('live'));
  return { address: url, asked, nth, model, client, states, catchUp, next, offsets, live };
}

describe('a reader of a stream', () => {
  it('resumes from its cursor, with the token only in a header', async () => {
    const { nth, model, live, catchUp } = await scripted();
    const first = await nth(1);
    expect(first.url.pathname + first.url.search).toBe(`/v1/channels/moon/stream?after=${model.cursor(3)}`);
    expect(first.headers).toMatchObject({ authorization: 'Bearer a.b.c', accept: 'text/event-stream' });
    first.say('catchup', catchUp(3));
    await live();
  });

  it('applies several catch-ups from one stream, and the events after them', async () => {
    const { asked, nth, client, catchUp, next, offsets, live } = await scripted();
    for (let each = 0; each < 3; each += 1) next();
    const first = await nth(1);
    first.say('catchup', catchUp(3, 2));
    await vi.waitFor(() => expect(offsets()).toEqual([4, 5]));
    expect(client.state.status).toBe('catching-up');
    first.say('catchup', catchUp(5));
    first.say('post.published', next());
    await vi.waitFor(() => expect(offsets()).toEqual([4, 5, 6, 7]));
    await live();
    expect(asked).toHaveLength(1);
  });

  it('reads a stream in pieces that split characters', async () => {
    const { nth, model, client, catchUp, next, live } = await scripted();
    const first = await nth(1);
    first.say('catchup', catchUp(3));
    await live();
    const event = next();
    const post = { ...model.post(('post' in event && event.post.id) || ''), headline: '漢🌕é' };
    const bytes = Buffer.from(`event: post.published\ndata: ${JSON.stringify({ ...event, post })}\n\n`);
    for (let at = 0; at < bytes.length; at += 7) {
      await new Promise((resolve) => first.response.write(bytes.subarray(at, at + 7), resolve));
    }
    await vi.waitFor(() => expect(client.timeline?.posts[0]?.headline).toBe('漢🌕é'));
  });

  it('is connected while the server has lost its store, and catches up when the store is back', async () => {
    const { asked, nth, client, catchUp, next, offsets, live } = await scripted();
    const since = '2026-11-24T12:00:00.000Z';
    const first = await nth(1);
    first.say('store', { reachable: false, since });
    await vi.waitFor(() => expect(client.state).toEqual({ status: 'catching-up', transport: 'stream', asOf: since }));
    next();
    first.say('store', { reachable: true, since });
    first.say('catchup', catchUp(3));
    await live();
    expect(client.state).toEqual({ status: 'live', transport: 'stream', asOf: null });
    expect(offsets()).toEqual([4]);
    expect(asked).toHaveLength(1);
  });

  it.each([
    ['an event is missing', (asked: Asked, later: Event) => asked.say('post.published', later)],
    [
      'the stream says that the reader was too slow',
      (asked: Asked) => asked.say('unsubscribed', { channelId: 'moon', reason: 'slow' }),
    ],
    ['the stream ends', (asked: Asked) => asked.response.end()],
    ['the stream is cut', (asked: Asked) => asked.response.destroy()],
    ['the stream is malformed', (asked: Asked) => asked.response.write('event: post.revised\ndata: {"offset": 4,\n\n')],
    ['the stream sends a catch-up that was not requested', (asked: Asked) => asked.say('catchup', {})],
    ['the server drains', (asked: Asked) => asked.say('drain', { withinMs: 60_000 })],
  ])('opens another stream from its cursor if %s', async (_why, happen) => {
    const { nth, model, catchUp, next, offsets, live } = await scripted();
    const first = await nth(1);
    first.say('catchup', catchUp(3));
    await live();
    next();
    happen(first, next());
    const second = await nth(2);
    expect(second.url.searchParams.get('after')).toBe(model.cursor(3));
    second.say('catchup', catchUp(3));
    await vi.waitFor(() => expect(offsets()).toEqual([4, 5]));
    await live();
    await vi.waitFor(() => expect(first.response.destroyed).toBe(true));
  });

  it('skips events and messages of a later version, and keeps the cursors of the events', async () => {
    const { asked, nth, model, client, catchUp, next, offsets, live } = await scripted();
    const first = await nth(1);
    first.say('catchup', catchUp(3));
    await live();
    first.say('weather', { sunny: true });
    first.say('post.starred', { ...next(), type: 'post.starred' });
    await vi.waitFor(() => expect(client.cursor).toBe(model.cursor(4)));
    first.say('post.published', next());
    await vi.waitFor(() => expect(offsets()).toEqual([4, 5]));
    expect(asked).toHaveLength(1);
  });

  it('waits as long as a refusal asks, and stops at a permanent one', async () => {
    const { nth, client } = await scripted();
    const began = performance.now();
    (await nth(1)).refuse(503, problem('draining', { retryAfter: 0.3 }));
    const second = await nth(2);
    expect(performance.now() - began).toBeGreaterThanOrEqual(290);
    second.refuse(403, problem('forbidden'));
    await vi.waitFor(() => expect(client.state).toMatchObject({ status: 'ended', problem: { code: 'forbidden' } }));
  });

  it('waits as long as a stream asks that contains only a retry time', async () => {
    const { nth, states, catchUp, live } = await scripted();
    const began = performance.now();
    const { response } = await nth(1);
    response.writeHead(200, { 'content-type': 'text/event-stream', 'retry-after': '1' }).end('retry: 1200\n\n');
    (await nth(2)).say('catchup', catchUp(3));
    expect(performance.now() - began).toBeGreaterThanOrEqual(990);
    await live();
    expect(states.map(({ status }) => status)).not.toContain('ended');
  });

  it('ignores answers that are not from the server', async () => {
    const { nth, states, client, catchUp, live } = await scripted();
    (await nth(1)).response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Sign in to the hotel</h1>');
    (await nth(2)).response.writeHead(200, { 'content-type': 'text/event-stream' }).end('event: advert\ndata: {"buy": 1}\n\n');
    (await nth(3)).say('catchup', catchUp(3));
    await live();
    expect(states.map(({ status }) => status)).toContain('offline');
    expect(client.timeline?.offset).toBe(3);
  });

  it('does not use the answer of a stream dialled from another cursor', async () => {
    const { address, nth, model, catchUp, next, live } = await scripted();
    (await nth(1)).say('catchup', catchUp(3));
    await live();
    // Simulates another transport that delivered events in the meantime, perhaps of another history.
    next();
    const up = Promise.withResolvers<void>();
    const noted = {
      up: up.resolve,
      failed() {},
      lost() {},
      activity() {},
      event() {},
      store() {},
      unsubscribed() {},
      drain() {},
      missed() {},
    };
    const request = (offset: number) => ({ channelId: 'moon', after: model.cursor(offset) });
    const http = new Http({ url: address });
    const link = dialStream({ url: address, token: undefined, http, request: request(3), callbacks: noted });
    opened.push(link);
    (await nth(2)).say('catchup', catchUp(3));
    await up.promise;
    const answers: unknown[] = [];
    link.subscribe(request(4), (said) => answers.push(said), 30_000);
    const third = await nth(3);
    expect(third.url.searchParams.get('after')).toBe(model.cursor(4));
    expect(answers).toEqual([]);
    third.say('catchup', catchUp(4));
    await vi.waitFor(() => expect(answers).toMatchObject([{ ok: true, covers: { after: 4, to: 4 } }]));
  });
});

describe('a stream link', () => {
  function dial() {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const model = new ModelServer();
    const catchUp = block('catchup', model.catchUp(model.cursor(1), 1, { limit: 9, posts: 9 }));
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const say = (text: string) => writer.write(new TextEncoder().encode(text)).catch(() => {});
    const http = { stream: async () => new Response(readable) } as unknown as Http;
    const listeners = { up: vi.fn(), lost: vi.fn(), missed: vi.fn(), failed: vi.fn(), activity: vi.fn() };
    const link = dialStream({
      url: '',
      token: undefined,
      http,
      request: { channelId: 'moon', after: model.cursor(1) },
      callbacks: { ...listeners, event() {}, store() {}, unsubscribed() {}, drain() {} },
    });
    opened.push(link);
    return { told: listeners, say, catchUp };
  }

  async function stand() {
    const dialled = dial();
    void dialled.say(dialled.catchUp);
    await vi.waitFor(() => expect(dialled.told.up).toHaveBeenCalled());
    return dialled;
  }

  it('times out without bytes of its first answer, and at a total limit', async () => {
    const slow = dial();
    const [first, second] = [slow.catchUp.slice(0, 30), slow.catchUp.slice(30)];
    for (const part of [first, second]) {
      vi.advanceTimersByTime(0.9 * dialTimeoutMs);
      await slow.say(part);
    }
    await vi.waitFor(() => expect(slow.told.up).toHaveBeenCalled());

    const endless = dial();
    for (let ms = 0; ms <= maxResponseMs; ms += 0.9 * dialTimeoutMs) {
      expect(endless.told.failed).not.toHaveBeenCalled();
      await endless.say(': more\n');
      vi.advanceTimersByTime(0.9 * dialTimeoutMs);
    }
    await endless.say(': more\n');
    vi.advanceTimersByTime(0.9 * dialTimeoutMs);
    expect(endless.told.failed.mock.calls).toEqual([[{ kind: 'unanswered' }]]);
  });

  it('is up while pings arrive as late as allowed, and counts as silent after one missed ping', async () => {
    const { told, say } = await stand();
    const latestMs = limits.pingSeconds * 1_000 + liveLimits.sweepMs;
    for (let ping = 1; ping <= 4; ping += 1) {
      vi.advanceTimersByTime(latestMs);
      expect(told.lost).not.toHaveBeenCalled();
      const activity = new Promise<void>((resolve) => told.activity.mockImplementationOnce(resolve));
      void say(block('ping', {}));
      await activity;
    }
    vi.advanceTimersByTime(silenceMs - 1);
    expect(told.lost).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(told.lost.mock.calls).toEqual([[true]]);
  });

  it('reports that there is something to request after an unrequested catch-up', async () => {
    const { told, say, catchUp } = await stand();
    void say(catchUp);
    await vi.waitFor(() => expect(told.missed).toHaveBeenCalled());
    expect(told.lost).not.toHaveBeenCalled();
  });

  it('is lost if a message never ends', async () => {
    const { told, say } = await stand();
    void say(`data: ${'x'.repeat(2 * (answerBytes + eventBytes) + 1)}`);
    await vi.waitFor(() => expect(told.lost.mock.calls).toEqual([[false]]));
  });
});

import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { httpLimits } from '../../../src/http/http-limits.ts';
import type { CatchUp, Event } from '../../../src/protocol/model.ts';
import { catchUpSchema, eventSchema, problemSchema } from '../../../src/protocol/schemas.ts';
import { limits } from '../../../src/protocol/wire-limits.ts';
import { createChannel, publish, type Written, write } from '../../support/authors/writers.ts';
import { openStream, type StreamOptions, type StreamReader, streamed } from '../../support/readers/stream-reader.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';

/** A channel as Server-Sent Events: content, refusals and ends. */

const origin = 'https://news.example';
let server: TestServer;
let editor: string;
let admin: string;
let now = Date.now;

beforeAll(async () => {
  server = await startTestServer({ PRESSBOX_ORIGINS: origin }, { now: () => now() });
  editor = await server.token();
  admin = await server.token({ admin: true }, { sub: 'root' });
});
afterAll(() => server[Symbol.asyncDispose]());

async function open(channelId: string, options: StreamOptions = {}): Promise<StreamReader> {
  const reader = await openStream(server.url, channelId, options);
  onTestFinished(() => reader.destroy());
  return reader;
}

/** A stream whose catch-up is complete. */
async function live(channelId: string, options: StreamOptions = {}): Promise<StreamReader> {
  const reader = await open(channelId, options);
  expect(reader.status).toBe(200);
  await vi.waitFor(() => expect(reader.heard<CatchUp>('catchup').at(-1)?.more).toBe(false));
  return reader;
}

async function channelWith(posts: number, more: object = {}): Promise<{ id: string; written: Written[]; cursors: string[] }> {
  const { id } = await createChannel(server, editor, more);
  const written: Written[] = [];
  for (let index = 1; index <= posts; index += 1) {
    written.push(await publish(server, editor, id, { headline: `Entry ${index}`, body: `Text of *${index}*` }));
  }
  return { id, written, cursors: written.map(({ cursor }) => cursor) };
}

/** Moves the server's clock. */
function later(ms: number): void {
  onTestFinished(() => {
    now = Date.now;
  });
  now = () => Date.now() + ms;
}

async function metric(series: string, { url } = server): Promise<number> {
  const { text } = await call(`${url}/metrics`);
  return Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.slice(series.length),
  );
}

describe('a stream', () => {
  it('starts with a catch-up and continues with every change, with cursors as ids', async () => {
    const { id, cursors } = await channelWith(3);
    const reader = await live(id);
    expect(reader.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
      connection: 'close',
    });
    const [first] = reader.heard<CatchUp>('catchup');
    expect(first).toEqual(catchUpSchema.parse(first));
    expect(first).toMatchObject({ mode: 'snapshot', reset: false, cursor: cursors.at(-1) });

    const { post } = await publish(server, editor, id, { headline: 'Live' });
    const path = `/v1/channels/${id}/posts/${post.id}`;
    const body = { kind: 'correction', note: 'Not so.', changes: { headline: 'Corrected' } };
    await write(server, editor, { path: `${path}/revisions`, body, ifMatch: 1 });
    await write(server, editor, { path: `${path}/retraction`, body: { note: 'Withdrawn.' } });
    const { cursor } = await write(server, editor, { path: `${path}/takedown`, body: {} });
    await vi.waitFor(() => expect(reader.cursor).toBe(cursor));
    const { events, ...rest } = streamed(reader);
    expect(rest).toEqual({ offset: 8, faults: [] });
    expect(events).toEqual(events.map((event) => eventSchema.parse(event)));
    expect(events.map(({ type }) => type)).toEqual(['post.published', 'post.revised', 'post.retracted', 'post.taken-down']);
  });

  it('continues from a cursor, and prefers Last-Event-ID to the query', async () => {
    const { id, cursors } = await channelWith(4);
    const [, second, third] = cursors;
    for (const options of [{ after: third! }, { lastEventId: third! }, { lastEventId: third!, after: second! }]) {
      const reader = await live(id, options);
      expect(reader.heard('catchup')).toMatchObject([
        {
          mode: 'replay',
          reset: false,
          covers: { after: 4, to: 5 },
          cursor: cursors[3],
          events: [{ post: { headline: 'Entry 4' } }],
        },
      ]);
    }
    // Even over a malformed one.
    expect((await live(id, { lastEventId: third!, after: 'x' })).heard('catchup')).toMatchObject([{ covers: { after: 4 } }]);
    expect((await live(id, { lastEventId: cursors[3]! })).heard('catchup')).toMatchObject([
      { covers: { after: 5, to: 5 }, events: [] },
    ]);
  });

  it('catches up in several messages if one would be too long, and then continues', async () => {
    const { id } = await createChannel(server, editor);
    const { cursor } = await publish(server, editor, id, { headline: 'Before' });
    for (let index = 0; index < 10; index += 1) {
      await publish(server, editor, id, { headline: `Long ${index}`, body: '🌒'.repeat(45_000) });
    }
    const reader = await live(id, { after: cursor });
    const more = reader.heard<CatchUp>('catchup').map((answer) => answer.more);
    expect(more).toEqual([...Array(9).fill(true), false]);
    const { cursor: last } = await publish(server, editor, id, { headline: 'Live' });
    await vi.waitFor(() => expect(reader.cursor).toBe(last));
    expect(streamed(reader, 2)).toMatchObject({ offset: 13, faults: [] });
  });

  it('starts with a reset if its cursor is from another history', async () => {
    const [one, other] = [await channelWith(2), await channelWith(2)];
    const reader = await live(one.id, { lastEventId: other.cursors[0]! });
    expect(reader.heard('catchup')).toMatchObject([{ mode: 'snapshot', reset: true, covers: { after: 0, to: 3 } }]);
  });

  it('has the same bytes over HTTP/1.0, which some proxies use', async () => {
    const { id, cursors } = await channelWith(2);
    const readers = [await live(id, { after: cursors[0]! }), await live(id, { after: cursors[0]!, version: '1.0' })];
    const { cursor } = await publish(server, editor, id, {
      headline: 'Ünïcode 🚀',
      body: 'One\n\nTwo\r\n\r\n`data: x\u2028\u2029`\n\n',
    });
    for (const { cursor: held } of readers) await vi.waitFor(() => expect(held).toBeDefined());
    await vi.waitFor(() => expect(readers.map((reader) => reader.cursor)).toEqual([cursor, cursor]));
    const [plain, old] = readers.map(({ body }) => body.toString().replace(/^retry: \d+\n\n/, ''));
    expect(old).toBe(plain);

    // An independent parser reads the same events.
    const heard: EventSourceMessage[] = [];
    const parser = createParser({ onEvent: (message) => heard.push(message), onError: (error) => expect.fail(error.message) });
    for (let at = 0; at < plain!.length; at += 7) parser.feed(plain!.slice(at, at + 7));
    expect(heard.map(({ id: block, event }) => [block, event])).toEqual([
      [cursors[1], 'catchup'],
      [cursor, 'post.published'],
    ]);
    const said = await call(`${server.url}/v1/channels/${id}/events?after=${cursors[1]}`);
    expect([JSON.parse(heard[1]!.data)]).toEqual((said.body as { events: Event[] }).events);
    // No data line contains a line break, so blocks end only where they should.
    expect(plain!.split('\n\n')).toHaveLength(3);
    expect(plain).not.toMatch(/[\r\u2028\u2029]/);
  });

  it('tells each EventSource another retry delay', async () => {
    const { id } = await channelWith(0);
    const readers = await Promise.all(Array.from({ length: 5 }, () => live(id)));
    const times = readers.map(({ blocks }) => Number(blocks[0]?.retry));
    for (const ms of times) expect(ms).toBeGreaterThanOrEqual(1_000);
    for (const ms of times) expect(ms).toBeLessThanOrEqual(3_000);
    expect(new Set(times).size).toBeGreaterThan(1);
  });

  it('pings every 15 s without changing the cursor', async () => {
    const { id, cursors } = await channelWith(1);
    const reader = await live(id);
    later(14_000);
    const other = await live(id);
    later(15_500);
    await vi.waitFor(() => expect(reader.heard('ping')).toEqual([{}]));
    expect(other.heard('ping')).toEqual([]);
    expect(reader.blocks.at(-1)).toEqual({ event: 'ping', data: '{}' });
    expect(reader.cursor).toBe(cursors[0]);
    // Pings are more frequent than any close of an idle connection.
    expect(httpLimits.idleMs).toBeGreaterThan(2 * limits.pingSeconds * 1_000);
  });

  it('keeps pinging when the system clock is set back', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const passed = performance.now.bind(performance);
    let skippedMs = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => passed() + skippedMs);
    const restore = () => {
      vi.useRealTimers();
      clock.mockRestore();
    };
    onTestFinished(restore);
    await using other = await startTestServer();
    const { id } = await createChannel(other, await other.token());
    const reader = await openStream(other.url, id);
    onTestFinished(() => reader.destroy());
    await vi.waitFor(() => expect(reader.heard('catchup')).toHaveLength(1));
    vi.setSystemTime(Date.now() - 3_600_000);
    skippedMs = limits.pingSeconds * 1_000;
    await vi.waitFor(() => expect(reader.heard('ping')).toEqual([{}]));
    restore();
    // The jump of the clock also made the store of the other tests’ server seem silent. Waits until that server has recovered.
    const standing = await channelWith(0);
    await vi.waitFor(async () => expect((await open(standing.id, { method: 'HEAD' })).status).toBe(200));
  });

  it('answers HEAD with its headers', async () => {
    const { id } = await channelWith(1);
    const reader = await open(id, { method: 'HEAD' });
    expect([reader.status, reader.headers['content-type']]).toEqual([200, 'text/event-stream']);
    await reader.ended;
    expect(reader.received).toBe(0);
    expect((await open('never-was', { method: 'HEAD' })).status).toBe(404);
  });

  it('can be read by pages of allowed origins with the Last-Event-ID header', async () => {
    const { id } = await channelWith(1);
    expect((await live(id, { headers: { Origin: origin } })).headers['access-control-allow-origin']).toBe(origin);
    expect((await live(id, { headers: { Origin: 'https://other.example' } })).headers).not.toHaveProperty(
      'access-control-allow-origin',
    );
    const preflight = await call(`${server.url}/v1/channels/${id}/stream`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'GET', 'access-control-request-headers': 'last-event-id' },
    });
    expect(preflight.headers.get('access-control-allow-headers')?.toLowerCase()).toContain('last-event-id');
  });

  it('is counted with its events, and frees everything when its reader disconnects', async () => {
    const { id } = await channelWith(1);
    const before = await metric('pressbox_events_delivered_total{transport="stream"}');
    await vi.waitFor(async () => expect(await metric('pressbox_readers{transport="stream"}')).toBe(0));
    const readers = [await live(id), await live(id)];
    expect(await metric('pressbox_readers{transport="stream"}')).toBe(2);
    expect(await metric('pressbox_subscriptions')).toBe(2);
    const { cursor } = await publish(server, editor, id, { headline: 'Live' });
    await vi.waitFor(() => expect(readers.map((reader) => reader.cursor)).toEqual([cursor, cursor]));
    expect((await metric('pressbox_events_delivered_total{transport="stream"}')) - before).toBe(2);
    for (const reader of readers) reader.destroy();
    await vi.waitFor(async () => expect(await metric('pressbox_readers{transport="stream"}')).toBe(0));
    expect(server.server.readers.subscriptions()).toBe(0);
  });
});

describe('a refused stream', () => {
  async function refused(channelId: string, options: StreamOptions = {}): Promise<{ status: number; code: string }> {
    const { after, token, lastEventId } = options;
    const answer = await call(`${server.url}/v1/channels/${channelId}/stream${after === undefined ? '' : `?after=${after}`}`, {
      ...(token === undefined ? {} : { token }),
      ...(lastEventId === undefined ? {} : { headers: { 'last-event-id': lastEventId } }),
    });
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    const { code } = problemSchema.parse(answer.body);
    return { status: answer.status, code };
  }

  it('gets a problem document with the right status', async () => {
    const { id } = await channelWith(1);
    const members = await channelWith(1, { access: 'members' });
    const desk = await channelWith(1, { access: 'desk' });
    const deleted = await channelWith(1);
    await call(`${server.url}/v1/channels/${deleted.id}`, { method: 'DELETE', token: admin });
    const stranger = await server.token({ editor: [], reader: ['other'] });
    expect(await refused(id, { after: 'x' })).toEqual({ status: 400, code: 'invalid-cursor' });
    expect(await refused(id, { after: '' })).toEqual({ status: 400, code: 'invalid-cursor' });
    expect(await refused(id, { lastEventId: 'x', after: members.cursors[0]! })).toEqual({ status: 400, code: 'invalid-cursor' });
    expect(await refused(id, { token: 'nonsense' })).toEqual({ status: 401, code: 'token-invalid' });
    expect(await refused(members.id)).toEqual({ status: 401, code: 'token-missing' });
    expect(await refused(members.id, { token: stranger })).toEqual({ status: 403, code: 'forbidden' });
    for (const channelId of [desk.id, 'never-was', 'No-Slug', '%00']) {
      expect(await refused(channelId), channelId).toEqual({ status: 404, code: 'not-found' });
    }
    expect(await refused(deleted.id)).toEqual({ status: 410, code: 'channel-deleted' });
    expect((await live(members.id, { token: await server.token({ reader: ['*'] }) })).heard('catchup')).toHaveLength(1);
    expect(server.server.readers.count('stream')).toBe(1);
  });

  it('is refused while its address has too many streams and sockets open', async () => {
    await using small = await startTestServer({ PRESSBOX_CONNECTIONS_PER_ADDRESS: '2' });
    const { id } = await createChannel(small, await small.token());
    using one = await openStream(small.url, id);
    using two = await openStream(small.url, id);
    expect([one.status, two.status]).toEqual([200, 200]);
    const third = await call(`${small.url}/v1/channels/${id}/stream`);
    expect([third.status, third.body]).toMatchObject([429, { code: 'rate-limited' }]);
    expect(third.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    const poll = await call(`${small.url}/v1/channels/${id}/events?wait=1`);
    expect(poll.status).toBe(429);
    one.destroy();
    await vi.waitFor(async () => {
      using again = await openStream(small.url, id);
      expect(again.status).toBe(200);
    });
  });

  it('starts after a held poll before it on the same connection', async () => {
    const { id } = await channelWith(0);
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    let said = '';
    socket.on('data', (bytes: Buffer) => {
      said += bytes;
    });
    // The first is held, so the second must wait.
    const { cursor } = await publish(server, editor, id, { headline: 'One' });
    const head = (path: string) =>
      `GET ${server.pathTo(`/v1/channels/${id}/${path}`)} HTTP/1.1\r\nHost: ${new URL(server.url).host}\r\n\r\n`;
    socket.write(head(`events?after=${cursor}&wait=30`) + head('stream'));
    await vi.waitFor(() => expect(server.server.readers.count('poll')).toBe(1));
    await publish(server, editor, id, { headline: 'Two' });
    await vi.waitFor(() => expect(said.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200']));
    await publish(server, editor, id, { headline: 'Three' });
    await vi.waitFor(() => expect(said).toMatch(/^event: post\.published\ndata: .*"Three"/m));
  });
});

describe('a stream ends with a final message', () => {
  async function endingOf(reader: StreamReader): Promise<unknown> {
    await reader.ended;
    expect(reader.blocks.at(-1)?.event).toBe('unsubscribed');
    return reader.heard('unsubscribed');
  }

  it('when the token that it needs expires, except on a public channel', async () => {
    const [members, open] = [await channelWith(1, { access: 'members' }), await channelWith(1)];
    const token = await server.token({ editor: [], reader: ['*'] }, { ttlSeconds: 60 });
    const [hidden, shown] = [await live(members.id, { token }), await live(open.id, { token })];
    later(61_000);
    expect(await endingOf(hidden)).toEqual([{ channelId: members.id, reason: 'expired' }]);
    const { cursor } = await publish(server, await server.token(), open.id, { headline: 'For all' });
    await vi.waitFor(() => expect(shown.cursor).toBe(cursor));
    const again = await call(`${server.url}/v1/channels/${members.id}/stream`, { token });
    expect([again.status, again.body]).toMatchObject([401, { code: 'token-invalid' }]);
  });

  it('when the channel is closed to its reader, before anything published later', async () => {
    for (const access of ['members', 'desk'] as const) {
      const { id } = await channelWith(1);
      const inside = await live(id, { token: await server.token({ editor: [], author: [id] }) });
      const reader = await live(id);
      await write(server, editor, { method: 'PATCH', path: `/v1/channels/${id}`, body: { access }, ifMatch: '*' });
      const { cursor } = await publish(server, editor, id, { headline: 'Among us' });
      expect(await endingOf(reader)).toEqual([{ channelId: id, reason: 'forbidden' }]);
      await vi.waitFor(() => expect(inside.cursor).toBe(cursor));
      expect(streamed(reader).events).toEqual([]);
    }
  });

  it('when the channel is deleted, and nothing of it stays in memory', async () => {
    // A separate server, since idle channel streams of other tests close at any time.
    await using small = await startTestServer();
    const token = await small.token({ editor: ['*'], admin: true });
    const { id } = await createChannel(small, token);
    using reader = await openStream(small.url, id);
    await vi.waitFor(() => expect(reader.heard('catchup')).toHaveLength(1));
    const tails = () => metric('pressbox_feed_tail_entries', small);
    const before = await tails();
    await publish(small, token, id, { headline: 'Last' });
    await vi.waitFor(async () => expect(await tails()).toBe(before + 1));
    await vi.waitFor(() => expect(reader.heard('post.published')).toHaveLength(1));
    const { cursor } = reader;
    await call(`${small.url}/v1/channels/${id}`, { method: 'DELETE', token });
    expect(await tails()).toBe(before);
    expect(await endingOf(reader)).toEqual([{ channelId: id, reason: 'gone' }]);
    expect(reader.cursor).toBe(cursor);
  });
});

describeWith(needs.curl, 'curl', (curl) => {
  it('follows a channel, and continues from a saved Last-Event-ID', async () => {
    const { id } = await channelWith(2);
    /** The first events; the stream would continue. */
    const follow = async (...more: string[]) => {
      const child = spawn(curl, ['-sN', ...more, `${server.url}/v1/channels/${id}/stream`], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      onTestFinished(() => void child.kill());
      let said = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
      await vi.waitFor(() => expect(said).toMatch(/^data: .*\n\n/m));
      child.kill();
      return said;
    };
    const kept = (await follow()).match(/^id: (.*)$/m)?.[1];
    expect(kept).toBeDefined();
    await publish(server, editor, id, { headline: 'While it was away' });
    const data = (await follow('-H', `Last-Event-ID: ${kept}`)).match(/^data: (.*)$/m)?.[1] ?? '';
    expect(JSON.parse(data)).toMatchObject({
      mode: 'replay',
      covers: { after: 3, to: 4 },
      events: [{ post: { headline: 'While it was away' } }],
    });
  });
});

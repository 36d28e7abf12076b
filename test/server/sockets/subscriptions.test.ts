import { io, type Socket } from 'socket.io-client';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { CatchUp, Event } from '../../../src/protocol/model.ts';
import type { Problem } from '../../../src/protocol/problems.ts';
import { catchUpSchema, eventSchema, problemSchema } from '../../../src/protocol/schemas.ts';
import { createChannel, publish, write } from '../../support/authors/writers.ts';
import { socketIoAt } from '../../support/servers/addresses.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';

/** The socket protocol, tested with the stock Socket.IO client. */

let server: TestServer;
let editor: string;
let admin: string;
let now = Date.now;

beforeAll(async () => {
  server = await startTestServer({}, { now: () => now() });
  editor = await server.token();
  admin = await server.token({ admin: true }, { sub: 'root' });
});
afterAll(() => server[Symbol.asyncDispose]());

type Answer = ({ ok: true } & CatchUp) | { ok: false; problem: Problem };

function connectTo(options: { token?: unknown }): Socket {
  const { origin, path } = socketIoAt(server.url);
  const socket = io(origin, {
    path,
    transports: ['websocket'],
    forceNew: true,
    reconnection: false,
    ...('token' in options ? { auth: { token: options.token } } : {}),
  });
  onTestFinished(() => void socket.disconnect());
  return socket;
}

async function connected(options: { token?: unknown } = {}): Promise<Socket> {
  const socket = connectTo(options);
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('connect_error', reject));
  return socket;
}

async function ask(socket: Socket, name: string, message: unknown): Promise<Answer> {
  return await socket.timeout(30_000).emitWithAck(name, message);
}

/** The answer to a successful subscribe, checked by its schema, and the events since. */
async function subscribed(socket: Socket, message: { channelId: string; after?: string | null; limit?: number }) {
  const events: Event[] = [];
  socket.on('event', (event: Event) => {
    if (event.channelId === message.channelId) events.push(event);
  });
  const { ok, ...said } = (await ask(socket, 'subscribe', message)) as { ok: boolean } & CatchUp;
  expect(said).toEqual(catchUpSchema.parse(said));
  expect(ok).toBe(true);
  return { said: said as CatchUp, events };
}

async function refused(socket: Socket, name: string, message: unknown): Promise<Problem> {
  const said = await ask(socket, name, message);
  expect(said).toEqual({ ok: false, problem: expect.anything() });
  return problemSchema.parse((said as { problem: unknown }).problem) as Problem;
}

function endings(socket: Socket): { channelId: string; reason: string }[] {
  const heard: { channelId: string; reason: string }[] = [];
  socket.on('unsubscribed', (said) => heard.push(said));
  return heard;
}

async function channelWith(posts: number, more: object = {}): Promise<{ id: string; cursors: string[]; postIds: string[] }> {
  const { id } = await createChannel(server, editor, more);
  const cursors: string[] = [];
  const postIds: string[] = [];
  for (let index = 0; index < posts; index += 1) {
    const { cursor, post } = await publish(server, editor, id, {
      headline: `Entry ${index + 1}`,
      body: `Text of *${index + 1}*`,
    });
    cursors.push(cursor);
    postIds.push(post.id);
  }
  return { id, cursors, postIds };
}

describe('subscribe', () => {
  it('answers with a snapshot if it has no cursor, and then pushes changes', async () => {
    const { id } = await channelWith(3);
    const socket = await connected();
    const { said, events } = await subscribed(socket, { channelId: id });
    expect(said).toMatchObject({ mode: 'snapshot', reset: false, covers: { after: 0, to: 4 }, more: false });
    if (said.mode !== 'snapshot') throw new Error('no snapshot');
    expect(said.snapshot.posts.map(({ headline }) => headline)).toEqual(['Entry 3', 'Entry 2', 'Entry 1']);
    expect(said.snapshot.cursor).toBe(said.cursor);

    const { post } = await publish(server, editor, id, { headline: 'News', body: 'Just *in*' });
    await write(server, editor, {
      path: `/v1/channels/${id}/posts/${post.id}/revisions`,
      body: { kind: 'correction', note: 'It was out.', changes: { body: 'Just *out*' } },
      ifMatch: 1,
    });
    await write(server, editor, { path: `/v1/channels/${id}/posts/${post.id}/retraction`, body: { note: 'It was nothing.' } });
    await write(server, editor, { path: `/v1/channels/${id}/posts/${post.id}/takedown`, body: {} });
    await write(server, editor, { method: 'PATCH', path: `/v1/channels/${id}`, body: { state: 'ended' }, ifMatch: '*' });
    await vi.waitFor(() => expect(events).toHaveLength(5));
    for (const event of events) expect(event).toEqual(eventSchema.parse(event));
    expect(events.map(({ type, from, offset }) => [type, from, offset])).toEqual([
      ['post.published', 5, 5],
      ['post.revised', 6, 6],
      ['post.retracted', 7, 7],
      ['post.taken-down', 8, 8],
      ['channel.changed', 9, 9],
    ]);
  });

  it('answers with the changes after a cursor, each post once', async () => {
    const { id, cursors, postIds } = await channelWith(4);
    await write(server, editor, {
      path: `/v1/channels/${id}/posts/${postIds[0]}/revisions`,
      body: { kind: 'update', changes: { headline: 'Entry 1, continued' } },
      ifMatch: 1,
    });
    const { said } = await subscribed(await connected(), { channelId: id, after: cursors[1]! });
    expect(said).toMatchObject({ mode: 'replay', reset: false, covers: { after: 3, to: 6 }, more: false });
    if (said.mode !== 'replay') throw new Error('no replay');
    expect(said.events.map((event) => 'post' in event && event.post.headline)).toEqual([
      'Entry 3',
      'Entry 4',
      'Entry 1, continued',
    ]);
  });

  it('accepts null as no cursor, and a limit on the posts of a snapshot', async () => {
    const { id } = await channelWith(3);
    const { said } = await subscribed(await connected(), { channelId: id, after: null, limit: 2 });
    expect(said).toMatchObject({ mode: 'snapshot', snapshot: { more: true } });
    if (said.mode === 'snapshot') expect(said.snapshot.posts).toHaveLength(2);
  });

  it('subscribes only once `more` is false, and must be repeated until then', async () => {
    const { id, cursors } = await channelWith(1);
    for (let nth = 0; nth < 4; nth += 1) await publish(server, editor, id, { body: 'x'.repeat(25_000) });
    const socket = await connected();
    const { said } = await subscribed(socket, { channelId: id, after: cursors[0]! });
    expect(said).toMatchObject({ mode: 'replay', more: true });
    // The sockets of earlier tests have closed by then.
    await vi.waitFor(() => expect(server.server.readers.subscriptions()).toBe(0));
    expect((await subscribed(socket, { channelId: id, after: said.cursor })).said).toMatchObject({ more: false });
    expect(server.server.readers.subscriptions()).toBe(1);
  });

  it('answers without events at the head, and continues from there', async () => {
    const { id, cursors } = await channelWith(1);
    const { said, events } = await subscribed(await connected(), { channelId: id, after: cursors[0]! });
    expect(said).toMatchObject({ mode: 'replay', covers: { after: 2, to: 2 }, cursor: cursors[0], events: [], more: false });
    await publish(server, editor, id, { headline: 'Next' });
    await vi.waitFor(() => expect(events.map(({ from }) => from)).toEqual([3]));
  });

  it('replaces an earlier subscription, so nothing arrives twice', async () => {
    const { id, cursors } = await channelWith(3);
    const socket = await connected();
    const { events } = await subscribed(socket, { channelId: id });
    const again = (await ask(socket, 'subscribe', { channelId: id, after: cursors[0] })) as CatchUp;
    expect(again).toMatchObject({ mode: 'replay', covers: { after: 2, to: 4 } });
    await publish(server, editor, id, { headline: 'Once' });
    await publish(server, editor, id, { headline: 'And once more' });
    await vi.waitFor(() => expect(events.map(({ offset }) => offset)).toEqual([5, 6]));
  });

  it('answers a cursor of another history with a reset', async () => {
    const { id, cursors } = await channelWith(2);
    const [epoch, offset, check] = cursors[1]!.split('.') as [string, string, string];
    const other = await channelWith(1);
    const cases = {
      'of another channel': other.cursors[0]!,
      'of another history': `${'0'.repeat(12)}.${offset}.${check}`,
      'beyond the head': `${epoch}.99.${check}`,
      'with another check': `${epoch}.${offset}.${'f'.repeat(16)}`,
    };
    for (const [name, after] of Object.entries(cases)) {
      const { said } = await subscribed(await connected(), { channelId: id, after });
      expect(said, name).toMatchObject({ mode: 'snapshot', reset: true, covers: { after: 0, to: 3 }, more: false });
    }
  });

  it('refuses a malformed cursor', async () => {
    const { id } = await channelWith(0);
    const socket = await connected();
    for (const after of ['', 'garbage', `${'0'.repeat(12)}.01.${'f'.repeat(16)}`, '../../../etc', 'a'.repeat(129)]) {
      expect((await refused(socket, 'subscribe', { channelId: id, after })).code, after).toBe('invalid-cursor');
    }
    expect((await subscribed(socket, { channelId: id, after: null })).said).toMatchObject({ mode: 'snapshot', reset: false });
  });

  it('refuses invalid fields, and names them', async () => {
    const socket = await connected();
    const problem = await refused(socket, 'subscribe', { channelId: 'Not a slug', limit: 0, more: true });
    expect(problem.code).toBe('invalid-body');
    expect(problem.errors?.map(({ path }) => path).sort()).toEqual(['channelId', 'limit', 'more']);
    expect((await refused(socket, 'unsubscribe', {})).errors?.[0]?.path).toBe('channelId');
  });

  it('accepts up to 100 channels for each socket', async () => {
    const { id } = await channelWith(0);
    const socket = await connected();
    const ids = await Promise.all(Array.from({ length: 100 }, () => channelWith(0).then((channel) => channel.id)));
    for (const channelId of ids) expect(await ask(socket, 'subscribe', { channelId })).toMatchObject({ ok: true });
    const problem = await refused(socket, 'subscribe', { channelId: id });
    expect(problem).toMatchObject({ code: 'invalid-body', detail: expect.stringContaining('100 channels') });
    // Retrying would not help, so there is no `retryAfter`.
    expect(problem.retryAfter).toBeUndefined();
    expect(await ask(socket, 'subscribe', { channelId: ids[0] })).toMatchObject({ ok: true });
    expect(await ask(socket, 'unsubscribe', { channelId: ids[1] })).toEqual({ ok: true });
    expect(await ask(socket, 'subscribe', { channelId: id })).toMatchObject({ ok: true });
  });
});

describe('unsubscribe', () => {
  it('ends the events of that channel only', async () => {
    const [one, other] = [await channelWith(0), await channelWith(0)];
    const socket = await connected();
    const { events } = await subscribed(socket, { channelId: one.id });
    const others = (await subscribed(socket, { channelId: other.id })).events;
    expect(await ask(socket, 'unsubscribe', { channelId: one.id })).toEqual({ ok: true });
    await publish(server, editor, one.id, { headline: 'Unheard' });
    await publish(server, editor, other.id, { headline: 'Heard' });
    await vi.waitFor(() => expect(others).toHaveLength(1));
    expect(events).toEqual([]);
  });

  it('ends a subscribe that is still running, whichever finishes first', async () => {
    const { id } = await channelWith(0);
    const socket = await connected();
    const events: Event[] = [];
    socket.on('event', (event: Event) => events.push(event));
    const subscribes = Array.from({ length: 5 }, () => ask(socket, 'subscribe', { channelId: id }));
    expect(await ask(socket, 'unsubscribe', { channelId: id })).toEqual({ ok: true });
    await Promise.all(subscribes);
    await publish(server, editor, id, { headline: 'Unheard' });
    const other = await channelWith(0);
    await subscribed(socket, { channelId: other.id });
    expect(events).toEqual([]);
    await vi.waitFor(() => expect(server.server.readers.subscriptions()).toBe(1));
  });
});

describe('an unknown message', () => {
  it('is answered with a problem if it asks for an acknowledgement, and dropped otherwise', async () => {
    const socket = await connected();
    expect((await refused(socket, 'publish', { headline: 'I am no author' })).code).toBe('invalid-body');
    socket.emit('publish', { headline: 'I am no author' });
    socket.emit('subscribe', { channelId: 'no-acknowledgement' });
    expect((await refused(socket, 'subscribe', { channelId: 'nowhere' })).code).toBe('not-found');
    expect(socket.connected).toBe(true);
  });

  it('ends the connection of a client that keeps sending them', async () => {
    const socket = await connected();
    const ended = new Promise((resolve) => socket.once('disconnect', resolve));
    for (let index = 0; index < 20; index += 1) socket.emit('error', index);
    expect(await ended).toBe('io server disconnect');
  });
});

describe('a token', () => {
  it('is refused with the connection, and the problem as data, if it is invalid', async () => {
    const expired = await server.token({}, { ttlSeconds: -60 });
    for (const token of ['nonsense', `${editor}x`, 17, {}, expired]) {
      const socket = connectTo({ token });
      const error = await new Promise<Error & { data?: unknown }>((resolve) => socket.once('connect_error', resolve));
      expect(problemSchema.parse(error.data)).toMatchObject({ code: 'token-invalid', status: 401 });
    }
  });

  it('is required for a members channel', async () => {
    const { id } = await channelWith(1, { access: 'members' });
    expect((await refused(await connected(), 'subscribe', { channelId: id })).code).toBe('token-missing');
    const stranger = await connected({ token: await server.token({ editor: [], reader: ['other'] }) });
    expect((await refused(stranger, 'subscribe', { channelId: id })).code).toBe('forbidden');
    const member = await connected({ token: await server.token({ editor: [], reader: [id] }) });
    expect((await subscribed(member, { channelId: id })).said).toMatchObject({ mode: 'snapshot' });
  });

  it('shows a desk channel to its authors, and to others it is missing', async () => {
    const { id } = await channelWith(1, { access: 'desk' });
    const reader = await server.token({ editor: [], reader: ['*'] });
    for (const socket of [await connected(), await connected({ token: reader })]) {
      const said = await refused(socket, 'subscribe', { channelId: id });
      expect(said).toEqual(await refused(socket, 'subscribe', { channelId: 'never-was' }));
      expect(said.code).toBe('not-found');
    }
    const author = await connected({ token: await server.token({ editor: [], author: [id] }) });
    expect((await subscribed(author, { channelId: id })).said).toMatchObject({ mode: 'snapshot' });
  });

  it('ends only the subscriptions that need it when it expires', async () => {
    const [open, members] = [await channelWith(0), await channelWith(0, { access: 'members' })];
    const desk = await channelWith(0, { access: 'desk' });
    const token = await server.token({ editor: [], reader: ['*'] }, { ttlSeconds: 60 });
    const socket = await connected({ token });
    const heard = endings(socket);
    const { events } = await subscribed(socket, { channelId: open.id });
    const hidden = (await subscribed(socket, { channelId: members.id })).events;
    onTestFinished(() => {
      now = Date.now;
    });
    now = () => Date.now() + 61_000;
    await vi.waitFor(() => expect(heard).toEqual([{ channelId: members.id, reason: 'expired' }]));
    for (const channelId of [members.id, desk.id, 'never-was']) {
      const problem = await refused(socket, 'subscribe', { channelId });
      expect(problem, channelId).toMatchObject({ code: 'token-invalid', detail: 'The token has expired.' });
    }
    expect((await subscribed(socket, { channelId: open.id })).said).toMatchObject({ mode: 'snapshot' });
    const later = await server.token();
    await publish(server, later, members.id, { headline: 'For members' });
    await publish(server, later, open.id, { headline: 'For all' });
    await vi.waitFor(() => expect(events).toHaveLength(1));
    expect(hidden).toEqual([]);
  });

  it('is reported only by the answer if it expires during a subscribe', async () => {
    const [waits, stands] = [await channelWith(0, { access: 'members' }), await channelWith(0, { access: 'members' })];
    const socket = await connected({ token: await server.token({ editor: [], reader: ['*'] }, { ttlSeconds: 60 }) });
    const heard = endings(socket);
    await subscribed(socket, { channelId: stands.id });
    onTestFinished(() => {
      now = Date.now;
    });
    const { engine } = server.server;
    const snapshot = engine.snapshot.bind(engine);
    const ended = [{ channelId: stands.id, reason: 'expired' }];
    const spied = vi.spyOn(engine, 'snapshot').mockImplementationOnce(async (...given) => {
      now = () => Date.now() + 61_000;
      await vi.waitFor(() => expect(heard).toEqual(ended));
      return await snapshot(...given);
    });
    onTestFinished(() => spied.mockRestore());
    expect(await refused(socket, 'subscribe', { channelId: waits.id })).toMatchObject({ code: 'token-invalid' });
    expect(heard).toEqual(ended);
  });
});

describe('a subscription', () => {
  it('ends when the channel is closed to the reader, before anything published later', async () => {
    for (const access of ['members', 'desk'] as const) {
      const { id } = await channelWith(1);
      const socket = await connected();
      const heard = endings(socket);
      const { events } = await subscribed(socket, { channelId: id });
      const inside = await connected({ token: await server.token({ editor: [], author: [id] }) });
      const seen = (await subscribed(inside, { channelId: id })).events;
      await write(server, editor, { method: 'PATCH', path: `/v1/channels/${id}`, body: { access }, ifMatch: '*' });
      await publish(server, editor, id, { headline: 'Among us' });
      await vi.waitFor(() => expect(heard).toEqual([{ channelId: id, reason: 'forbidden' }]));
      await vi.waitFor(() => expect(seen).toHaveLength(2));
      expect(events).toEqual([]);
    }
  });

  it('is refused by the access in the journal even before the change is announced', async () => {
    const { engine } = server.server;
    const subscribe = engine.subscribe.bind(engine);
    let deaf = false;
    const spied = vi.spyOn(engine, 'subscribe').mockImplementation((channelId, listener) =>
      subscribe(channelId, (heard) => {
        if (!deaf) listener(heard);
      }),
    );
    onTestFinished(() => spied.mockRestore());
    const { id, cursors } = await channelWith(2);
    const socket = await connected();
    await subscribed(socket, { channelId: id });
    deaf = true;
    await write(server, editor, { method: 'PATCH', path: `/v1/channels/${id}`, body: { access: 'members' }, ifMatch: '*' });
    await publish(server, editor, id, { headline: 'For members' });
    // With another limit than before, since answers made while everybody could read may be shared.
    expect((await refused(socket, 'subscribe', { channelId: id, limit: 7 })).code).toBe('token-missing');
    expect((await refused(socket, 'subscribe', { channelId: id, after: cursors[0] })).code).toBe('token-missing');
  });

  it('ends as gone when the channel is deleted, and stays gone', async () => {
    const { id, cursors } = await channelWith(1);
    const socket = await connected();
    const heard = endings(socket);
    await subscribed(socket, { channelId: id });
    const { status } = await call(`${server.url}/v1/channels/${id}`, { method: 'DELETE', token: admin });
    expect([202, 204]).toContain(status);
    await vi.waitFor(() => expect(heard).toEqual([{ channelId: id, reason: 'gone' }]));
    for (const after of [null, cursors[0]]) {
      expect((await refused(socket, 'subscribe', { channelId: id, after })).code).toBe('channel-deleted');
    }
  });
});

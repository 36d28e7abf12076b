import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it, vi } from 'vitest';
import { isPost } from '../../../client/lib/read-post.ts';
import { ReaderClient } from '../../../client/lib/reader-client.ts';
import { fromSnapshot } from '../../../client/lib/timeline/timeline.ts';
import { problem } from '../../../src/protocol/problems.ts';
import { answer, live, modelWith, offsets, publish, read, scripted } from '../../support/readers/scripted-reader.ts';
import { ModelServer } from '../../support/servers/model-server.ts';

/** A reader whose server behaves unusually. */

describe('a reader', () => {
  it('applies events that arrive in the same packet as the answer to its subscribe', async () => {
    const server = await scripted();
    const model = modelWith(2);
    const reader = read(server);
    const first = await server.subscribe(1);
    answer(model, first);
    for (let each = 0; each < 3; each += 1) first.socket.emit('event', publish(model));
    await vi.waitFor(() => expect(offsets(reader.events)).toEqual([4, 5, 6]));
    expect(server.subscribes).toHaveLength(1);
  });

  it('requests missing events from its cursor, and applies each once', async () => {
    const { server, model, reader, first } = await live();
    const missed = publish(model);
    const heard = publish(model);
    first.socket.emit('event', heard);
    const second = await server.subscribe(2);
    expect(second.request.after).toBe(model.cursor(3));
    // Events that do not fit during the subscribe are ignored; those that fit are applied.
    first.socket.emit('event', heard);
    first.socket.emit('event', missed);
    await vi.waitFor(() => expect(offsets(reader.events)).toEqual([4]));
    answer(model, second);
    // The answer begins below what was applied in the meantime and goes beyond it, so the reader requests once more.
    const third = await server.subscribe(3);
    expect(third.request.after).toBe(model.cursor(4));
    answer(model, third);
    await reader.until('live');
    expect(offsets(reader.events)).toEqual([4, 5]);
    expect(reader.client.timeline?.posts).toEqual(model.snapshot(9).posts);
  });

  it('requests again from the end of each answer as long as there is more', async () => {
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

  it('pauses if an answer says that there is more but makes no progress', async () => {
    const { server, model, first, reader } = await live();
    first.socket.emit('unsubscribed', { channelId: 'moon', reason: 'slow' });
    for (let each = 2; each < 5; each += 1) answer(model, await server.subscribe(each), { more: true });
    answer(model, await server.subscribe(5));
    await reader.until('live');
    expect(server.subscribes).toHaveLength(5);
  });

  it('emits no further events of a catch-up after a listener closes it', async () => {
    const { server, model, reader, first } = await live();
    for (let each = 0; each < 3; each += 1) publish(model);
    const emitted: string[] = [];
    reader.client.on('event', ({ offset }) => {
      emitted.push(`event ${offset}`);
      if (offset === 4) reader.client.close();
    });
    reader.client.on('timeline', ({ offset }) => emitted.push(`timeline ${offset}`));
    reader.client.on('state', ({ status }) => emitted.push(status));
    first.socket.emit('unsubscribed', { channelId: 'moon', reason: 'slow' });
    answer(model, await server.subscribe(2));
    await reader.until('ended');
    expect(emitted).toEqual(['catching-up', 'event 4', 'ended']);
    // A reader that resumes from there receives the rest.
    expect(reader.client.cursor).toBe(model.cursor(4));
    expect(reader.client.save()?.cursor).toBe(model.cursor(4));
  });

  it('drops its data when the history is replaced, and emits a reset', async () => {
    const { server, model, reader, first } = await live();
    model.reset(5);
    first.socket.emit('unsubscribed', { channelId: 'moon', reason: 'history' });
    answer(model, await server.subscribe(2));
    await vi.waitFor(() => expect(reader.resets()).toBe(1));
    expect(reader.client.timeline?.posts).toEqual(model.snapshot(9).posts);
    expect(reader.events).toEqual([]);
  });

  it('shows no page that was requested before the history was replaced, and requests it again', async () => {
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

  it('applies a page that is ahead of it only after reaching its position', async () => {
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

  it('rejects a cached page from before it started, and bypasses the cache', async () => {
    const model = modelWith(9);
    const stale = model.page({ before: 5, limit: 2 });
    model.revise(6, 'correction', {});
    const current = model.page({ before: 5, limit: 2 });
    const pages: (string | undefined)[] = [];
    const onRequest = ({ url = '', headers }: IncomingMessage, response: ServerResponse) => {
      if (url.includes('/posts?')) pages.push(headers['cache-control']);
      const page = pages.length < 3 ? stale : current;
      response.end(JSON.stringify(url.includes('/posts?') ? page : model.catchUp(stale.cursor, 10, { limit: 1, posts: 1 })));
    };
    const server = await scripted({ onRequest });
    const reader = read(server, { limit: 2 });
    answer(model, await server.subscribe(1));
    await reader.until('live');
    await reader.client.moveTo(5, 2);
    expect(current.posts).not.toEqual(stale.posts);
    expect(reader.client.timeline?.posts).toEqual(current.posts);
    expect(pages).toEqual(['no-cache', 'no-cache', 'no-cache']);
  });

  it('asks the server whether a page at an unknown position belongs to the reader’s history, and drops the page if not', async () => {
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
    // One event covers two offsets, so the reader never was at the first of them.
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

  it('ignores malformed answers, and requests again', async () => {
    const server = await scripted();
    const model = modelWith(2);
    const reader = read(server);
    const posts = [{ title: 'A post of another server' }] as never;
    answer(model, await server.subscribe(1), { snapshot: { ...model.snapshot(9), posts } });
    answer(model, await server.subscribe(2));
    await reader.until('live');
    expect(reader.client.timeline?.posts).toEqual(model.snapshot(9).posts);
  });

  it.each(['null', '{}', '[]', '{"error":"No such page."}', '{"posts":[{"title":"A"}],"cursor":"x","more":true}'])(
    'reports that %s is not Pressbox when posts are requested, and loads them later',
    async (text) => {
      const answers: object[] = [];
      const onRequest = (_request: IncomingMessage, response: ServerResponse) =>
        response.setHeader('content-type', 'application/json').end(answers.length > 0 ? JSON.stringify(answers.shift()) : text);
      const { model, reader } = await live(9, { limit: 3 }, { onRequest });
      const { client } = reader;
      const isNotPressbox = expect.objectContaining({ name: 'NotPressbox', message: expect.stringContaining('is not Pressbox') });
      const before = client.timeline;
      const [oldest] = model.page({ before: 3, limit: 1 }).posts;
      const ways = [() => client.loadOlder(3), () => client.moveTo(5, 3), () => client.moveToPost(oldest?.id ?? '', 3)];
      for (const way of ways) await expect(way(), String(way)).rejects.toEqual(isNotPressbox);
      expect(client.timeline).toBe(before);
      answers.push(model.page({ before: 8, limit: 3 }));
      expect(await client.loadOlder(3)).toBe(true);
      expect(client.timeline?.posts).toEqual(model.snapshot(6).posts);
    },
  );

  it.each(['null', '{}', '[]', '{"id":"a"}'])('requests a post that it needs again if %s is answered', async (text) => {
    let asked = 0;
    let pinned: unknown;
    const onRequest = (_request: IncomingMessage, response: ServerResponse) => {
      asked += 1;
      response.setHeader('content-type', 'application/json').end(asked < 3 ? text : JSON.stringify(pinned));
    };
    const model = modelWith(9);
    const server = await scripted({ onRequest });
    const reader = read(server, { limit: 2 });
    const first = await server.subscribe(1);
    answer(model, first);
    await reader.until('live');
    model.pin(8);
    pinned = model.post(model.state.channel.pinnedPostId ?? '');
    const shown: unknown[] = [];
    reader.client.on('timeline', ({ posts, pinned }) => shown.push(...posts, pinned));
    first.socket.emit('event', model.event(model.head));
    await vi.waitFor(() => expect(reader.client.timeline?.pinned).toEqual(pinned));
    expect(shown.every((post) => post === null || isPost(post))).toBe(true);
    expect(asked).toBe(3);
  });

  it('starts afresh if the server does not know its cursor', async () => {
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

  it('stops when the subscription ends for good, with the reason', async () => {
    for (const reason of ['expired', 'forbidden', 'gone'] as const) {
      const { reader, first } = await live();
      first.socket.emit('unsubscribed', { channelId: 'moon', reason });
      expect(await reader.until('ended')).toEqual({ status: 'ended', reason, problem: undefined });
      await vi.waitFor(() => expect(first.socket.connected).toBe(false));
    }
  });

  it('stops when the server refuses, with the problem', async () => {
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

  it('keeps its posts and says that it may be behind while the server has lost the channel, and goes on from its cursor', async () => {
    const { server, model, reader, first } = await live(2);
    const { timeline } = reader.client;
    first.socket.emit('unsubscribed', { channelId: 'moon', reason: 'slow' });
    (await server.subscribe(2)).answer({ ok: false, problem: problem('channel-lost', { retryAfter: 0.1 }) });
    const third = await server.subscribe(3);
    expect(reader.client.state.status).toBe('catching-up');
    expect(reader.client.timeline).toBe(timeline);
    expect(third.request.after).toBe(timeline?.cursor);
    answer(model, third);
    await reader.until('live');
  });

  it('waits as long as a refusal asks, even if it is woken', async () => {
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

  it('waits as long as asked before requesting what it needs', async () => {
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

  it('ignores unknown messages and other channels, and resubscribes after an unknown reason', async () => {
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
  it('gets a fresh token each time the old one expires, and continues', async () => {
    const tokens = ['first', 'second', 'third'];
    const { server, model, reader, first } = await live(2, { token: () => tokens.shift() ?? 'none left' });
    expect(first.socket.handshake.auth).toEqual({ token: 'first' });
    first.socket.emit('unsubscribed', { channelId: 'moon', reason: 'expired' });
    const second = await server.subscribe(2);
    expect(second.socket.handshake.auth).toEqual({ token: 'second' });
    publish(model);
    answer(model, second);
    await vi.waitFor(() => expect(offsets(reader.events)).toEqual([4]));
    second.socket.emit('unsubscribed', { channelId: 'moon', reason: 'expired' });
    expect((await server.subscribe(3)).socket.handshake.auth).toEqual({ token: 'third' });
  });

  it('that is closed while waiting for a token leaves no connection', async () => {
    const server = await scripted();
    const token = () => {
      client.close();
      return 'too late';
    };
    const client: ReaderClient = new ReaderClient({ url: server.url, channelId: 'moon', transports: ['socket'], token });
    client.open();
    read(server, { token: 'in time' });
    await server.subscribe(1);
    expect(server.sockets.map(({ handshake }) => handshake.auth.token)).toEqual(['in time']);
  });

  it('that is empty sends none', async () => {
    const { first } = await live(2, { token: '' });
    expect(first.socket.handshake.auth).toEqual({});
  });

  it('that is refused stops, after trying one fresh token if there is one', async () => {
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

describe('a reader with only a cursor', () => {
  const json = (response: ServerResponse, body: unknown) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));

  it('receives what changed since, once each, before later events', async () => {
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
    // Post 3 was published at 4 and corrected at 5: only the correction is delivered, once.
    json(held[0] as ServerResponse, model.catchUp(cursor, 2, { limit: 9, posts: 9 }));
    await reader.until('live');
    expect(offsets(reader.events)).toEqual([3, 5]);
    expect(reader.client.cursor).toBe(model.cursor(5));
  });

  it('that is closed early resumes where it was', async () => {
    const model = modelWith(4);
    const cursor = model.cursor(2);
    const held: ServerResponse[] = [];
    const server = await scripted({ onRequest: (_request, response) => held.push(response) });
    const early = read(server, { cursor });
    answer(model, await server.subscribe(1));
    await vi.waitFor(() => expect(held).toHaveLength(1));
    early.client.close();
    expect(early.client.cursor).toBe(cursor);
    expect(early.client.save()).toEqual({ cursor });

    const late = read(server, { cursor });
    late.client.on('event', ({ offset }) => offset === 4 && late.client.close());
    answer(model, await server.subscribe(2));
    await vi.waitFor(() => expect(held).toHaveLength(2));
    json(held[1] as ServerResponse, model.catchUp(cursor, 2, { limit: 9, posts: 9 }));
    await late.until('ended');
    expect(offsets(late.events)).toEqual([3, 4]);
    expect(late.client.save()).toEqual({ cursor: model.cursor(4) });
  });

  it.each(['', 'null', '{}', '<h1>The hotel</h1>'])(
    'receives the changes even after “%s” came in place of an answer',
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

  it('pauses if an answer says that there is more but makes no progress, and delivers nothing twice', async () => {
    const model = modelWith(3);
    const cursor = model.cursor(2);
    const cursors: (string | null)[] = [];
    const stuck = { ...model.catchUp(cursor, 2, { limit: 1, posts: 9 }), more: true };
    let isStuck = true;
    const server = await scripted({
      onRequest: ({ url = '' }, response) => {
        const after = new URL(url, 'http://server').searchParams.get('after') as string;
        cursors.push(after);
        json(response, isStuck ? stuck : model.catchUp(after, Number(after.split('.')[1]), { limit: 9, posts: 9 }));
      },
    });
    const reader = read(server, { cursor });
    answer(model, await server.subscribe(1));
    await vi.waitFor(() => expect(cursors.length).toBeGreaterThanOrEqual(3));
    const began = performance.now();
    const before = cursors.length;
    await vi.waitFor(() => expect(cursors.length).toBeGreaterThanOrEqual(before + 4), { interval: 5 });
    // Each pause has the minimum length.
    expect(performance.now() - began).toBeGreaterThanOrEqual(3 * 45);
    isStuck = false;
    await reader.until('live');
    expect(offsets(reader.events)).toEqual([3, 4]);
    expect(reader.client.cursor).toBe(model.cursor(4));
  });

  it('requests again if the answering node is behind its snapshot', async () => {
    const model = modelWith(4);
    const cursor = model.cursor(2);
    const asked: string[] = [];
    const server = await scripted({
      onRequest: ({ url = '' }, response) => {
        const after = new URL(url, 'http://server').searchParams.get('after') as string;
        asked.push(after);
        const asOf = asked.length < 3 ? 4 : model.head;
        json(response, model.catchUp(after, Number(after.split('.')[1]), { limit: 9, posts: 9 }, asOf));
      },
    });
    const reader = read(server, { cursor });
    answer(model, await server.subscribe(1));
    await reader.until('live');
    expect(offsets(reader.events)).toEqual([3, 4, 5]);
    expect(asked).toEqual([cursor, model.cursor(4), model.cursor(4)]);
  });

  it('emits a reset if the cursor is from another history', async () => {
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

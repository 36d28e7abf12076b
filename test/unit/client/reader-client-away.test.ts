import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ReaderClient } from '../../../client/lib/reader-client.ts';
import { answer, live, modelWith, offsets, publish, read, scripted } from '../../support/readers/scripted-reader.ts';

/** A reader whose server or connection fails, or whose device sleeps. */

describe('a reader that loses its server, store or connection', () => {
  it('moves to another connection when the server drains, without going offline', async () => {
    const { server, model, reader, first } = await live(2, { random: () => 0.5 });
    const began = performance.now();
    first.socket.emit('drain', { withinMs: 400 });
    // The old connection stays in use until the new one is up.
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

  it('sends one check when it is woken repeatedly, until the check is answered', async () => {
    let now = Date.now();
    const { server, model, reader, first } = await live(2, { now: () => now });
    now += 5_000;
    for (let each = 0; each < 50; each += 1) reader.client.wake();
    const check = await server.subscribe(2);
    first.socket.emit('store', { reachable: false, since: 'then' });
    await vi.waitFor(() => expect(reader.client.state).toMatchObject({ asOf: 'then' }));
    // Without an answer within three seconds, the reader makes another connection.
    expect(server.subscribes.filter(({ socket }) => socket === first.socket)).toEqual([first, check]);
    answer(model, check);
    await vi.waitFor(() => {
      now += 5_000;
      reader.client.wake();
      expect(server.subscribes.length).toBeGreaterThan(2);
    });
  });

  it('sends no check when it is woken just after it received data', async () => {
    const now = Date.now();
    const { server, model, reader, first } = await live(2, { now: () => now });
    reader.client.wake();
    first.socket.emit('event', publish(model));
    await vi.waitFor(() => expect(offsets(reader.events)).toEqual([4]));
    expect(server.subscribes).toEqual([first]);
  });

  it('sends nothing more when it is woken just after it connected', async () => {
    let now = Date.now();
    // Connecting takes a while.
    const server = await scripted({
      admit: () => {
        now += 5_000;
      },
    });
    const model = modelWith(2);
    const reader = read(server, { now: () => now });
    const first = await server.subscribe(1);
    reader.client.wake();
    answer(model, first);
    await reader.until('live');
    expect(server.subscribes).toEqual([first]);
  });

  it('checks its connection even if the clock was set back', async () => {
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

  it('reports once since when it is offline, and resumes from its cursor', async () => {
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

  it('reports how long nothing was received, even if it notices only when the device wakes', async () => {
    let now = Date.UTC(2026, 10, 24, 12);
    const { reader, first } = await live(2, { now: () => now });
    now += 3 * 3_600_000;
    first.socket.request.socket.destroy();
    const since = '2026-11-24T12:00:00.000Z';
    await vi.waitFor(() => expect(reader.states[2]).toEqual({ status: 'offline', since }));
  });

  it('reports the age of its data if the server had lost its store before', async () => {
    const { reader, first } = await live();
    const since = '2026-11-24T12:00:00.000Z';
    first.socket.emit('store', { reachable: false, since });
    await vi.waitFor(() => expect(reader.client.state).toMatchObject({ status: 'live', asOf: since }));
    first.socket.request.socket.destroy();
    await vi.waitFor(() => expect(reader.states[3]).toEqual({ status: 'offline', since }));
  });

  it('reports the age of its data if a server without its store disappears', async () => {
    const { server, reader, first } = await live();
    const since = '2026-11-24T12:00:00.000Z';
    first.socket.emit('store', { reachable: false, since });
    await vi.waitFor(() => expect(reader.client.state).toMatchObject({ status: 'live', asOf: since }));
    first.socket.emit('drain', { withinMs: 0 });
    const second = await server.subscribe(2);
    expect(reader.client.trueAt).toBe(since);
    second.socket.disconnect(true);
    await vi.waitFor(() => expect(reader.states.at(-1)).toEqual({ status: 'offline', since }));
  });

  it('reports the age of its data if a connection came up in the meantime and delivered nothing', async () => {
    let now = Date.UTC(2026, 10, 24, 12);
    const { server, reader, first } = await live(2, { now: () => now });
    first.socket.disconnect(true);
    const second = await server.subscribe(2);
    now += 3 * 3_600_000;
    second.socket.disconnect(true);
    const third = await server.subscribe(3);
    third.socket.disconnect(true);
    await server.subscribe(4);
    const since = '2026-11-24T12:00:00.000Z';
    expect(reader.states.filter(({ status }) => status === 'offline')).toEqual(Array(3).fill({ status: 'offline', since }));
  });

  it('reports the age of restored data if nothing answers', async () => {
    let now = Date.UTC(2026, 10, 24, 12);
    const items = new Map<string, string>();
    const storage = {
      getItem: (key: string) => items.get(key),
      setItem: (key: string, value: string) => items.set(key, value),
      removeItem: (key: string) => items.delete(key),
    };
    const { server, reader } = await live(2, { now: () => now, storage });
    const saved = reader.client.save();
    reader.client.close();
    now += 3 * 3_600_000;
    await server[Symbol.asyncDispose]();
    const since = '2026-11-24T12:00:00.000Z';
    for (const kept of [saved, { storage }]) {
      const later = read(server, { now: () => now, ...kept });
      await vi.waitFor(() => expect(later.client.state).toEqual({ status: 'offline', since }));
      expect(later.client.timeline?.posts).toHaveLength(2);
    }
  });

  it('counts as offline since it was opened if nothing ever answers, however long ago it was created', async () => {
    let now = Date.UTC(2026, 10, 24, 12);
    const server = await scripted();
    const client = new ReaderClient({ url: server.url, channelId: 'moon', transports: ['socket'], now: () => now });
    onTestFinished(() => client.close());
    await server[Symbol.asyncDispose]();
    now += 3_600_000;
    client.open();
    await vi.waitFor(() => expect(client.state).toEqual({ status: 'offline', since: '2026-11-24T13:00:00.000Z' }));
  });

  it('reports since when the server has lost its store', async () => {
    const { reader, first } = await live();
    first.socket.emit('store', { reachable: false, since: '2026-11-24T12:00:00.000Z' });
    await vi.waitFor(() =>
      expect(reader.client.state).toEqual({ status: 'live', transport: 'socket', asOf: '2026-11-24T12:00:00.000Z' }),
    );
    first.socket.emit('store', { reachable: true, since: '2026-11-24T12:00:05.000Z' });
    await vi.waitFor(() => expect(reader.client.state).toEqual({ status: 'live', transport: 'socket', asOf: null }));
  });
});

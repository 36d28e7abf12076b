import { expect, vi } from 'vitest';
import type { Channel, ReaderPost } from '../../../src/protocol/model.ts';
import { problem } from '../../../src/protocol/problems.ts';
import { ModelServer } from '../servers/model-server.ts';
import { startScriptedServer } from '../servers/scripted-server.ts';

/** The state of a channel that a small client of the guides passes on to be saved. */
export interface HeldByFollower {
  cursor?: string;
  offset: number;
  floor: number;
  channel: Channel;
  posts: Record<string, ReaderPost>;
}

export interface FollowerProgram {
  /** The state that the client last saved. Undefined if the client deleted it. */
  kept(): HeldByFollower | undefined;
  /** The sentences that the client printed. */
  said(): readonly string[];
}

export interface FollowerStart {
  url: string;
  channelId: string;
  kept?: HeldByFollower | undefined;
  /** Called for each connection. */
  token(): string;
}

/**
 * Sends a client of the guides every message that a server can send, including those that a healthy server seldom sends, and expects what
 * docs/guides/clients.md says under "What happens, and what to do". `start` is called again to continue from what was saved.
 */
export async function tellFollower(start: (options: FollowerStart) => FollowerProgram, end: () => Promise<void>): Promise<void> {
  const tokens: unknown[] = [];
  await using script = await startScriptedServer({ admit: (token) => void tokens.push(token) });
  const model = new ModelServer();
  const write = () => model.publish({ kind: 'update', keyEvent: false });
  const eventAt = (offset = model.head) => model.event(offset);
  const since = (cursor: string, limit = 100) => model.catchUp(cursor, Number(cursor.split('.')[1]), { limit, posts: 20 });
  const token = () => `token ${tokens.length + 1}`;
  let program = start({ url: script.url, channelId: model.channelId, token });
  const holdsAll = (floor: number) =>
    vi.waitFor(
      () => {
        const posts = [...model.state.posts.values()].filter(({ seq }) => seq >= floor);
        expect(program.kept()).toEqual({
          cursor: model.cursor(model.head),
          offset: model.head,
          floor,
          channel: model.state.channel,
          posts: Object.fromEntries(posts.map((post) => [post.id, post])),
        });
      },
      { interval: 10 },
    );
  const says = (what: RegExp) => vi.waitFor(() => expect(program.said().join('\n')).toMatch(what), { interval: 10 });

  // Five posts, of which the snapshot has two.
  for (let at = 0; at < 5; at += 1) write();
  const { socket, ...first } = await script.subscribe(1);
  expect(first.request).toEqual({ channelId: 'moon' });
  first.answer({ ok: true, ...model.catchUp(undefined, 0, { limit: 100, posts: 2 }) });
  await holdsAll(5);

  // Live: a new post, a repeated event, a correction, a post below the window, a headline, an unknown event.
  write();
  socket.emit('event', eventAt());
  socket.emit('event', eventAt());
  model.revise(0, 'correction', {});
  socket.emit('event', eventAt());
  model.revise(5, 'correction', {});
  socket.emit('event', eventAt());
  model.retitle();
  socket.emit('event', eventAt());
  socket.emit('event', { ...eventAt(), channelId: 'mars', from: 1_000, offset: 1_000 });
  socket.emit('something-new', { channelId: 'moon' });
  await holdsAll(5);
  expect(script.subscribes.length).toBe(1);

  // Withdrawals.
  model.withdraw(1, 'retracted');
  socket.emit('event', eventAt());
  model.withdraw(0, 'taken-down');
  socket.emit('event', eventAt());
  await holdsAll(5);
  const gone = Object.values(program.kept()?.posts ?? {}).filter(({ status }) => status !== 'published');
  expect(gone.map(({ status, html }) => [status, html]).sort()).toEqual([
    ['retracted', ''],
    ['taken-down', ''],
  ]);

  // An event is missing: the client catches up from its cursor, in pages. Events that arrive meanwhile are in them.
  const held = model.cursor(model.head);
  write();
  model.revise(0, 'update', {});
  write();
  socket.emit('event', eventAt());
  const gap = await script.subscribe(2);
  expect(gap.request).toEqual({ channelId: 'moon', after: held });
  const page = since(held, 1);
  expect(page.more).toBe(true);
  socket.emit('event', eventAt());
  gap.answer({ ok: true, ...page });
  const rest = await script.subscribe(3);
  expect(rest.request.after).toBe(page.cursor);
  rest.answer({ ok: true, ...since(page.cursor) });
  await holdsAll(5);

  // Unsubscribed as slow, then told to wait, then refused for its cursor.
  socket.emit('unsubscribed', { channelId: 'mars', reason: 'gone' });
  socket.emit('unsubscribed', { channelId: 'moon', reason: 'slow' });
  write();
  (await script.subscribe(4)).answer({ ok: false, problem: problem('rate-limited', { retryAfter: 0.01 }) });
  (await script.subscribe(5)).answer({ ok: false, problem: problem('invalid-cursor') });
  const anew = await script.subscribe(6);
  expect(anew.request).toEqual({ channelId: 'moon' });
  anew.answer({ ok: true, ...model.catchUp(undefined, 0, { limit: 100, posts: 100 }) });
  await holdsAll(0);

  // The store becomes unreachable and returns; the node drains, and the next one has another history.
  socket.emit('store', { reachable: false, since: '2026-11-24T12:00:00.000Z' });
  await says(/As of 2026-11-24T12:00:00\.000Z\./);
  socket.emit('store', { reachable: true, since: '2026-11-24T12:00:01.000Z' });
  await says(/Up to date\./);
  socket.emit('drain', { withinMs: 20 });
  const elsewhere = await script.subscribe(7);
  expect([script.sockets.length, elsewhere.request.after]).toEqual([2, model.cursor(model.head)]);
  const lost = model.cursor(model.head);
  model.reset(3);
  elsewhere.answer({ ok: true, ...since(lost) });
  await says(/history was replaced/);
  await holdsAll(0);

  // The token expires: the client reconnects with a new one. Then the connection is cut, and the client restarted.
  elsewhere.socket.emit('unsubscribed', { channelId: 'moon', reason: 'expired' });
  const renewed = await script.subscribe(8);
  renewed.answer({ ok: true, ...since(renewed.request.after ?? '') });
  expect(new Set(tokens).size).toBe(3);
  write();
  renewed.socket.conn.request.socket.resetAndDestroy();
  const back = await script.subscribe(9);
  back.answer({ ok: true, ...since(back.request.after ?? '') });
  await holdsAll(0);
  const kept = program.kept();
  await end();
  write();
  program = start({ url: script.url, channelId: model.channelId, kept, token });
  const later = await script.subscribe(10);
  expect(later.request.after).toBe(kept?.cursor);
  later.answer({ ok: true, ...since(kept?.cursor ?? '') });
  await holdsAll(0);

  // The channel was deleted: the client deletes its state and exits.
  later.socket.emit('unsubscribed', { channelId: 'moon', reason: 'gone' });
  await says(/gone/);
  await vi.waitFor(() => expect([program.kept(), later.socket.connected]).toEqual([undefined, false]));
}

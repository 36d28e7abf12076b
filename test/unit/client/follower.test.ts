import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { requestBackoff } from '../../../client/lib/backoff.ts';
import type { Connection } from '../../../client/lib/connection.ts';
import { Follower } from '../../../client/lib/follower.ts';
import type { SubscribeCallback, SubscribeRequest } from '../../../client/lib/transports/link.ts';
import type { Event } from '../../../src/protocol/model.ts';
import { type Problem, type ProblemCode, problem } from '../../../src/protocol/problems.ts';
import { ModelServer } from '../../support/servers/model-server.ts';

/** What a follower requests and when. Each test provides the answers. */

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const plain = { kind: 'update', keyEvent: false } as const;

function follow(posts = 2) {
  const server = new ModelServer();
  for (let each = 0; each < posts; each += 1) server.publish(plain);
  const asked: { request: SubscribeRequest; answered: SubscribeCallback; withinMs: number }[] = [];
  const told: string[] = [];
  const connection = {
    up: true,
    silentMs: 5_000,
    canRenewToken: false,
    reconnect: () => void told.push('another connection'),
    reconnectWithFreshToken() {
      told.push('a fresh token');
      connection.canRenewToken = false;
    },
    confirmToken() {},
    subscribe: (...[request, answered, withinMs]: Parameters<Connection['subscribe']>) =>
      void asked.push({ request, answered, withinMs }),
  };
  const follower = new Follower('moon', undefined, () => 0.5, connection as unknown as Connection, {
    event: ({ offset }) => void told.push(`event ${offset}`),
    catchUp: ({ covers }) => void told.push(`to ${covers.to}`),
    changed() {},
    ended: (reason) => void told.push(reason),
  });
  const fail = () => asked.at(-1)?.answered(undefined);
  const refuse = (code: ProblemCode, more: Partial<Problem> = {}) =>
    asked.at(-1)?.answered({ ok: false, problem: { ...problem(code), ...more } });
  /** `asOf`: answers as of an earlier offset. */
  const answer = (asOf = server.head) => {
    const { after } = asked.at(-1)?.request ?? {};
    const offset = after === undefined ? 0 : Number(after.split('.')[1]);
    asked.at(-1)?.answered({ ok: true, ...server.catchUp(after, offset, { limit: 100, posts: 20 }, asOf) });
  };
  follower.onUp();
  answer();
  return { server, follower, connection, asked, told, fail, refuse, answer };
}

it('a follower skips an event that does not fit during a subscribe, because the new subscription delivers it again', () => {
  const { server, follower, asked, told, answer } = follow();
  for (let each = 0; each < 3; each += 1) server.publish(plain);
  follower.onMissed();
  const ahead = { ...(server.event(6) as Event), from: 6 };
  follower.onEvent(ahead);
  answer(5);
  expect(asked).toHaveLength(2);
  follower.onEvent(ahead);
  expect(told).toEqual(['to 3', 'to 5', 'event 6']);
});

it('a follower makes another connection if the current one does not answer for three seconds after a wake-up', () => {
  const { follower, asked, told, fail } = follow();
  follower.onWake(false, true);
  expect(asked.at(-1)?.withinMs).toBe(3_000);
  fail();
  expect(told.at(-1)).toBe('another connection');
});

it('a follower starts with the shortest pause again once a subscribe succeeded', () => {
  const { follower, asked, fail, answer } = follow();
  follower.onMissed();
  for (const pauseMs of [1, 2, 4].map((times) => (times * requestBackoff.initialMs) / 2)) {
    fail();
    vi.advanceTimersByTime(pauseMs);
  }
  expect(asked).toHaveLength(5);
  answer();
  follower.onMissed();
  fail();
  vi.advanceTimersByTime(requestBackoff.initialMs / 2 - 1);
  expect(asked).toHaveLength(6);
  vi.advanceTimersByTime(1);
  expect(asked).toHaveLength(7);
});

it('a follower forgets its earlier positions when another history replaces its own', () => {
  const { server, follower, answer } = follow();
  const before = server.cursor(3);
  expect(follower.cursorHistory.locate(before)).toBe('here');
  server.reset(5);
  follower.onMissed();
  answer();
  expect([follower.cursorHistory.locate(before), follower.cursorHistory.locate(server.cursor(server.head))]).toEqual([
    'before',
    'here',
  ]);
});

it('a follower uses the normal timeout on a new connection, even if the previous one was being checked', () => {
  const { follower, asked, told, fail, answer } = follow();
  follower.onWake(false, true);
  follower.onUp();
  expect(asked.at(-1)?.withinMs).toBe(30_000);
  fail();
  expect(told).not.toContain('another connection');
  vi.advanceTimersByTime(requestBackoff.initialMs);
  answer();
  follower.onWake(false, true);
  expect(asked.at(-1)?.withinMs).toBe(3_000);
});

it('a follower shows itself as live after a short sleep, but not after one that must have killed the connection', () => {
  for (const [silentMs, isAsking] of [
    [24_000, false],
    [26_000, true],
  ] as const) {
    const { follower, connection, asked, answer } = follow();
    connection.silentMs = silentMs;
    follower.onWake(false, true);
    expect([asked.length, follower.isCatchingUp]).toEqual([2, isAsking]);
    answer();
    expect(follower.isCatchingUp).toBe(false);
  }
});

it('a follower sends nothing on wake-up while it waits for a connection with a fresh token', () => {
  const { follower, connection, asked, told, refuse, answer } = follow();
  connection.canRenewToken = true;
  follower.onMissed();
  refuse('token-invalid');
  expect(told.at(-1)).toBe('a fresh token');
  follower.onWake(false, false);
  expect(asked).toHaveLength(2);
  follower.onUp();
  answer();
  expect([asked.length, follower.isCatchingUp]).toEqual([3, false]);
});

it('a follower subscribes at once on another network, even if the server had asked it to wait', () => {
  const { follower, asked, refuse } = follow();
  follower.onMissed();
  refuse('rate-limited', { retryAfter: 60 });
  follower.onWake(false, false);
  expect(asked).toHaveLength(2);
  follower.onWake(true, false);
  expect(asked).toHaveLength(3);
});

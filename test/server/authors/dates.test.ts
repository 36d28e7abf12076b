import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newsroomLimits } from '../../../src/newsroom/newsroom-limits.ts';
import { createChannel, publish, type Written, write } from '../../support/authors/writers.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';

const { clockStableMs: stableMs, lastDateBindsMs: bindsMs } = newsroomLimits;
const [second, minute, hour] = [1_000, 60_000, 3_600_000];

describe('dates that readers see', () => {
  let started: number;
  let elapsed: number;
  /** How far the server's system clock is ahead. */
  let ahead: number;
  let server: TestServer;
  let id: string;
  beforeEach(async () => {
    [started, elapsed, ahead] = [Date.now(), 0, 0];
    server = await startTestServer({}, { now: () => started + elapsed + ahead, elapsed: () => elapsed });
    ({ id } = await createChannel(server, await server.token()));
  });
  afterEach(() => server[Symbol.asyncDispose]());

  // Each post gets a new token, since tokens expire by the system clock.
  const post = async () => (await publish(server, await server.token(), id, { body: 'So.' })).post;
  const correct = async ({ id: postId, revision }: Written['post']) => {
    const body = { kind: 'correction', note: 'It was not so.', changes: { body: 'Otherwise.' } };
    const path = `/v1/channels/${id}/posts/${postId}/revisions`;
    return (await write(server, await server.token(), { path, body, ifMatch: `"${revision}"` })).post;
  };
  /** Milliseconds since the test began. */
  const since = (time: string | null) => Date.parse(time as string) - started;
  const jumps = async (direction: string) =>
    new RegExp(`^pressbox_clock_jumps_total{direction="${direction}"} (.*)$`, 'm').exec(
      (await call(`${server.url}/metrics`)).text,
    )?.[1];

  it('advance evenly when the clock is set back by an hour and corrected within a minute', async () => {
    const first = await post();
    elapsed = 10 * second;
    ahead = -hour;
    expect(since((await correct(first)).updatedAt)).toBe(10 * second);
    elapsed = 10 * second + stableMs - 1;
    expect(since((await post()).publishedAt)).toBe(elapsed);
    ahead = 0;
    expect(since((await post()).publishedAt)).toBe(elapsed);
    expect([await jumps('back'), await jumps('ahead')]).toEqual(['1', '1']);
  });

  it('stand still after the clock is set back by minutes, until it has caught up', async () => {
    elapsed = hour;
    await post();
    ahead = -4 * minute;
    const first = await post();
    elapsed += stableMs;
    const { updatedAt } = await correct(first);
    expect(updatedAt).toBe(first.publishedAt);
    elapsed += 4 * minute;
    expect(since((await post()).publishedAt)).toBe(elapsed + ahead);
  });

  it('do not go back when a server starts with a slow clock', async () => {
    const first = await post();
    ahead = -bindsMs;
    await server.restart();
    expect((await correct(first)).updatedAt).toBe(first.publishedAt);
    elapsed = second;
    ahead -= 2 * second;
    await server.restart();
    expect((await post()).publishedAt < first.publishedAt).toBe(true);
  });

  it('follow the clock again after a server had its clock a year ahead', async () => {
    ahead = 365 * 24 * hour;
    await server.restart();
    await post();
    ahead = 0;
    await server.restart();
    elapsed = second;
    expect(since((await post()).publishedAt)).toBe(second);
  });
});

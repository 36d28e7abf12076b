import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type Http, NoAnswer } from '../../../client/lib/http.ts';
import { dialPoll } from '../../../client/lib/transports/poll.ts';
import { ModelServer } from '../../support/servers/model-server.ts';

/** A polling link, and a server that answers at once. */

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function dial(isThere: () => boolean) {
  const server = new ModelServer();
  const asked = vi.fn(async () => {
    if (!isThere()) throw new NoAnswer('gone');
    return { body: server.catchUp(server.cursor(1), 1, { limit: 9, posts: 9 }) };
  });
  const told = { up: vi.fn(), lost: vi.fn(), missed: vi.fn(), failed: vi.fn(), activity() {}, event() {}, store() {} };
  const request = { channelId: 'moon', after: server.cursor(1) };
  const http = { request: asked } as unknown as Http;
  const link = dialPoll({ url: '', token: undefined, http, request, callbacks: { ...told, unsubscribed() {}, drain() {} } });
  return { server, asked, told, link, request };
}

it('a poll transport sends requests less and less often if the server answers at once without anything new', async () => {
  const { asked, told, link, request } = dial(() => true);
  await vi.advanceTimersByTimeAsync(0);
  expect(told.up).toHaveBeenCalledTimes(1);
  link.subscribe(request, () => {}, 1_000);
  await vi.advanceTimersByTimeAsync(60_000);
  // After 0.25, 0.5, 1, 2 and 4 seconds, then every five seconds.
  expect(asked.mock.calls.length).toBe(1 + 5 + 10);
  link.close();
});

it('a poll transport reports a lost link if a poll is not answered', async () => {
  let isThere = true;
  const { told, link, request } = dial(() => isThere);
  await vi.advanceTimersByTimeAsync(0);
  link.subscribe(request, () => {}, 1_000);
  isThere = false;
  await vi.advanceTimersByTimeAsync(1_000);
  expect([told.lost.mock.calls, told.missed.mock.calls]).toEqual([[[false]], []]);
});

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Backlog } from '../../../client/lib/backlog.ts';
import { requestBackoff } from '../../../client/lib/backoff.ts';
import { type Http, ProblemError } from '../../../client/lib/http.ts';
import { problem } from '../../../src/protocol/problems.ts';
import { ModelServer } from '../../support/servers/model-server.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function begin(get: (server: ModelServer) => unknown) {
  const server = new ModelServer();
  for (let each = 0; each < 3; each += 1) server.publish({ kind: 'update', keyEvent: false });
  const asked = vi.fn(async () => ({ body: get(server) }));
  const delivered: (number | string)[] = [];
  const backlog = new Backlog('moon', server.cursor(3), { get: asked } as unknown as Http, () => 0.5, {
    event: ({ offset }) => delivered.push(offset),
    reset: () => delivered.push('reset'),
    done: () => delivered.push('done'),
  });
  return { server, asked, told: delivered, backlog };
}

const answer = (server: ModelServer) => server.catchUp(server.cursor(3), 3, { limit: 9, posts: 9 }, 4);

it('a backlog delivers later events in order, each post at its latest change', async () => {
  const { server, told, backlog } = begin(answer);
  for (const post of [0, 1, 0]) server.revise(post, 'correction', {});
  for (const offset of [5, 6, 7]) backlog.queue(server.event(offset));
  backlog.begin(4);
  await vi.advanceTimersByTimeAsync(0);
  expect(told).toEqual([4, 6, 7, 'done']);
});

it('a backlog waits as long as the server asks', async () => {
  const refusals = [new ProblemError(problem('rate-limited', { retryAfter: 60 }))];
  const { asked, told, backlog } = begin((server) => {
    const refusal = refusals.shift();
    if (refusal !== undefined) throw refusal;
    return answer(server);
  });
  backlog.begin(4);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(requestBackoff.initialMs);
  expect(told).toEqual([4, 'done']);
});

import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { CatchUp } from '../../../src/protocol/model.ts';
import { catchUpSchema } from '../../../src/protocol/schemas.ts';
import { createChannel, publish, type Written, write } from '../../support/authors/writers.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';

/** Long polling: the answer is held until something changes. */

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

type Answer = Awaited<ReturnType<typeof call>>;

function poll(channelId: string, query: string, options: { token?: string; method?: string } = {}): Promise<Answer> {
  return call(`${server.url}/v1/channels/${channelId}/events?${query}`, options);
}

async function told(answering: Promise<Answer>): Promise<CatchUp> {
  const { status, headers, body } = await answering;
  expect(status).toBe(200);
  expect(headers.get('cache-control')).toBe('no-store');
  expect(headers.get('etag')).toBeNull();
  expect(body).toEqual(catchUpSchema.parse(body));
  return body as CatchUp;
}

async function channelWith(posts: number, more: object = {}): Promise<{ id: string; written: Written[]; head: string }> {
  const { id } = await createChannel(server, editor, more);
  const written: Written[] = [];
  for (let index = 1; index <= posts; index += 1) written.push(await publish(server, editor, id, { headline: `Entry ${index}` }));
  return { id, written, head: written.at(-1)!.cursor };
}

/** Resolves when this many polls are held. */
async function held(count: number): Promise<void> {
  await vi.waitFor(() => expect(server.server.readers.count('poll')).toBe(count));
}

describe('a poll', () => {
  it('is answered at once if something changed', async () => {
    const { id, written, head } = await channelWith(2);
    const began = performance.now();
    expect(await told(poll(id, 'wait=30'))).toMatchObject({ mode: 'snapshot', reset: false, cursor: head });
    expect(await told(poll(id, `wait=30&after=${written[0]!.cursor}`))).toMatchObject({
      covers: { after: 2, to: 3 },
      cursor: head,
    });
    const other = await channelWith(1);
    expect(await told(poll(id, `wait=30&after=${other.head}`))).toMatchObject({ mode: 'snapshot', reset: true });
    expect(await told(poll(id, `wait=0&after=${head}`))).toMatchObject({ covers: { after: 3, to: 3 }, events: [], more: false });
    // Far less than the wait that the poll asked for.
    expect(performance.now() - began).toBeLessThan(15_000);
  });

  it('is held until something changes, and polls at the same cursor share the answer', async () => {
    const { id, head } = await channelWith(1);
    const answers = Array.from({ length: 20 }, () => told(poll(id, `wait=30&after=${head}`)));
    await held(20);
    const { cursor } = await publish(server, editor, id, { headline: 'Live' });
    for (const answer of await Promise.all(answers)) {
      expect(answer).toMatchObject({ mode: 'replay', covers: { after: 2, to: 3 }, cursor, more: false });
      expect(answer).toMatchObject({ events: [{ from: 3, offset: 3, post: { headline: 'Live' } }] });
    }
    await held(0);
    expect(server.server.readers.subscriptions()).toBe(0);
    const { text } = await call(`${server.url}/metrics`);
    expect(text).toContain('pressbox_events_delivered_total{transport="poll"} 20\n');
  });

  it('is answered in a batch with others if very many polls wait, with other work between the batches', async () => {
    const { id, head } = await channelWith(1);
    const answers: Promise<Answer>[] = [];
    // The first must still be held when the last arrives, on a busy machine too.
    while (answers.length < 1_000) {
      // No more at once than the accept queue holds.
      for (let index = 0; index < 250; index += 1) answers.push(poll(id, `wait=30&after=${head}`));
      await held(answers.length);
    }
    /** The number of held polls at each turn of the event loop. */
    const counts = [answers.length];
    const look = () => {
      counts.push(server.server.readers.count('poll'));
      if (counts.at(-1) !== 0) setImmediate(look);
    };
    setImmediate(look);
    const { cursor } = await publish(server, editor, id, { headline: 'Live' });
    for (const answer of await Promise.all(answers)) expect(answer).toMatchObject({ status: 200, body: { cursor } });
    await vi.waitFor(() => expect(counts.at(-1)).toBe(0));
    const answered = counts.map((count, turn) => (counts[turn - 1] ?? count) - count).filter((count) => count > 0);
    expect(answered.length).toBeGreaterThanOrEqual(10);
    expect(Math.max(...answered)).toBeLessThanOrEqual(100);
    // On a busy machine a store that was not used meanwhile counts as unreachable for a moment.
    await vi.waitFor(async () => expect((await call(`${server.url}/readyz`)).body).toEqual({ status: 'ready' }));
  });

  it('is answered without events when its wait ends, with a cursor to continue from', async () => {
    const { id, head } = await channelWith(1);
    const began = performance.now();
    const answer = await told(poll(id, `wait=1&after=${head}`));
    const facts = { covers: { after: 2, to: 2 }, cursor: head, counts: { posts: 1, keyEvents: 0, corrections: 0 } };
    expect(answer).toEqual({ mode: 'replay', reset: false, ...facts, more: false, events: [] });
    // Timers may fire a millisecond early.
    expect(performance.now() - began).toBeGreaterThan(995);
    const next = told(poll(id, `wait=30&after=${answer.cursor}`));
    await held(1);
    await publish(server, editor, id, { headline: 'Live' });
    expect(await next).toMatchObject({ covers: { after: 2, to: 3 } });
  });

  it('misses nothing and gets nothing twice when it is repeated', async () => {
    const { id, head } = await channelWith(1);
    const posts = 60;
    const heard: { from: number; offset: number }[] = [];
    const reading = (async () => {
      for (let cursor = head; (heard.at(-1)?.offset ?? 0) < posts + 2; ) {
        const answer = await told(poll(id, `wait=30&after=${cursor}`));
        if (answer.mode === 'replay') heard.push(...answer.events);
        cursor = answer.cursor;
      }
    })();
    for (let index = 0; index < posts; index += 5) {
      await Promise.all(Array.from({ length: 5 }, (_, at) => publish(server, editor, id, { headline: `Entry ${index + at}` })));
    }
    await reading;
    expect(heard.map(({ from }) => from)).toEqual(Array.from({ length: posts }, (_, index) => index + 3));
    expect(heard.map(({ offset }) => offset)).toEqual(Array.from({ length: posts }, (_, index) => index + 3));
  });

  it('is not held for HEAD, nor longer than 30 s', async () => {
    const { id, head } = await channelWith(1);
    const answer = await poll(id, `wait=30&after=${head}`, { method: 'HEAD' });
    expect([answer.status, answer.text]).toEqual([200, '']);
    for (const wait of ['31', '-1', '1.5', 'x', '']) {
      const refused = await poll(id, `wait=${wait}&after=${head}`);
      expect([refused.status, refused.body], wait).toMatchObject([400, { code: 'invalid-body', errors: [{ path: 'wait' }] }]);
    }
    expect((await poll(id, 'wait=1&after=x')).body).toMatchObject({ code: 'invalid-cursor' });
  });

  it('frees everything when its client disconnects', async () => {
    const { id, head } = await channelWith(1);
    const gone = new AbortController();
    const url = `${server.url}/v1/channels/${id}/events?wait=30&after=${head}`;
    const answers = Array.from({ length: 5 }, () => fetch(url, { signal: gone.signal }).catch((error: Error) => error.name));
    await held(5);
    gone.abort();
    expect(await Promise.all(answers)).toEqual(Array(5).fill('AbortError'));
    await held(0);
    expect(server.server.readers.subscriptions()).toBe(0);
  });

  it('gets nothing that was taken down while it was held', async () => {
    const { id, written, head } = await channelWith(2);
    const answer = told(poll(id, `wait=30&after=${head}`));
    await held(1);
    const { post } = written[0]!;
    await write(server, editor, { path: `/v1/channels/${id}/posts/${post.id}/takedown`, body: {} });
    expect(await answer).toMatchObject({ events: [{ type: 'post.taken-down', post: { headline: null, html: '' } }] });
    expect(JSON.stringify(await told(poll(id, `wait=30&after=${written[0]!.cursor}`)))).not.toContain('Entry 1');
  });
});

describe('a held poll ends with a problem', () => {
  it('when the token that it needs expires', async () => {
    const { id, head } = await channelWith(1, { access: 'members' });
    const token = await server.token({ editor: [], reader: ['*'] }, { ttlSeconds: 60 });
    const answer = poll(id, `wait=30&after=${head}`, { token });
    await held(1);
    onTestFinished(() => {
      now = Date.now;
    });
    now = () => Date.now() + 61_000;
    const { status, body } = await answer;
    expect([status, body]).toMatchObject([401, { code: 'token-invalid', detail: 'The token has expired.' }]);
  });

  it('when the token is revoked, even on a public channel', async () => {
    const { id, head } = await channelWith(1);
    const token = await server.token({ reader: ['*'] });
    const { jti } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    const answer = poll(id, `wait=30&after=${head}`, { token });
    await held(1);
    await call(`${server.url}/v1/tokens/revoked`, { method: 'POST', token: admin, body: { jti } });
    const { status, body } = await answer;
    expect([status, body]).toMatchObject([401, { code: 'token-invalid', detail: 'The token was revoked.' }]);
  });

  it('when the channel is closed to its reader', async () => {
    for (const [access, refusal] of [
      ['members', [401, { code: 'token-missing' }]],
      ['desk', [404, { code: 'not-found' }]],
    ] as const) {
      const { id, head } = await channelWith(1);
      const answer = poll(id, `wait=30&after=${head}`);
      await held(1);
      await write(server, editor, { method: 'PATCH', path: `/v1/channels/${id}`, body: { access }, ifMatch: '*' });
      const { status, body } = await answer;
      expect([status, body]).toMatchObject(refusal);
    }
  });

  it('when the channel is deleted', async () => {
    const { id, head } = await channelWith(1);
    const answer = poll(id, `wait=30&after=${head}`);
    await held(1);
    await call(`${server.url}/v1/channels/${id}`, { method: 'DELETE', token: admin });
    const { status, body } = await answer;
    expect([status, body]).toMatchObject([410, { code: 'channel-deleted' }]);
  });
});

it('if access is refused as for any other request', async () => {
  const members = await channelWith(1, { access: 'members' });
  const stranger = await server.token({ editor: [], reader: ['other'] });
  for (const [channelId, token, status] of [
    [members.id, undefined, 401],
    [members.id, stranger, 403],
    ['never-was', undefined, 404],
    ['No-Slug', undefined, 404],
  ] as const) {
    expect((await poll(channelId, 'wait=30', token === undefined ? {} : { token })).status, channelId).toBe(status);
  }
  await held(0);
});

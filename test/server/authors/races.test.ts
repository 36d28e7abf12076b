import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { AuthorPost, Channel } from '../../../src/protocol/model.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';
import { watchWrites } from '../../support/servers/watch-writes.ts';

/** Concurrent and repeated writes: promise 5, and the same answer for the same write. */

let test: TestServer;
let ada: string;
let bob: string;
let channelUrl: string;

beforeAll(async () => {
  test = await startTestServer();
  ada = await test.token({ editor: ['*'] }, { sub: 'ada', name: 'Ada Byron' });
  bob = await test.token({ editor: ['*'] }, { sub: 'bob', name: 'Bob Over' });
});
afterAll(() => test[Symbol.asyncDispose]());

interface Body {
  post: AuthorPost;
  channel: Channel;
  cursor: string;
  offset: number;
  code?: string;
  current?: AuthorPost;
}

let channels = 0;
async function freshChannel(): Promise<string> {
  channels += 1;
  const id = `race-${channels}`;
  expect((await write(`${test.url}/v1/channels`, { id, headline: 'To the Moon' }, { token: ada })).status).toBe(201);
  channelUrl = `${test.url}/v1/channels/${id}`;
  return id;
}
async function write(url: string, body: unknown, { token = ada, headers = {}, method = 'POST' } = {}) {
  const answer = await call(url, { method, token, body, headers: headers as Record<string, string> });
  return { ...answer, body: (answer.body ?? {}) as Body, replayed: answer.headers.get('idempotency-replayed') };
}
async function publish(body: object = { headline: 'Lift-off', body: 'Away.' }, headers = {}) {
  return await write(`${channelUrl}/posts`, body, { headers });
}
const offsetOf = async (channel: string) => (await test.server.engine.heads([channel]))[0]?.offset;
const key = (value: string) => ({ 'idempotency-key': value });

describe('two authors who change the same revision at once', () => {
  it('get one success and one conflict with the current post, a thousand times', async () => {
    const channel = await freshChannel();
    const { post } = (await publish()).body;
    const url = `${channelUrl}/posts/${post.id}/revisions`;
    for (let revision = 1; revision <= 1_000; revision += 1) {
      const headers = { 'if-match': `"${revision}"` };
      const answers = await Promise.all(
        [ada, bob].map((token, who) =>
          write(url, { kind: 'update', changes: { headline: `${who} at ${revision}` } }, { token, headers }),
        ),
      );
      const won = answers.filter(({ status }) => status === 200);
      const lost = answers.filter(({ status }) => status === 412);
      expect([won.length, lost.length]).toEqual([1, 1]);
      expect(won[0]?.body.post.revision).toBe(revision + 1);
      expect(lost[0]?.body).toMatchObject({
        code: 'revision-moved',
        current: { revision: revision + 1, headline: won[0]?.body.post.headline },
      });
    }
    expect(await offsetOf(channel)).toBe(1_002);
  });

  it('both succeed if neither names a revision', async () => {
    const channel = await freshChannel();
    const { post } = (await publish()).body;
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        write(
          `${channelUrl}/posts/${post.id}/revisions`,
          { kind: 'update', changes: { headline: `Take ${i}` } },
          { headers: { 'if-match': '*' } },
        ),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(40).fill(200));
    expect(answers.map(({ body }) => body.post.revision).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 40 }, (_, i) => i + 2),
    );
    expect(await offsetOf(channel)).toBe(42);
  });
});

describe('a refusal that quotes the current post', () => {
  it('is sent in the turn of the event loop in which the post was read, so that no erasure comes in between', async () => {
    await freshChannel();
    const { post } = (await publish()).body;
    const { engine } = test.server;
    let turns = 0;
    let readAt = 0;
    for (const name of ['channel', 'post'] as const) {
      const read = engine[name].bind(engine) as (...given: unknown[]) => Promise<unknown>;
      vi.spyOn(engine, name).mockImplementation((async (...given: unknown[]) => {
        const answer = await read(...given);
        readAt = turns;
        return answer;
      }) as never);
    }
    const turnsUntilSent: number[] = [];
    watchWrites(Number(new URL(test.url).port), ({ bytes }) => {
      if (bytes.toString().startsWith('HTTP/1.1 412')) turnsUntilSent.push(turns - readAt);
    });
    let timer: NodeJS.Immediate;
    const count = () => {
      turns += 1;
      timer = setImmediate(count);
    };
    count();
    try {
      const revision = { kind: 'update', changes: { headline: 'Too late' } };
      const refused = await write(`${channelUrl}/posts/${post.id}/revisions`, revision, { headers: { 'if-match': '"7"' } });
      expect(refused.body).toMatchObject({ code: 'revision-moved', current: { headline: 'Lift-off' } });
      expect(turnsUntilSent).toEqual([0]);
    } finally {
      clearImmediate(timer!);
      vi.restoreAllMocks();
    }
  });
});

describe('an idempotency key', () => {
  it('creates one post from 200 concurrent requests, and refuses another body', async () => {
    const channel = await freshChannel();
    const answers = await Promise.all(Array.from({ length: 200 }, () => publish({ headline: 'Once' }, key('once'))));
    expect(new Set(answers.map(({ status, body }) => `${status} ${JSON.stringify(body)}`)).size).toBe(1);
    expect(answers[0]?.status).toBe(201);
    expect(answers.filter(({ replayed }) => replayed === null)).toHaveLength(1);
    expect(answers.filter(({ replayed }) => replayed === 'true')).toHaveLength(199);
    expect(await publish({ headline: 'Twice' }, key('once'))).toMatchObject({ status: 422, body: { code: 'key-reused' } });
    expect(await publish({ nonsense: 1 }, key('once'))).toMatchObject({ status: 422 });
    expect(await offsetOf(channel)).toBe(2);
  });

  it('creates one post from concurrent requests even if its author chose the id', async () => {
    const channel = await freshChannel();
    const id = '01890a5d-ac96-774b-bcce-b302099a8057';
    const answers = await Promise.all(Array.from({ length: 50 }, () => publish({ id, headline: 'Once' }, key('chosen'))));
    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(201));
    expect(await offsetOf(channel)).toBe(2);
  });

  it('gives all copies of a write that are sent at once the same answer, for every kind of write', async () => {
    const channel = await freshChannel();
    const { post } = (await publish()).body;
    const at = (what: string) => `${channelUrl}/posts/${post.id}/${what}`;
    const writes = [
      () =>
        write(
          at('revisions'),
          { kind: 'correction', note: 'No.', changes: { body: 'B' } },
          { headers: { ...key('k1'), 'if-match': '"1"' } },
        ),
      () => write(channelUrl, { pinnedPostId: post.id }, { method: 'PATCH', headers: { ...key('k2'), 'if-match': '"1"' } }),
      () => write(at('retraction'), { note: 'No.' }, { headers: key('k3') }),
      () => write(at('takedown'), {}, { headers: key('k4') }),
    ];
    let offset = 2;
    for (const [n, once] of writes.entries()) {
      const answers = await Promise.all(Array.from({ length: 20 }, once));
      expect(
        answers.map(({ status }) => status),
        `write ${n}`,
      ).toEqual(Array(20).fill(answers[0]?.status));
      expect([200, 202]).toContain(answers[0]?.status);
      expect(new Set(answers.map(({ body }) => JSON.stringify([body.post, body.channel, body.cursor, body.offset]))).size).toBe(
        1,
      );
      expect(answers.filter(({ replayed }) => replayed === null)).toHaveLength(1);
      // The retraction also unpins.
      offset += n === 2 ? 2 : 1;
      expect(await offsetOf(channel)).toBe(offset);
    }
  });

  it('belongs to one channel, one token and one request', async () => {
    await freshChannel();
    const first = await publish({ headline: 'A' }, key('shared'));
    const { post } = first.body;
    expect((await write(`${channelUrl}/posts`, { headline: 'A' }, { token: bob, headers: key('shared') })).replayed).toBeNull();
    const elsewhere = await publish({ headline: 'B' });
    const revisionBody = { kind: 'update', changes: { headline: 'C' } };
    const url = (id: string) => `${channelUrl}/posts/${id}/revisions`;
    const revised = await write(url(post.id), revisionBody, { headers: { ...key('rev'), 'if-match': '"1"' } });
    expect(revised.status).toBe(200);
    for (const [where, what, match] of [
      [url(post.id), revisionBody, '"2"'],
      [url(elsewhere.body.post.id), revisionBody, '"1"'],
      [url(post.id), { ...revisionBody, kind: 'refile' }, '"1"'],
      [`${channelUrl}/posts`, { headline: 'A' }, '"1"'],
    ] as const)
      expect(await write(where, what, { headers: { ...key('rev'), 'if-match': match } })).toMatchObject({ status: 422 });
    await freshChannel();
    expect((await publish({ headline: 'A' }, key('shared'))).replayed).toBeNull();
  });

  it('still belongs to its request after the text is erased, and is refused for any other', async () => {
    const channel = await freshChannel();
    const doomed = (await publish({ headline: 'A' }, key('erased'))).body.post;
    const other = (await publish({ headline: 'B' })).body.post;
    const at = (post: AuthorPost, what: string) => `${channelUrl}/posts/${post.id}/${what}`;
    const revised = { kind: 'update', changes: { headline: 'C' } };
    await write(at(doomed, 'revisions'), revised, { headers: { ...key('revised'), 'if-match': '"1"' } });
    await write(at(doomed, 'takedown'), {});
    const reused = { status: 422, body: { code: 'key-reused' } };
    for (const used of ['erased', 'revised']) {
      const headers = { ...key(used), 'if-match': '*' };
      expect(await write(at(other, 'takedown'), {}, { headers })).toMatchObject(reused);
      expect(await write(at(other, 'retraction'), { note: 'No.' }, { headers })).toMatchObject(reused);
      expect(await write(at(other, 'revisions'), revised, { headers })).toMatchObject(reused);
      expect(await write(channelUrl, { state: 'ended' }, { method: 'PATCH', headers })).toMatchObject(reused);
      expect(await publish({ id: '01890a5d-ac96-774b-bcce-b302099a8058', headline: 'D' }, key(used))).toMatchObject(reused);
    }
    expect(await publish({ headline: 'D' }, key('revised'))).toMatchObject(reused);
    expect(await write(at(doomed, 'takedown'), {}, { headers: key('erased') })).toMatchObject(reused);
    expect(await offsetOf(channel)).toBe(5);
  });

  it('cannot withdraw a post if it was used for a revision, even after the text is erased', async () => {
    const channel = await freshChannel();
    const { post } = (await publish({ headline: 'A' })).body;
    const url = `${channelUrl}/posts/${post.id}`;
    const revise = (headline: string, more: object, headers: object) =>
      write(`${url}/revisions`, { kind: 'update', changes: { headline }, ...more }, { headers });
    await revise('B', {}, { ...key('revision'), 'if-match': '"1"' });
    await revise('C', { eraseEarlier: true }, { 'if-match': '"2"' });
    for (const [what, body] of [
      ['takedown', {}],
      ['retraction', { note: 'No.' }],
    ] as const)
      expect(await write(`${url}/${what}`, body, { headers: key('revision') })).toMatchObject({
        status: 422,
        body: { code: 'key-reused' },
      });
    expect(await offsetOf(channel)).toBe(4);
  });

  it.each([' ', '', 'a\u00e9', 'a'.repeat(256)])('must be printable: %j', async (bad) => {
    const channel = await freshChannel();
    expect(await publish({ headline: 'A' }, key(bad))).toMatchObject({
      status: 400,
      body: { code: 'invalid-body', errors: [{ path: 'Idempotency-Key' }] },
    });
    expect(await offsetOf(channel)).toBe(1);
  });
});

describe('a write whose answer was lost', () => {
  it('gets its first answer again after further changes: a correction', async () => {
    const channel = await freshChannel();
    const { post } = (await publish()).body;
    const url = `${channelUrl}/posts/${post.id}/revisions`;
    const correct = () =>
      write(url, { kind: 'correction', note: 'No.', changes: { body: 'B' } }, { headers: { ...key('c'), 'if-match': '"1"' } });
    const first = await correct();
    await write(url, { kind: 'update', changes: { body: 'C' } }, { token: bob, headers: { 'if-match': '"2"' } });
    await write(channelUrl, { state: 'ended' }, { method: 'PATCH', headers: { 'if-match': '*' } });
    const again = await correct();
    expect(again).toMatchObject({ status: 200, replayed: 'true', body: first.body });
    expect(again.headers.get('etag')).toBe(first.headers.get('etag'));
    expect(await offsetOf(channel)).toBe(5);
  });

  it('gets its first answer again after a restart of the server: a post', async () => {
    const channel = await freshChannel();
    const first = await publish({ headline: 'A' }, key('p'));
    await test.restart();
    expect(await publish({ headline: 'A' }, key('p'))).toMatchObject({ status: 201, replayed: 'true', body: first.body });
    expect(first.headers.get('location')).not.toBeNull();
    expect(await offsetOf(channel)).toBe(2);
  });

  it('gets the tombstone if the post has been withdrawn, and never publishes it again', async () => {
    for (const withdrawal of ['retraction', 'takedown']) {
      const channel = await freshChannel();
      const first = await publish({ headline: 'A', body: 'a sentence that must go' }, key('p'));
      const url = `${channelUrl}/posts/${first.body.post.id}`;
      await write(`${url}/${withdrawal}`, { note: 'No.' });
      const again = await publish({ headline: 'A', body: 'a sentence that must go' }, key('p'));
      expect(again).toMatchObject({
        status: 201,
        replayed: 'true',
        body: { cursor: first.body.cursor, offset: 2, post: { id: first.body.post.id, revision: 2, body: '' } },
      });
      expect(again.text).not.toContain('must go');
      expect(await offsetOf(channel)).toBe(3);
    }
  });

  it('gets its tombstone again: a takedown', async () => {
    const channel = await freshChannel();
    const { post } = (await publish()).body;
    const takeDown = () => write(`${channelUrl}/posts/${post.id}/takedown`, { note: 'A court.' }, { headers: key('t') });
    const first = await takeDown();
    // A repeated takedown is answered with 200 once the erasure is complete.
    await vi.waitFor(async () =>
      expect(await takeDown()).toMatchObject({
        status: 200,
        replayed: 'true',
        body: { post: first.body.post, cursor: first.body.cursor, erasure: { complete: true } },
      }),
    );
    expect(await write(`${channelUrl}/posts/${post.id}/takedown`, { note: 'Another.' }, { headers: key('t') })).toMatchObject({
      status: 422,
    });
    expect(await offsetOf(channel)).toBe(3);
  });

  it('gets its first answer again even if it changed nothing: a takedown of a post that was already taken down', async () => {
    const channel = await freshChannel();
    const { post } = (await publish()).body;
    const takeDown = (note: string, headers = {}) => write(`${channelUrl}/posts/${post.id}/takedown`, { note }, { headers });
    await vi.waitFor(async () => expect((await takeDown('A court.')).status).toBe(200));
    const first = await takeDown('A court, again.', key('t2'));
    expect(first).toMatchObject({ status: 200, replayed: null, body: { offset: 3, erasure: { complete: true } } });
    const again = await takeDown('A court, again.', key('t2'));
    expect(again).toMatchObject({ status: 200, replayed: 'true', body: first.body });
    expect((await takeDown('Another.', key('t2'))).status).toBe(422);
    expect(await offsetOf(channel)).toBe(3);
  });

  it('is done at most once if it is sent concurrently and another author may undo it: a pin', async () => {
    const channel = await freshChannel();
    const { post } = (await publish()).body;
    const pin = (pinnedPostId: string | null, headers = {}) =>
      write(channelUrl, { pinnedPostId }, { method: 'PATCH', headers: { 'if-match': '*', ...headers } });
    await pin(post.id);
    // Another author unpins meanwhile. The write either found the pin or set it again, once.
    const answers = await Promise.all([
      ...Array.from({ length: 10 }, () => pin(post.id, key('q'))),
      pin(null),
      ...Array.from({ length: 10 }, () => pin(post.id, key('q'))),
    ]);
    expect(answers.filter(({ replayed }) => replayed === null)).toHaveLength(2);
    expect([...new Set(answers.map(({ status }) => status))]).toEqual([200]);
    const head = await offsetOf(channel);
    expect(head).toBeLessThanOrEqual(5);
    await pin(null);
    await pin(post.id, key('q'));
    expect((await call(channelUrl)).body).toMatchObject({ pinnedPostId: null });
  });

  it('is decided again after a refusal: refusals are not stored', async () => {
    await freshChannel();
    expect((await publish({}, key('r'))).status).toBe(400);
    expect((await publish({ headline: 'A' }, key('r'))).status).toBe(201);
  });

  it('is not repeated to an author who has lost the right to write', async () => {
    const channel = await freshChannel();
    expect((await publish({ headline: 'A' }, key('l'))).status).toBe(201);
    const demoted = await test.token({ reader: ['*'] }, { sub: 'ada' });
    expect(await write(`${channelUrl}/posts`, { headline: 'A' }, { token: demoted, headers: key('l') })).toMatchObject({
      status: 403,
    });
    expect(await offsetOf(channel)).toBe(2);
  });
});

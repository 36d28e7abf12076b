import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { authorPostSchema, channelSchema, cursorSchema } from '../../../src/protocol/schemas.ts';
import { limits } from '../../../src/protocol/wire-limits.ts';
import { ada, deskCalls, ed, ifMatch, key } from '../../support/authors/write-calls.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';

/** Writes to a real server with the embedded journal, and their answers. */

let test: TestServer;
let editor: string;
let author: string;

beforeAll(async () => {
  test = await startTestServer();
  editor = await test.token({ editor: ['*'] }, ed);
  author = await test.token({ author: ['*'] }, ada);
});
afterAll(() => test[Symbol.asyncDispose]());

const { write, newChannel, newPost, headOf } = deskCalls(() => test);
async function read(path: string, token?: string) {
  return await call(`${test.url}/v1/channels${path}`, token === undefined ? {} : { token });
}

describe('a channel', () => {
  it('is created, changed and ended by an editor', async () => {
    const opened = await write('', { headline: 'Überflug!', state: 'scheduled', startsAt: '2026-11-24T12:00:00+01:00' });
    expect(opened.status).toBe(201);
    expect(opened.headers.get('location')).toBe(test.pathTo('/v1/channels/uberflug'));
    expect(opened.headers.get('etag')).toBe('"1"');
    expect(opened.headers.get('cache-control')).toBe('private, no-store');
    expect(opened.headers.get('vary')).toContain('Authorization');
    expect(channelSchema.parse(opened.body.channel)).toMatchObject({
      id: 'uberflug',
      state: 'scheduled',
      startsAt: '2026-11-24T11:00:00.000Z',
      revision: 1,
    });
    expect(opened.body.offset).toBe(1);
    expect(cursorSchema.parse(opened.body.cursor)).toContain('.1.');

    const patched = await write(
      '/uberflug',
      { state: 'live', headline: 'Flyby', change: { kind: 'correction', note: 'In English.' } },
      {
        method: 'PATCH',
        headers: ifMatch(1, { 'content-type': 'application/merge-patch+json' }),
      },
    );
    expect(patched.status).toBe(200);
    expect(patched.headers.get('etag')).toBe('"2"');
    expect(patched.body).toMatchObject({
      offset: 2,
      channel: { state: 'live', headline: 'Flyby', revision: 2, history: [{ kind: 'correction', note: 'In English.' }] },
    });
    expect((await read('/uberflug')).body).toEqual(patched.body.channel);
    expect((await read('/uberflug/corrections')).body).toMatchObject({
      corrections: [{ postId: null, kind: 'correction', note: 'In English.' }],
    });

    const ended = await write('/uberflug', { state: 'ended' }, { method: 'PATCH', headers: { 'if-match': '*' } });
    expect(ended.body.channel).toMatchObject({ state: 'ended', revision: 3 });
    const late = await write('/uberflug/posts', { headline: 'Late' });
    expect(late).toMatchObject({ status: 409, body: { code: 'channel-ended' } });
  });

  it('gets the requested id, or the next free one made from its headline', async () => {
    const ids = [];
    for (let i = 0; i < 3; i += 1) ids.push((await write('', { headline: 'Twice told' })).body.channel.id);
    expect(ids).toEqual(['twice-told', 'twice-told-2', 'twice-told-3']);
    const taken = await write('', { id: 'twice-told', headline: 'A' });
    expect(taken).toMatchObject({ status: 409, body: { code: 'channel-exists' } });
    expect(taken.body).not.toHaveProperty('detail');
  });

  it('is created once for one key, even by concurrent requests', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => write('', { headline: 'Only once' }, { headers: key('open-1') })),
    );
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.channel.id} ${body.cursor}`)).size).toBe(1);
    expect(answers.filter(({ headers }) => headers.get('idempotency-replayed') === null)).toHaveLength(1);
    expect(await write('', { headline: 'Other' }, { headers: key('open-1') })).toMatchObject({
      status: 422,
      body: { code: 'key-reused' },
    });
    // The key is checked before the body.
    expect(await write('', { headline: '' }, { headers: key('open-1') })).toMatchObject({
      status: 422,
      body: { code: 'key-reused' },
    });
    expect(await write('', { headline: '' }, { headers: key('open-never') })).toMatchObject({
      status: 400,
      body: { code: 'invalid-body' },
    });
    expect((await read('/only-once-2')).status).toBe(404);
    expect((await read('/other')).status).toBe(404);
    // Keys of different editors are different.
    const another = await test.token({ editor: ['*'] }, { sub: 'ed2' });
    expect((await write('', { headline: 'Only once' }, { headers: key('open-1'), token: another })).body.channel.id).toBe(
      'only-once-2',
    );
  });

  it('can be created with a key whose first attempt was refused because the id was taken', async () => {
    await newChannel({ id: 'taken' });
    expect((await write('', { id: 'taken', headline: 'A' }, { headers: key('open-2') })).status).toBe(409);
    expect((await write('', { id: 'free', headline: 'A' }, { headers: key('open-2') })).status).toBe(201);
    expect((await write('', { id: 'free', headline: 'A' }, { headers: key('open-2') })).headers.get('idempotency-replayed')).toBe(
      'true',
    );
  });

  it('gets no event if nothing changes', async () => {
    const channel = await newChannel();
    const before = await headOf(channel);
    const answer = await write(
      `/${channel}`,
      { headline: 'To the Moon', section: null },
      { method: 'PATCH', headers: ifMatch(1) },
    );
    expect(answer).toMatchObject({ status: 200, body: { offset: 1, channel: { revision: 1 } } });
    expect(await headOf(channel)).toEqual(before);
  });

  it('is not changed by repeating a request that changed nothing: its first answer is repeated', async () => {
    const channel = await newChannel();
    const post = await newPost(channel);
    const pin = (pinnedPostId: string | null, headers: Record<string, string>) =>
      write(`/${channel}`, { pinnedPostId }, { method: 'PATCH', headers: { 'if-match': '*', ...headers } });
    await pin(post.id, {});
    const first = await pin(post.id, key('pin'));
    expect(first).toMatchObject({ status: 200, body: { offset: 3, channel: { pinnedPostId: post.id, revision: 2 } } });
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    await pin(null, {});
    const again = await pin(post.id, key('pin'));
    expect(again).toMatchObject({ status: 200, body: { cursor: first.body.cursor, channel: { pinnedPostId: null } } });
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(await pin(null, key('pin'))).toMatchObject({ status: 422, body: { code: 'key-reused' } });
    expect(await headOf(channel)).toMatchObject({ offset: 4 });
  });

  it('is erased by an admin, and its id stays taken', async () => {
    const channel = await newChannel();
    const post = await newPost(channel);
    expect(await write(`/${channel}`, undefined, { method: 'DELETE' })).toMatchObject({ status: 403 });
    const admin = await test.token({ admin: true }, { sub: 'root' });
    const erase = () => write(`/${channel}`, undefined, { method: 'DELETE', token: admin, headers: key('del') });
    expect([202, 204]).toContain((await erase()).status);
    // A repeated request is answered with 204 once the erasure is complete.
    await vi.waitFor(async () => {
      const again = await erase();
      expect(again).toMatchObject({ status: 204, text: '' });
      expect(again.headers.get('idempotency-replayed')).toBe('true');
    });
    const another = () => write(`/${channel}`, undefined, { method: 'DELETE', token: admin, headers: key('too late') });
    expect((await another()).headers.get('idempotency-replayed')).toBeNull();
    expect((await another()).headers.get('idempotency-replayed')).toBe('true');
    expect(await write(`/${channel}/posts`, { headline: 'A' })).toMatchObject({ status: 410, body: { code: 'channel-deleted' } });
    expect(await write(`/${channel}/posts/${post.id}/takedown`, {})).toMatchObject({ status: 410 });
    const stays = 'A deleted channel had this id, and ids are not reused.';
    expect(await write('', { id: channel, headline: 'A' })).toMatchObject({
      status: 409,
      body: { code: 'channel-exists', detail: stays },
    });
    expect(await write('/never-was', undefined, { method: 'DELETE', token: admin })).toMatchObject({ status: 404 });
  });
});

describe('a write', () => {
  it('is counted in the metrics, and timed if it was appended', async () => {
    const counted = async () => {
      const { text } = await call(`${test.url}/metrics`);
      const value = (series: RegExp) => Number(series.exec(text)?.[1]);
      return {
        appended: value(/^pressbox_appends_total\{outcome="appended"\} (\d+)$/m),
        timed: value(/^pressbox_append_seconds_count (\d+)$/m),
        seconds: value(/^pressbox_append_seconds_sum ([\d.e-]+)$/m),
      };
    };
    const before = await counted();
    const channel = await newChannel();
    await newPost(channel);
    expect(await write(`/${channel}/posts`, {})).toMatchObject({ status: 400 });
    const after = await counted();
    expect(after).toMatchObject({ appended: before.appended + 2, timed: before.timed + 2 });
    expect(after.seconds).toBeGreaterThan(before.seconds);
  });
});

describe('a post', () => {
  it('is published, and its author reads it unchanged', async () => {
    const channel = await newChannel();
    const sent = {
      kind: 'breaking',
      keyEvent: true,
      headline: 'Lift-off',
      body: 'Away *it* goes.',
      sources: [{ name: 'Radio' }],
      developing: true,
    };
    const answer = await write(`/${channel}/posts`, sent, { token: author });
    const { post } = answer.body;
    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toBe(test.pathTo(`/v1/channels/${channel}/posts/${post.id}`));
    expect(answer.headers.get('cache-control')).toBe('private, no-store');
    expect(answer.headers.get('vary')).toContain('Authorization');
    expect(authorPostSchema.parse(post)).toMatchObject({
      ...sent,
      seq: 2,
      html: '<p>Away <em>it</em> goes.</p>\n',
      authors: [{ name: 'Ada Byron' }],
      publishedBy: 'ada',
    });
    expect(answer.body.offset).toBe(2);
    const got = await read(`/${channel}/posts/${post.id}`, author);
    expect(got.body).toEqual(post);
    expect(got.headers.get('etag')).toBe(answer.headers.get('etag'));
    expect((await read(`/${channel}/snapshot`)).body).toMatchObject({ cursor: answer.body.cursor });
  });

  it('can have an id chosen by its author, which no other post can have', async () => {
    const channel = await newChannel();
    const id = '01890a5d-ac96-774b-bcce-b302099a8057';
    expect((await newPost(channel, { id })).id).toBe(id);
    expect(await write(`/${channel}/posts`, { id, headline: 'B' })).toMatchObject({ status: 409, body: { code: 'post-exists' } });
  });

  it('is corrected: readers get the correction, and authors see who made it', async () => {
    const channel = await newChannel();
    const post = await newPost(channel);
    const summary = await newPost(channel, { kind: 'summary', headline: 'So far', derivedFrom: [post.id] });
    const answer = await write(
      `/${channel}/posts/${post.id}/revisions`,
      { kind: 'correction', note: 'It was **not**.', changes: { body: 'It fell.' } },
      { token: author, headers: ifMatch('1-anything') },
    );
    expect(answer).toMatchObject({
      status: 200,
      body: {
        offset: 4,
        post: {
          revision: 2,
          html: '<p>It fell.</p>\n',
          history: [{ revision: 2, kind: 'correction', note: 'It was **not**.', by: 'ada' }],
        },
        derived: [{ id: summary.id, kind: 'summary', headline: 'So far' }],
      },
    });
    expect(answer.body).not.toHaveProperty('erasure');
    expect((await read(`/${channel}/posts/${post.id}`)).text).not.toContain('"by"');
  });

  it('is changed with an answer that lists all posts that restate it, even if they exceed a page', async () => {
    const channel = await newChannel();
    const post = await newPost(channel);
    // Two of them exceed a page.
    const long = { kind: 'summary', body: '🌒'.repeat(limits.bodyCharacters), derivedFrom: [post.id] };
    const ids = [];
    for (let nth = 0; nth < 3; nth += 1) ids.unshift((await newPost(channel, long)).id);
    const answer = await write(`/${channel}/posts/${post.id}/retraction`, { note: 'It did not.' });
    expect(answer.body.derived.map(({ id }) => id)).toEqual(ids);
  });

  it('requires the changed revision in If-Match, in every form that proxies make of it', async () => {
    const channel = await newChannel();
    const post = await newPost(channel);
    const revise = (header: Record<string, string>, n: number) =>
      write(
        `/${channel}/posts/${post.id}/revisions`,
        { kind: 'refile', changes: { headline: `Take ${n}` } },
        { headers: header },
      );
    expect(await revise({}, 0)).toMatchObject({ status: 428, body: { code: 'if-match-missing' } });
    for (const bad of ['', 'abc', '"x"', '3x', '"1", "2"', '-1', '01', '1.5', '"1', 'w/"1"', '**', '"1"-x'])
      expect(await revise({ 'if-match': bad }, 0), bad).toMatchObject({
        status: 400,
        body: { code: 'invalid-body', errors: [{ path: 'If-Match' }] },
      });
    expect(await headOf(channel)).toMatchObject({ offset: 2 });
    const good = ['"1"', '2', 'W/"3"', '"4-amd1-77"', 'W/"5-amd1--gzip"', '*'];
    for (const [n, header] of good.entries()) expect((await revise({ 'if-match': header }, n)).status, header).toBe(200);
    const late = await revise({ 'if-match': '"1"' }, 99);
    expect(late).toMatchObject({
      status: 412,
      body: { code: 'revision-moved', current: { revision: 7, headline: 'Take 5', publishedBy: 'ada' } },
    });
    expect(late.headers.get('content-type')).toContain('application/problem+json');
  });

  it('is retracted by its author, once', async () => {
    const channel = await newChannel();
    const post = await newPost(channel);
    const path = `/${channel}/posts/${post.id}`;
    expect(await write(`${path}/retraction`, { note: 'No.' }, { token: author, headers: ifMatch(4) })).toMatchObject({
      status: 412,
    });
    const answer = await write(`${path}/retraction`, { note: 'No.' }, { token: author });
    expect(answer).toMatchObject({
      status: 200,
      body: { post: { status: 'retracted', body: '', headline: null, publishedBy: 'ada' }, derived: [] },
    });
    expect(await write(`${path}/retraction`, { note: 'No.' }, { token: author, headers: ifMatch(1) })).toMatchObject({
      status: 409,
      body: { code: 'post-withdrawn' },
    });
    expect(
      await write(`${path}/revisions`, { kind: 'update', changes: { headline: 'B' } }, { token: author, headers: ifMatch(1) }),
    ).toMatchObject({ status: 409 });
    expect((await read(`${path}/revisions`, author)).body).toMatchObject({
      revisions: [{ body: 'Away *it* goes.' }, { status: 'retracted' }],
    });
    expect((await read(`${path}/revisions`)).status).toBe(404);
  });

  it('is taken down by an editor, and a repeated takedown returns its state', async () => {
    const channel = await newChannel();
    const post = await newPost(channel, { body: 'a sentence that must go' });
    const path = `/${channel}/posts/${post.id}`;
    expect(await write(`${path}/takedown`, {}, { token: author })).toMatchObject({ status: 403 });
    const answer = await write(`${path}/takedown`, { note: 'A court said so.' });
    expect([200, 202]).toContain(answer.status);
    expect(answer.body).toMatchObject({
      offset: 3,
      post: { status: 'taken-down', revision: 2 },
      derived: [],
      erasure: { complete: answer.status === 200 },
    });
    expect(answer.text).not.toContain('must go');
    await vi.waitFor(async () =>
      expect(await call(`${test.url}/v1/channels${path}/takedown`, { method: 'POST', token: editor })).toMatchObject({
        status: 200,
        body: { offset: 3, post: { revision: 2 }, erasure: { complete: true, pending: [] } },
      }),
    );
    expect(await headOf(channel)).toMatchObject({ offset: 3 });
    expect((await read(`${path}/revisions`, editor)).text).not.toContain('must go');
  });

  it('loses earlier revisions and named notes if a revision erases them', async () => {
    const channel = await newChannel();
    const post = await newPost(channel, { body: 'the name of a victim' });
    const path = `/${channel}/posts/${post.id}`;
    await write(
      `${path}/revisions`,
      { kind: 'correction', note: 'The name of a victim was wrong.', changes: { body: 'the name of a victim, spelled right' } },
      { headers: ifMatch(1) },
    );
    const answer = await write(
      `${path}/revisions`,
      { kind: 'refile', changes: { body: 'a person' }, eraseEarlier: true, eraseNotes: [2] },
      { headers: ifMatch(2, key('erase-1')) },
    );
    expect([200, 202]).toContain(answer.status);
    expect(answer.body).toMatchObject({
      post: { revision: 3, history: [{ kind: 'correction', note: null }, { kind: 'refile' }] },
      erasure: { complete: answer.status === 200 },
    });
    await vi.waitFor(async () => {
      const again = await write(
        `${path}/revisions`,
        { kind: 'refile', changes: { body: 'a person' }, eraseEarlier: true, eraseNotes: [2] },
        { headers: ifMatch(2, key('erase-1')) },
      );
      expect(again).toMatchObject({ status: 200, body: { post: answer.body.post, erasure: { complete: true } } });
    });
    for (const where of [`${path}/revisions`, path, '/', `/${channel}/corrections`, `/${channel}/snapshot`, `/${channel}/events`])
      expect((await read(where, editor)).text).not.toContain('victim');
    expect((await read(`${path}/revisions`, editor)).body).toMatchObject({ revisions: [{ revision: 3 }] });
  });

  it('is returned as a tombstone for a repeated revision once its text is erased, whatever the body', async () => {
    const channel = await newChannel();
    const post = await newPost(channel, { body: 'the name of a victim' });
    const path = `/${channel}/posts/${post.id}`;
    const headers = ifMatch(1, key('revise-1'));
    await write(`${path}/revisions`, { kind: 'update', changes: { body: 'the name, spelled right' } }, { headers });
    await write(`${path}/takedown`, {});
    for (const body of [{ kind: 'update', changes: { body: 'the name, spelled right' } }, { nonsense: true }]) {
      const again = await write(`${path}/revisions`, body, { headers });
      expect([again.status, again.headers.get('idempotency-replayed'), again.body]).toMatchObject([
        200,
        'true',
        { post: { status: 'taken-down' }, derived: [] },
      ]);
      expect(again.body).not.toHaveProperty('erasure');
    }
  });

  it('is unpinned when it is withdrawn, with two events and a cursor after both', async () => {
    for (const withdrawal of ['retraction', 'takedown']) {
      const channel = await newChannel();
      const post = await newPost(channel);
      const pinned = await write(`/${channel}`, { pinnedPostId: post.id }, { method: 'PATCH', headers: ifMatch(1) });
      const answer = await write(`/${channel}/posts/${post.id}/${withdrawal}`, { note: 'No.' });
      expect(answer.body.offset).toBe(5);
      expect(answer.body.post).toMatchObject({ revision: 2 });
      const { events } = (await read(`/${channel}/events?after=${pinned.body.cursor}`)).body as { events: object[] };
      expect(events).toMatchObject([
        { offset: 4, post: { id: post.id } },
        { offset: 5, type: 'channel.changed', channel: { pinnedPostId: null, revision: 3 } },
      ]);
      expect((await read(`/${channel}/events?after=${answer.body.cursor}`)).body).toMatchObject({ events: [] });
    }
  });

  it('is never left pinned after a withdrawal, whichever of the two comes first', async () => {
    for (let round = 0; round < 40; round += 1) {
      const channel = await newChannel();
      const post = await newPost(channel);
      const [pin, withdrawal] = await Promise.all([
        write(`/${channel}`, { pinnedPostId: post.id }, { method: 'PATCH', headers: ifMatch(1) }),
        write(`/${channel}/posts/${post.id}/retraction`, { note: 'No.' }),
      ]);
      expect(withdrawal.status).toBe(200);
      expect([200, 400]).toContain(pin.status);
      expect((await read(`/${channel}`)).body).toMatchObject({ pinnedPostId: null });
      expect(await headOf(channel)).toMatchObject({ offset: pin.status === 200 ? 5 : 3 });
    }
  });
});

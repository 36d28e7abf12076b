import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ada, deskCalls, ifMatch, key } from '../../support/authors/write-calls.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';

/** Rights to write, and what a refusal reveals. */

let test: TestServer;
let author: string;
let colleague: string;

beforeAll(async () => {
  test = await startTestServer();
  author = await test.token({ author: ['*'] }, ada);
  colleague = await test.token({ author: ['*'] }, { sub: 'cole', name: 'Cole League' });
});
afterAll(() => test[Symbol.asyncDispose]());

const { write, newChannel, newPost, headOf } = deskCalls(() => test);

describe('the right to write', () => {
  it('requires a valid token', async () => {
    const channel = await newChannel();
    const url = `${test.url}/v1/channels/${channel}/posts`;
    expect(await call(url, { method: 'POST', body: { headline: 'A' } })).toMatchObject({
      status: 401,
      body: { code: 'token-missing' },
    });
    expect(await call(url, { method: 'POST', body: { headline: 'A' }, token: 'nonsense' })).toMatchObject({
      status: 401,
      body: { code: 'token-invalid' },
    });
    expect(await call(`${test.url}/v1/channels`, { method: 'POST', body: { headline: 'A' } })).toMatchObject({ status: 401 });
  });

  it('covers an author’s own posts, and all posts for an editor', async () => {
    const channel = await newChannel();
    const post = await newPost(channel);
    const path = `/${channel}/posts/${post.id}`;
    const revision = { kind: 'update', changes: { headline: 'B' } };
    const reader = await test.token({ reader: ['*'] }, { sub: 'rea' });
    for (const token of [colleague, reader]) {
      expect(await write(`${path}/revisions`, revision, { token, headers: ifMatch(1) })).toMatchObject({
        status: 403,
        body: { code: 'forbidden' },
      });
      expect(await write(`${path}/retraction`, { note: 'No.' }, { token })).toMatchObject({ status: 403 });
      expect(await write(`${path}/takedown`, {}, { token })).toMatchObject({ status: 403 });
    }
    expect(await write(`/${channel}/posts`, { headline: 'A' }, { token: reader })).toMatchObject({ status: 403 });
    expect(await write(`/${channel}`, { section: 'A' }, { token: author, method: 'PATCH', headers: ifMatch(1) })).toMatchObject({
      status: 403,
    });
    expect(await write('', { headline: 'A' }, { token: author })).toMatchObject({ status: 403 });
    const narrow = await test.token({ editor: ['moon-*'] }, { sub: 'nar' });
    expect(await write('', { headline: 'Mars' }, { token: narrow })).toMatchObject({ status: 403 });
    expect(await write('', { headline: 'Moon landing' }, { token: narrow })).toMatchObject({ status: 201 });
    expect(await headOf(channel)).toMatchObject({ offset: 2 });
    expect((await write(`${path}/revisions`, revision, { headers: ifMatch(1) })).body.post).toMatchObject({
      revision: 2,
      publishedBy: 'ada',
      history: [{ by: 'ed' }],
    });
  });

  it('covers erasure only for editors: an author can neither take down a post nor erase a published correction', async () => {
    const channel = await newChannel();
    const post = await newPost(channel, { headline: 'Six were hurt' });
    const path = `/${channel}/posts/${post.id}`;
    const correction = { kind: 'correction', note: 'It was five, not six.', changes: { headline: 'Five were hurt' } };
    await write(`${path}/revisions`, correction, { token: author, headers: ifMatch(1) });
    const erasing = { kind: 'refile', changes: { headline: 'Some were hurt' }, eraseEarlier: true };
    const before = await headOf(channel);
    expect(await write(`${path}/revisions`, erasing, { token: author, headers: ifMatch(2) })).toMatchObject({
      status: 403,
      body: { code: 'forbidden', detail: 'Only an editor of the channel may erase what was published (`eraseEarlier`).' },
    });
    expect(await headOf(channel)).toEqual(before);

    const erased = await write(`${path}/revisions`, erasing, { headers: ifMatch(2) });
    expect([200, 202]).toContain(erased.status);
    const of = async (what: string) => (await call(`${test.url}/v1/channels/${channel}/${what}`, { token: author })).body;
    const history = [{ kind: 'correction', note: correction.note }, { kind: 'refile' }];
    expect(await of(`posts/${post.id}/revisions`)).toMatchObject({ revisions: [{ revision: 3, history }] });
    expect(await of('corrections')).toMatchObject({ corrections: [{ revision: 2, note: correction.note }] });
    const { body } = await call(`${test.url}/v1/channels/${channel}/journal`, { token: await test.token() });
    expect(body).toMatchObject({ entries: [{}, {}, {}, { kind: 'refile', by: 'ed', erases: 2 }] });
  });

  it('is not needed to learn that a public channel was deleted', async () => {
    const gone = await newChannel();
    const admin = await test.token({ admin: true }, { sub: 'root' });
    await vi.waitFor(async () =>
      expect((await write(`/${gone}`, undefined, { method: 'DELETE', token: admin })).status).toBe(204),
    );
    const stranger = await test.token({ author: ['else'] }, { sub: 'str' });
    for (const token of [stranger, await test.token()])
      expect(await write(`/${gone}/posts`, { headline: 'A' }, { token })).toMatchObject({
        status: 410,
        body: { code: 'channel-deleted' },
      });
  });

  it('is needed to learn that a desk channel exists', async () => {
    const hidden = await newChannel({ access: 'desk' });
    const post = await newPost(hidden);
    const gone = await newChannel({ access: 'desk' });
    const admin = await test.token({ admin: true }, { sub: 'root' });
    await vi.waitFor(async () =>
      expect((await write(`/${gone}`, undefined, { method: 'DELETE', token: admin })).status).toBe(204),
    );
    const stranger = await test.token({ author: ['else'], editor: ['elsewhere'] }, { sub: 'str' });
    const answerFor = async (channel: string) => {
      const answers = await Promise.all([
        write(`/${channel}/posts`, { headline: 'A' }, { token: stranger }),
        write(`/${channel}/posts`, { nonsense: 1 }, { token: stranger, headers: key('k') }),
        write(`/${channel}`, { section: 'A' }, { token: stranger, method: 'PATCH' }),
        write(`/${channel}`, undefined, { token: stranger, method: 'DELETE' }),
        ...['revisions', 'retraction', 'takedown'].map((what) =>
          write(`/${channel}/posts/${post.id}/${what}`, {}, { token: stranger }),
        ),
      ]);
      return answers.map(({ status, text, headers }) => {
        const shown = [...headers].filter(([name]) => name !== 'date');
        return JSON.stringify([status, text.replaceAll(channel, '…'), shown]);
      });
    };
    const unknown = await answerFor('never-was');
    expect(unknown.every((answer) => answer.startsWith('[404,'))).toBe(true);
    expect(await answerFor(hidden)).toEqual(unknown);
    expect(await answerFor(gone)).toEqual(unknown);
    expect(await answerFor('NOT AN ID')).toEqual(unknown);
  });

  it('does not extend to the next free id if the granted id is taken', async () => {
    const editor = await test.token({ editor: ['mars'] }, { sub: 'mara' });
    const open = (sent: string) => write('', { headline: 'Mars' }, { token: editor, headers: key(sent) });
    expect(await open('first')).toMatchObject({ status: 201, body: { channel: { id: 'mars' } } });
    expect(await open('second')).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    expect(await write('', { headline: 'Mars' }, { token: editor })).toMatchObject({ status: 403 });
    expect((await call(`${test.url}/v1/channels/mars-2`)).status).toBe(404);
    expect(await open('first')).toMatchObject({ status: 201, body: { channel: { id: 'mars' } } });
    // An author whose rights moved to another channel does not get the outcome again.
    const moved = await test.token({ editor: ['venus'] }, { sub: 'mara' });
    expect(await write('', { headline: 'Mars' }, { token: moved, headers: key('first') })).toMatchObject({ status: 403 });
  });

  it('is limited by a rate', async () => {
    await using slow = await startTestServer({ PRESSBOX_WRITES_PER_SECOND: '1' });
    const token = await slow.token({ editor: ['*'] });
    // More requests than the rate refills while they are answered.
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        call(`${slow.url}/v1/channels`, { method: 'POST', token, body: { id: `c${i}`, headline: 'A' } }),
      ),
    );
    const refused = answers.filter(({ status }) => status === 429);
    expect(answers.filter(({ status }) => status === 201).length).toBeGreaterThanOrEqual(10);
    expect(refused.length).toBeGreaterThanOrEqual(1);
    expect(refused[0]).toMatchObject({ body: { code: 'rate-limited' } });
    expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  });
});

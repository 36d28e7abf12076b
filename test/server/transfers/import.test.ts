import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuthorClient } from '../../../client/lib/author-client.ts';
import { newPostId } from '../../../client/lib/ids.ts';
import type { AppendRequest } from '../../../src/journal/engine.ts';
import { storedChannel } from '../../../src/protocol/channel-fields.ts';
import type { Media, Snapshot } from '../../../src/protocol/model.ts';
import { verifyDirectory } from '../../../src/verify.ts';
import { openSampleDay, playSampleDay } from '../../support/authors/play-sample-day.ts';
import { exportOf, none, plainChannel, plainPost, sendTo } from '../../support/authors/transfer.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { sampleDay } from '../../support/samples/sample-day.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';
import { type RedisServer, startRedis } from '../../support/stores/redis.ts';

const day = sampleDay(12, { posts: 60, changes: 120 });
const channelId = day.channel.id;

/** The sample day, with a post that has more revisions than its history holds, and a channel that ended and went live again. */
async function cover(server: TestServer): Promise<void> {
  const client = new AuthorClient({ url: server.url, token: await server.token({ admin: true }) });
  await openSampleDay(client, day);
  await playSampleDay(client, day, day.commands);
  const { post } = await client.publish(channelId, { body: 'Counting: 0' });
  for (let count = 1; count <= 55; count += 1) {
    const kind = count % 7 === 0 ? ('correction' as const) : ('update' as const);
    await client.revise(channelId, post.id, count, { kind, note: `Count ${count}.`, changes: { body: `Counting: ${count}` } });
  }
  const picture = {
    url: 'https://pictures.example/harbour.jpg',
    alt: 'The harbour',
    credit: 'Ada Byron',
    width: 1200,
    height: 675,
  };
  await client.updateChannel(channelId, '*', { picture });
  await client.updateChannel(channelId, '*', { picture: null, change: { kind: 'correction', note: 'It was another harbour.' } });
  await client.updateChannel(channelId, '*', { picture: { ...picture, alt: 'The quay' } });
  for (const state of ['ended', 'live'] as const) await client.updateChannel(channelId, '*', { state });
  await client.updateChannel(channelId, '*', { pinnedPostId: post.id });
}

let source: TestServer;
/** The export of the source, where nobody writes any more. */
let exported: string;
beforeAll(async () => {
  source = await startTestServer();
  await cover(source);
  exported = await exportOf(source, channelId);
});
afterAll(() => source[Symbol.asyncDispose]());

/** Some lines of the export, from index `first`. */
const lines = (from: number, to?: number) => `${exported.trimEnd().split('\n').slice(from, to).join('\n')}\n`;

describeWith(needs.redis, 'an export that is imported on the other engine', (binary) => {
  let redis: RedisServer;
  let second: TestServer;
  beforeAll(async () => {
    redis = await startRedis(binary);
    second = await startTestServer({
      PRESSBOX_REDIS_URL: redis.url,
      PRESSBOX_JWT_SECRET: 'a secret of at least 32 bytes, for tests',
    });
  });
  afterAll(async () => {
    await second[Symbol.asyncDispose]();
    await redis.stop();
  });

  it('is exported again as the same bytes, and on the first engine too', async () => {
    const count = exported.split('\n').length - 1;
    const all = { ...none, channels: 1, posts: 61, revisions: count };
    expect(await sendTo(second, exported)).toMatchObject({ status: 200, body: all });
    expect(await exportOf(second, channelId)).toBe(exported);
    await using third = await startTestServer();
    expect(await sendTo(third, await exportOf(second, channelId))).toMatchObject({ status: 200, body: all });
    expect(await exportOf(third, channelId)).toBe(exported);
    // The server verifies its chain at the start.
    await third.restart();
    expect(await exportOf(third, channelId)).toBe(exported);
  });

  it('is the same for readers: a cursor of the first works on the second', async () => {
    const read = async (server: TestServer, path: string) => (await call(`${server.url}/v1/channels/${channelId}${path}`)).body;
    const snapshot = (await read(source, '/snapshot?limit=100')) as Snapshot;
    expect(await read(second, '/snapshot?limit=100')).toEqual(snapshot);
    expect(await read(second, '/corrections?limit=100')).toEqual(await read(source, '/corrections?limit=100'));
    const caughtUp = await read(second, `/events?after=${snapshot.cursor}`);
    expect(caughtUp).toMatchObject({ mode: 'replay', reset: false, events: [] });
  });

  it('changes nothing when it is repeated', async () => {
    const skipped = exported.split('\n').length - 1;
    expect(await sendTo(second, exported)).toMatchObject({ status: 200, body: { ...none, skipped } });
    expect(await exportOf(second, channelId)).toBe(exported);
  });
});

describe('an import', () => {
  it('requires an admin, and accepts only lines of JSON', async () => {
    await using server = await startTestServer();
    const send = (token?: string, type = 'application/x-ndjson') =>
      call(`${server.url}/v1/import`, { method: 'POST', body: '', headers: { 'content-type': type }, ...(token && { token }) });
    expect(await send()).toMatchObject({ status: 401 });
    expect(await send(await server.token({ editor: ['*'] }))).toMatchObject({ status: 403 });
    const admin = await server.token({ admin: true });
    expect(await send(admin, 'application/json')).toMatchObject({ status: 415, body: { code: 'wrong-type' } });
    expect(await send(admin)).toMatchObject({ status: 200, body: none });
  });

  it('continues where it stopped, in batches of any size', async () => {
    await using server = await startTestServer();
    const count = exported.split('\n').length - 1;
    const half = lines(0, 150);
    // Cut within a line: the complete lines before it are kept.
    const cut = await sendTo(server, `${half}${lines(150, 151).slice(0, 40)}`);
    expect(cut).toMatchObject({ status: 400, body: { code: 'invalid-body', line: 151, imported: { revisions: 150 } } });
    expect(await sendTo(server, lines(0))).toMatchObject({
      body: { ...none, posts: expect.any(Number), skipped: 150, revisions: count - 150 },
    });
    expect(await exportOf(server, channelId)).toBe(exported);

    await using other = await startTestServer();
    for (let from = 0; from < count; from += 50) expect((await sendTo(other, lines(from, from + 50))).status).toBe(200);
    expect(await exportOf(other, channelId)).toBe(exported);
    // After a partial import the journal is consistent, and accepts the rest after a restart.
    await using third = await startTestServer();
    for (let stop = 40; stop < count; stop += 60) {
      await sendTo(third, lines(0, stop));
      await third.restart();
    }
    await sendTo(third, gzipSync(exported), { 'content-encoding': 'gzip' });
    expect(await exportOf(third, channelId)).toBe(exported);
  });

  describe('with an invalid line', () => {
    let server: TestServer;
    beforeAll(async () => {
      server = await startTestServer();
    });
    afterAll(() => server[Symbol.asyncDispose]());

    const id = 'lines-of-old';
    const day = '2019-04-15T17:00:00.000Z';
    const channel = { ...plainChannel(id), createdAt: day };
    const post = plainPost(id, { publishedAt: day });
    const facts = { at: day, by: 'ruth' };
    const lost = { ...post, status: 'taken-down', revision: 2 };
    const whole = { ...facts, kind: null };
    const corrected = { ...facts, kind: 'correction' };

    it.each([
      ['no JSON', '{"post":', ''],
      ['a list', '[]', ''],
      ['not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), ''],
      ['neither a channel nor a post', { revision: facts }, 'post'],
      ['an unknown field', { post: { ...post, colour: 'red' }, revision: whole }, 'post.colour'],
      ['a field twice', `{"post":{},"post":{}}`, 'post'],
      ['html from the sender', { post: { ...post, html: '<p>x</p>' }, revision: whole }, 'post.html'],
      ['no facts', { post }, 'revision'],
      ['a time in another form', { post, revision: { ...whole, at: '2019-04-15T17:00:00Z' } }, 'revision.at'],
      ['a body that is too long', { post: { ...post, body: 'x'.repeat(50_001) }, revision: whole }, 'post.body'],
      ['an empty body', { post: { ...post, body: '' }, revision: whole }, 'post.body'],
      ['a kind that differs from its type', { post, revision: { ...whole, kind: 'update' } }, 'revision.kind'],
      ['a tombstone with a text', { post: lost, revision: { ...whole, kind: 'takedown' } }, 'post'],
      ['a post of no channel', { post: { ...post, channelId: 'not-here' }, revision: whole }, 'post.channelId'],
      [
        'a history with a change of the first revision',
        { post: { ...post, history: [{ revision: 1, kind: 'update', note: null, at: day, by: 'x' }] }, revision: whole },
        'post.history',
      ],
      ['a correction that is not in the history', { post: { ...post, revision: 2 }, revision: corrected }, 'post.history'],
      [
        'a retraction that is not in the history',
        { post: { ...lost, status: 'retracted' }, revision: { ...facts, kind: 'retraction' } },
        'post.history',
      ],
      ['erased, and a text', { post, revision: { ...whole, content: 'a'.repeat(64) } }, 'post.kind'],
    ])('refuses it and says where, and changes nothing by it: %s', async (_what, line, path) => {
      const bad = typeof line === 'string' || line instanceof Buffer ? line : JSON.stringify(line);
      const laterLine = { post: plainPost(id, { publishedAt: day }), revision: whole };
      const before = `${JSON.stringify({ channel, revision: whole })}\n\n${JSON.stringify(laterLine)}\n`;
      const after = `\n${JSON.stringify({ post, revision: whole })}\n`;
      const answer = await sendTo(server, Buffer.concat([before, bad, after].map((part) => Buffer.from(part))));
      expect(answer).toMatchObject({ status: 400, body: { code: 'invalid-body', line: 4 } });
      expect(answer.body.errors?.map((error) => error.path)).toContain(path);
      const { status } = await call(`${server.url}/v1/channels/${id}/posts/${post.id}`);
      expect(status).toBe(404);
    });

    it('names line and column of malformed JSON in the whole import', async () => {
      const { body } = await sendTo(server, `${JSON.stringify({ channel, revision: whole })}\n\n{"post":oops}\n`);
      expect(body).toMatchObject({ line: 3, errors: [{ message: expect.stringContaining('malformed at line 3, column 9.') }] });
    });

    it('notices lines of an export that were changed, removed or moved', async () => {
      const good = exported.trimEnd().split('\n').slice(0, 30);
      const text = good.findIndex((line, at) => at > 9 && line.includes('"body":"'));
      const changed = good.with(text, (good[text] as string).replace(/"body":"(.)/, '"body":"$1 not'));
      expect(await sendTo(server, changed.join('\n'))).toMatchObject({
        status: 400,
        body: { line: text + 1, imported: { revisions: text } },
      });
      for (const [wrong, line, path] of [
        [good.toSpliced(20, 1), 21, 'revision.offset'],
        [good.with(20, good[21] as string).with(21, good[20] as string), 21, 'revision.offset'],
        [good.with(25, (good[25] as string).replace('"at":"2', '"at":"1')), 26, 'revision.check'],
      ] as const) {
        expect(await sendTo(server, wrong.join('\n'))).toMatchObject({ status: 400, body: { line, errors: [{ path }] } });
      }
      expect(await sendTo(server, good.join('\n'))).toMatchObject({ status: 200, body: { conflicting: 0, sameHistory: true } });
    });

    it('refuses a post that no event could hold, and a history above the limit', async () => {
      const large = plainPost('large', { publishedAt: day });
      const refusalOf = async (more: Partial<typeof large>, kind: string | null) => {
        const { status, body } = await sendTo(
          server,
          JSON.stringify({ post: { ...large, ...more }, revision: { ...facts, kind } }),
        );
        return [status, body.line, body.errors?.map(({ path }) => path)];
      };
      await sendTo(server, JSON.stringify({ channel: plainChannel('large') }));
      const url = `https://a.example/${'\u{1f680}'.repeat(2_000)}`;
      const media = Array(20).fill({ type: 'video', url, poster: url, captions: url });
      expect(await refusalOf({ media }, null)).toEqual([400, 1, ['post']]);
      const change = { kind: 'correction' as const, note: '\u{1f680}'.repeat(1_000), at: day, by: 'ruth' };
      const history = Array.from({ length: 9 }, (_, nth) => ({ ...change, revision: nth + 2 }));
      expect(await refusalOf({ history, revision: 10 }, 'correction')).toEqual([400, 1, ['post.history']]);
    });

    it('refuses a line above 1 MiB with 413, and keeps the lines before it', async () => {
      const body = `${JSON.stringify({ channel: plainChannel('long') })}\n{"post":"${'x'.repeat(1024 * 1024)}"}\n`;
      const answer = await sendTo(server, body);
      expect(answer).toMatchObject({ status: 413, body: { code: 'too-large', line: 2, imported: { channels: 1 } } });
      expect((await call(`${server.url}/v1/channels/long`)).status).toBe(200);
    });
  });

  it('is exact for a pinned post whose text at that time was erased', async () => {
    await using target = await startTestServer();
    const client = new AuthorClient({ url: source.url, token: await source.token({ admin: true }) });
    const erasedBy = {
      takedown: (id: string, post: string) => client.takedown(id, post),
      eraseEarlier: (id: string, post: string) =>
        client.revise(id, post, '*', { kind: 'refile', changes: { body: 'Right.' }, eraseEarlier: true }),
    };
    for (const [how, erase] of Object.entries(erasedBy)) {
      const id = `pinned-${how.toLowerCase()}`;
      await client.createChannel({ id, headline: 'Storm' });
      const { post } = await client.publish(id, { body: 'Wrong.' });
      await client.updateChannel(id, '*', { pinnedPostId: post.id });
      await erase(id, post.id);
      await client.updateChannel(id, '*', { section: 'Weather' });
      const whole = await exportOf(source, id);
      const lines = whole.split(/(?<=\n)/);
      // In parts, so that the erased text is at the target before it is pinned, and then in one piece.
      if (how === 'takedown') for (const line of lines.filter(Boolean)) await sendTo(target, line);
      expect(await sendTo(target, whole)).toMatchObject({ status: 200, body: { conflicting: 0, sameHistory: true } });
      expect(await exportOf(target, id)).toBe(whole);
    }
  });

  it('says how to write times', async () => {
    await using server = await startTestServer();
    const line = { channel: { ...plainChannel('old-times'), createdAt: '2019-04-15T18:50:00+02:00' } };
    const message = 'Must be an RFC 3339 time in UTC with milliseconds, such as 2026-11-24T12:00:00.000Z.';
    expect(await sendTo(server, JSON.stringify(line))).toMatchObject({
      status: 400,
      body: { line: 1, errors: [{ path: 'channel.createdAt', message }] },
    });
  });

  it('accepts invisible text in an export of Pressbox, and refuses it in posts of another system', async () => {
    const id = 'unseen';
    const unseen = '\u200b\u2060';
    const channel = plainChannel(id);
    const post = plainPost(id, { headline: unseen, body: unseen, authors: [{ name: unseen }] });
    await using source = await startTestServer();
    const facts = { at: post.publishedAt, by: unseen, kind: null, listed: false };
    const append = (request: object) =>
      source.server.engine.append(id, { request: { id: newPostId(), digest: '0'.repeat(64) }, ...request } as AppendRequest);
    await append({ decidedOn: { channel: 0, posts: {} }, entries: [{ ...facts, type: 'channel.changed', channel }] });
    const entry = { ...facts, type: 'post.published', post: { ...post, html: '<p></p>' } };
    await append({ decidedOn: { channel: 1, posts: { [post.id]: 0 } }, entries: [entry] });
    const whole = await exportOf(source, id);
    expect(JSON.parse(whole.trimEnd().split('\n')[1] ?? '')).toMatchObject({ post, revision: { by: unseen } });

    await using target = await startTestServer();
    expect(await sendTo(target, whole)).toMatchObject({ status: 200, body: { ...none, channels: 1, posts: 1, revisions: 2 } });
    expect(await exportOf(target, id)).toBe(whole);

    const line = { post: { ...post, id: newPostId() }, revision: { at: post.publishedAt, by: 'ruth' } };
    const refused = await sendTo(target, JSON.stringify(line));
    expect(refused.status).toBe(400);
    expect(refused.body.errors?.map(({ path }) => path)).toEqual(['post.headline', 'post.authors[0].name']);
    const bare = { ...line, post: { ...line.post, headline: null, authors: [{ name: 'Ruth' }] } };
    expect(await sendTo(target, JSON.stringify(bare))).toMatchObject({ status: 400, body: { errors: [{ path: 'post.body' }] } });
  });

  it('accepts media on another server over plain HTTP only from a history', async () => {
    await using source = await startTestServer();
    const author = new AuthorClient({ url: source.url, token: await source.token() });
    const { channel } = await author.createChannel({ headline: 'Pictured', state: 'live' });
    const media: Media[] = [{ type: 'image', url: `${source.url}/assets/a.svg`, alt: '' }];
    await author.publish(channel.id, { media });
    const whole = await exportOf(source, channel.id);
    await using target = await startTestServer();
    expect(await sendTo(target, whole)).toMatchObject({ status: 200, body: { revisions: 2, sameHistory: true } });
    const post = plainPost(channel.id, { media });
    const line = JSON.stringify({ post, revision: { at: post.publishedAt, by: 'ruth' } });
    const errors = [{ path: 'post.media[0].url' }];
    expect(await sendTo(target, line)).toMatchObject({ status: 400, body: { code: 'invalid-body', line: 1, errors } });
    expect(await sendTo(source, line)).toMatchObject({ status: 200, body: { revisions: 1 } });
  });

  it('accepts posts of another system unchanged, with their times', async () => {
    await using server = await startTestServer();
    const id = 'old-blog';
    const first = plainPost(id, { publishedAt: '2019-04-15T16:53:00.000Z', body: 'Smoke over **the roof**.' });
    const history = [
      { revision: 2, kind: 'correction' as const, note: 'It was the roof.', at: '2019-04-15T17:10:00.000Z', by: 'ruth' },
    ];
    const second = { ...first, revision: 2, body: 'Fire in the roof.', updatedAt: '2019-04-15T17:10:00.000Z', history };
    const sent = [
      { channel: plainChannel(id) },
      { post: first, revision: { at: first.publishedAt, by: 'ruth' } },
      { post: second, revision: { kind: 'correction', at: second.updatedAt, by: 'ruth' } },
    ];
    const answer = await sendTo(server, sent.map((line) => JSON.stringify(line)).join('\n'));
    expect(answer).toMatchObject({ status: 200, body: { ...none, channels: 1, posts: 1, revisions: 3, sameHistory: false } });
    const read = await call(`${server.url}/v1/channels/${id}/posts/${first.id}`);
    const { body: _body, publishedBy: _by, ...seen } = second;
    expect(read.body).toEqual({
      ...seen,
      seq: 2,
      html: '<p>Fire in the roof.</p>\n',
      history: history.map(({ by: _, ...change }) => change),
    });
    const again = await exportOf(server, id);
    expect(
      again
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toMatchObject([{ channel: storedChannel(plainChannel(id)) }, ...sent.slice(1)]);
    expect(await sendTo(server, sent.map((line) => JSON.stringify(line)).join('\r\n'))).toMatchObject({
      body: { ...none, skipped: 3 },
    });
  });

  it.each([
    ['of fewer revisions than were erased before', { erases: 1 }],
    ['of all revisions that were erased before', { erases: 2 }],
    ['of none', {}],
  ])('leaves the server able to start again after a line of another system reports an erasure %s', async (_what, erasure) => {
    await using server = await startTestServer();
    const id = 'erased-elsewhere';
    const at = '2019-04-15T17:00:00.000Z';
    const post = plainPost(id, { publishedAt: at, publishedBy: 'ruth', revision: 3, updatedAt: at });
    const erased = (revision: number, content: string) => ({
      post: { id: post.id, channelId: id, revision },
      revision: { kind: revision === 1 ? null : ('refile' as const), at, by: 'ruth', content: content.repeat(64) },
    });
    const current = { post, revision: { kind: 'refile', at, by: 'ruth', ...erasure } };
    const sent = [{ channel: plainChannel(id) }, erased(1, 'a'), erased(2, 'b'), current];
    const answer = await sendTo(server, sent.map((line) => JSON.stringify(line)).join('\n'));
    expect(answer).toMatchObject({ status: 200, body: { revisions: 4, conflicting: 0 } });
    await server.restart();
    const { body } = await call(`${server.url}/v1/channels/${id}/posts/${post.id}`);
    expect(body).toMatchObject({ revision: 3, html: '<p>Something.</p>\n' });
    const [line] = (await exportOf(server, id)).trimEnd().split('\n').slice(-1);
    const facts = (JSON.parse(line as string) as { revision: object }).revision;
    expect(facts).toMatchObject('erases' in erasure ? { erases: 2, chained: true } : { erases: 2 });
    if (server.storeDir !== server.dataDir) return;
    expect([...verifyDirectory(server.dataDir, {})].filter(({ fault }) => fault)).toEqual([]);
  });

  it('verifies even if a line erases less than everything before it', async () => {
    await using server = await startTestServer();
    const id = 'erased-in-part';
    const at = '2019-04-15T17:00:00.000Z';
    const first = plainPost(id, { publishedAt: at, publishedBy: 'ruth' });
    const later = (revision: number, erasure: object) => ({
      post: { ...first, revision, updatedAt: at },
      revision: { kind: 'refile', at, by: 'ruth', ...erasure },
    });
    const sent = [
      { channel: plainChannel(id) },
      { post: first, revision: { at, by: 'ruth' } },
      later(2, {}),
      later(3, { erases: 1 }),
    ];
    const answer = await sendTo(server, sent.map((line) => JSON.stringify(line)).join('\n'));
    expect(answer).toMatchObject({ status: 200, body: { revisions: 4, conflicting: 0 } });
    if (server.storeDir !== server.dataDir) return;
    const reports = [...verifyDirectory(server.dataDir, {})];
    expect(reports).toMatchObject([{ channelId: id, erased: 1, erasedBeforeChained: 0 }, { channelId: null }]);
    expect(reports.filter(({ fault }) => fault)).toEqual([]);
  });
});

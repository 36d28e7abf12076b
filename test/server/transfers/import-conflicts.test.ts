import { request } from 'node:http';
import { constants, createGzip } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { AuthorClient } from '../../../client/lib/author-client.ts';
import type { Event } from '../../../src/protocol/model.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { exportOf, none, plainChannel, plainPost, sendTo } from '../../support/authors/transfer.ts';
import { openReader } from '../../support/readers/socket-reader.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';

/** An import never overrides the target: erased text stays erased, and changes made there stay. */

let source: TestServer;
let target: TestServer;
let log = '';
let admin: { source: AuthorClient; target: AuthorClient };
beforeAll(async () => {
  const sink = {
    write(line: string) {
      log += line;
    },
  };
  source = await startTestServer();
  target = await startTestServer({}, { log: createLog('trace', sink) });
  const client = async ({ url, token }: TestServer) => new AuthorClient({ url, token: await token({ admin: true }) });
  admin = { source: await client(source), target: await client(target) };
});
afterAll(async () => {
  await source[Symbol.asyncDispose]();
  await target[Symbol.asyncDispose]();
});

let channels = 0;

/** A channel on the source with these posts, and their lines. */
async function cover(...bodies: string[]): Promise<{ id: string; posts: string[] }> {
  const id = `cover-${++channels}`;
  await admin.source.createChannel({ id, headline: 'Storm' });
  const posts: string[] = [];
  for (const body of bodies) posts.push((await admin.source.publish(id, { body })).post.id);
  return { id, posts };
}

async function everythingOf(server: TestServer, id: string, postId: string): Promise<string> {
  const token = await server.token({ admin: true });
  const paths = ['/snapshot', '/posts', `/posts/${postId}`, `/posts/${postId}/revisions`, '/export', '/events', '/corrections'];
  const texts = await Promise.all(
    paths.map(async (path) => (await call(`${server.url}/v1/channels/${id}${path}`, { token })).text),
  );
  return texts.join('\n');
}

const statusOf = async (id: string, postId: string) =>
  ((await call(`${target.url}/v1/channels/${id}/posts/${postId}`)).body as { status: string }).status;

describe('an import into an existing channel', () => {
  it('never restores from an older export what was taken down at the target', async () => {
    const { id, posts } = await cover('First.', 'Secret of a source.', 'Third.');
    const [, secret] = posts as [string, string, string];
    await admin.source.revise(id, secret, 1, { kind: 'update', changes: { body: 'Secret of a source, and more.' } });
    const older = await exportOf(source, id);
    await sendTo(target, older);
    await admin.target.takedown(id, secret);
    expect(await sendTo(target, older)).toMatchObject({ status: 200, body: { ...none, skipped: 5 } });

    // Later changes of the post at the source are skipped too.
    await admin.source.revise(id, secret, 2, { kind: 'correction', note: 'Secret note.', changes: { body: 'Secret again.' } });
    await admin.source.revise(id, secret, 3, { kind: 'update', changes: { body: 'Secret for ever.' } });
    await admin.source.publish(id, { body: 'Fourth.' });
    expect(await sendTo(target, await exportOf(source, id))).toMatchObject({
      status: 200,
      body: { ...none, skipped: 5, withheld: 2, posts: 1, revisions: 1, sameHistory: false },
    });
    expect(await everythingOf(target, id, secret)).not.toContain('Secret');
    expect(await statusOf(id, secret)).toBe('taken-down');
    expect(await everythingOf(target, id, secret)).toContain('Fourth.');
  });

  it('never restores a post that is taken down while it runs', async () => {
    const { id, posts } = await cover('Secret one.', 'Second.');
    const [secret] = posts as [string, string];
    await admin.source.revise(id, secret, 1, { kind: 'update', changes: { body: 'Secret two.' } });
    const [opening, first, ...rest] = (await exportOf(source, id)).split(/(?<=\n)/);
    const { send, answered } = await slowImport();
    // Lines are imported in batches, so the first ones fill a batch.
    const filler = Array.from({ length: 64 }, (_, nth) => lineOf(plainPost(id, { body: `Filler ${nth}.` })));
    send(`${opening}${first}${filler.join('')}`);
    await vi.waitFor(async () => expect(await statusOf(id, secret)).toBe('published'));
    await admin.target.takedown(id, secret);
    send(rest.join(''), true);
    expect(await answered).toMatchObject({ withheld: 1, conflicting: 0 });
    expect(await statusOf(id, secret)).toBe('taken-down');
    expect(await everythingOf(target, id, secret)).not.toContain('Secret');
  });

  it('never restores a post that was taken down at the target when only its erased revisions had been imported', async () => {
    const { id, posts } = await cover('Gone before it came.');
    const [secret] = posts as [string];
    await admin.source.revise(id, secret, 1, { kind: 'update', changes: { body: 'Secret two.' }, eraseEarlier: true });
    await admin.source.revise(id, secret, 2, { kind: 'update', changes: { body: 'Secret three.' } });
    const lines = (await exportOf(source, id)).split(/(?<=\n)/);
    await sendTo(target, lines.slice(0, 2).join(''));
    const taken = await admin.target.takedown(id, secret, { note: 'A court.' });
    expect(taken).toMatchObject({ post: { status: 'taken-down', revision: 2, history: [{ note: 'A court.' }] } });
    expect(await sendTo(target, lines.join(''))).toMatchObject({ status: 200, body: { ...none, skipped: 2, withheld: 2 } });
    expect(await everythingOf(target, id, secret)).not.toContain('Secret');
    expect(await statusOf(id, secret)).toBe('taken-down');
    // In its current state it can be exported again.
    await using third = await startTestServer();
    await sendTo(third, await exportOf(target, id));
    expect(await exportOf(third, id)).toBe(await exportOf(target, id));
  });

  it('takes down what was taken down at the source, and erases it at the target', async () => {
    const { id, posts } = await cover('Secret here too.');
    const [secret] = posts as [string];
    await sendTo(target, await exportOf(source, id));
    expect(await everythingOf(target, id, secret)).toContain('Secret here too.');
    await admin.source.takedown(id, secret);
    const answer = await sendTo(target, await exportOf(source, id));
    expect(answer).toMatchObject({ body: { ...none, skipped: 2, revisions: 1 } });
    expect(await everythingOf(target, id, secret)).not.toContain('Secret');
    expect(await exportOf(target, id)).toBe(await exportOf(source, id));
  });

  it('skips and reports what was changed at the target, and imports the rest', async () => {
    const { id, posts } = await cover('First.', 'Second.');
    const [first, second] = posts as [string, string];
    await sendTo(target, await exportOf(source, id));
    await admin.target.revise(id, first, 1, { kind: 'update', changes: { body: 'Changed there.' } });
    await admin.target.updateChannel(id, '*', { section: 'There' });
    for (const count of [1, 2]) {
      await admin.source.revise(id, first, count, { kind: 'update', changes: { body: `Changed here ${count}.` } });
    }
    await admin.source.updateChannel(id, '*', { section: 'Here' });
    await admin.source.revise(id, second, 1, { kind: 'update', changes: { body: 'Second, changed.' } });
    const { body } = await sendTo(target, await exportOf(source, id));
    expect(body).toMatchObject({
      ...none,
      skipped: 3,
      revisions: 1,
      conflicting: 3,
      sameHistory: false,
      conflicts: expect.anything(),
    });
    const why = 'Another revision with this number was written here.';
    expect(body.conflicts).toEqual([
      { line: 4, channelId: id, postId: first, revision: 2, why },
      { line: 5, channelId: id, postId: first, revision: 3, why: 'It does not continue the revisions that were written here.' },
      { line: 6, channelId: id, postId: null, revision: 2, why },
    ]);
    const text = await everythingOf(target, id, first);
    expect(text).toContain('Changed there.');
    expect(text).toContain('Second, changed.');
    expect(text).not.toContain('Changed here');
  });

  it('is refused if the id belongs to another or a deleted channel', async () => {
    const { id } = await cover('First.');
    const exported = await exportOf(source, id);
    await admin.target.createChannel({ id, headline: 'Another' });
    const taken = await sendTo(target, exported);
    expect(taken).toMatchObject({ status: 409, body: { code: 'channel-exists', line: 1, imported: none } });
    await admin.target.deleteChannel(id);
    const deleted = await sendTo(target, exported);
    expect(deleted).toMatchObject({ status: 410, body: { code: 'channel-deleted', line: 1, imported: none } });
  });

  it('reaches connected readers in order, like new writes', async () => {
    const { id, posts } = await cover('Gone before it came.', 'Second.');
    const [gone] = posts as [string, string];
    await admin.source.revise(id, gone, 1, {
      kind: 'correction',
      note: 'Wrong.',
      changes: { body: 'Right.' },
      eraseEarlier: true,
    });
    const [opening, ...rest] = (await exportOf(source, id)).split(/(?<=\n)/);
    await sendTo(target, opening as string);
    using reader = await openReader(target.url);
    await reader.subscribe(id);
    await sendTo(target, rest.join(''));
    await vi.waitFor(() => expect(reader.heard('event')).toHaveLength(3));
    const received = reader
      .heard<Event>('event')
      .map((event) => [event.offset, event.type, 'post' in event && event.post.status]);
    expect(received).toEqual([
      [2, 'post.published', 'taken-down'],
      [3, 'post.published', 'published'],
      [4, 'post.revised', 'published'],
    ]);
  });

  it('is refused while a few others run, and the refusal is counted', async () => {
    const open = await Promise.all([slowImport({ by: 'ada' }), slowImport({ by: 'ben' })]);
    await underWay(2);
    const refused = await sendTo(target, '');
    expect(refused).toMatchObject({ status: 429, body: { code: 'rate-limited', retryAfter: 10 } });
    expect((await call(`${target.url}/metrics`)).text).toContain('pressbox_rate_limited_total{kind="imports"} 1\n');
    for (const { send } of open) send('', true);
    for (const { answered } of open) expect(await answered).toMatchObject(none);
    expect(await sendTo(target, '')).toMatchObject({ status: 200 });
  });

  it('keeps the complete lines of a sender that disconnected', async () => {
    const { send, cut } = await slowImport();
    const id = 'went-away';
    // More than a batch, so that the test sees when it arrives.
    const whole = Array.from({ length: 80 }, (_, nth) => lineOf(plainPost(id, { body: `Whole ${nth}.` })));
    send(`${JSON.stringify({ channel: plainChannel(id) })}\n${whole.join('')}{"post":{"body":"Half`);
    const posts = async () => (await call(`${target.url}/v1/channels/${id}/posts?limit=100`)).text;
    await vi.waitFor(async () => expect(await posts()).toContain('Whole 0.'));
    cut();
    await vi.waitFor(async () => expect(await posts()).toContain('Whole 79.'));
    await underWay(0);
  });

  it('ends if the sender of a compressed import disconnects midway', async () => {
    const { send, cut } = await slowImport({ encoding: 'gzip' });
    send(`${JSON.stringify({ channel: plainChannel('went-away-packed') })}\n{"post":{"body":"Half`);
    await underWay(1);
    cut();
    await underWay(0);
  });

  it('leaves no post text in the log', () => {
    expect(log).toContain('"msg":"import done"');
    expect(log).not.toMatch(/Secret|First\.|Second|Changed|Whole|Half|Filler/);
  });
});

async function underWay(count: number): Promise<void> {
  await vi.waitFor(async () => {
    const { text } = await call(`${target.url}/metrics`);
    expect(text).toContain(`pressbox_transfers{kind="imports"} ${count}\n`);
  });
}

function lineOf(post: ReturnType<typeof plainPost>): string {
  return `${JSON.stringify({ post, revision: { at: post.publishedAt, by: 'ruth' } })}\n`;
}

/** An import whose body is sent piece by piece. `encoding`: `identity` or `gzip`. */
async function slowImport({ encoding = 'identity', by = 'ada' } = {}): Promise<{
  send(text: string, last?: boolean): void;
  cut(): void;
  answered: Promise<unknown>;
}> {
  const headers = {
    authorization: `Bearer ${await target.token({ admin: true }, { sub: by })}`,
    'content-type': 'application/x-ndjson',
    'content-encoding': encoding,
  };
  const asked = request(`${target.url}/v1/import`, { method: 'POST', headers });
  const answered = new Promise((resolve, reject) => {
    asked.on('error', reject);
    asked.on('response', async (response) => {
      let text = '';
      for await (const chunk of response) text += chunk;
      resolve(JSON.parse(text));
    });
  });
  answered.catch(() => undefined);
  asked.flushHeaders();
  // Each piece is compressed separately, so it arrives when it is sent.
  const body = encoding === 'gzip' ? createGzip({ flush: constants.Z_SYNC_FLUSH }) : asked;
  if (body !== asked) body.pipe(asked);
  return {
    send: (text, last = false) => void (last ? body.end(text) : body.write(text)),
    cut: () => asked.destroy(),
    answered,
  };
}

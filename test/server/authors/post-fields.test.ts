import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuthorClient } from '../../../client/lib/author-client.ts';
import type { CatchUp, ReaderPost, Snapshot } from '../../../src/protocol/model.ts';
import { blankFields } from '../../../src/protocol/post-fields.ts';
import * as schemas from '../../../src/protocol/schemas.ts';
import { exportOf, sendTo } from '../../support/authors/transfer.ts';
import { everyField } from '../../support/samples/samples.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';

describe('every field of a post', () => {
  let server: TestServer;
  let client: AuthorClient;
  beforeAll(async () => {
    server = await startTestServer();
    client = new AuthorClient({ url: server.url, token: await server.token({ admin: true }) });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  /** The post in every answer to readers. */
  async function shownIn(channelId: string, postId: string): Promise<ReaderPost[]> {
    const channel = `${server.url}/v1/channels/${channelId}`;
    const snapshot = (await call(`${channel}/snapshot`)).body as Snapshot;
    const catchUp = (await call(`${channel}/events`)).body as CatchUp;
    const posts = (await call(`${channel}/posts`)).body as { posts: ReaderPost[] };
    const all = [
      ...snapshot.posts,
      ...(catchUp.mode === 'snapshot' ? catchUp.snapshot.posts : []),
      ...posts.posts,
      (await call(`${channel}/posts/${postId}`)).body as ReaderPost,
    ];
    return all.filter(({ id }) => id === postId);
  }

  it('is stored, shown, exported and imported unchanged, and removed when the post is withdrawn', async () => {
    const channelId = 'every-field';
    await client.createChannel({ id: channelId, headline: 'Every field', state: 'live' });
    const { post: other } = await client.publish(channelId, { headline: 'Another' });
    const fields = everyField([other.id]);
    const { post: first } = await client.publish(channelId, { headline: 'Nothing else yet' });
    const { cursor } = await client.listPosts(channelId);
    const { post } = await client.revise(channelId, first.id, 1, { kind: 'update', changes: fields });
    expect(post).toMatchObject(fields);
    schemas.parse(schemas.authorPostSchema, post);

    const { body, ...seen } = fields;
    const shown = await shownIn(channelId, post.id);
    expect(shown).toHaveLength(4);
    for (const one of shown) {
      expect(one).toMatchObject(seen);
      expect(one).not.toHaveProperty('body');
      schemas.parse(schemas.readerPostSchema, one);
    }
    const replay = (await call(`${server.url}/v1/channels/${channelId}/events?after=${cursor}`)).body as CatchUp;
    expect(replay).toMatchObject({ mode: 'replay', events: [{ post: seen }] });

    const exported = await exportOf(server, channelId);
    expect(JSON.parse(exported.trimEnd().split('\n').at(-1) as string)).toMatchObject({ post: { ...seen, body } });
    await using second = await startTestServer();
    expect(await sendTo(second, exported)).toMatchObject({ status: 200, body: { revisions: 4, sameHistory: true } });
    expect(await sendTo(second, exported)).toMatchObject({ status: 200, body: { skipped: 4, conflicting: 0 } });
    expect(await exportOf(second, channelId)).toBe(exported);

    const { kind: _kind, body: _body, ...blank } = blankFields();
    await client.takedown(channelId, post.id);
    for (const one of await shownIn(channelId, post.id)) expect(one).toMatchObject({ ...blank, html: '', status: 'taken-down' });
    const left = await exportOf(server, channelId);
    for (const text of ['headline says', 'body says', 'picture shows', 'Grace Murray', 'A witness', 'disputed'])
      expect(left).not.toContain(text);
    expect(await sendTo(second, left)).toMatchObject({ status: 200, body: { revisions: 1, conflicting: 0 } });
    expect(await exportOf(second, channelId)).toBe(left);
  });
});

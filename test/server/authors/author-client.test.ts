import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuthorClient } from '../../../client/lib/author-client.ts';
import type { ProblemError } from '../../../client/lib/http.ts';
import { startTestServer, type TestServer } from '../../support/servers/server.ts';

/** AuthorClient against the real server over a link that loses answers: the write is done, but its author does not know. */

let test: TestServer;
let author: AuthorClient;
let lossy: { url: string; lose(answers: number): void; asked: number; close(): void };

beforeAll(async () => {
  test = await startTestServer();
  lossy = await startLossy(test.url);
  author = new AuthorClient({ url: lossy.url, token: await test.token(), random: () => 0.1 });
});
afterAll(async () => {
  lossy.close();
  await test[Symbol.asyncDispose]();
});

async function freshChannel(): Promise<string> {
  return (await author.createChannel({ headline: 'To the Moon', state: 'live' })).channel.id;
}

describe('an author whose answers are lost', () => {
  it('publishes once, and corrects once without a revision conflict', async () => {
    const channelId = await freshChannel();
    lossy.lose(3);
    const published = await author.publish(channelId, { body: 'Two men.' });
    expect(published).toMatchObject({ offset: 2, replayed: true, post: { revision: 1 } });
    lossy.lose(2);
    const changes = { body: 'Three men.' };
    const corrected = await author.correct(channelId, published.post.id, 1, { note: 'We forgot one.', changes });
    expect(corrected).toMatchObject({ offset: 3, replayed: true, post: { revision: 2, body: 'Three men.' } });
    lossy.lose(1);
    const retracted = await author.retract(channelId, published.post.id, { note: 'All wrong.' });
    expect(retracted).toMatchObject({ offset: 4, replayed: true, post: { status: 'retracted' } });
    const { posts } = await author.listPosts(channelId);
    expect(posts.map(({ revision }) => revision)).toEqual([3]);
  });

  it('creates one channel', async () => {
    lossy.lose(2);
    const { channel, replayed } = await author.createChannel({ headline: 'Only one of its kind' });
    expect(replayed).toBe(true);
    const { channels } = await author.listChannels({ limit: 100 });
    expect(channels.filter(({ headline }) => headline === channel.headline)).toHaveLength(1);
  });

  it('pins, changes and ends a channel once', async () => {
    const channelId = await freshChannel();
    const { post } = await author.publish(channelId, { body: 'One.' });
    lossy.lose(1);
    await author.pin(channelId, post.id);
    lossy.lose(1);
    const ended = await author.updateChannel(channelId, 2, { state: 'ended' });
    expect(ended).toMatchObject({ replayed: true, channel: { state: 'ended', pinnedPostId: post.id, revision: 3 } });
  });
});

describe('a refused author', () => {
  it('gets the invalid fields in the error message', async () => {
    const channelId = await freshChannel();
    const refused = author.publish(channelId, { headline: ' ', media: [{ type: 'image', url: 'no address', alt: '' }] });
    const { message, problem } = (await refused.catch((error: unknown) => error)) as ProblemError;
    expect(problem.errors?.length).toBeGreaterThan(1);
    for (const { path, message: said } of problem.errors ?? []) expect(message).toContain(`${path}: ${said}`);
    expect(message.startsWith(problem.title)).toBe(true);
  });

  it('gets the problem document with the current state', async () => {
    const channelId = await freshChannel();
    const { post } = await author.publish(channelId, { body: 'One.' });
    await author.revise(channelId, post.id, 1, { kind: 'update', changes: { body: 'Two.' } });
    const before = lossy.asked;
    const error = await author
      .revise(channelId, post.id, 1, { kind: 'update', changes: { body: 'Three.' } })
      .catch((error: unknown) => error);
    expect((error as ProblemError).problem).toMatchObject({ code: 'revision-moved', status: 412, current: { body: 'Two.' } });
    expect(lossy.asked).toBe(before + 1);
  });
});

/** A proxy that sometimes drops the answer. */
async function startLossy(to: string) {
  const state = { url: '', asked: 0, toLose: 0, lose: (_answers: number) => {}, close: () => {} };
  state.lose = (answers) => {
    state.toLose = answers;
  };
  const http: Server = createServer((incoming, outgoing) => {
    state.asked += 1;
    const { method, url, headers } = incoming;
    const passed = request(`${to}${url}`, { method, headers }, (answer) => {
      answer.on('end', () => {
        if (state.toLose > 0) {
          state.toLose -= 1;
          outgoing.destroy();
        } else outgoing.writeHead(answer.statusCode ?? 500, answer.headers).end(Buffer.concat(chunks));
      });
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
    });
    incoming.pipe(passed);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  state.url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  state.close = () => {
    http.closeAllConnections();
    http.close();
  };
  return state;
}

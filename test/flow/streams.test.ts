import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { CatchUp } from '../../src/protocol/model.ts';
import { catchUpSchema, eventSchema } from '../../src/protocol/schemas.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { openStream, type StreamOptions, type StreamReader, streamed } from '../support/stream-reader.ts';
import { createChannel, publish } from '../support/writers.ts';

/** A channel as Server-Sent Events (contract, 4), byte by byte. */
let server: TestServer;
let editor: string;
const now = Date.now;

beforeAll(async () => {
  server = await startTestServer({}, { now: () => now() });
  editor = await server.token();
});
afterAll(() => server[Symbol.asyncDispose]());

async function open(channelId: string, options: StreamOptions = {}): Promise<StreamReader> {
  const reader = await openStream(server.url, channelId, options);
  onTestFinished(() => reader.destroy());
  return reader;
}

/** A stream whose first catch-up has come. */
async function live(channelId: string, options: StreamOptions = {}): Promise<StreamReader> {
  const reader = await open(channelId, options);
  expect(reader.status).toBe(200);
  await vi.waitFor(() => expect(reader.heard<CatchUp>('catchup').at(-1)?.more).toBe(false));
  return reader;
}

async function channelWith(posts: number, more: object = {}): Promise<{ id: string; cursors: string[]; postIds: string[] }> {
  const { id } = await createChannel(server, editor, more);
  const written = [];
  for (let index = 1; index <= posts; index += 1) written.push(await publish(server, editor, id, { headline: `Entry ${index}` }));
  return { id, cursors: written.map(({ cursor }) => cursor), postIds: written.map(({ post }) => post.id) };
}

describe('a stream', () => {
  it('begins with what was missed and goes on with every change, each with its cursor as the id', async () => {
    const { id, cursors } = await channelWith(3);
    const reader = await live(id);
    expect(reader.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
      connection: 'close',
    });
    const [first] = reader.heard<CatchUp>('catchup');
    expect(first).toEqual(catchUpSchema.parse(first));
    expect(first).toMatchObject({ mode: 'snapshot', reset: false, cursor: cursors.at(-1) });
    const { post, cursor } = await publish(server, editor, id, { headline: 'Live' });
    await vi.waitFor(() => expect(reader.cursor).toBe(cursor));
    const [event] = reader.heard('post.published');
    expect(event).toEqual(eventSchema.parse(event));
    expect(event).toMatchObject({ channelId: id, cursor, post: { id: post.id, headline: 'Live' } });
    expect(streamed(reader)).toMatchObject({ offset: 5, faults: [] });
  });
});

import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { responseLimits } from '../../../src/http/http-limits.ts';
import { createChannel, publish, write } from '../../support/authors/writers.ts';
import { getRoutes, type SampleChannel } from '../../support/samples/get-routes.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';

/** Expensive answers under attack, from several addresses: the proxy on the loopback is trusted. */

let server: TestServer;
let channel: SampleChannel;
let at = 0;

beforeAll(async () => {
  const env = { PRESSBOX_TRUST_PROXY: 'loopback', PRESSBOX_REQUESTS_PER_SECOND: '20' };
  server = await startTestServer(env, { elapsed: () => at });
  const token = await server.token();
  const { id: channelId } = await createChannel(server, token, { headline: 'Fire at the harbour' });
  const posts: { id: string; seq: number }[] = [];
  for (let nth = 1; nth <= 12; nth += 1) {
    const { post } = await publish(server, token, channelId, { headline: `Report ${nth}`, body: 'The third quay. '.repeat(600) });
    posts.push({ id: post.id, seq: post.seq });
    at += 1_000;
  }
  const revised = { id: posts[0]?.id as string, revisions: 8 };
  for (let nth = 2; nth <= revised.revisions; nth += 1) {
    const path = `/v1/channels/${channelId}/posts/${revised.id}/revisions`;
    const changes = { body: `It was quay ${nth}.` };
    await write(server, token, { path, body: { kind: 'correction', note: 'Another quay.', changes }, ifMatch: '*' });
    at += 1_000;
  }
  channel = { url: server.url, channelId, posts, revised };
});
afterAll(() => server[Symbol.asyncDispose]());

async function counted(series: string): Promise<number> {
  const { text } = await call(`${server.url}/metrics`);
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return Number(line?.split(' ')[1]);
}
const ended = (how: string) => counted(`pressbox_builds_ended_total{how="${how}"}`);
const builds = async () => [await counted('pressbox_builds{state="running"}'), await counted('pressbox_builds{state="waiting"}')];
const from = (address: string, headers = {}) => ({ headers: { 'x-forwarded-for': address, ...headers } });
const feed = (nth: number) => `/v1/channels/${channel.channelId}/feed.atom?limit=${1 + (nth % 90)}&before=${100 + nth}`;

/** Sends a request on a connection of its own, as a proxy on the loopback does for its client. */
async function send(path: string, address: string): Promise<Socket> {
  const { hostname, port, host } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  await new Promise<void>((resolve) => {
    socket.write(`GET ${server.pathTo(path)} HTTP/1.1\r\nHost: ${host}\r\nX-Forwarded-For: ${address}\r\n\r\n`, () => resolve());
  });
  return socket;
}

/** Makes the reads of posts wait, as those of a busy store do. Returns how many began, and what ends it. */
function holdReads(): { begun: () => number; release: () => void } {
  const { engine } = server.server;
  const read = engine.posts;
  const { promise: released, resolve } = Promise.withResolvers<void>();
  let begun = 0;
  engine.posts = async (...asked) => {
    if (asked[1].limit > 5 || asked[1].before !== undefined) {
      begun += 1;
      await released;
    }
    return await read.call(engine, ...asked);
  };
  const release = () => {
    engine.posts = read;
    resolve();
  };
  onTestFinished(release);
  return { begun: () => begun, release };
}

describe('feeds that two addresses request in many ways and do not wait for', () => {
  it('are built a few at a time and only while somebody waits, and other readers are answered', async () => {
    at += 60_000;
    const reads = holdReads();
    const attackers = ['203.0.113.1', '203.0.113.2'];
    const each = 40;
    const sockets: Socket[] = [];
    for (let nth = 0; nth < each; nth += 1) {
      for (const [which, address] of attackers.entries()) sockets.push(await send(feed(2 * nth + which), address));
    }
    await vi.waitFor(async () => expect(await ended('refused')).toBeGreaterThan(0));
    const [running, waiting] = await builds();
    expect(running).toBeLessThanOrEqual(responseLimits.buildsMost);
    expect(waiting).toBeLessThanOrEqual(responseLimits.waitingBuilds);
    expect((await call(`${server.url}/v1/channels/${channel.channelId}/posts?limit=5`, from('192.0.2.1'))).status).toBe(200);
    const patient = call(server.url + feed(900), from('192.0.2.1'));

    for (const socket of sockets) socket.destroy();
    await vi.waitFor(async () => expect((await builds())[1]).toBeLessThanOrEqual(1));
    reads.release();
    expect((await patient).status).toBe(200);
    await vi.waitFor(async () => expect(await builds()).toEqual([0, 0]));
    expect(reads.begun()).toBeLessThanOrEqual(responseLimits.buildsMost + 1);
  });

  it('are charged to the address, and to no other', async () => {
    at += 60_000;
    const before = await ended('made');
    const statuses: number[] = [];
    for (let nth = 0; nth < 120; nth += 1) {
      const { status } = await call(server.url + feed(200 + nth), from('203.0.113.3', { 'accept-encoding': 'gzip' }));
      statuses.push(status);
      if (status === 429) break;
    }
    expect(statuses.at(-1)).toBe(429);
    // A burst of 200 requests: a build counts as three, and more by its size before compression.
    expect((await ended('made')) - before).toBeLessThan(200 / (1 + 2));
    expect((await call(server.url + feed(500), from('192.0.2.2'))).status).toBe(200);
  });

  it('cost a client that finds them in the cache no more than other answers', async () => {
    at += 60_000;
    await call(server.url + feed(700), from('192.0.2.3'));
    const before = await ended('made');
    const known = await call(server.url + feed(700), from('192.0.2.4'));
    const etag = known.headers.get('etag') ?? '';
    for (let nth = 1; nth < 200; nth += 1) {
      const { status } = await call(server.url + feed(700), from('192.0.2.4', { 'if-none-match': etag }));
      if (status !== 304) expect([nth, status]).toEqual([nth, 304]);
    }
    expect(await ended('made')).toBe(before);
  });
});

describe('every route of the API description', () => {
  it('is behind the door for expensive answers, or says why it needs none', async () => {
    at += 60_000;
    const wrong: string[] = [];
    for (const [nth, { id, route, path, cost }] of getRoutes(channel).entries()) {
      at += 10_000;
      if (cost === 'token' || id === 'stream') continue;
      const before = await ended('made');
      const { status } = await call(server.url + path(nth), from('192.0.2.5', { accept: 'text/html, */*' }));
      const isBuilt = (await ended('made')) > before;
      if (isBuilt !== (cost === 'built')) wrong.push(`${route}: ${status}, ${isBuilt ? 'built' : 'not built'}`);
      if (cost === 'built') expect([route, status]).toEqual([route, 200]);
    }
    expect(wrong).toEqual([]);
  });
});

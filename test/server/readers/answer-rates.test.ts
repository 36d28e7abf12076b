import { expect, it, onTestFinished } from 'vitest';
import { createChannel, publish } from '../../support/authors/writers.ts';
import { openReader } from '../../support/readers/socket-reader.ts';
import { openStream } from '../../support/readers/stream-reader.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';

/** The request rate of an address over all kinds of answers: a burst of ten here, on a stopped clock. */
const burst = 10;

async function start(body: string): Promise<{ server: TestServer; channelId: string }> {
  let at = 0;
  const server = await startTestServer({ PRESSBOX_REQUESTS_PER_SECOND: '1' }, { elapsed: () => at });
  onTestFinished(() => server[Symbol.asyncDispose]());
  const token = await server.token();
  const { id } = await createChannel(server, token, { headline: 'Moon' });
  await publish(server, token, id, { headline: 'One', body });
  // Refill the bucket.
  at += 60_000;
  return { server, channelId: id };
}

/** How many short requests the address may send before it is refused. */
async function requestsLeft({ url }: TestServer, channelId: string): Promise<number> {
  for (let asked = 0; asked <= burst; asked += 1) {
    const { status, headers } = await call(`${url}/v1/channels/${channelId}`);
    if (status === 200) continue;
    expect([status, headers.get('retry-after')]).toEqual([429, expect.stringMatching(/^\d+$/)]);
    return asked;
  }
  throw new Error('Nothing was refused.');
}

it('the request rate counts each subscribe of a socket except the first, which the handshake covers', async () => {
  const { server, channelId } = await start('Short.');
  using reader = await openReader(server.url);
  for (let nth = 1; nth <= burst; nth += 1)
    expect(await reader.subscribe(channelId), `subscribe ${nth}`).toMatchObject({ mode: 'snapshot' });
  const problem = { code: 'rate-limited', status: 429, retryAfter: 1 };
  expect(await reader.subscribe(channelId)).toMatchObject({ ok: false, problem });
  expect(await requestsLeft(server, channelId)).toBe(0);
  // Its subscriptions continue.
  expect(reader.isOpen).toBe(true);
});

it('the request rate counts a subscribe after rejoining the namespace', async () => {
  const { server, channelId } = await start('Short.');
  using reader = await openReader(server.url);
  for (let nth = 1; nth <= burst; nth += 1) {
    expect(await reader.subscribe(channelId), `subscribe ${nth}`).toMatchObject({ mode: 'snapshot' });
    reader.send('41');
    reader.send('40');
  }
  expect(await reader.subscribe(channelId)).toMatchObject({ ok: false, problem: { code: 'rate-limited' } });
});

it('the request rate counts a short answer as one request', async () => {
  const { server, channelId } = await start('Short.');
  expect((await call(`${server.url}/v1/channels/${channelId}/snapshot`)).status).toBe(200);
  expect(await requestsLeft(server, channelId)).toBe(burst - 1);
});

/** Uncompressed, so that the size is the size on the wire. */
const plain = { headers: { 'accept-encoding': 'identity' } };
const ways = {
  'an answer over HTTP': async (url: string, id: string) =>
    Buffer.byteLength((await call(`${url}/v1/channels/${id}/snapshot`, plain)).text),
  'a poll': async (url: string, id: string) =>
    Buffer.byteLength((await call(`${url}/v1/channels/${id}/events?wait=30`, plain)).text),
  'the beginning of a stream': async (url: string, id: string) => {
    using stream = await openStream(url, id);
    await expect.poll(() => stream.heard('catchup')).toHaveLength(1);
    return Buffer.byteLength(JSON.stringify(stream.heard('catchup')[0]));
  },
  'the answer to a subscribe': async (url: string, id: string) => {
    using reader = await openReader(url);
    return Buffer.byteLength(JSON.stringify(await reader.subscribe(id)));
  },
};
it.each(Object.entries(ways))('the request rate counts %s as one request for each started 64 KiB', async (_what, ask) => {
  const { server, channelId } = await start('€'.repeat(50_000));
  const bytes = await ask(server.url, channelId);
  const pieces = Math.ceil(bytes / 65_536);
  expect(pieces).toBeGreaterThan(2);
  await expect.poll(() => requestsLeft(server, channelId)).toBe(burst - pieces);
});

it('the request rate does not count events that are pushed over a stream', async () => {
  const { server, channelId } = await start('Short.');
  const token = await server.token();
  using stream = await openStream(server.url, channelId);
  for (let nth = 1; nth <= 3; nth += 1)
    await publish(server, token, channelId, { headline: `News ${nth}`, body: 'x'.repeat(25_000) });
  await expect.poll(() => stream.heard('post.published')).toHaveLength(3);
  stream[Symbol.dispose]();
  expect(await requestsLeft(server, channelId)).toBe(burst - 1 - 3);
});

it('the request rate refuses an address for at most the time that a full burst takes to refill', async () => {
  let at = 0;
  const server = await startTestServer({ PRESSBOX_REQUESTS_PER_SECOND: '1' }, { elapsed: () => at });
  onTestFinished(() => server[Symbol.asyncDispose]());
  const token = await server.token();
  const { id } = await createChannel(server, token, { headline: 'Moon' });
  for (let nth = 0; nth < 5; nth += 1) {
    await publish(server, token, id, { headline: 'One', body: '€'.repeat(50_000) });
    at += 60_000;
  }
  for (let nth = 0; nth < 3; nth += 1) await call(`${server.url}/v1/channels/${id}/snapshot`);
  const { headers } = await call(`${server.url}/v1/channels/${id}`);
  expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(11);
  at += 11_000;
  expect((await call(`${server.url}/v1/channels/${id}`)).status).toBe(200);
});

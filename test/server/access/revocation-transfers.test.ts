import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { plainChannel, plainPost } from '../../support/authors/transfer.ts';
import { within } from '../../support/runner/settled-within.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';
import { appended, createChannel, publication, samplePost } from '../../support/stores/engines.ts';

/** A running export or import ends within this time, in milliseconds, after its token became invalid. */
const promisedMs = 5_000;
let server: TestServer;
let now = Date.now;
beforeAll(async () => {
  server = await startTestServer({}, { now: () => now() });
});
afterEach(() => {
  now = Date.now;
});
afterAll(() => server[Symbol.asyncDispose]());

async function revoke(token: string): Promise<void> {
  const { jti } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  const admin = await server.token({ admin: true }, { sub: 'operator' });
  const answer = await call(`${server.url}/v1/tokens/revoked`, { method: 'POST', token: admin, body: { jti } });
  expect(answer.status).toBe(200);
}

const ended: [string, () => Promise<{ token: string; end: () => Promise<void> }>][] = [
  [
    'revoked',
    async () => {
      const token = await server.token({ admin: true });
      return { token, end: () => revoke(token) };
    },
  ],
  [
    'expired',
    async () => ({
      token: await server.token({ admin: true }, { ttlSeconds: 60 }),
      end: async () => {
        now = () => Date.now() + 61_000;
      },
    }),
  ],
];

describe.each(ended)('a token that is %s', (_how, grant) => {
  it('ends the import that it started: earlier lines stay, later ones are not imported', async () => {
    const { token, end } = await grant();
    const id = `import-${_how}`;
    const line = (post: object) => `${JSON.stringify({ post, revision: { at: '2019-04-15T17:00:00.000Z', by: 'ada' } })}\n`;
    const body = new PassThrough();
    const answered = fetch(`${server.url}/v1/import`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/x-ndjson' },
      body,
      duplex: 'half',
    } as RequestInit);
    body.write(`${JSON.stringify({ channel: plainChannel(id) })}\n`);
    // With the channel, these lines fill one batch.
    for (let post = 0; post < 63; post += 1) body.write(line(plainPost(id)));
    const offset = async () => (await server.server.engine.heads([id]))[0]?.offset;
    await vi.waitFor(async () => expect(await offset()).toBe(64));
    await end();
    const feeding = setInterval(() => body.write(line(plainPost(id))), 100);
    onTestFinished(() => clearInterval(feeding));
    const answer = await answered;
    clearInterval(feeding);
    body.end();
    expect([answer.status, await answer.json()]).toMatchObject([401, { code: 'token-invalid', imported: { channels: 1 } }]);
    const head = await offset();
    expect((await server.server.engine.posts(id, { limit: 100, bytes: 1e6 }))?.posts.length).toBe((head as number) - 1);
    expect(head).toBe(64);
  });

  it('ends the export that it started as incomplete, even if the client reads nothing', async () => {
    const { engine } = server.server;
    const id = `export-${_how}`;
    await createChannel(engine, id);
    const posts = Array.from({ length: 200 }, () => samplePost(id, { body: 'Much. '.repeat(8_000) }));
    await Promise.all(posts.map((post) => appended(engine, id, [publication(post)])));
    const { token, end } = await grant();
    const client = await asking(`/v1/channels/${id}/export`, token);
    let error: Error | undefined;
    client.on('error', (why) => {
      error = why;
    });
    await vi.waitFor(() => underWay(1));
    await end();
    await within(promisedMs, () => underWay(0));
    client.resume();
    await once(client, 'close').catch(() => undefined);
    expect(error).toMatchObject({ code: 'ECONNRESET' });
  });
});

/** A client that sends a request and reads nothing of the answer. */
async function asking(path: string, token: string): Promise<Socket> {
  const { port, host } = new URL(server.url);
  const client = connect({ port: Number(port), host: '127.0.0.1' });
  await once(client, 'connect');
  client.pause();
  client.write(
    `GET ${server.pathTo(path)} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`,
  );
  return client;
}

async function underWay(count: number): Promise<void> {
  const { text } = await call(`${server.url}/metrics`);
  expect(text).toContain(`pressbox_transfers{kind="exports"} ${count}\n`);
}

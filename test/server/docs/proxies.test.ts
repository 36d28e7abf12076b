import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { io } from 'socket.io-client';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { httpLimits } from '../../../src/http/http-limits.ts';
import { limits } from '../../../src/protocol/wire-limits.ts';
import { allPosts, createChannel, publish } from '../../support/authors/writers.ts';
import { openReader } from '../../support/readers/socket-reader.ts';
import { root } from '../../support/runner/imports.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { blocksOf } from '../../support/samples/markdown-blocks.ts';
import { freePort } from '../../support/servers/free-port.ts';
import { type Certificate, makeCertificate, type Place, startProxy } from '../../support/servers/proxies.ts';
import { startTestServer, type TestServer } from '../../support/servers/server.ts';
import { takesWrites } from '../../support/servers/takes-writes.ts';
import { startRedisFor } from '../../support/stores/redis.ts';

/** Tests what docs/guides/proxies.md says. */

const page = await readFile(join(root, 'docs/guides/proxies.md'), 'utf8');
const [environment = '', nginx = '', caddy = ''] = ['Settings', 'nginx', 'Caddy'].map((part) => blocksOf(page, part)[0]);
const settings = Object.fromEntries(
  [...environment.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name, value]) => [name, value ?? '']),
);

describe('the proxies of docs/guides/proxies.md', () => {
  it('wait longer than the server is silent, and close idle connections before the server does', () => {
    const seconds = Number(/proxy_read_timeout (\d+)s;/.exec(nginx)?.[1]);
    expect(seconds).toBeGreaterThan(Math.max(limits.waitSeconds, limits.pingSeconds));
    // By default nginx closes idle connections after 60 s.
    expect(httpLimits.keepAliveMs).toBeGreaterThan(60_000);
  });

  it('use the default address and the configured host name', () => {
    for (const config of [nginx, caddy]) {
      expect(config).toContain('127.0.0.1:4000');
      expect(config).toContain(new URL(settings.PRESSBOX_PUBLIC_URL ?? '').host);
    }
  });
});

const portOf = ({ url }: { url: string }) => Number(new URL(url).port);

for (const name of ['nginx', 'caddy', 'haproxy'] as const) {
  describeWith(needs[name], `${name} before a server, as docs/guides/proxies.md says`, (binary) => {
    describeWith(needs.openssl, 'with a self-signed certificate', (openssl) => {
      let server: TestServer;
      let url: string;
      let token: string;
      let end: () => Promise<void> = async () => {};
      let folder: string;
      let place: Place;
      let certificate: Certificate & AsyncDisposable;

      beforeAll(async () => {
        folder = await mkdtemp(join(tmpdir(), 'pressbox-proxy-'));
        certificate = await makeCertificate(openssl);
        const port = await freePort();
        url = `https://127.0.0.1:${port}`;
        server = await startTestServer({ ...settings, PRESSBOX_PUBLIC_URL: url, PRESSBOX_REQUESTS_PER_SECOND: '9' });
        token = await server.token({ editor: ['*'], admin: true });
        place = { folder, port, nodes: [portOf(server.server)], certificate };
        end = await startProxy(name, binary, place);
      });
      afterAll(async () => {
        await end();
        await server?.[Symbol.asyncDispose]();
        await certificate?.[Symbol.asyncDispose]();
        await rm(folder, { recursive: true, force: true });
      });

      interface Asking {
        /** The address that the request comes from. */
        from?: string;
        headers?: Record<string, string>;
        body?: string;
      }

      /** Resolves with the head of the answer, before its body arrives. */
      async function begin(path: string, { from = '127.0.0.1', headers = {}, body }: Asking = {}) {
        const method = body === undefined ? 'GET' : 'POST';
        const asked = request(new URL(path, url), {
          method,
          headers,
          localAddress: from,
          rejectUnauthorized: false,
          agent: false,
        });
        asked.end(body);
        const [answer] = (await once(asked, 'response')) as [import('node:http').IncomingMessage];
        return answer.setEncoding('utf8');
      }

      async function ask(path: string, asking: Asking = {}) {
        const answer = await begin(path, asking);
        let text = '';
        for await (const chunk of answer) text += chunk;
        return { status: answer.statusCode, text };
      }

      it('blocks the health endpoints and metrics', async () => {
        for (const path of ['/healthz', '/readyz', '/metrics']) {
          expect((await fetch(`${server.url}${path}`)).status).toBe(200);
          for (const asked of [path, `${path}/`, `${path}?x`]) expect([asked, (await ask(asked)).status]).toEqual([asked, 404]);
        }
      });

      it('lets pages of the server connect, and passes each event on at once, to sockets, streams and polls', async () => {
        const { id } = await createChannel({ url: server.url }, token);
        expect((await ask(`/live/${id}`)).text).toContain(url);
        const socket = io(url, {
          transports: ['websocket'],
          forceNew: true,
          rejectUnauthorized: false,
          extraHeaders: { origin: url },
        });
        onTestFinished(() => void socket.disconnect());
        const heard: unknown[] = [];
        socket.on('event', ({ offset }: { offset: number }) => heard.push(offset));
        await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('connect_error', reject));
        expect(await socket.timeout(30_000).emitWithAck('subscribe', { channelId: id })).toMatchObject({ ok: true });
        const stream = await begin(`/v1/channels/${id}/stream`);
        onTestFinished(() => void stream.destroy());
        let streamed = '';
        stream.on('data', (text: string) => (streamed += text));
        await vi.waitFor(() => expect(streamed).toContain('event: catchup'));
        const { cursor } = await publish({ url: server.url }, token, id, { headline: 'One' });
        await vi.waitFor(() => expect([heard, streamed]).toEqual([[2], expect.stringContaining(`id: ${cursor}\n`)]));
        const waiting = ask(`/v1/channels/${id}/events?after=${cursor}&wait=30`);
        await vi.waitFor(() => expect(server.server.readers.count('poll')).toBe(1));
        await publish({ url: server.url }, token, id, { headline: 'Two' });
        expect((await waiting).text).toContain('Two');
      });

      it('accepts imports larger than other request bodies', async () => {
        const { id } = await createChannel({ url: server.url }, token);
        const body = 'Word. '.repeat(8_000);
        for (let count = 0; count < 30; count += 1) await publish({ url: server.url }, token, id, { body });
        // An author may import one file at a time, and cases run side by side.
        const importer = await server.token({ editor: ['*'], admin: true }, { sub: id });
        const headers = { authorization: `Bearer ${importer}`, 'content-type': 'application/x-ndjson' };
        const { text } = await ask(`/v1/channels/${id}/export`, { headers });
        expect(text.length).toBeGreaterThan(1.2 * limits.bodyBytes);
        expect((await ask('/v1/import', { headers, body: text })).status).toBe(200);
      });

      it('passes on the real address of a client, whatever the client claims', async () => {
        const status = async (from: string, headers = {}) => (await ask('/v1/channels', { from, headers })).status;
        // More requests than the rate permits, however long they take. Each claims another address.
        const crowd = await Promise.all(
          Array.from({ length: 220 }, (_, nth) => status('127.0.0.2', { 'x-forwarded-for': `192.0.2.${nth}` })),
        );
        expect(new Set(crowd)).toEqual(new Set([200, 429]));
        expect(await status('127.0.0.3')).toBe(200);
      });

      if (name === 'nginx') {
        it('compresses public responses, but neither private ones nor streams', async () => {
          // An address that no other test uses, so that its rate is free.
          const from = '127.0.0.4';
          const editor = { authorization: `Bearer ${token}` };
          const { id } = await createChannel({ url: server.url }, token);
          await publish({ url: server.url }, token, id, { body: 'Smoke over pier four. '.repeat(200) });
          const encoding = async (path: string, headers = {}) => {
            const answer = await begin(path, { from, headers: { 'accept-encoding': 'gzip', ...headers } });
            answer.destroy();
            return answer.headers['content-encoding'];
          };
          const paths = [`/live/${id}`, `/v1/channels/${id}/snapshot`, `/v1/channels/${id}/feed.atom`];
          for (const path of paths) expect([path, await encoding(path)]).toEqual([path, 'gzip']);
          for (const path of paths) {
            expect([path, await encoding(path, editor)]).toEqual([path, undefined]);
            expect([path, await encoding(path, { cookie: 'a=b; __Host-pressbox=c' })]).toEqual([path, undefined]);
          }
          expect(await encoding(`/v1/channels/${id}/stream`, { accept: 'text/event-stream' })).toBeUndefined();
          const [path = ''] = paths;
          const first = await begin(path, { from, headers: { 'accept-encoding': 'gzip' } });
          first.destroy();
          const again = { 'accept-encoding': 'gzip', 'if-none-match': first.headers.etag ?? '' };
          expect((await ask(path, { from, headers: again })).status).toBe(304);
        });
      }

      if (name !== 'caddy') {
        describeWith(needs.redis, 'and two servers on one Redis', (redisServer) => {
          it('performs every write with a key once while both servers restart, one after the other', async (test) => {
            const redis = await startRedisFor(test, redisServer);
            const env = { PRESSBOX_REDIS_URL: redis.url, PRESSBOX_JWT_SECRET: 'a secret that both servers know, of 32 bytes' };
            const nodes = [await startTestServer(env), await startTestServer(env)];
            for (const node of nodes) test.onTestFinished(() => node[Symbol.asyncDispose]());
            const at = { ...place, folder: join(folder, 'roll'), port: await freePort(), nodes: nodes.map(portOf) };
            test.onTestFinished(await startProxy(name, binary, at));

            const editor = await nodes[0]!.token();
            const { id } = await createChannel({ url: nodes[0]!.url }, editor);
            const found = { done: 0, refused: 0, withoutKey: 0 };
            let isOver = false;
            const writeAll = async (withKey: boolean) => {
              while (!isOver) {
                const key = withKey ? { 'idempotency-key': crypto.randomUUID() } : {};
                const headers = { authorization: `Bearer ${editor}`, 'content-type': 'application/json', ...key };
                const body = JSON.stringify({ headline: 'Smoke over pier four' });
                const { status } = await ask(`https://127.0.0.1:${at.port}/v1/channels/${id}/posts`, { headers, body });
                if (status === 201) found[withKey ? 'done' : 'withoutKey'] += 1;
                else if (withKey) found.refused += 1;
              }
            };
            const writing = Promise.all([writeAll(true), writeAll(true), writeAll(false)]);
            for (const node of nodes) {
              // The server keeps answering while a reader is connected.
              const reader = await openReader(node.url);
              const closing = node.server.close({ drainMs: 60_000 });
              await vi.waitFor(() => expect(reader.heard('drain')).toHaveLength(1));
              const before = found.done;
              await vi.waitFor(() => expect(found.done).toBeGreaterThan(before + 20));
              reader.destroy();
              await closing;
              // Now nothing listens on that port.
              const gone = found.done;
              await vi.waitFor(() => expect(found.done).toBeGreaterThan(gone + 5));
              await node.restart();
              await vi.waitFor(async () => expect(await takesWrites(node)).toBe(true), { timeout: 10_000 });
            }
            isOver = true;
            await writing;
            console.log(`The roll: ${found.done} writes with a key were done, ${found.refused} were refused.`);
            expect(found.refused).toBe(0);
            expect(await allPosts({ url: nodes[0]!.url }, id)).toHaveLength(found.done + found.withoutKey);
          });
        });

        it('retries a request on another server if a draining server refuses it, and passes on the refusal if all servers refuse', async () => {
          const [going, staying] = [await startTestServer(), await startTestServer()];
          for (const one of [going, staying]) onTestFinished(() => one[Symbol.asyncDispose]());
          const at = { ...place, folder: join(folder, 'two'), port: await freePort(), nodes: [going, staying].map(portOf) };
          onTestFinished(await startProxy(name, binary, at));
          const statuses = async () => {
            const found: (number | undefined)[] = [];
            for (let time = 0; time < 20; time += 1) found.push((await ask(`https://127.0.0.1:${at.port}/`)).status);
            return new Set(found);
          };
          const drain = async (one: TestServer) => {
            const reader = await openReader(one.url);
            void one.server.close({ drainMs: 60_000 });
            await vi.waitFor(async () => expect((await fetch(`${one.url}/readyz`)).status).toBe(503));
            return () => reader.destroy();
          };
          const leave = await drain(going);
          expect(await statuses()).toEqual(new Set([200]));
          const leaveToo = await drain(staying);
          expect(await statuses()).toEqual(new Set([503]));
          leave();
          leaveToo();
        });
      }
    });
  });
}

import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { io } from 'socket.io-client';
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { limits } from '../../../src/protocol/wire-limits.ts';
import { createChannel, publish } from '../../support/authors/writers.ts';
import { root } from '../../support/runner/imports.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { quotedIn } from '../../support/samples/markdown-blocks.ts';
import { freePort } from '../../support/servers/free-port.ts';
import { type Certificate, makeCertificate, type ProxyName, startProxy } from '../../support/servers/proxies.ts';
import { startTestServer, type TestServer } from '../../support/servers/server.ts';

/** The proxies of docs/guides/base-path.md, each before a server below `/live`. */

const page = await readFile(join(root, 'docs/guides/base-path.md'), 'utf8');
const partOf = (heading: string) => page.split(/^### /m).find((part) => part.startsWith(heading)) ?? '';

/** The configuration for a whole host, changed as the table in this part says. */
function changed(config: string, heading: string): string {
  const rows = partOf(heading)
    .replaceAll('\\|', '\u0000')
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  expect(rows.length).toBeGreaterThan(1);
  return rows.reduce((made, row) => {
    const [whole = '', below = ''] = quotedIn(row).map((text) => text.replaceAll('\u0000', '|'));
    expect(made).toContain(whole);
    return made.replace(whole, () => below);
  }, config);
}

/** The site in the guide, with the address, the certificate and the server of the test. */
function caddySite(port: number, node: number, { certificate, key }: Certificate): string {
  const [, site = ''] = /^```caddy\n([\s\S]*?)^```$/m.exec(partOf('Caddy')) ?? [];
  const opening = `https://127.0.0.1:${port} {\n  bind 127.0.0.1\n  tls ${certificate} ${key}`;
  const own = site.replace('www.example.org {', opening).replace('127.0.0.1:4000', `127.0.0.1:${node}`);
  return `{\n  admin off\n  auto_https off\n}\n${own}`;
}

for (const name of ['nginx', 'caddy', 'haproxy'] as const) {
  describeWith(needs[name], `${name} before a server below a path, as docs/guides/base-path.md says`, (binary) => {
    describeWith(needs.openssl, 'with a self-signed certificate', (openssl) => {
      let server: TestServer;
      let origin: string;
      let token: string;
      let end: () => Promise<void> = async () => {};
      let folder: string;
      let certificate: Certificate & AsyncDisposable;

      beforeAll(async () => {
        folder = await mkdtemp(join(tmpdir(), 'pressbox-proxy-below-'));
        certificate = await makeCertificate(openssl);
        const port = await freePort();
        origin = `https://127.0.0.1:${port}`;
        const env = { PRESSBOX_PUBLIC_URL: origin, PRESSBOX_TRUST_PROXY: 'loopback' };
        server = await startTestServer(env, { front: { name: 'none', basePath: '/live' } });
        token = await server.token({ editor: ['*'], admin: true });
        const node = Number(new URL(server.url).port);
        const change: Record<ProxyName, (config: string) => string> = {
          nginx: (config) => changed(config, 'nginx'),
          caddy: () => caddySite(port, node, certificate),
          haproxy: (config) => changed(config, 'HAProxy'),
        };
        end = await startProxy(name, binary, { folder, port, nodes: [node], certificate, change: change[name] });
      });
      afterAll(async () => {
        await end();
        await server?.[Symbol.asyncDispose]();
        await certificate?.[Symbol.asyncDispose]();
        await rm(folder, { recursive: true, force: true });
      });

      /** Resolves with the head of the answer, before its body arrives. */
      async function begin(path: string, { headers = {}, body }: { headers?: Record<string, string>; body?: string } = {}) {
        const method = body === undefined ? 'GET' : 'POST';
        const asked = request(new URL(path, origin), { method, headers, rejectUnauthorized: false, agent: false });
        asked.end(body);
        const [answer] = (await once(asked, 'response')) as [IncomingMessage];
        return answer.setEncoding('utf8');
      }
      async function ask(...asking: Parameters<typeof begin>) {
        const answer = await begin(...asking);
        let text = '';
        for await (const chunk of answer) text += chunk;
        return { status: answer.statusCode, location: answer.headers.location, text };
      }

      it('passes on what is below the path, and nothing else', async () => {
        expect((await ask('/live/')).text).toContain('<body data-base="/live">');
        const bare = await ask('/live');
        if (bare.status === 200) expect(bare.text).toContain('<body data-base="/live">');
        else expect(new URL(bare.location ?? '', origin).href).toBe(`${origin}/live/`);
        for (const path of ['/', '/livelier', '/v1/channels', '/metrics', '/readyz', '/desk/']) {
          expect([path, (await ask(path)).text]).toEqual([
            path,
            expect.not.stringMatching(/data-base|"channels"|pressbox_|"ready"/),
          ]);
        }
      });

      it('blocks the health endpoints and metrics', async () => {
        for (const path of ['/healthz', '/readyz', '/metrics']) {
          expect((await fetch(server.url + path)).status).toBe(200);
          for (const asked of [path, `${path}/`, `${path}?x`]) {
            expect([asked, (await ask(`/live${asked}`)).status]).toEqual([asked, 404]);
          }
        }
      });

      it('passes each event on at once, to sockets and streams', async () => {
        const { id } = await createChannel(server, token);
        const socket = io(origin, {
          path: '/live/socket.io',
          transports: ['websocket'],
          forceNew: true,
          rejectUnauthorized: false,
          extraHeaders: { origin },
        });
        onTestFinished(() => void socket.disconnect());
        const heard: unknown[] = [];
        socket.on('event', ({ offset }: { offset: number }) => heard.push(offset));
        await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('connect_error', reject));
        expect(await socket.timeout(30_000).emitWithAck('subscribe', { channelId: id })).toMatchObject({ ok: true });
        const stream = await begin(`/live/v1/channels/${id}/stream`);
        onTestFinished(() => void stream.destroy());
        let streamed = '';
        stream.on('data', (text: string) => (streamed += text));
        await vi.waitFor(() => expect(streamed).toContain('event: catchup'));
        const { cursor } = await publish(server, token, id, { headline: 'One' });
        await vi.waitFor(() => expect([heard, streamed]).toEqual([[2], expect.stringContaining(`id: ${cursor}\n`)]));
      });

      it('accepts writes without a key, and imports larger than other request bodies', async () => {
        const { id } = await createChannel(server, token);
        const authorization = `Bearer ${token}`;
        const headers = { authorization, 'content-type': 'application/json' };
        const written = await ask(`/live/v1/channels/${id}/posts`, { headers, body: '{"body":"Smoke."}' });
        expect(written.status).toBe(201);
        for (let count = 0; count < 30; count += 1) await publish(server, token, id, { body: 'Word. '.repeat(8_000) });
        const lines = { authorization, 'content-type': 'application/x-ndjson' };
        const { text } = await ask(`/live/v1/channels/${id}/export`, { headers: lines });
        expect(text.length).toBeGreaterThan(1.2 * limits.bodyBytes);
        expect((await ask('/live/v1/import', { headers: lines, body: text })).status).toBe(200);
      });
    });
  });
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signToken } from '../../../src/access/tokens.ts';
import { readConfig } from '../../../src/config.ts';
import type { Grants } from '../../../src/protocol/rights.ts';
import { type PressboxServer, type ServerOptions, startServer } from '../../../src/server.ts';
import { embeddedIn, openStore } from '../stores/store.ts';
import { freePort } from './free-port.ts';

/** A real server on a free loopback port, with its own data directory and store, for the duration of a test. */
export interface TestServer extends AsyncDisposable {
  server: PressboxServer;
  url: string;
  dataDir: string;
  /** The directory with the bytes of its journal. */
  storeDir: string;
  /** A token with these grants. */
  token(grants?: Partial<Grants>, claims?: { sub?: string; name?: string; ttlSeconds?: number }): Promise<string>;
  /** Restarts it on the same port, directory and store. */
  restart(): Promise<void>;
}

export async function startTestServer(env: Record<string, string> = {}, options: ServerOptions = {}): Promise<TestServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'pressbox-test-'));
  const store = env.PRESSBOX_REDIS_URL === undefined ? await openStore(dataDir) : embeddedIn(dataDir);
  const start = (port: number) =>
    startServer(
      readConfig({
        PRESSBOX_DATA_DIR: dataDir,
        PRESSBOX_PORT: String(port),
        PRESSBOX_LOG_LEVEL: 'silent',
        PRESSBOX_WRITES_PER_SECOND: '0',
        PRESSBOX_REQUESTS_PER_SECOND: '0',
        PRESSBOX_CONNECTIONS_PER_ADDRESS: '0',
        ...store.env,
        ...env,
      }),
      options,
    );
  let tokens = 0;
  const started: TestServer = {
    // The port must not be ephemeral, because another program could take such a port during a restart.
    server: await start(await freePort()),
    get url() {
      return started.server.url;
    },
    dataDir,
    storeDir: store.directory,
    async token(grants = { editor: ['*'] }, { sub = 'ada', name = 'Ada Byron', ttlSeconds = 3_600 } = {}) {
      tokens += 1;
      return await signToken(started.server.secret as Uint8Array, {
        sub,
        name,
        grants: { reader: [], author: [], editor: [], admin: false, ...grants },
        ttlSeconds,
        now: (options.now ?? Date.now)(),
        jti: `test-${tokens}`,
      });
    },
    async restart() {
      const port = Number(new URL(started.url).port);
      await started.server.close({ drainMs: 0 });
      started.server = await start(port);
    },
    async [Symbol.asyncDispose]() {
      await started.server.close({ drainMs: 0 });
      await store.release();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
  return started;
}

/** The server's secret. */
export function secretOf({ server }: TestServer): string {
  return Buffer.from(server.secret as Uint8Array).toString();
}

/** Sends a request with a JSON body. */
export async function call(
  url: string,
  {
    method = 'GET',
    token,
    body,
    headers = {},
  }: { method?: string; token?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<{ status: number; headers: Headers; body: unknown; text: string }> {
  const answer = await fetch(url, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined
      ? {}
      : {
          body:
            typeof body === 'string' || body instanceof Uint8Array
              ? (body as NonNullable<RequestInit['body']>)
              : JSON.stringify(body),
        }),
  });
  const text = await answer.text();
  const isJson = /[/+]json\b/.test(answer.headers.get('content-type') ?? '') && text !== '';
  return { status: answer.status, headers: answer.headers, text, body: isJson ? JSON.parse(text) : undefined };
}

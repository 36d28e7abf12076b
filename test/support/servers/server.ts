import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signToken } from '../../../src/access/tokens.ts';
import { readConfig } from '../../../src/config.ts';
import { ownerCookieName, sessionCookieName } from '../../../src/protocol/cookie-names.ts';
import type { Grants } from '../../../src/protocol/rights.ts';
import { type PressboxServer, type ServerOptions, startServer } from '../../../src/server.ts';
import { embeddedIn, openStore } from '../stores/store.ts';
import { basePathOf } from './addresses.ts';
import { freePort } from './free-port.ts';
import { type FrontName, openFront, settingsBelow, testedBasePath } from './front.ts';

/** A real server on a free loopback port, with its own data directory and store, for the duration of a test. */
export interface TestServer extends AsyncDisposable {
  server: PressboxServer;
  url: string;
  /** Where on its host it is: empty, or such as `/news/live`. */
  basePath: string;
  origin: string;
  /** What links and `Location` have for a path of the server, such as `/live/fire`: the path below its base path. */
  pathTo(path: string): string;
  /** The address of such a link, or of a path of the server. */
  addressOf(path: string): string;
  /** The settings that name its address, for a command beside it. */
  addressSettings: Record<string, string>;
  /** The names of the cookies of a session. Over TLS, `__Host-` is before them. */
  cookieName: string;
  ownerCookieName: string;
  dataDir: string;
  /** The directory with the bytes of its journal. */
  storeDir: string;
  /** A token with these grants. */
  token(grants?: Partial<Grants>, claims?: { sub?: string; name?: string; ttlSeconds?: number }): Promise<string>;
  /** Restarts it on the same port, directory and store. */
  restart(): Promise<void>;
}

export interface TestServerOptions extends ServerOptions {
  /** How readers reach it. Default: as the environment of the tests says, else at the root of its port. */
  front?: { name: FrontName; basePath: string };
}

export async function startTestServer(
  env: Record<string, string> = {},
  { front: through = frontOfEnvironment(), ...options }: TestServerOptions = {},
): Promise<TestServer> {
  // The port must not be ephemeral, because another program could take such a port during a restart.
  const [firstPort, proxyPort] = [await freePort(), await freePort()];
  const front = await openFront({ ...through, port: firstPort, proxyPort });
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
        ...front.env,
        ...store.env,
        ...env,
      }),
      { ...options, ...front.options },
    );
  let tokens = 0;
  const started: TestServer = {
    server: await start(firstPort),
    get url() {
      return front.urlOf(started.server);
    },
    get basePath() {
      return basePathOf(started.url);
    },
    get origin() {
      return new URL(started.url).origin;
    },
    pathTo: (path) => started.basePath + path,
    addressOf: (path) => (path.startsWith(`${started.basePath}/`) ? started.origin + path : started.url + path),
    get addressSettings() {
      return { PRESSBOX_PUBLIC_URL: started.origin, ...settingsBelow(started.basePath) };
    },
    get cookieName() {
      return sessionCookieName(started.basePath);
    },
    get ownerCookieName() {
      return ownerCookieName(started.basePath);
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
      const port = Number(new URL(started.server.url).port);
      await started.server.close({ drainMs: 0 });
      started.server = await start(port);
    },
    async [Symbol.asyncDispose]() {
      await started.server.close({ drainMs: 0 });
      await front[Symbol.asyncDispose]();
      await store.release();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
  return started;
}

function frontOfEnvironment(): { name: FrontName; basePath: string } {
  return { name: (process.env.PRESSBOX_TEST_FRONT ?? 'none') as FrontName, basePath: testedBasePath() };
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

import { readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { build } from 'esbuild';
import type { BrowserContext, Page } from 'playwright-core';
import type { AddOptions, OutboxEntry, Write } from '../../../../client/browser/desk/outbox/outbox-model.ts';
import { type ServerProcess, startServerProcess } from '../../../support/servers/process.ts';

/**
 * A page with nothing but the outbox, on the origin of a real server, behind a front that loses requests and answers. The page
 * itself always loads, as with the service worker of the desk.
 */
export interface OutboxSite extends AsyncDisposable {
  readonly url: string;
  readonly server: ServerProcess;
  network: {
    isDown: boolean;
    /** The next writes: lost on the way there, or on the way back. */
    losses: ('request' | 'answer')[];
  };
}

export async function startOutboxSite(): Promise<OutboxSite> {
  const script = await bundledOutbox();
  const network: OutboxSite['network'] = { isDown: false, losses: [] };
  let server: ServerProcess | undefined;
  const front = createServer((incoming, outgoing) => {
    if (incoming.url === '/outbox-page') return void outgoing.setHeader('content-type', 'text/html').end(page);
    if (incoming.url === '/outbox-page.js') return void outgoing.setHeader('content-type', 'text/javascript').end(script);
    const isWrite = incoming.method !== 'GET' && incoming.url?.startsWith('/v1/channels') === true;
    const loss = isWrite ? network.losses.shift() : undefined;
    if (server === undefined || network.isDown || loss === 'request') return void incoming.socket.destroy();
    forward(incoming, outgoing, { to: server.url, losesAnswer: loss === 'answer' });
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
  const started = await startServerProcess();
  server = started;
  return {
    url,
    server: started,
    network,
    async [Symbol.asyncDispose]() {
      front.closeAllConnections();
      front.close();
      await started[Symbol.asyncDispose]();
    },
  };
}

const page =
  '<!doctype html><html lang="en"><meta charset="utf-8"><title>Outbox</title><script type="module" src="/outbox-page.js"></script></html>';

async function bundledOutbox(): Promise<string> {
  const root = new URL('../../../../', import.meta.url).pathname;
  const { outputFiles } = await build({
    stdin: {
      contents: "import { openOutbox } from './client/browser/desk/outbox/outbox.ts'; Object.assign(globalThis, { openOutbox });",
      resolveDir: root,
      loader: 'ts',
    },
    bundle: true,
    format: 'esm',
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}

function forward(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { to, losesAnswer }: { to: string; losesAnswer: boolean },
): void {
  const { hostname, port } = new URL(to);
  const { method, url: path, headers } = incoming;
  const lose = () => incoming.socket.destroy();
  const passed = request({ hostname, port, method, path, headers }, (answer) => {
    if (losesAnswer) return void answer.resume().once('end', lose);
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
    answer.once('error', lose);
  });
  // The server was killed.
  passed.once('error', lose);
  incoming.pipe(passed);
}

export interface Session {
  ownerKey: string;
  sub: string;
  name: string;
}

/** Signs an author in within the browser of the page, in place of whoever is. */
export async function signIn(page: Page, server: ServerProcess, sub: string, name: string): Promise<Session> {
  const token = await server.token({ author: ['*'] }, { sub, name });
  return page.evaluate(async (bearer) => {
    const answer = await fetch('/v1/session', { method: 'POST', headers: { authorization: `Bearer ${bearer}` } });
    return ((await answer.json()) as { session: Session }).session;
  }, token);
}

/** The outbox of this author in this page. */
export async function openOutboxPage(
  context: BrowserContext,
  site: OutboxSite,
  session: Session,
  askAfterMs?: number,
): Promise<OutboxPage> {
  const page = await context.newPage();
  const opened = outboxPage(page, site, session, askAfterMs);
  await opened.open();
  return opened;
}

export interface OutboxPage {
  page: Page;
  /** Opens or reloads the page. */
  open(): Promise<void>;
  add(write: Write, options: AddOptions): Promise<OutboxEntry>;
  undo(id: string): Promise<Write | undefined>;
  discard(id: string): Promise<Write | undefined>;
  publishNow(id: string): Promise<void>;
  wake(): Promise<void>;
  state(): Promise<{ entries: OutboxEntry[]; others: { name: string; count: number }[]; delivery: string; protection: string }>;
}

function outboxPage(page: Page, site: OutboxSite, session: Session, askAfterMs: number | undefined): OutboxPage {
  // The names of the page's globals, which this file has no types for.
  const call = <T>(name: string, ...args: unknown[]) => page.evaluate(`outbox.${name}(...${JSON.stringify(args)})`) as Promise<T>;
  return {
    page,
    async open() {
      await page.goto(`${site.url}/outbox-page`);
      const options = `{ session: ${JSON.stringify(session)}, askAfterMs: () => ${askAfterMs ?? 30 * 60_000} }`;
      await page.evaluate(`openOutbox(${options}).then((opened) => void (globalThis.outbox = opened))`);
    },
    add: (write, options) => call('add', write, options),
    undo: (id) => call('undo', id),
    discard: (id) => call('discard', id),
    publishNow: (id) => call('publishNow', id),
    wake: () => call('wake'),
    state: () =>
      page.evaluate(
        '({ entries: outbox.entries, others: outbox.others, delivery: outbox.delivery, protection: outbox.protection })',
      ),
  };
}

/** Ends every process of the browser with this profile, without any of its code running. */
export async function killBrowser(profile: string): Promise<void> {
  for (let round = 0; round < 50; round += 1) {
    const own = await processesOf(profile);
    if (own.length === 0) break;
    for (const pid of own) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended already.
      }
    }
    await pause(50);
  }
  // Left behind by the killed browser, they would keep the next one from starting.
  for (const lock of ['SingletonLock', 'SingletonCookie', 'SingletonSocket', 'lock', '.parentlock']) {
    await rm(`${profile}/${lock}`, { force: true });
  }
}

async function processesOf(profile: string): Promise<number[]> {
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0 && pid !== process.pid);
  const own = await Promise.all(
    pids.map(async (pid) => ((await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).includes(profile) ? [pid] : [])),
  );
  return own.flat();
}

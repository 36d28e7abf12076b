import { readdir, readFile, rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { build } from 'esbuild';
import type { BrowserContext, Page } from 'playwright-core';
import type { AddOptions, OutboxEntry, Write } from '../../../../client/browser/desk/outbox/outbox-model.ts';
import { basePathOf } from '../../../support/servers/addresses.ts';
import { type LossyNetwork, startLossyFront } from '../../../support/servers/lossy-front.ts';
import { type ServerProcess, startServerProcess } from '../../../support/servers/process.ts';

/**
 * A page with nothing but the outbox, on the origin of a real server, behind a front that loses requests and answers. The page
 * itself always loads, as with the service worker of the desk.
 */
export interface OutboxSite extends AsyncDisposable {
  readonly url: string;
  readonly server: ServerProcess;
  network: LossyNetwork;
}

export async function startOutboxSite(): Promise<OutboxSite> {
  const script = await bundledOutbox();
  const server = await startServerProcess();
  const basePath = basePathOf(server.url);
  const front = await startLossyFront(server.url, ({ url }, answer) => {
    if (url === `${basePath}/outbox-page`) answer.setHeader('content-type', 'text/html').end(pageAt(basePath));
    else if (url === `${basePath}/outbox-page.js`) answer.setHeader('content-type', 'text/javascript').end(script);
    else return false;
    return true;
  });
  return {
    url: front.url,
    server,
    network: front.network,
    async [Symbol.asyncDispose]() {
      await front[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** The body has the base path, as on the pages of the server. */
const pageAt = (basePath: string) =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>Outbox</title><script type="module" src="${basePath}/outbox-page.js"></script><body data-base="${basePath}"></body></html>`;

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

export interface Session {
  ownerKey: string;
  sub: string;
  name: string;
}

/** Signs an author in within the browser of the page, in place of whoever is. */
export async function signIn(page: Page, server: ServerProcess, sub: string, name: string): Promise<Session> {
  const token = await server.token({ author: ['*'] }, { sub, name });
  const send = async ({ url, bearer }: { url: string; bearer: string }) => {
    const answer = await fetch(url, { method: 'POST', headers: { authorization: `Bearer ${bearer}` } });
    return ((await answer.json()) as { session: Session }).session;
  };
  return page.evaluate(send, { url: `${basePathOf(server.url)}/v1/session`, bearer: token });
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

/**
 * The service worker of the desk, scope `/desk/`. It keeps the page and its files, so that the desk opens without a network, and
 * nothing else: no request below `/v1` is answered here, and no post is stored.
 *
 * A page loads the files that it names. The files of the page before the last are kept too, for a desk that is still open from
 * before an update and loads one of them only after a press.
 */

/** Set by the build: the addresses of the desk's files. They make this script another one after each build. */
declare const builtFiles: readonly string[];

/** Types of the scope of a service worker, which the library of types for pages lacks. */
interface WorkerEvent extends Event {
  waitUntil(done: Promise<unknown>): void;
}
interface FetchEvent extends WorkerEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}
interface WorkerScope {
  addEventListener(type: 'install' | 'activate', listener: (event: WorkerEvent) => void): void;
  addEventListener(type: 'fetch', listener: (event: FetchEvent) => void): void;
  skipWaiting(): Promise<void>;
  readonly clients: { claim(): Promise<void> };
  readonly location: Location;
}
const worker = self as unknown as WorkerScope;

/** Where on its host the server is, from the address of this script. */
const basePath = worker.location.pathname.replace(/\/desk\/[^/]*$/, '');
const cacheName = `pressbox-desk${basePath}`;
const pageUrl = `${basePath}/desk/`;
/** A page that takes longer is shown as it was kept. The new one is shown at the next visit. */
const pageWaitMs = 700;

/** The list of kept files. Nothing else has this address. */
const listUrl = `${pageUrl}kept-files`;

worker.addEventListener('install', (event) => {
  event.waitUntil(
    loadPage()
      .then(keep)
      .then(() => worker.skipWaiting()),
  );
});

worker.addEventListener('activate', (event) => event.waitUntil(worker.clients.claim()));

worker.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== worker.location.origin) return;
  if (request.mode === 'navigate' && isPage(url)) {
    const loading = loadPage();
    // The kept page may be shown before the new one has arrived.
    event.waitUntil(loading.then((page) => keep(page.clone())).catch(() => {}));
    event.respondWith(answerPage(loading));
  } else if (isFile(url.pathname)) event.respondWith(answerFile(request));
});

/** The ids of channels have no dot. */
function isPage({ pathname }: URL): boolean {
  return pathname.startsWith(pageUrl) && /^[^/.]*$/.test(pathname.slice(pageUrl.length));
}

/** Files have the hash of their content in their name. */
function isFile(pathname: string): boolean {
  return pathname.startsWith(basePath) && /^\/(?:assets|brand)\//.test(pathname.slice(basePath.length));
}

/** The page is the same for everyone, so it is loaded without a cookie. */
async function loadPage(): Promise<Response> {
  const page = await fetch(pageUrl, { cache: 'no-cache', credentials: 'omit' });
  if (!page.ok) throw new Error(`The desk was answered with status ${page.status}.`);
  return page;
}

/** Keeps the page once all its files are kept: a page without its script would be worse than an older one. */
async function keep(page: Response): Promise<void> {
  const cache = await caches.open(cacheName);
  const files = [...new Set([...builtFiles.map((file) => basePath + file), ...filesOf(await page.clone().text())])].sort();
  const kept = new Set((await cache.keys()).map(({ url }) => new URL(url).pathname));
  await Promise.all(files.filter((file) => !kept.has(file)).map((file) => cache.add(file)));
  await cache.put(pageUrl, page);
  const list = await cache.match(listUrl);
  const before: string[] = list === undefined ? [] : await list.json();
  if (files.join() === before.join()) return;
  await cache.put(listUrl, new Response(JSON.stringify(files)));
  const wanted = new Set([pageUrl, listUrl, ...files, ...before]);
  await Promise.all([...kept].filter((path) => !wanted.has(path)).map((path) => cache.delete(path)));
}

/** The addresses of the scripts, styles and pictures in the page. */
function filesOf(page: string): string[] {
  return [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address as string).filter(isFile);
}

async function answerPage(loading: Promise<Response>): Promise<Response> {
  const kept = await (await caches.open(cacheName)).match(pageUrl, { ignoreVary: true });
  if (kept === undefined) return (await loading).clone();
  const late = new Promise<Response>((resolve) => setTimeout(() => resolve(kept), pageWaitMs));
  return await Promise.race([loading.then((page) => page.clone()).catch(() => kept), late]);
}

async function answerFile(request: Request): Promise<Response> {
  const kept = await (await caches.open(cacheName)).match(request, { ignoreVary: true });
  return kept ?? (await fetch(request));
}

// Makes this file a module, whose names are its own.
export {};

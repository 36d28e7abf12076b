import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { rateLimits } from '../../src/http/http-limits.ts';
import type { Media } from '../../src/protocol/model.ts';
import type { NewPost } from '../../src/protocol/schemas.ts';
import { createChannel, publish, write } from '../../test/support/authors/writers.ts';
import { getRoutes } from '../../test/support/samples/get-routes.ts';
import { postOf } from '../load/sample-post.ts';
import type { Spent } from '../load/watched-server.ts';
import { startWorker, type Worker } from '../load/worker.ts';
import { type Attack, type AttackFigures, measureAttack } from './attack.ts';
import { type Plan, pause, startStore } from './environment.ts';

/**
 * The cost of a public request on every GET route of the API description, on a channel of long posts that were changed often. The
 * channel changes before each request, and a route with pages is requested with another page each time, so no cached answer is
 * used.
 */
export interface RequestFigures {
  route: string;
  way: Way;
  /** 0 if the client did not wait. */
  status: number;
  /** Bytes of the content before compression. */
  contentBytes: number;
  /** Bytes of the body on the wire. */
  sentBytes: number;
  /** Median CPU time. `stretchMs` is the median of the longest time without a turn of the event loop. */
  cpuMs: number;
  stretchMs: number;
}

/** The figures of concurrent requests from one address for uncached pages. */
export interface FloodFigures {
  what: string;
  requests: number;
  /** Requests answered with 429. Unknown for clients that hang up. */
  refused: number;
  bytes: number;
  cpuMs: number;
  stretchMs: number;
}

/**
 * Bounds for one request: the longest time that it occupies the main thread without a break, and its CPU time, which may grow
 * with the size of the content.
 */
export const bounds = { stretchMs: 10, cpuMs: 10, bytesPerMs: 20_000 } as const;

export function isWithin({ cpuMs, stretchMs, contentBytes }: RequestFigures): boolean {
  return stretchMs <= bounds.stretchMs && cpuMs <= bounds.cpuMs + contentBytes / bounds.bytesPerMs;
}

/** The coding that the client accepts, or that it disconnects as soon as it has sent the request. */
const ways = ['identity', 'gzip', 'abandoned'] as const;
type Way = (typeof ways)[number];

const times = 20;
/** Enough for a server to notice a disconnected client, and to do what it does nevertheless. */
const abandonedMs = 60;
const floodRequests = 120;
const attackSeconds = 20;

interface Coverage {
  url: string;
  token: string;
  channelId: string;
  /** The posts, oldest first. */
  posts: { id: string; seq: number }[];
  /** Posts revised many times, some by a few words and some by too many for a comparison word by word. */
  revised: { id: string; revisions: number }[];
  /** A cursor near the beginning. */
  cursor: string;
}

export async function measureRequests(
  plan: Plan,
  only?: string,
): Promise<{ requests: RequestFigures[]; floods: FloodFigures[]; attacks: AttackFigures[] }> {
  const redis = await startStore(plan.store);
  const directory = await mkdtemp(join(plan.directory, 'requests-'));
  await using worker = startWorker(new URL('../load/watched-server.ts', import.meta.url));
  try {
    const env = {
      PRESSBOX_DATA_DIR: directory,
      PRESSBOX_WRITES_PER_SECOND: '0',
      PRESSBOX_REQUESTS_PER_SECOND: '0',
      ...(redis && { PRESSBOX_REDIS_URL: redis.url, PRESSBOX_JWT_SECRET: randomBytes(32).toString('base64url') }),
    };
    const started = await worker.call<{ url: string; token: string }>('start', { env });
    plan.say('writing a channel');
    const coverage = await writeCoverage(started);
    const requests: RequestFigures[] = [];
    for (const [route, pathOf] of Object.entries(routesOf(coverage))) {
      if (only !== undefined && !route.includes(only)) continue;
      for (const way of ways) requests.push(await measure(worker, coverage, { route, pathOf, way }));
      plan.say(route);
    }
    const floods: FloodFigures[] = [];
    for (const hangsUp of [false, true]) floods.push(await flood(worker, coverage, hangsUp));
    if (only !== undefined) return { requests, floods, attacks: [] };
    // With the limits that protect other readers, and an address for each client.
    const limited = { ...env, PRESSBOX_REQUESTS_PER_SECOND: '50', PRESSBOX_TRUST_PROXY: 'loopback' };
    const attacked = { ...coverage, ...(await worker.call<{ url: string; token: string }>('start', { env: limited })) };
    const attacks: AttackFigures[] = [];
    for (const attack of attacksOn(attacked)) {
      attacks.push(await measureAttack(worker, attacked, attack, attackSeconds));
      plan.say(attack.what);
      // The addresses get their full rates back.
      await pause(2 * rateLimits.bucketMs);
    }
    return { requests, floods, attacks };
  } finally {
    await redis?.stop();
  }
}

/** Every GET route, and the pages and filters that cost more than the one of `getRoutes`. `nth` selects another page each time. */
function routesOf(coverage: Coverage): Record<string, (nth: number) => string> {
  const { channelId, posts, revised, cursor } = coverage;
  const api = `/v1/channels/${channelId}`;
  const live = `/live/${channelId}`;
  const all = getRoutes({ ...coverage, revised: revised[1] as Coverage['revised'][number] });
  const versions = Object.fromEntries(
    revised.map(({ id, revisions }, at) => [
      `/live/{channelId}/{postId}/versions ${['long', 'longest', 'rewritten', 'by word'][at]}`,
      (nth: number) => `${live}/${id}/versions?before=${revisions + 1 - (nth % (revisions - 12))}`,
    ]),
  );
  const feeds = all.filter(({ route }) => /feed\.|jsonld|ninjs/.test(route));
  return {
    // A stream stays open; it begins with a catch-up.
    ...Object.fromEntries(all.filter(({ id }) => id !== 'stream').map(({ route, path }) => [route, path])),
    ...versions,
    ...Object.fromEntries(
      feeds.map(({ route }) => [`${route} first page`, (nth) => `${api}/${route.split('/').at(-1)}?limit=${100 - nth}`]),
    ),
    '/ first page': (nth) => `/?nth=${nth}`,
    '/live/{channelId} first page': () => live,
    '/live/{channelId}?after': (nth) => `${live}?after=${(posts[nth] as Coverage['posts'][number]).seq}`,
    '/v1/…/events replay': (nth) => `${api}/events?after=${encodeURIComponent(cursor)}&limit=${1_000 - nth}`,
    '/v1/…/posts?kind': (nth) => `${api}/posts?limit=${100 - nth}&kind=update`,
    'not found': (nth) => `/nowhere/${nth}`,
  };
}

/** The answers that cost most, requested in many ways. */
function attacksOn({ channelId, revised }: Coverage): Attack[] {
  const feed = (file: string) => (nth: number) =>
    `/v1/channels/${channelId}/${file}?limit=${100 - (nth % 60)}&before=${300 - (nth % 190)}`;
  const { id, revisions } = revised[0] as Coverage['revised'][number];
  return [
    { what: 'feed.atom, closed after 15 ms', path: feed('feed.atom'), closedAfterMs: 15 },
    { what: 'ninjs.json, closed after 15 ms', path: feed('ninjs.json'), closedAfterMs: 15 },
    { what: 'feed.atom', path: feed('feed.atom') },
    { what: 'feed.atom, gzip', path: feed('feed.atom'), gzip: true },
    {
      what: 'fragments, gzip',
      path: (nth) => `/embed/${channelId}/fragment?limit=${100 - (nth % 99)}&every=${2 + (nth % 7)}`,
      gzip: true,
    },
    {
      what: 'revisions, gzip',
      path: (nth) => `/v1/channels/${channelId}/posts/${id}/revisions?limit=${100 - (nth % 90)}&after=${nth % 60}`,
      gzip: true,
    },
    { what: 'versions', path: (nth) => `/live/${channelId}/${id}/versions?before=${revisions + 1 - (nth % (revisions - 12))}` },
  ];
}

async function measure(
  worker: Worker,
  coverage: Coverage,
  { route, pathOf, way }: { route: string; pathOf: (nth: number) => string; way: Way },
): Promise<RequestFigures> {
  const spent: Spent[] = [];
  const answers: Answer[] = [];
  for (const watch of [false, true]) {
    for (let nth = 0; nth < times; nth += 1) {
      await change(coverage, nth);
      await worker.call('begin', { watch });
      answers.push(await (way === 'abandoned' ? abandon(coverage.url, pathOf(nth)) : ask(coverage.url + pathOf(nth), way)));
      spent.push(await worker.call<Spent>('end'));
    }
  }
  const of = (get: (one: Spent & Answer) => number, from: number) =>
    median(spent.slice(from, from + times).map((one, at) => get({ ...one, ...(answers[from + at] as Answer) })));
  return {
    ...{ route, way, status: answers[0]?.status ?? 0 },
    contentBytes: of((one) => one.contentBytes, 0),
    sentBytes: of((one) => one.bytes, 0),
    cpuMs: of((one) => one.cpuMs, 0),
    stretchMs: of((one) => one.stretchMs, times),
  };
}

/** Changes the channel and waits until its readers have received the change. */
async function change({ url, token, channelId }: Coverage, nth: number): Promise<void> {
  await publish({ url }, token, channelId, { body: `The harbour office speaks again, for the ${nth}th time.` });
  await pause(5);
}

interface Answer {
  status: number;
  bytes: number;
  contentBytes: number;
}

async function ask(url: string, coding: string): Promise<Answer> {
  const asked = request(url, { headers: { 'accept-encoding': coding, accept: 'text/html, */*' }, agent: false });
  asked.end();
  const [answer] = await once(asked, 'response');
  const body = await buffer(answer);
  const unpack = unpackers[answer.headers['content-encoding'] ?? ''];
  return { status: answer.statusCode as number, bytes: body.length, contentBytes: unpack?.(body).length ?? body.length };
}

/** Sends a request and disconnects. */
async function abandon(url: string, path: string): Promise<Answer> {
  const { hostname, port, host } = new URL(url);
  const socket = connect(Number(port), hostname).on('error', () => undefined);
  const text = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAccept: text/html, */*\r\n\r\n`;
  await new Promise<void>((resolve) => socket.write(text, () => resolve()));
  socket.destroy();
  await pause(abandonedMs);
  return { status: 0, bytes: 0, contentBytes: 0 };
}

const unpackers: Record<string, (bytes: Buffer) => Buffer> = { gzip: gunzipSync };

/** Sends all requests at once, each on its own connection. Clients either read the answers or hang up at once. */
async function flood(worker: Worker, { url, token, channelId, revised }: Coverage, hangsUp: boolean): Promise<FloodFigures> {
  const { id, revisions } = revised[0] as Coverage['revised'][number];
  const { hostname, port, host } = new URL(url);
  const texts = Array.from(
    { length: floodRequests },
    (_, nth) => `GET /live/${channelId}/${id}/versions?before=${revisions + 1 - nth} HTTP/1.0\r\nHost: ${host}\r\n\r\n`,
  );
  let tookMs = 0;
  let refused = 0;
  const run = async (watch: boolean) => {
    // A change makes the server discard what it has cached.
    await write({ url }, token, {
      path: `/v1/channels/${channelId}/posts/${id}/revisions`,
      ifMatch: '*',
      body: { kind: 'refile', changes: { headline: `Flooded ${watch}` } },
    });
    await worker.call('begin', { watch });
    const began = performance.now();
    await Promise.all(
      texts.map(async (text) => {
        const socket = connect(Number(port), hostname);
        socket.on('error', () => undefined);
        socket.once('data', (start) => {
          if (start.toString('latin1').startsWith('HTTP/1.1 429')) refused += 1;
        });
        await once(socket, 'connect');
        socket.resume().write(text, () => hangsUp && socket.destroy());
        await new Promise((resolve) => socket.once('close', resolve));
      }),
    );
    // A watched server never becomes idle, so wait for a time.
    if (watch) await pause(2 * tookMs);
    else await quiet(worker);
    tookMs = performance.now() - began;
    return await worker.call<Spent>('end');
  };
  const { cpuMs } = await run(false);
  const refusedAtFirst = refused;
  const { stretchMs } = await run(true);
  const bytes = texts.reduce((sum, text) => sum + text.length, 0);
  return {
    what: hangsUp ? 'hung up at once' : 'read',
    requests: floodRequests,
    refused: refusedAtFirst,
    bytes,
    cpuMs,
    stretchMs,
  };
}

/** Resolves once the server is idle. */
async function quiet(worker: Worker): Promise<void> {
  for (let before = -1; ; ) {
    const { cpuMs } = await worker.call<Spent>('spent');
    if (before >= 0 && cpuMs - before < 10) return;
    before = cpuMs;
    await pause(200);
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length / 2;
  return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle) - 1] ?? 0)) / 2;
}

/**
 * Writes a busy day of a newsroom: mostly short posts, some long, many with pictures and sources, and some changed many times.
 */
async function writeCoverage({ url, token }: { url: string; token: string }): Promise<Coverage> {
  const place = { url };
  for (let nth = 0; nth < 60; nth += 1) {
    await createChannel(place, token, { headline: `Coverage ${nth}`, standfirst: 'What happens at the harbour. '.repeat(8) });
  }
  const { id: channelId } = await createChannel(place, token, {
    headline: 'Fire',
    standfirst: 'All that is known of the fire at the third quay, from the first alarm to the last ferry. '.repeat(8),
    byline: [{ name: 'Ada Byron', role: 'Reporter' }, { name: 'Ruth Calder' }],
    section: 'Harbour',
  });
  const posts: Coverage['posts'] = [];
  let cursor = '';
  for (let nth = 0; nth < 260; nth += 1) {
    const written = await publish(place, token, channelId, largePost(nth));
    posts.push({ id: written.post.id, seq: written.post.seq });
    if (nth === 60) cursor = written.cursor;
    if (nth % 6 === 0) await revise(written.post.id, { body: `${words(nth, 90)}.` }, 'correction', 'It was another quay.');
  }
  const revised: Coverage['revised'] = [];
  for (const [bodyWords, edits, revisions] of [
    [1_100, 150, floodRequests + 6],
    [6_000, 60, 40],
    [1_500, 1_400, 40],
    // The most changes that are still compared word by word.
    [1_100, 95, 40],
  ] as const) {
    const { post } = await publish(place, token, channelId, { headline: 'Changed often', body: text(0) });
    for (let revision = 2; revision <= revisions; revision += 1) await revise(post.id, { body: text(revision) }, 'update');
    revised.push({ id: post.id, revisions });
    // Changes `edits` words, at other places in each revision.
    function text(revision: number): string {
      const text = words(7, bodyWords).split(' ');
      for (let edit = 0; edit < edits; edit += 1) text[(edit * 7 + revision) % text.length] = `${revision % 9}x${edit % 5}`;
      return text.join(' ');
    }
  }
  return { url, token, channelId, posts, revised, cursor };

  async function revise(postId: string, changes: Partial<NewPost>, kind: string, note?: string): Promise<void> {
    await write(place, token, {
      path: `/v1/channels/${channelId}/posts/${postId}/revisions`,
      ifMatch: '*',
      body: { kind, changes, ...(note !== undefined && { note }) },
    });
  }
}

function largePost(nth: number): NewPost {
  const media: Media[] = [
    {
      type: 'image',
      url: `https://pictures.example/${nth}.jpg`,
      alt: 'Smoke over the third quay',
      caption: words(nth, 20),
      width: 1_600,
      height: 900,
    },
    { type: 'link', url: `https://elsewhere.example/${nth}`, title: 'What the harbour office says', description: words(nth, 30) },
  ];
  const count = nth % 40 === 0 ? 90 : nth % 7 === 0 ? 12 : 3;
  const paragraphs = Array.from(
    { length: count },
    (_, at) => `The **office** says [so](https://office.example/${at}): ${words(nth + at, 60)}.`,
  );
  return {
    headline: `Report ${nth} of the day`,
    body: [postOf(nth).body, ...paragraphs, '- one\n- two\n- *three*'].join('\n\n').slice(0, 49_000),
    keyEvent: nth % 5 === 0,
    ...(nth % 2 === 0 && { media }),
    ...(nth % 3 === 0 && { sources: [{ name: 'Harbour office', url: 'https://office.example/' }] }),
  };
}

const vocabulary =
  'the a harbour office quay crane ferry fire smoke crew port north third island line night late open closed said'.split(' ');

/** Words that depend only on the seed. */
function words(seed: number, count: number): string {
  let state = seed * 2_654_435_761 + 1;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return vocabulary[(state >>> 16) % vocabulary.length];
  }).join(' ');
}

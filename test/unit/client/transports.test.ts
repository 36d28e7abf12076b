import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { ReaderClient } from '../../../client/lib/reader-client.ts';
import type { ReaderClientOptions, ReaderState } from '../../../client/lib/reader-types.ts';
import { fromSnapshot } from '../../../client/lib/timeline/timeline.ts';
import { ModelServer } from '../../support/servers/model-server.ts';
import { startSite } from '../../support/servers/site.ts';

/** Answers that are not from Pressbox: captive portals, proxies, service workers and broken apps. */
const opened: { close(): unknown }[] = [];
const lost: unknown[] = [];
const onLost = (reason: unknown) => void lost.push(reason);
process.on('unhandledRejection', onLost);
process.on('uncaughtException', onLost);
// Other test files share the process.
afterAll(() => void process.off('unhandledRejection', onLost).off('uncaughtException', onLost));
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close();
  // Unhandled errors would surface by the next turn.
  await new Promise((resolve) => setImmediate(resolve));
  expect(lost.splice(0)).toEqual([]);
});

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

/** Serves these answers one after the other, and repeats the last one. */
async function answering(...answers: [Answer, ...Answer[]]) {
  const askedAt: number[] = [];
  const site = await startSite((request, response) => {
    const answer = answers[Math.min(askedAt.length, answers.length - 1)] as Answer;
    askedAt.push(performance.now());
    answer(response, request);
  });
  opened.push({ close: () => site[Symbol.asyncDispose]() });
  return { url: site.url, askedAt };
}

const model = new ModelServer();
for (let each = 0; each < 2; each += 1) model.publish({ kind: 'update', keyEvent: false });
const good = JSON.stringify(model.catchUp(undefined, 0, { limit: 100, posts: 20 }));

const polled =
  (body: string, status = 200, headers = {}): Answer =>
  (response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
const streamed =
  (body: string): Answer =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(body);
  };
const caughtUp = { poll: polled(good), stream: streamed(`event: catchup\ndata: ${good}\n\n`) };

function read(url: string, options: Partial<ReaderClientOptions>) {
  const client = new ReaderClient({ url, channelId: 'moon', random: () => 0, ...options });
  opened.push(client);
  const states: ReaderState[] = [];
  client.on('state', (state) => states.push(state));
  client.open();
  return { client, states };
}
const live = (client: ReaderClient) => vi.waitFor(() => expect(client.state.status).toBe('live'), { interval: 5 });

describe('an invalid answer', () => {
  const nothing = [
    '',
    '{}',
    'null',
    '[]',
    '7',
    '{"mode":"replay"}',
    '{"mode":"replay","covers":{"after":0,"to":3},"cursor":"x","more":false}',
  ];
  const { snapshot, ...place } = JSON.parse(good);
  const others = [null, { title: 'Of another server' }].flatMap((post) => [
    ['a snapshot', { ...place, snapshot: { ...snapshot, posts: [post] } }, post],
    ['a replay', { ...place, mode: 'replay', events: [{ from: 1, offset: 3, cursor: 'x', type: 'post.published', post }] }, post],
  ]);
  const answers = [
    ...nothing.map((body) => [body, body]),
    ...others.map(([kind, body, post]) => [`${kind} with ${JSON.stringify(post)} for a post`, JSON.stringify(body)]),
  ];

  it.each(answers)('is ignored by a poll, which is repeated: %s', async (_, body = '') => {
    const { url } = await answering(polled(body), caughtUp.poll);
    const { client, states } = read(url, { transports: ['poll'] });
    await live(client);
    expect(states.map(({ status }) => status)).toContain('offline');
    expect(client.timeline?.offset).toBe(3);
  });

  it.each(answers)('is ignored by a stream, which is repeated: %s', async (_, body = '') => {
    const { url } = await answering(streamed(`event: catchup\ndata: ${body}\n\n`), caughtUp.stream);
    const { client, states } = read(url, { transports: ['stream'] });
    await live(client);
    expect(states.map(({ status }) => status)).toContain('offline');
  });
});

it.each(['null', 'hello', '[]', '"text"'])('a message of a later version is skipped, whatever it contains: %s', async (data) => {
  const later = `foo: bar\n: a comment\nretry: soon\n\nevent: weather\ndata: ${data}\n\n`;
  const { url, askedAt } = await answering(
    streamed(`${later}event: catchup\r\ndata: ${good}\r\n\r\n${later}event: store\ndata: {"reachable":false,"since":"then"}\n\n`),
  );
  const { client } = read(url, { transports: ['stream'] });
  await vi.waitFor(() => expect(client.state).toMatchObject({ status: 'live', asOf: 'then' }));
  expect(askedAt).toHaveLength(1);
});

it('an event of a later version does not invalidate the rest, whatever part of a post it contains', async () => {
  const { snapshot: _, ...place } = JSON.parse(good);
  const known = model.event(3);
  const later = { ...known, type: 'post.liked', offset: 2, from: 2, post: { id: 'a' } };
  const replay = { ...place, mode: 'replay', covers: { after: 1, to: 3 }, events: [later, known] };
  const { url } = await answering(polled(JSON.stringify(replay)), polled('', 503));
  const { client } = read(url, { transports: ['poll'], timeline: fromSnapshot(model.snapshot(9, 1), 1) });
  await vi.waitFor(() => expect(client.timeline?.offset).toBe(3), { interval: 5 });
  expect(client.timeline?.posts.map(({ seq }) => seq)).toEqual([3]);
});

it.each(['poll', 'stream'] as const)(
  'a problem without a status is not from Pressbox, and the HTTP status alone decides what follows (%s)',
  async (way) => {
    const busy = JSON.stringify({ code: 'SERVICE_UNAVAILABLE', title: 'Said by something before the server' });
    const { url } = await answering(polled(busy, 503), caughtUp[way]);
    const { client, states } = read(url, { transports: [way] });
    await live(client);
    expect(states[0]?.status).toBe('offline');
  },
);

it('a reader without a usable transport throws, and names the known ones', () => {
  for (const transports of [['websocket'], []] as never[])
    expect(() => new ReaderClient({ url: 'http://127.0.0.1', channelId: 'moon', transports })).toThrow(/socket, stream, poll/);
});

describe('a reader that is asked to wait', () => {
  it.each(['poll', 'stream'] as const)('waits, even if a proxy asked it (%s)', async (way) => {
    const { url, askedAt } = await answering(polled('<h1>Busy</h1>', 503, { 'retry-after': '1' }), caughtUp[way]);
    const { client } = read(url, { transports: [way] });
    await live(client);
    expect((askedAt[1] as number) - (askedAt[0] as number)).toBeGreaterThanOrEqual(990);
  });

  it.each(['99999999999', 'Fri, 31 Dec 9999 23:59:59 GMT'])(
    'does not retry constantly if asked to wait forever: %s',
    async (header) => {
      const { url, askedAt } = await answering(polled('<h1>Closed</h1>', 503, { 'retry-after': header }));
      const { client } = read(url, { transports: ['poll'] });
      await vi.waitFor(() => expect(client.state.status).toBe('offline'));
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(askedAt).toHaveLength(1);
    },
  );
});

it('a token that does not arrive delays one request and not all later ones', async () => {
  const { url } = await answering(caughtUp.poll);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    let asked = 0;
    const token = () => {
      asked += 1;
      return asked === 1 ? new Promise<string>(() => {}) : 'a.b.c';
    };
    const { client } = read(url, { transports: ['poll'], token });
    await vi.advanceTimersByTimeAsync(11_000);
    vi.useRealTimers();
    await live(client);
  } finally {
    vi.useRealTimers();
  }
});

it.each(['', '/live', 'live.example.org', 'ftp://live.example.org'])(
  'an invalid address throws when the reader is created: %j',
  (url) => {
    expect(() => new ReaderClient({ url, channelId: 'moon' })).toThrow(TypeError);
  },
);

/** Active timers with the place where they were set, without those of Node’s own `fetch`. */
function watchTimers() {
  const { setTimeout, clearTimeout } = globalThis;
  const running = new Map<unknown, string>();
  const set = (run: (...given: unknown[]) => void, ms?: number, ...given: unknown[]) => {
    const timer = setTimeout(() => {
      running.delete(timer);
      run(...given);
    }, ms);
    const { stack = '' } = new Error(`${ms} ms`);
    if (!stack.includes('node:internal/deps/')) running.set(timer, stack);
    return timer;
  };
  const clear = (timer: unknown) => {
    running.delete(timer);
    clearTimeout(timer as NodeJS.Timeout);
  };
  Object.assign(globalThis, { setTimeout: set, clearTimeout: clear });
  return { running, undo: () => Object.assign(globalThis, { setTimeout, clearTimeout }) };
}

describe('a reader leaves no timer if it is closed', () => {
  const silent: Answer = () => undefined;
  const hanging = { getItem: () => new Promise<string>(() => {}), setItem() {}, removeItem() {} };
  const ways = ['socket', 'stream', 'poll'] as const;
  type Closing = Partial<ReaderClientOptions> & { live?: boolean; wake?: boolean };

  it.each<[string, Answer, Closing]>([
    ['while it dials', silent, {}],
    ['while it waits for the next attempt', polled('', 502), {}],
    ['while it waits as long as it was asked', polled('', 503, { 'retry-after': '60' }), {}],
    ['while its storage does not answer', silent, { storage: hanging }],
    ['when it was woken', silent, { wake: true }],
    ['while its token does not come', silent, { token: () => new Promise<string>(() => {}) }],
    ['when it was live by polling', caughtUp.poll, { transports: ['poll'], live: true }],
    ['when it was live by a stream', caughtUp.stream, { transports: ['stream'], live: true }],
    ['when it was live, and woken', caughtUp.poll, { transports: ['poll'], live: true, wake: true }],
  ])('%s', async (_name, answer, { live: isLive, wake, ...options }: Closing) => {
    const { url } = await answering(answer);
    const { running, undo } = watchTimers();
    try {
      const { client } = read(url, { transports: ways, ...options });
      const turns = async (enough: () => boolean) => {
        for (let turn = 0; turn < 2_000 && !enough(); turn += 1) await new Promise((resolve) => setImmediate(resolve));
      };
      if (isLive) await live(client);
      else await turns(() => false);
      expect(client.state.status === 'live').toBe(isLive === true);
      if (wake) client.wake();
      client.close();
      await turns(() => running.size === 0);
      expect([...running.values()]).toEqual([]);
    } finally {
      undo();
    }
  });
});

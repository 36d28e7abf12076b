import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { AuthorPost } from '../../../src/protocol/model.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { seedOf } from '../../support/authors/busy-day.ts';
import { createChannel, write, writeAndErase } from '../../support/authors/writers.ts';
import { openReader, type SocketReader } from '../../support/readers/socket-reader.ts';
import { seeded } from '../../support/samples/random.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';
import { matchesBelow } from '../../support/stores/files-below.ts';

/**
 * Erased text is nowhere: not in the journal's files, in an answer or in the log, while the server runs, after a restart and after its
 * end. The test has 400 posts of many shapes, of which half are taken down and half lose their earlier revisions, and a deleted channel.
 */

const random = seeded(seedOf('erasure'));
const count = 400;

interface Made {
  id: string;
  channelId: string;
  key: string;
  /** The body of the first request. */
  body: object;
  revision: number;
}

let server: TestServer;
let editor: string;
let readers: SocketReader[];
let made: Made[];
let doomed: Made[];
let cursors: string[];
let log = '';
/** Marks of erased texts, and of texts that must remain, which proves that the search works. */
const erased = new Set<string>();
const kept = new Set<string>();

const anyMark = /zq\d+x\d+qz/g;
const marksIn = (text: string) => new Set(text.match(anyMark) ?? []);
const leaked = (text: string) => [...marksIn(text)].filter((mark) => erased.has(mark));

const channelId = 'erasures';
const deletedId = 'deleted';

beforeAll(async () => {
  const sink = {
    write(line: string) {
      log += line;
    },
  };
  server = await startTestServer({}, { log: createLog('trace', sink) });
  editor = await server.token();
  for (const id of [channelId, deletedId]) await createChannel(server, editor, { id });
  readers = await Promise.all([openReader(server.url), openReader(server.url)]);
  await readers[0]!.subscribe(channelId);
  await readers[1]!.subscribe(deletedId);

  cursors = [];
  made = await inTurns(count, (number) => make(channelId, number));
  doomed = await inTurns(20, (number) => make(deletedId, count + number));
  await inTurns(count, (number) => erase(made[number]!, number));
  const admin = await server.token({ admin: true }, { sub: 'root' });
  const deletion = await call(`${server.url}/v1/channels/${deletedId}`, { method: 'DELETE', token: admin });
  expect([204, 202]).toContain(deletion.status);
  await vi.waitFor(async () => {
    const { status } = await call(`${server.url}/v1/channels/${deletedId}`, { method: 'DELETE', token: admin });
    expect(status).toBe(204);
  });
});

afterAll(async () => {
  for (const reader of readers) reader.destroy();
  await server[Symbol.asyncDispose]();
});

/** Eight at a time, like a busy newsroom. */
async function inTurns<T>(times: number, work: (number: number) => Promise<T>): Promise<T[]> {
  const done: T[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      while (next < times) {
        const number = next++;
        done[number] = await work(number);
      }
    }),
  );
  return done;
}

/** A post with the mark in every text field. */
function textWith(mark: string): object {
  const filler = random.pick([
    '',
    'short ',
    'x'.repeat(3_000),
    `${'many words of nothing '.repeat(900)}\n\n`,
    '* a\n* b\n\n',
    '🌒'.repeat(9_000),
  ]);
  return {
    headline: `Headline ${mark}`,
    body: `${filler}${mark} **${mark}** [${mark}](https://example.org/${mark} "${mark}")`,
    authors: [{ name: `Author ${mark}`, role: mark, url: `https://example.org/${mark}` }],
    sources: [{ name: mark, via: `Via ${mark}` }],
    media: [
      { type: 'image', url: `https://example.org/${mark}.jpg`, alt: mark, caption: mark, credit: mark },
      { type: 'video', url: `https://example.org/${mark}.mp4`, caption: mark },
      { type: 'link', url: `https://example.org/${mark}`, title: mark, source: mark, description: mark },
    ],
    keyEvent: random.chance(0.3),
    kind: random.pick(['update', 'breaking', 'summary', 'analysis']),
    verification: random.pick(['verified', 'unverified', null]),
    developing: random.chance(0.5),
  };
}

/** A post with up to three revisions, each with a note that quotes it. */
async function make(channel: string, number: number): Promise<Made> {
  const key = `key-${number}`;
  const mark = (revision: number) => {
    const text = `zq${number}x${revision}qz`;
    erased.add(text);
    return text;
  };
  const body = textWith(mark(1));
  const said = await write(server, editor, { path: `/v1/channels/${channel}/posts`, body, key });
  cursors.push(said.cursor);
  const { id } = said.post;
  const revisions = random.below(3);
  for (let revision = 1; revision <= revisions; revision += 1) {
    const text = mark(revision + 1);
    const changes = random.chance(0.5) ? textWith(text) : { headline: `Only the headline ${text}` };
    await write(server, editor, {
      path: `/v1/channels/${channel}/posts/${id}/revisions`,
      body: { kind: random.pick(['correction', 'clarification']), note: `It said ${text}`, changes },
      ifMatch: revision,
      key: `${key}-${revision}`,
    });
  }
  return { id, channelId: channel, key, body, revision: revisions + 1 };
}

/** Erases by a takedown, by a takedown after a retraction, or by a revision that erases earlier ones. */
async function erase({ id, revision }: Made, number: number): Promise<void> {
  const path = `/v1/channels/${channelId}/posts/${id}`;
  let said: { status: number };
  if (number % 2 === 0) {
    const first = random.pick(['retract', 'pin', 'neither', 'neither']);
    if (first === 'retract')
      await write(server, editor, { path: `${path}/retraction`, body: { note: `Quotes zq${number}x1qz` } });
    if (first === 'pin') {
      await write(server, editor, {
        method: 'PATCH',
        path: `/v1/channels/${channelId}`,
        body: { pinnedPostId: id },
        ifMatch: '*',
      });
    }
    said = await writeAndErase(server, editor, {
      path: `${path}/takedown`,
      body: random.chance(0.5) ? {} : { note: 'By order.' },
    });
  } else {
    const mark = `zq${number}x9qz`;
    kept.add(mark);
    said = await writeAndErase(server, editor, {
      path: `${path}/revisions`,
      body: {
        ...{ kind: 'correction', note: 'It was wrong.', changes: textWith(mark) },
        ...{ eraseEarlier: true, eraseNotes: Array.from({ length: revision - 1 }, (_, nth) => nth + 2) },
      },
      ifMatch: revision,
      key: `erase-${number}`,
    });
  }
  expect(said).toMatchObject({ status: 200, erasure: { complete: true, pending: [] } });
}

async function expectNoFileHolds(): Promise<void> {
  const all = await matchesBelow(server.storeDir, anyMark);
  const held = new Set(all.flatMap(({ matches }) => matches));
  expect([...kept].filter((mark) => !held.has(mark))).toEqual([]);
  for (const { name, matches } of all)
    expect(
      matches.filter((mark) => erased.has(mark)),
      name,
    ).toEqual([]);
}

/** All pages that a URL answers, as bytes of headers and body. */
async function get(path: string, token?: string): Promise<string> {
  let whole = '';
  for (let next: string | undefined = server.addressOf(path); next !== undefined; ) {
    const answer: Awaited<ReturnType<typeof call>> = await call(next, token === undefined ? {} : { token });
    expect(answer.status, next).toBeLessThan(500);
    whole += `${JSON.stringify([...answer.headers])}${answer.text}`;
    const [, link] = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '') ?? [];
    next = link && new URL(link, next).href;
  }
  return whole;
}

async function corrections(id: string): Promise<string> {
  let whole = '';
  let before = Number.MAX_SAFE_INTEGER;
  for (let more = true; more; ) {
    const { text, body } = await call(`${server.url}/v1/channels/${id}/corrections?limit=100&before=${before}`);
    const page = body as { corrections: { offset: number }[]; more: boolean };
    whole += text;
    before = page.corrections.at(-1)?.offset ?? 0;
    more = page.more;
  }
  return whole;
}

async function expectNoAnswerHolds(): Promise<void> {
  const v1 = `/v1/channels/${channelId}`;
  const everywhere = [
    '',
    '/snapshot?limit=100',
    '/events',
    '/events?limit=1000',
    '/posts?limit=100',
    '/posts?keyEvent=true',
    '/posts?kind=summary',
  ];
  for (const token of [undefined, editor]) {
    for (const path of [...everywhere, '/journal?limit=100']) {
      expect(leaked(await get(`${v1}${path}`, token)), path).toEqual([]);
    }
  }
  const page = await get(`${v1}/posts?limit=100`, editor);
  expect([...kept].filter((mark) => !marksIn(page).has(mark))).toEqual([]);
  expect(leaked(await corrections(channelId))).toEqual([]);
  for (const path of ['/v1/channels', '/', `/live/${channelId}`, `/live/${channelId}?before=300`, '/metrics', '/readyz']) {
    expect(leaked(await get(path)), path).toEqual([]);
  }
  for (const [index, cursor] of cursors.entries()) {
    if (index % 40 === 0) expect(leaked(await get(`${v1}/events?limit=1000&after=${cursor}`))).toEqual([]);
  }
  await inTurns(count, async (number) => {
    const { id } = made[number]!;
    for (const path of [`${v1}/posts/${id}`, `${v1}/posts/${id}/revisions`]) {
      expect(leaked(await get(path, editor)), path).toEqual([]);
      if (number % 8 === 0) expect(leaked(await get(path)), path).toEqual([]);
    }
    if (number % 16 === 0) expect(leaked(await get(`/live/${channelId}/${id}`))).toEqual([]);
  });
  using reader = await openReader(server.url);
  for (const after of [undefined, cursors[0], cursors[200], cursors.at(-1)]) await reader.subscribe(channelId, after, 100);
  for (const after of [undefined, cursors[0]]) {
    expect(await reader.subscribe(deletedId, after)).toMatchObject({ ok: false, problem: { code: 'channel-deleted' } });
  }
  expect(leaked(reader.bytes.toString())).toEqual([]);
  for (const path of ['', '/snapshot', '/events', '/posts', '/corrections', '/journal', `/posts/${doomed[0]!.id}`]) {
    const { status, text } = await call(`${server.url}/v1/channels/${deletedId}${path}`, { token: editor });
    expect([path, status]).toEqual([path, 410]);
    expect(leaked(text)).toEqual([]);
  }
  expect(leaked(await get(`/live/${deletedId}`))).toEqual([]);
}

describe('erased text', () => {
  it('is in no file while the server runs', expectNoFileHolds);

  it('is in no answer', expectNoAnswerHolds);

  it('is in no answer to a repeated request', async () => {
    await inTurns(count, async (number) => {
      if (number % 5 !== 0) return;
      const { body, key, id } = made[number]!;
      // Any body counts as the same, since the first one is no longer known.
      for (const sent of [body, { headline: 'Another' }]) {
        const answer = await call(`${server.url}/v1/channels/${channelId}/posts`, {
          method: 'POST',
          token: editor,
          body: sent,
          headers: { 'idempotency-key': key },
        });
        expect(answer.headers.get('idempotency-replayed')).toBe('true');
        expect((answer.body as { post: AuthorPost }).post.id).toBe(id);
        expect(leaked(answer.text)).toEqual([]);
      }
    });
  });

  it('is in no log line, and neither is remaining text', () => {
    expect(log).toContain('post taken down');
    expect([...marksIn(log)]).toEqual([]);
  });

  it('is replaced or removed at connected readers', () => {
    const last = new Map(
      readers[0]!.heard<{ post?: { id: string; status: string } }>('event').map(({ post }) => [post?.id, post?.status]),
    );
    expect(readers[1]!.heard('unsubscribed')).toEqual([{ channelId: deletedId, reason: 'gone' }]);
    expect(made.filter(({ id }, number) => last.get(id) !== (number % 2 === 0 ? 'taken-down' : 'published'))).toEqual([]);
  });

  it('is in no file and no answer after a restart, and in no file after the end', async () => {
    await server.restart();
    await expectNoFileHolds();
    await expectNoAnswerHolds();
    await server.server.close({ drainMs: 0 });
    await expectNoFileHolds();
  });
});

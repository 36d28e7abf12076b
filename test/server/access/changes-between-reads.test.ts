import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Operation } from '../../../src/apidocs/operation.ts';
import { operations } from '../../../src/apidocs/operations.ts';
import { mediaPath } from '../../../src/protocol/addresses.ts';
import { formatCursor } from '../../../src/protocol/cursor.ts';
import type { Access, AuthorPost, Channel, ImageMedia } from '../../../src/protocol/model.ts';
import { stored } from '../../support/samples/uploads.ts';
import { type MediaServer, startMediaServer } from '../../support/servers/media-server.ts';
import { call } from '../../support/servers/server.ts';
import * as journal from '../../support/stores/engines.ts';
import { type BetweenReads, betweenReads } from '../../support/stores/failing-engine.ts';

/**
 * Every GET route, with a change of the channel between two of its reads of the journal: after the first read, after the second,
 * and so on to the last. The changes are made in the journal, as by another node. Each text says when it was written, so that an
 * answer shows what it must not contain.
 */
interface Coverage {
  number: number;
  channel: Channel;
  post: AuthorPost;
  /** The cursor before the correction of its post. */
  cursor: string;
  /** The paths of two uploads. The post uses the first, and nothing the second. */
  files: readonly string[];
}

/**
 * `named` is the headline of the channel, `first` and `second` are the texts of its post before and after a correction. `later` was
 * written when the channel was restricted.
 */
const marks = ['named', 'first', 'second', 'later', 'retracted'] as const;
type Found = ReadonlySet<(typeof marks)[number]>;

interface Change {
  access: Access;
  reader: Reader;
  make(coverage: Coverage): Promise<unknown>;
  /** `isLast`: the change was made after the last read, so the answer may be of the time before it. */
  isLeak(found: Found, isLast: boolean): boolean;
  /** Tested with every query of a route. */
  inEveryQuery?: true;
  /** The routes to test. Left out: all that read the journal. */
  of?(route: Operation): boolean;
}

type Reader = 'anonymous' | 'member' | 'author of another channel' | 'editor' | 'admin';

let media: MediaServer;
let between: BetweenReads;
const credentials = new Map<string, { token: string; cookie: string }>();
/** The GET routes that read the journal. */
let routes: Operation[];
const engine = () => media.server.server.engine;

beforeAll(async () => {
  media = await startMediaServer();
  between = betweenReads(engine());
  const grants = {
    member: { reader: ['*'] },
    'author of another channel': { author: ['other'] },
    editor: { editor: ['*'] },
    admin: { admin: true },
  };
  for (const [reader, rights] of Object.entries(grants)) {
    const token = await media.server.token(rights, { sub: reader.replaceAll(' ', '-') });
    const { headers } = await call(`${media.server.url}/v1/session`, { method: 'POST', token });
    const cookies = headers.getSetCookie().map((one) => one.split(';')[0]);
    credentials.set(reader, { token, cookie: cookies.join('; ') });
  }
  routes = [];
  for (const route of operations.filter(({ method }) => method === 'get')) {
    const coverage = await cover('public', route);
    const asking = () => ask(addressesOf(route, coverage)[0] as string, 'admin', coverage);
    const { acted } = await between.during({ channelId: coverage.channel.id, read: 1 }, async () => undefined, asking);
    if (acted) routes.push(route);
  }
});
afterAll(() => media[Symbol.asyncDispose]());

const hasText = (found: Found) => found.has('first') || found.has('second');
const isLeakOfRestricted = (found: Found, isLast: boolean) => found.has('later') || (!isLast && hasText(found));
const inPublic = { access: 'public', reader: 'anonymous' } as const;
const forEditors = { access: 'public', reader: 'editor', of: ({ id }: Operation) => hasTextOnlyForEditors.includes(id) } as const;

const changes: Record<string, Change> = {
  'a channel is restricted to members': {
    ...inPublic,
    make: (coverage) => restrict(coverage, 'members'),
    isLeak: isLeakOfRestricted,
    inEveryQuery: true,
  },
  'a channel is restricted to members, to the author of another one': {
    ...inPublic,
    ...{ reader: 'author of another channel', of: ({ path }) => path.startsWith('/v1/') },
    make: (coverage) => restrict(coverage, 'members'),
    isLeak: isLeakOfRestricted,
  },
  'a channel is restricted to the desk': {
    ...inPublic,
    make: (coverage) => restrict(coverage, 'desk'),
    isLeak: isLeakOfRestricted,
  },
  'a channel for members is restricted to the desk, to a member': {
    ...{ access: 'members', reader: 'member' },
    make: (coverage) => restrict(coverage, 'desk'),
    isLeak: isLeakOfRestricted,
  },
  'a post is taken down': { ...inPublic, make: takeDown, isLeak: hasText, inEveryQuery: true },
  'a post is taken down, to an editor': { ...forEditors, make: takeDown, isLeak: hasText },
  'a post is retracted': {
    ...inPublic,
    make: retract,
    // The answer may be of the time before, but must not be of both times.
    isLeak: (found) => found.has('retracted') && hasText(found),
  },
  'a channel is deleted': { ...inPublic, make: deleteChannel, isLeak: (found) => found.has('named') || hasText(found) },
  'a channel is deleted, to an editor': { ...forEditors, make: deleteChannel, isLeak: hasText },
};

/** Queries with which a route reads differently. */
const queries: Partial<Record<string, (coverage: Coverage) => string[]>> = {
  listChannels: () => ['', '?state=live&order=activity'],
  catchUp: ({ cursor }) => ['', `?after=${cursor}`, `?after=${cursor}&wait=20`],
  stream: ({ cursor }) => ['', `?after=${cursor}`],
  listPosts: () => ['', '?keyEvent=true'],
  getAtomFeed: () => ['', '?keyEvent=true', '?told=1-9&before=99'],
  // The whole first page is read at most every 100 ms. A page with another limit is read at once.
  showChannels: () => ['?limit=19', '?state=live'],
  showChannel: () => ['', '?before=99', '?after=0', '?filter=key-events', '?order=oldest'],
  getOembed: ({ channel }) => [`?url=${encodeURIComponent(`${media.server.url}/live/${channel.id}`)}`],
};

/** Routes that read the journal for anonymous readers, but show them no text of posts. */
const hasTextOnlyForEditors = ['exportChannel', 'listMedia', 'readJournal'];
const withoutText = [...hasTextOnlyForEditors, 'getChannel', 'getOembed', 'listChannels', 'showInFrame'].sort();

describe('no route sends text that its reader may no longer get, if between two of its reads', () => {
  it.each(Object.entries(changes))('%s', { timeout: 120_000 }, async (_, change) => {
    const leaks: unknown[] = [];
    const silent: string[] = [];
    for (const route of routes.filter((one) => change.of?.(one) ?? true)) {
      let [reads, shows] = [0, false];
      const addresses = addressesOf(route, await cover(change.access, route));
      for (const at of change.inEveryQuery === true ? addresses.keys() : [0]) {
        const { answers, unchanged } = await askBetweenReads(route, at, change);
        reads += answers.length;
        shows ||= hasText(unchanged);
        for (const [before, found] of answers.entries()) {
          const isLast = before === answers.length - 1;
          if (change.isLeak(found, isLast)) leaks.push([route.id, addresses[at], `after read ${before + 1}`, ...found]);
        }
      }
      if (reads > 0 && !shows) silent.push(route.id);
    }
    expect(leaks).toEqual([]);
    // Every other route shows the text when nothing changes.
    if (change.reader === 'anonymous') expect(silent.sort()).toEqual(withoutText);
  });
});

/** What the route answers if the change is made after its first read, after its second, and so on, and if nothing changes. */
async function askBetweenReads(
  route: Operation,
  query: number,
  { access, reader, make }: Change,
): Promise<{ answers: Found[]; unchanged: Found }> {
  const answers: Found[] = [];
  for (;;) {
    const coverage = await cover(access, route);
    const address = addressesOf(route, coverage)[query] as string;
    const { answer, acted } = await between.during(
      { channelId: coverage.channel.id, read: answers.length + 1 },
      () => make(coverage),
      () => ask(address, reader, coverage),
    );
    if (!acted) return { answers, unchanged: answer };
    answers.push(answer);
  }
}

function addressesOf({ id, path }: Operation, coverage: Coverage): readonly string[] {
  if (id === 'getMedia') return coverage.files;
  const address = path.replace('{channelId}', coverage.channel.id).replace('{postId}', coverage.post.id);
  return (queries[id]?.(coverage) ?? ['']).map((query) => address + query);
}

/** The marks of the coverage in the answer. Of a stream, only the first event is read. */
async function ask(path: string, reader: Reader, { number }: Coverage): Promise<Found> {
  const isApi = /^\/(?:v1|media)\//.test(path);
  const { token, cookie } = credentials.get(reader) ?? {};
  const headers: Record<string, string> = isApi ? {} : { accept: 'text/html' };
  if (isApi && token !== undefined) headers.authorization = `Bearer ${token}`;
  else if (cookie !== undefined) Object.assign(headers, { cookie, 'sec-fetch-site': 'same-origin' });
  // An export is cut off if its text was erased.
  const answer = await fetch(media.server.url + path, { headers, redirect: 'manual' }).catch(() => new Response(null));
  const isStream = answer.headers.get('content-type') === 'text/event-stream';
  let text = '';
  for await (const piece of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += piece;
    const first = isStream && /^.*?event: .*?\n\n/s.exec(text);
    if (!first) continue;
    [text] = first;
    break;
  }
  return new Set(marks.filter((mark) => text.includes(`${mark}-${number}.`)));
}

function pictureAt(path: string): ImageMedia {
  return { type: 'image', url: media.server.url + path, alt: '' };
}

let coverages = 0;

/** A channel with a post that was corrected. */
async function cover(access: Access, { id: route }: Operation): Promise<Coverage> {
  const number = ++coverages;
  const id = `coverage-${number}`;
  const files: string[] = [];
  for (const mark of route === 'getMedia' ? ['second', 'later'] : []) {
    const picture = await stored(media.store, id, Buffer.from(`${mark}-${number}.`), 'image/jpeg');
    files.push(mediaPath(id, picture.id, picture.name));
  }
  const channel = journal.sampleChannel(id, { headline: `named-${number}.`, access });
  const post = journal.samplePost(id, {
    headline: `first-${number}.`,
    body: `A **first-${number}.**`,
    publishedAt: journal.at(number),
    keyEvent: true,
    media: files.slice(0, 1).map(pictureAt),
  });
  const { position } = await journal.appended(engine(), id, [journal.channelEntry(channel), journal.publication(post)]);
  const correction = journal.revision(post, { headline: `second-${number}.`, body: `A **second-${number}.**` });
  const corrected = await journal.appended(engine(), id, [correction]);
  return { number, channel, post: corrected.post as AuthorPost, cursor: formatCursor(position), files };
}

/** Restricts the channel, and then corrects its post and publishes another one. */
async function restrict({ number, channel, post, files }: Coverage, access: Access): Promise<void> {
  const text = `later-${number}.`;
  // The description of a channel for members is public.
  const restriction =
    access === 'members'
      ? journal.channelChange(channel, { access })
      : journal.channelChange(channel, { access, headline: text }, { kind: 'correction', note: text });
  const correction = journal.revision(post, { headline: text, body: text }, 'correction', text);
  await journal.appended(engine(), channel.id, [restriction, correction]);
  const fields = {
    headline: text,
    body: text,
    publishedAt: journal.at(number),
    keyEvent: true,
    media: files.slice(1).map(pictureAt),
  };
  const more = journal.samplePost(channel.id, fields);
  await journal.appended(engine(), channel.id, [journal.publication(more)], { channel: 2 });
}

async function takeDown({ channel, post }: Coverage): Promise<void> {
  await journal.appended(engine(), channel.id, [journal.takedown(post)]);
  await engine().erase(channel.id, post.id);
  await media.store.deleteChannel(channel.id);
}

async function deleteChannel({ channel }: Coverage): Promise<void> {
  await engine().deleteChannel(channel.id, journal.newRequest(), 'root');
  await media.store.deleteChannel(channel.id);
}

async function retract({ number, channel, post }: Coverage): Promise<void> {
  const entry = journal.retraction(post);
  const [own, ...earlier] = [...entry.post.history].reverse();
  const history = [...earlier.reverse(), { ...own, note: `retracted-${number}.` }] as typeof entry.post.history;
  await journal.appended(engine(), channel.id, [{ ...entry, post: { ...entry.post, history } }]);
}

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { seedOf } from '../../support/authors/busy-day.ts';
import { allPosts, createChannel, publish, wholeJournal, write } from '../../support/authors/writers.ts';
import { notInJournal } from '../../support/readers/distrustful-reader.ts';
import { followed, openReader } from '../../support/readers/socket-reader.ts';
import { openStream, streamed } from '../../support/readers/stream-reader.ts';
import { seeded } from '../../support/samples/random.ts';
import { startTestServer, type TestServer } from '../../support/servers/server.ts';
import { answerLate, troubleTheBus } from '../../support/stores/failing-engine.ts';

/**
 * Nothing is lost or repeated between the answer to a subscribe and the first event after it, whenever a reader joins and however old
 * its cursor is, while authors publish and correct at full speed.
 */

const random = seeded(seedOf('join'));
const writes = 250;
const joins = 80;

let server: TestServer;
let editor: string;
const readers: Disposable[] = [];

beforeEach(async () => {
  server = await startTestServer();
  editor = await server.token();
});
afterEach(async () => {
  vi.restoreAllMocks();
  for (const reader of readers.splice(0)) reader[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

interface Joined {
  over: string;
  /** Everything it has received. */
  told(): ReturnType<typeof followed>;
  heard(name: string): unknown[];
}

/** Over a stream, which the server itself brings up to date. */
async function joinStream(id: string, after: string | undefined): Promise<Joined> {
  const reader = await openStream(server.url, id, after === undefined ? {} : { after });
  readers.push(reader);
  if (reader.status !== 200) throw new Error(`refused: ${reader.status}`);
  return { over: 'a stream', told: () => streamed(reader), heard: reader.heard };
}

/** Over a socket: subscribes until `more` is false. */
async function join(id: string, after: string | undefined): Promise<Joined> {
  const reader = await openReader(server.url);
  readers.push(reader);
  let cursor = after;
  for (let more = true; more; ) {
    const said = await reader.subscribe(id, cursor);
    if (!said.ok) throw new Error(`refused: ${said.problem.code}`);
    ({ more, cursor } = said);
  }
  return { over: 'a socket', told: () => followed(reader, id), heard: reader.heard };
}

async function crowdJoins(id: string, known: string[]): Promise<void> {
  const posts: { id: string; revision: number }[] = [];
  let head = 0;
  let left = writes;
  const turns = Array.from({ length: joins }, () => Promise.withResolvers<void>());
  const author = async () => {
    while (left-- > 0) {
      // Readers join at points spread over the progress of the writing.
      for (const turn of turns.slice(0, 1 + joins * (1 - left / writes))) turn.resolve();
      const old = random.chance(0.4) ? posts.splice(random.below(posts.length), 1)[0] : undefined;
      const said =
        old === undefined
          ? await publish(server, editor, id, { headline: `Entry ${left}`, body: 'x'.repeat(random.below(500)) })
          : await write(server, editor, {
              path: `/v1/channels/${id}/posts/${old.id}/revisions`,
              body: { kind: 'update', changes: { body: `Changed ${left}` } },
              ifMatch: old.revision,
            });
      posts.push({ id: said.post.id, revision: said.post.revision });
      known.push(said.cursor);
      head = Math.max(head, said.offset);
    }
  };
  const writing = Promise.all(Array.from({ length: 8 }, author));
  const joining = Array.from({ length: joins }, async (_, index) => {
    await turns[index]!.promise;
    const after = random.chance(0.2) ? undefined : known[random.below(known.length)];
    return await (index % 2 === 0 ? join : joinStream)(id, after);
  });
  await writing;
  const joined = await Promise.all(joining);
  // One more post, so that a reader left behind would be noticed.
  ({ offset: head } = await publish(server, editor, id, { headline: 'The end' }));
  // A reader ahead of the channel stream may be told to reconnect if the stream cannot confirm the reader's history.
  const toComeBack = ({ heard }: Joined) =>
    JSON.stringify(heard('unsubscribed')) === JSON.stringify([{ channelId: id, reason: 'slow' }]);
  const behind = () =>
    joined.flatMap((one) =>
      one.told().offset < head && !toComeBack(one) ? [`${one.over} at ${one.told().offset} of ${head}`] : [],
    );
  await vi.waitFor(() => expect(behind()).toEqual([]));
  expect(joined.filter(toComeBack).length).toBeLessThan(joins / 4);

  const journal = await wholeJournal(server, id, editor);
  const newest = new Map((await allPosts(server, id)).map((post) => [post.id, post]));
  for (const reader of joined) {
    const { faults, events, offset } = reader.told();
    expect(faults).toEqual([]);
    if (!toComeBack(reader)) expect([offset, reader.heard('unsubscribed')]).toEqual([head, []]);
    const seen = events.map((event) => {
      const [postId, revision] =
        event.type === 'channel.changed' ? [null, event.channel.revision] : [event.post.id, event.post.revision];
      return { from: event.from, offset: event.offset, cursor: event.cursor, postId, revision, html: '' };
    });
    expect(notInJournal(seen, journal)).toEqual([]);
    if (toComeBack(reader)) continue;
    const last = new Map(events.flatMap((event) => (event.type === 'channel.changed' ? [] : [[event.post.id, event.post]])));
    for (const [postId, post] of last) expect(post).toEqual(newest.get(postId));
  }
}

describe('readers that join while authors write', () => {
  it('get every event exactly once if the tail reaches back to their cursor', async () => {
    const { id } = await createChannel(server, editor);
    await join(id, undefined);
    const { cursor } = await publish(server, editor, id, { headline: 'The start' });
    await crowdJoins(id, [cursor]);
  });

  it('get every event exactly once if the tail does not reach back and the journal is slow', async () => {
    const { id } = await createChannel(server, editor);
    const known: string[] = [];
    for (let index = 0; index < 60; index += 1)
      known.push((await publish(server, editor, id, { headline: `Early ${index}` })).cursor);
    await server.restart();
    answerLate(server.server.engine, random, ['channel', 'catchUp', 'snapshot'], 60);
    await crowdJoins(id, known);
  });

  it('miss nothing and get nothing twice if the bus loses, repeats and reorders announcements', async () => {
    troubleTheBus(server.server.engine, random, 0.15);
    answerLate(server.server.engine, random, ['channel', 'catchUp', 'snapshot'], 60);
    const { id } = await createChannel(server, editor);
    const { cursor } = await publish(server, editor, id, { headline: 'The start' });
    await crowdJoins(id, [cursor]);
  });
});

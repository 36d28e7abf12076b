import { describe, expect, it, vi } from 'vitest';
import type { AuthorPost, CatchUp, JournalLine } from '../../../src/protocol/model.ts';
import {
  allPosts,
  createChannel,
  type Place,
  publish,
  read,
  type Written,
  wholeJournal,
  write,
} from '../../support/authors/writers.ts';
import { notInJournal, type Watcher, watch } from '../../support/readers/distrustful-reader.ts';
import { type ServerProcess, startServerProcess } from '../../support/servers/process.ts';
import { call, startTestServer } from '../../support/servers/server.ts';

/** The promises of the README, one by one, as simply as a test can state them. crash.test.ts and power.test.ts test them under load. */

describe('Promise 1: an acknowledged write is on disk, and no reader saw it before', () => {
  it('keeps every kind of write if the server is killed as soon as its author is answered', async () => {
    await using server = await startServerProcess();
    const { token, channelId } = await openChannel(server);
    const posts = `/v1/channels/${channelId}/posts`;
    const killedAfter = async (written: Promise<Written>) => {
      const answered = await written;
      await server.kill();
      await server.start();
      expect(await cursorOf(server, channelId)).toBe(answered.cursor);
      return answered;
    };

    const { post } = await killedAfter(publish(server, token, channelId, { headline: 'Quay closed', body: 'Until noon.' }));
    await killedAfter(
      write(server, token, { path: `${posts}/${post.id}/revisions`, body: correction('Until six.'), ifMatch: 1 }),
    );
    await killedAfter(
      write(server, token, {
        method: 'PATCH',
        path: `/v1/channels/${channelId}`,
        body: { pinnedPostId: post.id },
        ifMatch: '*',
      }),
    );
    const pinned = await read<AuthorPost>(`${server.url}${posts}/${post.id}`);
    expect(pinned).toMatchObject({ revision: 2, html: expect.stringContaining('Until six.') });

    await killedAfter(write(server, token, { path: `${posts}/${post.id}/retraction`, body: { note: 'The quay is open.' } }));
    const [tombstone] = await allPosts(server, channelId);
    expect(tombstone).toMatchObject({ id: post.id, status: 'retracted', html: '', revision: 3 });
    const { channel } = await read<{ channel: { pinnedPostId: unknown } }>(`${server.url}/v1/channels/${channelId}/snapshot`);
    expect(channel.pinnedPostId).toBeNull();
  });

  it('keeps what a reader received if the server is killed at that moment, whether the author was answered or not', async () => {
    await using server = await startServerProcess();
    const { token, channelId } = await openChannel(server);
    for (let time = 1; time <= 2; time += 1) {
      let killed: Promise<void> | undefined;
      using reader = watch(server.url, channelId, {
        onSeen: () => {
          killed ??= server.kill();
        },
      });
      await live(reader);
      const written = publish(server, token, channelId, { headline: `Seen ${time}` }, `seen-${time}`);
      await vi.waitFor(() => expect(killed).toBeDefined());
      await killed;
      await server.start();
      const { post } = await written;
      expect(notInJournal(reader.seen, await wholeJournal(server, channelId, token))).toEqual([]);
      expect((await allPosts(server, channelId)).filter(({ id }) => id === post.id)).toHaveLength(1);
    }
    expect(await allPosts(server, channelId)).toHaveLength(2);
  });
});

describe('Promise 2: all readers see the changes in the same order, with no silent gap', () => {
  it('shows concurrent posts in the same order to all readers over every transport', async () => {
    await using server = await startTestServer();
    const { token, channelId } = await openChannel(server);
    using one = watch(server.url, channelId);
    using other = watch(server.url, channelId);
    await live(one, other);
    const from = await cursorOf(server, channelId);

    const authors = Array.from({ length: 5 }, async (_, author) => {
      for (let number = 0; number < 12; number += 1) await publish(server, token, channelId, { headline: `${author}.${number}` });
    });
    await Promise.all(authors);
    const journal = await wholeJournal(server, channelId, token);
    await vi.waitFor(() => expect([one.offset, other.offset]).toEqual([journal.length, journal.length]));

    const order = journal.slice(1).map(({ postId }) => postId);
    expect(one.seen.map(({ postId }) => postId)).toEqual(order);
    expect(other.seen.map(({ postId }) => postId)).toEqual(order);
    expect(await polledFrom(server, channelId, from)).toEqual(order);
    expect([...one.faults, ...other.faults]).toEqual([]);
  });

  it('gives a reader with a flaky connection each change once, in order, and the server’s state', async () => {
    await using server = await startTestServer();
    const { token, channelId } = await openChannel(server);
    using reader = watch(server.url, channelId);
    await live(reader);
    const written: Promise<Written>[] = [];
    for (let number = 0; number < 100; number += 1) {
      written.push(publish(server, token, channelId, { headline: `Minute ${number}` }));
      if (number % 7 === 0) reader.cut();
      if (number % 7 === 3) reader.comeBack();
      if (number % 10 === 9) await written[number - 5];
    }
    await Promise.all(written);
    reader.comeBack();
    await caughtUp(server, channelId, reader);
    expect(reader.faults).toEqual([]);
    expect(reader.seen.map(({ offset }) => offset)).toEqual(Array.from({ length: 100 }, (_, index) => index + 2));
    expect(JSON.stringify(reader.posts)).toBe(JSON.stringify(await allPosts(server, channelId)));
  });

  it('gives a returning reader one event for a post that changed many times, with the range it covers', async () => {
    await using server = await startTestServer();
    const { token, channelId } = await openChannel(server);
    const { post } = await publish(server, token, channelId, { headline: 'Fire at the mill', body: 'Two engines.' });
    using reader = watch(server.url, channelId);
    await live(reader);
    reader.cut();
    for (const engines of ['Three engines.', 'Five engines.', 'Nine engines.']) {
      const path = `/v1/channels/${channelId}/posts/${post.id}/revisions`;
      await write(server, token, { path, body: { kind: 'update', changes: { body: engines } }, ifMatch: '*' });
    }
    reader.comeBack();
    await caughtUp(server, channelId, reader);
    expect(reader.seen).toHaveLength(1);
    expect(reader.seen[0]).toMatchObject({ from: 3, offset: 5, revision: 4, html: expect.stringContaining('Nine engines.') });
    expect(reader.faults).toEqual([]);
  });
});

describe('Promise 3: a cursor is never too old', () => {
  it('brings the correction to a reader who saw the wrong version thousands of changes and a restart ago', async () => {
    await using server = await startTestServer();
    const { token, channelId } = await openChannel(server);
    const posts = `/v1/channels/${channelId}/posts`;
    const wrong = await publish(server, token, channelId, { headline: 'Turnout', body: 'Turnout was *ninety* percent.' });
    const false_ = await publish(server, token, channelId, { headline: 'Resigned', body: 'The mayor has resigned.' });
    using reader = watch(server.url, channelId);
    await live(reader);
    expect(reader.posts.map(({ html }) => html).join()).toContain('<em>ninety</em>');
    reader.cut();

    await write(server, token, {
      path: `${posts}/${wrong.post.id}/revisions`,
      body: {
        kind: 'correction',
        note: 'An earlier version said ninety percent.',
        changes: { body: 'Turnout was *nineteen* percent.' },
      },
      ifMatch: 1,
    });
    await write(server, token, { path: `${posts}/${false_.post.id}/retraction`, body: { note: 'It was somebody else.' } });
    const total = 3_000;
    let next = 0;
    const author = async () => {
      for (; next < total; ) {
        next += 1;
        await publish(server, token, channelId, { headline: `Later ${next}` });
      }
    };
    await Promise.all(Array.from({ length: 24 }, author));
    await server.restart();

    reader.comeBack();
    await caughtUp(server, channelId, reader);
    expect(reader.faults).toEqual([]);
    expect(reader.catchUps.filter(({ reset }) => reset)).toEqual([]);
    const corrected = reader.posts.find(({ id }) => id === wrong.post.id);
    expect(corrected).toMatchObject({
      html: expect.stringContaining('nineteen'),
      history: [{ kind: 'correction', note: 'An earlier version said ninety percent.' }],
    });
    expect(reader.posts.find(({ id }) => id === false_.post.id)).toMatchObject({ status: 'retracted', html: '', headline: null });
    expect(reader.seen).toHaveLength(total + 2);
    expect(reader.seen.map(({ html }) => html).join()).not.toMatch(/ninety|resigned/);
  });
});

describe('Promise 4: a cursor of another history is a reset, never "nothing new"', () => {
  it('resets readers after an older copy of the data was restored, even when it has passed their offset', async () => {
    await using server = await startServerProcess();
    const { token, channelId } = await openChannel(server);
    await publish(server, token, channelId, { headline: 'In both' });
    await server.stop();
    await using copy = await server.store.copy();
    await server.start();
    for (const headline of ['Lost 1', 'Lost 2', 'Lost 3']) await publish(server, token, channelId, { headline });
    using stays = watch(server.url, channelId);
    using away = watch(server.url, channelId);
    await live(stays, away);
    expect(headlines(stays)).toEqual(['Lost 3', 'Lost 2', 'Lost 1', 'In both']);
    const lost = away.cursor!;
    away.cut();

    await server.kill();
    await copy.putBack();
    await server.start();
    for (const headline of ['New 1', 'New 2', 'New 3', 'New 4']) await publish(server, token, channelId, { headline });
    away.comeBack();
    await caughtUp(server, channelId, stays, away);

    for (const reader of [stays, away]) {
      expect(reader.catchUps.filter(({ reset }) => reset)).toHaveLength(1);
      expect(headlines(reader)).toEqual(['New 4', 'New 3', 'New 2', 'New 1', 'In both']);
      expect(reader.faults).toEqual([]);
    }
    expect(await catchUpFrom(server, channelId, lost)).toMatchObject({ mode: 'snapshot', reset: true, covers: { after: 0 } });
  });

  it('resets a reader whose offset equals the head of the other history', async () => {
    await using server = await startServerProcess();
    const { token, channelId } = await openChannel(server);
    await server.stop();
    await using copy = await server.store.copy();
    await server.start();
    const lost = await publish(server, token, channelId, { headline: 'Lost' });
    await server.kill();
    await copy.putBack();
    await server.start();
    const stands = await publish(server, token, channelId, { headline: 'Stands' });
    expect(stands.offset).toBe(lost.offset);

    expect(await catchUpFrom(server, channelId, lost.cursor)).toMatchObject({ mode: 'snapshot', reset: true });
    expect(await catchUpFrom(server, channelId, stands.cursor)).toMatchObject({ mode: 'replay', reset: false, events: [] });
  });

  it('gives a post a different entity tag from a lost text with the same revision', async () => {
    await using server = await startServerProcess();
    const { token, channelId } = await openChannel(server);
    const { post } = await publish(server, token, channelId, { body: 'In both' });
    await server.stop();
    await using copy = await server.store.copy();
    await server.start();
    const path = `/v1/channels/${channelId}/posts/${post.id}`;
    const revise = (body: string) => write(server, token, { path: `${path}/revisions`, body: correction(body), ifMatch: 1 });
    await revise('Lost');
    const etag = (await call(server.url + path)).headers.get('etag') ?? '';
    await server.kill();
    await copy.putBack();
    await server.start();
    await revise('Stands');

    const answer = await call(server.url + path, { headers: { 'if-none-match': etag } });
    expect([answer.status, answer.body]).toMatchObject([200, { revision: 2, html: '<p>Stands</p>\n' }]);
    // The entity tag still starts with the revision.
    const again = { path: `${path}/revisions`, body: correction('Again'), ifMatch: answer.headers.get('etag') ?? '' };
    expect(await write(server, token, again)).toMatchObject({ post: { revision: 3 } });
  });

  it('resets readers of a channel whose data was wiped and that was created again under the same id', async () => {
    await using server = await startServerProcess();
    const { token, channelId } = await openChannel(server, 'harbour');
    for (const headline of ['Old 1', 'Old 2', 'Old 3']) await publish(server, token, channelId, { headline });
    using reader = watch(server.url, channelId);
    await live(reader);
    reader.cut();
    await server.kill();
    await server.store.wipe();
    await server.start();
    await openChannel(server, 'harbour');
    await publish(server, token, channelId, { headline: 'Anew' });

    reader.comeBack();
    await caughtUp(server, channelId, reader);
    expect(reader.catchUps.at(-1)).toMatchObject({ mode: 'snapshot', reset: true });
    expect(headlines(reader)).toEqual(['Anew']);
    expect(reader.faults).toEqual([]);
  });

  it('resets cursors of another channel and cursors beyond the head, and refuses malformed ones', async () => {
    await using server = await startTestServer();
    const { token, channelId } = await openChannel(server);
    const other = await openChannel(server);
    const { cursor } = await publish(server, token, other.channelId, { headline: 'Elsewhere' });
    const reset = { mode: 'snapshot', reset: true, covers: { after: 0, to: 1 } };
    expect(await catchUpFrom(server, channelId, cursor)).toMatchObject(reset);
    const head = await cursorOf(server, channelId);
    expect(await catchUpFrom(server, channelId, head.replace('.1.', '.1000.'))).toMatchObject(reset);
    const refused = await call(`${server.url}/v1/channels/${channelId}/events?after=yesterday`);
    expect([refused.status, refused.body]).toEqual([400, expect.objectContaining({ code: 'invalid-cursor' })]);
  });
});

describe('Promise 5: a write that is sent twice with one key is done once', () => {
  it('repeats the first answer of each kind of write, also after the server was killed, and does nothing more', async () => {
    await using server = await startServerProcess();
    const token = await server.token({ admin: true });
    const done: { path: string; method?: 'POST' | 'PATCH'; body: unknown; key: string; ifMatch?: number; first: Written }[] = [];
    const once = async (sent: Omit<(typeof done)[number], 'first'>) => {
      const first = await write(server, token, sent);
      done.push({ ...sent, first });
      return first;
    };
    const { channel } = await once({ path: '/v1/channels', body: { state: 'live', headline: 'Harbour' }, key: 'open' });
    const posts = `/v1/channels/${channel.id}/posts`;
    const { post } = await once({ path: posts, body: { headline: 'Quay closed', body: 'Until noon.' }, key: 'publish' });
    await once({ path: `${posts}/${post.id}/revisions`, body: correction('Until six.'), key: 'correct', ifMatch: 1 });
    const pin = { method: 'PATCH' as const, path: `/v1/channels/${channel.id}`, body: { pinnedPostId: post.id }, ifMatch: 1 };
    await once({ ...pin, key: 'pin' });
    await once({ path: `${posts}/${post.id}/retraction`, body: { note: 'It is open.' }, key: 'retract', ifMatch: 2 });
    await once({ path: `${posts}/${post.id}/takedown`, body: {}, key: 'take-down' });
    const journal = await wholeJournal(server, channel.id, token);
    // Withdrawing a pinned post is two events.
    expect(journal).toHaveLength(done.length + 1);

    for (const restarted of [false, true]) {
      if (restarted) {
        await server.kill();
        await server.start();
      }
      for (const { first, ...sent } of done) {
        const again = await write(server, token, sent);
        expect([sent.key, again.replayed, first.replayed]).toEqual([sent.key, true, false]);
        expect([sent.key, again.status, again.cursor, again.offset]).toEqual([
          sent.key,
          // The pending erasure may be complete by now.
          first.status === 202 ? expect.toBeOneOf([200, 202]) : first.status,
          first.cursor,
          first.offset,
        ]);
        if (first.post !== undefined) expect(again.post.id).toBe(first.post.id);
      }
      expect(await wholeJournal(server, channel.id, token)).toEqual(journal);
    }
    const { channels } = await read<{ channels: unknown[] }>(`${server.url}/v1/channels`);
    expect(channels).toHaveLength(1);
  });

  it('creates one post from concurrent requests, and refuses another body with the same key', async () => {
    await using server = await startTestServer();
    const { token, channelId } = await openChannel(server);
    const sendings = Array.from({ length: 30 }, () => publish(server, token, channelId, { headline: 'Once' }, 'the-key'));
    const written = await Promise.all(sendings);
    expect(new Set(written.map(({ post }) => post.id)).size).toBe(1);
    expect(written.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(await allPosts(server, channelId)).toHaveLength(1);

    const other = await call(`${server.url}/v1/channels/${channelId}/posts`, {
      method: 'POST',
      token,
      body: { headline: 'Something else' },
      headers: { 'idempotency-key': 'the-key' },
    });
    expect([other.status, other.body]).toEqual([422, expect.objectContaining({ code: 'key-reused' })]);
    expect(await allPosts(server, channelId)).toHaveLength(1);
  });

  it('does two authors’ writes with the same key once each', async () => {
    await using server = await startTestServer();
    const { channelId } = await openChannel(server);
    for (const sub of ['ada', 'grace']) {
      const token = await server.token({ author: [channelId] }, { sub });
      await publish(server, token, channelId, { headline: `By ${sub}` }, 'the-key');
      expect((await publish(server, token, channelId, { headline: `By ${sub}` }, 'the-key')).replayed).toBe(true);
    }
    expect((await allPosts(server, channelId)).map(({ headline }) => headline)).toEqual(['By grace', 'By ada']);
  });
});

type AnyServer = Place & Pick<ServerProcess, 'token'>;

async function openChannel(server: AnyServer, id?: string): Promise<{ token: string; channelId: string }> {
  const token = await server.token();
  const channel = await createChannel(server, token, id === undefined ? {} : { id });
  return { token, channelId: channel.id };
}

function correction(body: string): object {
  return { kind: 'correction', note: 'The time was wrong.', changes: { body } };
}

async function cursorOf({ url }: Place, channelId: string): Promise<string> {
  return (await read<{ cursor: string }>(`${url}/v1/channels/${channelId}/snapshot`)).cursor;
}

function catchUpFrom({ url }: Place, channelId: string, after: string): Promise<CatchUp> {
  return read<CatchUp>(`${url}/v1/channels/${channelId}/events?after=${after}`);
}

/** A reader that catches up over HTTP only, ten events at a time. */
async function polledFrom({ url }: Place, channelId: string, after: string): Promise<JournalLine['postId'][]> {
  const seen: JournalLine['postId'][] = [];
  for (let cursor = after; ; ) {
    const answer = await read<CatchUp>(`${url}/v1/channels/${channelId}/events?after=${cursor}&limit=10`);
    if (answer.mode !== 'replay') throw new Error('A poll was answered with a snapshot.');
    seen.push(...answer.events.map((event) => (event.type === 'channel.changed' ? null : event.post.id)));
    if (!answer.more) return seen;
    cursor = answer.cursor;
  }
}

async function live(...readers: Watcher[]): Promise<void> {
  await vi.waitFor(() => expect(readers.every((reader) => reader.live)).toBe(true));
}

async function caughtUp(server: Place, channelId: string, ...readers: Watcher[]): Promise<void> {
  const cursor = await cursorOf(server, channelId);
  await vi.waitFor(() => expect(readers.map((reader) => reader.cursor)).toEqual(readers.map(() => cursor)));
}

function headlines({ posts }: Watcher): (string | null)[] {
  return posts.map(({ headline }) => headline);
}

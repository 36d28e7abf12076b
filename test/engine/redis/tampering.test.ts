import { hash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import type { ChannelReport } from '../../../src/journal/history-walk.ts';
import { tags as postTags } from '../../../src/journal/post-tags.ts';
import { channelKeys, registry } from '../../../src/journal/redis/keys.ts';
import { type VerifyRedisOptions, verifyRedis } from '../../../src/journal/redis/verify.ts';
import type { ServerReport } from '../../../src/journal/server-journal.ts';
import { createRenderer } from '../../../src/newsroom/render.ts';
import type { Position } from '../../../src/protocol/cursor.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { emptied } from '../../support/samples/samples.ts';
import {
  appended,
  appending,
  createChannel,
  newPostId,
  newRequest,
  publication,
  publish,
  renderer,
  revision,
  samplePost,
  takedown,
  writeTheBridge,
} from '../../support/stores/engines.ts';
import { openNode, type RedisServer, startRedis } from '../../support/stores/redis.ts';

const [journal = '', changes = '', posts = '', index = '', texts = '', labels = '', tags = '', listed = ''] =
  channelKeys('bridge');

describeWith(needs.redis, 'the verification of a journal in Redis', (binary) => {
  let server: RedisServer;
  let redis: Redis;
  let kept: [key: string, dump: Buffer][];
  let standing: string;
  /** The post with two revisions. */
  let other: string;
  /** The position before the last entry. */
  let before: Position;

  /** A journal with entries of every kind. Each case changes it by hand, and it is restored afterwards. */
  beforeAll(async () => {
    server = await startRedis(binary);
    redis = server.admin;
    const engine = await openNode(server);
    ({ standing, before } = await writeTheBridge(engine));
    // Another post with two revisions, and a revoked token.
    const post = await publish(engine, 'another', { body: 'First.' });
    await appended(engine, 'another', [revision(post, { body: 'Second.' })]);
    other = post.id;
    await engine.revoke('stolen', null, 'root');
    await engine.close();
    const ofServer = [registry.server, registry.revoked, registry.channels];
    kept = await Promise.all(
      [...channelKeys('bridge'), ...channelKeys('another'), ...ofServer].map(
        async (key) => [key, (await redis.dumpBuffer(key)) as Buffer] as [string, Buffer],
      ),
    );
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    for (const [key, dump] of kept) {
      await redis.del(key);
      if (dump !== null) await redis.restore(key, 0, dump);
    }
  });

  async function verified(options: Omit<VerifyRedisOptions, 'url'> = {}): Promise<ChannelReport[]> {
    const reports = await allReports(options);
    return reports.filter((report) => report.channelId !== null).sort((a, b) => (a.channelId < b.channelId ? -1 : 1));
  }

  /** The reports, including that of the server's own journal. */
  async function allReports(options: Omit<VerifyRedisOptions, 'url'> = {}): Promise<(ChannelReport | ServerReport)[]> {
    const reports: (ChannelReport | ServerReport)[] = [];
    // The sample entries are listed by this rule.
    const isListed = (kind: string | null) => kind !== null;
    for await (const report of verifyRedis({ url: server.url, renderer, isListed, ...options })) reports.push(report);
    return reports;
  }

  const faultOf = async (since?: Position) =>
    (await verified({ channelId: 'bridge', ...(since && { since: new Map([['bridge', since]]) }) }))[0]?.fault;

  /** Rewrites the journal, because entries of a Redis stream cannot be changed. */
  async function rewrite(change: (entries: [id: string, fields: string[]][]) => void): Promise<void> {
    const entries = await redis.xrange(journal, '-', '+');
    change(entries);
    await redis.del(journal);
    for (const [id, fields] of entries) await redis.xadd(journal, id, ...fields);
  }

  const swap = (entries: [id: string, fields: string[]][]) => {
    const [second, third] = [entries[1]![1], entries[2]![1]];
    entries[1]![1] = third;
    entries[2]![1] = second;
  };

  const replaced = async (key: string, field: string, from: string, to: string) => {
    const text = (await redis.hget(key, field)) as string;
    expect(text).toContain(from);
    await redis.hset(key, field, text.replace(from, to));
  };

  const addKeyEvent = async () => {
    const salt = (await redis.hget(index, 'channel'))?.split(' ')[7];
    const mark = hash('sha1', `${salt}|${hash('sha256', postTags.keyEvent(true))}`).slice(0, 16);
    await redis.zadd(tags, '0', `${mark}a9`);
  };

  it('passes for an unchanged journal with erasures, channel by channel', async () => {
    const [another, bridge] = await verified();
    expect(another).toMatchObject({ channelId: 'another', entries: 3, texts: 3, erased: 0 });
    const whole = { entries: 6, texts: 4, erased: 2, htmlNotCompared: 0, position: { offset: 6 } };
    expect(bridge).toMatchObject({ channelId: 'bridge', ...whole });
    expect([another, bridge].some((report) => report?.fault)).toBe(false);
    expect(await faultOf(before)).toBeUndefined();
    expect(await verified({ channelId: 'none' })).toEqual([]);
  });

  it.each<[string, (at: { first: string; second: string }) => Promise<unknown>, number, 'first' | 'second' | null]>([
    ['a byte of a text', ({ second }) => replaced(texts, `${second}:1`, 'Something', 'Somewhere'), 5, 'second'],
    ['a headline', ({ second }) => replaced(labels, `${second}:1`, 'Another', 'Anothes'), 5, 'second'],
    ['a note', () => replaced(labels, 'channel:2', 'A note', 'B note'), 6, null],
    ['a fact', () => rewrite((entries) => void entries[1]![1].splice(15, 1, 'adb')), 2, 'first'],
    ['what an entry says it erased', () => rewrite((entries) => void entries[3]![1].splice(22, 2)), 4, 'first'],
    ['an erasure that no entry made', () => rewrite((entries) => void entries[2]![1].push('erases', '1')), 3, 'first'],
    ['a check', () => rewrite((entries) => void entries[2]![1].splice(21, 1, 'f'.repeat(40))), 3, 'first'],
    ['a deleted entry', () => redis.xdel(journal, '3-0'), 3, null],
    ['a deleted first entry', () => redis.xdel(journal, '1-0'), 1, null],
    ['a deleted last entry', () => redis.xdel(journal, '6-0'), 6, null],
    ['two swapped entries', () => rewrite(swap), 2, 'first'],
    [
      'a text that was deleted without an erasure',
      ({ second }) => Promise.all([redis.hdel(texts, `${second}:1`), redis.hdel(labels, `${second}:1`)]),
      5,
      'second',
    ],
    [
      'the latest text, deleted as if it had been erased',
      ({ second }) =>
        Promise.all([
          redis.hdel(texts, `${second}:1`),
          redis.hdel(labels, `${second}:1`),
          redis.hget(index, second).then((line) => redis.hset(index, second, (line as string).replace(/^1 5 5 0 /, '1 5 5 1 '))),
        ]),
      5,
      'second',
    ],
    ['the deleted state of a post', ({ second }) => redis.hdel(index, second), 5, 'second'],
    [
      'a post reset to an earlier state',
      ({ first }) => redis.hset(index, first, '1 2 2 2 2026-11-24T12:00:00.000Z '),
      4,
      'first',
    ],
    ['the place of a post', ({ second }) => redis.zadd(posts, '7', second), 5, 'second'],
    ['the place of a change', () => redis.zadd(changes, '2', 'channel'), 6, null],
    [
      'a post that nobody wrote',
      () => redis.hset(index, '01890a5d-ac96-774b-bcce-000000000009', '1 4 4 0 2026-11-24T12:00:00.000Z '),
      4,
      null,
    ],
    ['a correction missing from the list', () => redis.zrem(listed, '3'), 3, 'first'],
    ['a publication in the list of corrections', () => redis.zadd(listed, '5', '5'), 5, 'second'],
    ['a deleted tag', () => redis.zrange(tags, '-1', '-1').then(([tag]) => redis.zrem(tags, tag as string)), 5, 'second'],
    ['the tags of a post', ({ second }) => replaced(index, second, ',', ',0123456789abcdef,'), 5, 'second'],
    ['the time of a post', ({ second }) => replaced(index, second, '000Z', '001Z'), 5, 'second'],
    ['the access to the channel', () => replaced(index, 'channel', ' public ', ' desk '), 6, null],
    ['the pinned post', ({ second }) => replaced(index, 'channel', ' - ', ` ${second} `), 6, null],
    ['an entry in the list of corrections that does not exist', () => redis.zadd(listed, '9', '9'), 6, null],
    ['a post among the key events that does not exist', addKeyEvent, 6, null],
    ['the whole journal', () => redis.del(journal), 0, null],
  ])('fails and names the place: %s', async (what, tamper, offset, who) => {
    const first = (await redis.zrange(posts, '0', '0'))[0] as string;
    await tamper({ first, second: standing });
    const fault = await faultOf();
    expect(fault).toMatchObject({ channelId: 'bridge', offset, why: expect.stringMatching(/^[a-z].*[a-z]$/) });
    if (who !== null) expect(fault?.postId).toBe(who === 'first' ? first : standing);
    expect(what).not.toBe('');
  });

  it('fails if html is not what its body renders to, and names the revision', async () => {
    const first = (await redis.zrange(posts, '0', '0'))[0] as string;
    await replaced(texts, `${standing}:1`, '<p>Something', '<p>Nothing');
    const why = (revision: number) => `the html of revision ${revision} differs from its rendered body`;
    expect(await faultOf()).toEqual({ channelId: 'bridge', offset: 5, postId: standing, why: why(1) });
    // The html was rendered for another public URL. A server would render it again, so the verification skips it.
    const other = createRenderer({ publicUrl: 'https://other.example' });
    for (const [by, htmlNotCompared] of [
      [other, 1],
      [undefined, 2],
    ] as const) {
      const [report] = await verified({ channelId: 'bridge', renderer: by });
      expect(report).toMatchObject({ entries: 6, texts: 4, htmlNotCompared });
      expect(report).not.toHaveProperty('fault');
    }
    // Html without a body is never rendered again, so it is compared in any version.
    await redis.hset(texts, `${first}:3`, `${await redis.hget(texts, `${first}:3`)}<p>Forged</p>`);
    await replaced(labels, `${first}:3`, renderer.version, other.version);
    expect(await faultOf()).toEqual({ channelId: 'bridge', offset: 4, postId: first, why: why(3) });
  });

  it('passes for an older copy, unless a later position is given', async () => {
    const engine = await openNode(server);
    await appended(engine, 'bridge', [publication(samplePost('bridge', { body: 'Later.' }))], { channel: 2 });
    const [later] = (await engine.heads(['bridge'])) as [Position];
    await engine.close();
    expect(await faultOf(later)).toBeUndefined();
    for (const [key, dump] of kept) {
      await redis.del(key);
      if (dump !== null) await redis.restore(key, 0, dump);
    }
    expect(await faultOf()).toBeUndefined();
    expect(await faultOf(later)).toMatchObject({ offset: 7, why: expect.stringContaining('older copy') });
  });

  it('runs beside writers, and repairs nothing', async () => {
    const engine = await openNode(server);
    try {
      let walks = 0;
      const writing = (async () => {
        // Writes for at least as long as two verifications take.
        for (let count = 0; count < 50 || walks < 2; count += 1) {
          const post = samplePost('bridge', { body: `Now ${count}.` });
          await appended(engine, 'bridge', [publication(post)], { channel: 2 });
          await appended(engine, 'bridge', [takedown(post)], { channel: 2 });
        }
      })();
      let written = false;
      const done = writing.finally(() => {
        written = true;
      });
      for (; !written; walks += 1) expect(await faultOf()).toBeUndefined();
      await done;
    } finally {
      await engine.close();
    }
    await redis.hdel(index, standing);
    expect(await faultOf()).toMatchObject({ offset: 5 });
    expect(await redis.hexists(index, standing)).toBe(0);
  });

  it('passes while channels are imported, created, deleted and rendered for another address during the walk', async () => {
    const other = await openNode(server);
    await createChannel(other, 'a-deleted');
    await other.close();
    const isListed = (kind: string | null) => kind !== null;
    const reports = verifyRedis({ url: server.url, renderer, isListed, now: Date.now() });
    expect(await reports.next()).toMatchObject({ value: { channelId: 'bridge' } });
    // At this point the server's own journal was read, and the next channel was not.
    const engine = await openNode(server, { renderer: createRenderer({ publicUrl: 'https://other.example' }) });
    await publish(engine, 'another', { body: 'For another address.' });
    const post = await publish(engine, 'another', { body: 'One.' });
    // An import from before erasures were part of the chain.
    const next = { ...revision(post, { body: 'Two.' }), erases: 1, chainedErasure: null };
    await engine.append('another', { ...appending([next]), imported: { by: 'root', isFirst: true } });
    await createChannel(engine, 'z-made');
    await engine.deleteChannel('a-deleted', newRequest(), 'root');
    await engine.close();
    const rest: object[] = [];
    for await (const report of reports) rest.push(report);
    expect(rest).toMatchObject([{ channelId: 'another', entries: 6, erased: 1 }, { channelId: null }]);
    expect(rest.filter((report) => 'fault' in report)).toEqual([]);
  });

  async function faults(options: Omit<VerifyRedisOptions, 'url'> = {}) {
    const found = await allReports({ now: Date.now(), ...options });
    return found.flatMap(({ fault }) => (fault === undefined ? [] : [[fault.channelId, fault.offset, fault.why]]));
  }

  it("passes with the server's own journal, and says since when that covers changes", async () => {
    expect((await allReports({ now: Date.now() })).at(-1)).toMatchObject({
      channelId: null,
      entries: 5,
      coveredFrom: expect.stringMatching(/^20.*Z$/),
    });
    expect(await faults()).toEqual([]);
  });

  it('fails if a first revision was blanked and marked as erased', async () => {
    const [, , , lines = '', texts = '', labels = ''] = channelKeys('another');
    const mark = async () => {
      await Promise.all([redis.hdel(texts, `${other}:1`), redis.hdel(labels, `${other}:1`)]);
      await redis.hset(lines, other, ((await redis.hget(lines, other)) as string).replace(/^(2 3 2) 0 /, '$1 1 '));
    };
    await mark();
    expect(await faults()).toEqual([['another', 2, 'the text is missing, and no entry records its erasure']]);
  });

  it('fails if html names a renderer that no server here had', async () => {
    await replaced(texts, `${standing}:1`, '<p>Something', '<p>Nothing');
    await replaced(labels, `${standing}:1`, renderer.version, 'md1-00000000');
    expect(await faults()).toEqual([['bridge', 5, 'the html of revision 1 has a version that no server here used']]);
  });

  it('fails if a revocation was deleted or shortened', async () => {
    const forgotten = [[null, 5, 'a revoked token is no longer refused']];
    await redis.zadd(registry.revoked, '1', 'stolen');
    expect(await faults()).toEqual(forgotten);
    await redis.zrem(registry.revoked, 'stolen');
    expect(await faults()).toEqual(forgotten);
  });

  it('fails if a session that was signed out was deleted', async () => {
    const engine = await openNode(server);
    const now = Date.now();
    await engine.endSession({ subject: 'of-ruth', id: 'at-the-office', begunAt: now, until: now + 600_000 }, 'ruth');
    await engine.close();
    expect(await faults()).toEqual([]);
    await redis.del(registry.ended);
    expect(await faults()).toEqual([[null, 6, 'a session that was signed out is no longer refused']]);
    expect(await faults({ now: now + 600_000 })).toEqual([]);
  });

  it('fails if a channel was removed from the store, from the list, or as if it had been deleted', async () => {
    const gone = [['another', 0, 'the channel is missing, but was not deleted']];
    const place = (await redis.zrange(registry.channels, '0', '-1')).find((name) => name.endsWith(':another')) as string;
    await redis.zrem(registry.channels, place);
    expect(await faults()).toEqual([['another', 0, 'the list of channels lacks the channel']]);
    await redis.del(...channelKeys('another'));
    expect(await faults()).toEqual(gone);
    await redis.set(channelKeys('another')[9] as string, 'public');
    expect(await faults()).toEqual(gone);
    await redis.del(channelKeys('another')[9] as string);
  });

  it("fails if the server's own journal was changed, and names missing entries", async () => {
    const entries = await redis.xrange(registry.server, '-', '+');
    const { position } = (await allReports()).at(-1) as ServerReport;
    await redis.xdel(registry.server, '3-0');
    expect(await faults()).toEqual([[null, 3, 'the entry is missing']]);
    // Later actions still work and are recorded.
    await redis.xdel(registry.server, '5-0');
    const engine = await openNode(server);
    expect(await engine.revoke('later', null, 'root')).toBe('revoked');
    await engine.close();
    const [last] = await redis.xrevrange(registry.server, '+', '-', 'COUNT', 1);
    expect(last).toMatchObject(['6-0', expect.arrayContaining(['later'])]);
    expect(await faults()).toEqual([[null, 3, 'the entry is missing']]);
    // Rewritten without its end, the journal is consistent in itself.
    await redis.del(registry.server);
    for (const [id, fields] of entries.slice(0, -1)) await redis.xadd(registry.server, id, ...fields);
    expect(await faults()).toEqual([]);
    const since = new Map([['', position as Position]]);
    expect(await faults({ since })).toEqual([[null, 5, expect.stringContaining('older copy')]]);
  });

  it("fails if the server's own journal was removed, whatever happened before and after", async () => {
    const missing = [[null, 1, 'the entry is missing']];
    await redis.del(registry.server);
    expect(await faults()).toEqual(missing);
    await redis.zrem(registry.revoked, 'stolen');
    expect(await faults()).toEqual(missing);
    // A node continues a chain that lost its beginning, but verification does not rely on it.
    const engine = await openNode(server);
    const { id } = await createChannel(engine);
    await publish(engine, id, { body: 'Something.' });
    await engine.close();
    expect(await redis.xlen(registry.server)).toBe(1);
    expect(await faults()).toEqual(missing);
  });

  it('covers channels that servers of an earlier version made', async () => {
    await redis.del(registry.server, registry.serverMarks);
    const engine = await openNode(server);
    await vi.waitFor(async () => expect(await redis.zscore(registry.serverMarks, 'found')).not.toBeNull());
    await engine.close();
    const found = await redis.xrange(registry.server, '-', '+');
    const facts = found.map(([, fields]) => [fields[3], fields[5]]);
    expect(facts).toEqual(
      expect.arrayContaining([
        ['journal.begun', ''],
        ['channel.found', 'bridge'],
        ['channel.found', 'another'],
      ]),
    );
    expect(await faults()).toEqual([]);
  });

  it('passes with a placeholder for a text that was erased before the import', async () => {
    const engine = await openNode(server);
    const id = `c-${newPostId()}`;
    await createChannel(engine, id);
    const stub = { ...emptied(samplePost(id)), status: 'taken-down' as const, html: renderer.render('', { channelId: id }) };
    const entry = { type: 'post.published' as const, at: stub.publishedAt, by: 'ada', kind: null, listed: false, post: stub };
    await appended(engine, id, [{ ...entry, erased: 'e'.repeat(64) }]);
    await engine.close();
    const [report] = await verified({ channelId: id });
    expect(report).toMatchObject({ entries: 2, texts: 1, erased: 1, htmlNotCompared: 0 });
    expect(report).not.toHaveProperty('fault');
    const key = channelKeys(id)[4] as string;
    await redis.hset(key, `${stub.id}:1`, `${await redis.hget(key, `${stub.id}:1`)}<p>Forged</p>`);
    const [forged] = await verified({ channelId: id });
    expect(forged?.fault).toMatchObject({ offset: 2, postId: stub.id, why: expect.stringContaining('html of revision 1') });
  });
});

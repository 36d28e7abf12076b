import { expect, it, vi } from 'vitest';
import type { Announcement, JournalUnavailable } from '../../../src/journal/engine.ts';
import { eachReplica } from '../../../src/journal/redis/connection/replicas.ts';
import type { RedisEngine } from '../../../src/journal/redis/index.ts';
import { registry, requestKey } from '../../../src/journal/redis/keys.ts';
import { redisLimits } from '../../../src/journal/redis/redis-limits.ts';
import type { Channel } from '../../../src/protocol/model.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { within } from '../../support/runner/settled-within.ts';
import { startLine } from '../../support/servers/bad-line.ts';
import {
  appended,
  appending,
  createChannel,
  newRequest,
  publication,
  publish,
  samplePost,
  takedown,
  wide,
} from '../../support/stores/engines.ts';
import { found, untilComplete } from '../../support/stores/erased-texts.ts';
import { type Finishing, openNode, openNodeFor, type RedisServer, startRedisFor } from '../../support/stores/redis.ts';

const patient = { interval: 50 };
/** How long a connected replica may take to acknowledge on a busy machine. */
const acknowledgedMs = 30_000;
const safe = ['rdb-del-sync-files yes', 'repl-diskless-sync yes', 'repl-diskless-sync-delay 0'];

for (const kind of ['redis', 'valkey'] as const) {
  describeWith.concurrent(needs[kind], `a ${kind} with a replica`, (binary) => {
    it('is refused if a full sync would leave a dump on either side', async (test) => {
      const { master, replica } = await startPairFor(test, binary);
      await replica.admin.config('SET', 'rdb-del-sync-files', 'no');
      // Retried, because on a busy machine the start can time out with another error.
      const isRefused = (why: string | RegExp) => vi.waitFor(() => expect(openNode(master)).rejects.toThrow(why), patient);
      await isRefused(
        `on the replica 127.0.0.1:${replica.port}: rdb-del-sync-files is "no". Set it with the line: rdb-del-sync-files yes`,
      );
      await replica.admin.config('SET', 'repl-diskless-load', 'swapdb');
      const engine = await openNodeFor(test, master);
      await engine.close();
      await master.admin.config('SET', 'repl-diskless-sync', 'no');
      await isRefused(/^ {2}repl-diskless-sync is "no"/m);
    });

    it('has every acknowledged write on the replica if one must acknowledge', async (test) => {
      const { master, replica } = await startPairFor(test, binary);
      const engine = await openNodeFor(test, master, { minReplicas: 1 });
      const { id } = await acknowledgedChannel(engine);
      // Writes that the replica acknowledged too late may exist or not.
      const answered = await vi.waitFor(async () => {
        const tries = await Promise.allSettled(Array.from({ length: 50 }, () => publish(engine, id)));
        const posts = tries.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
        expect(posts.length).toBeGreaterThan(10);
        return posts;
      }, patient);
      await master.kill();
      await replica.admin.call('REPLICAOF', 'NO', 'ONE');
      const promoted = await openNodeFor(test, replica);
      const page = await promoted.posts(id, wide);
      const ids = new Set(answered.map((post) => post.id));
      expect(page?.posts.filter((post) => ids.has(post.id))).toEqual(answered.toSorted((a, b) => b.seq - a.seq));
    });

    it('answers unknown and announces nothing while the replica does not acknowledge, and recognizes the repeated write', async (test) => {
      const { master, replica } = await startPairFor(test, binary);
      const engine = await openNodeFor(test, master, { minReplicas: 1 });
      const { id } = await acknowledgedChannel(engine);
      const heard: Announcement[] = [];
      await engine.subscribe(id, (one) => heard.push(one));
      const other = await acknowledgedChannel(engine);
      const elsewhere = await openNodeFor(test, master, { minReplicas: 1 });
      const [request, noted, creation] = [newRequest(), newRequest(), newRequest()];
      const write = appending([publication(samplePost(id))], { request });
      const nothing = { position: undefined, postId: null, revision: 1 };
      process.kill(replica.pid, 'SIGSTOP');
      try {
        // Retried if the command was not sent, because on a busy machine a connection may have timed out.
        const outcomeOf = (ask: () => Promise<unknown>) =>
          vi.waitFor(async () => {
            const outcome = await ask().then(
              () => 'done',
              (error: JournalUnavailable) => error.outcome,
            );
            expect(outcome).not.toBe('unchanged');
            return outcome;
          }, patient);
        expect(await outcomeOf(() => engine.append(id, write))).toBe('unknown');
        // Repeating a stored write is unknown, too.
        expect(await outcomeOf(() => engine.append(id, write))).toBe('unknown');
        expect(await outcomeOf(() => engine.recall(id, request))).toBe('unknown');
        // So is repeating it on another node.
        expect(await outcomeOf(() => elsewhere.append(id, write))).toBe('unknown');
        expect(await outcomeOf(() => elsewhere.recall(id, request))).toBe('unknown');
        // Every other kind of write is unknown as well, new or repeated.
        for (const write of [
          () => engine.note(id, noted, nothing),
          () => engine.note(id, noted, nothing),
          () => engine.reserve(creation.id, 'reserved'),
          () => engine.reserve(creation.id, 'reserved'),
          () => engine.revoke('revoked', null, 'root'),
          () => engine.deleteChannel(other.id, newRequest(), 'root'),
          () => engine.deleteChannel(other.id, newRequest(), 'root'),
        ])
          expect(await outcomeOf(write)).toBe('unknown');
        expect(heard.filter(({ type }) => type === 'entry')).toEqual([]);
      } finally {
        process.kill(replica.pid, 'SIGCONT');
      }
      const again = await vi.waitFor(() => engine.append(id, write), patient);
      expect(again).toMatchObject({ status: 'duplicate', outcome: { same: true, position: { offset: 2 } } });
      // The request still has no expiry, although a small write was needed to ask the replica.
      expect(await master.admin.pttl(requestKey(id, request.id))).toBe(-1);
    });

    it('answers unknown for a stored write if it cannot ask whether the replica has it', async (test) => {
      const { master } = await startPairFor(test, binary);
      const engine = await openNodeFor(test, master, { minReplicas: 1 });
      const { id } = await acknowledgedChannel(engine);
      const request = newRequest();
      const write = appending([publication(samplePost(id))], { request });
      await vi.waitFor(() => engine.append(id, write), patient);
      // The writing connection cannot be restored, and the reading one stays open.
      await master.admin.call('ACL', 'SETUSER', 'pressbox', 'resetpass', '>another');
      await endConnection(master, 'pressbox-writes');
      const other = appending([publication(samplePost(id))]);
      const isNotSent = () => expect(engine.append(id, other)).rejects.toMatchObject({ outcome: 'unchanged' });
      await vi.waitFor(isNotSent, patient);
      await expect(engine.recall(id, request)).rejects.toMatchObject({ outcome: 'unknown' });
    });

    it('is used again within 5 s of a lost connection while the replica hangs', async (test) => {
      const { master, replica } = await startPairFor(test, binary);
      const engine = await openNodeFor(test, master);
      const { id } = await createChannel(engine);
      process.kill(replica.pid, 'SIGSTOP');
      try {
        for (const type of ['pubsub', 'normal']) await master.admin.call('CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes');
        const isUsed = () => Promise.all([publish(engine, id), engine.ready()]);
        await within(5_000, isUsed, [process.pid, master.pid]);
      } finally {
        process.kill(replica.pid, 'SIGCONT');
      }
    });

    it('holds erased text on neither side', async (test) => {
      const { master, replica } = await startPairFor(test, binary);
      const engine = await openNodeFor(test, master);
      const { id } = await createChannel(engine);
      const post = await publish(engine, id, { body: 'zqsecret' });
      await vi.waitFor(async () => expect(await found(replica.directory, ['zqsecret'])).toEqual(['zqsecret']), patient);
      await appended(engine, id, [takedown(post)]);
      await untilComplete(() => engine.erase(id, post.id));
      expect(await found(master.directory, ['zqsecret'])).toEqual([]);
      expect(await found(replica.directory, ['zqsecret'])).toEqual([]);
    });

    it('holds no text that was erased while the replica was disconnected, once it is back in sync', async (test) => {
      const master = await startRedisFor(test, binary, safe);
      const line = await startLine(`http://127.0.0.1:${master.port}`);
      test.onTestFinished(() => line[Symbol.asyncDispose]());
      const replica = await startRedisFor(test, binary, [...safe, `replicaof 127.0.0.1 ${new URL(line.url).port}`]);
      const isLinked = async () => expect(await replica.admin.info('replication')).toContain('master_link_status:up');
      await vi.waitFor(isLinked, patient);
      const engine = await openNodeFor(test, master);
      const { id } = await createChannel(engine);
      const post = await publish(engine, id, { body: 'zqcutoff' });
      await vi.waitFor(async () => expect(await found(replica.directory, ['zqcutoff'])).toEqual(['zqcutoff']), patient);
      // The replica cannot connect until the line is restored.
      line.target = 'http://127.0.0.1:1';
      line.cut();
      await vi.waitFor(async () => expect(await master.admin.info('replication')).toContain('connected_slaves:0'), patient);
      await appended(engine, id, [takedown(post)]);
      await untilComplete(() => engine.erase(id, post.id));
      line.target = `http://127.0.0.1:${master.port}`;
      await vi.waitFor(isLinked, patient);
      // The replica continues with a partial sync, and so with its old file.
      expect(await master.admin.info('stats')).toContain('sync_partial_ok:1');
      await vi.waitFor(async () => expect(await found(replica.directory, ['zqcutoff'])).toEqual([]), patient);
      await isWrittenNoMore(test, master, replica);
    });

    it('rewrites its file once per erasure, and not again while the replica stays connected', async (test) => {
      const { master, replica } = await startPairFor(test, binary);
      const engine = await openNodeFor(test, master);
      const { id } = await createChannel(engine);
      const post = await publish(engine, id);
      const before = await rewritesOf(replica);
      await appended(engine, id, [takedown(post)]);
      await untilComplete(() => engine.erase(id, post.id));
      expect(await rewritesOf(replica)).toBe(before + 1);
      await isWrittenNoMore(test, master, replica);
    });

    it('holds erased text on no replica of its replica, and is refused if a full sync would leave a dump there', async (test) => {
      const { master, replica } = await startPairFor(test, binary);
      const further = await startRedisFor(test, binary, [...safe, `replicaof 127.0.0.1 ${replica.port}`]);
      const isLinked = async () => expect(await further.admin.info('replication')).toContain('master_link_status:up');
      await vi.waitFor(isLinked, patient);
      await further.admin.config('SET', 'rdb-del-sync-files', 'no');
      await expect(openNode(master)).rejects.toThrow(`on the replica 127.0.0.1:${further.port}: rdb-del-sync-files is "no"`);
      await further.admin.config('SET', 'rdb-del-sync-files', 'yes');
      const engine = await openNodeFor(test, master);
      const { id } = await createChannel(engine);
      const post = await publish(engine, id, { body: 'zqfurther' });
      await vi.waitFor(async () => expect(await found(further.directory, ['zqfurther'])).toEqual(['zqfurther']), patient);
      await appended(engine, id, [takedown(post)]);
      await untilComplete(() => engine.erase(id, post.id));
      expect(await found(further.directory, ['zqfurther'])).toEqual([]);
    });

    it('names the replica where an erasure is pending', async (test) => {
      const { master, replica } = await startPairFor(test, binary);
      const engine = await openNodeFor(test, master);
      const { id } = await createChannel(engine);
      const post = await publish(engine, id, { body: 'zqpending' });
      process.kill(replica.pid, 'SIGSTOP');
      try {
        await appended(engine, id, [takedown(post)]);
        const { complete, pending } = await engine.erase(id, post.id);
        expect(complete).toBe(false);
        expect(JSON.stringify(pending)).toMatch(/Redis/);
      } finally {
        process.kill(replica.pid, 'SIGCONT');
      }
      await untilComplete(() => engine.erase(id, post.id));
      expect(await found(replica.directory, ['zqpending'])).toEqual([]);
    });
  });
}

// Not concurrent, because it blocks the process.
for (const kind of ['redis', 'valkey'] as const) {
  describeWith(needs[kind], `a replica of ${kind} that answered while the process was blocked`, (binary) => {
    it('is read, and does not count as silent', async (test) => {
      const { master, replica } = await startPairFor(test, binary);
      const heard: unknown[] = [];
      await eachReplica(master.admin, master.url, async (there, place) => {
        const answer = there.ping();
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, redisLimits.replicaTakenMs + 1_000);
        heard.push([place, await answer]);
      });
      expect(heard).toEqual([[`127.0.0.1:${replica.port}`, 'PONG']]);
    });
  });
}

async function rewritesOf({ admin }: RedisServer): Promise<number> {
  return Number(/^aof_rewrites:(\d+)/m.exec(await admin.info('stats'))?.[1]);
}

/** Waits for two more checks of the replica, which have to cause no rewrite. */
async function isWrittenNoMore(test: Finishing, { admin }: RedisServer, replica: RedisServer): Promise<void> {
  const monitor = await admin.monitor();
  test.onTestFinished(async () => monitor.disconnect());
  let looked = 0;
  monitor.on('monitor', (_: string, [command, key, member]: string[]) => {
    if (command === 'zscore' && key === registry.rewrites && member === `127.0.0.1:${replica.port}`) looked += 1;
  });
  await vi.waitFor(() => expect(looked).toBeGreaterThan(0), patient);
  const [before, lookedBefore] = [await rewritesOf(replica), looked];
  await vi.waitFor(() => expect(looked).toBeGreaterThan(lookedBefore + 1), patient);
  expect(await rewritesOf(replica)).toBe(before);
}

/** A channel that the replica acknowledged in time. */
function acknowledgedChannel(engine: RedisEngine): Promise<Channel> {
  return vi.waitFor(() => createChannel(engine), patient);
}

async function endConnection({ admin }: RedisServer, name: string): Promise<void> {
  const line = String(await admin.client('LIST'))
    .split('\n')
    .find((one) => one.includes(` name=${name} `));
  await admin.client('KILL', 'ID', Number(/^id=(\d+)/.exec(line ?? '')?.[1]));
}

/** A master and a replica that is in sync and acknowledges writes. */
async function startPairFor(test: Finishing, binary: string) {
  const master = await startRedisFor(test, binary, safe);
  const replica = await startRedisFor(test, binary, [...safe, `replicaof 127.0.0.1 ${master.port}`]);
  await vi.waitFor(async () => expect(await replica.admin.info('replication')).toContain('master_link_status:up'), patient);
  // The link can be up a second before acknowledgements count: Valkey accepts none until the process that filled the replica has
  // ended, and the next one follows a second later. Writes in between are correctly answered `unknown`.
  await master.admin.set('filled', '');
  expect(await master.admin.wait(1, acknowledgedMs)).toBe(1);
  return { master, replica };
}

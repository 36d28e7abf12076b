import { writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, vi } from 'vitest';
import type { Engine } from '../../../src/journal/engine.ts';
import { abandonMigration, migrateStore } from '../../../src/journal/migrate/migrate-store.ts';
import type { MovableStore } from '../../../src/journal/migrate/movable-store.ts';
import { channelKeys, registry } from '../../../src/journal/redis/keys.ts';
import { entriesIn } from '../../../src/journal/redis/migrate/read.ts';
import { openRedisSource, openRedisTarget } from '../../../src/journal/redis/migrate/redis-store.ts';
import { completeServerJournal } from '../../../src/journal/sqlite/migrate/load.ts';
import { openSqliteTarget } from '../../../src/journal/sqlite/migrate/sqlite-store.ts';
import { migrate as migrateTables, migrations } from '../../../src/journal/sqlite/schema.ts';
import { statements } from '../../../src/journal/sqlite/statements.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { createChannel, newRequest, publish } from '../../support/stores/engines.ts';
import { fill, nothingWritten, observed } from '../../support/stores/full-store.ts';
import { abandon, embedded, migrate, on, type Place, shared } from '../../support/stores/migrations.ts';
import { type Finishing, startRedisFor } from '../../support/stores/redis.ts';
import { replicated } from '../../support/stores/sentinels.ts';

/** What must not happen in a migration: two stores that take writes, or a record or channel that is left out. */

/** The migration, as far as a call of the target. */
async function interrupted(from: Place, to: Place, call: keyof MovableStore): Promise<void> {
  await using source = await from.source();
  await using target = await to.target();
  Object.assign(target, {
    [call]: async () => {
      throw new Error('interrupted');
    },
  });
  await expect(migrateStore({ source, target })).rejects.toThrow('interrupted');
}

async function serverOn(test: Finishing, place: Place): Promise<Engine> {
  const server = await place.engine();
  test.onTestFinished(() => server.close());
  return server;
}

describeWith.concurrent(needs.redis, 'a migration', (binary) => {
  it('is refused once another command for the same stores has taken over, and that one loses nothing', async (test) => {
    const [source, target] = [await embedded(test), await shared(test, binary)];
    const written = nothingWritten();
    const before = await on(source, async (engine) => {
      await fill(engine, written, { posts: 1 });
      return observed(engine, written);
    });
    const other = () => interrupted(source, target, 'loadRecords');
    await expect(migrate(source, target, undefined, other)).rejects.toThrow('another `pressbox migrate` has taken over');
    await expect(target.engine()).rejects.toThrow('Repeat the command');
    await expect(migrate(source, target)).resolves.toMatchObject({ status: 'moved' });
    await on(target, async (engine) => expect(await observed(engine, written)).toEqual(before));
  });

  it('waits for a replica that lags behind, also when the mark was set before', async (test) => {
    const source = await shared(test, binary);
    // Otherwise it is created, and WAIT waits for that.
    await on(source, (engine) => engine.sessionKey());
    const { admin, port } = source.server;
    await admin.config('SET', 'repl-diskless-sync', 'yes', 'repl-diskless-sync-delay', '0');
    const replica = await startRedisFor(test, binary, [...replicated, `replicaof 127.0.0.1 ${port}`]);
    await vi.waitFor(async () => expect(await admin.info('replication')).toContain('state=online'), { timeout: 20_000 });
    const id = '0123456789abcdef';
    const marks = { stopWrites: `moved:${id}`, abandon: `abandoned:${id}` } as const;
    for (const call of ['stopWrites', 'abandon'] as const) {
      process.kill(replica.pid, 'SIGSTOP');
      await admin.set(registry.format, marks[call]);
      await using store = await openRedisSource({ url: `redis://127.0.0.1:${port}`, minReplicas: 1 });
      const done = store[call](id);
      try {
        await vi.waitFor(async () => expect(await admin.info('clients')).toContain('blocked_clients:1'), { timeout: 8_000 });
      } finally {
        process.kill(replica.pid, 'SIGCONT');
      }
      expect(await done).toBe(true);
      expect(await replica.admin.get(registry.format)).toBe(marks[call]);
    }
  });

  it('is refused with fewer replicas than the servers require', async (test) => {
    const [source, target] = [await shared(test, binary), await embedded(test)];
    const server = await serverOn(test, source);
    await createChannel(server, 'c');
    const url = `redis://127.0.0.1:${source.server.port}`;
    const [from, to] = [() => openRedisSource({ url, minReplicas: 1 }), () => openRedisTarget({ url, minReplicas: 1 })];
    await expect(migrate({ ...source, source: from }, target)).rejects.toThrow('0 of the 1 replicas');
    await publish(server, 'c');
    await source.server.admin.config('SET', 'repl-diskless-sync', 'yes', 'rdb-del-sync-files', 'yes');
    await expect(to()).rejects.toThrow('0 of the 1 replicas');
  });

  it('is refused if another server has taken the place of the source', async (test) => {
    const [source, target] = [await shared(test, binary), await embedded(test)];
    await on(source, (engine) => createChannel(engine, 'c'));
    const promoted = await startRedisFor(test, binary);
    // What Sentinel does: new connections lead to the new master.
    let master = source.server.port;
    const front = createServer((socket) => {
      const there = connect(master, '127.0.0.1');
      for (const [one, other] of [
        [socket, there],
        [there, socket],
      ] as const)
        one.on('error', () => other.destroy()).pipe(other);
    });
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
    test.onTestFinished(async () => void front.close());
    const { port } = front.address() as { port: number };
    const behind = { ...source, source: () => openRedisSource({ url: `redis://127.0.0.1:${port}`, minReplicas: 0 }) };
    const fail = async () => {
      await promoted.admin.set(registry.format, (await source.server.admin.get(registry.format)) as string);
      master = promoted.port;
    };
    await expect(migrate(behind, target, undefined, fail)).rejects.toThrow('may take writes again');
    await expect(target.engine()).rejects.toThrow('Repeat the command');
    master = source.server.port;
    await expect(migrate(behind, target)).resolves.toMatchObject({ status: 'moved', channels: 1 });
  });

  it('does not open the target after the source got its writes back', async (test) => {
    const [source, target] = [await embedded(test), await shared(test, binary)];
    const server = await serverOn(test, source);
    await createChannel(server, 'c');
    const resume = async () => {
      await using again = await source.source();
      expect(await abandonMigration(again, undefined)).toBe(true);
    };
    await expect(migrate(source, target, undefined, resume)).rejects.toThrow('may take writes again');
    await publish(server, 'c');
    await expect(target.engine()).rejects.toThrow('Repeat the command');
  });

  for (const isBegunAnew of [false, true])
    it(`gives the source its writes back if it was abandoned before it stopped them${isBegunAnew ? ', and begun anew' : ''}`, async (test) => {
      const [source, target] = [await embedded(test), await shared(test, binary)];
      const server = await serverOn(test, source);
      await createChannel(server, 'c');
      const between = async () => {
        expect(await abandon(source, target)).toBe(false);
        if (isBegunAnew) await interrupted(source, target, 'continueFilling');
      };
      await expect(migrate(source, target, between)).rejects.toThrow('takes writes again.');
      await publish(server, 'c');
      await expect(migrate(source, target)).resolves.toMatchObject({ status: 'moved', entries: 2 });
    });

  it('gives the source its writes back if it was killed after another one had begun to the same target', async (test) => {
    const [source, target] = [await embedded(test), await shared(test, binary)];
    const server = await serverOn(test, source);
    await createChannel(server, 'c');
    {
      await using from = await source.source();
      await using to = await target.target();
      const { stopWrites } = from;
      from.stopWrites = async (id) => {
        await abandon(source, target);
        await interrupted(source, target, 'continueFilling');
        return stopWrites.call(from, id);
      };
      from.resumeWrites = async () => {
        throw new Error('killed');
      };
      await expect(migrateStore({ source: from, target: to })).rejects.toThrow('killed');
    }
    await expect(migrate(source, target)).rejects.toThrow('Repeat --abandon');
    expect(await abandon(source, target)).toBe(true);
    await publish(server, 'c');
    await expect(migrate(source, target)).resolves.toMatchObject({ status: 'moved', entries: 2 });
  });

  it('takes a channel that is deleted while it is read for deleted, not for damaged', async (test) => {
    const source = await shared(test, binary);
    const server = await serverOn(test, source);
    await createChannel(server, 'c');
    await publish(server, 'c');
    const { admin } = source.server;
    const { xrange } = admin;
    admin.xrange = (async (...args: Parameters<typeof xrange>) => {
      const found = await Reflect.apply(xrange, admin, args);
      await server.deleteChannel('c', newRequest(), 'root');
      return found;
    }) as typeof xrange;
    const read: unknown[] = [];
    for await (const entries of entriesIn(admin, 'c', 1)) read.push(...entries);
    expect(read).toEqual([]);
  });

  it('refuses a source whose channels or indexes are lost, and needs no list of corrections', async (test) => {
    const [source, target] = [await shared(test, binary), await embedded(test)];
    const server = await serverOn(test, source);
    const written = nothingWritten();
    await fill(server, written, { posts: 1 });
    await createChannel(server, 'lost');
    await publish(server, 'lost');
    const { admin } = source.server;
    const before = await observed(server, written);
    const keys = channelKeys('lost');
    const [journal = '', , , index = ''] = keys;
    const without = async (gone: readonly string[], message: string) => {
      const copies = await Promise.all(gone.map(async (key) => ({ key, copy: await admin.dumpBuffer(key) })));
      await admin.del(...gone);
      await expect(migrate(source, target)).rejects.toThrow(message);
      for (const { key, copy } of copies) if (copy !== null) await admin.restore(key, 0, copy);
    };
    await without([journal], 'The channel lost is damaged: its keys in Redis contradict each other');
    await without([index], 'The channel lost is damaged: its keys in Redis contradict each other');
    await without(keys, 'The channel lost is damaged: the channel is missing, but was not deleted');
    const [gone = ''] = written.deletedIds;
    await without(
      [channelKeys(gone)[9] as string],
      `The channel ${gone} is damaged: it was deleted, but its id is no longer taken`,
    );
    // A server that noticed the damage refuses the channel for a moment longer.
    await vi.waitFor(() => publish(server, 'lost'), { timeout: 10_000 });
    // Only while nobody writes can records be compared.
    await without([registry.revoked], 'a revoked token is no longer refused');
    await admin.del(channelKeys(written.channelIds[0] as string)[7] as string);
    await migrate(source, target);
    expect(await target.faults()).toEqual([]);
    await on(target, async (engine) =>
      expect(await observed(engine, written)).toMatchObject(only(before, ['channels', 'outcomes', 'revoked'])),
    );
  });

  it('refuses a target that another source fills, before anything is written to it', async (test) => {
    const [source, other, target] = [await embedded(test), await embedded(test), await shared(test, binary)];
    await on(source, (engine) => createChannel(engine, 'c'));
    const server = await serverOn(test, other);
    await createChannel(server, 'd');
    await interrupted(source, target, 'loadRecords');
    await expect(migrate(other, target)).rejects.toThrow('is only in');
    await publish(server, 'd');
    await target.server.admin.del(...channelKeys('c'));
    await expect(migrate(other, target)).rejects.toThrow('has another history');
    await publish(server, 'd');
    expect(await target.server.admin.exists(...channelKeys('d'))).toBe(0);
    await expect(migrate(source, target)).resolves.toMatchObject({ status: 'moved', channels: 1 });
  });

  it('refuses a source that a server of an earlier version uses', async (test) => {
    const [source, target] = [await shared(test, binary), await embedded(test)];
    const server = await serverOn(test, source);
    await createChannel(server, 'c');
    const { admin } = source.server;
    await admin.zadd(registry.nodes, Date.now(), 'an-earlier-node');
    await expect(migrate(source, target)).rejects.toThrow('A server of an earlier version uses the store');
    await publish(server, 'c');
    await admin.zadd(registry.nodes, Date.now() - 61_000, 'an-earlier-node');
    await using from = await source.source();
    await using to = await target.target();
    const { loadRecords } = to;
    to.loadRecords = async (records) => {
      // Writes without a look at the mark.
      const mark = (await admin.get(registry.format)) as string;
      await admin.set(registry.format, '1');
      await publish(server, 'c');
      await admin.set(registry.format, mark);
      await loadRecords.call(to, records);
    };
    await expect(migrateStore({ source: from, target: to })).rejects.toThrow('was changed in the store at');
    to.loadRecords = loadRecords;
    const { status } = await migrateStore({ source: from, target: to });
    expect(status).toBe('moved');
    expect((await from.head('c'))?.offset).toBe((await to.head('c'))?.offset);
  });

  it('leaves no key of requests that the source has forgotten since an earlier attempt', async (test) => {
    const [source, target] = [await embedded(test), await shared(test, binary)];
    await on(source, (engine) => fill(engine, nothingWritten(), { posts: 1 }));
    await interrupted(source, target, 'open');
    await abandon(source, target);
    const journal = new DatabaseSync(join(source.directory, 'journal.db'));
    journal.exec('DELETE FROM requests; DELETE FROM reservations');
    journal.close();
    await migrate(source, target);
    const left = (await target.server.admin.keys('*')).filter((key) => /:request|:reservation/.test(key));
    expect(left).toEqual([registry.requestClock]);
  });

  it('names only the kind of a record that the target lacks', async (test) => {
    const [source, target] = [await embedded(test), await shared(test, binary)];
    await on(source, (engine) => fill(engine, nothingWritten(), { posts: 1 }));
    await using from = await source.source();
    await using to = await target.target();
    const { loadRecords } = to;
    to.loadRecords = (records) =>
      loadRecords.call(
        to,
        records.filter(({ kind }) => kind !== 'sessionKey' && kind !== 'revoked'),
      );
    await expect(migrateStore({ source: from, target: to })).rejects.toThrow(
      /^the store at \S+ lacks 4 records after they were loaded, of the kinds: revoked, sessionKey\.$/,
    );
  });
});

describe('the embedded journal as the target of a migration', () => {
  it('is refused, unchanged, if it is of an earlier version', async (test) => {
    const { directory } = await embedded(test);
    openSqliteTarget(directory)[Symbol.asyncDispose]();
    const file = join(directory, 'journal.db');
    const journal = new DatabaseSync(file);
    migrateTables(journal, migrations.slice(0, 3));
    journal.close();
    expect(() => openSqliteTarget(directory)).toThrow('is not empty');
    const after = new DatabaseSync(file);
    expect(after.prepare('PRAGMA user_version').get()).toEqual({ user_version: 3 });
    after.close();
  });

  it('is refused if the log of a lost journal is there', async (test) => {
    const { directory } = await embedded(test);
    await openSqliteTarget(directory)[Symbol.asyncDispose]();
    await writeFile(join(directory, 'journal.db-wal'), 'entries');
    expect(() => openSqliteTarget(directory)).toThrow('has the log of a journal, journal.db-wal, without the journal');
  });

  it('notes the channels that its server journal lacks, in time for tens of thousands', () => {
    const journal = new DatabaseSync(':memory:');
    migrateTables(journal);
    const count = 20_000;
    const numbers = `WITH RECURSIVE n (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM n WHERE n < ${count})`;
    journal.exec(`
      ${numbers} INSERT INTO channels (id, root, head, headCheck, revision, state, access, created, last, text)
        SELECT 'c' || n, 'r', 1, 'check', 1, 'live', 'public', 0, 1, n FROM n;
      ${numbers} INSERT INTO serverEntries SELECT n, 'r', 'channel.created', 'c' || n, NULL, '', '', 'check' FROM n WHERE n < ${count};
    `);
    completeServerJournal(statements(journal), 0);
    expect(journal.prepare("SELECT subject, detail FROM serverEntries WHERE type = 'channel.found'").all()).toEqual([
      { subject: `c${count}`, detail: '1 check' },
    ]);
    journal.close();
  });
});

function only(all: object, names: readonly string[]): object {
  return Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)));
}

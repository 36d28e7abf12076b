import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { JournalRefused, JournalUnavailable } from '../../../src/journal/engine.ts';
import type { RedisEngine } from '../../../src/journal/redis/index.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { freePort } from '../../support/servers/free-port.ts';
import { createChannel, publish } from '../../support/stores/engines.ts';
import { openNode, type RedisServer, startRedis } from '../../support/stores/redis.ts';

function heardLog() {
  const lines: string[] = [];
  const note = (_fields: object, message: string) => void lines.push(message);
  return { lines, log: { info: note, warn: note, error: note } };
}

for (const kind of ['redis', 'valkey'] as const) {
  describeWith(needs[kind], `the settings of ${kind}`, (binary) => {
    let server: RedisServer;
    let engine: RedisEngine | undefined;
    beforeEach(async () => {
      server = await startRedis(binary);
    });
    afterEach(async () => {
      await engine?.close();
      engine = undefined;
      await server.stop();
    });

    it('are refused if they could lose acknowledged writes, each named with its value and the line to set', async () => {
      const unsafe = { appendfsync: 'everysec', 'maxmemory-policy': 'allkeys-lru', save: '3600 1' };
      for (const [setting, value] of Object.entries(unsafe)) await server.admin.config('SET', setting, value);
      const refusal = await openNode(server).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(refusal).toBeInstanceOf(JournalRefused);
      const { message } = refusal as Error;
      expect(message).toContain('appendfsync is "everysec". Set it with the line: appendfsync always');
      expect(message).toContain('maxmemory-policy is "allkeys-lru". Set it with the line: maxmemory-policy noeviction');
      expect(message).toContain('save is "3600 1". Set it with the line: save ""');
      expect(message).not.toContain('appendonly is');
    });

    it('are refused for a node of a cluster', async () => {
      // By default the port of its bus is ephemeral, and may be in use.
      await using cluster = await startRedis(binary, ['cluster-enabled yes', `cluster-port ${await freePort()}`]);
      await expect(openNode(cluster)).rejects.toThrow(/^Redis Cluster is not supported\. Name one server/);
    });

    it('are accepted on request, and reported', async () => {
      await server.admin.config('SET', 'appendfsync', 'everysec');
      const { lines, log } = heardLog();
      engine = await openNode(server, { allowUnsafe: true, log });
      expect(engine.faults).toEqual([{ setting: 'appendfsync', found: 'everysec', line: 'appendfsync always' }]);
      expect(lines.filter((line) => line.includes('unsafe settings'))).not.toEqual([]);
      await createChannel(engine);
    });

    it('are logged with the values found, without secrets', async () => {
      await server.admin.config('SET', 'appendfsync', 'everysec');
      const lines: string[] = [];
      engine = await openNode(server, { allowUnsafe: true, log: createLog('warn', { write: (line) => void lines.push(line) }) });
      const faults = [{ setting: 'appendfsync', found: 'everysec', line: 'appendfsync always' }];
      expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ faults, msg: expect.stringContaining('unsafe settings') }]);
    });

    it('are checked again after a reconnection: writes are refused as unchanged until they are safe', async () => {
      const { lines, log } = heardLog();
      engine = await openNode(server, { log });
      const { id } = await createChannel(engine);
      expect(engine.faults).toEqual([]);
      await server.admin.config('SET', 'appendfsync', 'no');
      await server.admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      await vi.waitFor(() => expect(lines).toContain('Redis has unsafe settings and is not used'));
      const refused = await publish(engine, id).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(JournalUnavailable);
      expect(refused).toMatchObject({ outcome: 'unchanged', message: expect.stringContaining('appendfsync is "no"') });
      await server.admin.config('SET', 'appendfsync', 'always');
      await vi.waitFor(() => publish(engine as RedisEngine, id), { interval: 100 });
    });

    it('that prevent writes are reported: the store is reachable, and refuses to write', async () => {
      engine = await openNode(server, { allowUnsafe: true });
      const { id } = await createChannel(engine);
      const isRefused = async (by: string) => {
        const refused = await publish(engine as RedisEngine, id).catch((error: unknown) => error);
        expect(refused).toBeInstanceOf(JournalUnavailable);
        expect(refused).toMatchObject({ outcome: 'unchanged', refusesToWrite: true, message: expect.stringContaining(by) });
        expect(await engine?.channel(id)).toMatchObject({ status: 'found' });
      };
      await server.admin.config('SET', 'maxmemory', '1mb');
      await isRefused('OOM');
      await server.admin.config('SET', 'maxmemory', '0');
      await server.admin.config('SET', 'min-replicas-to-write', '1');
      await isRefused('NOREPLICAS');
      await server.admin.config('SET', 'min-replicas-to-write', '0');
      // A directory blocks the path of the snapshot, so saving fails as on a full disk.
      await mkdir(join(server.directory, 'dump.rdb', 'full'), { recursive: true });
      await server.admin.config('SET', 'save', '3600 1');
      await server.admin.bgsave();
      await vi.waitFor(async () => expect(await server.admin.info('persistence')).toContain('rdb_last_bgsave_status:err'));
      await isRefused('MISCONF');
      await server.admin.config('SET', 'save', '');
      await publish(engine, id);
      await server.admin.call('REPLICAOF', '127.0.0.1', '1');
      await isRefused('READONLY');
    });

    it('are not requested from a server that rejects the user', async () => {
      const wrong = { ...server, url: server.url.replace('word', 'other') };
      await expect(openNode(wrong)).rejects.toThrow(JournalRefused);
      // The server must not fall back to another database than the one in the URL.
      await expect(openNode({ ...server, url: `${server.url}/1` })).rejects.toThrow(/NOPERM.*'select'/);
      await server.admin.call('ACL', 'SETUSER', 'pressbox', '+select');
      await expect(openNode({ ...server, url: `${server.url}/99` })).rejects.toThrow('DB index');
      engine = await openNode({ ...server, url: `${server.url}/1` });
      await createChannel(engine);
      expect([await server.admin.dbsize(), await server.admin.info('keyspace')]).toEqual([0, expect.stringContaining('db1:')]);
      await server.admin.call('ACL', 'SETUSER', 'pressbox', '-config|get');
      await expect(openNode(server)).rejects.toThrow(/NOPERM/);
    });

    it('include every right the user lacks, named before it is needed', async () => {
      // Rights that are not checked: naming the connection and unsubscribing are optional, and a missing right to publish shows
      // within a second.
      const passedOver = ['hello', 'client|setname', 'client|setinfo', 'unsubscribe', 'publish'];
      const rights = server.rights.filter((right) => !passedOver.includes(right));
      expect(rights).toContain('hscan');
      for (const right of rights) {
        await server.admin.call('ACL', 'SETUSER', 'pressbox', `-${right}`);
        const name = right.replace('|', '\\|');
        await expect(openNode(server), right).rejects.toThrow(new RegExp(`NOPERM.*'${name}'|user pressbox … \\+${name}$`, 'm'));
        await server.admin.call('ACL', 'SETUSER', 'pressbox', `+${right}`);
      }
    });

    it('are checked again during use: a right that was revoked is reported until it is granted again', async () => {
      const { lines, log } = heardLog();
      engine = await openNode(server, { log });
      await createChannel(engine);
      await server.admin.call('ACL', 'SETUSER', 'pressbox', '-hscan', '-bgrewriteaof');
      await vi.waitFor(() => expect(lines).toContain('Redis has unsafe settings and is not used'), { timeout: 30_000 });
      await expect(createChannel(engine)).rejects.toThrow('user pressbox … +hscan +bgrewriteaof');
      await server.admin.call('ACL', 'SETUSER', 'pressbox', '+hscan', '+bgrewriteaof');
      await vi.waitFor(() => createChannel(engine as RedisEngine), { interval: 100, timeout: 30_000 });
    });
  });
}

import { once } from 'node:events';
import { connect } from 'node:net';
import { Redis } from 'ioredis';
import { expect, it, onTestFinished, vi } from 'vitest';
import { createChannel, publish, write } from '../../support/authors/writers.ts';
import { openReader } from '../../support/readers/socket-reader.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { run } from '../../support/servers/command.ts';
import { startServerProcess } from '../../support/servers/process.ts';
import { call } from '../../support/servers/server.ts';
import { startDeployedRedis } from '../../support/stores/deployed-redis.ts';

for (const kind of ['redis', 'valkey'] as const) {
  describeWith(needs[kind], `${kind} with deploy/redis.conf`, (binary) => {
    it('is accepted by a node, and carries posts, corrections and takedowns', async () => {
      await using redis = await startDeployedRedis(binary);
      await using server = await startServerProcess({ env: { PRESSBOX_REDIS_URL: redis.url } });
      expect((await call(`${server.url}/readyz`)).body).toEqual({ status: 'ready' });
      const token = await server.token({ editor: ['*'], admin: true });
      const { id } = await createChannel(server, token);
      const reader = await openReader(server.url);
      onTestFinished(() => reader.destroy());
      await reader.subscribe(id);
      const { post } = await publish(server, token, id, { headline: 'Smoke over pier four' });
      const at = `/v1/channels/${id}/posts/${post.id}`;
      const corrected = { kind: 'correction', note: 'It is pier five.', changes: { headline: 'Smoke over pier five' } };
      await write(server, token, { path: `${at}/revisions`, ifMatch: 1, body: corrected });
      await write(server, token, { path: `${at}/takedown`, body: {} });
      await vi.waitFor(() => expect(reader.heard('event')).toHaveLength(3));
      await vi.waitFor(async () => {
        expect((await call(`${server.url}/metrics`)).text).toMatch(/^pressbox_erasures_pending 0$/m);
      });
      const verified = run(['verify', '--redis', '--json'], { PRESSBOX_REDIS_URL: redis.url });
      expect([await verified.code, verified.err]).toEqual([0, '']);
      expect((await call(`${server.url}/v1/channels/${id}`, { method: 'DELETE', token })).status).toBeLessThan(300);
    });

    it('lets nobody in without a name, and its user for Pressbox do nothing else', async () => {
      await using redis = await startDeployedRedis(binary);
      const asked = async (url: string, ...command: [string, ...string[]]) => {
        const connection = new Redis(url, { lazyConnect: true, retryStrategy: () => null, enableReadyCheck: false });
        connection.on('error', () => undefined);
        try {
          await connection.connect();
          return String(await connection.call(...command));
        } catch (error) {
          return (error as Error).message;
        } finally {
          connection.disconnect();
        }
      };
      const stranger = connect(redis.port, '127.0.0.1');
      stranger.write('PING\r\n');
      const [answer] = (await once(stranger, 'data')) as [Buffer];
      stranger.destroy();
      expect(answer.toString()).toContain('NOAUTH');
      expect(await asked(redis.url, 'PING')).toBe('PONG');
      for (const command of ['FLUSHALL', 'KEYS *', 'CONFIG SET appendfsync no', 'ACL LIST', 'SHUTDOWN']) {
        const [name = '', ...words] = command.split(' ');
        expect([command, await asked(redis.url, name, ...words)]).toEqual([command, expect.stringContaining('NOPERM')]);
      }
      expect(await asked(redis.url, 'GET', 'other')).toContain('NOPERM');
      expect(await asked(redis.operatorUrl, 'CONFIG', 'GET', 'appendfsync')).toBe('appendfsync,always');
    });
  });
}

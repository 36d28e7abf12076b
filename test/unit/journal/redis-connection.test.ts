import { expect, it, onTestFinished, vi } from 'vitest';
import { Connection, reconnectPause } from '../../../src/journal/redis/connection/connection.ts';
import { OneServer } from '../../../src/journal/redis/connection/one-server.ts';
import { redisLimits } from '../../../src/journal/redis/redis-limits.ts';
import { loadScripts } from '../../../src/journal/redis/scripts.ts';

it('a node connects again after about redisReconnectFirstMs, then twice as long each time, up to redisReconnectMostMs', () => {
  const { redisReconnectFirstMs: firstMs, redisReconnectMostMs: mostMs } = redisLimits;
  const random = vi.spyOn(Math, 'random').mockReturnValue(1);
  onTestFinished(() => random.mockRestore());
  expect([1, 2, 3, 100].map(reconnectPause)).toEqual([firstMs, 2 * firstMs, 4 * firstMs, mostMs]);
  random.mockReturnValue(0);
  expect([1, 100].map(reconnectPause)).toEqual([firstMs / 2, mostMs / 2]);
});

it('a connection to Redis is made within redisConnectMs, closed within redisLetGoMs, and asks each Sentinel for deadlineMs', () => {
  const given = { url: 'redis://127.0.0.1:1', name: 'writes', minReplicas: 0, allowUnsafe: false, scripts: loadScripts() };
  const { redis } = new Connection({ ...given, server: new OneServer() });
  const { connectTimeout, disconnectTimeout, sentinelCommandTimeout } = redis.options;
  const { redisConnectMs, redisLetGoMs, deadlineMs } = redisLimits;
  expect([connectTimeout, disconnectTimeout, sentinelCommandTimeout]).toEqual([redisConnectMs, redisLetGoMs, deadlineMs]);
});

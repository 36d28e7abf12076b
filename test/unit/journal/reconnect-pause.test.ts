import { expect, it, onTestFinished, vi } from 'vitest';
import { reconnectPause } from '../../../src/journal/redis/connection/connection.ts';
import { redisLimits } from '../../../src/journal/redis/redis-limits.ts';

it('a node connects again after about redisReconnectFirstMs, then twice as long each time, up to redisReconnectMostMs', () => {
  const { redisReconnectFirstMs: firstMs, redisReconnectMostMs: mostMs } = redisLimits;
  const random = vi.spyOn(Math, 'random').mockReturnValue(1);
  onTestFinished(() => random.mockRestore());
  expect([1, 2, 3, 100].map(reconnectPause)).toEqual([firstMs, 2 * firstMs, 4 * firstMs, mostMs]);
  random.mockReturnValue(0);
  expect([1, 100].map(reconnectPause)).toEqual([firstMs / 2, mostMs / 2]);
});

import { describeWith, needs } from '../support/runner/needs.ts';
import { openTempRedis } from '../support/stores/redis.ts';
import { describeEngine } from './contract.ts';

describeWith(needs.redis, 'redis', (binary) =>
  describeEngine('redis', (options) => openTempRedis(binary, options), { isShared: true }),
);

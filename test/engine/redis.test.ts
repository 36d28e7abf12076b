import { describeWith, needs } from '../support/needs.ts';
import { openTempRedis } from '../support/redis.ts';
import { describeEngine } from './contract.ts';

describeWith(needs.redis, 'redis', (binary) =>
  describeEngine('redis', (options) => openTempRedis(binary, options), { isShared: true }),
);

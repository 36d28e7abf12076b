import { describeWith, needs } from '../support/needs.ts';
import { openTempRedis } from '../support/redis.ts';
import { describeEngine } from './contract.ts';

describeWith(needs.valkey, 'valkey', (binary) =>
  describeEngine('valkey', (options) => openTempRedis(binary, options), { isShared: true }),
);

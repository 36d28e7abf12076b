import { describeWith, needs } from '../support/runner/needs.ts';
import { openTempRedis } from '../support/stores/redis.ts';
import { describeEngine } from './contract.ts';

describeWith(needs.valkey, 'valkey', (binary) =>
  describeEngine('valkey', (options) => openTempRedis(binary, options), { isShared: true }),
);

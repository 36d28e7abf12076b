import { describeWith, needs } from '../support/runner/needs.ts';
import { openTempRedis } from '../support/stores/redis.ts';
import { describeModel } from './engine.ts';

describeWith(needs.valkey, 'valkey', (binary) => describeModel('valkey', (options) => openTempRedis(binary, options)));

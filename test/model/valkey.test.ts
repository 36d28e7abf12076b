import { describeWith, needs } from '../support/needs.ts';
import { openTempRedis } from '../support/redis.ts';
import { describeModel } from './engine.ts';

describeWith(needs.valkey, 'valkey', (binary) => describeModel('valkey', (options) => openTempRedis(binary, options)));

import { describeWith, needs } from '../support/runner/needs.ts';
import { openTempRedis } from '../support/stores/redis.ts';
import { describeModel } from './engine.ts';

describeWith(needs.redis, 'redis', (binary) => describeModel('redis', (options) => openTempRedis(binary, options)));

import { describeWith, needs } from '../support/needs.ts';
import { openTempRedis } from '../support/redis.ts';
import { describeModel } from './engine.ts';

describeWith(needs.redis, 'redis', (binary) => describeModel('redis', (options) => openTempRedis(binary, options)));

import { deskLimits } from './desk/limits.ts';
import { httpLimits } from './edge/http.ts';
import { answerLimits } from './edge/limits.ts';
import { rateLimits } from './edge/rates.ts';
import { tokenLimits } from './edge/tokens.ts';
import { embeddedLimits } from './engine/embedded/limits.ts';
import { redisLimits } from './engine/redis/limits.ts';
import { fanoutLimits } from './fanout/limits.ts';
import { limits } from './protocol/limits.ts';
import { readerLimits } from './reader/limits.ts';
import { logLimits } from './telemetry/log.ts';
import { workerLimits } from './workers/limits.ts';

/**
 * Every limit of the server, by the part that keeps it: the values lie there. What happens at each, and the series of `/metrics` that shows
 * that it happens, is told in `documents/limits/`, without which it does not compile.
 */
export const limitsOf = {
  wire: limits,
  readers: readerLimits,
  feeds: fanoutLimits,
  requests: httpLimits,
  answers: answerLimits,
  rates: rateLimits,
  tokens: tokenLimits,
  desk: deskLimits,
  embedded: embeddedLimits,
  redis: redisLimits,
  workers: workerLimits,
  log: logLimits,
} as const;

/** Each by its name in `pressbox_limit{name}`. */
export const allLimits: Readonly<Record<string, number>> = Object.assign({}, ...Object.values(limitsOf));

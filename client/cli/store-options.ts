import { CommandFailed, UsageError } from './command-errors.ts';
import type { Env, Terminal } from './terminal.ts';
import { warnOfVisibleSecret } from './token-options.ts';

/** The address from `--redis [url]` or from the environment. */
export function redisUrlFrom(
  redis: string | true,
  { env, terminal, json }: { env: Env; terminal: Terminal; json: boolean },
): string {
  const url = redis === true ? env.PRESSBOX_REDIS_URL : redis;
  if (redis !== true && /:\/\/[^/@]*:[^/@]+@/.test(redis)) {
    warnOfVisibleSecret('--redis', 'Use --redis without a value, and PRESSBOX_REDIS_URL, instead.', terminal, json);
  }
  if (!url) throw new UsageError('Name the Redis with --redis <url>, or in PRESSBOX_REDIS_URL.');
  return url;
}

/** The setting of the servers, so that the command waits for as many replicas as they do. */
export function minReplicasFrom(env: Env): number {
  const set = env.PRESSBOX_REDIS_MIN_REPLICAS || '0';
  if (/^\d{1,2}$/.test(set)) return Number(set);
  throw new UsageError('PRESSBOX_REDIS_MIN_REPLICAS must be a whole number, the same as for the servers.');
}

/** Converts an error of the store to `CommandFailed`: neither the server nor the program is at fault. */
export function asStoreError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  return error.name === 'JournalRefused' || error.name === 'JournalUnavailable' ? new CommandFailed(error.message) : error;
}

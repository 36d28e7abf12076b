import type { Redis } from 'ioredis';

/**
 * Destroys a connection that owes a reply and has received nothing for the given time. Data that is ready but unread when the
 * time is over counts as received in time: the delay is then in this process. The `socketTimeout` of ioredis only looks at the
 * time.
 */
export function destroyWhenIdle(redis: Redis, silenceMs: number): void {
  const { stream } = redis;
  let lastDataAt = performance.now();
  const isSilent = () => performance.now() - lastDataAt >= silenceMs;
  const end = () => isSilent() && stream.destroy(new Error(`nothing came back for ${silenceMs} ms`));
  const looking = setInterval(() => {
    if (redis.commandQueue.length === 0) lastDataAt = performance.now();
    // In the next turn of the event loop, after pending data was read.
    else if (isSilent()) setImmediate(end);
  }, silenceMs / 15).unref();
  stream.on('data', () => {
    lastDataAt = performance.now();
  });
  stream.once('close', () => clearInterval(looking));
}

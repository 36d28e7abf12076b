import type { Redis } from 'ioredis';

/**
 * Destroys a connection that waits for a reply and has received nothing for `silenceMs`. Data that has arrived by then but was
 * not read yet counts as received, because this process caused the delay. The `socketTimeout` of ioredis would not count it.
 */
export function destroyWhenIdle(redis: Redis, silenceMs: number): void {
  const { stream } = redis;
  let lastDataAt = performance.now();
  const isSilent = () => performance.now() - lastDataAt >= silenceMs;
  const end = () => isSilent() && stream.destroy(new Error(`nothing came back for ${silenceMs} ms`));
  const timer = setInterval(() => {
    if (redis.commandQueue.length === 0) lastDataAt = performance.now();
    // Decide in the next turn of the event loop, after pending data was read.
    else if (isSilent()) setImmediate(end);
  }, silenceMs / 15).unref();
  stream.on('data', () => {
    lastDataAt = performance.now();
  });
  stream.once('close', () => clearInterval(timer));
}

import type { Redis } from 'ioredis';

/**
 * Destroys a connection that waits for a reply and has received nothing for `silenceMs`. Time in which this process was blocked
 * does not count: it may have been about to send the command, or to read the reply. The `socketTimeout` of ioredis counts it.
 */
export function destroyWhenIdle(redis: Redis, silenceMs: number): void {
  const { stream } = redis;
  const lookMs = silenceMs / 15;
  let lastDataAt = performance.now();
  let lookedAt = lastDataAt;
  const timer = setInterval(() => {
    const now = performance.now();
    const lateMs = now - lookedAt - lookMs;
    lookedAt = now;
    if (lateMs > lookMs) lastDataAt += lateMs;
    if (redis.commandQueue.length === 0) lastDataAt = now;
    if (now - lastDataAt >= silenceMs) stream.destroy(new Error(`nothing came back for ${silenceMs} ms`));
  }, lookMs).unref();
  stream.on('data', () => {
    lastDataAt = performance.now();
  });
  stream.once('close', () => clearInterval(timer));
}

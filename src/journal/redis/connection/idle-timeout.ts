import type { Redis } from 'ioredis';

/**
 * Ends the connection as it is now once it owes an answer and gives nothing back. What lies there unread when the time is over counts as in
 * time: where this process was held up that is its own fault. ioredis' own `socketTimeout` goes by the time alone.
 */
export function destroyWhenIdle(redis: Redis, silenceMs: number): void {
  const { stream } = redis;
  let lastDataAt = performance.now();
  const isSilent = () => performance.now() - lastDataAt >= silenceMs;
  const end = () => isSilent() && stream.destroy(new Error(`nothing came back for ${silenceMs} ms`));
  const looking = setInterval(() => {
    if (redis.commandQueue.length === 0) lastDataAt = performance.now();
    // In the next turn of the loop, which reads first.
    else if (isSilent()) setImmediate(end);
  }, silenceMs / 15).unref();
  stream.on('data', () => {
    lastDataAt = performance.now();
  });
  stream.once('close', () => clearInterval(looking));
}

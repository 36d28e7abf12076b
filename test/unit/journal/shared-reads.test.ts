import { describe, expect, it, vi } from 'vitest';
import { redisLimits } from '../../../src/journal/redis/redis-limits.ts';
import { SharedReads } from '../../../src/journal/redis/shared-reads.ts';

/** Reads by key, in the order in which they began. The test ends each of them. */
function readings() {
  const reads = new SharedReads({ most: redisLimits.listsRead, waitingMost: redisLimits.listsWaiting });
  const begun: { key: string; end: (answer: string) => void; fail: (error: Error) => void }[] = [];
  const ask = (key: string) => reads.share(key, () => new Promise<string>((end, fail) => void begun.push({ key, end, fail })));
  const began = (count: number) => vi.waitFor(() => expect(begun.length).toBe(count));
  return { begun, ask, began };
}

describe('lists of channels on Redis', () => {
  it('are read once for all requests that arrive before the read begins', async () => {
    const { begun, ask, began } = readings();
    const answers = [ask('live'), ask('live'), ask('live')];
    await began(1);
    begun[0]?.end('list');
    expect(await Promise.all(answers)).toEqual(['list', 'list', 'list']);
    expect(begun.length).toBe(1);
  });

  it('are read once more for all requests that arrive during a read, since that read may lack a change that they know of', async () => {
    const { begun, ask, began } = readings();
    const first = ask('live');
    await began(1);
    const later = [ask('live'), ask('live')];
    begun[0]?.end('old');
    expect(await first).toBe('old');
    await began(2);
    begun[1]?.end('new');
    expect(await Promise.all(later)).toEqual(['new', 'new']);
  });

  it('are read a bounded number at a time, and refused if too many requests wait', async () => {
    const { begun, ask, began } = readings();
    const { listsRead, listsWaiting } = redisLimits;
    const running = Array.from({ length: listsRead }, (_, n) => ask(`read ${n}`));
    await began(listsRead);
    running.push(...Array.from({ length: listsWaiting }, (_, n) => ask(`waits ${n}`)));
    await expect(ask('one more')).rejects.toMatchObject({ name: 'JournalUnavailable', outcome: 'unchanged' });
    expect(begun.length).toBe(listsRead);
    for (let n = 0; n < running.length; n += 1) {
      await began(Math.min(running.length, listsRead + n));
      begun[n]?.end(`${begun[n]?.key}`);
    }
    expect(await Promise.all(running)).toEqual(begun.map(({ key }) => key));
  });

  it('are read again after a read that failed', async () => {
    const { begun, ask, began } = readings();
    const failed = ask('live');
    await began(1);
    const next = ask('live');
    begun[0]?.fail(new Error('lost'));
    await expect(failed).rejects.toThrow('lost');
    await began(2);
    begun[1]?.end('list');
    expect(await next).toBe('list');
  });
});

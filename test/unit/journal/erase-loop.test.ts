import type { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { silentLog } from '../../../src/journal/announcer.ts';
import { EraseLoop } from '../../../src/journal/sqlite/erase-loop.ts';
import { sqliteLimits } from '../../../src/journal/sqlite/sqlite-limits.ts';

const { journalErasureWaitMs, erasurePauseFirstMs, erasurePauseMostMs, erasureRetryFirstMs, erasureRetryMostMs } = sqliteLimits;

/** The erasures of a journal that another program reads, until `reads` attempts were made. */
function opened(reads: number) {
  const waits: number[] = [];
  let attempts = 0;
  const call = async () => {
    attempts += 1;
    return attempts > reads ? { state: 'complete', owed: 0 } : { state: 'waits', owed: 1 };
  };
  const wait = async (ms: number) => {
    waits.push(ms);
    vi.advanceTimersByTime(ms);
  };
  const writer = { call } as unknown as ConstructorParameters<typeof EraseLoop>[0];
  return { loop: new EraseLoop(writer, silentLog, wait as typeof pause), waits };
}

/** What doubles from `first`, up to `most`. */
const doubling = (first: number, most: number, count: number) =>
  Array.from({ length: count }, (_, nth) => Math.min(most, first * 2 ** nth));

describe('an erasure of a text that another program still reads', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
  afterEach(() => void vi.useRealTimers());

  it('is tried again after erasurePauseFirstMs, then twice as long each time, up to erasurePauseMostMs', async () => {
    const { loop, waits } = opened(6);
    expect(await loop.finish({ channelId: 'moon', postId: null })).toEqual({ complete: true, pending: [] });
    expect(waits).toEqual(doubling(erasurePauseFirstMs, erasurePauseMostMs, 6));
    expect(waits.at(-1)).toBe(erasurePauseMostMs);
  });

  it('is pending after journalErasureWaitMs', async () => {
    const { loop, waits } = opened(Number.POSITIVE_INFINITY);
    expect(await loop.finish({ channelId: 'moon', postId: null })).toMatchObject({ complete: false });
    await loop.close();
    const inRequest = waits.filter((ms) => ms <= erasurePauseMostMs);
    const waitedMs = inRequest.reduce((sum, ms) => sum + ms, 0);
    expect(waitedMs).toBeGreaterThanOrEqual(journalErasureWaitMs);
    expect(waitedMs - erasurePauseMostMs).toBeLessThan(journalErasureWaitMs);
  });

  it('goes on in the background after erasureRetryFirstMs, then twice as long each time, up to erasureRetryMostMs', async () => {
    const { loop: other, waits: others } = opened(Number.POSITIVE_INFINITY);
    await other.finish(null);
    await other.close();
    // So many attempts fit into the request.
    const count = others.filter((ms) => ms <= erasurePauseMostMs).length;
    const { loop, waits } = opened(count + 8);
    await loop.finish(null);
    await vi.waitFor(() => expect(loop.pending).toBe(0));
    const retries = waits.slice(count);
    expect(retries).toEqual(doubling(erasureRetryFirstMs, erasureRetryMostMs, 9));
    expect(retries.at(-1)).toBe(erasureRetryMostMs);
  });
});

import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { openMediaDirectory } from '../../../src/media/media-directory.ts';
import type { MediaStore } from '../../../src/media/media-store.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import { watchStorage } from '../../../src/telemetry/storage.ts';
import { monitoring } from '../../../src/telemetry/telemetry-limits.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

/** What is said of the store after each look. */
async function watch(media: Pick<MediaStore, 'ready'>) {
  const metrics = createMetrics();
  const said: string[] = [];
  const say = (_facts: object, message: string) => void said.push(message);
  const stop = await watchStorage(
    { engine: { size: async () => 0 }, media, directories: {} },
    { metrics, log: { info: say, error: say } },
  );
  onTestFinished(stop);
  return { said, isUsable: async () => (await metrics.mediaUsable.get()).values[0]?.value };
}

it('a directory for uploads that vanishes, and comes back, is noticed at the next look', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pressbox-storage-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const place = join(folder, 'media');
  const store = await openMediaDirectory(place, { isShared: false, now: Date.now });
  onTestFinished(() => store.close());
  const { said, isUsable } = await watch(store);
  await rename(place, join(folder, 'away'));
  vi.advanceTimersByTime(monitoring.storageLookMs);
  await vi.waitFor(async () => expect([said, await isUsable()]).toEqual([['the directory for uploads cannot be used'], 0]));
  await rename(join(folder, 'away'), place);
  vi.advanceTimersByTime(monitoring.storageLookMs);
  await vi.waitFor(async () =>
    expect([said.at(-1), await isUsable()]).toEqual(['the directory for uploads can be used again', 1]),
  );
});

it('a directory for uploads that hangs is noticed after mediaAnswerMs, and asked once', async () => {
  const ready = vi.fn(() => new Promise<void>(() => undefined));
  const { isUsable } = await watch({ ready });
  await vi.advanceTimersByTimeAsync(monitoring.storageLookMs + monitoring.mediaAnswerMs - 1);
  expect(await isUsable()).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(await isUsable()).toBe(0);
  await vi.advanceTimersByTimeAsync(10 * monitoring.storageLookMs);
  expect([await isUsable(), ready.mock.calls.length]).toEqual([0, 1]);
});

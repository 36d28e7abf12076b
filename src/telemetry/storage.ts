import { statfs } from 'node:fs/promises';
import type { Engine } from '../journal/engine.ts';
import { directories, type Metrics } from './metrics.ts';
import { monitoring } from './telemetry-limits.ts';

export interface Storage {
  engine: Pick<Engine, 'size'>;
  /** The directories whose disks the server fills. */
  directories: Partial<Record<(typeof directories)[number], string>>;
}

/** Keeps the size of the journal and the free space of disks up to date. Returns a function that stops it. */
export async function watchStorage(
  { engine, directories: watched }: Storage,
  metrics: Pick<Metrics, 'journalBytes' | 'diskFreeBytes' | 'diskSizeBytes'>,
): Promise<() => void> {
  const look = async () => {
    // While the store or a disk does not answer, the last values stay. Other metrics tell that it does not answer.
    await engine.size().then(
      (bytes) => metrics.journalBytes.set(bytes),
      () => undefined,
    );
    for (const directory of directories) {
      const path = watched[directory];
      const disk = path === undefined ? undefined : await statfs(path).catch(() => undefined);
      if (disk === undefined) continue;
      metrics.diskFreeBytes.set({ directory }, disk.bavail * disk.bsize);
      metrics.diskSizeBytes.set({ directory }, disk.blocks * disk.bsize);
    }
  };
  let isLooking = false;
  const timer = setInterval(async () => {
    if (isLooking) return;
    isLooking = true;
    await look();
    isLooking = false;
  }, monitoring.storageLookMs).unref();
  await look();
  return () => clearInterval(timer);
}

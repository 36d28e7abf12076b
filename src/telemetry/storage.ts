import { statfs } from 'node:fs/promises';
import { type Engine, messageOf } from '../journal/engine.ts';
import { directories, type Metrics } from './metrics.ts';
import { monitoring } from './telemetry-limits.ts';

export interface Storage {
  engine: Pick<Engine, 'size'>;
  /** The store of uploads. Undefined: the server takes none. */
  media: { ready(): Promise<void> } | undefined;
  /** The directories whose disks the server fills. */
  directories: Partial<Record<(typeof directories)[number], string>>;
}

interface Telling {
  metrics: Pick<Metrics, 'journalBytes' | 'diskFreeBytes' | 'diskSizeBytes' | 'mediaUsable'>;
  log: Record<'info' | 'error', (facts: object, message: string) => void>;
}

/**
 * Keeps the size of the journal and the free space of disks up to date, and tells whether uploads can be stored. Returns a
 * function that stops it.
 */
export async function watchStorage(
  { engine, media, directories: watched }: Storage,
  { metrics, log }: Telling,
): Promise<() => void> {
  metrics.mediaUsable.set(1);
  let isUsable = true;
  const lookAtMedia = async () => {
    const trouble = await whyUnusable(media);
    metrics.mediaUsable.set(trouble === undefined ? 1 : 0);
    if (isUsable === (trouble === undefined)) return;
    isUsable = trouble === undefined;
    if (isUsable) log.info({}, 'the directory for uploads can be used again');
    else log.error({ why: trouble }, 'the directory for uploads cannot be used');
  };
  const lookAtSizes = async () => {
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
  // Each alone, because a store that hangs must not hide what is wrong with the directory.
  const stops = [lookAtSizes, lookAtMedia].map(repeated);
  await lookAtSizes();
  return () => {
    for (const stop of stops) stop();
  };
}

/** Calls `look` in an interval, and leaves out calls while the last one is under way. Returns a function that stops it. */
function repeated(look: () => Promise<void>): () => void {
  let isLooking = false;
  const timer = setInterval(async () => {
    if (isLooking) return;
    isLooking = true;
    await look();
    isLooking = false;
  }, monitoring.storageLookMs).unref();
  return () => clearInterval(timer);
}

/** Undefined if files can be stored. */
async function whyUnusable(media: Storage['media']): Promise<string | undefined> {
  const checked = media?.ready().then(() => undefined, messageOf);
  const late = new Promise<string>((resolve) => {
    setTimeout(resolve, monitoring.mediaAnswerMs, 'It does not answer.').unref();
  });
  return await Promise.race([checked, late]);
}

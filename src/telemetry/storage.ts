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
  const whyUnusable = probeOf(media);
  const lookAtMedia = async () => {
    const trouble = await whyUnusable();
    metrics.mediaUsable.set(trouble === undefined ? 1 : 0);
    if (isUsable === (trouble === undefined)) return;
    isUsable = trouble === undefined;
    if (isUsable) log.info({}, 'the directory for uploads can be used again');
    else log.error({ why: trouble }, 'the directory for uploads cannot be used');
  };
  // While the store or a disk does not answer, the last values stay. Other metrics tell that it does not answer.
  const lookAtJournal = async () => {
    await engine.size().then(
      (bytes) => metrics.journalBytes.set(bytes),
      () => undefined,
    );
  };
  const lookAtDisk = (directory: (typeof directories)[number]) => async () => {
    const path = watched[directory];
    const disk = path === undefined ? undefined : await statfs(path).catch(() => undefined);
    if (disk === undefined) return;
    metrics.diskFreeBytes.set({ directory }, disk.bavail * disk.bsize);
    metrics.diskSizeBytes.set({ directory }, disk.blocks * disk.bsize);
  };
  const sizes = [lookAtJournal, ...directories.map(lookAtDisk)];
  // Each alone, because one that hangs must not hide what is wrong elsewhere.
  const stops = [...sizes, lookAtMedia].map(repeated);
  await Promise.all(sizes.map((look) => look()));
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

/** Returns a function that tells why files cannot be stored. It asks once at a time, because a directory that hangs keeps a thread. */
function probeOf(media: Storage['media']): () => Promise<string | undefined> {
  let asked: Promise<string | undefined> | undefined;
  return async () => {
    asked ??= media
      ?.ready()
      .then(() => undefined, messageOf)
      .finally(() => {
        asked = undefined;
      });
    const late = new Promise<string>((resolve) => {
      setTimeout(resolve, monitoring.mediaAnswerMs, 'It does not answer.').unref();
    });
    return await Promise.race([asked, late]);
  };
}

import { randomBytes } from 'node:crypto';
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from '../../make-directory.ts';
import { lossLimits } from './loss-limits.ts';
import type { ServedChannels } from './served-channels.ts';

/** The file in the data directory with the channels that its servers served. */
export const servedFileName = 'served-channels';

export interface ServedFile {
  /** Whether the file cannot be written, so that a restart forgets what was served. */
  readonly isInMemory: boolean;
  close(): Promise<void>;
}

/**
 * Reads the file, and keeps it up to date. Several processes may share a data directory: each adds what the others have written
 * before it replaces the file.
 */
export async function openServedFile(
  dataDir: string,
  served: ServedChannels,
  log: { warn(fields: object, message: string): void },
): Promise<ServedFile> {
  const path = join(dataDir, servedFileName);
  let saved: { changes: number; version: string | undefined } = { changes: -1, version: undefined };
  let isInMemory = false;
  let saving: Promise<void> | undefined;

  const replace = async () => {
    const version = await versionOf(path).catch(unlessMissing);
    if (served.changes === saved.changes && version === saved.version) return;
    const there = version === saved.version ? undefined : await readFile(path, 'utf8').catch(unlessMissing);
    served.add(there ?? '');
    const { changes, text } = served;
    if (there !== undefined && sortedLines(there) === sortedLines(text)) {
      saved = { changes, version };
      return;
    }
    const part = `${path}.${randomBytes(6).toString('hex')}.part`;
    try {
      await writeFile(part, text, { mode: 0o600, flush: true });
      saved = { changes, version: await versionOf(part) };
      await rename(part, path);
    } finally {
      await rm(part, { force: true });
    }
  };
  const save = async () => {
    try {
      await replace();
      isInMemory = false;
    } catch (error) {
      saved = { changes: -1, version: undefined };
      if (!isInMemory) log.warn({ file: path, err: error }, 'the channels that are served are remembered in memory only');
      isInMemory = true;
    }
  };

  try {
    makeDirectory(dataDir);
  } catch {
    // The first attempt to save fails too, and says why.
  }
  await save();
  const timer = setInterval(() => {
    saving ??= save().finally(() => {
      saving = undefined;
    });
  }, lossLimits.servedSaveMs).unref();
  return {
    get isInMemory() {
      return isInMemory;
    },
    async close() {
      clearInterval(timer);
      await saving;
      await save();
    },
  };
}

/** Another one for each file that replaces it. A rename keeps it. */
async function versionOf(path: string): Promise<string> {
  const { ino, mtimeMs } = await stat(path);
  return `${ino} ${mtimeMs}`;
}

function sortedLines(text: string): string {
  return text.split('\n').toSorted().join('\n');
}

function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

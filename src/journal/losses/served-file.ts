import { randomBytes } from 'node:crypto';
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { makeDirectory } from '../../make-directory.ts';
import { lossLimits } from './loss-limits.ts';
import type { ServedChannels } from './served-channels.ts';

/** The file in the data directory with the channels that its servers served. */
export const servedFileName = 'served-channels';

const { servedSaveMs, servedLines, servedPartMs } = lossLimits;

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
    if (there !== undefined && (await addLines(there, served))) {
      saved = { changes: served.changes, version };
      return;
    }
    const part = `${path}.${randomBytes(6).toString('hex')}.part`;
    try {
      const { changes } = served;
      await writeFile(part, linesOf(served), { mode: 0o600, flush: true });
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
    await removeAbandoned(dataDir);
  } catch {
    // The first attempt to save fails too, and says why.
  }
  await save();
  const timer = setInterval(() => {
    saving ??= save().finally(() => {
      saving = undefined;
    });
  }, servedSaveMs).unref();
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

/** Removes what processes left that were killed while they wrote. */
async function removeAbandoned(dataDir: string): Promise<void> {
  for (const name of await readdir(dataDir)) {
    if (!name.startsWith(`${servedFileName}.`) || !name.endsWith('.part')) continue;
    const path = join(dataDir, name);
    const modifiedMs = await stat(path).then(({ mtimeMs }) => mtimeMs, unlessMissing);
    // Another process may be writing a younger one.
    if (modifiedMs !== undefined && Date.now() - modifiedMs > servedPartMs) await rm(path, { force: true });
  }
}

/** Another one for each file that replaces it. A rename keeps it. */
async function versionOf(path: string): Promise<string> {
  const { ino, mtimeMs } = await stat(path);
  return `${ino} ${mtimeMs}`;
}

/** Returns whether these are the lines of all channels, as they are now. Other work goes on in between. */
async function addLines(text: string, served: ServedChannels): Promise<boolean> {
  const lines = text.split('\n');
  let same = 0;
  let changesByOthers = 0;
  for (let at = 0; at < lines.length; at += servedLines) {
    for (const line of lines.slice(at, at + servedLines)) if (served.add(line)) same += 1;
    const { changes } = served;
    await setImmediate();
    changesByOthers += served.changes - changes;
  }
  // After the last line there is an empty one.
  return changesByOthers === 0 && same === lines.length - 1 && same === served.size;
}

/** Each part is written before the next one is made, and other work goes on in between. */
function* linesOf(served: ServedChannels): Iterable<string> {
  const { ids } = served;
  for (let at = 0; at < ids.length; at += servedLines) {
    const lines = ids.slice(at, at + servedLines).map((channelId) => served.lineOf(channelId));
    yield lines
      .filter((line) => line !== undefined)
      .map((line) => `${line}\n`)
      .join('');
  }
}

function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

import {
  chmodSync,
  closeSync,
  existsSync,
  fchmodSync,
  fsyncSync,
  openSync,
  readdirSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { lockFile } from '../../lock-file.ts';
import { syncDirectory } from '../../make-directory.ts';
import { JournalRefused, JournalUnavailable, messageOf } from '../engine.ts';
import { notUsable } from './file-damage.ts';

/** The data directory: its files are private and durable, and only one engine uses it at a time. */

/** Readable and writable only by the owner. */
const privateMode = 0o600;
const readByOthers = 0o077;

/**
 * Creates the file, unless it exists, so that only its owner can read and write it, whatever the umask. SQLite gives its
 * additional files the mode of the database.
 */
export function makePrivate(file: string): void {
  try {
    withOpen(file, 'wx', (descriptor) => fchmodSync(descriptor, privateMode));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Files that Pressbox keeps in a data directory: the journal, its copies, and the secret. Other files are not touched. */
const ownFiles = /^(journal|token-secret)\b/;

/**
 * Removes access of other users to the files of a data directory, which an earlier version or a copy may have left readable.
 * Returns the files that others can still read, because they belong to another user.
 */
export function restrictFiles(dataDir: string): string[] {
  const files = readdirSync(dataDir, { withFileTypes: true }).filter((entry) => entry.isFile() && ownFiles.test(entry.name));
  return files.map(({ name }) => join(dataDir, name)).filter((file) => !tighten(file));
}

function tighten(file: string): boolean {
  try {
    if ((statSync(file).mode & readByOthers) !== 0) chmodSync(file, privateMode);
    return true;
  } catch (error) {
    // SQLite may have deleted one of its files in the meantime.
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

function withOpen(path: string, flags: 'r' | 'r+' | 'wx', use: (descriptor: number) => void): void {
  const descriptor = openSync(path, flags, privateMode);
  try {
    use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** The write-ahead log of a journal. */
export function logOf(file: string): string {
  return `${file}-wal`;
}

const copiedBytes = 1024 * 1024;

/**
 * Makes the existing write-ahead log durable. The process that wrote the log may have been killed before the sync, or its sync
 * may have failed, but from now on readers and authors see what the log contains. The log is written again, because after a
 * failed sync the kernel may report data as stored that is not. Call before this process opens the journal. Throws
 * `JournalUnavailable`.
 */
export function syncLog(file: string): void {
  const log = logOf(file);
  if (!existsSync(log)) return;
  try {
    withOpen(log, 'r+', (descriptor) => {
      const bytes = Buffer.alloc(copiedBytes);
      for (let at = 0, read = copiedBytes; read > 0; ) {
        read = readSync(descriptor, bytes, 0, copiedBytes, at);
        at += writeSync(descriptor, bytes, 0, read, at);
      }
      fsyncSync(descriptor);
    });
    syncDirectory(dirname(file));
  } catch (error) {
    throw new JournalUnavailable(`The log ${log} cannot be synced: ${messageOf(error)}.`, 'unchanged', { cause: error });
  }
}

/**
 * Remembers the files of an open journal. The returned function returns why nothing may be written, or undefined. If one of the
 * files was moved, deleted or replaced, the next start would not find new writes.
 */
export function watchFiles(file: string): () => string | undefined {
  const files = [file, logOf(file), `${file}-shm`, lockOf(dirname(file))];
  const places = files.map((path) => ({ path, inode: inodeAt(path) }));
  return () => {
    const moved = places.find(({ path, inode }) => inodeAt(path) !== inode);
    return moved && `${moved.path} is no longer the file that was opened. Put it back, or restart.`;
  };
}

function inodeAt(path: string): number | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })?.ino;
  } catch {
    return undefined;
  }
}

function lockOf(dataDir: string): string {
  return join(dataDir, 'journal.lock');
}

/**
 * Locks a data directory for this engine. The returned function unlocks it. Throws `JournalRefused` if another process holds it.
 * Nothing else in this process may open and close the file of the lock or the journal: see `lockFile`.
 */
export function lockDirectory(dataDir: string): () => void {
  const file = lockOf(dataDir);
  makePrivate(file);
  let unlock: (() => void) | undefined;
  try {
    unlock = lockFile(file);
  } catch (error) {
    throw notUsable(error, file);
  }
  if (unlock !== undefined) return unlock;
  throw new JournalRefused(`The data directory ${dataDir} is in use by another Pressbox. Stop it, or use another directory.`);
}

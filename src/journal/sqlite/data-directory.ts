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
import { DatabaseSync } from 'node:sqlite';
import { syncDirectory } from '../../make-directory.ts';
import { JournalRefused, JournalUnavailable, messageOf } from '../engine.ts';
import { codeOf, notUsable } from './file-damage.ts';

/** The data directory: made to last, with what was written there before, and taken by one engine alone. */

/** Read and written by their owner alone. */
const privateMode = 0o600;
const readByOthers = 0o077;

/**
 * Makes a file that only its owner can read, whatever the umask, unless it is there. SQLite gives the files beside a database the mode of
 * the database.
 */
export function makePrivate(file: string): void {
  try {
    withOpen(file, 'wx', (descriptor) => fchmodSync(descriptor, privateMode));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** What Pressbox keeps in a data directory: the journal and its copies, and the secret. Other files there are somebody else's. */
const ownFiles = /^(journal|token-secret)\b/;

/**
 * Takes the rights of other users away from the files of a data directory, which an earlier version or a copy left readable. Returns those
 * that still have them: they belong to another user.
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
    // A file of SQLite's own may be gone meanwhile.
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

/** The write-ahead log beside a journal. */
export function logOf(file: string): string {
  return `${file}-wal`;
}

const copiedBytes = 1024 * 1024;

/**
 * Makes last what SQLite finds in the log. Whoever wrote it may have been killed before the sync, or told that it failed; it counts all the
 * same from now on, and readers and authors are told so. It is written once more, since of what a sync failed to write the kernel may say
 * that it is on the disk. To be called before the journal is open in this process. Throws `JournalUnavailable`.
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
 * Notes which files an open journal is made of. The function returned says why nothing may be written to it: one of them was moved,
 * deleted or replaced since, and the next start would not find there what was answered.
 */
export function watchFiles(file: string): () => string | undefined {
  const files = [file, logOf(file), `${file}-shm`, lockOf(dirname(file))];
  const places = files.map((path) => ({ path, inode: inodeAt(path) }));
  return () => {
    const moved = places.find(({ path, inode }) => inodeAt(path) !== inode);
    return moved && `${moved.path} is no longer the file that was opened. Put it back, or start anew.`;
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

const sqliteBusy = 5;

/**
 * Takes a data directory for this engine alone; the function returned gives it back. The lock is an open transaction on a small file of
 * its own, so the death of the process gives it back too. Throws `JournalRefused` where another has it.
 *
 * Nothing in this process may open and close that file, or the journal, by other means: POSIX locks go with any such close.
 */
export function lockDirectory(dataDir: string): () => void {
  const file = lockOf(dataDir);
  makePrivate(file);
  const db = new DatabaseSync(file, { timeout: 0 });
  try {
    // Of a file that it may only read SQLite would lock nothing, and say nothing of that.
    db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE; PRAGMA user_version = 1');
  } catch (error) {
    db.close();
    if (codeOf(error) !== sqliteBusy) throw notUsable(error, file);
    throw new JournalRefused(`The data directory ${dataDir} is in use by another Pressbox. Stop it, or use another directory.`, {
      cause: error,
    });
  }
  return () => db.close();
}

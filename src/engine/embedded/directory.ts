import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { JournalRefused } from '../engine.ts';
import { codeOf, notUsable } from './damage.ts';

/** The data directory: made to last, and taken by one engine alone. */

/**
 * Makes a directory, with those above it, so that it is still there after a power cut. (The names of the files in it SQLite makes last,
 * when it first syncs its log.)
 */
export function makeDirectory(directory: string): void {
  const whole = resolve(directory);
  const first = mkdirSync(whole, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  // A new directory's name stands in the one above it: that is what has to be synced.
  for (let made = whole; ; made = dirname(made)) {
    syncDirectory(dirname(made));
    if (made === first) return;
  }
}

function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

const sqliteBusy = 5;

/**
 * Takes a data directory for this engine alone; the function returned gives it back. The lock is an open transaction on a small file of
 * its own, so the death of the process gives it back too. Throws `JournalRefused` where another has it.
 *
 * Nothing in this process may open and close that file, or the journal, by other means: POSIX locks go with any such close.
 */
export function lockDirectory(dataDir: string): () => void {
  const file = join(dataDir, 'journal.lock');
  const db = new DatabaseSync(file, { timeout: 0 });
  try {
    // Of a file that it may only read SQLite would lock nothing, and say nothing of that.
    db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE; PRAGMA user_version = 1');
  } catch (error) {
    db.close();
    if (codeOf(error) !== sqliteBusy) throw notUsable(error, file);
    throw new JournalRefused(
      `The data directory ${dataDir} is in use by another Pressbox. Stop that one, or give this one a directory of its own.`,
      { cause: error },
    );
  }
  return () => db.close();
}

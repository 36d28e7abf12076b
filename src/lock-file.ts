import { DatabaseSync } from 'node:sqlite';

const sqliteBusy = 5;

/**
 * Locks a file, which is created if it is missing. The returned function unlocks it. The lock is an open transaction on a small
 * database, so it also ends when the process dies. Returns undefined if another process holds it.
 *
 * Nothing else in this process may open and close the file: closing a file releases all POSIX locks that the process has on it.
 */
export function lockFile(file: string): (() => void) | undefined {
  const db = new DatabaseSync(file, { timeout: 0 });
  try {
    // On a read-only file, SQLite would silently take no lock. The write makes it fail.
    db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE; PRAGMA user_version = 1');
  } catch (error) {
    db.close();
    if ((error as { errcode?: unknown }).errcode === sqliteBusy) return undefined;
    throw error;
  }
  return () => db.close();
}

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { JournalRefused } from '../engine.ts';

const sqliteBusy = 5;

/**
 * Takes a data directory for this engine alone; the function returned gives it back. The lock is an open transaction on a small file of
 * its own, so the death of the process gives it back too. Throws `JournalRefused` where another has it.
 *
 * Nothing in this process may open and close that file, or the journal, by other means: POSIX locks go with any such close.
 */
export function lockDirectory(dataDir: string): () => void {
  const db = new DatabaseSync(join(dataDir, 'journal.lock'), { timeout: 0 });
  try {
    db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    if (!(error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy)) throw error;
    throw new JournalRefused(
      `The data directory ${dataDir} is in use by another Pressbox. Stop that one, or give this one a directory of its own.`,
      { cause: error },
    );
  }
  return () => db.close();
}

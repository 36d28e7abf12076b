import { accessSync, constants, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { codeOf, isOutOfReach, sqliteFull } from './file-damage.ts';
import { sqliteLimits } from './sqlite-limits.ts';

/**
 * Tests whether the journal can take a write while nobody writes. Usually the outcome of the last commit is enough. If that
 * commit failed, or the disk looks full or read-only, an empty commit is tried. Otherwise an idle journal is not written to.
 */
export class Writability {
  readonly #db: DatabaseSync;
  readonly #directory: string;
  #last: 'committed' | 'refused' | undefined;

  constructor(db: DatabaseSync, file: string) {
    this.#db = db;
    this.#directory = dirname(file);
  }

  /** The outcome of a transaction. */
  note(outcome: 'committed' | 'refused'): void {
    this.#last = outcome;
  }

  /** Throws the error of SQLite or of the system if nothing can be written. */
  probe(): void {
    const last = this.#last;
    if (last === 'committed') {
      this.#last = undefined;
      return;
    }
    const looksWritable = hasRoom(this.#directory);
    if (looksWritable && last === undefined) return;
    this.#last = 'refused';
    const { user_version: version } = this.#db.prepare('PRAGMA user_version').get() as { user_version: number };
    this.#db.exec(`PRAGMA user_version = ${version}`);
    // One page may fit even if a post does not.
    if (!looksWritable && last === 'refused')
      throw Object.assign(new Error('There is no room for a post on the disk of the journal.'), { code: 'ENOSPC' });
    this.#last = undefined;
  }
}

function hasRoom(directory: string): boolean {
  accessSync(directory, constants.W_OK);
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize >= sqliteLimits.journalRoomBytes;
}

/** Why nothing can be written, without file names. */
export function refusalOf(error: unknown): string | undefined {
  const { code } = error as NodeJS.ErrnoException;
  if (codeOf(error) === sqliteFull || code === 'ENOSPC' || code === 'EDQUOT') return 'Its disk is full.';
  if (isOutOfReach(error) || code === 'EROFS' || code === 'EACCES') return 'Its disk is read-only.';
  if (code === 'ENOENT') return movedAway;
  return undefined;
}

export const movedAway = 'Its files were moved or replaced.';

import { JournalRefused, JournalUnavailable } from '../engine.ts';

/** What a failure of SQLite says of the file. */

const sqliteReadOnly = 8;
const sqliteCorrupt = 11;
export const sqliteFull = 13;
const sqliteCannotOpen = 14;
const sqliteNotADatabase = 26;

/** SQLite's extended result code, where the error is SQLite's. */
export function codeOf(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : undefined;
}

export function isDamage(error: unknown): boolean {
  const code = codeOf(error);
  return code !== undefined && [sqliteCorrupt, sqliteNotADatabase].includes(code & 0xff);
}

/** Nothing may be written where it lies, or it may not be read. */
export function isOutOfReach(error: unknown): boolean {
  const code = codeOf(error);
  return code !== undefined && [sqliteReadOnly, sqliteCannotOpen].includes(code & 0xff);
}

/**
 * Why a journal could not be opened or walked, for whoever looks after it: `JournalRefused` where the file is damaged,
 * `JournalUnavailable` where it cannot be used now. What is not of SQLite stays as it is.
 */
export function notUsable(error: unknown, file: string): unknown {
  if (!(error instanceof Error) || codeOf(error) === undefined) return error;
  const { message } = error;
  const remedy = isOutOfReach(error) ? ' This process must be able to read and to write it and its directory.' : '';
  return isDamage(error)
    ? new JournalRefused(`The journal ${file} is damaged: ${message}. Restore the data directory from a backup.`, {
        cause: error,
      })
    : new JournalUnavailable(`The journal ${file} cannot be used: ${message}.${remedy}`, 'unchanged', { cause: error });
}

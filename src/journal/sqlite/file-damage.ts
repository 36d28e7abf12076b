import { JournalRefused, JournalUnavailable } from '../engine.ts';

/** What an error of SQLite says about the file. */

const sqliteReadOnly = 8;
const sqliteCorrupt = 11;
export const sqliteFull = 13;
const sqliteCannotOpen = 14;
const sqliteNotADatabase = 26;

/** The extended result code of an SQLite error. */
export function codeOf(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : undefined;
}

export function isDamage(error: unknown): boolean {
  const code = codeOf(error);
  return code !== undefined && [sqliteCorrupt, sqliteNotADatabase].includes(code & 0xff);
}

/** The file cannot be written or opened. */
export function isOutOfReach(error: unknown): boolean {
  const code = codeOf(error);
  return code !== undefined && [sqliteReadOnly, sqliteCannotOpen].includes(code & 0xff);
}

/**
 * Converts an error from opening or reading a journal into one for the operator: `JournalRefused` if the file is damaged,
 * `JournalUnavailable` if it cannot be used now. Other errors are returned unchanged.
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

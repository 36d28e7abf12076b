import type { DatabaseSync } from 'node:sqlite';
import { JournalRefused } from '../engine.ts';
import { type Mark, markText, readMark, whyNoStart } from '../migrate/marks.ts';
import { type Sql, statements } from './statements.ts';

/** The mark of a migration in the journal. See `marks.ts`. */
export function markOf(sql: Sql): Mark | undefined {
  return readMark(sql('SELECT mark FROM migration').get()?.mark as string | undefined);
}

/** Undefined: no mark. Call in a transaction. */
export function storeMark(sql: Sql, mark: Mark | undefined): void {
  sql('DELETE FROM migration').run();
  if (mark !== undefined) sql('INSERT INTO migration (n, mark) VALUES (1, ?)').run(markText(mark));
}

/** Throws `JournalRefused` if no server may start on the journal. */
export function refuseMarked(db: DatabaseSync): void {
  const why = whyNoStart(markOf(statements(db)));
  if (why !== undefined) throw new JournalRefused(why);
}

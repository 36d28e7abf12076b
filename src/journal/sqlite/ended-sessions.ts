import type { SessionEnd } from '../ended-sessions.ts';
import type { Sql } from './statements.ts';

/** See `SessionStore.endSession`. */
export function endSession(sql: Sql, { add, remove }: SessionEnd): null {
  for (const line of remove) sql('DELETE FROM endedSessions WHERE line = ?').run(line);
  for (const line of add) sql('INSERT OR IGNORE INTO endedSessions (line) VALUES (?)').run(line);
  return null;
}

/** See `SessionStore.sessionKey`. `made` is stored if there is no key. */
export function sessionKey(sql: Sql, { made }: { made: string }): string {
  sql('INSERT OR IGNORE INTO sessionKey (n, key) VALUES (1, ?)').run(made);
  return sql('SELECT key FROM sessionKey').get()?.key as string;
}

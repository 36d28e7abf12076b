import type { ServerFacts } from '../../protocol/model.ts';
import type { SessionEnd } from '../ended-sessions.ts';
import { recordFacts } from './server-journal.ts';
import type { Sql } from './statements.ts';

/** See `SessionStore.endSession`. `facts` are recorded unless the session was ended before. */
export function endSession(sql: Sql, { add, remove, facts }: SessionEnd & { facts: readonly ServerFacts[] }): null {
  for (const line of remove) sql('DELETE FROM endedSessions WHERE line = ?').run(line);
  const added = add.map((line) => sql('INSERT OR IGNORE INTO endedSessions (line) VALUES (?)').run(line).changes);
  if (added[0]) recordFacts(sql, facts);
  return null;
}

/** See `SessionStore.sessionKey`. `made` is stored if there is no key. */
export function sessionKey(sql: Sql, { made }: { made: string }): string {
  sql('INSERT OR IGNORE INTO sessionKey (n, key) VALUES (1, ?)').run(made);
  return sql('SELECT key FROM sessionKey').get()?.key as string;
}

import type { ServerFacts } from '../../protocol/model.ts';
import { newRoot, nextCheck } from '../hash-chain.ts';
import { factsOfBeginning, factsOfFound, type StoredServerEntry, serverDigest } from '../server-journal.ts';
import type { Sql } from './statements.ts';

/** The server's own journal, in the table `serverEntries`. */

interface Head {
  root: string;
  offset: number;
  check: string;
}

/** Call in the transaction that makes the recorded changes. */
export function recordFacts(sql: Sql, facts: readonly ServerFacts[]): void {
  if (facts.length === 0) return;
  const last = sql('SELECT root, offset, "check" FROM serverEntries ORDER BY offset DESC LIMIT 1').get() as unknown as
    | Head
    | undefined;
  const root = last?.root ?? newRoot();
  let { offset, check } = last ?? { offset: 0, check: root };
  for (const fact of facts) {
    offset += 1;
    check = nextCheck(check, offset, serverDigest(fact));
    insertServerEntry(sql, root, { ...fact, offset, check });
  }
}

export function insertServerEntry(sql: Sql, root: string, entry: StoredServerEntry): void {
  const { offset, type, subject, detail, at, by, check } = entry;
  sql('INSERT INTO serverEntries (offset, root, type, subject, detail, at, by, "check") VALUES (?, ?, ?, ?, ?, ?, ?, ?)').run(
    offset,
    root,
    type,
    subject,
    detail,
    at,
    by,
    check,
  );
}

/** Records the facts unless there is an entry with this type and subject. */
export function recordOnce(sql: Sql, facts: ServerFacts): null {
  const before = sql('SELECT 1 FROM serverEntries WHERE type = ? AND subject = ?').get(facts.type, facts.subject);
  if (before === undefined) recordFacts(sql, [facts]);
  return null;
}

/** Begins the journal, and records the position of each channel that already exists. */
export function beginServerJournal(sql: Sql, now: number): void {
  const channels = sql('SELECT id, head AS offset, headCheck AS "check" FROM channels ORDER BY n').all();
  const found = channels.map((row) => {
    const { id, offset, check } = row as unknown as { id: string; offset: number; check: string };
    return factsOfFound(id, { offset, check }, now);
  });
  recordFacts(sql, [factsOfBeginning(now), ...found]);
}

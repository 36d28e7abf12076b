import type { DatabaseSync, StatementSync } from 'node:sqlite';

export type Sql = (text: string) => StatementSync;

/** Prepares each statement once, by its text. */
export function statements(db: DatabaseSync): Sql {
  const prepared = new Map<string, StatementSync>();
  return (text) => {
    const known = prepared.get(text);
    if (known !== undefined) return known;
    const made = db.prepare(text);
    prepared.set(text, made);
    return made;
  };
}

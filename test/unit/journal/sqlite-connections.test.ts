import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { expect, it, onTestFinished } from 'vitest';
import { openForReading, openForWriting } from '../../../src/journal/sqlite/schema.ts';
import { sqliteLimits } from '../../../src/journal/sqlite/sqlite-limits.ts';

const setting = (db: DatabaseSync, name: string) => Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0];

it('the connections of the embedded journal have the waits for a lock, the cache and the log of the table of limits', () => {
  const directory = mkdtempSync(join(tmpdir(), 'pressbox-sqlite-'));
  const file = join(directory, 'journal.db');
  const [writer, reader] = [openForWriting(file), openForReading(file)];
  onTestFinished(() => {
    for (const db of [reader, writer]) db.close();
    rmSync(directory, { recursive: true });
  });
  const { journalLockMs, journalReadLockMs, journalCacheBytes, journalLogBytes } = sqliteLimits;
  expect([setting(writer, 'busy_timeout'), setting(reader, 'busy_timeout')]).toEqual([journalLockMs, journalReadLockMs]);
  // In KiB, which SQLite marks by the sign.
  expect(setting(writer, 'cache_size')).toBe(-journalCacheBytes / 1024);
  expect(setting(writer, 'journal_size_limit')).toBe(journalLogBytes);
});

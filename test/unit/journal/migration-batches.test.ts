import { expect, it, onTestFinished } from 'vitest';
import type { MovedEntry } from '../../../src/journal/migrate/movable-store.ts';
import { batchesOf } from '../../../src/journal/redis/migrate/redis-store.ts';
import { redisLimits } from '../../../src/journal/redis/redis-limits.ts';
import { openSqliteSource } from '../../../src/journal/sqlite/migrate/sqlite-store.ts';
import { sqliteLimits } from '../../../src/journal/sqlite/sqlite-limits.ts';
import { openTempEngine } from '../../support/stores/engines.ts';

const entry = (bytes: number | null) => ({ text: bytes === null ? null : { bytes } }) as MovedEntry;
const sizes = (entries: MovedEntry[]) => [...batchesOf(entries)].map(({ length }) => length);

async function all<T>(batches: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const batch of batches) found.push(batch);
  return found;
}

it('a migration writes migratedEntries entries to Redis at a time, and migratedBytes of their texts, or one entry', () => {
  const { migratedEntries, migratedBytes } = redisLimits;
  expect(sizes(Array(migratedEntries + 1).fill(entry(null)))).toEqual([migratedEntries, 1]);
  const half = migratedBytes / 2;
  expect(sizes([entry(half), entry(half), entry(1)])).toEqual([2, 1]);
  expect(sizes([entry(half), entry(half + 1), entry(2 * migratedBytes), entry(1)])).toEqual([1, 1, 1, 1]);
});

it('a migration reads migratedRows rows of the embedded journal at a time, and all of them', async () => {
  const { engine, dataDir, close } = await openTempEngine();
  onTestFinished(close);
  const { migratedRows } = sqliteLimits;
  await Promise.all(Array.from({ length: migratedRows + 1 }, (_, nth) => engine.revoke(`token-${nth}`, null, 'ed')));
  await using source = openSqliteSource(dataDir);
  const entries = await all(source.serverEntries(1));
  expect(entries[0]).toHaveLength(migratedRows);
  expect(entries.flat().map(({ offset }) => offset)).toEqual(entries.flat().map((_, at) => at + 1));
  expect(entries.flat().filter(({ type }) => type === 'token.revoked')).toHaveLength(migratedRows + 1);
  const records = await all(source.records());
  expect(records[0]).toHaveLength(migratedRows);
  expect(records.flat().filter(({ kind }) => kind === 'revoked')).toHaveLength(migratedRows + 1);
});

import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { makeDirectory, syncDirectory } from '../../../make-directory.ts';
import { JournalRefused, JournalUnavailable } from '../../engine.ts';
import { isNotEmpty, type Mark, noLongerFilled } from '../../migrate/marks.ts';
import type { ChainHead, MovableStore, MovedEntry, MovedServerEntry, StateRecord } from '../../migrate/movable-store.ts';
import { lockDirectory, logOf, makePrivate } from '../data-directory.ts';
import { notUsable } from '../file-damage.ts';
import { markOf, storeMark } from '../migration-mark.ts';
import { migrations, openForWriting } from '../schema.ts';
import { insertServerEntry } from '../server-journal.ts';
import { sqliteLimits } from '../sqlite-limits.ts';
import { type Sql, statements } from '../statements.ts';
import { journalName, openReadable } from '../verify.ts';
import { clearRecords, completeServerJournal, loadEntries, loadRecord } from './load.ts';
import { channelIdsIn, entriesIn, headIn, isDeletedIn, readRecords, serverEntriesIn } from './read.ts';

const { migrationLockMs: waitMs } = sqliteLimits;

/**
 * The embedded journal as the source of a migration. A server may have it open: its writer thread looks for the mark in each of
 * its transactions. Throws `JournalRefused` if there is no journal, or if a server of an earlier version has it open.
 */
export function openSqliteSource(dataDir: string): MovableStore {
  const file = join(dataDir, journalName);
  const readable = openReadable(file);
  let version: number;
  try {
    version = readable.prepare('PRAGMA user_version').get()?.user_version as number;
  } finally {
    readable.close();
  }
  if (version < migrations.length) upgrade(dataDir, file);
  return new SqliteStore(dataDir, openedForWriting(file), undefined);
}

/** Upgrades the tables, which only servers of this version understand. */
function upgrade(dataDir: string, file: string): void {
  let unlock: () => void;
  try {
    unlock = lockDirectory(dataDir);
  } catch (error) {
    if (!(error instanceof JournalRefused)) throw error;
    const why = `A server of an earlier version has the journal in ${dataDir} open. Restart it with this version first.`;
    throw new JournalRefused(why, { cause: error });
  }
  try {
    openedForWriting(file).close();
  } finally {
    unlock();
  }
}

function openedForWriting(file: string): DatabaseSync {
  try {
    return openForWriting(file, { waitMs });
  } catch (error) {
    throw notUsable(error, file);
  }
}

/** A data directory as the target. It is locked until the store is closed, so that no server starts on it. */
export function openSqliteTarget(dataDir: string): MovableStore {
  makeDirectory(dataDir);
  const unlock = lockDirectory(dataDir);
  try {
    const file = join(dataDir, journalName);
    const journal = existsSync(file);
    if (journal) refuseEarlierTables(dataDir, file);
    else refuseRemains(dataDir, file);
    return new SqliteStore(dataDir, journal ? openedForWriting(file) : undefined, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

/** SQLite would add the log of a lost journal to the new one. */
function refuseRemains(dataDir: string, file: string): void {
  const log = [logOf(file), `${file}-journal`].find((path) => existsSync(path));
  if (log === undefined) return;
  throw new JournalRefused(
    `${dataDir} has the log of a journal, ${basename(log)}, without the journal. Put the journal back, or use an empty directory.`,
  );
}

/** A journal that no migration can have begun is not changed, not even its tables. */
function refuseEarlierTables(dataDir: string, file: string): void {
  const db = openReadable(file);
  try {
    if (db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'migration'").get() !== undefined) return;
  } catch (error) {
    throw notUsable(error, file);
  } finally {
    db.close();
  }
  throw new JournalRefused(isNotEmpty(dataDir));
}

class SqliteStore implements MovableStore {
  readonly name: string;
  readonly #file: string;
  readonly #unlock: (() => void) | undefined;
  /** Undefined: there is no journal yet. */
  #db: DatabaseSync | undefined;
  #sql: Sql | undefined;
  /** The id of the migration that this process fills the store for. */
  #filling: string | undefined;

  constructor(dataDir: string, db: DatabaseSync | undefined, unlock: (() => void) | undefined) {
    this.name = dataDir;
    this.#file = join(dataDir, journalName);
    this.#unlock = unlock;
    this.#use(db);
  }

  #use(db: DatabaseSync | undefined): void {
    this.#db = db;
    this.#sql = db && statements(db);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#db?.close();
    this.#unlock?.();
  }

  async state() {
    if (this.#sql === undefined) return { status: 'empty' } as const;
    return { status: 'used', mark: markOf(this.#sql) } as const;
  }

  async stopWrites(id: string): Promise<boolean> {
    return this.#changeMark((mark) => {
      if (mark?.kind === 'moved') return mark.id === id ? mark : false;
      return mark === undefined || mark.kind === 'filled' ? { kind: 'moved', id } : false;
    });
  }

  async isStopped(id: string): Promise<boolean> {
    const mark = markOf(this.#opened);
    return mark?.kind === 'moved' && mark.id === id;
  }

  async resumeWrites(id: string): Promise<boolean> {
    return this.#changeMark((mark) => (mark?.kind === 'moved' && mark.id === id ? undefined : false));
  }

  async beginFilling(id: string, before?: string): Promise<boolean> {
    this.#filling = id;
    if (this.#db !== undefined)
      return this.#changeMark((mark) => (mark?.kind === 'abandoned' && mark.id === before ? { kind: 'filling', id } : false));
    // The journal appears with its mark, so that no server starts on it.
    const draft = `${this.#file}.${id}.part`;
    try {
      makePrivate(draft);
      const db = openedForWriting(draft);
      try {
        const sql = statements(db);
        db.exec('BEGIN IMMEDIATE');
        sql('DELETE FROM serverEntries').run();
        storeMark(sql, { kind: 'filling', id });
        db.exec('COMMIT');
      } finally {
        db.close();
      }
      const descriptor = openSync(draft, 'r+');
      fsyncSync(descriptor);
      closeSync(descriptor);
      renameSync(draft, this.#file);
      syncDirectory(this.name);
    } finally {
      for (const path of [draft, logOf(draft), `${draft}-shm`]) rmSync(path, { force: true });
    }
    this.#use(openedForWriting(this.#file));
    return this.continueFilling(id);
  }

  /** The lock of the directory keeps other processes away. */
  async continueFilling(id: string): Promise<boolean> {
    const mark = markOf(this.#opened);
    if (mark?.kind !== 'filling' || mark.id !== id) return false;
    this.#filling = id;
    return true;
  }

  async open(id: string, now: number): Promise<boolean> {
    return this.#transact((sql) => {
      const mark = markOf(sql);
      if (mark?.kind !== 'filling' || mark.id !== id) return false;
      completeServerJournal(sql, now);
      storeMark(sql, { kind: 'filled', id });
      return true;
    });
  }

  async abandon(id: string): Promise<boolean> {
    return this.#changeMark((mark) => {
      const isIts = mark?.id === id && (mark.kind === 'filling' || mark.kind === 'abandoned');
      return isIts ? { kind: 'abandoned', id } : false;
    });
  }

  /** `next` returns false if the mark must not be changed. */
  #changeMark(next: (mark: Mark | undefined) => Mark | undefined | false): boolean {
    return this.#transact((sql) => {
      const mark = next(markOf(sql));
      if (mark === false) return false;
      storeMark(sql, mark);
      return true;
    });
  }

  // ---- Reading

  async *channelIds(): AsyncGenerator<string> {
    for (const id of channelIdsIn(this.#opened)) yield id;
  }

  async head(channelId: string | null): Promise<ChainHead | undefined> {
    return headIn(this.#opened, channelId);
  }

  async isDeleted(channelId: string): Promise<boolean> {
    return isDeletedIn(this.#opened, channelId);
  }

  entries(channelId: string, from: number): AsyncGenerator<MovedEntry[]> {
    return inPages(from, (next) => entriesIn(this.#opened, channelId, next));
  }

  serverEntries(from: number): AsyncGenerator<MovedServerEntry[]> {
    return inPages(from, (next) => serverEntriesIn(this.#opened, next));
  }

  async *records(): AsyncGenerator<StateRecord[]> {
    let some: StateRecord[] = [];
    for (const record of readRecords(this.#opened)) {
      some.push(record);
      if (some.length < sqliteLimits.migratedRows) continue;
      yield some;
      some = [];
    }
    yield some;
  }

  // ---- Loading

  async loadEntries(channelId: string, root: string, entries: readonly MovedEntry[]): Promise<void> {
    this.#fill((sql) => loadEntries(sql, channelId, root, entries));
  }

  async loadServerEntries(entries: readonly MovedServerEntry[]): Promise<void> {
    this.#fill((sql) => {
      for (const { root, ...entry } of entries) insertServerEntry(sql, root, entry);
    });
  }

  async clearRecords(): Promise<void> {
    this.#fill(clearRecords);
  }

  async loadRecords(records: readonly StateRecord[]): Promise<void> {
    this.#fill((sql) => {
      for (const record of records) loadRecord(sql, record);
    });
  }

  #fill(act: (sql: Sql) => void): void {
    this.#transact((sql) => {
      const mark = markOf(sql);
      if (mark?.kind !== 'filling' || mark.id !== this.#filling) throw new JournalRefused(noLongerFilled(this.name));
      act(sql);
    });
  }

  get #opened(): Sql {
    if (this.#sql === undefined) throw new JournalUnavailable(`There is no journal in ${this.name}.`, 'unchanged');
    return this.#sql;
  }

  #transact<T>(act: (sql: Sql) => T): T {
    const sql = this.#opened;
    const db = this.#db as DatabaseSync;
    try {
      db.exec('BEGIN IMMEDIATE');
      const done = act(sql);
      db.exec('COMMIT');
      return done;
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw notUsable(error, this.#file);
    }
  }
}

async function* inPages<T extends { offset: number }>(from: number, read: (from: number) => T[]): AsyncGenerator<T[]> {
  for (let next = from; ; ) {
    const page = read(next);
    if (page.length > 0) yield page;
    const last = page.at(-1);
    if (last === undefined || page.length < sqliteLimits.migratedRows) return;
    next = last.offset + 1;
  }
}

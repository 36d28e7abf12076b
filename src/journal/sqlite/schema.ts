import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { activityOf } from '../activity-order.ts';
import { JournalRefused } from '../engine.ts';
import { channelFrom } from '../entry-record.ts';
import { countAll } from './counts.ts';
import { beginServerJournal } from './server-journal.ts';
import { sqliteLimits } from './sqlite-limits.ts';
import { type Sql, statements } from './statements.ts';

/**
 * The tables, the migrations between their versions, and how connections are set up.
 *
 * All text is in the table `texts`, and erasing relies on how that table is written: a row is inserted after all others, never
 * grows, never moves, and is emptied but never deleted. So SQLite has no reason to copy a row to another page. `secure_delete`
 * would not overwrite a copy in the unused part of a page. Facts are not erased and may be anywhere.
 */
export type Migration = (db: DatabaseSync) => void;

export const migrations: readonly Migration[] = [
  (db) =>
    db.exec(`
      CREATE TABLE channels (
        n INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        root TEXT NOT NULL,
        head INTEGER NOT NULL,
        headCheck TEXT NOT NULL,
        revision INTEGER NOT NULL,
        state TEXT NOT NULL,
        access TEXT NOT NULL,
        created INTEGER NOT NULL,
        pinned TEXT,
        latestPostAt TEXT,
        last INTEGER NOT NULL,
        text INTEGER NOT NULL
      ) STRICT;
      CREATE INDEX channelsByTime ON channels (created, id);
      CREATE INDEX channelsByState ON channels (state, created, id);

      CREATE TABLE posts (
        channel INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        id TEXT NOT NULL,
        publishedAt TEXT NOT NULL,
        revision INTEGER NOT NULL,
        erased INTEGER NOT NULL,
        last INTEGER NOT NULL,
        text INTEGER NOT NULL,
        PRIMARY KEY (channel, seq)
      ) STRICT, WITHOUT ROWID;
      CREATE UNIQUE INDEX postsById ON posts (channel, id);
      CREATE UNIQUE INDEX postsByChange ON posts (channel, last);

      CREATE TABLE entries (
        channel INTEGER NOT NULL,
        offset INTEGER NOT NULL,
        type TEXT NOT NULL,
        seq INTEGER,
        revision INTEGER NOT NULL,
        kind TEXT,
        at TEXT NOT NULL,
        by TEXT NOT NULL,
        listed INTEGER NOT NULL,
        content TEXT NOT NULL,
        "check" TEXT NOT NULL,
        text INTEGER NOT NULL,
        PRIMARY KEY (channel, offset)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX entriesByPost ON entries (channel, seq, revision) WHERE seq IS NOT NULL;
      CREATE INDEX entriesListed ON entries (channel, offset) WHERE listed = 1;

      CREATE TABLE texts (
        id INTEGER PRIMARY KEY,
        salt TEXT,
        version TEXT,
        bytes INTEGER,
        bodyBytes INTEGER,
        headline TEXT,
        note TEXT,
        html TEXT,
        state TEXT
      ) STRICT;

      CREATE TABLE tags (
        channel INTEGER NOT NULL,
        tag TEXT NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (channel, tag, seq)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX tagsByPost ON tags (channel, seq);

      CREATE TABLE requests (
        channelId TEXT NOT NULL,
        id TEXT NOT NULL,
        made INTEGER NOT NULL,
        fingerprint TEXT NOT NULL,
        salt TEXT,
        text INTEGER,
        epoch TEXT,
        offset INTEGER,
        "check" TEXT,
        postId TEXT,
        revision INTEGER NOT NULL,
        PRIMARY KEY (channelId, id)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX requestsByTime ON requests (made);

      CREATE TABLE reservations (
        requestId TEXT PRIMARY KEY,
        channelId TEXT NOT NULL,
        made INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX reservationsByTime ON reservations (made);

      CREATE TABLE deleted (
        id TEXT PRIMARY KEY,
        access TEXT NOT NULL
      ) STRICT, WITHOUT ROWID;

      -- Erasures that may be incomplete. If n is set, the rows of that channel number must still be deleted.
      CREATE TABLE owed (
        channelId TEXT NOT NULL,
        postId TEXT NOT NULL,
        n INTEGER,
        PRIMARY KEY (channelId, postId)
      ) STRICT, WITHOUT ROWID;
    `),
  (db) =>
    db.exec(`
      -- Tokens that are refused. until: milliseconds since 1970, NULL for ever.
      CREATE TABLE revoked (
        jti TEXT PRIMARY KEY,
        until INTEGER
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX revokedByTime ON revoked (until);
    `),
  (db) =>
    db.exec(`
      -- Sessions that were signed out, as EndedSessions writes them.
      CREATE TABLE endedSessions (line TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
      -- The key that signs sessions if no secret is configured: one row, base64url.
      CREATE TABLE sessionKey (n INTEGER PRIMARY KEY CHECK (n = 1), key TEXT NOT NULL) STRICT;
    `),
  // The last revision that an entry erased. NULL: the entry erased nothing, or is older than erasures in the hash chain.
  (db) => db.exec('ALTER TABLE entries ADD COLUMN erases INTEGER'),
  (db) => {
    db.exec(`
      -- The server's own journal: a separate hash chain of facts without text.
      CREATE TABLE serverEntries (
        offset INTEGER PRIMARY KEY,
        root TEXT NOT NULL,
        type TEXT NOT NULL,
        subject TEXT,
        detail TEXT,
        at TEXT NOT NULL,
        by TEXT NOT NULL,
        "check" TEXT NOT NULL
      ) STRICT;
    `);
    beginServerJournal(statements(db), Date.now());
  },
  (db) => {
    // The counts of the channel at its head: published posts, key events among them, and listed entries.
    db.exec(`
      ALTER TABLE channels ADD COLUMN postCount INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE channels ADD COLUMN keyEventCount INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE channels ADD COLUMN correctionCount INTEGER NOT NULL DEFAULT 0;
    `);
    countAll(statements(db));
  },
  (db) => {
    // The date that orders lists by activity. See `activityOf`.
    db.exec(`
      ALTER TABLE channels ADD COLUMN activity TEXT NOT NULL DEFAULT '';
      CREATE INDEX channelsByActivity ON channels (state, activity, id);
    `);
    const place = db.prepare('UPDATE channels SET activity = ? WHERE n = ?');
    const all = db.prepare('SELECT c.n, c.latestPostAt, t.state FROM channels c JOIN texts t ON t.id = c.text').all();
    for (const { n, latestPostAt, state } of all as { n: number; latestPostAt: string | null; state: string }[])
      place.run(activityOf({ ...channelFrom(state), latestPostAt }), n);
  },
  (db) =>
    db.exec(`
      -- The mark of a migration to or from another store: one row, or none. See marks.ts.
      CREATE TABLE migration (n INTEGER PRIMARY KEY CHECK (n = 1), mark TEXT NOT NULL) STRICT;
      -- The secret with which Redis sealed the fingerprint of a noted request, if the request was moved from there.
      ALTER TABLE requests ADD COLUMN seal TEXT;
    `),
];

/** Since 3.51, SQLite reports the length of the log without copying it. */
const reportsLogLength = Number(process.versions.sqlite?.split('.')[1]) >= 51;
const { journalLogBytes: logBytes, journalLockMs: lockWaitMs, journalReadLockMs, journalCacheBytes } = sqliteLimits;

const logPages = logBytes / 4096;

/**
 * Copies a long log into the journal. Call after each commit. Throws if the copy fails. Older versions of SQLite copy the log
 * automatically and do not report failures, such as a failed sync.
 */
export function copyLog(sql: Sql): void {
  if (!reportsLogLength) return;
  const log = sql('PRAGMA wal_checkpoint(NOOP)').get()?.log as number;
  if (log >= logPages) sql('PRAGMA wal_checkpoint(PASSIVE)').get();
}

/**
 * The writing connection: each commit is on disk when it returns, erased bytes are overwritten, and nothing goes to temporary
 * files. Throws `JournalRefused` if the schema is of a newer version or the file is not a journal.
 */
export function openForWriting(file: string, { waitMs = lockWaitMs as number } = {}): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: waitMs });
  try {
    db.exec(`
      PRAGMA auto_vacuum = NONE;
      PRAGMA secure_delete = ON;
      PRAGMA temp_store = MEMORY;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA fullfsync = ON;
      PRAGMA checkpoint_fullfsync = ON;
      PRAGMA journal_size_limit = ${logBytes};
      PRAGMA wal_autocheckpoint = ${reportsLogLength ? 0 : logPages};
      PRAGMA cache_size = -${journalCacheBytes / 1024};
    `);
    migrate(db);
    // SQLite opens a read-only file without an error, and only a write fails. This write makes it fail now.
    db.exec(`BEGIN IMMEDIATE; PRAGMA user_version = ${migrations.length}; ROLLBACK`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** `unchanging`: nobody writes to the file, so SQLite need not create files beside it. */
export function openForReading(file: string, { unchanging = false } = {}): DatabaseSync {
  const location = unchanging ? Object.assign(pathToFileURL(file), { search: 'immutable=1' }) : file;
  const db = new DatabaseSync(location, { readOnly: true, timeout: journalReadLockMs });
  db.exec('PRAGMA temp_store = MEMORY');
  return db;
}

/** Migrates the tables, each step in its own transaction. */
export function migrate(db: DatabaseSync, steps: readonly Migration[] = migrations): void {
  const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number };
  if (version > steps.length) {
    throw new JournalRefused(
      `The journal was written by a newer Pressbox (its schema has version ${version}, this version supports up to ${steps.length}). Run the newer version.`,
    );
  }
  for (const [index, step] of steps.entries()) {
    if (index < version) continue;
    db.exec('BEGIN IMMEDIATE');
    try {
      step(db);
      db.exec(`PRAGMA user_version = ${index + 1}; COMMIT`);
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  }
}

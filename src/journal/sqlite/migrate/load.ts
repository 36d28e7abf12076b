import type { AuthorPost } from '../../../protocol/model.ts';
import { withEveryField } from '../../../protocol/post-fields.ts';
import { activityWithoutPosts } from '../../activity-order.ts';
import { channelFrom } from '../../entry-record.ts';
import type { MovedEntry, RequestRecord, StateRecord } from '../../migrate/movable-store.ts';
import { tagsOf } from '../../post-tags.ts';
import { factsOfFound } from '../../server-journal.ts';
import { createChannel, emptyChannel, eraseThrough, findChannel, type PlaceableEntry, storeEntry, storeHead } from '../append.ts';
import { countsIn } from '../counts.ts';
import { addPendingErasure } from '../erasure.ts';
import { beginServerJournal, recordFacts } from '../server-journal.ts';
import type { Sql } from '../statements.ts';

/** Writes what a migration moves. Call in a transaction. */

/** Appends entries, which begin after the head of the channel. */
export function loadEntries(sql: Sql, channelId: string, root: string, entries: readonly MovedEntry[]): void {
  const [first] = entries;
  if (first === undefined) return;
  const found = findChannel(sql, channelId);
  const channel = found ?? {
    ...emptyChannel,
    n: createChannel(sql, channelId, root, placeable(first)),
    root,
    headCheck: root,
  };
  let counts = countsIn(channel);
  for (const moved of entries) {
    const { offset, check } = moved;
    const entry = placeable(moved);
    const stored = storeEntry(sql, channel, entry, { offset, check, counts });
    counts = stored.counts;
    if (entry.post && entry.post.erases > 0) eraseThrough(sql, channelId, channel.n, entry, stored.seq as number);
  }
  const last = entries.at(-1) as MovedEntry;
  storeHead(sql, channel.n, { head: last.offset, headCheck: last.check }, counts);
}

function placeable({ facts, listed, content, text, erasedThrough, publishedAt }: MovedEntry): PlaceableEntry {
  const stored = { facts, listed, content, text: text ?? undefined };
  if (facts.postId === null) {
    const channel = channelFrom(text?.state as string);
    const { state, access, createdAt, pinnedPostId } = channel;
    return { ...stored, channel: { state, access, createdAt, pinnedPostId, activity: activityWithoutPosts(channel) } };
  }
  // A revision whose text is erased has a later one, which brings the tags of the post.
  const tags = text === null ? [] : tagsOf(withEveryField(JSON.parse(text.state) as Omit<AuthorPost, 'seq' | 'html'>));
  return { ...stored, post: { id: facts.postId, publishedAt: publishedAt ?? '', tags, erases: erasedThrough } };
}

export function clearRecords(sql: Sql): void {
  for (const table of ['requests', 'reservations', 'revoked', 'endedSessions', 'sessionKey']) sql(`DELETE FROM ${table}`).run();
}

export function loadRecord(sql: Sql, record: StateRecord): void {
  switch (record.kind) {
    case 'clock':
      // The clock of this engine is the time of its last request.
      return;
    case 'deleted':
      return loadDeleted(sql, record.channelId, record.access);
    case 'pending': {
      const known = sql('SELECT n FROM owed WHERE channelId = ? AND postId = ?').get(record.channelId, record.postId ?? '');
      if (known === undefined) addPendingErasure(sql, record.channelId, record.postId, null);
      return;
    }
    case 'request':
      return loadRequest(sql, record);
    case 'reservation': {
      const { requestId, channelId, made } = record;
      sql('INSERT INTO reservations (requestId, channelId, made) VALUES (?, ?, ?)').run(requestId, channelId, made);
      return;
    }
    case 'revoked':
      sql('INSERT INTO revoked (jti, until) VALUES (?, ?)').run(record.jti, record.until);
      return;
    case 'ended':
      sql('INSERT INTO endedSessions (line) VALUES (?)').run(record.line);
      return;
    case 'sessionKey':
      sql('INSERT INTO sessionKey (n, key) VALUES (1, ?)').run(record.key);
      return;
  }
}

/** The rows of a channel that was loaded before it was deleted are erased when a server starts. */
function loadDeleted(sql: Sql, channelId: string, access: string): void {
  sql('INSERT OR REPLACE INTO deleted (id, access) VALUES (?, ?)').run(channelId, access);
  const loaded = findChannel(sql, channelId);
  if (loaded === undefined) return;
  sql('DELETE FROM channels WHERE n = ?').run(loaded.n);
  sql('DELETE FROM owed WHERE channelId = ?').run(channelId);
  addPendingErasure(sql, channelId, null, loaded.n);
}

function loadRequest(sql: Sql, record: RequestRecord): void {
  const { channelId, id, made, fingerprint, salt, postId, revision, position } = record;
  const own = salt !== null && salt !== 'revision' ? salt : undefined;
  sql(
    `INSERT INTO requests (channelId, id, made, fingerprint, salt, seal, text, epoch, offset, "check", postId, revision)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ).run(
    channelId,
    id,
    made,
    fingerprint,
    own?.own ?? null,
    own?.seal ?? null,
    salt === 'revision' ? textOf(sql, record) : null,
    position?.epoch ?? null,
    position?.offset ?? null,
    position?.check ?? null,
    postId,
    revision,
  );
}

/** The text that the request wrote. No index finds revisions of the channel, so the search begins at the position of the request. */
function textOf(sql: Sql, { channelId, postId, revision, position }: RequestRecord): number | null {
  const found =
    postId === null
      ? sql(
          `SELECT e.text FROM channels c JOIN entries e ON e.channel = c.n
           WHERE c.id = ? AND e.seq IS NULL AND e.revision = ? AND e.offset <= ? ORDER BY e.offset DESC LIMIT 1`,
        ).get(channelId, revision, position?.offset ?? Number.MAX_SAFE_INTEGER)
      : sql(
          `SELECT e.text FROM channels c JOIN posts p ON p.channel = c.n AND p.id = ?
             JOIN entries e ON e.channel = c.n AND e.seq = p.seq AND e.revision = ?
           WHERE c.id = ?`,
        ).get(postId, revision, channelId);
  return (found?.text as number | undefined) ?? null;
}

/**
 * Records what Redis may not have recorded: a journal that no server has begun, and channels that a server of an earlier version
 * created.
 */
export function completeServerJournal(sql: Sql, now: number): void {
  if (sql('SELECT 1 FROM serverEntries').get() === undefined) return beginServerJournal(sql, now);
  // Collected once: nothing indexes the subjects, so a search for each channel would read all entries each time.
  const mentioned =
    "SELECT subject FROM serverEntries WHERE type IN ('channel.created', 'channel.imported', 'channel.found') AND subject IS NOT NULL";
  const found = sql(`SELECT id, head AS offset, headCheck AS "check" FROM channels WHERE id NOT IN (${mentioned})`).all();
  const facts = found.map((row) => {
    const { id, offset, check } = row as unknown as { id: string; offset: number; check: string };
    return factsOfFound(id, { offset, check }, now);
  });
  recordFacts(sql, facts);
}

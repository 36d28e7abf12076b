import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { digestOf, type Facts, nextCheck } from '../chain.ts';
import { JournalRefused } from '../engine.ts';
import { erasedSalt, hashOf, type Text } from '../record.ts';
import { openForReading } from './schema.ts';

/** Walks the chains of a journal: every fact, and every text that was not erased, against the checks that cursors carry. */
export interface Fault {
  channelId: string;
  /** The first offset at which something does not hold. */
  offset: number;
  why: string;
}

export interface ChannelReport {
  channelId: string;
  entries: number;
  /** Revisions whose text is there and is what was written. */
  texts: number;
  fault?: Fault;
}

/** Throws `JournalRefused` for the first fault, naming channel and offset. Takes time in proportion to the journal. */
export function verifyJournal(db: DatabaseSync): void {
  for (const { fault } of verifyChannels(db)) {
    if (!fault) continue;
    throw new JournalRefused(
      `The journal does not hold: channel ${fault.channelId}, offset ${fault.offset}: ${fault.why}. Restore the data directory from a backup.`,
    );
  }
}

/** The name of the journal in a data directory. */
export const journalName = 'journal.db';

/**
 * Walks the journal of a data directory, which a server may have open meanwhile: it is read as of one moment. An erasure of that time is
 * pending until the walk is over. Throws where there is no journal.
 */
export function* verifyDirectory(dataDir: string): Generator<ChannelReport> {
  const file = join(dataDir, journalName);
  if (!existsSync(file)) throw new JournalRefused(`There is no journal in ${dataDir}.`);
  const db = openForReading(file);
  try {
    db.exec('BEGIN');
    yield* verifyChannels(db);
  } finally {
    db.close();
  }
}

/** A report for each channel, in the order of their ids. */
export function* verifyChannels(db: DatabaseSync): Generator<ChannelReport> {
  const channels = db.prepare('SELECT n, id, root, head, headCheck, revision, last, text FROM channels ORDER BY id').all();
  for (const channel of channels as unknown as ChannelRow[]) yield verifyChannel(db, channel);
}

interface ChannelRow {
  n: number;
  id: string;
  root: string;
  head: number;
  headCheck: string;
  revision: number;
  last: number;
  text: number;
}

interface EntryRow extends Facts, Pick<Text, 'headline' | 'note'> {
  offset: number;
  seq: number | null;
  content: string;
  check: string;
  text: number;
  salt: string | null;
  state: string | null;
  /** Of the post: revisions up to this one were erased. */
  erased: number | null;
}

interface Latest {
  offset: number;
  revision: number;
  text: number;
}

function verifyChannel(db: DatabaseSync, channel: ChannelRow): ChannelReport {
  const rows = db
    .prepare(
      `SELECT e.offset, e.type, p.id AS postId, e.revision, e.kind, e.at, e.by, e.seq, e.content, e."check", e.text, p.erased,
         t.salt, t.headline, t.note, t.state
       FROM entries e LEFT JOIN posts p ON p.channel = e.channel AND p.seq = e.seq LEFT JOIN texts t ON t.id = e.text
       WHERE e.channel = ? ORDER BY e.offset`,
    )
    .iterate(channel.n) as unknown as Iterable<EntryRow>;
  const report: ChannelReport = { channelId: channel.id, entries: 0, texts: 0 };
  const faulty = (offset: number, why: string): ChannelReport => ({
    ...report,
    fault: { channelId: channel.id, offset, why },
  });
  const latest = new Map<number | null, Latest>();
  let { root: check } = channel;
  for (const row of rows) {
    const offset = report.entries + 1;
    if (row.offset !== offset) return faulty(offset, 'the entry is missing');
    check = nextCheck(check, offset, digestOf({ ...row, channelId: channel.id }, row.content));
    if (check !== row.check) return faulty(offset, 'the entry is not the one that was written');
    const why = wrongText(row);
    if (why) return faulty(offset, why);
    report.entries = offset;
    if (row.salt !== null) report.texts++;
    latest.set(row.seq, { offset, revision: row.revision, text: row.text });
  }
  if (channel.head > report.entries) return faulty(report.entries + 1, 'the entry is missing');
  if (channel.head < report.entries) return faulty(channel.head + 1, 'the entry is behind the head');
  if (channel.headCheck !== check) return faulty(channel.head, 'the head is not at the end of the chain');
  const offset = wrongIndex(db, channel, latest);
  return offset === undefined ? report : faulty(offset, 'the state is not the one that the last entry left');
}

function wrongText(row: EntryRow): string | undefined {
  const { salt, state, headline, note } = row;
  // What the text was before it came here, nobody knows.
  if (salt === erasedSalt) return undefined;
  if (salt === null || state === null) {
    return row.erased !== null && row.revision <= row.erased ? undefined : 'the text is missing';
  }
  return hashOf({ salt, state, headline, note }) === row.content ? undefined : 'the text is not the one that was written';
}

/** The offset of a post's or the channel's last entry where the compacted state disagrees with it. */
function wrongIndex(db: DatabaseSync, channel: ChannelRow, latest: Map<number | null, Latest>): number | undefined {
  const agrees = (row: { last: number; revision: number; text: number }, { offset, revision, text }: Latest) =>
    row.last === offset && row.revision === revision && row.text === text;
  const own = latest.get(null);
  if (own === undefined || !agrees(channel, own)) return own?.offset ?? 1;
  latest.delete(null);
  const posts = db.prepare('SELECT seq, last, revision, text FROM posts WHERE channel = ? ORDER BY seq').iterate(channel.n);
  for (const post of posts as unknown as Iterable<{ seq: number; last: number; revision: number; text: number }>) {
    const expected = latest.get(post.seq);
    if (expected === undefined || !agrees(post, expected)) return expected?.offset ?? post.seq;
    latest.delete(post.seq);
  }
  return latest.values().next().value?.offset;
}

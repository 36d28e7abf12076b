import type { Counts } from '../../protocol/model.ts';
import { countedTags } from '../post-tags.ts';
import { tagKey } from './request-keys.ts';
import type { Sql } from './statements.ts';

/** The counts of a channel, kept in its row. An append updates them, so that reading them does not depend on the number of posts. */
export const countColumns = 'postCount, keyEventCount, correctionCount';

export interface CountsRow {
  postCount: number;
  keyEventCount: number;
  correctionCount: number;
}

export function countsIn({ postCount, keyEventCount, correctionCount }: CountsRow): Counts {
  return { posts: postCount, keyEvents: keyEventCount, corrections: correctionCount };
}

interface CountedChannel {
  n: number;
  root: string;
}

/** Counts the posts and entries of a channel, in time that depends on their number. */
export function recount(sql: Sql, { n, root }: CountedChannel): Counts {
  const tagged = (tag: string) => countRows(sql, 'tags WHERE channel = ? AND tag = ?', n, tagKey(root, tag));
  const [keyEvents, others] = [tagged(countedTags[0]), tagged(countedTags[1])];
  const corrections = countRows(sql, 'entries INDEXED BY entriesListed WHERE channel = ? AND listed = 1', n);
  return { posts: keyEvents + others, keyEvents, corrections };
}

export function storeCounts(sql: Sql, channel: number, { posts, keyEvents, corrections }: Counts): void {
  sql('UPDATE channels SET postCount = ?, keyEventCount = ?, correctionCount = ? WHERE n = ?').run(
    posts,
    keyEvents,
    corrections,
    channel,
  );
}

/** For channels of an earlier version. */
export function countAll(sql: Sql): void {
  const channels = sql('SELECT n, root FROM channels').all() as unknown as CountedChannel[];
  for (const channel of channels) storeCounts(sql, channel.n, recount(sql, channel));
}

function countRows(sql: Sql, where: string, ...given: (string | number)[]): number {
  return sql(`SELECT count(*) AS count FROM ${where}`).get(...given)?.count as number;
}

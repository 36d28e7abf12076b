import type { StoredChange } from '../journal/engine.ts';
import { type ReadAgain, type Reading, readAgain } from '../journal/read-guard.ts';
import { formatCursor, type Position } from '../protocol/cursor.ts';
import type { Channel } from '../protocol/model.ts';
import type { Feed, Reader } from './channel-stream.ts';
import { EncodedChange } from './encoded-events.ts';
import { covers, endsBelow, parts, standing } from './positions.ts';
import { readStored, snapshotJson } from './snapshots.ts';
import { fanoutLimits } from './stream-limits.ts';

/**
 * The one answer to "what have I missed since this cursor?", and joining the feed with nothing between the answer and what follows.
 *
 * From the tail it is one tick. From the journal it is not: what was read up to J is given out under the feed's guard, so in the tick in
 * which it came and was valid. Where the tail goes on from J, the reader joins. Otherwise the answer says `more`.
 */
export interface CatchUpQuery {
  after?: Position | undefined;
  /** Changes of a replay. */
  limit: number;
  /** Posts of a snapshot. */
  posts: number;
}

export interface EncodedCatchUp {
  /** CatchUp as a JSON object. */
  json: string;
  mode: 'replay' | 'snapshot';
  reset: boolean;
  position: Position;
  /** Events of a replay. */
  events: number;
  more: boolean;
  /** The channel, where the answer holds it. */
  channel?: Channel;
}

/** A reader that wants to join once the answer is out, unless it changed its mind. */
export interface Joining {
  reader: Reader;
  /** Told the channel as it stands, which decides who may have the answer. */
  wanted(channel: Channel): boolean;
}

/**
 * `respond` is called once, in the tick in which the reader joins, before anything else is written to it.
 * Throws `JournalUnavailable`; `respond` was not called then, nor where the channel is gone or the reader is no longer waiting.
 * Nobody joins where the answer says `more`. `channel` is the newest state known: an answer of the journal may be ahead of the feed.
 */
export function catchUp(
  feed: Feed,
  query: CatchUpQuery,
  respond: (answer: EncodedCatchUp, channel: Channel) => void,
  joining?: Joining,
): Promise<'answered' | 'gone' | 'unwanted'> {
  const read = () => fromTail(feed, query) ?? fromJournal(feed, query);
  // A shared answer may have been awaited past a later change: it holds as of its own position.
  return feed.guard.use(read, (answer) => {
    const channel = standing(feed, answer);
    if (joining !== undefined && !joining.wanted(channel)) return 'unwanted';
    const joins = joining !== undefined && !answer.more && covers(feed, answer.position);
    const encoded = joining === undefined || joins ? answer : withMore(answer);
    respond(encoded, channel);
    if (joins) feed.join(joining.reader, encoded.position);
    return 'answered';
  });
}

/** Readers who ask for the same at one head share one encoding. */
function fromTail(feed: Feed, { after, limit }: CatchUpQuery): Reading<EncodedCatchUp> | undefined {
  const { tail } = feed;
  if (after === undefined || after.epoch !== feed.epoch || after.offset < tail.whole || after.offset > tail.head)
    return undefined;
  if (tail.check(after.offset) !== after.check) return undefined;
  const key = `${after.offset} ${limit}`;
  const make = () => ({ value: encodeTail(feed, after, limit), isValid: feed.guard.begin() });
  return feed.answers.making(key, make, charactersOf);
}

function encodeTail({ tail, epoch, head }: Feed, after: Position, limit: number): EncodedCatchUp {
  const events: string[] = [];
  let last = after.offset;
  let bytes = 0;
  let position: Position | undefined;
  for (const change of tail.after(after.offset)) {
    bytes += change.bytes;
    if (events.length === limit || (events.length > 0 && bytes > fanoutLimits.catchUpBytes)) {
      position = { epoch, offset: last, check: tail.check(last) ?? '' };
      break;
    }
    events.push(change.json(last + 1));
    last = change.offset;
  }
  return replay(after, position ?? head, events, position !== undefined);
}

/** Readers who ask for the same at one head share one read and one encoding. */
function fromJournal(feed: Feed, query: CatchUpQuery): Promise<Reading<EncodedCatchUp> | ReadAgain> {
  const { after, limit, posts } = query;
  const key = `${after === undefined ? '' : `${formatCursor(after)} ${limit}`} ${posts}`;
  // Whoever tries again must read again.
  return feed.answers.reading(
    key,
    () => readJournal(feed, query),
    (answer) => (answer === readAgain ? undefined : charactersOf(answer)),
  );
}

function charactersOf({ value }: Reading<EncodedCatchUp>): number {
  return value.json.length;
}

async function readJournal(feed: Feed, query: CatchUpQuery): Promise<Reading<EncodedCatchUp> | ReadAgain> {
  const { after } = query;
  const isValid = feed.guard.begin();
  if (after === undefined) return await snapshot(feed, query, false);
  const read = await feed.engine.catchUp(feed.channelId, after, { limit: query.limit, bytes: fanoutLimits.catchUpBytes });
  if (read === undefined) return gone(feed);
  if (read.status === 'foreign') return await snapshot(feed, query, true);
  const { to, changes, more } = read;
  const channel = changes.find((change) => change.type === 'channel.changed')?.channel ?? (await channelBeside(feed, to));
  if (!isValid()) return readAgain;
  if (parts(feed, to) || (endsBelow(feed, to) && (!more || isOther(feed, channel)))) {
    feed.checkJournal();
    return readAgain;
  }
  const encoded = more ? replayed(after, to, newest(feed, changes), true) : continued(feed, query.limit, after, to, changes);
  return { value: channel === undefined ? encoded : { ...encoded, channel }, isValid };
}

/**
 * The channel, where the feed cannot tell: it has not come as far, and access may have been changed before where a replay begins or behind where
 * it is cut; or its tail begins behind that, and may be of a history that was lost.
 */
async function channelBeside(feed: Feed, { offset }: Position): Promise<Channel | undefined> {
  const { tail } = feed;
  if (offset >= tail.start && offset <= tail.head) return undefined;
  const read = await feed.engine.channel(feed.channelId);
  return read.status === 'found' ? read.channel : undefined;
}

/** Whether the journal has a channel that the feed has left behind: in between it was changed, or the feed's history was lost. */
function isOther(feed: Feed, channel: Channel | undefined): boolean {
  if (channel === undefined || channel.revision > feed.channel.revision) return false;
  return channel.revision < feed.channel.revision || channel.access !== feed.channel.access;
}

/** The page, then what the tail knows beyond it; what changed again beyond it is left out of the page. */
function continued(feed: Feed, limit: number, after: Position, to: Position, changes: StoredChange[]): EncodedCatchUp {
  const { tail } = feed;
  const page = newest(feed, changes);
  if (to.offset >= tail.head) return replayed(after, to, page, false);
  const rest = [...tail.after(to.offset)];
  const all = [...page, ...rest];
  const bytes = all.reduce((sum, change) => sum + change.bytes, 0);
  if (all.length > limit || bytes > fanoutLimits.catchUpBytes) return replayed(after, to, page, true);
  return replayed(after, feed.head, all, false);
}

function newest(feed: Feed, changes: StoredChange[]): EncodedChange[] {
  return changes
    .map((change) => new EncodedChange(feed.channelId, feed.epoch, change))
    .filter(({ subject, offset }) => feed.tail.latest(subject) <= offset);
}

function replayed(after: Position, to: Position, changes: EncodedChange[], more: boolean): EncodedCatchUp {
  let last = after.offset;
  const events = changes.map((change) => {
    const json = change.json(last + 1);
    last = change.offset;
    return json;
  });
  return replay(after, to, events, more);
}

function replay(after: Position, to: Position, events: string[], more: boolean): EncodedCatchUp {
  const facts = { covers: { after: after.offset, to: to.offset }, cursor: formatCursor(to), more };
  const json = `{"mode":"replay","reset":false,${JSON.stringify(facts).slice(1, -1)},"events":[${events.join(',')}]}`;
  return { json, mode: 'replay', reset: false, position: to, events: events.length, more };
}

async function snapshot(
  feed: Feed,
  { posts: limit }: CatchUpQuery,
  reset: boolean,
): Promise<Reading<EncodedCatchUp> | ReadAgain> {
  // The reader waits for it behind a deadline.
  const bytes = fanoutLimits.catchUpBytes;
  const read = await readStored(feed, { limit, bytes });
  if (read === readAgain) return readAgain;
  const { value: stored, isValid } = read;
  const { position, channel } = stored;
  const facts = { covers: { after: 0, to: position.offset }, cursor: formatCursor(position), more: false };
  const json = `{"mode":"snapshot","reset":${reset},${JSON.stringify(facts).slice(1, -1)},"snapshot":${snapshotJson(stored, bytes)}}`;
  return { value: { json, mode: 'snapshot', reset, position, events: 0, more: false, channel }, isValid };
}

/** The same answer for one who could not join: it asks again from where this ends. */
function withMore(encoded: EncodedCatchUp): EncodedCatchUp {
  if (encoded.more) return encoded;
  return { ...encoded, more: true, json: encoded.json.replace('"more":false', '"more":true') };
}

function gone(feed: Feed): ReadAgain {
  feed.close('gone');
  return readAgain;
}

import type { Replay } from '../journal/engine.ts';
import { type ReadAgain, type Reading, readAgain } from '../journal/read-guard.ts';
import { formatCursor, type Position } from '../protocol/cursor.ts';
import type { Channel, Counts } from '../protocol/model.ts';
import type { ChannelStream } from './channel-stream.ts';
import { EncodedChange } from './encoded-events.ts';
import { canContinueFrom, diverges, endsBeforeTail, newestChannel } from './positions.ts';
import { readStored, snapshotJson } from './snapshots.ts';
import { streamLimits } from './stream-limits.ts';
import type { StreamReader } from './stream-reader.ts';

/**
 * Answers "what have I missed since this cursor?", and lets the reader join the channel stream without a gap after the answer.
 *
 * The answer comes from the tail if the tail has everything after the cursor, otherwise from the journal. The stream's guard
 * repeats a read that an erasure or a new history made invalid. The reader joins if the tail continues where the answer ends.
 * Otherwise the answer says `more`, and the reader requests the rest.
 */
export interface CatchUpQuery {
  after?: Position | undefined;
  /** Most changes in a replay. */
  limit: number;
  /** Most posts in a snapshot. */
  posts: number;
}

export interface EncodedCatchUp {
  /** The CatchUp as JSON. */
  json: string;
  mode: 'replay' | 'snapshot';
  reset: boolean;
  position: Position;
  /** Events in a replay. */
  events: number;
  more: boolean;
  /** The channel, if the answer contains it. */
  channel?: Channel;
}

/** A reader that joins the stream after the answer. */
export interface Joining {
  reader: StreamReader;
  /** Whether the reader still waits, and may have the answer while the channel is in this state. */
  wanted(channel: Channel): boolean;
}

/**
 * Calls `respond` in the tick in which the reader joins, before anything else is written to the reader. `channel` is the newest
 * known state, since an answer from the journal may be ahead of the stream. The reader does not join if the answer says `more`.
 * Does not call `respond` if the channel is gone, if the reader no longer waits, or if it throws `JournalUnavailable`.
 */
export function catchUp(
  stream: ChannelStream,
  query: CatchUpQuery,
  respond: (answer: EncodedCatchUp, channel: Channel) => void,
  joining?: Joining,
): Promise<'answered' | 'gone' | 'unwanted'> {
  const read = () => fromTail(stream, query) ?? fromJournal(stream, query);
  // A later change may have arrived while the answer was awaited. The answer is still correct as of its position.
  return stream.guard.use(read, (answer) => {
    const channel = newestChannel(stream, answer);
    if (joining !== undefined && !joining.wanted(channel)) return 'unwanted';
    const joins = joining !== undefined && !answer.more && canContinueFrom(stream, answer.position);
    const encoded = joining === undefined || joins ? answer : withMore(answer);
    respond(encoded, channel);
    if (joins) stream.join(joining.reader, encoded.position);
    return 'answered';
  });
}

/** Readers with the same query at the same head share one encoding. */
function fromTail(stream: ChannelStream, { after, limit }: CatchUpQuery): Reading<EncodedCatchUp> | undefined {
  const { tail } = stream;
  // Without the counts at the head, the answer would lack them.
  if (stream.counts === undefined) return undefined;
  if (after === undefined || after.epoch !== stream.epoch || after.offset < tail.completeFrom || after.offset > tail.head)
    return undefined;
  if (tail.check(after.offset) !== after.check) return undefined;
  const key = `${after.offset} ${limit}`;
  const make = () => ({ value: encodeTail(stream, after, limit), isValid: stream.guard.begin() });
  return stream.answers.make(key, make, charactersOf);
}

function encodeTail({ tail, epoch, head, counts }: ChannelStream, after: Position, limit: number): EncodedCatchUp {
  const events: string[] = [];
  let last = after.offset;
  let bytes = 0;
  let position: Position | undefined;
  let countsAtLast: Counts | undefined;
  for (const change of tail.after(after.offset)) {
    bytes += change.bytes;
    if (events.length === limit || (events.length > 0 && bytes > streamLimits.catchUpBytes)) {
      position = { epoch, offset: last, check: tail.check(last) ?? '' };
      break;
    }
    events.push(change.json(last + 1));
    last = change.offset;
    countsAtLast = change.counts;
  }
  if (position !== undefined) return replayAnswer(after, { to: position, counts: countsAtLast, more: true }, events);
  return replayAnswer(after, { to: head, counts, more: false }, events);
}

/** Readers with the same query at the same head share one read and one encoding. */
function fromJournal(stream: ChannelStream, query: CatchUpQuery): Promise<Reading<EncodedCatchUp> | ReadAgain> {
  const { after, limit, posts } = query;
  const key = `${after === undefined ? '' : `${formatCursor(after)} ${limit}`} ${posts}`;
  // `readAgain` is not cached.
  return stream.answers.read(
    key,
    () => readJournal(stream, query),
    (answer) => (answer === readAgain ? undefined : charactersOf(answer)),
  );
}

function charactersOf({ value }: Reading<EncodedCatchUp>): number {
  return value.json.length;
}

async function readJournal(stream: ChannelStream, query: CatchUpQuery): Promise<Reading<EncodedCatchUp> | ReadAgain> {
  const { after } = query;
  const isValid = stream.guard.begin();
  if (after === undefined) return await snapshot(stream, query, false);
  const read = await stream.engine.catchUp(stream.channelId, after, { limit: query.limit, bytes: streamLimits.catchUpBytes });
  if (read === undefined) return gone(stream);
  if (read.status === 'foreign') return await snapshot(stream, query, true);
  const { to, changes, more, counts } = read;
  const channel = changes.find((change) => change.type === 'channel.changed')?.channel ?? (await channelBeside(stream, to));
  if (!isValid()) return readAgain;
  if (diverges(stream, to) || (endsBeforeTail(stream, to) && (!more || isOther(stream, channel)))) {
    stream.checkJournal();
    return readAgain;
  }
  stream.learnCounts(to, counts);
  const encoded = more ? encodeReplay(after, read, newest(stream, read)) : continued(stream, query.limit, after, read);
  return { value: channel === undefined ? encoded : { ...encoded, channel }, isValid };
}

/**
 * The channel in the journal, if the tail does not cover the position: the stream has not reached the position, no longer holds
 * it, or follows a lost history. The channel's access may then differ from what the stream knows. Undefined if the tail covers
 * the position.
 */
async function channelBeside(stream: ChannelStream, { offset }: Position): Promise<Channel | undefined> {
  const { tail } = stream;
  if (offset >= tail.start && offset <= tail.head) return undefined;
  const read = await stream.engine.channel(stream.channelId);
  return read.status === 'found' ? read.channel : undefined;
}

/**
 * Whether the stream's channel is newer than the journal's, or has another access at the same revision: it was changed in
 * between, or the stream's history was lost.
 */
function isOther(stream: ChannelStream, channel: Channel | undefined): boolean {
  if (channel === undefined || channel.revision > stream.channel.revision) return false;
  return channel.revision < stream.channel.revision || channel.access !== stream.channel.access;
}

/** The page from the journal, then the newer changes in the tail. A change that the tail supersedes is left out. */
function continued(stream: ChannelStream, limit: number, after: Position, replay: Replay): EncodedCatchUp {
  const { tail, head, counts } = stream;
  const { to } = replay;
  const page = newest(stream, replay);
  if (to.offset >= tail.head) return encodeReplay(after, replay, page);
  const rest = [...tail.after(to.offset)];
  const all = [...page, ...rest];
  const bytes = all.reduce((sum, change) => sum + change.bytes, 0);
  if (all.length > limit || bytes > streamLimits.catchUpBytes) return encodeReplay(after, { ...replay, more: true }, page);
  return encodeReplay(after, { to: head, counts, more: false }, all);
}

function newest(stream: ChannelStream, { changes }: Replay): EncodedChange[] {
  return changes
    .map((change) => new EncodedChange(stream.channelId, stream.epoch, change))
    .filter(({ subject, offset }) => stream.tail.latestOffset(subject) <= offset);
}

/** The end of a replay. `counts`: as of `to`, if they are known. */
interface ReplayEnd {
  to: Position;
  counts?: Counts | undefined;
  more: boolean;
}

function encodeReplay(after: Position, end: ReplayEnd, changes: EncodedChange[]): EncodedCatchUp {
  let last = after.offset;
  const events = changes.map((change) => {
    const json = change.json(last + 1);
    last = change.offset;
    return json;
  });
  return replayAnswer(after, end, events);
}

function replayAnswer(after: Position, { to, counts, more }: ReplayEnd, events: string[]): EncodedCatchUp {
  const facts = { covers: { after: after.offset, to: to.offset }, cursor: formatCursor(to), counts, more };
  const json = `{"mode":"replay","reset":false,${JSON.stringify(facts).slice(1, -1)},"events":[${events.join(',')}]}`;
  return { json, mode: 'replay', reset: false, position: to, events: events.length, more };
}

async function snapshot(
  stream: ChannelStream,
  { posts: limit }: CatchUpQuery,
  reset: boolean,
): Promise<Reading<EncodedCatchUp> | ReadAgain> {
  // Fewer bytes than in other snapshots: a reader gives up if the first answer takes too long.
  const bytes = streamLimits.catchUpBytes;
  const read = await readStored(stream, { limit, bytes });
  if (read === readAgain) return readAgain;
  const { value: stored, isValid } = read;
  const { position, channel, counts } = stored;
  stream.learnCounts(position, counts);
  const facts = { covers: { after: 0, to: position.offset }, cursor: formatCursor(position), counts, more: false };
  const json = `{"mode":"snapshot","reset":${reset},${JSON.stringify(facts).slice(1, -1)},"snapshot":${snapshotJson(stored, bytes)}}`;
  return { value: { json, mode: 'snapshot', reset, position, events: 0, more: false, channel }, isValid };
}

/** The answer for a reader that could not join and must request more from the end of the answer. */
function withMore(encoded: EncodedCatchUp): EncodedCatchUp {
  if (encoded.more) return encoded;
  return { ...encoded, more: true, json: encoded.json.replace('"more":false', '"more":true') };
}

function gone(stream: ChannelStream): ReadAgain {
  stream.close('gone');
  return readAgain;
}

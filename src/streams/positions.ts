import type { Position } from '../protocol/cursor.ts';
import type { Channel } from '../protocol/model.ts';
import type { ChannelStream } from './channel-stream.ts';

/** Compares a position of the journal with what a stream holds. */

/**
 * Whether the tail has everything after a position. True for a position ahead of the stream, because the stream will reach it.
 */
export function canContinueFrom(stream: ChannelStream, { epoch, offset, check }: Position): boolean {
  const { tail } = stream;
  if (epoch !== stream.epoch || offset < tail.completeFrom) return false;
  return offset > tail.head || tail.check(offset) === check;
}

/** Whether the position may belong to another history than the tail. Nothing in the tail may then be delivered after it. */
export function diverges({ epoch, tail }: ChannelStream, position: Position): boolean {
  const { offset, check } = position;
  return position.epoch !== epoch || (offset >= tail.start && offset <= tail.head && tail.check(offset) !== check);
}

/**
 * Whether a read of the journal ended before the tail begins: the read is old, or the journal lost what the tail holds. If such
 * an answer were cached, readers that request more from its end would get it until the next change.
 */
export function endsBeforeTail({ tail }: ChannelStream, { offset }: Position): boolean {
  return offset < tail.completeFrom;
}

/**
 * The newest known state of the channel. A state read ahead of the stream's head counts as newer even if its revision is lower,
 * because the stream may follow a lost history.
 */
export function newestChannel(stream: ChannelStream, { channel, position }: { channel?: Channel; position: Position }): Channel {
  if (channel === undefined) return stream.channel;
  return position.offset > stream.tail.head || channel.revision > stream.channel.revision ? channel : stream.channel;
}

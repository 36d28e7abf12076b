import type { Position } from '../protocol/cursor.ts';
import type { Channel } from '../protocol/model.ts';
import type { ChannelStream } from './channel-stream.ts';

/** Compares a position of the journal with what a stream holds. */

/** Whether the tail has everything after a position. A position ahead of the stream will be reached. */
export function canContinueFrom(stream: ChannelStream, { epoch, offset, check }: Position): boolean {
  const { tail } = stream;
  if (epoch !== stream.epoch || offset < tail.completeFrom) return false;
  return offset > tail.head || tail.check(offset) === check;
}

/** Whether what the tail holds after a position must not follow it: the position is from another history, or may be. */
export function diverges({ epoch, tail }: ChannelStream, position: Position): boolean {
  const { offset, check } = position;
  return position.epoch !== epoch || (offset >= tail.start && offset <= tail.head && tail.check(offset) !== check);
}

/**
 * Whether a read of the journal ended before the tail begins: it is old, or the journal lost what the tail holds. Such an answer
 * would be shared until the next change, by every reader that asks again from its end.
 */
export function endsBeforeTail({ tail }: ChannelStream, { offset }: Position): boolean {
  return offset < tail.completeFrom;
}

/**
 * The newest known state. A state from beyond the stream is newer, whatever its revision: the stream may follow a lost history.
 */
export function newestChannel(stream: ChannelStream, { channel, position }: { channel?: Channel; position: Position }): Channel {
  if (channel === undefined) return stream.channel;
  return position.offset > stream.tail.head || channel.revision > stream.channel.revision ? channel : stream.channel;
}

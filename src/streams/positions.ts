import type { Position } from '../protocol/cursor.ts';
import type { Channel } from '../protocol/model.ts';
import type { ChannelStream } from './channel-stream.ts';

/** How a position of the journal compares with what a feed holds. */

/** Whether everything after a position can be handed on from the tail. A position ahead of the feed is on its way to it. */
export function canContinueFrom(stream: ChannelStream, { epoch, offset, check }: Position): boolean {
  const { tail } = stream;
  if (epoch !== stream.epoch || offset < tail.completeFrom) return false;
  return offset > tail.head || tail.check(offset) === check;
}

/** Whether what the tail holds beyond a position may not be put behind it: it is of another history, or cannot be told not to be. */
export function diverges({ epoch, tail }: ChannelStream, position: Position): boolean {
  const { offset, check } = position;
  return position.epoch !== epoch || (offset >= tail.start && offset <= tail.head && tail.check(offset) !== check);
}

/**
 * Whether the tail does not go on from where the journal ended: it was read long before, or has lost what is held here. Given out, it would be
 * shared until the feed hears of a change, by all who ask again from there.
 */
export function endsBeforeTail({ tail }: ChannelStream, { offset }: Position): boolean {
  return offset < tail.completeFrom;
}

/** The newest state known. What was read beyond the feed is newer whatever its revision: what the feed has may be of a history that is lost. */
export function newestChannel(stream: ChannelStream, { channel, position }: { channel?: Channel; position: Position }): Channel {
  if (channel === undefined) return stream.channel;
  return position.offset > stream.tail.head || channel.revision > stream.channel.revision ? channel : stream.channel;
}

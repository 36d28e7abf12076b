import type { ChannelRead, Journal } from '../journal/engine.ts';
import type { Position } from '../protocol/cursor.ts';
import type { Channel } from '../protocol/model.ts';
import { missing, Refusal } from '../protocol/problems.ts';
import { mayKnow, type Principal } from '../protocol/rights.ts';
import { channelIdSchema } from '../protocol/schemas.ts';

/**
 * Reads the channel for a write, and refuses users without the right. The refusal reveals no more than a reader may know: a
 * channel with `desk` access, a deleted one with `desk` access and one that never existed get the same refusal.
 */
export async function admitWriter(
  engine: Journal,
  who: Principal,
  channelId: string,
  may: (who: Principal, channelId: string) => boolean,
): Promise<ChannelRead> {
  const read: ChannelRead = channelIdSchema.safeParse(channelId).success
    ? await engine.channel(channelId, may(who, channelId) || mayKnow(who, { id: channelId, access: 'desk' }))
    : { status: 'missing' };
  if (may(who, channelId)) return read;
  const known = read.status !== 'missing' && mayKnow(who, { id: channelId, access: accessOf(read) });
  if (!known) throw new Refusal('not-found', missing.channel);
  throw new Refusal(read.status === 'deleted' ? 'channel-deleted' : 'forbidden');
}

export interface CurrentChannel {
  channel: Channel;
  position: Position;
}

/** The channel of a read, without the fields for lists. Throws a `Refusal` if it does not exist or was deleted. */
export function currentChannel(read: ChannelRead): CurrentChannel {
  if (read.status === 'missing') throw new Refusal('not-found', missing.channel);
  if (read.status === 'deleted') throw new Refusal('channel-deleted');
  const { latestPostAt: _latestPostAt, ...channel } = read.channel;
  return { channel, position: read.position };
}

function accessOf(read: Exclude<ChannelRead, { status: 'missing' }>): Channel['access'] {
  return read.status === 'deleted' ? read.access : read.channel.access;
}

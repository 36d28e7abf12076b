import type { ChannelRead, Journal } from '../journal/engine.ts';
import type { Position } from '../protocol/cursor.ts';
import type { Channel } from '../protocol/model.ts';
import { missing, Refusal } from '../protocol/problems.ts';
import { mayKnow, type Principal } from '../protocol/rights.ts';
import { channelIdSchema } from '../protocol/schemas.ts';

/**
 * Checks that a principal may write to a channel. A refused principal learns no more than a reader: a `desk` channel, a deleted `desk` channel
 * and a missing channel get the same refusal.
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

/** The channel that was read, without the fields that only lists have. Throws a `Refusal` if it is missing or deleted. */
export function currentChannel(read: ChannelRead): CurrentChannel {
  if (read.status === 'missing') throw new Refusal('not-found', missing.channel);
  if (read.status === 'deleted') throw new Refusal('channel-deleted');
  const { latestPostAt: _latestPostAt, ...channel } = read.channel;
  return { channel, position: read.position };
}

function accessOf(read: Exclude<ChannelRead, { status: 'missing' }>): Channel['access'] {
  return read.status === 'deleted' ? read.access : read.channel.access;
}

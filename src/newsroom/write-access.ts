import type { ChannelRead, Journal } from '../journal/engine.ts';
import type { Position } from '../protocol/cursor.ts';
import type { Channel } from '../protocol/model.ts';
import { missing, Refusal } from '../protocol/problems.ts';
import { mayKnow, type Principal } from '../protocol/rights.ts';
import { channelIdSchema } from '../protocol/schemas.ts';

/**
 * Who may ask for a write to a channel. Who may not learns no more than a reader would: a channel of the desk, one that was deleted
 * from there and one that never was are all the same to a stranger.
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

/** The channel that was read, without what lists add to it; a refusal where it is not there, or no longer. */
export function currentChannel(read: ChannelRead): CurrentChannel {
  if (read.status === 'missing') throw new Refusal('not-found', missing.channel);
  if (read.status === 'deleted') throw new Refusal('channel-deleted');
  const { latestPostAt: _latestPostAt, ...channel } = read.channel;
  return { channel, position: read.position };
}

function accessOf(read: Exclude<ChannelRead, { status: 'missing' }>): Channel['access'] {
  return read.status === 'deleted' ? read.access : read.channel.access;
}

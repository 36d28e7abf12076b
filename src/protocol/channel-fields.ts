import type { Channel } from './model.ts';

/**
 * A channel as it is stored, hashed and exported. A channel without a picture has no `picture`, as before channels could have one: its
 * history keeps its hashes, and servers of earlier versions can import it.
 */
export type StoredChannel = Omit<Channel, 'picture'> & Partial<Pick<Channel, 'picture'>>;

/** Keeps the order of the fields, which the hash covers. */
export function storedChannel(channel: StoredChannel): StoredChannel {
  const { picture, ...others } = channel;
  return picture ? channel : others;
}

export function withEveryChannelField(channel: StoredChannel): Channel {
  return { ...channel, picture: channel.picture ?? null };
}

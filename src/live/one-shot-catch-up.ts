import { readStreamIfOpen, requireOpen } from '../access/channel-access.ts';
import type { Credentials } from '../access/identity.ts';
import type { Journal } from '../journal/engine.ts';
import type { Channel } from '../protocol/model.ts';
import { type CatchUpQuery, catchUp, type EncodedCatchUp } from '../streams/catch-up.ts';
import type { ChannelStream } from '../streams/channel-stream.ts';
import type { ChannelStreams } from '../streams/channel-streams.ts';

/** A catch-up for a request that does not stay open. Throws `JournalUnavailable`. */
export async function oneShotCatchUp(
  stream: ChannelStream,
  query: CatchUpQuery,
): Promise<{ encoded: EncodedCatchUp; channel: Channel } | 'gone'> {
  let answered: { encoded: EncodedCatchUp; channel: Channel } | undefined;
  await catchUp(stream, query, (encoded, channel) => {
    answered = { encoded, channel };
  });
  return answered ?? 'gone';
}

/**
 * Runs `read` on the channel stream for an HTTP request, if the requester may read the channel. `channel` is the newest known
 * state, which decides how the response may be cached.
 */
export async function readOneShot<T extends { channel: Channel }>(
  parts: { engine: Journal; streams: ChannelStreams },
  credentials: Credentials,
  channelId: string,
  read: (stream: ChannelStream) => Promise<T | 'gone'>,
): Promise<T> {
  const { channel, found } = requireOpen(credentials, await readStreamIfOpen(parts, credentials, channelId, read));
  return { ...found, channel };
}

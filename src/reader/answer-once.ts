import { type Asking, principalIn } from '../edge/identity.ts';
import { type Journal, JournalUnavailable } from '../engine/engine.ts';
import { type CatchUpQuery, catchUp, type EncodedCatchUp } from '../fanout/catch-up.ts';
import type { Feed } from '../fanout/feed.ts';
import type { Feeds } from '../fanout/feeds.ts';
import type { Channel } from '../protocol/model.ts';
import { Refusal } from '../protocol/problems.ts';
import { mayRead } from '../protocol/rights.ts';
import { mustHold, readableChannel } from './access.ts';

/** Catches up with a channel's feed, for one who does not go on from there. Throws `JournalUnavailable`. */
export async function catchUpOnce(
  feed: Feed,
  query: CatchUpQuery,
): Promise<{ encoded: EncodedCatchUp; channel: Channel } | 'gone'> {
  let answered: { encoded: EncodedCatchUp; channel: Channel } | undefined;
  await catchUp(feed, query, (encoded, channel) => {
    answered = { encoded, channel };
  });
  return answered ?? 'gone';
}

/**
 * What `read` brings of the channel's feed, encoded once for all who ask the same, for one who may read the channel and asks once, by HTTP. Its
 * `channel` is as it was known then, for how the answer may be cached. Throws a refusal or `JournalUnavailable`.
 */
export async function answerOnce<T extends { channel: Channel }>(
  { engine, feeds }: { engine: Journal; feeds: Feeds },
  asking: Asking,
  channelId: string,
  read: (feed: Feed) => Promise<T | 'gone'>,
): Promise<T> {
  const { channel: before } = await readableChannel(engine, asking, channelId);
  const { feed, release } = mustHold(await feeds.hold(channelId));
  try {
    const answered = await read(feed);
    if (answered === 'gone') throw new Refusal('channel-deleted');
    const { channel } = answered;
    // The feed may be behind what was read before.
    if (mayRead(principalIn(asking), channel))
      return channel.revision < before.revision ? { ...answered, channel: before } : answered;
    // Or follow a history that was lost since: what it holds is not for them. A refusal is for good, and so by what stands now.
    await readableChannel(engine, asking, channelId);
    feed.checkJournal();
    throw new JournalUnavailable('The channel was changed a moment ago, and is read again.', 'unchanged');
  } finally {
    release();
  }
}

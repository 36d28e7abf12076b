import { type Asking, principalIn } from '../edge/identity.ts';
import { type Journal, JournalUnavailable } from '../engine/engine.ts';
import { type CatchUpQuery, catchUp, type EncodedCatchUp } from '../fanout/catch-up.ts';
import type { Feeds } from '../fanout/feeds.ts';
import type { Channel } from '../protocol/model.ts';
import { Refusal } from '../protocol/problems.ts';
import { mayRead } from '../protocol/rights.ts';
import { mustHold, readableChannel } from './access.ts';

export interface AnsweredOnce {
  encoded: EncodedCatchUp;
  /** As it was known then, for how the answer may be cached. */
  channel: Channel;
}

/**
 * Who asks once, by HTTP, and may read: catch-ups and snapshots come from the channel's feed, encoded once for all who ask the same. Throws a
 * refusal or `JournalUnavailable`.
 */
export async function answerOnce(
  { engine, feeds }: { engine: Journal; feeds: Feeds },
  asking: Asking,
  channelId: string,
  query: CatchUpQuery,
): Promise<AnsweredOnce> {
  const { channel: before } = await readableChannel(engine, asking, channelId);
  const { feed, release } = mustHold(await feeds.hold(channelId));
  try {
    let answered: AnsweredOnce | undefined;
    await catchUp(feed, query, (encoded, channel) => {
      answered = { encoded, channel };
    });
    if (answered === undefined) throw new Refusal('channel-deleted');
    const { encoded, channel } = answered;
    // The feed may be behind what was read before.
    if (mayRead(principalIn(asking), channel)) return { encoded, channel: channel.revision < before.revision ? before : channel };
    // Or follow a history that was lost since: what it holds is not for them. A refusal is for good, and so by what stands now.
    await readableChannel(engine, asking, channelId);
    feed.checkJournal();
    throw new JournalUnavailable('The channel was changed a moment ago, and is read again.', 'unchanged');
  } finally {
    release();
  }
}

import { withStream } from '../../access/channel-access.ts';
import type { Credentials } from '../../access/identity.ts';
import { liveLimits } from '../../live/live-limits.ts';
import type { Snapshot } from '../../protocol/model.ts';
import { limits } from '../../protocol/wire-limits.ts';
import type { ChannelStreams } from '../../streams/channel-streams.ts';
import { readSnapshot } from '../../streams/snapshots.ts';

/** The newest posts of a channel, for a page of a requester whose access was checked before. `limit`: the most posts. */
export async function pageSnapshot(
  streams: ChannelStreams,
  credentials: Credentials,
  channelId: string,
  limit: number = limits.pageDefault,
): Promise<Snapshot> {
  const query = { posts: limit, bytes: liveLimits.pageBytes };
  const { pieces } = await withStream(streams, credentials, channelId, (stream) => readSnapshot(stream, query));
  return JSON.parse(Buffer.concat(pieces).toString());
}

/** The time to the minute, as a page shows it. Within a minute an unchanged page keeps its entity tag. `now`: milliseconds since 1970. */
export function minuteAt(now: number): string {
  const minuteMs = 60_000;
  return new Date(Math.floor(now / minuteMs) * minuteMs).toISOString();
}

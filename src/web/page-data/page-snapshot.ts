import { liveLimits } from '../../live/live-limits.ts';
import type { Snapshot } from '../../protocol/model.ts';
import { limits } from '../../protocol/wire-limits.ts';
import type { ChannelStream } from '../../streams/channel-stream.ts';
import { readSnapshot } from '../../streams/snapshots.ts';

/** The newest posts of a channel, for a page. `limit`: the most posts. */
export async function pageSnapshot(stream: ChannelStream, limit: number = limits.pageDefault): Promise<Snapshot | 'gone'> {
  const read = await readSnapshot(stream, { posts: limit, bytes: liveLimits.pageBytes });
  return read === 'gone' ? read : JSON.parse(Buffer.concat(read.pieces).toString());
}

/** The time to the minute, as a page shows it. Within a minute an unchanged page keeps its entity tag. `now`: milliseconds since 1970. */
export function minuteAt(now: number): string {
  const minuteMs = 60_000;
  return new Date(Math.floor(now / minuteMs) * minuteMs).toISOString();
}

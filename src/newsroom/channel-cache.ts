import type { Bus } from '../journal/engine.ts';
import { ReadGuard } from '../journal/read-guard.ts';
import { newsroomLimits } from './newsroom-limits.ts';
import type { CurrentChannel } from './write-access.ts';

/**
 * Channels as this process read them last, kept for a moment: enough to decide that there is a new post. And the guard of everything that
 * those who write are answered with.
 */
export interface ChannelCache {
  /** What `read` says of the channel, read under the guard, and kept. */
  read(channelId: string, read: () => Promise<CurrentChannel>): Promise<CurrentChannel>;
  /** The channel a moment ago; undefined where that is too long ago, or something of the channel was erased since. */
  cached(channelId: string): CurrentChannel | undefined;
  /** An erasure of any channel makes reads invalid. */
  readonly guard: ReadGuard;
}

const { knownChannelMs, knownChannels, decisionTries } = newsroomLimits;

/** `now`: milliseconds since 1970. */
export function createChannelCache({ onErased }: Pick<Bus, 'onErased'>, now: () => number): ChannelCache {
  const recent = new Map<string, { standing: CurrentChannel; at: number }>();
  const guard = new ReadGuard(decisionTries);
  // A channel that was deleted leaves none of its text here.
  onErased((channelId) => {
    guard.invalidate();
    recent.delete(channelId);
  });

  return {
    read(channelId, read) {
      const reading = () => guard.reading(read);
      return guard.use(reading, (standing) => {
        if (recent.size >= knownChannels) recent.clear();
        recent.set(channelId, { standing, at: now() });
        return standing;
      });
    },
    cached(channelId) {
      const entry = recent.get(channelId);
      return entry !== undefined && Math.abs(now() - entry.at) < knownChannelMs ? entry.standing : undefined;
    },
    guard,
  };
}

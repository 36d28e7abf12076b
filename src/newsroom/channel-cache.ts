import type { Bus } from '../journal/engine.ts';
import { ReadGuard } from '../journal/read-guard.ts';
import { newsroomLimits } from './newsroom-limits.ts';
import type { CurrentChannel } from './write-access.ts';

/**
 * Caches channels for `knownChannelMs`, so that a new post needs no read of its channel. Also has the read guard for responses to
 * authors.
 */
export interface ChannelCache {
  /** Calls `read` under the guard, and caches the result. */
  read(channelId: string, read: () => Promise<CurrentChannel>): Promise<CurrentChannel>;
  /** The cached channel. Undefined if it is too old, or if something in the channel was erased since. */
  cached(channelId: string): CurrentChannel | undefined;
  /** An erasure in any channel invalidates the reads that have not ended. */
  readonly guard: ReadGuard;
}

const { knownChannelMs, knownChannels, decisionTries } = newsroomLimits;

/** `now`: milliseconds since 1970. */
export function createChannelCache({ onErased }: Pick<Bus, 'onErased'>, now: () => number): ChannelCache {
  const recent = new Map<string, { current: CurrentChannel; at: number }>();
  const guard = new ReadGuard(decisionTries);
  // Erased text must not stay in the cache.
  onErased((channelId) => {
    guard.invalidate();
    recent.delete(channelId);
  });

  return {
    read(channelId, read) {
      const reading = () => guard.reading(read);
      return guard.use(reading, (current) => {
        if (recent.size >= knownChannels) recent.clear();
        recent.set(channelId, { current, at: now() });
        return current;
      });
    },
    cached(channelId) {
      const entry = recent.get(channelId);
      return entry !== undefined && Math.abs(now() - entry.at) < knownChannelMs ? entry.current : undefined;
    },
    guard,
  };
}

import type { Bus } from '../engine/engine.ts';
import type { Standing } from './admission.ts';
import { deskLimits } from './limits.ts';

/** How channels stood when this process read them last, for a moment: enough to decide that there is a new post. */
export interface Known {
  /** What `read` says of the channel, and remembers it. */
  reading(channelId: string, read: () => Promise<Standing>): Promise<Standing>;
  /** As it stood a moment ago; undefined where that is too long ago, or something of the channel was erased since. */
  lately(channelId: string): Standing | undefined;
}

const { knownChannelMs, knownChannels } = deskLimits;

/** `now`: milliseconds since 1970. */
export function createKnown({ onErased }: Pick<Bus, 'onErased'>, now: () => number): Known {
  const known = new Map<string, { standing: Standing; at: number }>();
  let erasures = 0;
  // A channel that was deleted leaves none of its text here.
  onErased((channelId) => {
    erasures += 1;
    known.delete(channelId);
  });

  return {
    async reading(channelId, read) {
      const before = erasures;
      const standing = await read();
      // What was read while something was erased may be just that.
      if (before === erasures) {
        if (known.size >= knownChannels) known.clear();
        known.set(channelId, { standing, at: now() });
      }
      return standing;
    },
    lately(channelId) {
      const entry = known.get(channelId);
      return entry !== undefined && Math.abs(now() - entry.at) < knownChannelMs ? entry.standing : undefined;
    },
  };
}

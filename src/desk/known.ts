import { type Bus, JournalUnavailable } from '../engine/engine.ts';
import type { Standing } from './admission.ts';
import { deskLimits } from './limits.ts';

/**
 * How channels stood when this process read them last, for a moment: enough to decide that there is a new post. And the guard of what
 * is answered to those who write: what was read while something was erased may be just that, and is read again.
 */
export interface Known {
  /** What `read` says of the channel, if nothing was erased meanwhile, and remembers it; else reads again. */
  reading(channelId: string, read: () => Promise<Standing>): Promise<Standing>;
  /** As it stood a moment ago; undefined where that is too long ago, or something of the channel was erased since. */
  lately(channelId: string): Standing | undefined;
  /** What `read` answers, if nothing was erased meanwhile; else reads again. */
  guarded<T>(read: () => Promise<T>): Promise<T>;
  /** How many erasures were heard of, of any channel. */
  readonly erasures: number;
}

const { knownChannelMs, knownChannels, decisionTries } = deskLimits;

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
      const standing = await guarded(read);
      if (known.size >= knownChannels) known.clear();
      known.set(channelId, { standing, at: now() });
      return standing;
    },
    lately(channelId) {
      const entry = known.get(channelId);
      return entry !== undefined && Math.abs(now() - entry.at) < knownChannelMs ? entry.standing : undefined;
    },
    guarded,
    get erasures() {
      return erasures;
    },
  };

  async function guarded<T>(read: () => Promise<T>): Promise<T> {
    for (let tries = 0; tries < decisionTries; tries += 1) {
      const before = erasures;
      const answer = await read();
      if (before === erasures) return answer;
    }
    throw new JournalUnavailable('others kept erasing while this was read', 'unchanged');
  }
}

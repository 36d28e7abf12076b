import type { Channel } from '../../../src/protocol/model.ts';
import { mayRead, type Principal } from '../../../src/protocol/rights.ts';
import { channelId } from './contents.ts';
import { type Entry, holds } from './histories.ts';
import type { SimNode } from './node.ts';

/** Who may read the channel whatever its access; whoever is nobody may while it is public. */
export const member: Principal = {
  sub: 'member',
  name: 'Member',
  jti: 'member',
  expiresAt: Number.POSITIVE_INFINITY,
  grants: { reader: [channelId], author: [], editor: [], admin: false },
};

/**
 * Whether a node may give out what is true as of an entry, to whoever asks: as of that entry, of where the node has followed the journal to,
 * or of what it has read of it beyond, the reader may read. What a node has followed, nothing older speaks against: then a change of
 * access was heard here, and what was published since is not for who may not read it, nor what was before.
 */
export function mayHave(who: Principal | undefined, node: SimNode, entry: Entry, followed: Entry | undefined): boolean {
  const mayAt = ({ channel }: { channel: Channel }) => mayRead(who, channel);
  const isOutdated = (known: Entry) => followed !== undefined && followed.offset > known.offset && holds(followed, known);
  const judges = [entry, ...(followed ? [followed] : []), ...node.engine.known];
  return judges.some((known) => mayAt(known) && holds(known, entry) && !isOutdated(known));
}

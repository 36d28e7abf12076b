import type { Channel } from '../../../src/protocol/model.ts';
import { mayRead, type Principal } from '../../../src/protocol/rights.ts';
import { channelId } from './contents.ts';
import { type Entry, holds } from './histories.ts';
import type { SimNode } from './node.ts';

/** A reader with access to the channel. An anonymous reader may read it while it is public. */
export const member: Principal = {
  sub: 'member',
  name: 'Member',
  jti: 'member',
  expiresAt: Number.POSITIVE_INFINITY,
  grants: { reader: [channelId], author: [], editor: [], admin: false },
};

/**
 * Whether a node may hand out the state at an entry to this reader. The reader must have access at that entry, at the entry the
 * node has followed the journal to, or at a later entry the node has read. An entry older than what the node has followed does
 * not count: the node has then heard of a later change of access, which decides.
 */
export function mayHave(who: Principal | undefined, node: SimNode, entry: Entry, followed: Entry | undefined): boolean {
  const mayAt = ({ channel }: { channel: Channel }) => mayRead(who, channel);
  const isOutdated = (known: Entry) => followed !== undefined && followed.offset > known.offset && holds(followed, known);
  const judges = [entry, ...(followed ? [followed] : []), ...node.engine.known];
  return judges.some((known) => mayAt(known) && holds(known, entry) && !isOutdated(known));
}

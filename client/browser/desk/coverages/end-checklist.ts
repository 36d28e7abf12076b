import { isWithdrawn } from '../../../../src/protocol/model.ts';
import type { SeenPost } from '../../../lib/author-client.ts';
import { unsentIn } from '../app/desk-status.ts';
import type { Draft } from '../drafts/drafts.ts';
import { channelOf, type OutboxEntry, postOf } from '../outbox/outbox-model.ts';

/** Open tasks that an editor should know before a coverage ends. */
export interface EndChecklist {
  /** Posts whose claim was never verified. */
  unverified: readonly SeenPost[];
  /** Posts that still say that more follows. */
  developing: readonly SeenPost[];
  /** `newer`: how many posts came after the newest summary. Undefined if no summary was found. */
  summary: { post: SeenPost; newer: number } | undefined;
  /** How many entries for the coverage are on this device and not on the server yet. */
  unsent: number;
  /** How many drafts for the coverage are on this device, with what is being written now. */
  drafts: number;
  searched: number;
  /** There are older posts, which were not searched. */
  hasOlder: boolean;
}

/** How many of the newest posts are searched. */
export const checkedPostsMost = 1_000;

/** `posts`: newest first. */
export function checkBeforeEnd({
  channelId,
  posts,
  hasOlder,
  entries,
  drafts,
}: {
  channelId: string;
  posts: readonly SeenPost[];
  hasOlder: boolean;
  entries: readonly OutboxEntry[];
  /** Without those that are on their way. */
  drafts: readonly Pick<Draft, 'write'>[];
}): EndChecklist {
  const standing = posts.filter((post) => !isWithdrawn(post));
  const at = standing.findIndex(({ kind }) => kind === 'summary');
  const summary = standing[at];
  return {
    unverified: standing.filter(({ verification }) => verification === 'unverified'),
    developing: standing.filter(({ developing }) => developing),
    summary: summary && { post: summary, newer: at },
    unsent: unsentIn(entries).filter(({ write }) => channelOf(write) === channelId).length,
    drafts: drafts.filter(({ write }) => postOf(write) !== undefined && channelOf(write) === channelId).length,
    searched: posts.length,
    hasOlder,
  };
}

import type { AuthorPost } from '../../../../src/protocol/model.ts';
import { blankFields } from '../../../../src/protocol/post-fields.ts';
import { type OutboxEntry, undecidedStates } from '../outbox/outbox-model.ts';

/**
 * The post that a change begins from: the one on the server, with the changes of this author that are still in the outbox. The next
 * change follows them, so it expects the revision that they will have made. Pure.
 */
export interface BasePost {
  post: AuthorPost;
  /** Changes of this author are on their way, and come first. */
  follows: boolean;
}

/** `post`: as the server has it. Undefined: it has none, or gives no answer. */
export function basePostOf(post: AuthorPost | undefined, postId: string, entries: readonly OutboxEntry[]): BasePost | undefined {
  let base = post;
  let follows = false;
  for (const { write, state } of entries) {
    if (undecidedStates.includes(state.at)) continue;
    if (write.type === 'publish' && write.post.id === postId && base === undefined) {
      base = unpublished(write);
      follows = true;
    }
    if (write.type !== 'revise' || write.postId !== postId || base === undefined) continue;
    if (write.expected !== base.revision) continue;
    base = { ...base, ...write.revision.changes, revision: base.revision + 1 };
    follows = true;
  }
  return base && { post: base, follows };
}

/** The post that this write will publish, as far as it is known. Its html is that of the preview. */
function unpublished({ channelId, post }: OutboxEntry['write'] & { type: 'publish' }): AuthorPost {
  return {
    id: post.id,
    channelId,
    seq: 0,
    ...blankFields(),
    ...Object.fromEntries(Object.entries(post).filter(([, value]) => value !== undefined)),
    html: '',
    status: 'published',
    revision: 1,
    publishedAt: new Date().toISOString(),
    updatedAt: null,
    history: [],
    publishedBy: '',
  };
}

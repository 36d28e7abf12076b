import type { AuthorPost } from '../../../../src/protocol/model.ts';
import { blankFields } from '../../../../src/protocol/post-fields.ts';
import { type OutboxEntry, undecidedStates } from '../outbox/outbox-model.ts';

/**
 * The post that a change begins from: the one on the server, with the changes of this author that are still in the outbox. The next
 * change follows them, so it expects the revision that they will have made. Pure.
 */
export interface BasePost {
  post: AuthorPost;
  /** The last change of this author that is on its way, and comes first. */
  basedOn?: string;
}

/** `post`: as the server has it. Undefined: it has none, or gives no answer. */
export function basePostOf(post: AuthorPost | undefined, postId: string, entries: readonly OutboxEntry[]): BasePost | undefined {
  let base = post;
  let basedOn: string | undefined;
  for (const { id, write, state, base: seen } of entries) {
    if (undecidedStates.includes(state.at)) continue;
    if (write.type === 'publish' && write.post.id === postId && base === undefined) {
      base = unpublished(write);
      basedOn = id;
    }
    if (write.type !== 'revise' || write.postId !== postId) continue;
    base ??= seen;
    if (base === undefined) continue;
    if (write.expected !== base.revision) continue;
    base = { ...base, ...write.revision.changes, revision: base.revision + 1 };
    basedOn = id;
  }
  return base && { post: base, ...(basedOn !== undefined && { basedOn }) };
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

import type { AuthorPost } from '../../../../src/protocol/model.ts';
import type { SeenPost } from '../../../lib/author-client.ts';

/** The last version that readers had of a withdrawn post. Undefined if it is erased. Pure. `revisions`: oldest first. */
export function lastPublished(revisions: readonly SeenPost[]): AuthorPost | undefined {
  const found = revisions.findLast(({ status, body }) => status === 'published' && body !== undefined);
  return found as AuthorPost | undefined;
}

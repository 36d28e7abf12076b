import type { AuthorClient } from '../../../lib/author-client.ts';
import { ProblemError } from '../../../lib/http.ts';
import type { Write } from '../outbox/outbox-model.ts';

/** How long the server is waited for, in milliseconds. */
const answerMs = 15_000;

/** Whether the server has the new post of this write. Rejects if it gives no answer. */
export async function isPublished(client: Pick<AuthorClient, 'getPost'>, write: Write): Promise<boolean> {
  if (write.type !== 'publish') return false;
  try {
    await client.getPost(write.channelId, write.post.id, { deadlineMs: answerMs });
    return true;
  } catch (error) {
    if (error instanceof ProblemError && error.problem.code === 'not-found') return false;
    throw error;
  }
}

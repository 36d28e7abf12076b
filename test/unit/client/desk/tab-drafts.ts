import { onTestFinished } from 'vitest';
import { memoryStore } from '../../../../client/browser/desk/drafts/draft-store.ts';
import { Drafts, type DraftsOptions } from '../../../../client/browser/desk/drafts/drafts.ts';
import type { Write } from '../../../../client/browser/desk/outbox/outbox-model.ts';
import { newPostId } from '../../../../client/lib/ids.ts';

export const post = (body: string, id = newPostId()): Write => ({ type: 'publish', channelId: 'storm', post: { id, body } });
export const bodyOf = (write: Write | undefined) => (write?.type === 'publish' ? write.post.body : undefined);

/** The drafts of one author in a tab, which the test closes. */
export async function open(options: Partial<DraftsOptions> = {}): Promise<Drafts> {
  const drafts = new Drafts({ ownerKey: 'ada', store: memoryStore(), ...options });
  onTestFinished(() => drafts.close());
  await drafts.load();
  return drafts;
}

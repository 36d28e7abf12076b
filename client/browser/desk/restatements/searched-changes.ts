import type { AuthorPost, PostFields } from '../../../../src/protocol/model.ts';
import type { Language } from '../../i18n/languages.ts';
import { beginChange, type ChangeState, withSuggestion, writeOf } from '../changes/change-state.ts';
import { bodyHtml } from '../composer/render-draft.ts';
import { type OutboxEntry, postOf, undecidedStates, type Write } from '../outbox/outbox-model.ts';
import type { RecentPost } from './recent-posts.ts';
import { type Passage, removedPassages } from './removed-passages.ts';

/** The writes of an author after which other posts are searched, and the posts that need nothing more. Pure. */

/** A correction, a clarification or a withdrawal, which other posts may need too. */
export type SearchedEntry = OutboxEntry & { write: Write & { type: 'revise' | 'retract' | 'takedown' } };

/** The entries of this coverage after which others are searched, the latest first. What the server refused is none. */
export function searchedEntries(entries: readonly OutboxEntry[], channelId: string): SearchedEntry[] {
  const searched = entries.filter(({ write, state }) => {
    if (undecidedStates.includes(state.at)) return false;
    if (write.type === 'retract' || write.type === 'takedown') return write.channelId === channelId;
    if (write.type !== 'revise' || write.channelId !== channelId) return false;
    return write.revision.kind === 'correction' || write.revision.kind === 'clarification';
  });
  return (searched as SearchedEntry[]).sort((one, other) => other.addedAt - one.addedAt);
}

/** The passages that the write removed. A withdrawn post has nothing to look for: only posts that restate it are named. */
export function passagesRemovedBy({ write, base }: SearchedEntry, language: Language | undefined): Passage[] {
  if (write.type !== 'revise' || base === undefined) return [];
  const { headline = base.headline, body = base.body } = write.revision.changes;
  const html = (markdown: string) => bodyHtml(markdown, write.channelId) ?? '';
  return removedPassages({ headline: base.headline, html: html(base.body) }, { headline, html: html(body) }, language);
}

/** Whether the author has changed the post since, or a change of it is on its way. */
export function isSettled(post: RecentPost, since: SearchedEntry, entries: readonly OutboxEntry[]): boolean {
  return entries.some(({ write, state, addedAt }) => {
    if (postOf(write) !== post.id || write.type === 'publish') return false;
    if (undecidedStates.includes(state.at)) return false;
    const isReceived = 'revision' in state && post.revision >= state.revision;
    return addedAt > since.addedAt || !isReceived;
  });
}

/**
 * The same correction of another post, with the note carried over. A note that was suggested quotes the corrected post, so one for the
 * other post is suggested, if that is certain too.
 */
export function carriedOver(
  post: AuthorPost,
  since: SearchedEntry,
  changes: Partial<PostFields>,
  language: Language | undefined,
): Write & { type: 'revise' } {
  const { write, base } = since;
  const begun = { ...beginChange(post), draft: { ...beginChange(post).draft, ...changes } };
  const kind = write.type === 'revise' && write.revision.kind === 'clarification' ? 'clarification' : 'correction';
  const note = (write.type === 'revise' ? write.revision.note : write.note) ?? '';
  const suggestion = (change: ChangeState) => withSuggestion({ ...change, kind }, language).suggested;
  if (write.type === 'revise' && base !== undefined) {
    const corrected = { ...beginChange(base), draft: { ...beginChange(base).draft, ...write.revision.changes } };
    const [own, other] = [suggestion(corrected), suggestion(begun)];
    if (own.certain && own.note === note && other.certain) return writeOf({ ...begun, kind, note: other.note });
  }
  return writeOf({ ...begun, kind, note });
}

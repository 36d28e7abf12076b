import { type AuthorPost, isWithdrawn, type PostKind } from '../protocol/model.ts';

/**
 * What a post can be found by. Engines index tags and look into none of them; they keep them hashed, since a source's name is text
 * that a takedown erases. A withdrawn post is found by its kind alone.
 */
export const tags = {
  kind: (kind: PostKind) => `kind:${kind}`,
  /** Published posts of a kind: the newest of `summary` stands in a snapshot. */
  published: (kind: PostKind) => `published:${kind}`,
  keyEvent: (keyEvent: boolean) => `keyEvent:${keyEvent}`,
  /** A source's whole name or via, whatever its case. */
  source: (name: string) => `source:${folded(name.trim())}`,
  derivedFrom: (postId: string) => `derivedFrom:${postId}`,
} as const;

/**
 * Texts that differ in case alone become one, as Unicode's full case folding has it: ß, ẞ, ss and SS are the same, and so are σ and ς.
 * Lower case first, since ẞ has no upper case of its own.
 */
function folded(text: string): string {
  return text.normalize('NFC').toLowerCase().toUpperCase().toLowerCase().normalize('NFC');
}

export function tagsOf(post: Pick<AuthorPost, 'status' | 'kind' | 'keyEvent' | 'sources' | 'derivedFrom'>): string[] {
  if (isWithdrawn(post)) return [tags.kind(post.kind)];
  const names = post.sources.flatMap(({ name, via }) => (via === undefined ? [name] : [name, via]));
  const all = [
    tags.kind(post.kind),
    tags.published(post.kind),
    tags.keyEvent(post.keyEvent),
    ...names.map(tags.source),
    ...post.derivedFrom.map(tags.derivedFrom),
  ];
  return [...new Set(all)];
}

import type { Position } from '../protocol/cursor.ts';
import { type AuthorPost, type Channel, type Counts, isWithdrawn, type PostKind } from '../protocol/model.ts';
import { isOfMedium, mediaIdsIn } from '../protocol/uploaded-media.ts';
import type { Journal } from './engine.ts';

/**
 * The tags by which posts can be queried. Engines index tags without interpreting them, and store them hashed, because the name
 * of a source is text that a takedown erases. A withdrawn post is found only by its kind.
 */
export const tags = {
  kind: (kind: PostKind) => `kind:${kind}`,
  /** Published posts of a kind. A snapshot contains the newest post of kind `summary`. */
  published: (kind: PostKind) => `published:${kind}`,
  keyEvent: (keyEvent: boolean) => `keyEvent:${keyEvent}`,
  /** The full `name` or `via` of a source, ignoring case. */
  source: (name: string) => `source:${folded(name.trim())}`,
  derivedFrom: (postId: string) => `derivedFrom:${postId}`,
  /** Posts that use an uploaded medium. */
  media: (id: string) => `media:${id}`,
} as const;

/**
 * A published post has exactly one of these tags, and a withdrawn post has none. The number of posts with the first is the number
 * of key events, and the number with either is the number of published posts.
 */
export const countedTags = [tags.keyEvent(true), tags.keyEvent(false)] as const;

type HasTag = (tag: string) => boolean;

/** The counts after an entry. `had` and `has`: the tags of its post before and after it. An entry of the channel has no post. */
export function countsAfter({ posts, keyEvents, corrections }: Counts, listed: boolean, had: HasTag, has: HasTag): Counts {
  const [keyEvent] = countedTags;
  return {
    posts: posts + Number(countedTags.some(has)) - Number(countedTags.some(had)),
    keyEvents: keyEvents + Number(has(keyEvent)) - Number(had(keyEvent)),
    corrections: corrections + Number(listed),
  };
}

/** Unicode full case folding: ß, ẞ, ss and SS are equal, and so are σ and ς. Lowercases first, because ẞ has no uppercase. */
function folded(text: string): string {
  return text.normalize('NFC').toLowerCase().toUpperCase().toLowerCase().normalize('NFC');
}

/** The tags of a post as it is stored, with references to uploaded media. */
export function tagsOf(post: Pick<AuthorPost, 'status' | 'kind' | 'keyEvent' | 'sources' | 'media' | 'derivedFrom'>): string[] {
  if (isWithdrawn(post)) return [tags.kind(post.kind)];
  const names = post.sources.flatMap(({ name, via }) => (via === undefined ? [name] : [name, via]));
  const all = [
    tags.kind(post.kind),
    tags.published(post.kind),
    tags.keyEvent(post.keyEvent),
    ...names.map(tags.source),
    ...post.derivedFrom.map(tags.derivedFrom),
    ...mediaIdsIn(post.media).map(tags.media),
  ];
  return [...new Set(all)];
}

export interface MediaUse {
  isUsed: boolean;
  /** As of which the journal was read. Undefined: the channel does not exist. */
  position: Position | undefined;
}

/** Whether a published post of the channel, or the channel itself, uses the medium. */
export async function useOfMedia(
  journal: Pick<Journal, 'posts'>,
  channel: Pick<Channel, 'id' | 'picture'>,
  id: string,
): Promise<MediaUse> {
  const page = await journal.posts(channel.id, { tags: [tags.media(id)], limit: 1, bytes: 1 });
  const isUsed = page !== undefined && (page.posts.length > 0 || isOfMedium(channel.picture?.url ?? '', id));
  return { isUsed, position: page?.position };
}

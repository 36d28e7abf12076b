import { hash } from 'node:crypto';
import { channelAddress, onServer, permanentLink } from '../../protocol/addresses.ts';
import type { Channel, PostKind, ReaderPost } from '../../protocol/model.ts';

/** What every format of a feed is made of: a page of posts, and where it, its neighbours and its posts are found. */
export interface FeedPage {
  channel: Channel;
  /** Newest first. After those of the page, on the first one, older posts that were corrected or withdrawn last. */
  posts: readonly ReaderPost[];
  /** Whether it holds every post that the whole feed has. */
  whole: boolean;
  /** The offset of the channel's journal as of which the posts are true. */
  offset: number;
  links: FeedLinks;
  /** In the place of posts that are for members. */
  notice?: FeedNotice;
}

/** An entry that says who may read the posts, and leads to where they sign in. */
export interface FeedNotice {
  id: string;
  title: string;
  html: string;
  url: string;
  /** RFC 3339. */
  at: string;
}

export interface FeedLinks {
  /** Where the server is. */
  server: string;
  /** This page. */
  self: string;
  /** The feed, which begins with the newest posts. */
  feed: string;
  next: string | undefined;
  /** The page that people read. */
  home: string;
  /** A post's permanent link. */
  post: (postId: string) => string;
}

/** By the last part of their address: what they are, for whoever links to them. */
export const feedTypes = {
  'feed.atom': { type: 'application/atom+xml', title: 'Atom' },
  'feed.json': { type: 'application/feed+json', title: 'JSON Feed' },
  'liveblog.jsonld': { type: 'application/ld+json', title: 'schema.org' },
  'ninjs.json': { type: 'application/json', title: 'ninjs' },
} as const;
export type FeedFile = keyof typeof feedTypes;

/** `publicUrl` without a slash at its end. */
export function feedAddress(publicUrl: string, channelId: string, file: string, query = ''): string {
  return onServer(`/v1/channels/${channelId}/${file}${query === '' ? '' : `?${query}`}`, publicUrl);
}

/** What of a channel is in a feed: part of what it is, so another one is another feed. */
export interface FeedFilter {
  kind?: PostKind | undefined;
  keyEvent?: boolean | undefined;
  source?: string | undefined;
}

/** Which of its pages. */
export interface FeedPlace {
  before?: number | undefined;
  after?: number | undefined;
  limit?: number | undefined;
  /** Of the first page, on those after it: the offsets of corrections whose posts stood there, and are left out here. */
  told?: Told | undefined;
}

/** Both inclusive. */
export interface Told {
  from: number;
  to: number;
}

/** A feed's own name, for ever: that of its channel, wherever it is served, and of its filter. */
export function feedId({ id, createdAt }: Channel, filter: FeedFilter): string {
  return nameUuid(`${id} ${createdAt} ${queryOf(filter, {})}`);
}

/** Of the entry that stands in the place of a channel's posts. */
export function noticeId({ id, createdAt }: Channel): string {
  return nameUuid(`${id} ${createdAt} for-members`);
}

/** UUIDv7, as it was given: whatever the address, it is the same post. */
export function postUrn(postId: string): string {
  return `urn:uuid:${postId}`;
}

/** The query of a feed's address, without `?`; the same for the same feed and page, in whatever order they were asked. */
export function queryOf({ kind, keyEvent, source }: FeedFilter, { before, after, limit, told }: FeedPlace): string {
  const range = told === undefined ? undefined : `${told.from}-${told.to}`;
  const asked = Object.entries({ kind, keyEvent, source, limit, before, after, told: range });
  return new URLSearchParams(asked.flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]))).toString();
}

/** `publicUrl` has no slash at its end. */
export function linksOf(
  publicUrl: string,
  channel: Channel,
  file: string,
  filter: FeedFilter,
  place: FeedPlace,
  next: FeedPlace | undefined,
): FeedLinks {
  const address = (at: FeedPlace) => feedAddress(publicUrl, channel.id, file, queryOf(filter, at));
  return {
    server: publicUrl,
    self: address(place),
    feed: address({ limit: place.limit }),
    next: next && address(next),
    home: plainUri(channelAddress(channel, publicUrl)),
    post: (postId) => plainUri(permanentLink(channel, postId, publicUrl)),
  };
}

/** The address as RFC 3986 writes it, which is stricter than browsers are: what it has no place for is percent-encoded. */
export function plainUri(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null) return '';
  const [before = '', fragment] = splitOnce(parsed.href, '#');
  const start = before.indexOf(parsed.host) + parsed.host.length;
  const plain = before.slice(0, start) + encodeRest(before.slice(start));
  return fragment === undefined ? plain : `${plain}#${encodeRest(fragment)}`;
}

function encodeRest(text: string): string {
  return text
    .replace(/%(?![0-9A-Fa-f]{2})/g, '%25')
    .replace(/[^A-Za-z0-9\-._~:/?@!$&'()*+,;=%]/gu, (character) => encodeURIComponent(character));
}

function splitOnce(text: string, mark: string): [string, string?] {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/** The namespace of our names, drawn once. */
const namespace = Buffer.from('7d1f9a34c2b84f6e9d05e8a6b3c17f42', 'hex');

/** RFC 9562, 5.5: a UUIDv5. */
function nameUuid(name: string): string {
  const bytes = hash('sha1', Buffer.concat([namespace, Buffer.from(name)]), 'buffer').subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `urn:uuid:${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

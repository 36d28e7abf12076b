import { hash } from 'node:crypto';
import { channelAddress, onServer, permanentLink } from '../../protocol/addresses.ts';
import type { Channel, Correction, PostKind, ReaderPost } from '../../protocol/model.ts';
import type { Brand } from '../brand/brand.ts';

/** The input of every feed format: a page of posts, and the URLs of the page, its neighbours and its posts. */
export interface FeedPage {
  channel: Channel;
  /** Newest first. The first page also has older posts that were recently corrected or withdrawn, after its own. */
  posts: readonly ReaderPost[];
  /** Whether the page contains the whole feed. */
  whole: boolean;
  /** The journal offset that the posts reflect. */
  offset: number;
  links: FeedLinks;
  /** The paper, if the server has its brand. */
  publisher?: Publisher | undefined;
  /** Shown in place of the posts of a members channel. */
  notice?: FeedNotice;
}

/** URLs are absolute. */
export interface Publisher {
  name: string;
  url: string;
  logo: Logo | undefined;
  favicon: string | undefined;
}

interface Logo {
  url: string;
  width: number;
  height: number;
}

/** The paper of the brand. `publicUrl` has no trailing slash. */
export function publisherOf(brand: Brand | undefined, publicUrl: string): Publisher | undefined {
  if (brand === undefined) return undefined;
  const { name, url = onServer('/', publicUrl), logo, favicons } = brand;
  const absolute = (address: string) => new URL(address, publicUrl).href;
  return {
    name,
    url: absolute(url),
    logo: logo?.size && { url: absolute(logo.url), ...logo.size },
    favicon: favicons[0] && absolute(favicons[0].url),
  };
}

/** An entry that says who may read the posts, with a link to sign in. */
export interface FeedNotice {
  id: string;
  title: string;
  html: string;
  url: string;
  /** RFC 3339. */
  at: string;
}

export interface FeedLinks {
  /** The public URL of the server. */
  server: string;
  /** This page. */
  self: string;
  /** The first page of the feed. */
  feed: string;
  next: string | undefined;
  /** The channel's page for people. */
  home: string;
  /** A post's permanent link. */
  post: (postId: string) => string;
}

/** The media type of each feed, by the last segment of its URL. */
export const feedTypes = {
  'feed.atom': { type: 'application/atom+xml', title: 'Atom' },
  'feed.json': { type: 'application/feed+json', title: 'JSON Feed' },
  'liveblog.jsonld': { type: 'application/ld+json', title: 'schema.org' },
  'ninjs.json': { type: 'application/json', title: 'ninjs' },
} as const;
export type FeedFile = keyof typeof feedTypes;

/** The feed of corrections, whose entries are corrections, not posts. It has no filter. */
export const correctionsFeed = { file: 'corrections.atom', type: 'application/atom+xml' } as const;

/** `publicUrl` has no trailing slash. */
export function feedAddress(publicUrl: string, channelId: string, file: string, query = ''): string {
  return onServer(`/v1/channels/${channelId}/${file}${query === '' ? '' : `?${query}`}`, publicUrl);
}

/** The filter of a feed. It is part of the feed's identity, so another filter is another feed. */
export interface FeedFilter {
  kind?: PostKind | undefined;
  keyEvent?: boolean | undefined;
  source?: string | undefined;
}

/** The page of a feed. */
export interface FeedPlace {
  before?: number | undefined;
  after?: number | undefined;
  limit?: number | undefined;
  /** On later pages: the offsets of corrections whose posts were on the first page and are left out here. */
  told?: OffsetRange | undefined;
}

/** Inclusive bounds. */
export interface OffsetRange {
  from: number;
  to: number;
}

/** A permanent id of the feed from its channel and filter, independent of its URL. */
export function feedId({ id, createdAt }: Channel, filter: FeedFilter): string {
  return nameUuid(`${id} ${createdAt} ${queryOf(filter, {})}`);
}

/** The id of the entry that is shown in place of the posts of a members channel. */
export function noticeId({ id, createdAt }: Channel): string {
  return nameUuid(`${id} ${createdAt} for-members`);
}

/** A permanent id of the feed of corrections. */
export function correctionsFeedId({ id, createdAt }: Channel): string {
  return nameUuid(`${id} ${createdAt} corrections`);
}

/** A permanent id of a correction: that of the revision that it made, of a post or of the channel. */
export function correctionId({ id, createdAt }: Channel, { postId, revision }: Pick<Correction, 'postId' | 'revision'>): string {
  return nameUuid(`${postId ?? `${id} ${createdAt}`} revision ${revision}`);
}

/** The post's UUIDv7 as a URN, independent of its URL. */
export function postUrn(postId: string): string {
  return `urn:uuid:${postId}`;
}

/** The query of a feed's URL, without `?`. Independent of the order of the request's parameters. */
export function queryOf({ kind, keyEvent, source }: FeedFilter, { before, after, limit, told }: FeedPlace): string {
  const range = told === undefined ? undefined : `${told.from}-${told.to}`;
  const parameters = Object.entries({ kind, keyEvent, source, limit, before, after, told: range });
  return new URLSearchParams(
    parameters.flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  ).toString();
}

/** `publicUrl` has no trailing slash. */
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

/** The URL in RFC 3986 form: characters that browsers allow and the RFC does not are percent-encoded. */
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

/** A random namespace for name-based UUIDs. Never change it. */
const namespace = Buffer.from('7d1f9a34c2b84f6e9d05e8a6b3c17f42', 'hex');

/** A UUIDv5 (RFC 9562, 5.5). */
function nameUuid(name: string): string {
  const bytes = hash('sha1', Buffer.concat([namespace, Buffer.from(name)]), 'buffer').subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `urn:uuid:${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

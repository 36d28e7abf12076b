import type { Channel } from './model.ts';

/** The URLs of channels and posts. No other module builds one. Paths begin at the server's root. */

export function channelPath(channelId: string): string {
  return `/live/${encodeURIComponent(channelId)}`;
}

/** The page that signs an author in by the code of a link. Browsers do not send the fragment. */
export function signInLinkPath(code: string): string {
  return `${deskSignInPath}#${code}`;
}

export const deskSignInPath = '/desk/sign-in';

/** The page of the channel that other sites may show in a frame. */
export function embedPath(channelId: string): string {
  return `/embed/${encodeURIComponent(channelId)}`;
}

/** The server's page of a post. It keeps this address when the channel's `url` changes, so stored HTML links to it. */
export function postPath(channelId: string, postId: string): string {
  return `${channelPath(channelId)}/${encodeURIComponent(postId)}`;
}

/** The page of a post's earlier versions. */
export function versionsPath(channelId: string, postId: string): string {
  return `${postPath(channelId, postId)}/versions`;
}

/**
 * The page of a post's earlier versions that begins with the change to this revision. Older changes follow, and the page links to newer ones.
 */
export function changePath(channelId: string, postId: string, revision: number): string {
  return `${versionsPath(channelId, postId)}?before=${revision + 1}`;
}

/** The page of a channel's corrections. No post has such an address, because the id of a post is a UUID. */
export function correctionsPath(channelId: string): string {
  return `${channelPath(channelId)}/corrections`;
}

/** The address of a file of an uploaded medium, or what the addresses of all files of a channel begin with. */
export function mediaPath(channelId: string, id?: string, name?: string): string {
  const start = `/media/${encodeURIComponent(channelId)}/`;
  return id === undefined || name === undefined ? start : `${start}${id}/${encodeURIComponent(name)}`;
}

/** The posts that a page without a script lists: all or filtered, their order, and the `seq` to begin at. */
export interface Selection {
  filter?: 'key-events' | 'summaries' | undefined;
  /** Newest first, unless it is given. */
  order?: 'oldest' | undefined;
  before?: number | undefined;
  after?: number | undefined;
}

export function selectionPath(channelId: string, { filter, order, before, after }: Selection): string {
  const query = Object.entries({ filter, order, before, after }).filter(([, value]) => value !== undefined);
  return `${channelPath(channelId)}?${new URLSearchParams(query.map(([name, value]) => [name, String(value)]))}`;
}

/** The part of a channel's page that begins with the post that has this `seq`. */
export function pageFrom(channelId: string, seq: number): string {
  return `${channelPath(channelId)}?before=${seq + 1}`;
}

/**
 * The element id of a post, which is also its URL fragment: on the server's page, in the embedded element and on a newsroom's
 * page.
 */
export function postAnchor(postId: string): string {
  return `post-${postId}`;
}

/** The address of a channel: the newsroom's page if the channel has a `url`, otherwise the server's page. `publicUrl` has no trailing slash. */
export function channelAddress(channel: Pick<Channel, 'id' | 'url'>, publicUrl: string): string {
  return channel.url ?? publicUrl + channelPath(channel.id);
}

/**
 * The address of a post in feeds and previews, and for sharing: `<url>#post-<id>` on the newsroom's page if the channel has a `url`,
 * otherwise the server's page of the post. A newsroom's page that does not know the fragment shows its top. `publicUrl` has no
 * trailing slash.
 */
export function permanentLink(
  channel: Pick<Channel, 'id'> & { url?: string | null | undefined },
  postId: string,
  publicUrl: string,
): string {
  if (!channel.url) return publicUrl + postPath(channel.id, postId);
  return `${channel.url.replace(/#.*$/s, '')}#${postAnchor(postId)}`;
}

/** A path of this server as an absolute URL. `publicUrl` may contain a path and end in a slash. */
export function onServer(path: string, publicUrl: string): string {
  return publicUrl.replace(/\/+$/, '') + path;
}

import type { Channel } from './model.ts';

/** Where channels and posts are read (contract, 6): the one place that knows how an address is made. Paths begin at the server's root. */

export function channelPath(channelId: string): string {
  return `/live/${encodeURIComponent(channelId)}`;
}

/** The channel in a page that others may show in a frame of theirs. */
export function embedPath(channelId: string): string {
  return `/embed/${encodeURIComponent(channelId)}`;
}

/** The server's page of a post. It stays at this address whatever becomes of the channel's `url`, so it is what stored html links to. */
export function postPath(channelId: string, postId: string): string {
  return `${channelPath(channelId)}/${encodeURIComponent(postId)}`;
}

/** What a post said before, beside its page. */
export function versionsPath(channelId: string, postId: string): string {
  return `${postPath(channelId, postId)}/versions`;
}

/** The page of a channel that begins with the post of this `seq`. */
export function pageFrom(channelId: string, seq: number): string {
  return `${channelPath(channelId)}?before=${seq + 1}`;
}

/** The id of a post's element, and so the fragment that leads to it, on the server's page, in the embedded element and on a newsroom's page. */
export function postAnchor(postId: string): string {
  return `post-${postId}`;
}

/** Where a channel is to be found: the newsroom's page that carries it, else the server's. `publicUrl`: without a slash at its end. */
export function channelAddress(channel: Pick<Channel, 'id' | 'url'>, publicUrl: string): string {
  return channel.url ?? onServer(channelPath(channel.id), publicUrl);
}

/**
 * The address under which a post is passed on, in feeds, previews and by readers: its place on the newsroom's page that carries the
 * channel, `<url>#post-<id>`, else the server's page of the post. A newsroom's page that doesn't know the fragment shows its top.
 */
export function permanentLink(channel: Pick<Channel, 'id' | 'url'>, postId: string, publicUrl: string): string {
  if (channel.url === null) return onServer(postPath(channel.id, postId), publicUrl);
  return `${channel.url.replace(/#.*$/s, '')}#${postAnchor(postId)}`;
}

/** A path of this server as a whole address; `publicUrl` may hold a path of its own. */
export function onServer(path: string, publicUrl: string): string {
  return publicUrl.replace(/\/+$/, '') + path;
}

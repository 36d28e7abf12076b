/**
 * Every key in Redis, with its type and what it holds. A channel has a fixed number of them, under one hash tag, so that one script may
 * use them all in a cluster, and so that erasing a channel needs to look for nothing.
 *
 * Lists of strings with spaces between are lines that only the scripts read. A revision's place is `<post id>:<revision>`, or
 * `channel:<revision>` for the channel itself, whose text is kept like a post's.
 */
const prefix = 'pressbox:';

/** In the order in which every script is given them. Where a script has to do with a request, its key follows, and that of all. */
export function channelKeys(channelId: string, requestId?: string): string[] {
  const key = (name: string) => `${prefix}{${channelId}}:${name}`;
  return [
    // Stream: the journal. Ids are `<offset>-0`; an entry holds facts without text, the root of its history, and its check. Never trimmed.
    key('journal'),
    // Sorted set: post id or `channel`, by the offset of its last change. Its highest is the journal's head, unless the channel is being
    // repaired: then `mending` stands above all offsets, and `highest` at the last one that may have been given out.
    key('changes'),
    // Sorted set: post id, by seq.
    key('posts'),
    // Hash: post id → revision, last, seq, erased through revision, publishedAt, tags as they are kept ·
    // `channel` → revision, last, state, access, createdAt in ms, pinned id, latestPostAt, salt of tags.
    key('index'),
    // Hash: a revision's place → what was written as JSON, a line feed, the html made of it. The one place of a text.
    key('texts'),
    // Hash: a revision's place → bytes, bytes of its body, JSON of salt, renderer's version, headline, note. Erased with the text.
    key('labels'),
    // Sorted set, all scores 0: a tag as it is kept, how many digits seq has as a letter, seq.
    key('tags'),
    // Sorted set: offsets of listed entries, by themselves.
    key('listed'),
    // Sorted set: post id or `channel` whose erasure is not known to be complete, by the offset that erased last.
    key('owed'),
    // String: the access that the channel had. There while it is deleted.
    key('deleted'),
    // String: the secret that seals the fingerprints of noted requests. Goes with the channel, and they with it.
    key('notes'),
    ...(requestId === undefined ? [] : [requestKey(channelId, requestId), key('requests')]),
  ];
}

/**
 * String: when a request was made (ms by the node's clock), its fingerprint, post id or `channel`, revision, offset, epoch, short check, own salt.
 * It has an end where there is no channel; else it is forgotten by `requests`, a sorted set of the ids of requests by the clock of requests.
 */
export function requestKey(channelId: string, requestId: string): string {
  return `${prefix}{${channelId}}:request:${requestId}`;
}

/** String with an end: who repairs the channel. Servers of earlier versions did so by themselves, under this name. */
export function repairKey(channelId: string): string {
  return `${prefix}{${channelId}}:mending`;
}

/** Pub/sub: announcements of the channel. */
export function announcements(channelId: string): string {
  return `${prefix}{${channelId}}:announcements`;
}

export const registry = {
  /** Sorted set, all scores 0: `<createdAt in ms, moved to be positive>:<channel id>`. Noted before the channel is made: it may not be there. Of a deleted one it goes as a list comes upon it. */
  channels: `${prefix}{registry}:channels`,
  /** Sorted set: ids of channels that may owe an erasure, by when that was noted (ms by Redis' clock). */
  pendingErasures: `${prefix}{registry}:owed`,
  /** Stream of bounded length: erasures, as channel and post. Who was deaf reads here what it missed. */
  erasures: `${prefix}{registry}:erasures`,
  /**
   * Sorted set: which rewrite of the files was the last that was `begun` after an erasure, and the last that is `done`; and of each replica,
   * as `host:port`, the last that it was there for. Rewrites are counted from 1.
   */
  rewrites: `${prefix}{registry}:rewrites`,
  /** Sorted set: ids of the nodes, by their last heartbeat (ms by Redis' clock). */
  nodes: `${prefix}{registry}:nodes`,
  /** Sorted set: the `jti` of tokens that are refused, by when that lapses (ms; `inf`: never). */
  revoked: `${prefix}{registry}:revoked`,
  /**
   * Stream: the server's own journal. Ids are `<offset>-0`; an entry holds facts without text, the root of the chain, and its check. Never
   * trimmed. Written by the scripts that do what it tells of, which in a cluster could not be.
   */
  server: `${prefix}{registry}:server-journal`,
  /** Sorted set, all scores 0: what is told once in the server's own journal, and was. */
  told: `${prefix}{registry}:told`,
  /** String: another text whenever something was added to `revoked`. */
  revokedVersion: `${prefix}{registry}:revoked-version`,
  /** Sorted set: sessions that were signed out, as `EndedSessions` writes them, by the number of their addition. */
  ended: `${prefix}{registry}:ended-sessions`,
  /** String: what signs sessions where no secret does, base64url. */
  sessionKey: `${prefix}{registry}:session-key`,
  /** String: how far the clock of requests has come (ms). */
  requestClock: `${prefix}{registry}:request-clock`,
  /** String: when it was noted (ms by the node's clock), and the channel that a request creates. */
  reservation: (requestId: string) => `${prefix}{registry}:reservation:${requestId}`,
  /** Sorted set: the ids of requests that create a channel, by the clock of requests. */
  reservations: `${prefix}{registry}:reservations`,
  /** Pub/sub: erasures, heard by every node. */
  control: `${prefix}{registry}:control`,
  /** Pub/sub: what is for one node: its own probes, and answers to what it told the others. */
  node: (nodeId: string) => `${prefix}{registry}:node:${nodeId}`,
} as const;

/**
 * Every key in Redis, with its type and content. A channel has a fixed set of keys under one hash tag, so that a script can use
 * them in a cluster, and so that erasing a channel needs no search.
 *
 * Lists of values separated by spaces are lines that only the scripts read. The place of a revision is `<post id>:<revision>`, or
 * `channel:<revision>` for the channel itself, whose text is stored like that of a post.
 */
const prefix = 'pressbox:';

/** In the order in which every script receives them. Scripts for a request also receive its key and the key of all requests. */
export function channelKeys(channelId: string, requestId?: string): string[] {
  const key = (name: string) => `${prefix}{${channelId}}:${name}`;
  return [
    // Stream: the journal. Ids are `<offset>-0`. An entry has facts without text, the root of its history, and its check. Never
    // trimmed.
    key('journal'),
    // Sorted set: post id or `channel`, by the offset of its last change. The highest score is the head of the journal. During a
    // repair, `mending` scores above all offsets, and `highest` scores the last offset that may have been given out.
    key('changes'),
    // Sorted set: post id, by seq.
    key('posts'),
    // Hash: post id → revision, last, seq, last erased revision, publishedAt, stored tags · `channel` → revision, last, state,
    // access, createdAt in ms, pinned id, latestPostAt, salt of tags.
    key('index'),
    // Hash: place of a revision → what was written as JSON, a line feed, its html. The only place of a text.
    key('texts'),
    // Hash: place of a revision → bytes, bytes of its body, JSON of salt, renderer version, headline and note. Erased with the
    // text.
    key('labels'),
    // Sorted set, all scores 0: a stored tag, the number of digits of seq as a letter, seq.
    key('tags'),
    // Sorted set: offsets of listed entries, by offset.
    key('listed'),
    // Sorted set: post id or `channel` with a pending erasure, by the offset of its last erasing entry.
    key('owed'),
    // String: the access that the channel had. Exists if the channel is deleted.
    key('deleted'),
    // String: the secret that seals the fingerprints of noted requests. Erased with the channel.
    key('notes'),
    ...(requestId === undefined ? [] : [requestKey(channelId, requestId), key('requests')]),
  ];
}

/**
 * String: when a request was made (ms, node's clock), its fingerprint, post id or `channel`, revision, offset, epoch, short
 * check, own salt. Has a TTL if there is no channel. Otherwise it is deleted by way of `requests`, a sorted set of request ids by
 * the request clock.
 */
export function requestKey(channelId: string, requestId: string): string {
  return `${prefix}{${channelId}}:request:${requestId}`;
}

/** String with a TTL: who repairs the channel. Servers of earlier versions repaired channels by themselves and used this name. */
export function repairKey(channelId: string): string {
  return `${prefix}{${channelId}}:mending`;
}

/** Pub/sub: announcements of the channel. */
export function announcements(channelId: string): string {
  return `${prefix}{${channelId}}:announcements`;
}

export const registry = {
  /**
   * Sorted set, all scores 0: `<createdAt in ms, shifted to be positive>:<channel id>`. Added before the channel is created, so
   * the channel may be missing. Entries of deleted channels are removed when a list finds them.
   */
  channels: `${prefix}{registry}:channels`,
  /** Sorted set: ids of channels that may have pending erasures, by time of the notice (ms, Redis' clock). */
  pendingErasures: `${prefix}{registry}:owed`,
  /** Stream of bounded length: erasures, as channel and post. A node that was disconnected reads here what it missed. */
  erasures: `${prefix}{registry}:erasures`,
  /**
   * Sorted set: the number of the last rewrite that was `begun` after an erasure, of the last one that is `done`, and for each
   * replica (`host:port`) of the last one it took part in. Rewrites are counted from 1.
   */
  rewrites: `${prefix}{registry}:rewrites`,
  /** Sorted set: node ids, by last heartbeat (ms, Redis' clock). */
  nodes: `${prefix}{registry}:nodes`,
  /** Sorted set: the `jti` of revoked tokens, by expiry of the revocation (ms; `inf`: never). */
  revoked: `${prefix}{registry}:revoked`,
  /**
   * Stream: the server's own journal. Ids are `<offset>-0`. An entry has facts without text, the root of the chain, and its
   * check. Never trimmed. Written by the scripts that do what it records, which would not be possible in a cluster.
   */
  server: `${prefix}{registry}:server-journal`,
  /** Sorted set, all scores 0: entries of the server's own journal that are written only once, and were. */
  told: `${prefix}{registry}:told`,
  /** String: changes whenever something is added to `revoked`. */
  revokedVersion: `${prefix}{registry}:revoked-version`,
  /** Sorted set: ended sessions, as written by `EndedSessions`, by number of addition. */
  ended: `${prefix}{registry}:ended-sessions`,
  /** String: the key that signs sessions if no secret is configured, base64url. */
  sessionKey: `${prefix}{registry}:session-key`,
  /** String: the value of the request clock (ms). */
  requestClock: `${prefix}{registry}:request-clock`,
  /** String: time of the reservation (ms, node's clock), and the channel that the request creates. */
  reservation: (requestId: string) => `${prefix}{registry}:reservation:${requestId}`,
  /** Sorted set: ids of requests that create a channel, by the request clock. */
  reservations: `${prefix}{registry}:reservations`,
  /** Pub/sub: erasures, for every node. */
  control: `${prefix}{registry}:control`,
  /** Pub/sub for one node: its probes, and acknowledgements for it. */
  node: (nodeId: string) => `${prefix}{registry}:node:${nodeId}`,
} as const;

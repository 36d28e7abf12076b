/**
 * Every key in Redis, with its type and content. A channel has a fixed set of keys under one hash tag, so that a script can use
 * them in a cluster, and so that erasing a channel needs no search.
 *
 * A line is a list of values separated by spaces. The place of a revision is `<post id>:<revision>`, or `channel:<revision>` for
 * the channel itself, whose text is stored like that of a post.
 */
const prefix = 'pressbox:';

/**
 * The keys of a channel, in the order in which every script on a channel receives them. Scripts for a request also receive the
 * key of the request and the key of all requests.
 */
export function channelKeys(channelId: string, requestId?: string): string[] {
  const key = (name: string) => `${prefix}{${channelId}}:${name}`;
  return [
    // Stream: the journal. Ids are `<offset>-0`. An entry has facts without text, the root of its history, and its check. Never
    // trimmed.
    key('journal'),
    // Sorted set: post id or `channel`, by the offset of its last change. The highest score is the head of the journal. During a
    // repair, the score of the member `mending` is above all offsets, and the score of `highest` is the last offset that may have
    // been assigned.
    key('changes'),
    // Sorted set: post id, by seq.
    key('posts'),
    // Hash of lines: post id → revision, offset of its last change, seq, last erased revision, publishedAt, stored tags ·
    // `channel` → revision, offset of its last change, state, access, createdAt in ms, pinned id, latestPostAt, salt of tags.
    key('index'),
    // Hash: place of a revision → the post or channel as JSON, a line feed, its html. No other key contains a text.
    key('texts'),
    // Hash: place of a revision → bytes, bytes of its body, JSON of salt, renderer version, headline and note. Erased with the
    // text.
    key('labels'),
    // Sorted set, all scores 0. Members concatenate a stored tag, the number of digits of seq as a letter, and seq.
    key('tags'),
    // Sorted set: offsets of listed entries, by offset.
    key('listed'),
    // Sorted set: post id or `channel` with a pending erasure, by the offset of its last erasing entry.
    key(owedName(channelId)),
    // String: the access that the channel had. Exists if the channel is deleted.
    key('deleted'),
    // String: the secret that seals the fingerprints of noted requests. Erased with the channel.
    key('notes'),
    ...(requestId === undefined ? [] : [requestKey(channelId, requestId), key('requests')]),
  ];
}

/**
 * The name of the key of pending erasures. A channel may have the id `registry`, and `owed` below that tag is the list of all
 * channels with pending erasures, which must not be deleted with the channel.
 */
export function owedName(channelId: string): string {
  return channelId === 'registry' ? 'owed-of-channel' : 'owed';
}

/**
 * String: when a request was made (ms, node's clock), its fingerprint, post id or `channel`, revision, offset, epoch, short
 * check, own salt. If there is no channel, the key has a TTL. Otherwise `requests`, a sorted set of request ids by the request
 * clock, shows when to delete it.
 */
export function requestKey(channelId: string, requestId: string): string {
  return `${prefix}{${channelId}}:request:${requestId}`;
}

/** Every key of Pressbox, as a pattern of SCAN. */
export const allKeys = `${prefix}*`;

/** What the name of a key says: the channel, or `registry`, and the name below it. */
export function partsOfKey(key: string): { of: string; name: string } | undefined {
  const [, of, name] = /^pressbox:\{([^}]+)\}:(.*)$/s.exec(key) ?? [];
  return of === undefined || name === undefined ? undefined : { of, name };
}

/**
 * String with a TTL: the process that repairs the channel. The name is from earlier versions, whose servers repaired channels
 * automatically.
 */
export function repairKey(channelId: string): string {
  return `${prefix}{${channelId}}:mending`;
}

/** Pub/sub: announcements of the channel. */
export function announcements(channelId: string): string {
  return `${prefix}{${channelId}}:announcements`;
}

/** The end of the id of every node that keeps the index of channels by activity. Earlier versions did not keep it. */
export const indexKeeper = '-activity';

export const registry = {
  /**
   * Sorted set, all scores 0: `<createdAt in ms, shifted to be positive>:<channel id>`. Added before the channel is created, so
   * the channel may be missing. Entries of deleted channels are removed when a list finds them.
   */
  channels: `${prefix}{registry}:channels`,
  /**
   * Sorted set, all scores 0: `<state>:<date>:<channel id>` for each channel, with the date that `order=activity` sorts by, or `~`
   * if there is none. For a channel that was found damaged: `damaged:-:<channel id>`.
   */
  activity: `${prefix}{registry}:activity`,
  /**
   * Hash: channel id → its member of `activity` · `:built` if every channel is there · `:building` → the name of the build in
   * progress. See `activity-index.ts`.
   */
  activityPlaces: `${prefix}{registry}:activity-places`,
  /**
   * String: the format of what is stored, see `store-format.ts`, or the mark of a migration that keeps servers from writing. Missing
   * in stores that only earlier versions wrote to.
   */
  format: `${prefix}{registry}:format`,
  /** String: the mark of the migration that filled the store. */
  filled: `${prefix}{registry}:filled`,
  /** String: the process that fills the store for a migration, as a random name. Missing in every other store. */
  filling: `${prefix}{registry}:filling`,
  /** Sorted set: ids of channels that may have pending erasures, by the time of the note (ms, Redis' clock). */
  pendingErasures: `${prefix}{registry}:owed`,
  /** Stream of bounded length: erasures, as channel and post. A node that was disconnected reads the erasures that it missed. */
  erasures: `${prefix}{registry}:erasures`,
  /**
   * Sorted set. After each erasure the append-only file is rewritten, and rewrites are numbered from 1. The scores are the
   * numbers of the last rewrite that was `begun`, of the last one that is `done`, and for each replica (`host:port`) of the last
   * one that it took part in.
   */
  rewrites: `${prefix}{registry}:rewrites`,
  /** Sorted set: node ids, by last heartbeat (ms, Redis' clock). See `node-ids.ts`. */
  nodes: `${prefix}{registry}:nodes`,
  /** Sorted set: the `jti` of revoked tokens, by expiry of the revocation (ms; `inf`: never). */
  revoked: `${prefix}{registry}:revoked`,
  /**
   * Stream: the server's own journal. Ids are `<offset>-0`. An entry has facts without text, the root of the chain, and its
   * check. Never trimmed. Written by the same scripts as the changes that it records, which would not be possible in a cluster.
   */
  server: `${prefix}{registry}:server-journal`,
  /**
   * Sorted set, all scores 0: marks of those entries of the server's own journal that must be written only once. A mark is added
   * with its entry.
   */
  serverMarks: `${prefix}{registry}:told`,
  /** String: changes whenever something is added to `revoked`. */
  revokedVersion: `${prefix}{registry}:revoked-version`,
  /** Sorted set: ended sessions, as written by `EndedSessions`, numbered in the order in which they were added. */
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

/**
 * The place of a channel in the registry: by time, then by id, in byte order. Times are shifted so that those before 1970 are
 * positive too.
 */
export function registered(createdMs: number, channelId: string): string {
  return `${String(createdMs + 1e15).padStart(16, '0')}:${channelId}`;
}

/** The id of the channel at a place of the registry. */
export function idAt(place: string): string {
  return place.slice(place.indexOf(':') + 1);
}

import type { Access } from './model.ts';

/**
 * Patterns of channel ids: an id, a prefix that ends in `*`, or `*`. An editor is also an author, an author is also a reader, and
 * an admin has every right.
 */
export interface Grants {
  reader: readonly string[];
  author: readonly string[];
  editor: readonly string[];
  admin: boolean;
}

/** The sender of a request, from a verified token. */
export interface Principal {
  sub: string;
  /** The byline. */
  name: string;
  jti: string;
  /** Milliseconds since 1970. */
  expiresAt: number;
  grants: Grants;
  /** Set if an issuer signed the token, rather than the server's secret. */
  issued?: Issued;
  /**
   * The place of the server's secret that signed the token, if it is not the first. A session that is made from the token is
   * signed with the same one, so it ends when that secret is removed.
   */
  secret?: number;
  /** Set if a browser's session stands in for the token. */
  session?: SessionFacts;
}

export interface Issued {
  /** The `iss` of the token, if the server is configured to expect one. */
  issuer?: string;
  /** The RFC 7638 thumbprint of the issuer's key. */
  key: string;
}

/** The facts of a session that decide when it ends. Times are in milliseconds since 1970. */
export interface SessionFacts {
  /** The person it speaks for, as opaque text without spaces. */
  subject: string;
  /** Unique, without spaces. */
  id: string;
  begunAt: number;
  /** When it expires. */
  until: number;
}

/** What a `session.ended` says: the person that the session speaks for, when it began, and when it expires. */
export function entryOfSession({ subject, id, begunAt, until }: SessionFacts): { subject: string; detail: string } {
  return { subject: id, detail: [subject, ...[begunAt, until].map((at) => new Date(at).toISOString())].join(' ') };
}

/** The session that a `session.ended` is about. */
export function sessionIn({ subject, detail }: { subject: string | null; detail: string | null }): SessionFacts {
  const [of = '', begunAt = '', until = ''] = (detail ?? '').split(' ');
  return { subject: of, id: subject ?? '', begunAt: Date.parse(begunAt), until: Date.parse(until) };
}

export function mayAdminister(who: Principal | undefined): boolean {
  return who?.grants.admin === true;
}

export function mayEdit(who: Principal | undefined, channelId: string): boolean {
  return who !== undefined && (who.grants.admin || matches(who.grants.editor, channelId));
}

/** Whether `who` may erase published text. */
export function mayErase(who: Principal | undefined, channelId: string): boolean {
  return mayEdit(who, channelId);
}

/** Whether `who` may edit any channel, including channels that do not exist yet. */
export function mayEditSome({ grants }: Principal): boolean {
  return grants.admin || grants.editor.length > 0;
}

/** The channel ids that `who` may edit, if the grants name each of them. Undefined if they allow others too, by a prefix or `*`. */
export function namedToEdit({ grants }: Principal): readonly string[] | undefined {
  return grants.admin || grants.editor.some((pattern) => pattern.endsWith('*')) ? undefined : grants.editor;
}

/** The only channel in which `who` may write, if the grants name one alone and allow nothing but writing there. */
export function onlyToAuthor({ grants }: Pick<Principal, 'grants'>): string | undefined {
  const [id, ...others] = grants.author;
  return grants.admin || grants.editor.length + others.length > 0 || id?.endsWith('*') ? undefined : id;
}

export function mayAuthor(who: Principal | undefined, channelId: string): boolean {
  return mayEdit(who, channelId) || (who !== undefined && matches(who.grants.author, channelId));
}

/** Whether `who` may read the posts of a channel. */
export function mayRead(who: Principal | undefined, channel: { id: string; access: Access }): boolean {
  switch (channel.access) {
    case 'public':
      return true;
    case 'members':
      return mayAuthor(who, channel.id) || (who !== undefined && matches(who.grants.reader, channel.id));
    case 'desk':
      return mayAuthor(who, channel.id);
  }
}

/** Whether `who` may know that a channel exists. */
export function mayKnow(who: Principal | undefined, channel: { id: string; access: Access }): boolean {
  return channel.access !== 'desk' || mayAuthor(who, channel.id);
}

/** The patterns of `desk` channels that `who` may know about, consistent with `mayKnow`. */
export function visibleDesk(who: Principal | undefined): readonly string[] {
  if (who === undefined) return [];
  return who.grants.admin ? ['*'] : [...who.grants.editor, ...who.grants.author];
}

/** Whether one of the patterns matches the channel id. */
export function matches(patterns: readonly string[], channelId: string): boolean {
  return patterns.some((pattern) => (pattern.endsWith('*') ? channelId.startsWith(pattern.slice(0, -1)) : pattern === channelId));
}

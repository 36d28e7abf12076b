import type { Access } from './model.ts';

/** Patterns of channel ids: an id, a prefix ending in `*`, or `*`. Editor includes author includes reader; admin includes all. */
export interface Grants {
  reader: readonly string[];
  author: readonly string[];
  editor: readonly string[];
  admin: boolean;
}

/** Who asks: a token that was checked. */
export interface Principal {
  sub: string;
  /** The byline. */
  name: string;
  jti: string;
  /** Milliseconds since 1970. */
  expiresAt: number;
  grants: Grants;
  /** Where an issuer signed the token, and not the server's secret. */
  issued?: Issued;
  /** Where a browser's session speaks for the token. */
  session?: SessionFacts;
}

export interface Issued {
  /** The `iss` of the token, where this server is told which one to expect. */
  issuer?: string;
  /** The RFC 7638 thumbprint of the issuer's key. */
  key: string;
}

/** A session, as far as its end is concerned. Times are in milliseconds since 1970. */
export interface SessionFacts {
  /** Whom it speaks for: an opaque text without spaces. */
  subject: string;
  /** Unique, without spaces. */
  id: string;
  begunAt: number;
  /** When it lapses by itself. */
  until: number;
}

export function mayAdminister(who: Principal | undefined): boolean {
  return who?.grants.admin === true;
}

export function mayEdit(who: Principal | undefined, channelId: string): boolean {
  return who !== undefined && (who.grants.admin || matches(who.grants.editor, channelId));
}

/** Whether one may erase what was published. */
export function mayErase(who: Principal | undefined, channelId: string): boolean {
  return mayEdit(who, channelId);
}

/** Whether there is anything that one may edit, be it a channel that is yet to be made. */
export function mayEditSome({ grants }: Principal): boolean {
  return grants.admin || grants.editor.length > 0;
}

export function mayAuthor(who: Principal | undefined, channelId: string): boolean {
  return mayEdit(who, channelId) || (who !== undefined && matches(who.grants.author, channelId));
}

/** Whether one may read the posts of a channel. */
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

/** Whether one may know that a channel exists. */
export function mayKnow(who: Principal | undefined, channel: { id: string; access: Access }): boolean {
  return channel.access !== 'desk' || mayAuthor(who, channel.id);
}

/** Patterns of the channels of the desk that one may know of, as `mayKnow` has it. */
export function knownDesk(who: Principal | undefined): readonly string[] {
  if (who === undefined) return [];
  return who.grants.admin ? ['*'] : [...who.grants.editor, ...who.grants.author];
}

/** Whether one of the patterns is the id, or a prefix of it that ends in `*`. */
export function matches(patterns: readonly string[], channelId: string): boolean {
  return patterns.some((pattern) => (pattern.endsWith('*') ? channelId.startsWith(pattern.slice(0, -1)) : pattern === channelId));
}

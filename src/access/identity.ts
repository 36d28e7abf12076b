import type { Revocations, SessionStore } from '../journal/engine.ts';
import { Refusal } from '../protocol/problems.ts';
import type { Principal } from '../protocol/rights.ts';
import type { SealedSession, Sessions } from './sessions.ts';
import { isLinkCode, type SignInLinks } from './sign-in-links.ts';
import type { Tokens } from './tokens.ts';

/**
 * Identifies requesters on every transport, when a request or a handshake arrives and for as long as a connection stays open. No
 * other code identifies requesters.
 */
export interface Identity {
  /** The principal of the token. Every failure is the refusal `token-invalid`, whose text quotes nothing of the token. */
  verify(token: string): Promise<Principal>;
  /** Exchanges a token for a session. Refuses an invalid token like `verify`. */
  signIn(token: string): Promise<SignedIn>;
  /**
   * Exchanges the code of a sign-in link for a session, once. Refuses an invalid code with `token-invalid`, and a used one with
   * `link-used`. If it throws `JournalUnavailable`, the code may be used.
   */
  signInByLink(code: string): Promise<SignedIn>;
  /** The principal of a session. `stale`: the session is not valid any more. */
  resume(session: string): Promise<Principal | UnverifiedSession | 'stale'>;
  /** The renewed value of a session that was used. Undefined if it does not need to be renewed yet. */
  renew(session: string): Promise<SealedSession | undefined>;
  /**
   * Ends a session on every server. Resolves with its principal once that is on disk, or with undefined if the session was not
   * valid any more. Throws a `Refusal` or `JournalUnavailable` if it could not be ended.
   */
  signOut(session: string): Promise<Principal | undefined>;
  /** The current status of a principal. Synchronous, because it is called again and again while a socket or stream is open. */
  statusOf(who: Principal): CredentialStatus;
}

export type SignedIn = { who: Principal } & SealedSession;

/**
 * A session that cannot be checked at the moment, because the issuer's keys cannot be loaded. Its reader has the rights of an
 * anonymous reader. A request that needs more gets a refusal with a time to retry, because the session may be valid.
 */
export interface UnverifiedSession {
  readonly refusal: Refusal;
  /** Checks the session again. */
  verifyAgain(): Promise<Credentials>;
}

/** Undefined: anonymous. */
export type Credentials = Principal | UnverifiedSession | undefined;

export function isUnverified(credentials: Credentials): credentials is UnverifiedSession {
  return credentials !== undefined && 'refusal' in credentials;
}

/** The principal, if it is known. */
export function principalIn(credentials: Credentials): Principal | undefined {
  return isUnverified(credentials) ? undefined : credentials;
}

/**
 * `revoked`, `signed-out`: everything that was opened with the credentials must end. `expired`: everything that needs a token
 * must end.
 */
export type CredentialStatus = 'good' | 'expired' | 'revoked' | 'signed-out';

export interface IdentityParts {
  tokens: Tokens;
  sessions: Sessions;
  links: SignInLinks;
  store: Pick<Revocations, 'isRevoked'> & Pick<SessionStore, 'isSessionEnded' | 'endSession'>;
  /** Milliseconds since 1970. */
  now: () => number;
}

export function createIdentity({ tokens, sessions, links, store, now }: IdentityParts): Identity {
  const statusOf = ({ jti, expiresAt, session }: Principal): CredentialStatus => {
    if (store.isRevoked(jti)) return 'revoked';
    if (session !== undefined && store.isSessionEnded(session)) return 'signed-out';
    return now() < expiresAt ? 'good' : 'expired';
  };
  const verify = async (token: string) => {
    const who = await tokens.verify(token).catch((error) => {
      if (!isLinkCode(token)) throw error;
      throw new Refusal('token-invalid', {
        detail: 'This is the code of a sign-in link, not a token. Open the link in a browser.',
      });
    });
    // The verification may come from a cache. Revocation is always checked.
    const refusal = refusalFor(statusOf(who));
    if (refusal !== undefined) throw refusal;
    return who;
  };
  const resume = async (session: string, usedAt = now()): Promise<Principal | UnverifiedSession | 'stale'> => {
    try {
      const who = await sessions.read(session, usedAt);
      return who !== undefined && statusOf(who) === 'good' ? who : 'stale';
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      // The check uses the time at which the connection was opened, because a session in use does not become idle.
      return { refusal: error, verifyAgain: () => resume(session, usedAt).then(credentialsIn) };
    }
  };
  return {
    verify,
    async signIn(token) {
      const who = await verify(token);
      return { who, ...(await sessions.seal(who)) };
    },
    async signInByLink(code) {
      const link = await links.verify(code);
      // Before the code is spent, because the rights may be too many for a session.
      const sealed = await sessions.seal(link.who);
      await links.spend(link);
      return { who: link.who, ...sealed };
    },
    resume: (session) => resume(session),
    renew: (session) => sessions.renew(session),
    async signOut(session) {
      const who = await sessions.readForSignOut(session);
      if (who?.session === undefined || statusOf(who) !== 'good') return undefined;
      await store.endSession(who.session, writes(who) ? who.sub : null);
      return who;
    },
    statusOf,
  };
}

/** Readers must not make the server's own journal grow, so it records the ends of other sessions only. */
function writes({ grants }: Principal): boolean {
  return grants.admin || grants.author.length + grants.editor.length > 0;
}

/** The credentials of a session that was checked. */
export function credentialsIn(resumed: Principal | UnverifiedSession | 'stale'): Credentials {
  return resumed === 'stale' ? undefined : resumed;
}

/** The refusal for credentials that are not valid any more. */
export function refusalFor(status: CredentialStatus): Refusal | undefined {
  return status === 'good' ? undefined : new Refusal('token-invalid', { detail: reasons[status] });
}

const reasons = {
  expired: 'The token has expired.',
  revoked: 'The token was revoked.',
  'signed-out': 'The session was signed out.',
} as const;

import type { Revocations, SessionStore } from '../journal/engine.ts';
import { Refusal } from '../protocol/problems.ts';
import type { Principal } from '../protocol/rights.ts';
import type { SealedSession, Sessions } from './sessions.ts';
import type { Tokens } from './tokens.ts';

/**
 * Who asks, and whether that still holds. Both are asked here and nowhere else, on every transport: when a request or a handshake comes
 * in, and for as long as what it opened stays open.
 */
export interface Identity {
  /** Who the token speaks for. Every failure is the refusal `token-invalid`, with a sentence that holds nothing of the token. */
  verify(token: string): Promise<Principal>;
  /** Exchanges a token for what a browser keeps of it, for so many seconds. Refuses like `verify`. */
  signIn(token: string): Promise<{ who: Principal } & SealedSession>;
  /** Who a browser's session speaks for. `stale`: nobody any more. */
  resume(session: string): Promise<Principal | UnverifiedSession | 'stale'>;
  /** What the browser is to keep in the place of a session that was resumed, as it was used; undefined where that has time. */
  renew(session: string): Promise<SealedSession | undefined>;
  /**
   * Ends a browser's session, on every server. Resolves once that is on disk, with whom it spoke for; undefined where it was good no longer.
   * Throws a `Refusal` or `JournalUnavailable` where it could not be ended.
   */
  signOut(session: string): Promise<Principal | undefined>;
  /** How it stands now with whom one of these gave. At once: asked again and again while a socket or stream is open. */
  statusOf(who: Principal): CredentialStatus;
}

/**
 * Whose session cannot be judged at the moment, as its issuer's keys cannot be had. They have what strangers have, and of all else they
 * are told to come back: a stranger would be told that it is not for them.
 */
export interface UnverifiedSession {
  readonly refusal: Refusal;
  /** Who it is by now. */
  verifyAgain(): Promise<Credentials>;
}

/** Who asks; undefined for a stranger. */
export type Credentials = Principal | UnverifiedSession | undefined;

export function isUnverified(credentials: Credentials): credentials is UnverifiedSession {
  return credentials !== undefined && 'refusal' in credentials;
}

/** Who it is known to be. */
export function principalIn(credentials: Credentials): Principal | undefined {
  return isUnverified(credentials) ? undefined : credentials;
}

/** `revoked`, `signed-out`: what the token or the session opened is to be ended. `expired`: what needs a token is. */
export type CredentialStatus = 'good' | 'expired' | 'revoked' | 'signed-out';

export interface IdentityParts {
  tokens: Tokens;
  sessions: Sessions;
  store: Pick<Revocations, 'isRevoked'> & Pick<SessionStore, 'isSessionEnded' | 'endSession'>;
  /** Milliseconds since 1970. */
  now: () => number;
}

export function createIdentity({ tokens, sessions, store, now }: IdentityParts): Identity {
  const statusOf = ({ jti, expiresAt, session }: Principal): CredentialStatus => {
    if (store.isRevoked(jti)) return 'revoked';
    if (session !== undefined && store.isSessionEnded(session)) return 'signed-out';
    return now() < expiresAt ? 'good' : 'expired';
  };
  const verify = async (token: string) => {
    const who = await tokens.verify(token);
    // What was verified may be remembered; that it was not revoked since then may not.
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
      // What was opened with it uses it, so it does not become idle meanwhile.
      return { refusal: error, verifyAgain: () => resume(session, usedAt).then(credentialsIn) };
    }
  };
  return {
    verify,
    async signIn(token) {
      const who = await verify(token);
      return { who, ...(await sessions.seal(who)) };
    },
    resume: (session) => resume(session),
    renew: (session) => sessions.renew(session),
    async signOut(session) {
      const who = await sessions.readForSignOut(session);
      if (who?.session === undefined || statusOf(who) !== 'good') return undefined;
      await store.endSession(who.session);
      return who;
    },
    statusOf,
  };
}

/** Who asks with a session that was looked at. */
export function credentialsIn(resumed: Principal | UnverifiedSession | 'stale'): Credentials {
  return resumed === 'stale' ? undefined : resumed;
}

/** What to tell whose token is good no longer. */
export function refusalFor(status: CredentialStatus): Refusal | undefined {
  return status === 'good' ? undefined : new Refusal('token-invalid', { detail: said[status] });
}

const said = {
  expired: 'The token has expired.',
  revoked: 'The token was revoked.',
  'signed-out': 'The session was signed out.',
} as const;

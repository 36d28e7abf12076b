import type { Revocations } from '../engine/engine.ts';
import { Refusal } from '../protocol/problems.ts';
import type { Principal } from '../protocol/rights.ts';
import type { Sealed, Sessions } from './sessions.ts';
import type { Tokens } from './tokens.ts';

/**
 * Who asks, and whether that still holds. Both are asked here and nowhere else, on every transport: when a request or a handshake comes
 * in, and for as long as what it opened stays open.
 */
export interface Identity {
  /** Who the token speaks for. Every failure is the refusal `token-invalid`, with a sentence that holds nothing of the token. */
  verify(token: string): Promise<Principal>;
  /** Exchanges a token for what a browser keeps of it, for so many seconds. Refuses like `verify`. */
  signIn(token: string): Promise<{ who: Principal } & Sealed>;
  /** Who a browser's session speaks for. `stale`: nobody any more. `unclear`: that cannot be told at the moment. */
  resume(session: string): Promise<Principal | 'stale' | 'unclear'>;
  /** How it stands now with whom one of these gave. At once: asked again and again while a socket or stream is open. */
  standing(who: Principal): Standing;
}

/** `revoked`: what the token opened is to be ended. `expired`: what needs a token is. */
export type Standing = 'good' | 'expired' | 'revoked';

export interface IdentityParts {
  tokens: Tokens;
  sessions: Sessions;
  revocations: Pick<Revocations, 'isRevoked'>;
  /** Milliseconds since 1970. */
  now: () => number;
}

export function createIdentity({ tokens, sessions, revocations, now }: IdentityParts): Identity {
  const standing = ({ jti, expiresAt }: Principal): Standing => {
    if (revocations.isRevoked(jti)) return 'revoked';
    return now() < expiresAt ? 'good' : 'expired';
  };
  const verify = async (token: string) => {
    const who = await tokens.verify(token);
    // What was verified may be remembered; that it was not revoked since then may not.
    const refusal = refusalFor(standing(who));
    if (refusal !== undefined) throw refusal;
    return who;
  };
  return {
    verify,
    async signIn(token) {
      const who = await verify(token);
      return { who, ...(await sessions.seal(token, who)) };
    },
    async resume(session) {
      try {
        const who = await sessions.read(session);
        return who !== undefined && standing(who) === 'good' ? who : 'stale';
      } catch (error) {
        if (error instanceof Refusal) return 'unclear';
        throw error;
      }
    },
    standing,
  };
}

/** What to tell whose token is good no longer. */
export function refusalFor(standing: Standing): Refusal | undefined {
  return standing === 'good' ? undefined : new Refusal('token-invalid', { detail: `The token ${said[standing]}.` });
}

const said = { expired: 'has expired', revoked: 'was revoked' } as const;

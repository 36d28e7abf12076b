import type { Revocations } from '../engine/engine.ts';
import { Refusal } from '../protocol/problems.ts';
import type { Principal } from '../protocol/rights.ts';
import type { Tokens } from './tokens.ts';

/**
 * Who asks, and whether that still holds. Both are asked here and nowhere else, on every transport: when a request or a handshake comes
 * in, and for as long as what it opened stays open.
 */
export interface Identity {
  /** Who the token speaks for. Every failure is the refusal `token-invalid`, with a sentence that holds nothing of the token. */
  verify(token: string): Promise<Principal>;
  /** How it stands now with whom `verify` gave. At once: asked again and again while a socket or stream is open. */
  standing(who: Principal): Standing;
}

/** `revoked`: what the token opened is to be ended. `expired`: what needs a token is. */
export type Standing = 'good' | 'expired' | 'revoked';

export interface IdentityParts {
  tokens: Tokens;
  revocations: Pick<Revocations, 'isRevoked'>;
  /** Milliseconds since 1970. */
  now: () => number;
}

export function createIdentity({ tokens, revocations, now }: IdentityParts): Identity {
  const standing = ({ jti, expiresAt }: Principal): Standing => {
    if (revocations.isRevoked(jti)) return 'revoked';
    return now() < expiresAt ? 'good' : 'expired';
  };
  return {
    async verify(token) {
      const who = await tokens.verify(token);
      // What was verified may be remembered; that it was not revoked since then may not.
      const refusal = refusalFor(standing(who));
      if (refusal !== undefined) throw refusal;
      return who;
    },
    standing,
  };
}

/** What to tell whose token is good no longer. */
export function refusalFor(standing: Standing): Refusal | undefined {
  return standing === 'good' ? undefined : new Refusal('token-invalid', { detail: `The token ${said[standing]}.` });
}

const said = { expired: 'has expired', revoked: 'was revoked' } as const;

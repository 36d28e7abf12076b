import { createHmac } from 'node:crypto';
import { decodeProtectedHeader, errors, jwtVerify, SignJWT } from 'jose';
import type { Revocations } from '../journal/engine.ts';
import { newsroomLimits } from '../newsroom/newsroom-limits.ts';
import { Refusal } from '../protocol/problems.ts';
import type { Principal } from '../protocol/rights.ts';
import { linkClaimsSchema } from '../protocol/schemas.ts';
import { limits } from '../protocol/wire-limits.ts';
import { byOneOf } from './key-rotation.ts';
import type { Secrets } from './secret.ts';
import { tokenLimits } from './token-limits.ts';
import { grantsClaim, principalFrom, type TokenContent } from './tokens.ts';

/**
 * Sign-in links open one session each. The code in the link is a JSON Web Token with its own type, audience and key, so that it is
 * never accepted as a token or session, and neither is accepted as a code. Every node spends the code in the store before it
 * answers, so that a code opens one session however many nodes get it at once. The session has the `jti` of the code, so revoking
 * that id ends the session, and makes a link useless that was not used yet (docs/decisions/0044).
 */
export interface SignInLinks {
  /** Checks a code without spending it. Every failure is the refusal `token-invalid`. */
  verify(code: string): Promise<SignInLink>;
  /** Resolves if nothing has spent the code before, and refuses it with `link-used` otherwise. Throws `JournalUnavailable`. */
  spend(link: SignInLink): Promise<void>;
}

export interface SignInLink {
  /** The principal of the session. It expires when a session that is opened now ends. */
  who: Principal;
  /** Milliseconds since 1970. */
  usableUntil: number;
}

export interface SignInLinksParts {
  /** Undefined: only tokens of an issuer are accepted, so there are no links. */
  secrets: Secrets | undefined;
  store: Pick<Revocations, 'isRevoked' | 'spend'>;
  /** Milliseconds since 1970. */
  now: () => number;
}

const algorithm = 'HS256';
const type = 'pressbox-link+jwt';
const audience = 'pressbox-link';
const requiredClaims = ['exp', 'iat', 'jti', 'sub', 'aud'];
const spentBeyondMs = newsroomLimits.revokedBeyondHours * 3_600_000;
const askAgain = 'Ask for a new link.';

export function createSignInLinks({ secrets, store, now }: SignInLinksParts): SignInLinks {
  const keys = secrets?.map(keyFrom);

  return {
    async verify(code) {
      if (keys === undefined) throw invalidLink('This server accepts only tokens of another issuer, so it has no sign-in links.');
      const checks = { algorithms: [algorithm], typ: type, audience, requiredClaims, currentDate: new Date(now()) };
      const { found, place } = await byOneOf(keys, (key) => jwtVerify(code, key, checks)).catch(refuse);
      const { payload } = found;
      const claims = linkClaimsSchema.safeParse(payload);
      if (!claims.success) throw invalidLink(`The sign-in link does not have the expected form. ${askAgain}`);
      const { sessionSeconds, exp, iat } = claims.data;
      if (exp - iat > limits.signInLinkHours * 3_600) throw invalidLink(`The sign-in link can be used for too long. ${askAgain}`);
      const who = { ...principalFrom(payload, now()), ...(place > 0 && { secret: place }) };
      if (store.isRevoked(who.jti)) throw invalidLink(`The sign-in link was revoked. ${askAgain}`);
      return { who: { ...who, expiresAt: now() + sessionSeconds * 1_000 }, usableUntil: who.expiresAt };
    },
    async spend({ who, usableUntil }) {
      const id = spentId(who.jti);
      // After a failover the store may have lost what this node still knows.
      if (store.isRevoked(id)) throw new Refusal('link-used');
      const result = await store.spend(id, usableUntil + spentBeyondMs, who.sub);
      if (result === 'used') throw new Refusal('link-used');
      if (result === 'full') {
        throw new Refusal('revocations-full', {
          detail: `The server cannot remember that this link was used, because ${limits.revokedTokens} revoked tokens and used links have not expired yet. The link stays usable. Tell the operator of this server.`,
        });
      }
    },
  };
}

/** Whether a bearer token is the code of a link, by its type. Says nothing about its signature. */
export function isLinkCode(token: string): boolean {
  if (token.length > tokenLimits.tokenCharacters) return false;
  try {
    return decodeProtectedHeader(token).typ === type;
  } catch {
    return false;
  }
}

export type LinkContent = Omit<TokenContent, 'ttlSeconds'> & {
  /** How long the link can be used. */
  usableSeconds: number;
  /** How long the session that it opens lasts. */
  sessionSeconds: number;
};

/** The code of a link, signed with the secret of the server. Anyone who uses it first has the rights that it grants. */
export function signLinkCode(secret: Uint8Array, content: LinkContent): Promise<string> {
  const { sub, name, grants, jti, now, usableSeconds, sessionSeconds } = content;
  const iat = Math.floor(now / 1_000);
  const own = { sub, jti, aud: audience, iat, exp: iat + usableSeconds, sessionSeconds };
  return new SignJWT({ ...(name !== undefined && { name }), pressbox: grantsClaim(grants), ...own })
    .setProtectedHeader({ alg: algorithm, typ: type })
    .sign(keyFrom(secret));
}

/** The id under which the store remembers that a link was used. */
function spentId(jti: string): string {
  return `link:${jti}`;
}

/** Derived (as HKDF would do it), so that nothing else that is signed with the secret is accepted as a code. */
function keyFrom(secret: Uint8Array): Uint8Array {
  return createHmac('sha256', secret).update('pressbox sign-in link').digest();
}

function refuse(error: unknown): never {
  if (error instanceof errors.JWTExpired) throw invalidLink(`The sign-in link has expired. ${askAgain}`);
  throw invalidLink(`The sign-in link is incomplete, or was made with another secret. ${askAgain}`);
}

function invalidLink(detail: string): Refusal {
  return new Refusal('token-invalid', { detail });
}

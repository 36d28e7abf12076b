import { createHmac } from 'node:crypto';
import { decodeProtectedHeader, jwtVerify, SignJWT } from 'jose';
import { limits } from '../protocol/limits.ts';
import { Refusal } from '../protocol/problems.ts';
import type { Principal } from '../protocol/rights.ts';
import { principalFrom, type Tokens } from './tokens.ts';

/**
 * What a browser keeps instead of a token, so that no script and no address ever holds one. Every node takes it, and none keeps
 * anything of it.
 *
 * Of a token that was signed with the server's secret it is another one: of its own kind, audience and key, so that neither is taken
 * for the other, good for hours at most, and void with the secret. Of a token that an issuer signed it is that token: it ends when the
 * issuer withdraws its key, and needs no secret that all nodes share.
 */
export interface Sessions {
  /** What to keep of a token that was verified, and for how many seconds: no longer than the token is good. */
  seal(token: string, who: Principal): Promise<Sealed>;
  /** Who it speaks for; undefined where it does not hold, or no longer. Throws a `Refusal` where that cannot be told at the moment. */
  read(value: string): Promise<Principal | undefined>;
}

export interface Sealed {
  value: string;
  maxAgeSeconds: number;
  /** Milliseconds since 1970. */
  expiresAt: number;
}

export interface SessionsParts {
  tokens: Tokens;
  secret: Uint8Array | undefined;
  /** Milliseconds since 1970. */
  now: () => number;
}

const algorithm = 'HS256';
const type = 'pressbox-session+jwt';
const audience = 'pressbox-session';
const requiredClaims = ['exp', 'iat', 'jti', 'sub', 'aud'];

export function createSessions({ tokens, secret, now }: SessionsParts): Sessions {
  // A key of its own (as HKDF would make one), so that whatever else is signed with the secret can be no session.
  const key = secret && createHmac('sha256', secret).update('pressbox session').digest();

  return {
    async seal(token, who) {
      const startedAt = Math.floor(now() / 1000);
      const maxAgeSeconds = Math.min(Math.floor(who.expiresAt / 1000) - startedAt, limits.sessionHours * 3_600);
      const isOwn = key !== undefined && decodeProtectedHeader(token).alg === algorithm;
      const value = isOwn ? await sign(key, who, startedAt, maxAgeSeconds) : token;
      if (value.length > limits.sessionCharacters) {
        throw new Refusal('too-large', {
          detail: `The token says too much for a browser to keep: its session has ${value.length} characters, and up to ${limits.sessionCharacters} fit into a cookie. Prefixes ending in * take fewer than lists of channels.`,
        });
      }
      return { value, maxAgeSeconds, expiresAt: (startedAt + maxAgeSeconds) * 1_000 };
    },

    async read(value) {
      if (value.length > limits.sessionCharacters) return undefined;
      try {
        const header = decodeProtectedHeader(value);
        // A token that the server signed is no session: it was never exchanged for one.
        if (header.typ !== type) return header.alg === algorithm ? undefined : await tokens.verify(value);
        if (key === undefined) return undefined;
        const checks = { algorithms: [algorithm], typ: type, audience, requiredClaims, currentDate: new Date(now()) };
        return principalFrom((await jwtVerify(value, key, checks)).payload, now());
      } catch (error) {
        if (error instanceof Refusal && error.problem.retryAfter !== undefined) throw error;
        return undefined;
      }
    },
  };
}

function sign(key: Uint8Array, who: Principal, startedAt: number, seconds: number): Promise<string> {
  const { sub, name, jti, grants } = who;
  const given = Object.fromEntries(Object.entries(grants).filter(([, value]) => value === true || (value as []).length > 0));
  return new SignJWT({ name, pressbox: given })
    .setProtectedHeader({ alg: algorithm, typ: type })
    .setSubject(sub)
    .setAudience(audience)
    .setIssuedAt(startedAt)
    .setExpirationTime(startedAt + seconds)
    .setJti(jti)
    .sign(key);
}

import { createHmac, hash, randomUUID } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { JournalUnavailable } from '../journal/engine.ts';
import { ownerKeyOf } from '../protocol/owner-key.ts';
import { Refusal } from '../protocol/problems.ts';
import type { Principal } from '../protocol/rights.ts';
import { parse, sessionClaimsSchema } from '../protocol/schemas.ts';
import { limits } from '../protocol/wire-limits.ts';
import { byOneOf } from './key-rotation.ts';
import type { Secrets } from './secret.ts';
import { grantsClaim, mayAdminister, principalFrom, type Tokens } from './tokens.ts';

/**
 * Sessions replace tokens in browsers, so that no script and no URL contains a token. A session is a JSON Web Token with its own
 * type, audience and key, so that tokens and sessions cannot be confused. It contains its id, the id and rights of the token, and
 * the thumbprint of the issuer's key. It ends when the token expires or is revoked, when the issuer withdraws that key, after
 * `sessionHours`, or when its reader signs out (docs/decisions/0026). With an idle limit it also ends when it is not used. It
 * contains the time of its last use, so that no node has to remember that time.
 *
 * Cookies from earlier versions stay valid until they expire: sessions without an id or a time of last use, and the token itself
 * if an issuer signed it. The idle limit needs the time of last use, so it does not apply to cookies without it.
 */
export interface Sessions {
  /** Creates a session for a verified token, which lasts no longer than the token. */
  seal(who: Principal): Promise<SealedSession>;
  /**
   * The principal of the session. Undefined if the session is not valid. Throws a `Refusal` if the session cannot be checked now.
   * `usedAt`: when the client sent the session, in milliseconds since 1970.
   */
  read(value: string, usedAt: number): Promise<Principal | undefined>;
  /** The session with its last use set to now. Undefined while the recorded last use is recent enough. */
  renew(value: string): Promise<SealedSession | undefined>;
  /** Reads a session to end it. Unlike `read`, accepts an idle session, and does not check that the issuer still has its key. */
  readForSignOut(value: string): Promise<Principal | undefined>;
}

export interface SealedSession {
  value: string;
  maxAgeSeconds: number;
  /** Milliseconds since 1970. */
  expiresAt: number;
}

export interface SessionsParts {
  tokens: Tokens;
  secrets: Secrets | undefined;
  /** The key that the store keeps for a server without a secret. */
  storedKey(): Promise<Uint8Array>;
  /** Sessions that were not used for this long are refused. Undefined: no limit. */
  idleMs?: number | undefined;
  /** Milliseconds since 1970. */
  now: () => number;
}

const algorithm = 'HS256';
const type = 'pressbox-session+jwt';
const audience = 'pressbox-session';
const requiredClaims = ['exp', 'iat', 'jti', 'sub', 'aud'];
/** A cookie is renewed at most this many times within the idle limit. */
const renewalsWithinIdle = 10;

/** The content of a session. */
interface SessionContent {
  who: Principal;
  /** Milliseconds since 1970. Undefined in older sessions. */
  lastUsedAt?: number;
}

export function createSessions({ tokens, secrets, storedKey, idleMs, now }: SessionsParts): Sessions {
  // A derived key (as HKDF would make one), so that nothing else that is signed with the secret is accepted as a session.
  const derived = secrets?.map((secret) => createHmac('sha256', secret).update('pressbox session').digest());
  const keys = async (): Promise<Uint8Array[]> => derived ?? [await storedKey()];
  const keyAt = async (place = 0) => (await keys())[place] as Uint8Array;

  return {
    async seal(who) {
      const startedAt = Math.floor(now() / 1000);
      const maxAgeSeconds = Math.min(Math.floor(who.expiresAt / 1000) - startedAt, limits.sessionHours * 3_600);
      const value = await sign(await keyAt(who.secret), who, startedAt, maxAgeSeconds);
      if (value.length > limits.sessionCharacters) {
        throw new Refusal('too-large', {
          detail: `The token is too large for a browser session: the session has ${value.length} characters, and at most ${limits.sessionCharacters} fit into a cookie. Prefixes ending in * are shorter than lists of channels.`,
        });
      }
      return { value, maxAgeSeconds, expiresAt: (startedAt + maxAgeSeconds) * 1_000 };
    },
    async read(value, usedAt) {
      const content = await undefinedIfInvalid(() => readContent(value));
      if (content === undefined || isIdle(content, usedAt)) return undefined;
      const { who } = content;
      if (who.issued === undefined) return who;
      return mayAdminister(who) && (await tokens.hasIssuerKey(who.issued)) ? who : undefined;
    },
    async renew(value) {
      if (idleMs === undefined || decodeProtectedHeader(value).typ !== type) return undefined;
      const lastUsedAt = lastUseOf(decodeJwt(value));
      if (lastUsedAt === undefined || now() - lastUsedAt < idleMs / renewalsWithinIdle) return undefined;
      const { payload, place } = await verified(value);
      const used = Math.floor(now() / 1000);
      const expiresAt = payload.exp ?? 0;
      return {
        value: await signed(await keyAt(place), { ...payload, used }),
        maxAgeSeconds: expiresAt - used,
        expiresAt: expiresAt * 1_000,
      };
    },
    readForSignOut: async (value) => (await undefinedIfInvalid(() => readContent(value)))?.who,
  };

  function isIdle({ lastUsedAt }: SessionContent, usedAt: number): boolean {
    return idleMs !== undefined && lastUsedAt !== undefined && usedAt - lastUsedAt >= idleMs;
  }

  /** `place`: of the secret that signed it. */
  async function verified(value: string): Promise<{ payload: JWTPayload; place: number }> {
    const checks = { algorithms: [algorithm], typ: type, audience, requiredClaims, currentDate: new Date(now()) };
    const { found, place } = await byOneOf(await keys(), (key) => jwtVerify(value, key, checks));
    return { payload: found.payload, place };
  }

  async function readContent(value: string): Promise<SessionContent | undefined> {
    if (value.length > limits.sessionCharacters) return undefined;
    const header = decodeProtectedHeader(value);
    if (header.typ === type) {
      const { payload, place } = await verified(value);
      const lastUsedAt = lastUseOf(payload);
      return {
        who: { ...principalOf(value, payload), ...(place > 0 && { secret: place }) },
        ...(lastUsedAt !== undefined && { lastUsedAt }),
      };
    }
    // A token that was signed with the secret is not accepted as a session, because it was never exchanged for one.
    if (header.alg === algorithm) return undefined;
    const who = await tokens.verify(value);
    return { who: { ...who, session: sessionOf(who, { id: idOfOldCookie(value), begunAt: 0 }) } };
  }

  function principalOf(value: string, payload: JWTPayload): Principal {
    const { sid = idOfOldCookie(value), kid, iss } = parse(sessionClaimsSchema, payload);
    const who = {
      ...principalFrom(payload, now()),
      ...(kid !== undefined && { issued: { key: kid, ...(iss !== undefined && { issuer: iss }) } }),
    };
    return { ...who, session: sessionOf(who, { id: sid, begunAt: (payload.iat ?? 0) * 1_000 }) };
  }
}

/** Returns undefined for an invalid session. Rethrows errors that leave open whether it is valid. */
async function undefinedIfInvalid<T>(read: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Refusal && error.problem.retryAfter !== undefined) throw error;
    if (error instanceof JournalUnavailable) throw error;
    return undefined;
  }
}

function sign(key: Uint8Array, who: Principal, startedAt: number, seconds: number): Promise<string> {
  const { sub, name, jti, grants, issued } = who;
  const issuer = issued && { kid: issued.key, ...(issued.issuer !== undefined && { iss: issued.issuer }) };
  const own = { sub, jti, aud: audience, iat: startedAt, exp: startedAt + seconds, used: startedAt };
  return signed(key, { name, pressbox: grantsClaim(grants), sid: randomUUID(), ...issuer, ...own });
}

function signed(key: Uint8Array, claims: JWTPayload): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: algorithm, typ: type }).sign(key);
}

function lastUseOf({ used }: JWTPayload): number | undefined {
  return typeof used === 'number' ? used * 1_000 : undefined;
}

function sessionOf(who: Principal, { id, begunAt }: { id: string; begunAt: number }) {
  return { subject: ownerKeyOf(who), id, begunAt, until: who.expiresAt };
}

/** The id of a cookie without one: a hash of the signed part, because a signature can be encoded in several ways. */
function idOfOldCookie(value: string): string {
  return shortHash(value.slice(0, value.lastIndexOf('.')));
}

function shortHash(text: string): string {
  return hash('sha256', text, 'base64url').slice(0, 22);
}

import { hash } from 'node:crypto';
import {
  calculateJwkThumbprint,
  createRemoteJWKSet,
  decodeProtectedHeader,
  errors,
  type JWK,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
  SignJWT,
} from 'jose';
import { Refusal } from '../protocol/problems.ts';
import type { Grants, Issued, Principal } from '../protocol/rights.ts';
import { claimsSchema } from '../protocol/schemas.ts';
import { secretBytes } from './secret.ts';
import { tokenLimits } from './token-limits.ts';

/**
 * JSON Web Tokens (RFC 7519), checked as RFC 8725 says: the algorithm is pinned by the kind of key, never taken from the token;
 * audience, expiry and identity are required. A secret is only ever used for HMAC, and a public key never.
 */
export interface Tokens {
  /** Who the token speaks for. Every failure is the refusal `token-invalid`, with a sentence that holds nothing of the token. */
  verify(token: string): Promise<Principal>;
  /** Whether the issuer still has the key that a token was signed with. Throws a `Refusal` where that cannot be told at the moment. */
  hasIssuerKey(issued: Issued): Promise<boolean>;
}

export interface TokenKeys {
  /** For HS256. The bytes as they are, at least 32 of them. */
  secret?: Uint8Array | undefined;
  /** Where a JWK set with public keys is found, for RS256, ES256 and EdDSA. */
  jwksUrl?: string | undefined;
  /** What tokens that such a key signed must be of, for, and how long they may be good at most. Undefined: anyone's, `pressbox`, and any time. */
  issuer?: string | undefined;
  audience?: string | undefined;
  maxLifetimeSeconds?: number | undefined;
  /** Milliseconds since 1970. */
  now: () => number;
  /** Milliseconds of a clock that never goes back. */
  elapsed?: () => number;
}

const audience = 'pressbox';
const secretAlgorithms = ['HS256'] as const;
const publicKeyAlgorithms = ['RS256', 'ES256', 'EdDSA', 'Ed25519'] as const;
const requiredClaims = ['exp', 'iat', 'jti', 'sub', 'aud'];
const { tokenCharacters, clockSkewMs, jwksTimeoutMs, jwksRetrySeconds, jwksKeptMs, jwksPauseMs, jwksFailurePauseMs } =
  tokenLimits;
const { rememberedTokenMs: verifiedMs, rememberedTokens: verifiedMost } = tokenLimits;
/** The tolerance is for `nbf`; jose has the same for `exp`, which is looked at again for that. */
const checks = { audience, requiredClaims, clockTolerance: clockSkewMs / 1_000 };

type Check = (token: string, currentDate: Date) => Promise<{ payload: JWTPayload; issued?: Issued }>;

export function createTokens(given: TokenKeys): Tokens {
  const { secret, jwksUrl, issuer, now, elapsed = () => performance.now() } = given;
  if (secret === undefined && jwksUrl === undefined) throw new Error('Tokens need a secret or the URL of a JWK set.');
  const bySecret = secret && checkBySecret(secret);
  const issuerKeys = jwksUrl === undefined ? undefined : createIssuerKeys(new URL(jwksUrl), elapsed);
  const byPublicKey = issuerKeys && checkByPublicKey(issuerKeys, given);

  const verifiedTokens = createVerifiedTokens(now);

  return {
    async verify(token) {
      if (token.length > tokenCharacters) throw invalidToken('The token is too long.');
      // A decoder passes over white space in the signature, which a cookie could not hold (RFC 7515, 2: there is none).
      if (!/^[\w.-]*$/.test(token)) throw invalidToken('This is not a signed JSON Web Token.');
      const key = hash('sha256', token, 'base64');
      const known = verifiedTokens.find(key);
      if (known !== undefined) return known;
      const principal = await check(token);
      verifiedTokens.add(key, principal);
      return principal;
    },
    async hasIssuerKey({ key, issuer: by }) {
      if (issuerKeys === undefined || by !== issuer) return false;
      try {
        return await issuerKeys.has(key);
      } catch (error) {
        throw error instanceof Refusal ? error : keysUnavailable();
      }
    },
  };

  async function check(token: string): Promise<Principal> {
    const algorithm = algorithmOf(token);
    const read = isOneOf(secretAlgorithms, algorithm)
      ? bySecret
      : isOneOf(publicKeyAlgorithms, algorithm)
        ? byPublicKey
        : undefined;
    if (!read) throw invalidToken('The token is signed in a way that is not accepted here.');
    try {
      const { payload, issued } = await read(token, new Date(now()));
      return { ...principalFrom(payload, now()), ...(issued && { issued }) };
    } catch (error) {
      throw error instanceof Refusal ? error : refusalFor(error);
    }
  }
}

interface VerifiedTokens {
  find(key: string): Principal | undefined;
  add(key: string, principal: Principal): void;
}

/**
 * Whom tokens speak for that were checked of late, by the tokens' hashes, so that no token stays in memory. Never past the expiry. In two
 * halves: a full newer one becomes the older one, and what that held is forgotten.
 */
function createVerifiedTokens(now: () => number): VerifiedTokens {
  let newer = new Map<string, { principal: Principal; from: number; until: number }>();
  let older: typeof newer = new Map();
  const put = (key: string, entry: { principal: Principal; from: number; until: number }) => {
    if (newer.size >= verifiedMost / 2) {
      older = newer;
      newer = new Map();
    }
    newer.set(key, entry);
  };
  return {
    find(key) {
      const here = newer.get(key);
      const entry = here ?? older.get(key);
      if (entry === undefined) return undefined;
      const at = now();
      // A clock that was put back says nothing about what was found later by it.
      if (at < entry.from || at >= entry.until) return undefined;
      if (here === undefined) put(key, entry);
      return entry.principal;
    },
    add(key, principal) {
      const from = now();
      put(key, { principal, from, until: Math.min(principal.expiresAt, from + verifiedMs) });
    },
  };
}

export interface TokenContent {
  /** Who it speaks for. */
  sub: string;
  /** The byline; where left out, `sub` is shown. */
  name?: string | undefined;
  grants: Partial<Grants>;
  ttlSeconds: number;
  /** Milliseconds since 1970. */
  now: number;
  jti: string;
}

/** A token signed with the server's secret. Claims are the caller's: what it grants is what whoever holds it may do. */
export async function signToken(secret: Uint8Array, { sub, name, grants, ttlSeconds, now, jti }: TokenContent): Promise<string> {
  assertLongEnough(secret);
  const { reader = [], author = [], editor = [], admin = false } = grants;
  const given = {
    ...(reader.length > 0 && { reader }),
    ...(author.length > 0 && { author }),
    ...(editor.length > 0 && { editor }),
    ...(admin && { admin }),
  };
  const issuedAt = Math.floor(now / 1000);
  return new SignJWT({ ...(name !== undefined && { name }), pressbox: given })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(sub)
    .setAudience(audience)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + ttlSeconds)
    .setJti(jti)
    .sign(secret);
}

function checkBySecret(secret: Uint8Array): Check {
  assertLongEnough(secret);
  // Imported once: jose would import raw bytes again for every token.
  const key = crypto.subtle.importKey('raw', new Uint8Array(secret), { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
  return async (token, currentDate) => {
    const options = { algorithms: [...secretAlgorithms], ...checks, currentDate };
    return { payload: (await jwtVerify(token, await key, options)).payload };
  };
}

function checkByPublicKey(keys: IssuerKeys, { issuer, audience: wanted = audience, maxLifetimeSeconds }: TokenKeys): Check {
  return async (token, currentDate) => {
    const options = {
      ...checks,
      ...{ algorithms: [...publicKeyAlgorithms], audience: wanted, currentDate },
      ...(issuer !== undefined && { issuer }),
    };
    const { payload, key } = await jwtVerify(token, keys.find, options);
    const { exp = 0, iat = 0 } = payload;
    if (maxLifetimeSeconds !== undefined && exp - iat > maxLifetimeSeconds) {
      throw invalidToken(`The token is good for longer than the ${maxLifetimeSeconds / 60} minutes that this server accepts.`);
    }
    // As an object, which only symmetric keys are not.
    return { payload, issued: { key: await calculateJwkThumbprint(key as CryptoKey), ...(issuer !== undefined && { issuer }) } };
  };
}

/** The keys that an issuer publishes. Each throws where they cannot be had. */
interface IssuerKeys {
  find: JWTVerifyGetKey;
  /** Whether a key with this thumbprint (RFC 7638) is among them. */
  has(thumbprint: string): Promise<boolean>;
}

function createIssuerKeys(url: URL, elapsed: () => number): IssuerKeys {
  // When the issuer is asked again is decided here: jose goes by the time of day, which may be put back.
  const keys = createRemoteJWKSet(url, {
    timeoutDuration: jwksTimeoutMs,
    cacheMaxAge: Number.POSITIVE_INFINITY,
    cooldownDuration: Number.POSITIVE_INFINITY,
  });
  let [loadedAt, failedAt] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let thumbprints: Promise<ReadonlySet<string>> | undefined;
  const loadKeys = async () => {
    // A stranger's token would have it asked as well: an issuer that cannot keep up would be asked for each.
    if (elapsed() - failedAt < jwksFailurePauseMs) throw keysUnavailable();
    try {
      await keys.reload();
      thumbprints = undefined;
      loadedAt = elapsed();
    } catch (error) {
      failedAt = elapsed();
      throw error;
    }
  };
  /** Looks with what is known, and once more with what the issuer has now, where nothing was found. */
  const lookUp = async <T>(once: () => Promise<T | undefined>): Promise<T | undefined> => {
    const isOld = elapsed() - loadedAt >= jwksKeptMs;
    if (isOld) await loadKeys();
    const found = await once();
    if (found !== undefined || isOld) return found;
    if (elapsed() - loadedAt < jwksPauseMs) {
      throw notCheckable('The key that it is signed with was not known when its issuer was last asked, a moment ago.');
    }
    await loadKeys();
    return await once();
  };
  return {
    async find(header, token) {
      const found = await lookUp(async () => {
        try {
          return await keys(header, token);
        } catch (error) {
          if (error instanceof errors.JWKSNoMatchingKey) return undefined;
          throw error;
        }
      });
      if (found === undefined) throw new errors.JWKSNoMatchingKey();
      return found;
    },
    async has(thumbprint) {
      const found = await lookUp(async () => {
        thumbprints ??= thumbprintsOf(keys.jwks()?.keys ?? []);
        return (await thumbprints).has(thumbprint) || undefined;
      });
      return found === true;
    },
  };
}

/** What has none is no key that signs tokens. */
async function thumbprintsOf(keys: readonly JWK[]): Promise<ReadonlySet<string>> {
  const told = await Promise.allSettled(keys.map((key) => calculateJwkThumbprint(key)));
  return new Set(told.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])));
}

/** What the claims of a token, or of a session, say of whom it speaks for. Throws a `Refusal` where they have another form. */
export function principalFrom(payload: JWTPayload, now: number): Principal {
  const claims = claimsSchema.safeParse(payload);
  if (!claims.success) {
    const where = claims.error.issues[0]?.path.map(String).join('.') ?? '';
    throw invalidToken(`The claim "${where}" of the token does not have the expected form.`);
  }
  const { sub, name = sub, jti, iat, exp, pressbox = {} } = claims.data;
  if (exp * 1000 <= now) throw invalidToken('The token has expired.');
  if (iat * 1000 > now + clockSkewMs) throw invalidToken('The token says that it was issued in the future.');
  const { reader = [], author = [], editor = [], admin = false } = pressbox;
  return { sub, name, jti, expiresAt: Math.min(exp * 1000, Number.MAX_SAFE_INTEGER), grants: { reader, author, editor, admin } };
}

function algorithmOf(token: string): string | undefined {
  try {
    return decodeProtectedHeader(token).alg;
  } catch {
    throw invalidToken('This is not a signed JSON Web Token.');
  }
}

function refusalFor(error: unknown): Refusal {
  if (error instanceof errors.JWTExpired) return invalidToken('The token has expired.');
  if (error instanceof errors.JWTClaimValidationFailed) {
    const reason = error.reason === 'missing' ? 'is missing' : 'does not fit';
    return invalidToken(`The claim "${error.claim}" of the token ${reason}.`);
  }
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return invalidToken('The signature of the token is not right: signed with another secret (another data directory?).');
  if (error instanceof errors.JWKSNoMatchingKey) return invalidToken('The token is signed with a key that is not known here.');
  if (error instanceof errors.JWKSMultipleMatchingKeys) {
    return invalidToken('The token does not say which key it is signed with, and several would fit.');
  }
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) {
    return invalidToken('This is not a signed JSON Web Token.');
  }
  if (error instanceof errors.JOSENotSupported || error instanceof errors.JOSEAlgNotAllowed) {
    return invalidToken('The token is signed in a way that is not accepted here.');
  }
  // What is left went wrong while the issuer's keys were asked for. That says nothing about the token.
  return keysUnavailable();
}

function keysUnavailable(): Refusal {
  return notCheckable("Its issuer's keys cannot be had.");
}

/** It may be good, so trying again can help. */
function notCheckable(why: string): Refusal {
  return new Refusal('token-invalid', {
    detail: `The token cannot be checked at the moment. ${why}`,
    retryAfter: jwksRetrySeconds,
  });
}

function invalidToken(detail: string): Refusal {
  return new Refusal('token-invalid', { detail });
}

function isOneOf(algorithms: readonly string[], algorithm: string | undefined): boolean {
  return algorithm !== undefined && algorithms.includes(algorithm);
}

function assertLongEnough(secret: Uint8Array): void {
  if (secret.length < secretBytes) throw new Error(`A secret that signs tokens must have at least ${secretBytes} bytes.`);
}

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
import { byOneOf } from './key-rotation.ts';
import { type Secrets, secretBytes } from './secret.ts';
import { tokenLimits } from './token-limits.ts';

/**
 * JSON Web Tokens (RFC 7519), verified as RFC 8725 recommends: the kind of key determines the algorithm, never the token.
 * Audience, expiry and identity are required. A secret is used only for HMAC, and a public key is never used for HMAC.
 */
export interface Tokens {
  /** The principal of the token. Every failure is the refusal `token-invalid`, whose text quotes nothing of the token. */
  verify(token: string): Promise<Principal>;
  /**
   * Whether the issuer still has the key that a token was signed with. Throws a `Refusal` if the
   * keys cannot be loaded now.
   */
  hasIssuerKey(issued: Issued): Promise<boolean>;
}

export interface TokenKeys {
  /** For HS256, each of at least 32 bytes. */
  secrets?: Secrets | undefined;
  /** URL of a JWK set with public keys, for RS256, ES256 and EdDSA. */
  jwksUrl?: string | undefined;
  /**
   * Requirements for tokens signed with a key of the JWK set: issuer, audience and longest lifetime. Undefined: any issuer,
   * `pressbox`, and any lifetime.
   */
  issuer?: string | undefined;
  audience?: string | undefined;
  maxLifetimeSeconds?: number | undefined;
  /** Milliseconds since 1970. */
  now: () => number;
  /** A monotonic clock, in milliseconds. */
  elapsed?: () => number;
}

const audience = 'pressbox';
const secretAlgorithms = ['HS256'] as const;
const publicKeyAlgorithms = ['RS256', 'ES256', 'EdDSA', 'Ed25519'] as const;
const requiredClaims = ['exp', 'iat', 'jti', 'sub', 'aud'];
const { tokenCharacters, clockSkewMs, jwksTimeoutMs, jwksRetrySeconds, jwksKeptMs, jwksPauseMs, jwksFailurePauseMs } =
  tokenLimits;
const { rememberedTokenMs: verifiedMs, rememberedTokens: verifiedMost } = tokenLimits;
/** The tolerance is meant for `nbf`. jose applies it to `exp` too, which is checked again without it. */
const checks = { audience, requiredClaims, clockTolerance: clockSkewMs / 1_000 };

type Check = (token: string, currentDate: Date) => Promise<{ payload: JWTPayload } & Pick<Principal, 'issued' | 'secret'>>;

export function createTokens(given: TokenKeys): Tokens {
  const { secrets, jwksUrl, issuer, now, elapsed = () => performance.now() } = given;
  if (secrets === undefined && jwksUrl === undefined) throw new Error('Tokens need a secret or the URL of a JWK set.');
  const bySecret = secrets && checkBySecret(secrets);
  const issuerKeys = jwksUrl === undefined ? undefined : createIssuerKeys(new URL(jwksUrl), elapsed);
  const byPublicKey = issuerKeys && checkByPublicKey(issuerKeys, given);

  const verifiedTokens = createVerifiedTokens(now);

  return {
    async verify(token) {
      if (token.length > tokenCharacters) throw invalidToken('The token is too long.');
      // RFC 7515, 2 permits no white space. A decoder would ignore it in the signature, and a cookie cannot contain it.
      if (!/^[\w.-]*$/.test(token)) throw invalidToken(notAToken);
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
    if (!read) throw invalidToken('The token is signed with an algorithm that this server does not accept.');
    try {
      const { payload, ...signer } = await read(token, new Date(now()));
      const principal = { ...principalFrom(payload, now()), ...signer };
      if (!mayAdminister(principal)) throw invalidToken(unnamedIssuer);
      return principal;
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
 * Caches principals of recently verified tokens, by the hash of the token, so that no token stays in memory. An entry expires
 * with its token. There are two maps: when the newer one is full, it becomes the older one, and the previous older one is
 * dropped.
 */
export function createVerifiedTokens(now: () => number, most = verifiedMost): VerifiedTokens {
  let newer = new Map<string, { principal: Principal; from: number; until: number }>();
  let older: typeof newer = new Map();
  const put = (key: string, entry: { principal: Principal; from: number; until: number }) => {
    if (newer.size >= most / 2) {
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
      // If the system clock went back, the entry may be dated in the future. Such an entry is not used.
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
  /** The author or reader. */
  sub: string;
  /** The byline. Default: `sub`. */
  name?: string | undefined;
  grants: Partial<Grants>;
  ttlSeconds: number;
  /** Milliseconds since 1970. */
  now: number;
  jti: string;
}

/** Signs a token with the secret of the server. Any client that sends the token gets the rights that it grants. */
export async function signToken(secret: Uint8Array, { sub, name, grants, ttlSeconds, now, jti }: TokenContent): Promise<string> {
  assertLongEnough(secret);
  const issuedAt = Math.floor(now / 1000);
  return new SignJWT({ ...(name !== undefined && { name }), pressbox: grantsClaim(grants) })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(sub)
    .setAudience(audience)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + ttlSeconds)
    .setJti(jti)
    .sign(secret);
}

/** The claim with the rights, without those that grant nothing. */
export function grantsClaim(grants: Partial<Grants>): Partial<Grants> {
  return Object.fromEntries(
    Object.entries(grants).filter(([, value]) => value === true || (Array.isArray(value) && value.length > 0)),
  );
}

function checkBySecret(secrets: Secrets): Check {
  secrets.forEach(assertLongEnough);
  // Imported once, because jose would import raw bytes for every token.
  const keys = secrets.map((secret) =>
    crypto.subtle.importKey('raw', new Uint8Array(secret), { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']),
  );
  return async (token, currentDate) => {
    const options = { algorithms: [...secretAlgorithms], ...checks, currentDate };
    const { found, place } = await byOneOf(keys, async (key) => await jwtVerify(token, await key, options));
    return { payload: found.payload, ...(place > 0 && { secret: place }) };
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
      throw invalidToken(
        `The lifetime of the token is longer than the ${maxLifetimeSeconds / 60} minutes that this server accepts.`,
      );
    }
    // A CryptoKey, as only symmetric keys have another type.
    return { payload, issued: { key: await calculateJwkThumbprint(key as CryptoKey), ...(issuer !== undefined && { issuer }) } };
  };
}

/** The published keys of an issuer. Each method throws if they cannot be loaded. */
interface IssuerKeys {
  find: JWTVerifyGetKey;
  /** Whether the issuer has a key with this thumbprint (RFC 7638). */
  has(thumbprint: string): Promise<boolean>;
}

function createIssuerKeys(url: URL, elapsed: () => number): IssuerKeys {
  // Reloads are timed here, because jose uses the system clock, which may go back.
  const keys = createRemoteJWKSet(url, {
    timeoutDuration: jwksTimeoutMs,
    cacheMaxAge: Number.POSITIVE_INFINITY,
    cooldownDuration: Number.POSITIVE_INFINITY,
  });
  let [loadedAt, failedAt] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let thumbprints: Promise<ReadonlySet<string>> | undefined;
  const loadKeys = async () => {
    // Anonymous clients can trigger reloads with any token, which would overload an issuer that is slow.
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
  /** Searches the known keys, and once more after a reload if nothing was found. */
  const lookUp = async <T>(once: () => Promise<T | undefined>): Promise<T | undefined> => {
    const isOld = elapsed() - loadedAt >= jwksKeptMs;
    if (isOld) await loadKeys();
    const found = await once();
    if (found !== undefined || isOld) return found;
    if (elapsed() - loadedAt < jwksPauseMs) {
      throw notCheckable('The keys of its issuer, loaded a moment ago, do not include the key that signed the token.');
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

/** Leaves out keys that have no thumbprint, because they cannot sign tokens. */
async function thumbprintsOf(keys: readonly JWK[]): Promise<ReadonlySet<string>> {
  const results = await Promise.allSettled(keys.map((key) => calculateJwkThumbprint(key)));
  return new Set(results.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])));
}

/** The principal in the claims of a token or session. Throws a `Refusal` if the claims have another form. */
export function principalFrom(payload: JWTPayload, now: number): Principal {
  const claims = claimsSchema.safeParse(payload);
  if (!claims.success) {
    const where = claims.error.issues[0]?.path.map(String).join('.') ?? '';
    throw invalidToken(`The claim "${where}" of the token does not have the expected form.`);
  }
  const { sub, name = sub, jti, iat, exp, pressbox = {} } = claims.data;
  if (exp * 1000 <= now) throw invalidToken('The token has expired.');
  if (iat * 1000 > now + clockSkewMs) throw invalidToken('The token was issued in the future.');
  const { reader = [], author = [], editor = [], admin = false } = pressbox;
  return { sub, name, jti, expiresAt: Math.min(exp * 1000, Number.MAX_SAFE_INTEGER), grants: { reader, author, editor, admin } };
}

/**
 * False for an administrator whose token any issuer with a key in the JWK set may have signed: the set can be shared with other
 * applications. Tokens signed with the secret are not affected.
 */
export function mayAdminister({ issued, grants }: Principal): boolean {
  return issued === undefined || issued.issuer !== undefined || !grants.admin;
}

const unnamedIssuer =
  'The token grants the rights of an administrator, but this server does not name the issuer that may grant them. Set PRESSBOX_JWT_ISSUER to the `iss` of the token.';

/** Most often a part was lost when the token was copied. */
const notAToken = 'This is not a signed JSON Web Token. It may not have been copied in full.';

function algorithmOf(token: string): string | undefined {
  try {
    return decodeProtectedHeader(token).alg;
  } catch {
    throw invalidToken(notAToken);
  }
}

function refusalFor(error: unknown): Refusal {
  if (error instanceof errors.JWTExpired) return invalidToken('The token has expired.');
  if (error instanceof errors.JWTClaimValidationFailed) {
    const reason = error.reason === 'missing' ? 'is missing' : 'does not fit';
    return invalidToken(`The claim "${error.claim}" of the token ${reason}.`);
  }
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return invalidToken(
      'The signature of the token is wrong. It may be signed with another secret: that of another data directory or server.',
    );
  if (error instanceof errors.JWKSNoMatchingKey) return invalidToken('The token is signed with an unknown key.');
  if (error instanceof errors.JWKSMultipleMatchingKeys) {
    return invalidToken('The token does not name the key that signed it, and several keys are possible.');
  }
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) {
    return invalidToken(notAToken);
  }
  if (error instanceof errors.JOSENotSupported || error instanceof errors.JOSEAlgNotAllowed) {
    return invalidToken('The token is signed with an algorithm that this server does not accept.');
  }
  // Any other error occurred while the issuer's keys were loaded, and says nothing about the token.
  return keysUnavailable();
}

function keysUnavailable(): Refusal {
  return notCheckable('The keys of its issuer cannot be loaded.');
}

/** The token may be valid, so a retry can help. */
function notCheckable(why: string): Refusal {
  return new Refusal('token-invalid', {
    detail: `The token cannot be verified at the moment. ${why}`,
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

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { decodeJwt, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIdentity } from '../../src/edge/identity.ts';
import { createSessions } from '../../src/edge/sessions.ts';
import { createTokens, signToken } from '../../src/edge/tokens.ts';
import { startIssuer } from '../support/issuer.ts';
import type { Site } from '../support/site.ts';

const now = Date.parse('2026-11-25T12:00:00Z');
const seconds = now / 1000;
const secret = new Uint8Array(randomBytes(32));
const grants = { reader: ['sport-*'], author: ['mars'], editor: ['moon'], admin: true };

function opened({ jwksUrl, at = now, key = secret }: { jwksUrl?: string; at?: number; key?: Uint8Array | null } = {}) {
  const tokens = createTokens({ secret: key ?? undefined, jwksUrl, now: () => at });
  const revoked = new Set<string>();
  const sessions = createSessions({ tokens, secret: key ?? undefined, now: () => at });
  const identity = createIdentity({ tokens, sessions, revocations: { isRevoked: (jti) => revoked.has(jti) }, now: () => at });
  return { identity, revoked };
}
const token = (ttlSeconds = 3_600) => signToken(secret, { sub: 'ida', name: 'Ida Tarbell', grants, ttlSeconds, now, jti: 't1' });

describe('a session of a token that was signed with the secret', () => {
  it('speaks for the same person, with the same rights and id, and until the token expires', async () => {
    const { identity } = opened();
    const { who, value, maxAgeSeconds } = await identity.signIn(await token());
    expect(maxAgeSeconds).toBe(3_600);
    expect(await identity.resume(value)).toEqual(who);
    expect(await opened({ at: now + 3_599_000 }).identity.resume(value)).toEqual(who);
    expect(await opened({ at: now + 3_600_000 }).identity.resume(value)).toBe('stale');
  });

  it('is void with the secret, and with the token when that is revoked', async () => {
    const { identity, revoked } = opened();
    const { value } = await identity.signIn(await token());
    expect(await opened({ key: new Uint8Array(randomBytes(32)) }).identity.resume(value)).toBe('stale');
    revoked.add('t1');
    expect(await identity.resume(value)).toBe('stale');
    await expect(identity.signIn(await token())).rejects.toThrow('The token was revoked.');
  });

  it('is no token, and no token is one, whatever it says of itself', async () => {
    const { identity } = opened();
    const { value } = await identity.signIn(await token());
    await expect(identity.verify(value)).rejects.toThrow();
    expect(await identity.resume(await token())).toBe('stale');
    // As whoever knows the secret, and not what is made of it, would forge one.
    const forged = await new SignJWT(decodeJwt(value))
      .setProtectedHeader({ alg: 'HS256', typ: 'pressbox-session+jwt' })
      .sign(secret);
    expect(await identity.resume(forged)).toBe('stale');
  });

  it.each(['', 'a', 'a.b', 'a.b.c', 'e30.e30.', `${'x'.repeat(5_000)}`, 'eyJhbGciOiJub25lIn0.e30.'])(
    'is not %j',
    async (value) => {
      expect(await opened().identity.resume(value)).toBe('stale');
    },
  );
});

describe('a session of a token that an issuer signed', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const known = { ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'ES256', use: 'sig' };
  let keys: object[] = [known];
  let issuer: Site;
  let jwksUrl: string;
  beforeAll(async () => {
    issuer = await startIssuer(() => keys);
    jwksUrl = `${issuer.url}/keys`;
  });
  afterAll(() => issuer[Symbol.asyncDispose]());
  const unjudged = { refusal: { problem: { code: 'token-invalid', retryAfter: 5 } } };
  const issued = () =>
    new SignJWT({ sub: 'ida', jti: 't2', iat: seconds, exp: seconds + 7 * 86_400, aud: 'pressbox' })
      .setProtectedHeader({ alg: 'ES256', kid: 'one' })
      .sign(privateKey);

  it('is that token, for 12 hours, with no secret on the servers, and beside one', async () => {
    for (const key of [null, secret]) {
      const { identity } = opened({ jwksUrl, key });
      const { who, value, maxAgeSeconds } = await identity.signIn(await issued());
      expect([maxAgeSeconds, who.sub]).toEqual([12 * 3_600, 'ida']);
      expect(await opened({ jwksUrl, key }).identity.resume(value)).toEqual(who);
    }
  });

  it('ends when the issuer withdraws its key, and is kept while the issuer cannot be asked', async () => {
    const { value } = await opened({ jwksUrl }).identity.signIn(await issued());
    keys = [];
    expect(await opened({ jwksUrl }).identity.resume(value)).toBe('stale');
    keys = [known];
    expect(await opened({ jwksUrl: 'http://127.0.0.1:9/keys' }).identity.resume(value)).toMatchObject(unjudged);
    expect(await opened().identity.resume(value)).toBe('stale');
  });

  it('is kept where its key may be newer than what the server was told a moment ago', async () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    keys = [{ ...other.publicKey.export({ format: 'jwk' }), kid: 'old' }];
    const { identity } = opened({ jwksUrl });
    const old = new SignJWT({ sub: 'eva', jti: 't3', iat: seconds, exp: seconds + 60, aud: 'pressbox' });
    await identity.verify(await old.setProtectedHeader({ alg: 'ES256', kid: 'old' }).sign(other.privateKey));
    keys = [...keys, known];
    const { value } = await opened({ jwksUrl }).identity.signIn(await issued());
    expect(await identity.resume(value)).toMatchObject(unjudged);
  });
});

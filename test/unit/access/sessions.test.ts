import { createHmac, generateKeyPairSync, randomBytes } from 'node:crypto';
import { decodeJwt, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIdentity } from '../../../src/access/identity.ts';
import { createSessions } from '../../../src/access/sessions.ts';
import { createSignInLinks } from '../../../src/access/sign-in-links.ts';
import { createTokens, signToken } from '../../../src/access/tokens.ts';
import { startIssuer } from '../../support/servers/issuer.ts';
import type { Site } from '../../support/servers/site.ts';

const now = Date.parse('2026-11-25T12:00:00Z');
const seconds = now / 1000;
const secret = new Uint8Array(randomBytes(32));
const grants = { reader: ['sport-*'], author: ['mars'], editor: ['moon'], admin: true };

/** The signing key that servers without a secret share. */
const storedKey = new Uint8Array(randomBytes(32));

interface Opened {
  jwksUrl?: string;
  issuer?: string;
  at?: number;
  key?: Uint8Array | null;
}

function opened({ jwksUrl, issuer, at = now, key = secret }: Opened = {}) {
  const tokens = createTokens({ secrets: key === null ? undefined : [key], jwksUrl, issuer, now: () => at });
  const [revoked, ended] = [new Set<string>(), new Set<string>()];
  const sessions = createSessions({
    tokens,
    secrets: key === null ? undefined : [key],
    storedKey: async () => storedKey,
    now: () => at,
  });
  const store = {
    isRevoked: (jti: string) => revoked.has(jti),
    isSessionEnded: ({ id }: { id: string }) => ended.has(id),
    endSession: async ({ id }: { id: string }) => void ended.add(id),
    spend: async () => 'spent' as const,
  };
  const links = createSignInLinks({ secrets: key === null ? undefined : [key], store, now: () => at });
  return { identity: createIdentity({ tokens, sessions, links, store, now: () => at }), revoked };
}
const token = (ttlSeconds = 3_600) => signToken(secret, { sub: 'ida', name: 'Ida Tarbell', grants, ttlSeconds, now, jti: 't1' });

describe('a session of a token that was signed with the secret', () => {
  it('has the person, the rights and the id of its token, and expires with it', async () => {
    const { identity } = opened();
    const { who, value, maxAgeSeconds } = await identity.signIn(await token());
    expect(maxAgeSeconds).toBe(3_600);
    expect(await identity.resume(value)).toMatchObject(who);
    expect(await opened({ at: now + 3_599_000 }).identity.resume(value)).toMatchObject(who);
    expect(await opened({ at: now + 3_600_000 }).identity.resume(value)).toBe('stale');
    expect(opened({ at: who.expiresAt - 1 }).identity.statusOf(who)).toBe('good');
    expect(opened({ at: who.expiresAt }).identity.statusOf(who)).toBe('expired');
  });

  it('becomes invalid with another secret, and when its token is revoked', async () => {
    const { identity, revoked } = opened();
    const { value } = await identity.signIn(await token());
    expect(await opened({ key: new Uint8Array(randomBytes(32)) }).identity.resume(value)).toBe('stale');
    revoked.add('t1');
    expect(await identity.resume(value)).toBe('stale');
    await expect(identity.signIn(await token())).rejects.toThrow('The token was revoked.');
  });

  it('ends at its own sign-out, which ends no other session of the same token', async () => {
    const { identity } = opened();
    const [one, other] = [await identity.signIn(await token()), await identity.signIn(await token())];
    expect(await identity.signOut(one.value)).toMatchObject({ sub: 'ida' });
    expect(await identity.resume(one.value)).toBe('stale');
    expect(await identity.signOut(one.value)).toBeUndefined();
    expect(await identity.resume(other.value)).toMatchObject({ sub: 'ida' });
    expect(await identity.verify(await token())).toMatchObject({ sub: 'ida' });
  });

  it('is accepted until it expires, and can be ended, if an older server created it without an id', async () => {
    const { identity } = opened();
    const { sid: _sid, ...claims } = decodeJwt((await identity.signIn(await token())).value);
    const key = createHmac('sha256', secret).update('pressbox session').digest();
    const old = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'pressbox-session+jwt' }).sign(key);
    expect(await identity.resume(old)).toMatchObject({ sub: 'ida', grants });
    // The last character of the signature has bits without meaning.
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const respelled = old.slice(0, -1) + letters[letters.indexOf(old.slice(-1)) ^ 1];
    expect(await identity.resume(respelled)).toMatchObject({ sub: 'ida' });
    await identity.signOut(old);
    expect([await identity.resume(old), await identity.resume(respelled)]).toEqual(['stale', 'stale']);
  });

  it('is not accepted as a token, and no token is accepted as a session, whatever its type claims', async () => {
    const { identity } = opened();
    const { value } = await identity.signIn(await token());
    await expect(identity.verify(value)).rejects.toThrow();
    expect(await identity.resume(await token())).toBe('stale');
    // Forged with the secret itself instead of the key that is derived from it.
    const forged = await new SignJWT(decodeJwt(value))
      .setProtectedHeader({ alg: 'HS256', typ: 'pressbox-session+jwt' })
      .sign(secret);
    expect(await identity.resume(forged)).toBe('stale');
  });

  it.each(['', 'a', 'a.b', 'a.b.c', 'e30.e30.', `${'x'.repeat(5_000)}`, 'eyJhbGciOiJub25lIn0.e30.'])(
    'is not resumed from the value %j',
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

  it('is not the token itself and is valid for 12 hours, on servers with and without a secret', async () => {
    for (const key of [null, secret]) {
      const { identity } = opened({ jwksUrl, key });
      const token = await issued();
      const { who, value, maxAgeSeconds } = await identity.signIn(token);
      expect([maxAgeSeconds, who.sub]).toEqual([12 * 3_600, 'ida']);
      expect(value).not.toContain(token.split('.')[2]);
      await expect(identity.verify(value)).rejects.toThrow();
      const same = { sub: 'ida', jti: 't2', grants: who.grants, issued: who.issued, expiresAt: now + 12 * 3_600_000 };
      expect(await opened({ jwksUrl, key }).identity.resume(value)).toMatchObject(same);
      expect(await opened({ jwksUrl, key, at: now + 12 * 3_600_000 }).identity.resume(value)).toBe('stale');
    }
  });

  it('ends when the issuer drops its key, even if another key gets the same name', async () => {
    const { value } = await opened({ jwksUrl }).identity.signIn(await issued());
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    keys = [{ ...other.publicKey.export({ format: 'jwk' }), kid: 'one' }];
    expect(await opened({ jwksUrl }).identity.resume(value)).toBe('stale');
    keys = [known];
    expect(await opened({ jwksUrl }).identity.resume(value)).toMatchObject({ sub: 'ida' });
  });

  it('is accepted until it expires, and can be ended, if an older server made it from the token itself', async () => {
    const { identity } = opened({ jwksUrl });
    const old = await issued();
    expect(await identity.resume(old)).toMatchObject({ sub: 'ida', expiresAt: now + 7 * 86_400_000 });
    expect(await identity.signOut(old)).toMatchObject({ sub: 'ida' });
    expect(await identity.resume(old)).toBe('stale');
    // The token stays valid.
    expect(await identity.verify(old)).toMatchObject({ sub: 'ida' });
  });

  it('ends when the issuer withdraws its key, and is kept while the issuer is unreachable', async () => {
    const { value } = await opened({ jwksUrl }).identity.signIn(await issued());
    keys = [];
    expect(await opened({ jwksUrl }).identity.resume(value)).toBe('stale');
    keys = [known];
    expect(await opened({ jwksUrl: 'http://127.0.0.1:9/keys' }).identity.resume(value)).toMatchObject(unjudged);
    expect(await opened().identity.resume(value)).toBe('stale');
  });

  it('is kept if its key may be newer than the keys that the server fetched last', async () => {
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

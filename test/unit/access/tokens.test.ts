import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { loadSecrets, secretsFor, secretsIn } from '../../../src/access/secret.ts';
import { tokenLimits } from '../../../src/access/token-limits.ts';
import { createTokens, createVerifiedTokens, signToken, type Tokens } from '../../../src/access/tokens.ts';
import { Refusal } from '../../../src/protocol/problems.ts';
import type { Principal } from '../../../src/protocol/rights.ts';
import { startIssuer } from '../../support/servers/issuer.ts';
import { type Site, startSite } from '../../support/servers/site.ts';

const now = Date.parse('2026-11-25T12:00:00Z');
const seconds = now / 1000;
const secret = new Uint8Array(randomBytes(32));
const claims: JWTPayload = { sub: 'ida', jti: 't1', iat: seconds, exp: seconds + 60, aud: 'pressbox' };

async function refusalOf(tokens: Tokens, token: string) {
  try {
    await tokens.verify(token);
  } catch (error) {
    if (error instanceof Refusal) {
      expect(error.problem.code).toBe('token-invalid');
      expect(error.problem.detail).toMatch(/\.$/);
      for (const part of token.split('.').filter((part) => part.length > 3)) expect(error.problem.detail).not.toContain(part);
      return error.problem;
    }
    throw error;
  }
  throw new Error('The token was accepted.');
}

describe('tokens signed with the secret', () => {
  const tokens = createTokens({ secrets: [secret], now: () => now });
  const sign = (payload: JWTPayload, key: Uint8Array = secret, alg = 'HS256') =>
    new SignJWT(payload).setProtectedHeader({ alg }).sign(key);

  it('contain the person, the rights and the time of expiry', async () => {
    const grants = { author: ['mars-*'], editor: ['moon'] };
    const token = await signToken(secret, { sub: 'ida', name: 'Ida Tarbell', grants, ttlSeconds: 60, now, jti: 't1' });
    expect(await tokens.verify(token)).toEqual({
      sub: 'ida',
      name: 'Ida Tarbell',
      jti: 't1',
      expiresAt: now + 60_000,
      grants: { reader: [], author: ['mars-*'], editor: ['moon'], admin: false },
    });
  });

  it('are refused from the moment when they expire, even if they were accepted just before', async () => {
    let at = now;
    const clocked = createTokens({ secrets: [secret], now: () => at });
    const token = await signToken(secret, { sub: 'ida', grants: {}, ttlSeconds: 30, now, jti: 't2' });
    expect(await clocked.verify(token)).toMatchObject({ jti: 't2' });
    at = now + 29_999;
    expect(await clocked.verify(token)).toMatchObject({ jti: 't2' });
    at = now + 30_000;
    expect((await refusalOf(clocked, token)).detail).toContain('expired');
  });

  it('are refused as issued in the future after the clock was set back too far, even if they were accepted just before', async () => {
    let at = now;
    const clocked = createTokens({ secrets: [secret], now: () => at });
    const token = await signToken(secret, { sub: 'ida', grants: {}, ttlSeconds: 30, now, jti: 't3' });
    await clocked.verify(token);
    at = now - 60_000;
    expect(await clocked.verify(token)).toMatchObject({ jti: 't3' });
    at = now - 60_001;
    expect((await refusalOf(clocked, token)).detail).toContain('in the future');
  });

  it('are not confused with each other, however many were verified just before', async () => {
    const many = await Promise.all(
      Array.from({ length: 50 }, (_, at) => signToken(secret, { sub: `s${at}`, grants: {}, ttlSeconds: 60, now, jti: `m${at}` })),
    );
    for (const _ of [1, 2]) {
      for (const [at, token] of many.entries())
        expect(await tokens.verify(token)).toMatchObject({ sub: `s${at}`, jti: `m${at}` });
    }
    // The payload of one token with the signature of another.
    const [head, , signature] = many[0]!.split('.');
    await refusalOf(tokens, [head, many[1]!.split('.')[1], signature].join('.'));
  });

  it('have the subject as their name by default, and grant nothing by default', async () => {
    expect(await tokens.verify(await sign(claims))).toMatchObject({
      name: 'ida',
      grants: { reader: [], author: [], editor: [], admin: false },
    });
  });

  it('may contain other claims and other audiences', async () => {
    await tokens.verify(await sign({ ...claims, iss: 'https://id.example.org', scope: 'x', aud: ['other', 'pressbox'] }));
  });

  it.each(['exp', 'iat', 'jti', 'sub', 'aud'])('are refused without %s', async (claim) => {
    const { [claim]: _, ...rest } = claims;
    expect((await refusalOf(tokens, await sign(rest))).detail).toContain(`"${claim}"`);
  });

  it.each([
    ['for another audience', { aud: 'other' }],
    ['not valid yet', { nbf: seconds + 61 }],
    ['with a start of validity that is not a time', { nbf: 'soon' as unknown as number }],
    ['with an empty subject', { sub: '' }],
    ['with a subject of several lines', { sub: 'a\nb' }],
    ['with a number for an id', { jti: 7 as unknown as string }],
    ['with an id that no store can keep unchanged', { jti: 'a\ud800' }],
    ['with grants of an unknown kind', { pressbox: { owner: ['*'] } }],
    ['with an invalid pattern', { pressbox: { author: ['*-final'] } }],
    ['with a string instead of a list', { pressbox: { editor: '*' } }],
    ['with an empty name', { name: '  ' }],
  ])('are refused if they are %s', async (_what, change) => {
    await refusalOf(tokens, await sign({ ...claims, ...change }));
  });

  it('are refused from the second in which they expire', async () => {
    expect((await refusalOf(tokens, await sign({ ...claims, exp: seconds }))).detail).toBe('The token has expired.');
    await tokens.verify(await sign({ ...claims, exp: seconds + 1 }));
  });

  it('are refused if they were issued in the future, with a tolerance for a fast clock', async () => {
    const skew = tokenLimits.clockSkewMs / 1_000;
    const { detail } = await refusalOf(tokens, await sign({ ...claims, iat: seconds + skew + 1, exp: seconds + 600 }));
    expect(detail).toBe('The token was issued in the future.');
    await tokens.verify(await sign({ ...claims, iat: seconds + skew, exp: seconds + 600 }));
  });

  it('are refused before their `nbf`, with a tolerance for a fast clock', async () => {
    const { detail } = await refusalOf(tokens, await sign({ ...claims, nbf: seconds + 61, exp: seconds + 600 }));
    expect(detail).toBe('The claim "nbf" of the token does not fit.');
    await tokens.verify(await sign({ ...claims, iat: seconds + 60, nbf: seconds + 60, exp: seconds + 600 }));
  });

  it('are refused if they were signed with another secret or changed afterwards', async () => {
    await refusalOf(tokens, await sign(claims, new Uint8Array(randomBytes(32))));
    const [header, , signature] = (await sign(claims)).split('.');
    const forged = Buffer.from(JSON.stringify({ ...claims, pressbox: { admin: true } })).toString('base64url');
    await refusalOf(tokens, `${header}.${forged}.${signature}`);
  });

  it('are refused if they are unsigned or use another algorithm, even of the same family', async () => {
    await refusalOf(tokens, new UnsecuredJWT(claims).encode());
    const long = new Uint8Array(randomBytes(64));
    await refusalOf(createTokens({ secrets: [long], now: () => now }), await sign(claims, long, 'HS512'));
    const { privateKey } = generateKeyPairSync('ed25519');
    await refusalOf(tokens, await new SignJWT(claims).setProtectedHeader({ alg: 'EdDSA' }).sign(privateKey));
  });

  it.each(['', 'x', 'a.b', 'a.b.c', 'eyJhbGciOiJIUzI1NiJ9..', '....', '\u0000.\u0000.\u0000'])(
    'are refused if they are malformed: %j',
    async (text) => {
      await refusalOf(tokens, text);
    },
  );

  it('are refused unread if they are too long', async () => {
    const token = await sign({ ...claims, padding: 'x'.repeat(20_000) });
    expect((await refusalOf(tokens, token)).detail).toBe('The token is too long.');
    const ofLength = (length: number) => refusalOf(tokens, 'x'.repeat(length));
    expect((await ofLength(tokenLimits.tokenCharacters)).detail).not.toContain('too long');
    expect((await ofLength(tokenLimits.tokenCharacters + 1)).detail).toBe('The token is too long.');
  });

  it('cannot be signed or verified with a secret that is too short', async () => {
    const short = new Uint8Array(31);
    expect(() => createTokens({ secrets: [short], now: () => now })).toThrow('32 bytes');
    await expect(signToken(short, { sub: 'a', grants: {}, ttlSeconds: 1, now, jti: 'x' })).rejects.toThrow('32 bytes');
    expect(() => createTokens({ now: () => now })).toThrow('secret or the URL');
  });
});

describe('verified tokens', () => {
  it('are remembered up to the bound, by default rememberedTokens, and at least half as many', () => {
    const who = { expiresAt: now + 3_600_000 } as Principal;
    for (const [most, tokens] of [
      [10, createVerifiedTokens(() => now, 10)],
      [tokenLimits.rememberedTokens, createVerifiedTokens(() => now)],
    ] as const) {
      const known = () => Array.from({ length: 2 * most }, (_, nth) => tokens.find(`${nth}`)).filter((one) => one !== undefined);
      for (let nth = 0; nth < most; nth += 1) tokens.add(`${nth}`, who);
      expect(tokens.find('0')).toBe(who);
      for (let nth = most; nth < 2 * most; nth += 1) tokens.add(`${nth}`, who);
      expect(tokens.find('1')).toBeUndefined();
      expect(known().length).toBeLessThanOrEqual(most);
      expect(known().length).toBeGreaterThanOrEqual(most / 2);
    }
  });
});

describe('tokens signed by an issuer with a JWK set', () => {
  const pairs: Record<string, { privateKey: KeyObject; publicKey: KeyObject }> = {
    RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
    ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    EdDSA: generateKeyPairSync('ed25519'),
  };
  const keys = Object.entries(pairs).map(([alg, { publicKey }]) => ({
    ...publicKey.export({ format: 'jwk' }),
    kid: alg,
    alg,
    use: 'sig',
  }));
  let issuer: Site;
  let jwksUrl: string;

  beforeAll(async () => {
    issuer = await startIssuer(() => keys);
    jwksUrl = `${issuer.url}/keys`;
  });
  afterAll(() => issuer[Symbol.asyncDispose]());

  it.each(['RS256', 'ES256', 'EdDSA'])('are accepted with %s', async (alg) => {
    const tokens = createTokens({ jwksUrl, now: () => now });
    const { privateKey } = pairs[alg] as { privateKey: KeyObject };
    const sign = (more: JWTPayload = {}) =>
      new SignJWT({ ...claims, ...more }).setProtectedHeader({ alg, kid: alg }).sign(privateKey);
    expect((await tokens.verify(await sign())).sub).toBe('ida');
    expect((await tokens.verify(await sign({ nbf: seconds + 60 }))).sub).toBe('ida');
    expect((await refusalOf(tokens, await sign({ nbf: seconds + 61 }))).detail).toContain('"nbf"');
    expect((await refusalOf(tokens, await sign({ exp: seconds }))).detail).toBe('The token has expired.');
  });

  it('grant the rights of an administrator only if the server names their issuer', async () => {
    const { privateKey } = pairs.ES256 as { privateKey: KeyObject };
    const token = await new SignJWT({ ...claims, iss: 'https://id.example', pressbox: { admin: true } })
      .setProtectedHeader({ alg: 'ES256', kid: 'ES256' })
      .sign(privateKey);
    const refused = await refusalOf(createTokens({ jwksUrl, secrets: [secret], now: () => now }), token);
    expect(refused.detail).toContain('Set PRESSBOX_JWT_ISSUER');
    const named = createTokens({ jwksUrl, issuer: 'https://id.example', now: () => now });
    expect((await named.verify(token)).grants.admin).toBe(true);
  });

  it('are refused if the public key was used as a secret', async () => {
    const { publicKey } = pairs.RS256 as { publicKey: KeyObject };
    const pem = new Uint8Array(Buffer.from(publicKey.export({ format: 'pem', type: 'spki' })));
    const token = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'RS256' }).sign(pem);
    await refusalOf(createTokens({ jwksUrl, now: () => now }), token);
    await refusalOf(createTokens({ jwksUrl, secrets: [secret], now: () => now }), token);
  });

  it('are refused if their key is not in the set', async () => {
    const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const tokens = createTokens({ jwksUrl, now: () => now });
    await refusalOf(tokens, await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'other' }).sign(stranger));
    await refusalOf(tokens, await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'ES256' }).sign(stranger));
  });

  it('must have the configured issuer, audience and maximum lifetime', async () => {
    const { privateKey } = pairs.ES256 as { privateKey: KeyObject };
    const sign = (more: JWTPayload = {}) =>
      new SignJWT({ ...claims, ...more }).setProtectedHeader({ alg: 'ES256', kid: 'ES256' }).sign(privateKey);
    const strict = { issuer: 'https://id.example', audience: 'live', maxLifetimeSeconds: 600 };
    const tokens = createTokens({ jwksUrl, secrets: [secret], ...strict, now: () => now });
    const good = { iss: 'https://id.example', aud: 'live', iat: seconds - 60, exp: seconds + 540 };
    const { issued } = await tokens.verify(await sign(good));
    expect(issued).toEqual({ issuer: 'https://id.example', key: expect.stringMatching(/^[\w-]{43}$/) });
    const { iss: _iss, ...ofNobody } = good;
    for (const other of [ofNobody, { ...good, iss: 'https://id.example/' }, { ...good, iss: 'https://evil.example' }]) {
      expect((await refusalOf(tokens, await sign(other))).detail).toContain('"iss"');
    }
    for (const aud of ['pressbox', ['pressbox']]) {
      expect((await refusalOf(tokens, await sign({ ...good, aud }))).detail).toContain('"aud"');
    }
    expect((await refusalOf(tokens, await sign({ ...good, exp: seconds + 541 }))).detail).toContain('10 minutes');
    // These rules do not apply to tokens signed with the secret.
    const own = await signToken(secret, { sub: 'own', grants: {}, ttlSeconds: 6_000, now, jti: 'x' });
    expect(await tokens.verify(own)).not.toHaveProperty('issued');
  });

  it('are accepted beside tokens signed with the secret', async () => {
    const tokens = createTokens({ jwksUrl, secrets: [secret], now: () => now });
    const own = await signToken(secret, { sub: 'own', grants: {}, ttlSeconds: 60, now, jti: 'x' });
    expect((await tokens.verify(own)).sub).toBe('own');
  });

  it('are refused with a retry time if their key may be newer than the fetched keys, without a request to the issuer for each token', async () => {
    const [first, second] = [pairs.RS256!, generateKeyPairSync('ec', { namedCurve: 'P-256' })];
    const jwkOf = (kid: string, { publicKey }: { publicKey: KeyObject }) => ({ ...publicKey.export({ format: 'jwk' }), kid });
    let published = [jwkOf('first', first)];
    await using changing = await startIssuer(() => published);
    let elapsedMs = 0;
    const tokens = createTokens({ jwksUrl: `${changing.url}/keys`, now: () => now, elapsed: () => elapsedMs });
    const by = (alg: string, kid: string, key: KeyObject) => new SignJWT(claims).setProtectedHeader({ alg, kid }).sign(key);
    await tokens.verify(await by('RS256', 'first', first.privateKey));
    published = [...published, jwkOf('second', second)];
    const [good, forged] = await Promise.all(['second', 'third'].map((kid) => by('ES256', kid, second.privateKey)));
    expect((await refusalOf(tokens, good!)).retryAfter).toBeGreaterThan(0);

    elapsedMs += tokenLimits.jwksPauseMs - 1;
    expect((await refusalOf(tokens, good!)).retryAfter).toBe(tokenLimits.jwksRetrySeconds);
    elapsedMs += 1;
    expect((await tokens.verify(good!)).sub).toBe('ida');
    elapsedMs += tokenLimits.jwksPauseMs;
    expect((await refusalOf(tokens, forged!)).retryAfter).toBeUndefined();
  });

  it('expire with their key although the clock was set back after the keys were fetched', async () => {
    const [first, second] = [pairs.ES256!, generateKeyPairSync('ec', { namedCurve: 'P-256' })];
    const jwkOf = (kid: string, { publicKey }: { publicKey: KeyObject }) => ({ ...publicKey.export({ format: 'jwk' }), kid });
    let published = [jwkOf('first', first)];
    await using changing = await startIssuer(() => published);
    let elapsedMs = 0;
    const tokens = createTokens({ jwksUrl: `${changing.url}/keys`, now: () => now, elapsed: () => elapsedMs });
    const by = (kid: string, key: KeyObject, jti: string) =>
      new SignJWT({ ...claims, jti }).setProtectedHeader({ alg: 'ES256', kid }).sign(key);
    await tokens.verify(await by('first', first.privateKey, 'before'));
    published = [jwkOf('second', second)];
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 3 * 3_600_000 });
    onTestFinished(() => void vi.useRealTimers());
    elapsedMs += tokenLimits.jwksPauseMs;
    expect((await tokens.verify(await by('second', second.privateKey, 'new'))).sub).toBe('ida');
    published = [jwkOf('first', first)];
    elapsedMs += tokenLimits.jwksKeptMs - 1;
    expect((await tokens.verify(await by('second', second.privateKey, 'in time'))).sub).toBe('ida');
    elapsedMs += 1;
    expect((await refusalOf(tokens, await by('second', second.privateKey, 'late'))).detail).toContain('unknown key');
  });

  it('are refused with a retry time while the issuer is unreachable', async () => {
    const { privateKey } = pairs.ES256 as { privateKey: KeyObject };
    const token = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256' }).sign(privateKey);
    const problem = await refusalOf(createTokens({ jwksUrl: 'http://127.0.0.1:9/keys', now: () => now }), token);
    expect(problem.retryAfter).toBeGreaterThan(0);
  });

  it('are refused with a retry time if the issuer does not answer within jwksTimeoutMs', async () => {
    await using silent = await startSite(() => undefined);
    const { privateKey } = pairs.ES256 as { privateKey: KeyObject };
    const token = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256' }).sign(privateKey);
    const over = new AbortController();
    const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(over.signal);
    onTestFinished(() => timeout.mockRestore());
    const refused = refusalOf(createTokens({ jwksUrl: `${silent.url}/keys`, now: () => now }), token);
    await vi.waitFor(() => expect(timeout).toHaveBeenCalledWith(tokenLimits.jwksTimeoutMs));
    over.abort(new DOMException('The time is over.', 'TimeoutError'));
    expect((await refused).retryAfter).toBe(tokenLimits.jwksRetrySeconds);
  });

  it('are verified once, and are accepted for rememberedTokenMs although their key was withdrawn', async () => {
    let published: object[] = keys;
    await using changing = await startIssuer(() => published);
    let [at, elapsedMs] = [now, 0];
    const tokens = createTokens({ jwksUrl: `${changing.url}/keys`, now: () => at, elapsed: () => elapsedMs });
    const { privateKey } = pairs.ES256 as { privateKey: KeyObject };
    const token = await new SignJWT({ ...claims, exp: seconds + 3_600 })
      .setProtectedHeader({ alg: 'ES256', kid: 'ES256' })
      .sign(privateKey);
    await tokens.verify(token);
    published = keys.filter(({ alg }) => alg !== 'ES256');
    elapsedMs += tokenLimits.jwksKeptMs;
    at = now + tokenLimits.rememberedTokenMs - 1;
    expect((await tokens.verify(token)).sub).toBe('ida');
    at += 1;
    expect((await refusalOf(tokens, token)).detail).toContain('unknown key');
  });

  it('cause one request per pause to an issuer that does not answer, however many tokens arrive', async () => {
    let [asked, isThere] = [0, false];
    await using ailing = await startSite((_request, response) => {
      asked += 1;
      if (!isThere) return response.writeHead(503).end();
      return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys }));
    });
    let elapsedMs = 0;
    const tokens = createTokens({ jwksUrl: `${ailing.url}/keys`, now: () => now, elapsed: () => elapsedMs });
    const { privateKey } = pairs.ES256 as { privateKey: KeyObject };
    const sign = (jti: string) =>
      new SignJWT({ ...claims, jti }).setProtectedHeader({ alg: 'ES256', kid: 'ES256' }).sign(privateKey);
    for (const jti of ['a', 'b', 'c', 'd']) expect((await refusalOf(tokens, await sign(jti))).retryAfter).toBeGreaterThan(0);
    expect(asked).toBe(1);
    isThere = true;
    elapsedMs += tokenLimits.jwksFailurePauseMs - 1;
    await refusalOf(tokens, await sign('e'));
    expect(asked).toBe(1);
    elapsedMs += 1;
    expect((await tokens.verify(await sign('e'))).jti).toBe('e');
    expect(asked).toBe(2);
  });
});

describe('the secret of a data directory', () => {
  let parent: string;
  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'pressbox-secret-'));
  });
  afterEach(() => rm(parent, { recursive: true }));

  it('is created once, readable by its owner only, and stays the same', async () => {
    const dataDir = join(parent, 'deep', 'data');
    const first = await loadSecrets(dataDir);
    expect(first.map(({ length }) => length)).toEqual([43]);
    expect(await loadSecrets(dataDir)).toEqual(first);
    expect(await readdir(dataDir)).toEqual(['token-secret']);
    expect((await stat(join(dataDir, 'token-secret'))).mode & 0o777).toBe(0o600);
    expect((await readFile(join(dataDir, 'token-secret'), 'utf8')).trim()).toBe(Buffer.from(first[0]).toString());
  });

  it('is the same for all processes that start at once', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => loadSecrets(parent)));
    expect(new Set(all.map(([one]) => Buffer.from(one).toString())).size).toBe(1);
    expect(await readdir(parent)).toEqual(['token-secret']);
  });

  it('is made private again after a copy left it readable by others', async () => {
    await writeFile(join(parent, 'token-secret'), 'x'.repeat(43), { mode: 0o644 });
    await loadSecrets(parent);
    expect((await stat(join(parent, 'token-secret'))).mode & 0o777).toBe(0o600);
  });

  it('is refused and not replaced if it is too short', async () => {
    await writeFile(join(parent, 'token-secret'), 'short');
    await expect(loadSecrets(parent)).rejects.toThrow('must have at least 32 bytes. Restore the file');
    expect(await readFile(join(parent, 'token-secret'), 'utf8')).toBe('short');
  });

  it('is several secrets if the operator wrote a list into its file', async () => {
    const made = ['b', 'c'].map((letter) => letter.repeat(43));
    await writeFile(join(parent, 'token-secret'), `${made.join(',')}\n`);
    expect((await loadSecrets(parent)).map((one) => Buffer.from(one).toString())).toEqual(made);
  });

  it('is not created if the operator set a secret or an issuer', async () => {
    expect(await secretsFor({ jwtSecrets: [secret], dataDir: parent })).toEqual([secret]);
    expect(await secretsFor({ jwksUrl: 'https://id.example.org/keys', dataDir: parent })).toBeUndefined();
    expect(await readdir(parent)).toEqual([]);
    expect(await secretsFor({ dataDir: parent })).toEqual(await loadSecrets(parent));
  });
});

describe('secretsIn', () => {
  const [long, other] = ['x'.repeat(43), randomBytes(32).toString('base64')];
  const passphrase = 'correct horse battery staple, or any other';
  const read = (text: string) => {
    const found = secretsIn(text);
    return typeof found === 'string' ? found : found.map((one) => Buffer.from(one).toString());
  };

  it('reads one secret as it is', () => {
    for (const text of [long, other, `${long}\n`, `${long} and ${other}`, 'é'.repeat(16)]) expect(read(text)).toEqual([text]);
  });

  it('reads several secrets, without the white space around them, each once', () => {
    expect(read(`${long}, ${other}`)).toEqual([long, other]);
    expect(read(`${other},\n${long},${other}\n`)).toEqual([other, long]);
    const spaced = 'correct horse battery staple or any other';
    expect(read(`${spaced},${long}`)).toEqual([spaced, long]);
  });

  it('keeps a secret with commas of its own in one piece', () => {
    for (const text of [passphrase, `${'no!'.repeat(20)},${'neither?'.repeat(10)}`, `${','.repeat(40)}`])
      expect(read(text)).toEqual([text]);
  });

  it('refuses a list with a secret that is too short, instead of taking all of it as one secret', () => {
    for (const text of [`short,${long}`, `${long},short`, `${long},`, `${passphrase},${long}`])
      expect(read(text)).toBe('must have at least 32 bytes in each of its secrets, which are separated by commas.');
  });

  it('refuses more secrets than are tried for every token', () => {
    const listOf = (length: number) => Array.from({ length }, (_, n) => `${n}`.repeat(43)).join(',');
    expect(secretsIn(listOf(tokenLimits.secretsMost))).toHaveLength(tokenLimits.secretsMost);
    expect(read(listOf(tokenLimits.secretsMost + 1))).toBe('must have at most 5 secrets.');
  });
});

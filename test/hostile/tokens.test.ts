import { createHmac, generateKeyPairSync, randomUUID } from 'node:crypto';
import { CompactEncrypt, FlattenedSign, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AttackedServer, startAttackedServer } from '../support/attacks/attacked-server.ts';
import { createChannel } from '../support/authors/writers.ts';
import { shakeHands } from '../support/readers/socket-reader.ts';
import { startIssuer } from '../support/servers/issuer.ts';
import { call } from '../support/servers/server.ts';
import type { Site } from '../support/servers/site.ts';

/**
 * Sends invalid tokens to a server that accepts tokens signed with its secret and tokens of an issuer with a JWK set. Each invalid
 * token is refused over HTTP and at the socket. The server fetches no URL that a token names, and no answer quotes a token.
 */

const secret = 'a secret that an attacker would like to know, of 32 bytes';
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const own = generateKeyPairSync('rsa', { modulusLength: 2048 });
const hmac = new TextEncoder().encode(secret);

let server: AttackedServer;
let issuer: Site;
let asked: string[] = [];
let evil: string;

beforeAll(async () => {
  issuer = await startIssuer((path) => {
    asked.push(path);
    const [{ publicKey }, kid] = path === '/keys' ? [rsa, 'k1'] : [own, 'evil'];
    return [{ ...publicKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' }];
  });
  evil = `${issuer.url}/evil`;
  server = await startAttackedServer({ PRESSBOX_JWT_SECRET: secret, PRESSBOX_JWKS_URL: `${issuer.url}/keys` });
  await createChannel(server, await server.token(), { id: 'moon' });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await issuer[Symbol.asyncDispose]();
});

const seconds = () => Math.floor(Date.now() / 1000);
const claims = (changed: object = {}) => ({
  sub: 'mallory',
  jti: randomUUID(),
  aud: 'pressbox',
  iat: seconds(),
  exp: seconds() + 600,
  pressbox: { admin: true },
  ...changed,
});
const byIssuer = (changed: object = {}) =>
  new SignJWT(claims(changed)).setProtectedHeader({ alg: 'RS256', kid: 'k1' }).sign(rsa.privateKey);
const without = (name: string) => Object.fromEntries(Object.entries(claims()).filter(([claim]) => claim !== name));
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
/** Signed with the secret, with any header. */
const signed = (header: object, payload: unknown, key: string | Buffer = secret) => {
  const text = `${part(header)}.${part(payload)}`;
  return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
};
const good = { alg: 'HS256', typ: 'JWT' };
const byRsa = (header: object, pair = own) =>
  new SignJWT(claims()).setProtectedHeader({ alg: 'RS256', ...header }).sign(pair.privateKey);

const tokens: Record<string, () => string | Promise<string>> = {
  'without a signature, as `alg: none` says': () => `${part({ alg: 'none' })}.${part(claims())}.`,
  'as `alg: None`': () => `${part({ alg: 'None' })}.${part(claims())}.`,
  'as `alg: none`, with a signature': () => signed({ alg: 'none' }, claims()),
  'with its signature cut off': () => signed(good, claims()).replace(/[^.]+$/, ''),
  'with a signature of zeros': () => signed(good, claims()).replace(/[^.]+$/, 'A'.repeat(43)),
  'with an algorithm that is an array': () => signed({ alg: ['HS256'] }, claims()),
  'without an algorithm': () => signed({ typ: 'JWT' }, claims()),
  'with a longer algorithm of the same family': () => signed({ alg: 'HS512' }, claims()),
  'with the public key as the secret, as PEM': () =>
    signed({ alg: 'HS256', kid: 'k1' }, claims(), rsa.publicKey.export({ format: 'pem', type: 'spki' }) as string),
  'with the public key as the secret, as DER': () =>
    signed({ alg: 'HS256', kid: 'k1' }, claims(), rsa.publicKey.export({ format: 'der', type: 'spki' }) as Buffer),
  'with the public key as the secret, as JWK': () =>
    signed({ alg: 'HS256' }, claims(), JSON.stringify(rsa.publicKey.export({ format: 'jwk' }))),
  'with an empty secret': () => signed(good, claims(), ''),
  'with a key of its own': () => byRsa({ kid: 'k1' }),
  'with a key of its own in its header': () => byRsa({ jwk: own.publicKey.export({ format: 'jwk' }) }),
  'with a key of its own at a URL in its header': () => byRsa({ jku: evil, kid: 'evil' }),
  'with a certificate at a URL in its header': () => byRsa({ x5u: evil }),
  'with a certificate in its header': () => byRsa({ x5c: ['MIIB'] }),
  'with a key id that is a path': () => byRsa({ kid: '../../../../dev/null' }),
  'with a key id that is a database query': () => byRsa({ kid: "k1' UNION SELECT 'x" }),
  'with a key id that is an address': () => byRsa({ kid: evil }),
  'with `exp` as a critical extension': () => signed({ ...good, crit: ['exp'], exp: 1 }, claims()),
  'with an unknown critical extension': () => signed({ ...good, crit: ['x'], x: 1 }, claims()),
  'with a payload that is not encoded': () => signed({ ...good, b64: false, crit: ['b64'] }, claims()),
  'that expired': () => signed(good, claims({ exp: seconds() - 1 })),
  'that is not valid yet': () => signed(good, claims({ nbf: seconds() + 600 })),
  'that was issued in the future': () => signed(good, claims({ iat: seconds() + 600, exp: seconds() + 900 })),
  'for another audience': () => signed(good, claims({ aud: 'printbox' })),
  'for an audience that only begins like ours': () => signed(good, claims({ aud: 'pressbox.evil.example' })),
  'without an audience': () => signed(good, without('aud')),
  'without a subject': () => signed(good, without('sub')),
  'without an id': () => signed(good, without('jti')),
  'without an expiry': () => signed(good, without('exp')),
  'with an expiry that is a text': () => signed(good, claims({ exp: String(seconds() + 600) })),
  'with an expiry that is not a number': () => signed(good, claims({ exp: null })),
  'with a negative expiry': () => signed(good, claims({ exp: -1 })),
  'with unknown rights': () => signed(good, claims({ pressbox: { owner: ['*'] } })),
  'with rights that are a text': () => signed(good, claims({ pressbox: { editor: '*' } })),
  'with rights under a name that is special in JavaScript': () =>
    signed(good, JSON.parse(JSON.stringify(claims()).replace('"admin":true', '"__proto__":{"admin":true}'))),
  'with a subject of several lines': () => signed(good, claims({ sub: 'a\r\nSet-Cookie: b=c' })),
  'whose payload is an array': () => signed(good, [claims()]),
  'whose payload is not JSON': () =>
    `${part(good)}.AAAA.${createHmac('sha256', secret)
      .update(`${part(good)}.AAAA`)
      .digest('base64url')}`,
  'written as JSON': async () =>
    JSON.stringify(
      await new FlattenedSign(Buffer.from(JSON.stringify(claims()))).setProtectedHeader({ alg: 'HS256' }).sign(hmac),
    ),
  encrypted: () =>
    new CompactEncrypt(Buffer.from(JSON.stringify(claims())))
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .encrypt(hmac.subarray(0, 32)),
  'with a space in its signature': () => signed(good, claims()).replace(/.{5}$/, ' $&'),
  'with one part too many': () => `${signed(good, claims())}.x`,
  'of an administrator, if any issuer of the key set may have signed it': () => byIssuer(),
  'that is too long': () => signed(good, claims({ padding: 'x'.repeat(11_000) })),
};

describe('a token is refused', () => {
  it.each(Object.entries(tokens))('%s', async (_what, make) => {
    asked = [];
    const token = await make();
    const http = await call(`${server.url}/v1/channels/moon`, { method: 'DELETE', token });
    expect(http.status).toBe(401);
    expect(http.body).toMatchObject({ code: 'token-invalid' });
    for (const piece of token.split(/[."]/).filter((one) => one.length > 8)) expect(http.text).not.toContain(piece);

    const reader = (await shakeHands(server.url, { join: false })).reader;
    reader?.send(`40${JSON.stringify({ token })}`);
    await expect.poll(() => reader?.packets.find((packet) => /^4[04]/.test(packet)) ?? '').toMatch(/^44\{.*"token-invalid"/);
    reader?.destroy();
    expect(asked.filter((path) => path !== '/keys')).toEqual([]);
  });

  it('although a valid token of the same kind is accepted, so each fails for the reason in its title', async () => {
    const rights = { editor: ['moon'] };
    for (const token of [signed(good, claims({ pressbox: rights })), await byIssuer({ pressbox: rights })]) {
      expect((await call(`${server.url}/v1/channels/moon/journal`, { token })).status).toBe(200);
    }
    expect((await call(`${server.url}/v1/channels/moon`)).status).toBe(200);
  });
});

describe('a form with a token', () => {
  it('is refused if the signature has a line break, which no cookie can hold', async () => {
    const token = await byIssuer({ pressbox: { editor: ['moon'] } });
    const send = (sent: string) =>
      fetch(`${server.url}/sign-in`, {
        method: 'POST',
        headers: { origin: server.origin, accept: 'application/json' },
        body: new URLSearchParams({ token: sent, to: '/' }),
        redirect: 'manual',
      });
    expect((await send(token)).status).toBe(303);
    const answer = await send(token.replace(/.{5}$/, '\n$&'));
    expect([answer.status, await answer.json()]).toMatchObject([401, { code: 'token-invalid' }]);
    expect(answer.headers.get('set-cookie')).toBeNull();
  });
});

describe('a header with a token', () => {
  const token = signed(good, claims());
  it.each([
    ['Basic', `Basic ${Buffer.from(`a:${token}`).toString('base64')}`],
    ['no scheme', token],
    ['a scheme of another name', `Token ${token}`],
    ['two tokens', `Bearer ${token} ${token}`],
    ['two tokens with a comma', `Bearer ${token}, Bearer ${token}`],
    ['a token in quotes', `Bearer "${token}"`],
    ['nothing', 'Bearer'],
  ])('is refused if it has another form: %s', async (_what, authorization) => {
    const answer = await call(`${server.url}/v1/channels/moon`, { headers: { authorization } });
    expect(answer).toMatchObject({ status: 401, body: { code: 'token-invalid' } });
  });

  it('is required: a token in the URL is ignored', async () => {
    for (const name of ['token', 'access_token', 'auth', 'jwt']) {
      const answer = await call(`${server.url}/v1/channels/moon?${name}=${token}`, { method: 'DELETE' });
      expect(answer).toMatchObject({ status: 401, body: { code: 'token-missing' } });
    }
  });
});

it('the log contains no token', () => server.expectCleanLog());

import { generateKeyPairSync } from 'node:crypto';
import { SignJWT } from 'jose';
import { expect, vi } from 'vitest';
import type { Grants } from '../../../src/protocol/rights.ts';
import { freePort } from './free-port.ts';
import { call } from './server.ts';
import { type Site, startSite } from './site.ts';

/** A site with the public keys of an issuer. `keysAt` returns the JWK set for a path. */
export function startIssuer(keysAt: (path: string) => readonly object[], port?: number): Promise<Site> {
  return startSite(
    ({ url = '' }, response) => response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ keys: keysAt(url) })),
    port,
  );
}

/** An issuer with one key. It can be stopped, and started again at the same URL. */
export interface StoppableIssuer extends AsyncDisposable {
  readonly jwksUrl: string;
  token(pressbox: Partial<Grants>, jti: string, more?: { iss: string }): Promise<string>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Resolves when the issuer is running. */
export async function startStoppableIssuer(): Promise<StoppableIssuer> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const port = await freePort();
  const start = () => startIssuer(() => [{ ...publicKey.export({ format: 'jwk' }), kid: 'one' }], port);
  let site: Site | undefined = await start();
  const stop = async () => {
    await site?.[Symbol.asyncDispose]();
    site = undefined;
  };
  return {
    jwksUrl: `${site.url}/keys`,
    token: (pressbox, jti, more = {} as never) =>
      new SignJWT({ name: 'Ruth Calder', pressbox, ...more })
        .setProtectedHeader({ alg: 'ES256', kid: 'one' })
        .setSubject('ruth')
        .setAudience('pressbox')
        .setJti(jti)
        .setIssuedAt()
        .setExpirationTime('1h')
        .sign(privateKey),
    async start() {
      site ??= await start();
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Starts the issuer. Resolves when a server accepts its tokens, since a server that failed to reach it waits before the next attempt. */
export async function bringBack(issuer: StoppableIssuer, { url }: { url: string }): Promise<void> {
  await issuer.start();
  const token = await issuer.token({ reader: ['*'] }, 'witness');
  await vi.waitFor(async () => expect((await call(`${url}/v1/session`, { token })).status).toBe(200));
}

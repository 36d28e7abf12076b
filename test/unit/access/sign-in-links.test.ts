import { randomBytes } from 'node:crypto';
import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import type { Secrets } from '../../../src/access/secret.ts';
import { createSignInLinks, isLinkCode, type LinkContent, signLinkCode } from '../../../src/access/sign-in-links.ts';
import { tokenLimits } from '../../../src/access/token-limits.ts';
import { newsroomLimits } from '../../../src/newsroom/newsroom-limits.ts';
import { limits } from '../../../src/protocol/wire-limits.ts';

const start = Date.parse('2026-11-25T12:00:00Z');
const hourMs = 3_600_000;
const secret = new Uint8Array(randomBytes(32));
const older = new Uint8Array(randomBytes(32));

function opened({ secrets = [secret] as Secrets, answer = 'spent' as 'spent' | 'used' | 'full' } = {}) {
  const clock = { ms: start };
  const revoked = new Set<string>();
  const spent: unknown[][] = [];
  const store = {
    isRevoked: (jti: string) => revoked.has(jti),
    spend: async (...all: unknown[]) => {
      spent.push(all);
      return answer;
    },
  };
  return { links: createSignInLinks({ secrets, store, now: () => clock.ms }), clock, revoked, spent };
}

const code = (changed: Partial<LinkContent> = {}, key = secret) =>
  signLinkCode(key, {
    ...{ sub: 'ruth', name: 'Ruth Calder', grants: { editor: ['moon'] }, jti: 'link-1', now: start },
    ...{ usableSeconds: 900, sessionSeconds: 7_200 },
    ...changed,
  });

const invalid = (detail: string) => ({ problem: { code: 'token-invalid', detail: expect.stringContaining(detail) } });

describe('the code of a sign-in link', () => {
  it('grants its session from the moment of its use, and is usable for its own time', async () => {
    const { links, clock } = opened();
    clock.ms = start + 60_000;
    expect(await links.verify(await code())).toEqual({
      who: {
        ...{ sub: 'ruth', name: 'Ruth Calder', jti: 'link-1', expiresAt: start + 60_000 + 7_200_000 },
        grants: { reader: [], author: [], editor: ['moon'], admin: false },
      },
      usableUntil: start + 900_000,
    });
  });

  it('is refused from the moment when it expires', async () => {
    const { links, clock } = opened();
    clock.ms = start + 899_999;
    expect(await links.verify(await code())).toBeDefined();
    clock.ms = start + 900_000;
    await expect(links.verify(await code())).rejects.toMatchObject(invalid('has expired'));
  });

  it('may be usable for as long as a link may be, and not a second longer', async () => {
    const { links } = opened();
    const longest = limits.signInLinkHours * 3_600;
    for (const usableSeconds of [longest - 1, longest]) expect(await links.verify(await code({ usableSeconds }))).toBeDefined();
    await expect(links.verify(await code({ usableSeconds: longest + 1 }))).rejects.toMatchObject(invalid('for too long'));
  });

  it('must grant a session of a second or more', async () => {
    const { links } = opened();
    expect(await links.verify(await code({ sessionSeconds: 1 }))).toBeDefined();
    await expect(links.verify(await code({ sessionSeconds: 0 }))).rejects.toMatchObject(invalid('the expected form'));
  });

  it('is refused once its id was revoked', async () => {
    const { links, revoked } = opened();
    revoked.add('link-2');
    expect(await links.verify(await code())).toBeDefined();
    revoked.add('link-1');
    await expect(links.verify(await code())).rejects.toMatchObject(invalid('was revoked'));
  });

  it('names the secret that signed it, unless that is the first one', async () => {
    const { links } = opened({ secrets: [secret, older] });
    expect((await links.verify(await code())).who.secret).toBeUndefined();
    expect((await links.verify(await code({}, older))).who.secret).toBe(1);
    await expect(opened().links.verify(await code({}, older))).rejects.toMatchObject(invalid('another secret'));
  });

  it('is never accepted by a server without a secret', async () => {
    const links = createSignInLinks({
      secrets: undefined,
      store: { isRevoked: () => false, spend: async () => 'spent' },
      now: () => start,
    });
    await expect(links.verify(await code())).rejects.toMatchObject(invalid('has no sign-in links'));
  });
});

describe('the use of a sign-in link', () => {
  it('is remembered under an id of its own for longer than the link could be used', async () => {
    const { links, spent } = opened();
    const link = await links.verify(await code());
    await links.spend(link);
    expect(spent).toEqual([['link:link-1', start + 900_000 + newsroomLimits.revokedBeyondHours * hourMs, 'ruth']]);
  });

  it('is refused if the store or this server knows of an earlier use, or if the store cannot remember it', async () => {
    const used = opened({ answer: 'used' });
    const link = await used.links.verify(await code());
    await expect(used.links.spend(link)).rejects.toMatchObject({ problem: { code: 'link-used' } });
    const full = opened({ answer: 'full' });
    await expect(full.links.spend(link)).rejects.toMatchObject({ problem: { code: 'revocations-full' } });
    const known = opened();
    known.revoked.add('link:link-1');
    await expect(known.links.spend(link)).rejects.toMatchObject({ problem: { code: 'link-used' } });
    expect(known.spent).toEqual([]);
  });
});

describe('a bearer token', () => {
  const typed = (typ: string, length = 0) =>
    new SignJWT({ more: 'x'.repeat(length) }).setProtectedHeader({ alg: 'HS256', typ }).sign(secret);

  it('is recognised as the code of a link by its type, whatever its signature', async () => {
    expect(isLinkCode(await code())).toBe(true);
    expect(isLinkCode(await typed('pressbox-link+jwt'))).toBe(true);
    for (const other of [await typed('pressbox-session+jwt'), '', 'a.b.c']) expect(isLinkCode(other)).toBe(false);
  });

  it('is not read for that if it is longer than a token may be', async () => {
    const head = (await typed('pressbox-link+jwt')).split('.')[0];
    const ofLength = (length: number) => `${head}..`.padEnd(length, 'x');
    expect(isLinkCode(ofLength(tokenLimits.tokenCharacters))).toBe(true);
    expect(isLinkCode(ofLength(tokenLimits.tokenCharacters + 1))).toBe(false);
  });
});

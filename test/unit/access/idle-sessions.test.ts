import { randomBytes } from 'node:crypto';
import { decodeJwt } from 'jose';
import { describe, expect, it } from 'vitest';
import type { Secrets } from '../../../src/access/secret.ts';
import { createSessions } from '../../../src/access/sessions.ts';
import { createTokens } from '../../../src/access/tokens.ts';
import type { Principal } from '../../../src/protocol/rights.ts';
import { limits } from '../../../src/protocol/wire-limits.ts';

const start = Date.parse('2026-11-25T12:00:00Z');
const idleMs = 600_000;
const hourMs = 3_600_000;
const secret = new Uint8Array(randomBytes(32));
const older = new Uint8Array(randomBytes(32));
const noRights = { reader: [], author: [], editor: [], admin: false };

function opened({ isLimited = true, secrets = [secret] as Secrets } = {}) {
  const clock = { ms: start };
  const now = () => clock.ms;
  const tokens = createTokens({ secrets, now });
  const storedKey = async () => new Uint8Array(32);
  return { sessions: createSessions({ tokens, secrets, storedKey, idleMs: isLimited ? idleMs : undefined, now }), clock };
}

const principal = (changed: Partial<Principal> = {}): Principal => ({
  ...{ sub: 'ida', name: 'Ida Tarbell', jti: 't1', grants: noRights, expiresAt: start + hourMs },
  ...changed,
});

describe('a session with an idle limit', () => {
  it('ends in the moment in which it was not used for that long, not before', async () => {
    const { sessions } = opened();
    const { value } = await sessions.seal(principal());
    expect(await sessions.read(value, start + idleMs - 1)).toMatchObject({ sub: 'ida' });
    expect(await sessions.read(value, start + idleMs)).toBeUndefined();
    expect(await sessions.read(value, start + idleMs + 1)).toBeUndefined();
  });

  it('is renewed once a tenth of the limit has passed since its last recorded use', async () => {
    const { sessions, clock } = opened();
    const { value } = await sessions.seal(principal());
    clock.ms = start + idleMs / 10 - 1;
    expect(await sessions.renew(value)).toBeUndefined();
    clock.ms = start + idleMs / 10;
    expect(await sessions.renew(value)).toBeDefined();
  });

  it('stays the same session when it is renewed: only the last use is later', async () => {
    const { sessions, clock } = opened();
    const sealed = await sessions.seal(principal());
    clock.ms = start + idleMs - 1_500;
    const renewed = await sessions.renew(sealed.value);
    const left = hourMs / 1_000 - (idleMs / 1_000 - 2);
    expect(renewed).toMatchObject({ maxAgeSeconds: left, expiresAt: sealed.expiresAt });
    const [before, after] = [decodeJwt(sealed.value), decodeJwt(renewed?.value ?? '')];
    expect(after).toEqual({ ...before, used: start / 1_000 + idleMs / 1_000 - 2 });
    expect(await sessions.read(renewed?.value ?? '', start + idleMs)).toMatchObject({ sub: 'ida' });
  });

  it('keeps the secret that signed it when it is renewed, so that it ends when that secret is removed', async () => {
    const both = opened({ secrets: [secret, older] });
    const { value } = await both.sessions.seal(principal({ secret: 1 }));
    both.clock.ms += idleMs / 2;
    const renewed = (await both.sessions.renew(value))?.value ?? '';
    expect(await both.sessions.read(renewed, start + idleMs)).toMatchObject({ sub: 'ida', secret: 1 });
    expect(await opened({ secrets: [older] }).sessions.read(renewed, start + idleMs)).toMatchObject({ sub: 'ida' });
    expect(await opened({ secrets: [secret] }).sessions.read(renewed, start + idleMs)).toBeUndefined();
  });

  it('can be ended by its reader although it is idle', async () => {
    const { sessions, clock } = opened();
    const { value } = await sessions.seal(principal());
    clock.ms = start + 2 * idleMs;
    expect(await sessions.read(value, clock.ms)).toBeUndefined();
    expect(await sessions.readForSignOut(value)).toMatchObject({ sub: 'ida' });
  });
});

describe('a session without an idle limit', () => {
  it('lasts unused until it expires, and is never renewed', async () => {
    const { sessions, clock } = opened({ isLimited: false });
    const { value } = await sessions.seal(principal());
    clock.ms = start + hourMs - 1;
    expect(await sessions.read(value, clock.ms)).toMatchObject({ sub: 'ida' });
    expect(await sessions.renew(value)).toBeUndefined();
  });
});

describe('the length of a session', () => {
  const limitMs = limits.sessionHours * hourMs;

  it.each([
    ['ends with its token', limitMs - 1_000, limitMs - 1_000],
    ['ends with its token', limitMs, limitMs],
    ['ends at the limit', limitMs + 1_000, limitMs],
  ])('%s, for a token that expires in %i ms', async (_name, tokenMs, lastsMs) => {
    const { sessions, clock } = opened({ isLimited: false });
    const sealed = await sessions.seal(principal({ expiresAt: start + tokenMs }));
    expect(sealed).toMatchObject({ maxAgeSeconds: lastsMs / 1_000, expiresAt: start + lastsMs });
    clock.ms = start + lastsMs - 1;
    expect(await sessions.read(sealed.value, clock.ms)).toBeDefined();
    clock.ms = start + lastsMs;
    expect(await sessions.read(sealed.value, clock.ms)).toBeUndefined();
  });
});

describe('the size of a session', () => {
  it('may be as large as a cookie can hold, and is refused beyond', async () => {
    const { sessions } = opened();
    const named = async (length: number) => (await sessions.seal(principal({ name: 'n'.repeat(length) }))).value;
    // Three bytes of a claim are four characters of the session.
    let length = Math.floor(((limits.sessionCharacters - (await named(0)).length) * 3) / 4) + 2;
    const tooLarge = { problem: { code: 'too-large' } };
    await expect(named(length)).rejects.toMatchObject(tooLarge);
    let value: string | undefined;
    while (value === undefined) {
      length -= 1;
      value = await named(length).catch(() => undefined);
    }
    expect(value.length).toBe(limits.sessionCharacters);
    await expect(named(length + 1)).rejects.toMatchObject(tooLarge);
  });
});

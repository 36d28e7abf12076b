import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import type { Engine } from '../../../src/journal/engine.ts';
import { limits } from '../../../src/protocol/wire-limits.ts';
import type { Exam, Examined } from '../contract.ts';

const minute = 60_000;

/** Tokens that are revoked before they expire. */
export function revoking({ open }: Exam): void {
  const start = Date.now();
  let now = start;
  let examined: Examined;
  let engine: Engine;
  beforeAll(async () => {
    examined = await open({ now: () => now });
    engine = examined.engine;
  });
  beforeEach(() => {
    now = start;
  });
  afterAll(() => examined.close());

  it('refuses a token as soon as its revocation was answered, and no other token', async () => {
    expect(engine.isRevoked('one')).toBe(false);
    expect(await engine.revoke('one', now + minute, 'root')).toBe('revoked');
    expect(engine.isRevoked('one')).toBe(true);
    for (const other of ['another', 'on', 'one-2', 'one2', 'one:2'])
      expect([other, engine.isRevoked(other)]).toEqual([other, false]);
    expect(engine.isRevoked('constructor')).toBe(false);
  });

  it('drops a revocation once the token has expired, and keeps one without an end', async () => {
    await engine.revoke('short', now + minute, 'root');
    await engine.revoke('endless', null, 'root');
    now += minute;
    expect(engine.isRevoked('short')).toBe(false);
    expect(engine.isRevoked('endless')).toBe(true);
    now += 100 * 365 * 24 * 60 * minute;
    expect(engine.isRevoked('endless')).toBe(true);
  });

  it('keeps the later of two end times, in either order', async () => {
    await engine.revoke('twice', now + 3 * minute, 'root');
    await engine.revoke('twice', now + minute, 'root');
    await engine.revoke('longer', now + minute, 'root');
    await engine.revoke('longer', now + 3 * minute, 'root');
    await engine.revoke('never', null, 'root');
    await engine.revoke('never', now + minute, 'root');
    for (const again of [engine, await reopened()]) {
      now = start + 2 * minute;
      expect(['twice', 'longer', 'never'].map((jti) => again.isRevoked(jti))).toEqual([true, true, true]);
      now = start + 3 * minute;
      expect(['twice', 'longer', 'never'].map((jti) => again.isRevoked(jti))).toEqual([false, false, true]);
      now = start;
    }
  });

  it('refuses tokens again after a clock that was ahead is corrected', async () => {
    await engine.revoke('ahead', now + minute, 'root');
    now += 24 * 60 * minute;
    expect(engine.isRevoked('ahead')).toBe(false);
    const { revokedTokens } = engine;
    expect(await engine.revoke('meanwhile', now + minute, 'root')).toBe('revoked');
    expect(engine.revokedTokens).toBe(revokedTokens + 1);
    for (const again of [engine, await reopened()]) {
      now = start;
      expect(['ahead', 'meanwhile'].map((jti) => again.isRevoked(jti))).toEqual([true, true]);
      now += minute;
      expect(['ahead', 'meanwhile'].map((jti) => again.isRevoked(jti))).toEqual([false, true]);
    }
  });

  it('knows revocations right after it is reopened, for any characters in the id', async () => {
    const spellings = ['kept', 'Kept', 'with space', '"quoted"', 'ü\u0000\n', '1'];
    for (const jti of spellings) await engine.revoke(jti, now + minute, 'root');
    const { revokedTokens } = engine;
    const again = await reopened();
    expect(spellings.map((jti) => again.isRevoked(jti))).toEqual(spellings.map(() => true));
    expect(again.isRevoked('KEPT')).toBe(false);
    expect(again.revokedTokens).toBe(revokedTokens);
  });

  it('answers full at the bound, accepts repeats, and drops no more expired revocations than it needs to', async () => {
    await using own = await ownEngine();
    const { engine: filled } = own.examined;
    const many = Array.from({ length: limits.revokedTokens }, (_, index) => `many-${index}`);
    // Retried, because on a busy machine so many concurrent calls can take longer than a node waits for the store.
    const revoke = (jti: string, until: number | null) => vi.waitFor(() => filled.revoke(jti, until, 'root'));
    for (let from = 0; from < many.length; from += 500) {
      const some = many.slice(from, from + 500);
      await Promise.all(some.map((jti, at) => revoke(jti, from + at < 2 ? now + (2 - from - at) * minute : null)));
    }
    expect(filled.revokedTokens).toBe(limits.revokedTokens);
    expect(await revoke('one-more', null)).toBe('full');
    expect(filled.isRevoked('one-more')).toBe(false);
    expect(await revoke('many-2', null)).toBe('revoked');
    expect([await filled.spend('one-more', null, 'ruth'), await filled.spend('many-2', null, 'ruth')]).toEqual(['full', 'used']);
    expect(filled.isRevoked('one-more')).toBe(false);
    now += 2 * minute;
    expect(await revoke('one-more', null)).toBe('revoked');
    expect(filled.isRevoked('one-more')).toBe(true);
    expect(filled.revokedTokens).toBe(limits.revokedTokens - 1);
    // Waits until every earlier call was answered, because by the earlier clock the dropped revocation would count again. On a
    // busy machine the calls take longer than a node may go without a comparison.
    await vi.waitFor(() => filled.ready());
    now = start;
    for (const again of [filled, await own.examined.reopen()]) {
      // Only the revocation that expired first had to make room.
      expect(['many-1', 'many-0', 'one-more'].map((jti) => again.isRevoked(jti))).toEqual([false, true, true]);
      expect(again.revokedTokens).toBe(limits.revokedTokens);
    }
  });

  it('spends an id for one of many calls at once, and refuses it from then on', async () => {
    const calls = Array.from({ length: 20 }, () => engine.spend('single', now + minute, 'ruth'));
    const results = await Promise.all(calls);
    expect(results.toSorted()).toEqual(['spent', ...results.slice(1).map(() => 'used')]);
    expect([engine.isRevoked('single'), engine.isRevoked('another-single')]).toEqual([true, false]);
    const again = await reopened();
    expect(again.isRevoked('single')).toBe(true);
    expect(await again.spend('single', now + minute, 'ruth')).toBe('used');
    expect(await again.revoke('single', now + minute, 'root')).toBe('revoked');
  });

  it('does not spend an id that was revoked before, even if the revocation has expired', async () => {
    await engine.revoke('withdrawn', now + minute, 'root');
    expect(await engine.spend('withdrawn', now + minute, 'ruth')).toBe('used');
    now += 2 * minute;
    expect(await engine.spend('withdrawn', now + minute, 'ruth')).toBe('used');
  });

  async function reopened(): Promise<Engine> {
    engine = await examined.reopen();
    return engine;
  }

  async function ownEngine() {
    const own = await open({ now: () => now });
    return { examined: own, [Symbol.asyncDispose]: () => own.close() };
  }
}

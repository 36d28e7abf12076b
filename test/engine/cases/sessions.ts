import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import type { Engine } from '../../../src/journal/engine.ts';
import type { SessionFacts } from '../../../src/protocol/rights.ts';
import { limits } from '../../../src/protocol/wire-limits.ts';
import type { Exam, Examined } from '../contract.ts';

const hour = 3_600_000;

/** Browser sessions that are ended before they expire, and the key that signs sessions. */
export function sessions({ open }: Exam): void {
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
  const session = (id: string, more: Partial<SessionFacts> = {}): SessionFacts => ({
    ...{ subject: `of-${id}`, id, begunAt: start, until: start + 12 * hour },
    ...more,
  });

  it('refuses a session as soon as ending it was answered, and no other session', async () => {
    expect(engine.isSessionEnded(session('one'))).toBe(false);
    await engine.endSession(session('one'), 'ed');
    expect(engine.isSessionEnded(session('one'))).toBe(true);
    expect(engine.isSessionEnded(session('other', { subject: 'of-one' }))).toBe(false);
    expect(engine.isSessionEnded(session('constructor'))).toBe(false);
    for (const id of ['on', 'one-2', 'one2']) expect(engine.isSessionEnded(session(id, { subject: 'of-one' }))).toBe(false);
  });

  it('knows ended sessions right after it is reopened, each once', async () => {
    await engine.endSession(session('kept'), 'ed');
    await engine.endSession(session('kept'), 'ed');
    const { endedSessions } = engine;
    const again = await reopened();
    expect(again.isSessionEnded(session('kept'))).toBe(true);
    expect(again.endedSessions).toBe(endedSessions);
  });

  it('bounds the ended sessions of a subject, and ends all its older sessions in place of the sessions it drops', async () => {
    const most = limits.endedSessionsOfSubject;
    const before = engine.endedSessions;
    const of = (index: number) => session(`many-${index}`, { subject: 'many', begunAt: start + index * 1_000 });
    for (let index = 0; index < 3 * most; index += 1) await engine.endSession(of(index), 'ed');
    expect(engine.endedSessions - before).toBeLessThanOrEqual(most);
    for (const again of [engine, await reopened()]) {
      expect(Array.from({ length: 3 * most }, (_, index) => again.isSessionEnded(of(index)))).not.toContain(false);
      expect(again.isSessionEnded(session('never-ended', { subject: 'many', begunAt: start }))).toBe(true);
      expect(again.isSessionEnded(session('later', { subject: 'many', begunAt: start + 3 * most * 1_000 }))).toBe(false);
      expect(again.isSessionEnded(session('elsewhere', { begunAt: start }))).toBe(false);
      expect(again.endedSessions - before).toBeLessThanOrEqual(most);
    }
  });

  it('drops expired sessions first, without ending others', async () => {
    const most = limits.endedSessionsOfSubject;
    const of = (index: number) => session(`lapsed-${index}`, { subject: 'lapsed', begunAt: start + index, until: start + hour });
    for (let index = 0; index < most; index += 1) await engine.endSession(of(index), 'ed');
    now = start + hour;
    await engine.endSession(session('fresh', { subject: 'lapsed', begunAt: now }), 'ed');
    expect(engine.isSessionEnded(session('old', { subject: 'lapsed', begunAt: start }))).toBe(false);
    expect(engine.isSessionEnded(session('fresh', { subject: 'lapsed', begunAt: now }))).toBe(true);
  });

  it('bounds all ended sessions, and ends every older session in place of the sessions it drops', async () => {
    await using own = await ownEngine();
    const { engine: filled } = own.examined;
    const of = (index: number) => session(`all-${index}`, { begunAt: start + index });
    // In batches, because an engine bounds the calls that wait.
    for (let from = 0; from <= limits.endedSessions; from += 5_000) {
      const count = Math.min(5_000, limits.endedSessions + 1 - from);
      await Promise.all(Array.from({ length: count }, (_, index) => filled.endSession(of(from + index), 'ed')));
    }
    await filled.endSession(of(limits.endedSessions + 1), 'ed');
    expect(filled.endedSessions).toBeLessThanOrEqual(limits.endedSessions);
    await vi.waitFor(() => filled.ready());
    for (const again of [filled, await own.examined.reopen()]) {
      expect(again.isSessionEnded(of(0))).toBe(true);
      expect(again.isSessionEnded(of(limits.endedSessions + 1))).toBe(true);
      expect(again.isSessionEnded(session('never-ended', { begunAt: start }))).toBe(true);
      expect(again.isSessionEnded(session('later', { begunAt: start + 2 * limits.endedSessions }))).toBe(false);
    }
  });

  it('has one key for sessions, for every caller and over restarts', async () => {
    const [one, other] = await Promise.all([engine.sessionKey(), engine.sessionKey()]);
    expect(one.length).toBe(32);
    expect(other).toEqual(one);
    expect(await (await reopened()).sessionKey()).toEqual(one);
    await using own = await ownEngine();
    expect(await own.examined.engine.sessionKey()).not.toEqual(one);
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

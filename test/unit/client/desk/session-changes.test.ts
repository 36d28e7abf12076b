import { describe, expect, it } from 'vitest';
import type { DeskSession, SessionState } from '../../../../client/browser/desk/session/session.ts';
import { isSameSession, sessionEndOf, stateAfter, warningMs } from '../../../../client/browser/desk/session/session-changes.ts';

const now = Date.parse('2026-11-25T12:00:00Z');
const minuteMs = 60_000;

function session(leftMs: number, changed: Partial<DeskSession> = {}): DeskSession {
  const rights = { reader: [], author: [], editor: ['*'], admin: false };
  return { sub: 'ruth', name: 'Ruth', ownerKey: 'r', rights, expiresAt: new Date(now + leftMs).toISOString(), ...changed };
}
const signedIn = (leftMs: number, changed?: Partial<DeskSession>): SessionState => ({
  status: 'signed-in',
  session: session(leftMs, changed),
  serverAheadMs: 0,
});
const signedOut: SessionState = { status: 'signed-out' };

describe('a session that the server no longer has', () => {
  const statusAfter = (before: SessionState | undefined, wasSignedIn = true) =>
    stateAfter(before, signedOut, { now, wasSignedIn }).status;

  it('has ended under the hands of its author if its time was over, also by a clock that is a little behind', () => {
    expect([statusAfter(signedIn(-1)), statusAfter(signedIn(minuteMs / 2))]).toEqual(['ended', 'ended']);
  });

  it('has ended under the hands of its author if it can end by not being used', () => {
    expect(statusAfter(signedIn(300 * minuteMs, { idleSeconds: 1_800 }))).toBe('ended');
  });

  it('stays ended', () => {
    expect(statusAfter({ status: 'ended', session: session(300 * minuteMs) })).toBe('ended');
  });

  it('leaves nothing on the page if it was signed out elsewhere or revoked', () => {
    expect(statusAfter(signedIn(300 * minuteMs))).toBe('signed-out');
  });

  it('leaves nothing on a page that was opened after its end', () => {
    expect(statusAfter({ status: 'unreachable', session: session(-1) }, false)).toBe('signed-out');
    expect(statusAfter(undefined, false)).toBe('signed-out');
  });

  it('has ended if it did so while the server could not be reached', () => {
    expect(statusAfter({ status: 'unreachable', session: session(-1) })).toBe('ended');
  });
});

it('a session that has ended is still shown while the server cannot be reached', () => {
  const away: SessionState = { status: 'unreachable', session: undefined };
  const ended: SessionState = { status: 'ended', session: session(-1) };
  expect(stateAfter(ended, away, { now, wasSignedIn: true })).toEqual(ended);
  expect(stateAfter(undefined, away, { now, wasSignedIn: false })).toEqual(away);
});

describe('what the desk says about the end of a session', () => {
  it('begins ten minutes before the end', () => {
    expect(sessionEndOf(signedIn(warningMs + 1), now)).toBeUndefined();
    expect(sessionEndOf(signedIn(warningMs), now)).toEqual({ at: 'soon', ms: now + warningMs });
    expect(sessionEndOf(signedIn(0), now)).toEqual({ at: 'ended', ms: now });
  });

  it('is nothing without a session', () => {
    expect([sessionEndOf(undefined, now), sessionEndOf(signedOut, now)]).toEqual([undefined, undefined]);
  });

  it('is that it has ended, whenever it would have ended by time', () => {
    expect(sessionEndOf({ status: 'ended', session: session(300 * minuteMs) }, now)).toMatchObject({ at: 'ended' });
  });
});

it('two sessions are the same if person and end are', () => {
  expect(isSameSession(session(1), session(1))).toBe(true);
  expect([isSameSession(session(1), session(2)), isSameSession(session(1), session(1, { ownerKey: 'a' }))]).toEqual([
    false,
    false,
  ]);
  expect([isSameSession(session(1), undefined), isSameSession(undefined, undefined)]).toEqual([false, true]);
});

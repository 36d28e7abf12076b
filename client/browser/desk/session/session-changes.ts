import type { DeskSession, SessionState } from './session.ts';

/** How long before the end of a session the desk warns, milliseconds. */
export const warningMs = 600_000;
/** Clocks differ. A session that the server no longer has this close to its end has ended by time. */
const toleranceMs = 60_000;

/**
 * The state after an answer. A session that ends by time, or because it was not used, ends under the hands of its author: the desk
 * stays as it is, and goes on when the author signs in again. Any other end, such as signing out on another page, leaves nothing on the
 * page. So does an end before this page was opened, because somebody else may sit there now.
 */
export function stateAfter(
  before: SessionState | undefined,
  answer: SessionState,
  { now, wasSignedIn }: { now: number; wasSignedIn: boolean },
): SessionState {
  if (answer.status === 'signed-in' || before === undefined || before.status === 'signed-out') return answer;
  const { session, status } = before;
  if (session === undefined || !wasSignedIn) return answer;
  // This device remembers no session that has ended.
  if (answer.status === 'unreachable')
    return answer.session ? answer : { status: status === 'ended' ? status : 'unreachable', session };
  const endsByItself = session.idleSeconds !== undefined || Date.parse(session.expiresAt) <= now + toleranceMs;
  return status === 'ended' || endsByItself ? { status: 'ended', session } : answer;
}

/** The notice about the end of the session. `ms`: the time of the end, in milliseconds since 1970. */
export type SessionEnd = { at: 'soon' | 'ended'; ms: number };

export function sessionEndOf(state: SessionState | undefined, now: number): SessionEnd | undefined {
  if (state === undefined || state.status === 'signed-out' || state.session === undefined) return undefined;
  const ms = Date.parse(state.session.expiresAt);
  if (state.status === 'ended') return { at: 'ended', ms };
  return now >= ms - warningMs ? { at: now >= ms ? 'ended' : 'soon', ms } : undefined;
}

/** Both have the same author and the same end. */
export function isSameSession(one: SessionFacts | undefined, other: SessionFacts | undefined): boolean {
  return one?.ownerKey === other?.ownerKey && one?.expiresAt === other?.expiresAt;
}

export type SessionFacts = Pick<DeskSession, 'ownerKey' | 'expiresAt'>;

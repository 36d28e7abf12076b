import type { Response } from 'express';
import { type Credentials, principalIn } from '../access/identity.ts';
import type { Problem, ProblemCode } from '../protocol/problems.ts';
import { responseLimits } from './http-limits.ts';
import { addressKey } from './rates.ts';

/**
 * The security events of the log: sign-ins and sign-outs, refused tokens and rights, revocations, erasures, exports, imports and
 * rate limits, with the client's address. Equal events from one address are logged once per interval, with the number of these
 * events in the interval before. Facts are ids only: no token, no text, and no part of a requested URL.
 */
export type SecurityEvent = 'sign-in' | 'sign-out' | 'token-revoked' | 'erasure' | 'export' | 'import';
export type SecurityRefusal = 'token-refused' | 'rights-refused' | 'rate-limited';

export interface SecurityFacts {
  address: string | undefined;
  /** The `sub` of a verified token. */
  by?: string | undefined;
  channel?: string;
  post?: string;
  jti?: string;
}

export interface SecurityLog {
  note(what: SecurityEvent | SecurityRefusal, facts: SecurityFacts): void;
  /** Logs a refusal, if its code is one that is logged. Of a refused token also the reason, a sentence without input. */
  refused(refusal: Pick<Problem, 'code' | 'detail'>, facts: SecurityFacts): void;
}

export interface SecurityLogParts {
  log: { info(facts: object, message: string): void };
  /** A monotonic clock, in milliseconds. */
  now: () => number;
  /** A line was dropped, because there were too many different ones in the interval. */
  onLeftOut(): void;
}

const refusals: Partial<Record<ProblemCode, SecurityRefusal>> = {
  'token-invalid': 'token-refused',
  'link-used': 'token-refused',
  forbidden: 'rights-refused',
  'rate-limited': 'rate-limited',
};

export function createSecurityLog({ log, now, onLeftOut }: SecurityLogParts): SecurityLog {
  // Counted separately, so that refusals from many addresses never use up the lines for actions.
  const [events, refused] = [createRepeats(now), createRepeats(now)];
  const write = (repeats: Repeats, what: SecurityEvent | SecurityRefusal, facts: SecurityFacts, why?: string) => {
    const { address = '', by, channel, post, jti } = facts;
    const seen = repeats.see(JSON.stringify([what, addressKey(address), by, channel, post, jti]));
    if (seen === 'full') return onLeftOut();
    if (seen === 'again') return;
    const before = seen > 0 && { timesBefore: seen };
    log.info({ security: what, address, ...(by !== undefined && { by }), channel, post, jti, why, ...before }, messages[what]);
  };
  return {
    note: (what, facts) => write(what in isRefusal ? refused : events, what, facts),
    refused({ code, detail }, facts) {
      const what = refusals[code];
      if (what !== undefined) write(refused, what, facts, what === 'token-refused' ? detail : undefined);
    },
  };
}

const isRefusal: Record<SecurityRefusal, true> = { 'token-refused': true, 'rights-refused': true, 'rate-limited': true };

const messages: Record<SecurityEvent | SecurityRefusal, string> = {
  'sign-in': 'security: signed in',
  'sign-out': 'security: signed out',
  'token-revoked': 'security: token revoked',
  erasure: 'security: text erased',
  export: 'security: export started',
  import: 'security: import started',
  'token-refused': 'security: token refused',
  'rights-refused': 'security: not permitted',
  'rate-limited': 'security: rate limited',
};

interface Repeats {
  /**
   * How often the event occurred in the interval before. `again`: it already occurred in this interval. `full`: too many
   * different events.
   */
  see(key: string): number | 'again' | 'full';
}

function createRepeats(now: () => number): Repeats {
  let current = new Map<string, number>();
  let before: ReadonlyMap<string, number> = new Map();
  let began = now();
  return {
    see(key) {
      const at = now();
      if (at - began >= responseLimits.securityRepeatMs) {
        before = at - began < 2 * responseLimits.securityRepeatMs ? current : new Map();
        current = new Map();
        began = at;
      }
      const times = current.get(key);
      if (times === undefined && current.size >= responseLimits.securityLines) return 'full';
      current.set(key, (times ?? 0) + 1);
      return times === undefined ? (before.get(key) ?? 0) : 'again';
    },
  };
}

const logs = new WeakMap<object, SecurityLog>();

/** Sets the log that the functions below use for responses of this app. */
export function attachSecurityLog(app: object, security: SecurityLog): void {
  logs.set(app, security);
}

/** Logs an action of the client. Pass `by` if only the route knows the author. */
export function logSecurityEvent(response: Response, what: SecurityEvent, facts: Omit<SecurityFacts, 'address'> = {}): void {
  logs.get(response.app)?.note(what, { ...requesterFacts(response), ...facts });
}

/** Logs the refusal of the client's request, if it concerns security. */
export function logRefusal(response: Response, refusal: Pick<Problem, 'code' | 'detail'>): void {
  if (refusals[refusal.code] !== undefined) logs.get(response.app)?.refused(refusal, requesterFacts(response));
}

function requesterFacts(response: Response): SecurityFacts {
  return { address: response.req?.ip, by: principalIn(response.locals.credentials as Credentials)?.sub };
}

import type { Transport } from '../../../src/protocol/model.ts';
import { backoffMs, cappedRetryAfterMs, connectBackoff } from '../backoff.ts';

/**
 * Decides which transport to use: socket, stream or poll. Pure: time and randomness are arguments, and the actions are returned as data.
 *
 *               begin, wake                   every attempt failed: down
 *     +------+               +--------------+                          +---------+
 *     | idle | ------------> | round        | -----------------------> | waiting |
 *     +------+               | dials one    | <----------------------- |         |
 *        ^                   | after another|      roundAt, wake       +---------+
 *        |                   +--------------+                            ^     |
 *        | rest: down               | up: use               lost: down  |     | up of an attempt that
 *        | (from any state)         v                                    |     v was still dialling: use
 *        |                   +-----------------------------------------------------+
 *        +------------------ | active                                              |
 *                            +-----------------------------------------------------+
 *                                   | betterAt, wake               ^
 *                                   v                              | failed, or up of a better one: use
 *                            +-----------------------------------------------------+
 *                            | active, dialling better transports                  |
 *                            +-----------------------------------------------------+
 *
 * A round starts with the transport that last worked. The next one is dialled a little later in parallel, or at once after a failure. The
 * first link that comes up is used, and a better one that comes up later replaces it, so a slow network is not mistaken for a blocked one.
 *
 * `drain` schedules a round, `begin` starts one, while a link is active. The active link stays until another one is up, or until every
 * attempt has failed. If the link is lost first, the round goes on. Pauses between rounds, and between tries of better transports, grow. Decision 13 explains the times.
 */
export interface SelectorState {
  /** The transports that this environment supports, best first. */
  readonly available: readonly Transport[];
  readonly active: Transport | undefined;
  readonly trying: readonly Transport[];
  /** Transports that this round has not tried yet, in order. */
  readonly untried: readonly Transport[];
  /** When to dial the first of them. All times are milliseconds on the caller's clock. */
  readonly nextAt: number | undefined;
  /** When the next round begins. */
  readonly roundAt: number | undefined;
  /** When to try better transports than the active one. */
  readonly betterAt: number | undefined;
  /** The first to try: the one that last worked, or the best one unless it proved unreliable. */
  readonly remembered: Transport | undefined;
  /** Failures in a row, by transport. */
  readonly failures: Readonly<Record<Transport, number>>;
  /** Transports that failed in this round without any answer. */
  readonly unanswered: number;
  /** How long the server asked to wait in this round, milliseconds. */
  readonly askedMs: number;
  /** Failed rounds and short-lived links in a row. */
  readonly rounds: number;
  /** Rounds in a row for better transports that brought no lasting link. */
  readonly betterRounds: number;
  /** When the active link came up, when the round began, and when better transports were last tried. */
  readonly upAt: number;
  readonly beganAt: number;
  readonly triedBetterAt: number;
  /** The server asked not to be contacted before this time. */
  readonly notBefore: number;
  /** Rounds in a row that a wake-up restarted. */
  readonly restarts: number;
}

export type SelectorEvent =
  /** Start, or try again now. The active link stays until another one is up. */
  | { type: 'begin' }
  /** An alarm may be due. */
  | { type: 'time' }
  | { type: 'up'; candidate: Transport }
  | { type: 'failed'; candidate: Transport; why: 'unanswered' | 'impossible' }
  /** The server answered and asked to wait this long. */
  | { type: 'failed'; candidate: Transport; why: 'asked-to-wait'; waitMs: number }
  | { type: 'lost'; silent: boolean }
  /** The server asks to leave within this time. */
  | { type: 'drain'; withinMs: number }
  /** The page enters the back/forward cache: no links until it wakes. */
  | { type: 'rest' }
  /** The device or the app woke up. `network`: the network changed or returned. */
  | { type: 'wake'; network: boolean };

export interface SelectorDecision {
  state: SelectorState;
  /** The attempts that the caller must close. */
  giveUp: readonly Transport[];
  dial: readonly Transport[];
  /** Replace the active link by this attempt. */
  use: Transport | undefined;
  /** There is no active link from now on. If there was one, close it. */
  down: boolean;
}

export const selectorTiming = {
  /** How long to wait before the next transport is dialled in parallel. */
  headStartMs: 1_500,
  /**
   * After this many transports without any answer the server counts as unreachable, because trying more would tell nothing new.
   * The first round tries all of them, because a network that blocks two transports must not be mistaken for a missing network.
   */
  maxUnanswered: 2,
  /** A link that was lost sooner does not count as a success, so the backoff continues. */
  steadyMs: 10_000,
  /** A link that falls silent sooner has never received a ping: something lets the connection through but no data. */
  provenMs: 60_000,
  /** After this many early losses in a row, a transport is no longer the first to try. */
  maxEarlyLosses: 3,
  /** Longest pause before a better transport is tried again. Doubles each time. Jitter shortens it by up to half. */
  better: { initialMs: 30_000, maxMs: 600_000 },
  /** Wake-ups within this time count as one. Doubles with each restarted round, up to longer than one attempt takes. */
  wakeMs: 1_000,
} as const;

export interface SelectorOptions {
  now: number;
  /** In [0, 1). */
  random: number;
  /** Overrides `selectorTiming.better.initialMs`. */
  betterFirstMs?: number | undefined;
}

/** `remembered`: the transport that worked before, if known. */
export function initialSelectorState(available: readonly Transport[], remembered = available[0]): SelectorState {
  return {
    available,
    active: undefined,
    trying: [],
    untried: [],
    nextAt: undefined,
    roundAt: undefined,
    betterAt: undefined,
    remembered,
    failures: noFailures,
    unanswered: 0,
    askedMs: 0,
    rounds: 0,
    betterRounds: 0,
    upAt: 0,
    beganAt: never,
    triedBetterAt: never,
    notBefore: never,
    restarts: 0,
  };
}

/** Earlier than any time. */
const never = Number.NEGATIVE_INFINITY;
const noFailures: Record<Transport, number> = { socket: 0, stream: 0, poll: 0 };

/** When to send the next `time` event. */
export function nextAlarmAt({ active, nextAt, roundAt, betterAt }: SelectorState): number | undefined {
  const times = [nextAt, roundAt, active && betterAt].filter((at) => at !== undefined);
  return times.length === 0 ? undefined : Math.min(...times);
}

export function selectTransport(state: SelectorState, event: SelectorEvent, options: SelectorOptions): SelectorDecision {
  switch (event.type) {
    case 'begin':
      return beginRound(state, options);
    case 'time':
      return onTime(state, options);
    case 'up':
      return onUp(state, event.candidate, options);
    case 'failed':
      return onFailed(state, event, options);
    case 'lost':
      return onLost(state, event.silent, options);
    case 'drain':
      if (state.trying.length > 0) return noAction(state);
      return noAction({ ...state, roundAt: options.now + options.random * cappedRetryAfterMs(event.withinMs) });
    case 'rest':
      return onRest(state);
    case 'wake':
      return onWake(state, event.network, options);
  }
}

// ---- Rounds

function beginRound(state: SelectorState, options: SelectorOptions): SelectorDecision {
  const order = state.available.filter((transport) => transport !== state.remembered);
  // The sort is stable: of two transports with equal failures, the better one comes first.
  order.sort((a, b) => state.failures[a] - state.failures[b]);
  if (state.remembered !== undefined) order.unshift(state.remembered);
  const round = {
    ...state,
    trying: [],
    untried: order,
    roundAt: undefined,
    unanswered: 0,
    askedMs: 0,
    beganAt: options.now,
    triedBetterAt: options.now,
  };
  return { ...tryNext(round, options), giveUp: state.trying };
}

function tryBetter(state: SelectorState, options: SelectorOptions): SelectorDecision {
  const better = betterTransports(state).filter((transport) => !state.trying.includes(transport));
  const round = { ...state, untried: better, betterAt: undefined, unanswered: 0, askedMs: 0, triedBetterAt: options.now };
  return tryNext(round, options);
}

/** Dials the next transport of the round. */
function tryNext(state: SelectorState, { now }: SelectorOptions): SelectorDecision {
  const [transport, ...untried] = state.untried;
  if (transport === undefined) return noAction({ ...state, nextAt: undefined });
  const nextAt = untried.length === 0 ? undefined : now + selectorTiming.headStartMs;
  return { ...noAction({ ...state, trying: [...state.trying, transport], untried, nextAt }), dial: [transport] };
}

function onTime(state: SelectorState, options: SelectorOptions): SelectorDecision {
  const isDue = (at: number | undefined) => at !== undefined && at <= options.now;
  if (isDue(state.roundAt)) return beginRound(state, options);
  if (isDue(state.nextAt)) return tryNext(state, options);
  if (state.active !== undefined && isDue(state.betterAt)) return tryBetter(state, options);
  return noAction(state);
}

// ---- Results of attempts

function onUp(state: SelectorState, transport: Transport, options: SelectorOptions): SelectorDecision {
  if (!state.trying.includes(transport)) return noAction(state);
  // Better attempts continue: they may just be slow.
  const worse = state.trying.filter((other) => rank(state, other) > rank(state, transport));
  const trying = state.trying.filter((other) => rank(state, other) < rank(state, transport));
  const up: SelectorState = {
    ...state,
    active: transport,
    trying,
    untried: [],
    nextAt: undefined,
    roundAt: undefined,
    // Keep a time that is already set, so that short-lived links cannot postpone it forever.
    betterAt: rank(state, transport) === 0 || trying.length > 0 ? undefined : state.betterAt,
    remembered: transport,
    upAt: options.now,
    restarts: 0,
  };
  const isSettled = trying.length > 0 || up.betterAt !== undefined;
  return { ...noAction(isSettled ? up : scheduleBetter(up, options)), giveUp: worse, use: transport };
}

function onFailed(state: SelectorState, failed: SelectorEvent & { type: 'failed' }, options: SelectorOptions): SelectorDecision {
  const { candidate, why } = failed;
  if (!state.trying.includes(candidate)) return noAction(state);
  const fewer = { ...state, trying: state.trying.filter((other) => other !== candidate) };
  const after: SelectorState =
    why === 'impossible'
      ? { ...fewer, available: fewer.available.filter((other) => other !== candidate) }
      : { ...fewer, failures: { ...fewer.failures, [candidate]: fewer.failures[candidate] + 1 } };
  const known: SelectorState =
    failed.why === 'asked-to-wait'
      ? { ...after, untried: [], nextAt: undefined, askedMs: Math.max(after.askedMs, cappedRetryAfterMs(failed.waitMs)) }
      : { ...after, unanswered: after.unanswered + (why === 'unanswered' ? 1 : 0) };

  // The attempt belonged to a link that was lost in the meantime. Another round is already due.
  if (known.roundAt !== undefined) return noAction(known);
  const knocked = known.rounds > 0 && known.unanswered >= selectorTiming.maxUnanswered;
  const outOfReach = knocked && known.trying.length === 0 && known.active === undefined;
  if (known.untried.length > 0 && !outOfReach) return tryNext(known, options);
  if (known.trying.length > 0) return noAction(known);
  if (known.active !== undefined && betterTransports(state).includes(candidate)) return noAction(scheduleBetter(known, options));
  return roundFailed(known, options);
}

/** Every transport failed. An active link was draining, so it is closed now. */
function roundFailed(state: SelectorState, { now, random }: SelectorOptions): SelectorDecision {
  const roundAt = now + backoffMs(state.rounds, random, connectBackoff, state.askedMs);
  const ended = { active: undefined, untried: [], nextAt: undefined, restarts: 0 };
  const failed = { ...state, ...ended, roundAt, rounds: state.rounds + 1, notBefore: now + state.askedMs };
  return { ...noAction(failed), down: true };
}

function onLost(state: SelectorState, silent: boolean, { now, random }: SelectorOptions): SelectorDecision {
  const transport = state.active;
  if (transport === undefined) return noAction(state);
  const lastedMs = now - state.upAt;
  const steady = lastedMs > selectorTiming.steadyMs;
  const proven = lastedMs > selectorTiming.provenMs;
  const failures = steady && !(silent && !proven) ? 0 : state.failures[transport] + 1;
  const dubious = (silent && !proven) || failures >= selectorTiming.maxEarlyLosses;
  const rounds = steady ? 0 : state.rounds;
  // The round that was to replace the link already dials this transport. Another round would dial it again, with another token.
  const isBeingReplaced = !silent && state.trying.includes(transport);
  const lost: SelectorState = {
    ...state,
    active: undefined,
    failures: { ...state.failures, [transport]: failures },
    remembered: dubious ? undefined : transport,
    betterRounds: proven && rank(state, transport) === 0 ? 0 : state.betterRounds,
    rounds: rounds + 1,
    // The server may have said when to reconnect.
    roundAt: state.roundAt ?? (isBeingReplaced ? undefined : now + backoffMs(rounds, random, connectBackoff)),
  };
  return { ...noAction(lost), down: true };
}

/** Nothing failed, so no failure is counted. */
function onRest(state: SelectorState): SelectorDecision {
  const resting = { ...state, active: undefined, trying: [], untried: [], nextAt: undefined, roundAt: undefined, restarts: 0 };
  return { ...noAction(resting), giveUp: state.trying, down: true };
}

function onWake(state: SelectorState, network: boolean, options: SelectorOptions): SelectorDecision {
  // Failures on the old network say nothing about the new one.
  const fresh = network ? { ...state, remembered: state.available[0], failures: noFailures, rounds: 0, betterRounds: 0 } : state;
  if (state.active === undefined) {
    if (state.trying.length === 0) {
      const isAskedToWait = !network && options.now < state.notBefore;
      return isAskedToWait ? noAction({ ...fresh, roundAt: state.roundAt ?? state.notBefore }) : beginRound(fresh, options);
    }
    // The device may have slept since the round began. But frequent wake-ups must not prevent a connection forever.
    const patienceMs = selectorTiming.wakeMs * (network ? 1 : 2 ** Math.min(state.restarts, 4));
    // The round began with the transport that worked on the old network, which says nothing about the new one.
    const isOfAnother = network && state.remembered !== state.available[0];
    // If the current round fails, the next one follows soon.
    if (!isOfAnother && options.now - state.beganAt < patienceMs) return noAction({ ...fresh, rounds: 0 });
    return beginRound({ ...fresh, restarts: state.restarts + 1 }, options);
  }
  const due = options.now - state.triedBetterAt >= (network ? selectorTiming.wakeMs : firstBetterMs(options));
  if (!due || state.trying.length > 0 || betterTransports(state).length === 0) return noAction(fresh);
  return tryBetter(fresh, options);
}

// ---- Better transports than the active one

function betterTransports({ available, active }: SelectorState): Transport[] {
  return active === undefined ? [] : available.slice(0, Math.max(0, available.indexOf(active)));
}

/**
 * Schedules the next try of better transports, after a pause that doubles each time. Jitter shortens it by up to half, so that
 * readers that lost the better transport together do not retry together.
 */
function scheduleBetter(state: SelectorState, options: SelectorOptions): SelectorState {
  if (betterTransports(state).length === 0) return { ...state, betterAt: undefined };
  const bound = Math.min(selectorTiming.better.maxMs, firstBetterMs(options) * 2 ** Math.min(state.betterRounds, 30));
  const pause = Math.max(bound * (0.5 + options.random / 2), state.askedMs);
  return { ...state, betterAt: options.now + pause, betterRounds: state.betterRounds + 1 };
}

function firstBetterMs({ betterFirstMs }: SelectorOptions): number {
  return betterFirstMs ?? selectorTiming.better.initialMs;
}

function rank({ available }: SelectorState, transport: Transport): number {
  return available.indexOf(transport);
}

function noAction(state: SelectorState): SelectorDecision {
  return { state, giveUp: [], dial: [], use: undefined, down: false };
}

import type { Transport } from '../../../src/protocol/model.ts';
import { backoffMs, cappedRetryAfterMs, connectBackoff } from '../backoff.ts';

/**
 * Which way to take to a server, given what happened and when. Pure: time and randomness come in, and what to do goes out as data.
 *
 * A round tries the ways one after the other, beginning with the one that worked last. The next one starts a little later beside the ones
 * before, or at once where they failed; whichever stands first is used, and a better one that stands later takes its place. So a network
 * that is slow is not taken for one that is blocked. A round in which none stood is followed by a pause that grows; while a lesser way is
 * used, the better ones are tried again, after pauses that grow too. Decision 13 tells why the times are what they are.
 */
export interface SelectorState {
  /** Those that there are, best first. */
  readonly available: readonly Transport[];
  readonly active: Transport | undefined;
  readonly trying: readonly Transport[];
  /** What this round has not tried yet, in order. */
  readonly untried: readonly Transport[];
  /** When the first of these is tried, milliseconds on the clock of whoever drives it, as every time here. */
  readonly nextAt: number | undefined;
  /** When another round begins. */
  readonly roundAt: number | undefined;
  /** When better ways than the one in use are tried. */
  readonly betterAt: number | undefined;
  /** The first choice: the way that worked last, or the best one until there is a reason to think otherwise. */
  readonly remembered: Transport | undefined;
  /** Failures of each way in a row. */
  readonly failures: Readonly<Record<Transport, number>>;
  /** Ways that failed in this round without a word of the server. */
  readonly unanswered: number;
  /** What the server asked us to wait in this round. */
  readonly askedMs: number;
  /** Rounds in a row in which none stood, and links that did not last. */
  readonly rounds: number;
  /** Rounds for better ways in a row that brought none that lasted. */
  readonly betterRounds: number;
  /** Since when the way in use stands, when the round began, and when better ways were tried last. */
  readonly upAt: number;
  readonly beganAt: number;
  readonly triedBetterAt: number;
  /** Until then the server asked to be left alone. */
  readonly notBefore: number;
  /** Rounds in a row that a wake-up began in place of one under way. */
  readonly restarts: number;
}

export type SelectorEvent =
  /** Begin, or try again now. Whatever is in use stays until another one stands. */
  | { type: 'begin' }
  /** What was waited for may be due. */
  | { type: 'time' }
  | { type: 'up'; candidate: Transport }
  | { type: 'failed'; candidate: Transport; why: 'unanswered' | 'impossible' }
  /** The server is there, and asked to wait this long before the next attempt. */
  | { type: 'failed'; candidate: Transport; why: 'asked-to-wait'; waitMs: number }
  | { type: 'lost'; silent: boolean }
  /** The server asks to be left within this time. */
  | { type: 'drain'; withinMs: number }
  /** The page is put away, and may be taken out again: no link until it wakes. */
  | { type: 'rest' }
  /** The device or the app is awake again. `network`: it is another network, or there is one again. */
  | { type: 'wake'; network: boolean };

export interface SelectorDecision {
  state: SelectorState;
  /** Attempts to give up. */
  giveUp: readonly Transport[];
  dial: readonly Transport[];
  /** Take the attempt that stands in place of the link in use. */
  use: Transport | undefined;
  /** There is no link any more; one that is in use is given up. */
  down: boolean;
}

export const selectorTiming = {
  /** A way has this long before the next one is tried beside it. */
  headStartMs: 1_500,
  /**
   * Ways that fail without a word of the server before it counts as out of reach: more would tell no more. The first round tries them all,
   * as a network that blocks two of them must not look like none.
   */
  maxUnanswered: 2,
  /** A link that was lost sooner does not count as a success: the next pause is the longer one. */
  steadyMs: 10_000,
  /** A link that falls silent sooner has never heard a ping in time, or one: something lets it stand and nothing through. */
  provenMs: 60_000,
  /** A way whose link was lost this often in a row, sooner than steady, is not the first choice any more. */
  maxEarlyLosses: 3,
  /** Until a better way is tried again; doubled each time, and spread over the half below. */
  better: { initialMs: 30_000, maxMs: 600_000 },
  /** Wake-ups that come together are one. Doubled with each round that one has begun anew, up to longer than an attempt takes. */
  wakeMs: 1_000,
} as const;

export interface SelectorOptions {
  now: number;
  /** From 0 up to 1. */
  random: number;
  /** In place of `waits.better.initialMs`. */
  betterFirstMs?: number | undefined;
}

/** `remembered`: the way that worked before, if it is known. */
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

/** Before all times. */
const never = Number.NEGATIVE_INFINITY;
const noFailures: Record<Transport, number> = { socket: 0, stream: 0, poll: 0 };

/** When `time` is to be fed in next. */
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
  // Of equals the better one stands first: the sort is stable.
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

/** Begins with the next way of the round. */
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

// ---- What came of attempts

function onUp(state: SelectorState, transport: Transport, options: SelectorOptions): SelectorDecision {
  if (!state.trying.includes(transport)) return noAction(state);
  // The ones before it go on: they may be slow, and better.
  const worse = state.trying.filter((other) => rank(state, other) > rank(state, transport));
  const trying = state.trying.filter((other) => rank(state, other) < rank(state, transport));
  const up: SelectorState = {
    ...state,
    active: transport,
    trying,
    untried: [],
    nextAt: undefined,
    roundAt: undefined,
    // If they are to be tried at some time already, it stays at that: links that do not last must not put it off for ever.
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

  // It began beside a link that was lost since, after which another round is due.
  if (known.roundAt !== undefined) return noAction(known);
  const knocked = known.rounds > 0 && known.unanswered >= selectorTiming.maxUnanswered;
  const outOfReach = knocked && known.trying.length === 0 && known.active === undefined;
  if (known.untried.length > 0 && !outOfReach) return tryNext(known, options);
  if (known.trying.length > 0) return noAction(known);
  if (known.active !== undefined && betterTransports(state).includes(candidate)) return noAction(scheduleBetter(known, options));
  return roundFailed(known, options);
}

/** None stood. A link that is still there was told to go, and goes now. */
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
  const lost: SelectorState = {
    ...state,
    active: undefined,
    failures: { ...state.failures, [transport]: failures },
    remembered: dubious ? undefined : transport,
    betterRounds: proven && rank(state, transport) === 0 ? 0 : state.betterRounds,
    rounds: rounds + 1,
    // The server may have said when it wants to see us again.
    roundAt: state.roundAt ?? now + backoffMs(rounds, random, connectBackoff),
  };
  return { ...noAction(lost), down: true };
}

/** Nothing failed, so nothing is held against any way. */
function onRest(state: SelectorState): SelectorDecision {
  const resting = { ...state, active: undefined, trying: [], untried: [], nextAt: undefined, roundAt: undefined, restarts: 0 };
  return { ...noAction(resting), giveUp: state.trying, down: true };
}

function onWake(state: SelectorState, network: boolean, options: SelectorOptions): SelectorDecision {
  // What was learned of the network before says nothing of this one.
  const fresh = network ? { ...state, remembered: state.available[0], failures: noFailures, rounds: 0, betterRounds: 0 } : state;
  if (state.active === undefined) {
    if (state.trying.length === 0) {
      const isAskedToWait = !network && options.now < state.notBefore;
      return isAskedToWait ? noAction({ ...fresh, roundAt: state.roundAt ?? state.notBefore }) : beginRound(fresh, options);
    }
    // The device may have slept since it began. But who is woken all the time must connect some time, too.
    const patienceMs = selectorTiming.wakeMs * (network ? 1 : 2 ** Math.min(state.restarts, 4));
    // One that began with the way that another network let through tells nothing of this one.
    const isOfAnother = network && state.remembered !== state.available[0];
    // Nor is it waited for long if the round under way comes to nothing.
    if (!isOfAnother && options.now - state.beganAt < patienceMs) return noAction({ ...fresh, rounds: 0 });
    return beginRound({ ...fresh, restarts: state.restarts + 1 }, options);
  }
  const due = options.now - state.triedBetterAt >= (network ? selectorTiming.wakeMs : firstBetterMs(options));
  if (!due || state.trying.length > 0 || betterTransports(state).length === 0) return noAction(fresh);
  return tryBetter(fresh, options);
}

// ---- Better ways than the one in use

function betterTransports({ available, active }: SelectorState): Transport[] {
  return active === undefined ? [] : available.slice(0, Math.max(0, available.indexOf(active)));
}

/** Spread over the upper half of a time that doubles, so that a crowd that lost the better way together does not come back together. */
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

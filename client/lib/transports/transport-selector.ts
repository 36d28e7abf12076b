import type { Transport } from '../../../src/protocol/model.ts';
import { connecting, heeded, pauseMs } from '../backoff.ts';

/**
 * Which way to take to a server, given what happened and when. Pure: time and randomness come in, and what to do goes out as data.
 *
 * A round tries the ways one after the other, beginning with the one that worked last. The next one starts a little later beside the ones
 * before, or at once where they failed; whichever stands first is used, and a better one that stands later takes its place. So a network
 * that is slow is not taken for one that is blocked. A round in which none stood is followed by a pause that grows; while a lesser way is
 * used, the better ones are tried again, after pauses that grow too. Decision 13 tells why the times are what they are.
 */
export interface ChoiceState {
  /** Those that there are, best first. */
  readonly ways: readonly Transport[];
  readonly using: Transport | undefined;
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

export type Happened =
  /** Begin, or try again now. Whatever is in use stays until another one stands. */
  | { type: 'begin' }
  /** What was waited for may be due. */
  | { type: 'time' }
  | { type: 'up'; way: Transport }
  | { type: 'failed'; way: Transport; why: 'unanswered' | 'impossible' }
  /** The server is there, and asked to wait this long before the next attempt. */
  | { type: 'failed'; way: Transport; why: 'asked-to-wait'; waitMs: number }
  | { type: 'lost'; silent: boolean }
  /** The server asks to be left within this time. */
  | { type: 'drain'; withinMs: number }
  /** The page is put away, and may be taken out again: no link until it wakes. */
  | { type: 'rest' }
  /** The device or the app is awake again. `network`: it is another network, or there is one again. */
  | { type: 'wake'; network: boolean };

export interface Chosen {
  state: ChoiceState;
  /** Attempts to give up. */
  giveUp: readonly Transport[];
  dial: readonly Transport[];
  /** Take the attempt that stands in place of the link in use. */
  use: Transport | undefined;
  /** There is no link any more; one that is in use is given up. */
  down: boolean;
}

export const waits = {
  /** A way has this long before the next one is tried beside it. */
  headStartMs: 1_500,
  /**
   * Ways that fail without a word of the server before it counts as out of reach: more would tell no more. The first round tries them all,
   * as a network that blocks two of them must not look like none.
   */
  unansweredMost: 2,
  /** A link that was lost sooner does not count as a success: the next pause is the longer one. */
  steadyMs: 10_000,
  /** A link that falls silent sooner has never heard a ping in time, or one: something lets it stand and nothing through. */
  provenMs: 60_000,
  /** A way whose link was lost this often in a row, sooner than steady, is not the first choice any more. */
  cutsMost: 3,
  /** Until a better way is tried again; doubled each time, and spread over the half below. */
  better: { firstMs: 30_000, mostMs: 600_000 },
  /** Wake-ups that come together are one. Doubled with each round that one has begun anew, up to longer than an attempt takes. */
  wakeMs: 1_000,
} as const;

export interface ChooseOptions {
  now: number;
  /** From 0 up to 1. */
  random: number;
  /** In place of `waits.better.firstMs`. */
  betterFirstMs?: number | undefined;
}

/** `remembered`: the way that worked before, if it is known. */
export function startChoosing(ways: readonly Transport[], remembered = ways[0]): ChoiceState {
  return {
    ways,
    using: undefined,
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
export function alarmAt({ using, nextAt, roundAt, betterAt }: ChoiceState): number | undefined {
  const times = [nextAt, roundAt, using && betterAt].filter((at) => at !== undefined);
  return times.length === 0 ? undefined : Math.min(...times);
}

export function choose(state: ChoiceState, happened: Happened, options: ChooseOptions): Chosen {
  switch (happened.type) {
    case 'begin':
      return begin(state, options);
    case 'time':
      return onTime(state, options);
    case 'up':
      return onUp(state, happened.way, options);
    case 'failed':
      return onFailed(state, happened, options);
    case 'lost':
      return onLost(state, happened.silent, options);
    case 'drain':
      if (state.trying.length > 0) return nothing(state);
      return nothing({ ...state, roundAt: options.now + options.random * heeded(happened.withinMs) });
    case 'rest':
      return rest(state);
    case 'wake':
      return onWake(state, happened.network, options);
  }
}

// ---- Rounds

function begin(state: ChoiceState, options: ChooseOptions): Chosen {
  const order = state.ways.filter((way) => way !== state.remembered);
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

function tryBetter(state: ChoiceState, options: ChooseOptions): Chosen {
  const better = betterWays(state).filter((way) => !state.trying.includes(way));
  const round = { ...state, untried: better, betterAt: undefined, unanswered: 0, askedMs: 0, triedBetterAt: options.now };
  return tryNext(round, options);
}

/** Begins with the next way of the round. */
function tryNext(state: ChoiceState, { now }: ChooseOptions): Chosen {
  const [way, ...untried] = state.untried;
  if (way === undefined) return nothing({ ...state, nextAt: undefined });
  const nextAt = untried.length === 0 ? undefined : now + waits.headStartMs;
  return { ...nothing({ ...state, trying: [...state.trying, way], untried, nextAt }), dial: [way] };
}

function onTime(state: ChoiceState, options: ChooseOptions): Chosen {
  const isDue = (at: number | undefined) => at !== undefined && at <= options.now;
  if (isDue(state.roundAt)) return begin(state, options);
  if (isDue(state.nextAt)) return tryNext(state, options);
  if (state.using !== undefined && isDue(state.betterAt)) return tryBetter(state, options);
  return nothing(state);
}

// ---- What came of attempts

function onUp(state: ChoiceState, way: Transport, options: ChooseOptions): Chosen {
  if (!state.trying.includes(way)) return nothing(state);
  // The ones before it go on: they may be slow, and better.
  const worse = state.trying.filter((other) => rank(state, other) > rank(state, way));
  const trying = state.trying.filter((other) => rank(state, other) < rank(state, way));
  const up: ChoiceState = {
    ...state,
    using: way,
    trying,
    untried: [],
    nextAt: undefined,
    roundAt: undefined,
    // If they are to be tried at some time already, it stays at that: links that do not last must not put it off for ever.
    betterAt: rank(state, way) === 0 || trying.length > 0 ? undefined : state.betterAt,
    remembered: way,
    upAt: options.now,
    restarts: 0,
  };
  const isSettled = trying.length > 0 || up.betterAt !== undefined;
  return { ...nothing(isSettled ? up : laterBetter(up, options)), giveUp: worse, use: way };
}

function onFailed(state: ChoiceState, failed: Happened & { type: 'failed' }, options: ChooseOptions): Chosen {
  const { way, why } = failed;
  if (!state.trying.includes(way)) return nothing(state);
  const fewer = { ...state, trying: state.trying.filter((other) => other !== way) };
  const after: ChoiceState =
    why === 'impossible'
      ? { ...fewer, ways: fewer.ways.filter((other) => other !== way) }
      : { ...fewer, failures: { ...fewer.failures, [way]: fewer.failures[way] + 1 } };
  const known: ChoiceState =
    failed.why === 'asked-to-wait'
      ? { ...after, untried: [], nextAt: undefined, askedMs: Math.max(after.askedMs, heeded(failed.waitMs)) }
      : { ...after, unanswered: after.unanswered + (why === 'unanswered' ? 1 : 0) };

  // It began beside a link that was lost since, after which another round is due.
  if (known.roundAt !== undefined) return nothing(known);
  const knocked = known.rounds > 0 && known.unanswered >= waits.unansweredMost;
  const outOfReach = knocked && known.trying.length === 0 && known.using === undefined;
  if (known.untried.length > 0 && !outOfReach) return tryNext(known, options);
  if (known.trying.length > 0) return nothing(known);
  if (known.using !== undefined && betterWays(state).includes(way)) return nothing(laterBetter(known, options));
  return roundFailed(known, options);
}

/** None stood. A link that is still there was told to go, and goes now. */
function roundFailed(state: ChoiceState, { now, random }: ChooseOptions): Chosen {
  const roundAt = now + pauseMs(state.rounds, random, connecting, state.askedMs);
  const ended = { using: undefined, untried: [], nextAt: undefined, restarts: 0 };
  const failed = { ...state, ...ended, roundAt, rounds: state.rounds + 1, notBefore: now + state.askedMs };
  return { ...nothing(failed), down: true };
}

function onLost(state: ChoiceState, silent: boolean, { now, random }: ChooseOptions): Chosen {
  const way = state.using;
  if (way === undefined) return nothing(state);
  const lastedMs = now - state.upAt;
  const steady = lastedMs > waits.steadyMs;
  const proven = lastedMs > waits.provenMs;
  const failures = steady && !(silent && !proven) ? 0 : state.failures[way] + 1;
  const dubious = (silent && !proven) || failures >= waits.cutsMost;
  const rounds = steady ? 0 : state.rounds;
  const lost: ChoiceState = {
    ...state,
    using: undefined,
    failures: { ...state.failures, [way]: failures },
    remembered: dubious ? undefined : way,
    betterRounds: proven && rank(state, way) === 0 ? 0 : state.betterRounds,
    rounds: rounds + 1,
    // The server may have said when it wants to see us again.
    roundAt: state.roundAt ?? now + pauseMs(rounds, random, connecting),
  };
  return { ...nothing(lost), down: true };
}

/** Nothing failed, so nothing is held against any way. */
function rest(state: ChoiceState): Chosen {
  const resting = { ...state, using: undefined, trying: [], untried: [], nextAt: undefined, roundAt: undefined, restarts: 0 };
  return { ...nothing(resting), giveUp: state.trying, down: true };
}

function onWake(state: ChoiceState, network: boolean, options: ChooseOptions): Chosen {
  // What was learned of the network before says nothing of this one.
  const fresh = network ? { ...state, remembered: state.ways[0], failures: noFailures, rounds: 0, betterRounds: 0 } : state;
  if (state.using === undefined) {
    if (state.trying.length === 0) {
      const isAskedToWait = !network && options.now < state.notBefore;
      return isAskedToWait ? nothing({ ...fresh, roundAt: state.roundAt ?? state.notBefore }) : begin(fresh, options);
    }
    // The device may have slept since it began. But who is woken all the time must connect some time, too.
    const patienceMs = waits.wakeMs * (network ? 1 : 2 ** Math.min(state.restarts, 4));
    // One that began with the way that another network let through tells nothing of this one.
    const isOfAnother = network && state.remembered !== state.ways[0];
    // Nor is it waited for long if the round under way comes to nothing.
    if (!isOfAnother && options.now - state.beganAt < patienceMs) return nothing({ ...fresh, rounds: 0 });
    return begin({ ...fresh, restarts: state.restarts + 1 }, options);
  }
  const due = options.now - state.triedBetterAt >= (network ? waits.wakeMs : firstBetterMs(options));
  if (!due || state.trying.length > 0 || betterWays(state).length === 0) return nothing(fresh);
  return tryBetter(fresh, options);
}

// ---- Better ways than the one in use

function betterWays({ ways, using }: ChoiceState): Transport[] {
  return using === undefined ? [] : ways.slice(0, Math.max(0, ways.indexOf(using)));
}

/** Spread over the upper half of a time that doubles, so that a crowd that lost the better way together does not come back together. */
function laterBetter(state: ChoiceState, options: ChooseOptions): ChoiceState {
  if (betterWays(state).length === 0) return { ...state, betterAt: undefined };
  const bound = Math.min(waits.better.mostMs, firstBetterMs(options) * 2 ** Math.min(state.betterRounds, 30));
  const pause = Math.max(bound * (0.5 + options.random / 2), state.askedMs);
  return { ...state, betterAt: options.now + pause, betterRounds: state.betterRounds + 1 };
}

function firstBetterMs({ betterFirstMs }: ChooseOptions): number {
  return betterFirstMs ?? waits.better.firstMs;
}

function rank({ ways }: ChoiceState, way: Transport): number {
  return ways.indexOf(way);
}

function nothing(state: ChoiceState): Chosen {
  return { state, giveUp: [], dial: [], use: undefined, down: false };
}

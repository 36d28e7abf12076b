import { expect, it } from 'vitest';
import { outcomeOfError } from '../../../../client/browser/desk/outbox/attempt-outcome.ts';
import type { Timing } from '../../../../client/browser/desk/outbox/order.ts';
import { isDelivered, undecidedStates } from '../../../../client/browser/desk/outbox/outbox-model.ts';
import { changed } from '../../../../client/browser/desk/outbox/outbox-store.ts';
import { type Change, newEntry, type StoredEntry } from '../../../../client/browser/desk/outbox/stored-entry.ts';
import {
  advance,
  askAboutUnsent,
  discard,
  publishNow,
  release,
  sendAgain,
  settle,
  settleLookUp,
  undo,
} from '../../../../client/browser/desk/outbox/transitions.ts';
import { ProblemError } from '../../../../client/lib/http.ts';
import { idempotencyHours } from '../../../../src/protocol/client-limits.ts';
import { problem } from '../../../../src/protocol/problems.ts';
import { done, hour, minute, owner, publication, start, unknown } from './device-outbox.ts';

/**
 * All that can happen to one entry, in every order, as far as a few steps lead. The server of these tests executes a write again if it
 * has forgotten the key, as it does with a change that names no revision.
 */

interface World {
  entry: StoredEntry | undefined;
  /** The author has the text back. */
  isTaken: boolean;
  /** The clocks of the device and of the server, in milliseconds since 1970. */
  now: number;
  serverNow: number;
  executed: number;
  /** When the server first had the key. */
  keyAt: number | undefined;
  /** What happened. */
  way: readonly string[];
}

type Network =
  /** The request does not arrive, or its answer. */
  | 'request lost'
  | 'answer lost'
  | 'answered'
  /** Refused before the server looks for the key. */
  | 'rate-limited'
  | 'token-invalid'
  | 'forbidden'
  /** Refused after it has looked. */
  | 'channel-ended';

const holdMs = 5_000;
/** Enough for an entry that was sent, is too old to be sent again, and is looked up before its author publishes it. */
const steps = 4;

/** Records a change of the only entry. */
function apply(world: World, { put = [], remove = [] }: Change): void {
  [world.entry] = changed(world.entry === undefined ? [] : [world.entry], { put, remove });
}

function entriesOf({ entry }: World): StoredEntry[] {
  return entry === undefined ? [] : [entry];
}

/** What the sender does next, over this network. */
function send(world: World, network: Network, timing: Timing): void {
  const { change, step } = advance(entriesOf(world), 'eclipse', timing);
  const before = world.entry;
  apply(world, change);
  if (step.do === 'look-up') lookUp(world, network, timing, undefined);
  if (step.do !== 'send' || before === undefined) return;
  const { change: settled, lookUp: refusal } = settle(entriesOf(world), before, answer(world, network), world.now);
  apply(world, settled);
  if (refusal !== undefined) lookUp(world, network === 'forbidden' ? 'answered' : network, timing, refusal);
}

function answer(world: World, network: Network) {
  if (network === 'request lost') return unknown;
  if (network === 'rate-limited' || network === 'token-invalid' || network === 'forbidden') return refusalOf(network);
  const remembers = world.keyAt !== undefined && world.serverNow - world.keyAt < idempotencyHours * hour;
  if (!remembers && network === 'channel-ended') return refusalOf(network);
  if (!remembers) {
    world.executed += 1;
    world.keyAt = world.serverNow;
  }
  return network === 'answer lost' ? unknown : done;
}

function refusalOf(code: 'rate-limited' | 'token-invalid' | 'forbidden' | 'channel-ended') {
  return outcomeOfError(new ProblemError(problem(code, code === 'rate-limited' ? { retryAfter: 1 } : {})));
}

function lookUp(world: World, network: Network, timing: Timing, refusal: Parameters<typeof settleLookUp>[3]['refusal']): void {
  if (network !== 'answered' && network !== 'channel-ended') return;
  const found = world.executed > 0 ? ({ is: 'done', revision: 1, cursor: done.cursor } as const) : ({ is: 'absent' } as const);
  apply(world, settleLookUp(entriesOf(world), 'entry', found, { timing, refusal }));
}

type Happening = (world: World, timing: Timing) => void;
const pass =
  (ms: number): Happening =>
  (world) => {
    world.now += ms;
    world.serverNow += ms;
  };
const over =
  (network: Network): Happening =>
  (world, timing) =>
    send(world, network, timing);
const takeBack =
  (take: typeof undo): Happening =>
  (world) => {
    const { change, write } = take(entriesOf(world), 'entry');
    apply(world, change);
    world.isTaken ||= write !== undefined;
  };

const happenings: Record<string, Happening> = {
  'the undo window ends': pass(holdMs),
  'half an hour passes': pass(30 * minute),
  'twelve hours pass': pass(12 * hour),
  'a day passes': pass(24 * hour),
  'the clock is set back': (world) => {
    world.now -= 30 * 24 * hour;
  },
  'the clock rings': (world, timing) => {
    apply(world, release(entriesOf(world), { now: world.now, openedAt: start, oldest: true }));
    apply(world, askAboutUnsent(entriesOf(world), timing));
  },
  Publish: (world) => apply(world, publishNow(entriesOf(world), 'entry', world.now)),
  'Publish after a refusal': (world) => apply(world, sendAgain(entriesOf(world), 'entry', world.now)),
  Undo: takeBack(undo),
  Discard: takeBack(discard),
  'sent, request lost': over('request lost'),
  'sent, answer lost': over('answer lost'),
  'sent, answered': over('answered'),
  'sent, rate-limited': over('rate-limited'),
  'sent, signed out': over('token-invalid'),
  'sent, forbidden': over('forbidden'),
  'sent, refused': over('channel-ended'),
};

/** Every world that some order of happenings leads to, once. */
function* worldsAfter(steps: number, askAfterMs: number): Generator<World> {
  const seen = new Set<string>();
  let latest: World[] = [0, holdMs].map(worldWith);
  for (let step = 0; ; step += 1) {
    latest = latest.filter((world) => {
      const key = keyOf(world);
      return !seen.has(key) && seen.add(key);
    });
    yield* latest;
    if (step === steps) return;
    latest = latest.flatMap((world) =>
      world.entry === undefined || isDelivered(world.entry)
        ? []
        : Object.entries(happenings).map(([name, happen]) => {
            const after = { ...world, way: [...world.way, name] };
            happen(after, { now: after.now, askAfterMs });
            return after;
          }),
    );
  }
}

function worldWith(holdMs: number): World {
  const entry = newEntry([], publication(1), { holdMs }, { owner, now: start, id: 'entry' });
  const time = { now: start, serverNow: start };
  return { entry, isTaken: false, ...time, executed: 0, keyAt: undefined, way: [`held for ${holdMs} ms`] };
}

/** Equal for worlds in which the same can happen. */
function keyOf({ way: _way, entry, now, serverNow, keyAt, ...others }: World): string {
  const {
    readyAt,
    keySince,
    attempts,
    state,
    place: _place,
    deliveredAt: _deliveredAt,
    request: _request,
    ...fields
  } = entry ?? {
    state: undefined,
  };
  const since = [readyAt, keySince, state?.at === 'held' ? state.until : undefined].map((at) => at !== undefined && now - at);
  return JSON.stringify([
    fields,
    attempts !== 0,
    state?.at,
    since,
    now - start,
    keyAt !== undefined && serverNow - keyAt,
    others,
  ]);
}

/** The author publishes, and the network works. Returns how often they were asked. */
function publish(world: World, askAfterMs: number): number {
  let answers = 0;
  // A look-up, and the request after it.
  for (let steps = 0; steps < 4 && !isSettled(world); steps += 1) {
    const at = world.entry?.state.at;
    if (at === 'asking') answers += 1;
    if (at === 'asking' || at === 'held') happenings.Publish?.(world, { now: world.now, askAfterMs });
    send(world, 'answered', { now: world.now, askAfterMs });
  }
  return answers;
}

function isSettled({ entry }: World): boolean {
  return entry === undefined || isDelivered(entry) || entry.state.at === 'refused' || entry.state.at === 'conflict';
}

/** What an author would notice. */
function brokenIn(world: World, askAfterMs: number): string[] {
  const { entry, executed, isTaken } = world;
  const isInHand = isTaken || (entry !== undefined && undecidedStates.includes(entry.state.at));
  const after = { ...world };
  const answers = publish(after, askAfterMs);
  const broken: [string, boolean][] = [
    ['executed twice', executed > 1],
    ['in hand and published', isInHand && executed > 0],
    ['delivered and not published', isSent(world) && executed === 0],
    ['discardable before its outcome is known', entry?.unsettled === true && entry.state.at !== 'sending'],
    ['refused without a way out', entry?.state.at === 'refused' && discard([entry], entry.id).write !== entry.write],
    ['it never goes out', !isSettled(after)],
    ['delivered and not published, in the end', isSent(after) && after.executed !== 1],
    ['asked again', answers > 1],
  ];
  return broken.filter(([, is]) => is).map(([what]) => `${what}: ${world.way.join(', ')}`);
}

function isSent({ entry }: World): boolean {
  return entry !== undefined && isDelivered(entry);
}

it.each([
  ['the desk asks after half an hour', 30 * minute],
  // Only the age of the key is left to keep it from being sent.
  ['the desk never asks', 1_000 * hour],
])(
  'an entry is executed at most once, and goes out once its author publishes it, whatever happened before: %s',
  (_, askAfterMs) => {
    let count = 0;
    for (const world of worldsAfter(steps, askAfterMs)) {
      count += 1;
      const broken = brokenIn(world, askAfterMs);
      if (broken.length > 0) expect.fail(broken.join('\n'));
    }
    expect(count).toBeGreaterThan(1_000);
  },
);

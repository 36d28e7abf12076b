import { describe, expect, it } from 'vitest';
import type { AttemptOutcome } from '../../../../client/browser/desk/outbox/attempt-outcome.ts';
import { deliveredMs } from '../../../../client/browser/desk/outbox/outbox-limits.ts';
import { type EntryState, isDelivered } from '../../../../client/browser/desk/outbox/outbox-model.ts';
import type { Change, StoredEntry } from '../../../../client/browser/desk/outbox/stored-entry.ts';
import * as transitions from '../../../../client/browser/desk/outbox/transitions.ts';
import { problem } from '../../../../src/protocol/problems.ts';
import { Device, done, minute, publication, start, unknown } from './device-outbox.ts';

/**
 * Every state of an entry, with everything that can happen to it. A state, a transition, an outcome of an attempt or a result of a
 * look-up that is added does not compile before its cells are filled.
 */

type State = EntryState['at'];
type Event =
  | Exclude<keyof typeof transitions, 'nextChangeAt' | 'settle' | 'settleLookUp'>
  | `settle ${AttemptOutcome['is']}`
  | `settleLookUp ${transitions.Found['is']}`;
/** The state after it. `-`: nothing changes. `taken`: its author has its text back. `gone`: the device has forgotten it. */
type Cell = State | '-' | 'taken' | 'gone';

const states = ['held', 'saved', 'sending', 'on-disk', 'out', 'refused', 'conflict', 'asking'] as const;
type Cells<Columns extends readonly unknown[]> = { readonly [At in keyof Columns]: Cell };
/** No row compiles while a state has no column. */
type Row = [Exclude<State, (typeof states)[number]>] extends [never] ? Cells<typeof states> : never;

// biome-ignore format: a table
const table: Record<Event, Row> = {
  //                      held      saved      sending     on-disk  out     refused  conflict  asking
  undo:                  ['taken',  'taken',   '-',        '-',     '-',    '-',     '-',      '-'],
  discard:               ['-',      '-',       '-',        '-',     '-',    'taken', 'taken',  'taken'],
  publishNow:            ['saved',  '-',       '-',        '-',     '-',    '-',     '-',      'saved'],
  sendAgain:             ['-',      '-',       '-',        '-',     '-',    'saved', '-',      '-'],
  release:               ['saved',  '-',       '-',        '-',     '-',    '-',     '-',      '-'],
  askAboutUnsent:        ['-',      'asking',  '-',        '-',     '-',    '-',     '-',      '-'],
  advance:               ['-',      'sending', 'sending',  '-',     '-',    '-',     '-',      '-'],
  'settle done':         ['-',      '-',       'on-disk',  '-',     '-',    '-',     '-',      '-'],
  'settle refused':      ['-',      '-',       'refused',  '-',     '-',    '-',     '-',      '-'],
  // Another state may be the one that the entry made, so it is looked up first.
  'settle moved':        ['-',      '-',       '-',        '-',     '-',    '-',     '-',      '-'],
  'settle unauthorized': ['-',      '-',       'saved',    '-',     '-',    '-',     '-',      '-'],
  'settle later':        ['-',      '-',       '-',        '-',     '-',    '-',     '-',      '-'],
  'settleLookUp done':   ['-',      'on-disk', 'on-disk',  '-',     '-',    '-',     '-',      '-'],
  'settleLookUp absent': ['-',      'saved',   'saved',    '-',     '-',    '-',     '-',      '-'],
  'settleLookUp conflict': ['-',    'conflict', 'conflict', '-',    '-',    '-',     '-',      '-'],
  'settleLookUp refused': ['-',     'refused', 'refused',  '-',     '-',    '-',     '-',      '-'],
  markReceived:          ['-',      '-',       '-',        'out',   '-',    '-',     '-',      '-'],
  forgetDelivered:       ['-',      '-',       '-',        'gone',  'gone', '-',     '-',      '-'],
};

const forbidden = problem('forbidden');
const moved = problem('revision-moved');
const holdMs = 5_000;
const id = 'entry-1';

/** How an entry comes into each state. Returns the entry before its attempt. */
const ways: Record<State, (device: Device) => StoredEntry> = {
  held: (device) => added(device, holdMs),
  saved: (device) => added(device),
  sending(device) {
    const before = added(device);
    device.attempt(unknown);
    return before;
  },
  'on-disk'(device) {
    const before = added(device);
    device.attempt(done);
    return before;
  },
  out(device) {
    const before = ways['on-disk'](device);
    device.apply(transitions.markReceived(device.entries, 'eclipse', done.cursor));
    return before;
  },
  refused(device) {
    const before = added(device);
    device.attempt({ is: 'refused', problem: forbidden, settles: true });
    return before;
  },
  conflict(device) {
    const before = added(device);
    device.attempt({ is: 'moved', problem: moved });
    device.apply(lookedUp(device, { is: 'conflict', problem: moved }));
    return before;
  },
  asking(device) {
    const before = added(device);
    device.now += 30 * minute;
    device.apply(transitions.askAboutUnsent(device.entries, device.timing()));
    return before;
  },
};

function added(device: Device, holdMs = 0): StoredEntry {
  device.add(publication(1), { holdMs });
  return device.entry(id);
}

function lookedUp(device: Device, found: transitions.Found): Change {
  return transitions.settleLookUp(device.entries, id, found, { timing: device.timing(), refusal: undefined });
}

type Effect = (device: Device, before: StoredEntry) => { change: Change; write?: unknown } | Change;
const settles =
  (outcome: AttemptOutcome): Effect =>
  (device, before) =>
    transitions.settle(device.entries, before, outcome, device.now);
const effects: Record<Event, Effect> = {
  undo: (device) => transitions.undo(device.entries, id),
  discard: (device) => transitions.discard(device.entries, id),
  publishNow: (device) => transitions.publishNow(device.entries, id, device.now),
  sendAgain: (device) => transitions.sendAgain(device.entries, id, device.now),
  release(device) {
    device.now += holdMs;
    return transitions.release(device.entries, { now: device.now, openedAt: start, oldest: true });
  },
  askAboutUnsent(device) {
    device.now += 30 * minute;
    return transitions.askAboutUnsent(device.entries, device.timing());
  },
  advance: (device) => transitions.advance(device.entries, 'eclipse', device.timing()),
  'settle done': settles(done),
  // A first refusal is believed, because no earlier attempt can have been executed.
  'settle refused': settles({ is: 'refused', problem: forbidden, settles: false }),
  'settle moved': settles({ is: 'moved', problem: moved }),
  'settle unauthorized': settles({ is: 'unauthorized', why: 'signed-out' }),
  'settle later': settles(unknown),
  'settleLookUp done': (device) => lookedUp(device, { is: 'done', revision: 1, cursor: done.cursor }),
  'settleLookUp absent': (device) => lookedUp(device, { is: 'absent' }),
  'settleLookUp conflict': (device) => lookedUp(device, { is: 'conflict', problem: moved }),
  'settleLookUp refused': (device) => lookedUp(device, { is: 'refused', problem: forbidden }),
  markReceived: (device) => transitions.markReceived(device.entries, 'eclipse', done.cursor),
  forgetDelivered(device) {
    device.now += deliveredMs;
    return transitions.forgetDelivered(device.entries, device.now);
  },
};

function cellOf(state: State, event: Event): Cell {
  const device = new Device();
  const before = ways[state](device);
  expect(device.state(id)?.at).toBe(state);
  const effect = effects[event](device, before);
  const [change, write] = 'change' in effect ? [effect.change, effect.write] : [effect as Change, undefined];
  device.apply(change);
  const [entry] = device.entries;
  if (entry === undefined) return write === undefined ? 'gone' : 'taken';
  expectWhole(entry);
  return change.put?.length ? entry.state.at : '-';
}

/** What holds for every entry that lies on the device. */
function expectWhole(entry: StoredEntry): void {
  const { state, unsettled, pending, place, readyAt } = entry;
  // Nobody is asked, or gets a text back, about what may be published.
  if (unsettled) expect(state.at).toBe('sending');
  expect(pending, 'whether it is undelivered').toBe(isDelivered(entry) ? 0 : 1);
  if (state.at === 'saved' || state.at === 'sending') expect([typeof place, typeof readyAt]).toEqual(['number', 'number']);
}

describe('an entry goes from each state where the table says', () => {
  it.each(Object.keys(table) as Event[])('%s', (event) => {
    expect(states.map((state) => cellOf(state, event))).toEqual(table[event]);
  });
});

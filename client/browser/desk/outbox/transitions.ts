import { parseCursor } from '../../../../src/protocol/cursor.ts';
import type { Erasure } from '../../../../src/protocol/model.ts';
import type { Problem } from '../../../../src/protocol/problems.ts';
import type { DevicePicture } from '../pictures/device-picture.ts';
import type { AttemptOutcome } from './attempt-outcome.ts';
import { isUnsentTooLong, nextStep, type Step, type Timing } from './order.ts';
import { clockSetBackMs, deliveredMost, deliveredMs, forgottenMost, lateReleaseMs } from './outbox-limits.ts';
import { type EntryState, isDelivered, undecidedStates, type Write } from './outbox-model.ts';
import {
  type Change,
  nextPlace,
  revisionMadeBy,
  type StoredEntry,
  strandedBy,
  withFinalBytes,
  withForgottenUploads,
} from './stored-entry.ts';

/**
 * The transitions of the diagram in `outbox-model.ts`. Pure: each takes the entries of one author, as they lie on the device, and
 * returns what to change in the same transaction. A transition that no longer applies changes nothing.
 */

const nothing: Change = {};

/**
 * Ends undo windows that are over. `openedAt`: since when this tab has been open. `oldest`: no tab of this author has been open
 * for longer, so a window that ended before that ended while no desk was open.
 */
export function release(
  entries: readonly StoredEntry[],
  { now, openedAt, oldest }: { now: number; openedAt: number; oldest: boolean },
): Change {
  let place = nextPlace(entries);
  const put = entries
    .flatMap((entry) => (entry.state.at === 'held' ? [{ entry, until: entry.state.until }] : []))
    .sort((a, b) => a.until - b.until || a.entry.seq - b.entry.seq)
    .flatMap(({ entry, until }): StoredEntry[] => {
      if (until > now) return clampedHold(entry, until, now);
      if (until >= openedAt && now - until < lateReleaseMs) return [ready(entry, now, place++)];
      return oldest || until >= openedAt ? [{ ...entry, state: { at: 'asking', reason: 'closed-while-held' } }] : [];
    });
  return { put };
}

/** An undo window never lasts longer than its author set, even if the clock was set back. */
function clampedHold(entry: StoredEntry, until: number, now: number): StoredEntry[] {
  const latest = now + entry.holdMs;
  return until > latest + clockSetBackMs ? [{ ...entry, state: { at: 'held', until: latest } }] : [];
}

/** Takes out an entry of which nothing was sent. */
export function undo(entries: readonly StoredEntry[], id: string): { change: Change; write?: Write } {
  const entry = find(entries, id);
  const isUnsent = entry?.state.at === 'held' || (entry?.state.at === 'saved' && entry.attempts === 0);
  return entry !== undefined && isUnsent ? takeOut(entries, entry) : { change: nothing };
}

/** Takes out an entry that the server has certainly not executed, and that waits for its author. */
export function discard(entries: readonly StoredEntry[], id: string): { change: Change; write?: Write } {
  const entry = find(entries, id);
  const isWaiting = entry !== undefined && undecidedStates.includes(entry.state.at);
  return isWaiting ? takeOut(entries, entry) : { change: nothing };
}

function takeOut(entries: readonly StoredEntry[], entry: StoredEntry) {
  return { change: { remove: [entry.id], put: strandedBy(entry, entries) }, write: entry.write };
}

/** Ends the undo window, or answers "Publish". An entry that asked goes behind those that are ready. */
export function publishNow(entries: readonly StoredEntry[], id: string, now: number): Change {
  const entry = find(entries, id);
  if (entry?.state.at !== 'held' && entry?.state.at !== 'asking') return nothing;
  return { put: [ready(entry, now, nextPlace(entries))] };
}

/** Sends a refused entry once more, with its key: what it was refused for may be gone. It goes behind those that are ready. */
export function sendAgain(entries: readonly StoredEntry[], id: string, now: number): Change {
  const entry = find(entries, id);
  if (entry?.state.at !== 'refused') return nothing;
  return { put: [ready(entry, now, nextPlace(entries))] };
}

function ready(entry: StoredEntry, now: number, place: number): StoredEntry {
  return { ...entry, state: { at: 'saved' }, place, readyAt: now };
}

/** The next step in a coverage, with what the device must record before it is taken. */
export function advance(
  entries: readonly StoredEntry[],
  channelId: string,
  timing: Timing,
  pictures: readonly DevicePicture[] = [],
): { change: Change; step: Step } {
  const step = nextStep(entries, channelId, timing, pictures);
  switch (step.do) {
    case 'nothing':
      return { change: nothing, step };
    case 'ask':
      return { change: { put: step.entries.map((entry) => ({ ...entry, state: unsentLong })) }, step };
    case 'look-up':
      return { change: nothing, step };
    case 'send': {
      const entry = withFinalBytes(step.entry, pictures);
      return { change: { put: [begun(entry, timing.now)] }, step: { do: 'send', entry } };
    }
  }
}

/** Asks about entries that were unsent for too long, even while they cannot be sent. */
export function askAboutUnsent(entries: readonly StoredEntry[], timing: Timing): Change {
  const late = entries.filter((entry) => entry.state.at === 'saved' && isUnsentTooLong(entry, timing));
  return { put: late.map((entry) => ({ ...entry, state: unsentLong })) };
}

const unsentLong = { at: 'asking', reason: 'unsent-long' } as const satisfies EntryState;

/** From here on the entry is frozen. Unless an answer says otherwise, it may have been executed. */
function begun(entry: StoredEntry, now: number): StoredEntry {
  return {
    ...entry,
    state: { at: 'sending', since: entry.state.at === 'sending' ? entry.state.since : now },
    attempts: entry.attempts + 1,
    keySince: entry.keySince ?? now,
    unsettled: true,
  };
}

/**
 * Records the outcome of an attempt. `before`: the entry before the attempt. `lookUp`: the outcome must be looked up before the
 * entry leaves `sending`.
 */
export function settle(
  entries: readonly StoredEntry[],
  before: StoredEntry,
  outcome: AttemptOutcome,
  now: number,
  pictures: readonly DevicePicture[] = [],
): { change: Change; lookUp?: Problem } {
  const entry = find(entries, before.id);
  if (entry?.state.at !== 'sending') return { change: nothing };
  switch (outcome.is) {
    case 'done':
      return { change: { put: [delivered(entry, outcome, now)] } };
    case 'moved':
      return { change: nothing, lookUp: outcome.problem };
    case 'refused':
      if (before.unsettled && !outcome.settles) return { change: nothing, lookUp: outcome.problem };
      if (hasForgottenUpload(entry, outcome.problem, pictures)) return { change: withForgottenUploads(entry, pictures) };
      return { change: { put: [{ ...entry, unsettled: false, state: { at: 'refused', problem: outcome.problem } }] } };
    case 'unauthorized':
      return { change: { put: [notExecuted(entry, before)] } };
    case 'later':
      return { change: outcome.executed === 'no' ? { put: [notExecuted(entry, before)] } : nothing };
  }
}

/** Whether the server no longer knows a picture that this device can upload again. The refusal names its field. */
function hasForgottenUpload(
  { uploads = {}, forgotten = 0 }: StoredEntry,
  { code, errors = [] }: Problem,
  pictures: readonly DevicePicture[],
): boolean {
  const isNamed =
    code === 'invalid-body' && errors.some(({ path }) => /(?:media\[\d+\]\.(?:url|image)|picture\.url)$/.test(path));
  const ids = Object.keys(uploads);
  const hasAll = ids.length > 0 && ids.every((id) => pictures.some((picture) => picture.id === id));
  return isNamed && hasAll && forgotten < forgottenMost;
}

/** The attempt had no effect. An earlier one may have had one. */
function notExecuted(entry: StoredEntry, before: StoredEntry): StoredEntry {
  return { ...entry, unsettled: before.unsettled, state: before.unsettled ? entry.state : { at: 'saved' } };
}

/** The result of a look-up. */
export type Found =
  /** The server has the state that the entry asks for. `cursor`: a position after it. */
  | { is: 'done'; revision: number; cursor: string }
  /** The server has not executed it, and it can be executed. */
  | { is: 'absent' }
  /** Something else stands there. */
  | { is: 'conflict'; problem: Problem }
  /** It can never be executed. */
  | { is: 'refused'; problem: Problem };

/** Records what a look-up found. `refusal`: the answer that made it necessary, if it was not the age of the entry. */
export function settleLookUp(
  entries: readonly StoredEntry[],
  id: string,
  found: Found,
  { timing, refusal }: { timing: Timing; refusal: Problem | undefined },
): Change {
  const entry = find(entries, id);
  if (entry === undefined || (entry.state.at !== 'sending' && entry.state.at !== 'saved')) return nothing;
  if (found.is === 'done') {
    const { revision, cursor } = found;
    return { put: [delivered(entry, { offset: parseCursor(cursor)?.offset ?? 0, cursor, revision }, timing.now)] };
  }
  const settled: StoredEntry = { ...entry, unsettled: false };
  delete settled.keySince;
  if (found.is === 'absent' && refusal === undefined) {
    return { put: [{ ...settled, state: isUnsentTooLong(entry, timing) ? unsentLong : { at: 'saved' } }] };
  }
  const problem = refusal ?? (found.is === 'absent' ? undefined : found.problem);
  if (problem === undefined) return nothing;
  const isConflict = found.is === 'conflict' || isConflictCode(problem);
  return { put: [{ ...settled, state: { at: isConflict ? 'conflict' : 'refused', problem } }] };
}

function isConflictCode({ code }: Problem): boolean {
  return code === 'revision-moved' || code === 'post-exists' || code === 'channel-exists' || code === 'post-withdrawn';
}

function delivered(
  entry: StoredEntry,
  { offset, cursor, revision, erasure }: { offset: number; cursor: string; revision: number; erasure?: Erasure | undefined },
  now: number,
): StoredEntry {
  // A repeated answer may show a later revision than the one that this entry made.
  const made = revisionMadeBy(entry.write) ?? revision;
  return {
    ...entry,
    pending: 0,
    unsettled: false,
    deliveredAt: now,
    state: { at: 'on-disk', offset, cursor, revision: made, ...(erasure && { erasure }) },
  };
}

/** Marks the delivered entries that the desk's own subscription has received, as of this cursor. */
export function markReceived(entries: readonly StoredEntry[], channelId: string, cursor: string): Change {
  const seen = parseCursor(cursor);
  if (seen === undefined) return nothing;
  const put = entries.flatMap((entry): StoredEntry[] => {
    if (entry.channelId !== channelId || entry.state.at !== 'on-disk') return [];
    const written = parseCursor(entry.state.cursor);
    // Offsets of two histories cannot be compared.
    if (written?.epoch !== seen.epoch || written.offset > seen.offset) return [];
    return [{ ...entry, state: { ...entry.state, at: 'out' } }];
  });
  return { put };
}

/** Forgets delivered entries that are old or too many. */
export function forgetDelivered(entries: readonly StoredEntry[], now: number): Change {
  const newestFirst = entries.filter(isDelivered).sort((a, b) => (b.place ?? 0) - (a.place ?? 0));
  const old = newestFirst.filter(({ deliveredAt = 0 }, at) => at >= deliveredMost || Math.abs(now - deliveredAt) >= deliveredMs);
  return { remove: old.map(({ id }) => id) };
}

/** When an entry changes or is forgotten by itself, milliseconds since 1970. Undefined: never. */
export function nextChangeAt(entries: readonly StoredEntry[], { askAfterMs }: Pick<Timing, 'askAfterMs'>): number | undefined {
  const times = entries.flatMap(({ state, readyAt = 0, deliveredAt }) => {
    if (state.at === 'held') return [state.until];
    if (state.at === 'saved') return [readyAt + askAfterMs];
    return deliveredAt === undefined ? [] : [deliveredAt + deliveredMs];
  });
  return times.length === 0 ? undefined : Math.min(...times);
}

function find(entries: readonly StoredEntry[], id: string): StoredEntry | undefined {
  return entries.find((entry) => entry.id === id);
}

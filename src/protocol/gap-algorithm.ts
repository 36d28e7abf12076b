/**
 * The gap algorithm. Servers that listen to the bus use it, and clients that listen to a server. Announcements of changes can be lost,
 * duplicated or reordered, or belong to another history (a fork). The algorithm delivers each announced change once and in order, and
 * decides when to read missing changes from the journal.
 *
 * It is a pure state machine: the caller feeds in what happens and performs the result, in order.
 *
 *                gap, fork, possible loss,
 *     ┌──────┐   or a step before the first answer   ┌─────────┐ ──┐ read again: the answer has more, does not include everything
 *     │ idle │ ────────────────────────────────────> │ reading │   │ heard since the read began, or cannot be compared with the
 *     └──────┘ <──────────────────────────────────── └─────────┘ <─┘ steps delivered since then
 *                answer: take it, or ignore it when     │     ^
 *                steps have already gone beyond it      │     │
 *                                                failed │     │ retry
 *                                               (pause) v     │
 *                                                    ┌─────────┐
 *                                                    │ waiting │
 *                                                    └─────────┘
 *
 * A step is handled in the same way in every state. `place` is the position up to which everything was delivered:
 *
 *     the next offset, same history   deliver, and move `place`
 *     at or below `place`             ignore a duplicate, but note it in `heard` while reading; doubt a step whose check is forgotten;
 *                                     a different check is a fork
 *     beyond a gap, or a fork         read; while reading or waiting, note in `heard` that an answer may be incomplete
 *
 * The verdict `take` applies an answer. With a reset, or if nothing was delivered before, the answer replaces everything, and `skip` is 0.
 * Otherwise `skip` is the offset of the place before the answer, and the caller takes the changes above it. Only an answer of the journal
 * can declare a reset. An announcement can only cause a read.
 */
export interface FollowPosition {
  offset: number;
  /** Identifies the history: the same offset with different checks belongs to two histories. Clients use the whole cursor. */
  check: string;
}

/** One announced change. It can cover several offsets. */
export interface AnnouncedStep extends FollowPosition {
  /** The first offset that the change covers. */
  from: number;
  /** The check at `from - 1`, if known. */
  before?: string | undefined;
}

/** The result of a read: everything after the place where the read began, up to and including `to`. */
export interface ReadAnswer {
  /** The number of the read. A late answer to another read is ignored. */
  read: number;
  to: FollowPosition;
  /** The history is a different one: drop everything held. */
  reset: boolean;
  /** There is more to read after `to`. */
  more: boolean;
}

export type FollowInput =
  | { type: 'step'; step: AnnouncedStep }
  /** A step may have been lost, for example during a reconnect or on an idle connection. */
  | { type: 'maybe-missed' }
  | { type: 'answer'; answer: ReadAnswer }
  | { type: 'failed'; read: number }
  /** The pause after a failed read is over. */
  | { type: 'retry' };

export interface FollowState {
  /** Everything up to here was delivered. Undefined before the first answer. */
  readonly place: FollowPosition | undefined;
  /** The number of the current read, 0 if there is none. */
  readonly read: number;
  /** The number of reads begun. It numbers the next read. */
  readonly reads: number;
  /** The offset after which the current read began. Undefined if it asked for everything. */
  readonly readAfter: number | undefined;
  /** A read failed, and the pause before the retry has not ended. */
  readonly waiting: boolean;
  /**
   * The highest offset that was announced since the current read began, and that its answer may not include. Infinity after a fork or a
   * possible loss.
   */
  readonly heard: number;
}

export type Verdict =
  /** Deliver the step: it is the next one. */
  | 'deliver'
  /** Take the changes of the answer above `skip`; the others were delivered before. After a reset `skip` is 0: drop everything first. */
  | 'take'
  /**
   * The offset of the step was delivered already, but its check is forgotten: the step is a duplicate, or belongs to another history.
   * Read soon. One read settles many such steps.
   */
  | 'doubt'
  | 'ignore';

export interface FollowResult {
  state: FollowState;
  verdict: Verdict;
  /** With `take`: changes of the answer up to this offset were already delivered. */
  skip: number;
  /** Read now: everything after `after`, or everything if it is undefined. */
  read?: { number: number; after: FollowPosition | undefined };
  /** A read failed: wait, then feed in `retry`. */
  pause: boolean;
}

export function startFollowing(place?: FollowPosition): FollowState {
  return { place, read: 0, reads: 0, readAfter: undefined, waiting: false, heard: 0 };
}

/** The check delivered at an offset; undefined if it is forgotten. */
type CheckLookup = (offset: number) => string | undefined;

const noChecks: CheckLookup = () => undefined;

/**
 * Callers that remember checks below their place pass `known`, and get `doubt` for a step whose check they have forgotten. For callers
 * without `known` such a step is a duplicate: the server they follow has already settled which history is right.
 */
export function follow(state: FollowState, heard: FollowInput, known?: CheckLookup): FollowResult {
  switch (heard.type) {
    case 'step':
      return onStep(state, heard.step, known);
    case 'maybe-missed':
      return readFor(state, Number.POSITIVE_INFINITY);
    case 'answer':
      return onAnswer(state, heard.answer, known ?? noChecks);
    case 'failed':
      if (heard.read !== state.read) return unchanged(state);
      return { ...unchanged({ ...state, read: 0, waiting: true }), pause: true };
    case 'retry':
      return state.waiting ? startReading({ ...state, waiting: false }) : unchanged(state);
  }
}

function onStep(state: FollowState, step: AnnouncedStep, known: CheckLookup | undefined): FollowResult {
  const { place } = state;
  if (place === undefined) return readFor(state, step.offset);
  if (step.offset <= place.offset) {
    const check = step.offset === place.offset ? place.check : known?.(step.offset);
    if (check !== undefined && check !== step.check) return readFor(state, Number.POSITIVE_INFINITY);
    // A duplicate, unless the current read answers with a reset to a history in which this step is new. So note it.
    const noted = unchanged(state.read === 0 ? state : { ...state, heard: Math.max(state.heard, step.offset) });
    return check === undefined && known !== undefined ? { ...noted, verdict: 'doubt' } : noted;
  }
  if (step.from > place.offset + 1) return readFor(state, step.offset);
  const check = step.from === place.offset + 1 ? place.check : known?.(step.from - 1);
  const forked = step.before !== undefined && check !== undefined && step.before !== check;
  if (forked) return readFor(state, Number.POSITIVE_INFINITY);
  return { ...unchanged({ ...state, place: { offset: step.offset, check: step.check } }), verdict: 'deliver' };
}

function onAnswer(state: FollowState, answer: ReadAnswer, known: CheckLookup): FollowResult {
  if (answer.read !== state.read || state.read === 0) return unchanged(state);
  const idle = { ...state, read: 0 };
  const { place } = state;
  if (answer.reset || place === undefined) return taken({ ...idle, place: answer.to }, 0, answer, state.heard);

  if (answer.to.offset < place.offset) {
    // Steps overtook the answer. The answer has nothing new, unless it belongs to a different history than the steps.
    const check = known(answer.to.offset);
    if (check !== undefined && check !== answer.to.check) return startReading(idle);
    return state.heard > place.offset || answer.more ? startReading(idle) : unchanged(idle);
  }
  if (answer.to.offset === place.offset && answer.to.check !== place.check) return startReading(idle);
  // Steps were delivered since the read began, and the answer goes beyond them. The answer may belong to a history that forked from that
  // of the steps, and contains no check that could show it. A new read from the current place shows it. The place does not move past a
  // gap, so these repetitions end.
  if (answer.to.offset > place.offset && place.offset !== state.readAfter) return startReading(idle);
  return taken({ ...idle, place: answer.to }, place.offset, answer, state.heard);
}

function taken(state: FollowState, skip: number, answer: ReadAnswer, heardSince: number): FollowResult {
  const behind = answer.more || heardSince > answer.to.offset;
  const next = behind ? startReading(state) : unchanged({ ...state, heard: 0 });
  return { ...next, verdict: 'take', skip };
}

/** Notes that something up to `offset` is missing, and starts a read unless one is in progress or waits to be retried. */
function readFor(state: FollowState, offset: number): FollowResult {
  const noted = { ...state, heard: Math.max(state.heard, offset) };
  return state.read !== 0 || state.waiting ? unchanged(noted) : startReading(noted);
}

function startReading(state: FollowState): FollowResult {
  const number = state.reads + 1;
  // The answer will include everything heard before the read began. If not, the history has changed, and the answer says so.
  const next = { ...state, read: number, reads: number, readAfter: state.place?.offset, heard: 0 };
  return { ...unchanged(next), read: { number, after: state.place } };
}

function unchanged(state: FollowState): FollowResult {
  return { state, verdict: 'ignore', skip: 0, pause: false };
}

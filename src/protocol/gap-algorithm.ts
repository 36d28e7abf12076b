/**
 * The one gap algorithm, for bus → process and socket → client: from announcements that may be lost, doubled, swapped or forked,
 * it delivers each change once and in order, and says when to read what is missing from the truth.
 *
 * A pure state machine. Who drives it does what comes out, in order, and feeds in what happens. `S` is what identifies a place
 * beside its offset; equal offsets with other checks are two histories.
 *
 * Only an answer of the journal can declare a reset. An announcement never does: it can only cause a read.
 */
export interface Place {
  offset: number;
  /** Equal places of one history have equal checks. For a client the whole cursor, which it does not look into. */
  check: string;
}

/** One announced change, or one that stands for several offsets. */
export interface Step extends Place {
  /** The first offset it stands for. */
  from: number;
  /** The check at `from - 1`, where known. */
  before?: string | undefined;
}

/** What a read answered: everything after `after` up to and with `to`. */
export interface Answer {
  /** The read that it answers; a late one with another number is ignored. */
  read: number;
  to: Place;
  /** The history is another one: drop everything held. */
  reset: boolean;
  /** There is more to read, from `to`. */
  more: boolean;
}

export type Heard =
  | { type: 'step'; step: Step }
  /** Something may have been lost: a reconnection, an idle link. */
  | { type: 'maybe-missed' }
  | { type: 'answer'; answer: Answer }
  | { type: 'failed'; read: number }
  /** The pause after a failed read is over. */
  | { type: 'retry' };

export interface FollowState {
  /** Everything up to here was delivered; undefined before the first answer. */
  readonly place: Place | undefined;
  /** The number of the read under way, 0 if none. */
  readonly read: number;
  /** Reads begun, so that each has its own number. */
  readonly reads: number;
  /** The offset after which the read under way began; undefined where it asked for everything. */
  readonly readAfter: number | undefined;
  /** A read failed and `retry` is awaited. */
  readonly waiting: boolean;
  /** Something was heard since the read began that its answer may not hold: the highest such offset, or Infinity for a fork or a possible loss. */
  readonly heard: number;
}

export type Verdict =
  /** Hand the step on; it is the next one. */
  | 'deliver'
  /** Take the answer: what it holds at or below `skip` was delivered before (0 after a reset: drop everything, then take all of it). */
  | 'take'
  /** At an offset that was delivered, with a check that nobody remembers: a double, or another history. Read soon, once for many of them. */
  | 'doubt'
  | 'ignore';

export interface Followed {
  state: FollowState;
  verdict: Verdict;
  /** With `take`: the offset up to which the answer's changes were delivered already. */
  skip: number;
  /** Read now: everything after `after`, or from nothing. */
  read?: { number: number; after: Place | undefined };
  /** A read failed: pause, then feed in `retry`. */
  pause: boolean;
}

export function startFollowing(place?: Place): FollowState {
  return { place, read: 0, reads: 0, readAfter: undefined, waiting: false, heard: 0 };
}

/** The check that was delivered at an offset, where that is remembered. */
type Known = (offset: number) => string | undefined;

const nothing: Known = () => undefined;

/**
 * `known` is for who remembers more than its place, and is in doubt of a step below it whose check is forgotten. Who remembers nothing
 * takes that for a double: what it follows has settled histories already.
 */
export function follow(state: FollowState, heard: Heard, known?: Known): Followed {
  switch (heard.type) {
    case 'step':
      return onStep(state, heard.step, known);
    case 'maybe-missed':
      return readFor(state, Number.POSITIVE_INFINITY);
    case 'answer':
      return onAnswer(state, heard.answer, known ?? nothing);
    case 'failed':
      if (heard.read !== state.read) return unchanged(state);
      return { ...unchanged({ ...state, read: 0, waiting: true }), pause: true };
    case 'retry':
      return state.waiting ? startReading({ ...state, waiting: false }) : unchanged(state);
  }
}

function onStep(state: FollowState, step: Step, known: Known | undefined): Followed {
  const { place } = state;
  if (place === undefined) return readFor(state, step.offset);
  if (step.offset <= place.offset) {
    const check = step.offset === place.offset ? place.check : known?.(step.offset);
    if (check !== undefined && check !== step.check) return readFor(state, Number.POSITIVE_INFINITY);
    // A double, unless the read under way answers a reset to a history in which it is news: so it is noted.
    const noted = unchanged(state.read === 0 ? state : { ...state, heard: Math.max(state.heard, step.offset) });
    return check === undefined && known !== undefined ? { ...noted, verdict: 'doubt' } : noted;
  }
  if (step.from > place.offset + 1) return readFor(state, step.offset);
  const check = step.from === place.offset + 1 ? place.check : known?.(step.from - 1);
  const forked = step.before !== undefined && check !== undefined && step.before !== check;
  if (forked) return readFor(state, Number.POSITIVE_INFINITY);
  return { ...unchanged({ ...state, place: { offset: step.offset, check: step.check } }), verdict: 'deliver' };
}

function onAnswer(state: FollowState, answer: Answer, known: Known): Followed {
  if (answer.read !== state.read || state.read === 0) return unchanged(state);
  const idle = { ...state, read: 0 };
  const { place } = state;
  if (answer.reset || place === undefined) return taken({ ...idle, place: answer.to }, 0, answer, state.heard);

  if (answer.to.offset < place.offset) {
    // Steps overtook the answer. It says nothing new, unless it is of another history than what they said.
    const check = known(answer.to.offset);
    if (check !== undefined && check !== answer.to.check) return startReading(idle);
    return state.heard > place.offset || answer.more ? startReading(idle) : unchanged(idle);
  }
  if (answer.to.offset === place.offset && answer.to.check !== place.check) return startReading(idle);
  // Steps were delivered since the read began, and the answer goes beyond them: it may be of a history that parted from theirs,
  // which no check in it could tell. Asked again from here, the journal itself will. A gap holds the place still, so this ends.
  if (answer.to.offset > place.offset && place.offset !== state.readAfter) return startReading(idle);
  return taken({ ...idle, place: answer.to }, place.offset, answer, state.heard);
}

function taken(state: FollowState, skip: number, answer: Answer, heardSince: number): Followed {
  const behind = answer.more || heardSince > answer.to.offset;
  const next = behind ? startReading(state) : unchanged({ ...state, heard: 0 });
  return { ...next, verdict: 'take', skip };
}

/** Notes that something up to `offset` is missing, and reads unless a read is under way or awaits its pause. */
function readFor(state: FollowState, offset: number): Followed {
  const noted = { ...state, heard: Math.max(state.heard, offset) };
  return state.read !== 0 || state.waiting ? unchanged(noted) : startReading(noted);
}

function startReading(state: FollowState): Followed {
  const number = state.reads + 1;
  // What was heard before the read began, its answer will hold: if not, it is no longer of this history, and the answer says so.
  const next = { ...state, read: number, reads: number, readAfter: state.place?.offset, heard: 0 };
  return { ...unchanged(next), read: { number, after: state.place } };
}

function unchanged(state: FollowState): Followed {
  return { state, verdict: 'ignore', skip: 0, pause: false };
}

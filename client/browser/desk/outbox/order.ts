import type { DevicePicture } from '../pictures/device-picture.ts';
import { clockSetBackMs, lookUpAfterMs } from './outbox-limits.ts';
import { isDelivered } from './outbox-model.ts';
import { isStuck, type StoredEntry, waitsForPicture } from './stored-entry.ts';

/**
 * Decides which entry is sent next. Pure.
 *
 * Entries of one author on one device are sent one after the other within a coverage, in the order in which they left the undo
 * window. So an urgent entry, which has no undo window, overtakes those that are still in it, and nothing else. An entry whose
 * outcome is unknown keeps all later ones waiting. An entry that is refused, in conflict or asking steps aside, and with it the
 * entries that build on it. So does an entry that waits for its pictures, which takes its place again once they are uploaded.
 */

/** The next step of the sender in a coverage. */
export type Step =
  | { do: 'nothing' }
  /** Sends the bytes of the entry. */
  | { do: 'send'; entry: StoredEntry }
  /** Asks the server whether it has executed the entry, before it is sent again or its author is asked. */
  | { do: 'look-up'; entry: StoredEntry }
  /** Asks the author about these entries. */
  | { do: 'ask'; entries: StoredEntry[] };

export interface Timing {
  /** Milliseconds since 1970, of this device's clock. */
  now: number;
  askAfterMs: number;
}

export function nextStep(
  entries: readonly StoredEntry[],
  channelId: string,
  timing: Timing,
  pictures: readonly DevicePicture[] = [],
): Step {
  const lane = entries.filter((entry) => entry.channelId === channelId);
  const waitedTooLong = lane.filter((entry) => entry.state.at === 'saved' && isUnsentTooLong(entry, timing));
  if (waitedTooLong.length > 0) return { do: 'ask', entries: waitedTooLong };
  const entry = lane
    .filter(({ state }) => state.at === 'saved' || state.at === 'sending')
    .filter((each) => !waits(each, entries) && !isStuck(each, entries) && !waitsForPicture(each, pictures))
    .sort(byPlace)[0];
  if (entry === undefined) return { do: 'nothing' };
  return { do: mustBeLookedUp(entry, timing) ? 'look-up' : 'send', entry };
}

/** The coverages that have something to send. */
export function channelsToSend(entries: readonly StoredEntry[]): string[] {
  return [
    ...new Set(entries.filter(({ state }) => state.at === 'saved' || state.at === 'sending').map(({ channelId }) => channelId)),
  ];
}

/** The order in which entries are shown: as they are sent, then those in the undo window as they leave it. */
export function inOrder(entries: readonly StoredEntry[]): StoredEntry[] {
  return [...entries].sort((a, b) => byPlace(a, b) || heldUntil(a) - heldUntil(b) || a.seq - b.seq);
}

/**
 * Whether too much time has passed since the entry left the undo window for it to be sent without its author. Only once the
 * outcome of its attempts is known: nobody is asked about a post that may be published.
 */
export function isUnsentTooLong({ readyAt = 0 }: Pick<StoredEntry, 'readyAt'>, { now, askAfterMs }: Timing): boolean {
  return now - readyAt >= askAfterMs || now < readyAt - clockSetBackMs;
}

/**
 * Whether the entry must be looked up before it is sent: the server may have forgotten its key and would execute it again, or the
 * author will be asked and must not be asked about a published post.
 */
function mustBeLookedUp(entry: StoredEntry, timing: Timing): boolean {
  const { keySince, unsettled } = entry;
  if (keySince === undefined) return false;
  const { now } = timing;
  if (now - keySince >= lookUpAfterMs || now < keySince - clockSetBackMs) return true;
  return unsettled && isUnsentTooLong(entry, timing);
}

function waits(entry: StoredEntry, entries: readonly StoredEntry[]): boolean {
  return entry.waitsFor.some((id) => entries.some((first) => first.id === id && !isDelivered(first)));
}

function byPlace(a: StoredEntry, b: StoredEntry): number {
  const [one, other] = [a.place ?? Number.MAX_SAFE_INTEGER, b.place ?? Number.MAX_SAFE_INTEGER];
  return one - other;
}

function heldUntil({ state }: StoredEntry): number {
  return state.at === 'held' ? state.until : 0;
}

import type { ReaderState } from '../../../lib/reader-types.ts';
import { type Delivery, hindranceOf, isDelivered, type OutboxEntry } from '../outbox/outbox-model.ts';

/** The state of the connection and the outbox, as the bar shows it. */
export type DeskStatus =
  /** Entries wait for a decision of their author. */
  | { status: 'needs-you'; count: number }
  /** Entries are kept on this device, and are not being sent. */
  | { status: 'waiting'; count: number; why: Exclude<Delivery, 'ready'> }
  | { status: 'sending'; count: number }
  /** In the undo window. */
  | { status: 'held'; count: number }
  /** Nothing is unsent, and the shown coverage is live. */
  | { status: 'connected' }
  | { status: 'reconnecting' }
  | { status: 'offline' }
  /** Nothing is unsent, and no coverage is followed. */
  | { status: 'idle' };

export function statusOf({
  entries,
  delivery,
  reader,
  isOnline,
}: {
  entries: readonly OutboxEntry[];
  delivery: Delivery;
  /** The state of the coverage that is shown. */
  reader: ReaderState | undefined;
  isOnline: boolean;
}): DeskStatus {
  const needing = entries.filter(({ state }) => ['refused', 'conflict', 'asking'].includes(state.at)).length;
  if (needing > 0) return { status: 'needs-you', count: needing };
  const held = entries.filter(({ state }) => state.at === 'held').length;
  const unsent = unsentIn(entries).length;
  const why = hindranceOf(delivery, isOnline);
  // Also in the undo window: what is held does not go out at its end.
  if (unsent > 0 && why !== undefined) return { status: 'waiting', count: unsent, why };
  if (unsent > held) return { status: 'sending', count: unsent - held };
  if (held > 0) return { status: 'held', count: held };
  if (!isOnline) return { status: 'offline' };
  if (reader === undefined || reader.status === 'ended') return { status: 'idle' };
  return { status: reader.status === 'live' && reader.asOf === null ? 'connected' : 'reconnecting' };
}

/** Entries that are not on the server's disk yet. */
export function unsentIn(entries: readonly OutboxEntry[]): OutboxEntry[] {
  return entries.filter((entry) => !isDelivered(entry));
}

import type { Erasure } from '../../../../src/protocol/model.ts';
import { isDelivered, type OutboxEntry, undecidedStates } from '../outbox/outbox-model.ts';

/** What the dialog of a takedown says about it. */
export type ErasureOutcome =
  | { is: 'on-its-way' }
  /** It was refused, or waits for its author. */
  | { is: 'not-done' }
  | { is: 'erased' }
  | { is: 'pending'; pending: Erasure['pending'] };

/**
 * The outcome of the takedown, as far as it is known. `before`: what was known. The device forgets an entry after a while, and what it
 * was is still true. Pure.
 */
export function erasureOutcome(before: ErasureOutcome, entry: Pick<OutboxEntry, 'state'> | undefined): ErasureOutcome {
  if (entry === undefined) return before;
  const { state } = entry;
  if (undecidedStates.includes(state.at)) return { is: 'not-done' };
  if (!isDelivered(entry) || !('revision' in state)) return { is: 'on-its-way' };
  const pending = state.erasure?.pending ?? [];
  return pending.length === 0 ? { is: 'erased' } : { is: 'pending', pending };
}

import { type Change, isListed } from '../protocol/model.ts';
import { limits } from '../protocol/wire-limits.ts';
import { bytesOf } from './decision.ts';

/**
 * Adds a change to the history of a post. If the history exceeds its limits, the oldest refiles and updates are dropped first, so
 * that corrections are kept longest.
 */
export function withChange<C extends Change>(history: readonly C[], change: C): C[] {
  const kept = [...history, change];
  let bytes = bytesOf(kept);
  while (kept.length > limits.historyChanges || bytes > limits.historyBytes) {
    const minor = kept.findIndex(({ kind }) => kind === 'refile' || kind === 'update');
    const [dropped] = kept.splice(Math.max(minor, 0), 1);
    bytes -= bytesOf(dropped) + 1;
  }
  return kept;
}

/** Adds a change to the history of a channel, which keeps the newest changes of any kind. */
export function withChannelChange(history: readonly Change[], change: Change): Change[] {
  return [...history, change].slice(-limits.historyChanges);
}

/** Removes the notes, which may quote erased text. */
export function withoutNotes<C extends Change>(history: readonly C[]): C[] {
  return history.map((change) => ({ ...change, note: null }));
}

/**
 * Removes notes when the earlier revisions of a post are erased, but the post itself is not. Notes of listed changes, such as
 * corrections, are kept as the record of what was wrong, except those of the revisions in `named`.
 */
export function withoutUnlistedNotes<C extends Change>(history: readonly C[], named: readonly number[]): C[] {
  return history.map((change) =>
    isListed(change.kind) && !named.includes(change.revision) ? change : { ...change, note: null },
  );
}

import type { Change } from '../protocol/model.ts';
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

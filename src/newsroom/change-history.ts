import type { Change, ChangeKind } from '../protocol/model.ts';
import { limits } from '../protocol/wire-limits.ts';
import { bytesOf } from './decision.ts';

/**
 * What readers are told of earlier versions of a post: the newest changes within its bounds. At the bound the oldest refiles and
 * updates go first, so that a correction is the last thing forgotten.
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

/** What readers are told of earlier versions of a channel: the newest changes, whatever their kind. */
export function withChannelChange(history: readonly Change[], change: Change): Change[] {
  return [...history, change].slice(-limits.historyChanges);
}

/** The same changes without their notes, which may quote what is erased. */
export function withoutNotes<C extends Change>(history: readonly C[]): C[] {
  return history.map((change) => ({ ...change, note: null }));
}

/**
 * The same changes when what was published before is erased but the post stays. What readers were told of a mistake stays too, unless it
 * is named by its revision: it is the record of what was wrong.
 */
export function withoutUnlistedNotes<C extends Change>(history: readonly C[], named: readonly number[]): C[] {
  return history.map((change) =>
    isListed(change.kind) && !named.includes(change.revision) ? change : { ...change, note: null },
  );
}

/** Whether a change of this kind must say what was wrong. */
export function needsNote(kind: ChangeKind): boolean {
  return kind === 'clarification' || kind === 'correction' || kind === 'retraction';
}

/** Whether a change of this kind is listed among a channel's corrections. */
export function isListed(kind: ChangeKind | null): boolean {
  return kind === 'clarification' || kind === 'correction' || kind === 'retraction' || kind === 'takedown';
}

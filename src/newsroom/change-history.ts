import type { Change, ChangeKind } from '../protocol/model.ts';
import { limits } from '../protocol/wire-limits.ts';
import { bytesOf } from './decision.ts';

/** Adds a change to the history of a post that readers see. At its limits the oldest refiles and updates are dropped first, corrections last. */
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

/** Adds a change to the history of a channel that readers see. At the limit the oldest change is dropped. */
export function withChannelChange(history: readonly Change[], change: Change): Change[] {
  return [...history, change].slice(-limits.historyChanges);
}

/** The changes without their notes, which may quote erased text. */
export function withoutNotes<C extends Change>(history: readonly C[]): C[] {
  return history.map((change) => ({ ...change, note: null }));
}

/**
 * The changes when earlier revisions are erased but the post stays. The notes of corrections and clarifications stay, because they record
 * what was wrong, unless their revision is in `named`.
 */
export function withoutUnlistedNotes<C extends Change>(history: readonly C[], named: readonly number[]): C[] {
  return history.map((change) =>
    isListed(change.kind) && !named.includes(change.revision) ? change : { ...change, note: null },
  );
}

/** Whether a change of this kind requires a note. */
export function needsNote(kind: ChangeKind): boolean {
  return kind === 'clarification' || kind === 'correction' || kind === 'retraction';
}

/** Whether a change of this kind is listed among a channel's corrections. */
export function isListed(kind: ChangeKind | null): boolean {
  return kind === 'clarification' || kind === 'correction' || kind === 'retraction' || kind === 'takedown';
}

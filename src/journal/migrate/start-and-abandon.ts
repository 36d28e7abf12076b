import type { Mark } from './marks.ts';

/**
 * What `pressbox migrate` and `pressbox migrate --abandon` do first, decided by the marks of the two stores (`marks.ts`). Pure:
 * `migrate-store.ts` reads the marks and acts.
 */
export type Start =
  /** Begin to fill the target, which is empty or whose migration `after` was abandoned. */
  | { action: 'begin'; id: string; after?: string }
  /** Go on filling the target. */
  | { action: 'continue'; id: string }
  /** The migration was completed before. */
  | { action: 'none' }
  | { action: 'refuse'; because: 'elsewhere' | 'being-abandoned' | 'not-empty' };

/** `target`: its mark, if servers have used it. `newId`: of a migration that begins. */
export function startOf(source: Mark | undefined, target: Mark | 'no-mark' | 'empty', newId: string): Start {
  const moved = movedId(source);
  if (target === 'empty') {
    return moved === undefined ? { action: 'begin', id: newId } : { action: 'refuse', because: 'elsewhere' };
  }
  if (target === 'no-mark') return { action: 'refuse', because: 'not-empty' };
  const { kind, id } = target;
  switch (kind) {
    case 'filling':
      if (moved === undefined || moved === id) return { action: 'continue', id };
      return { action: 'refuse', because: follows(id, moved) ? 'being-abandoned' : 'elsewhere' };
    case 'abandoned':
      // A new id, so that a process that still abandons or continues the earlier migration changes nothing.
      if (moved === undefined) return { action: 'begin', id: id + newId, after: id };
      return { action: 'refuse', because: moved === id || follows(id, moved) ? 'being-abandoned' : 'elsewhere' };
    case 'moved':
    case 'filled':
      return id === moved ? { action: 'none' } : { action: 'refuse', because: 'not-empty' };
  }
}

export type Abandonment =
  /** Abandon the migration at the target, then give the source its writes back if it refuses them (`moved`). */
  | { action: 'abandon'; id: string; moved: string | undefined }
  /** Give the source its writes back. */
  | { action: 'resume'; moved: string }
  | { action: 'refuse'; because: 'no-migration' | 'taken-over' | 'other-target' | 'other-migration' };

export function abandonmentOf(source: Mark | undefined, target: Mark | 'no-mark' | 'empty'): Abandonment {
  const moved = movedId(source);
  if (target === 'empty' || target === 'no-mark' || target.kind === 'moved' || target.kind === 'filled') {
    if (moved === undefined) return { action: 'refuse', because: 'no-migration' };
    const hasTakenOver = typeof target === 'object' && target.kind === 'filled' && target.id === moved;
    return { action: 'refuse', because: hasTakenOver ? 'taken-over' : 'other-target' };
  }
  const { id } = target;
  // It was abandoned before it stopped the writes, and the target is being filled anew.
  if (moved !== undefined && follows(id, moved)) return { action: 'resume', moved };
  if (moved !== undefined && moved !== id) return { action: 'refuse', because: 'other-migration' };
  // Repeated even if it was abandoned before: a replica may not know it yet.
  return { action: 'abandon', id, moved };
}

/** Whether the migration `id` can no longer open its target. `to-be-repeated`: a replica of the target may not know it yet. */
export function isAbandonedAt(target: Mark | 'no-mark' | 'empty', id: string): boolean | 'to-be-repeated' {
  if (typeof target === 'string') return false;
  if (target.kind === 'abandoned' && target.id === id) return 'to-be-repeated';
  return (target.kind === 'abandoned' || target.kind === 'filling') && follows(target.id, id);
}

/** The id of the migration that a store has stopped its writes for. */
export function movedId(source: Mark | undefined): string | undefined {
  return source?.kind === 'moved' ? source.id : undefined;
}

/** Whether a migration began to the same target after an earlier one was abandoned there. Its id begins with that of the earlier. */
function follows(id: string, earlier: string): boolean {
  return id !== earlier && id.startsWith(earlier);
}

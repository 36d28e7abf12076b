import { describe, expect, it } from 'vitest';
import type { Mark } from '../../../src/journal/migrate/marks.ts';
import { abandonmentOf, isAbandonedAt, startOf } from '../../../src/journal/migrate/start-and-abandon.ts';

type Target = Mark | 'no-mark' | 'empty';

/** A migration, the one that began to the same target after it was abandoned, and a migration between other stores. */
const [first, next, other] = ['a1', 'a1b2', 'c3'];
const fresh = 'f0';
const moved = (id: string): Mark => ({ kind: 'moved', id });
const filling = (id: string): Mark => ({ kind: 'filling', id });
const abandoned = (id: string): Mark => ({ kind: 'abandoned', id });
const filled = (id: string): Mark => ({ kind: 'filled', id });
const refuse = (because: string) => ({ action: 'refuse', because });
const title = (mark: Target | undefined) => (typeof mark === 'object' ? `${mark.kind} ${mark.id}` : (mark ?? 'no mark'));
const titled = <T>(rows: [Mark | undefined, Target, T][]) =>
  rows.map(([source, target, result]) => [title(source), title(target), source, target, result] as const);

describe('the start of a migration', () => {
  it.each(
    titled<object>([
      [undefined, 'empty', { action: 'begin', id: fresh }],
      [filled(other), 'empty', { action: 'begin', id: fresh }],
      [undefined, filling(first), { action: 'continue', id: first }],
      [moved(first), filling(first), { action: 'continue', id: first }],
      [undefined, abandoned(first), { action: 'begin', id: first + fresh, after: first }],
      [moved(first), filled(first), { action: 'none' }],
      [moved(first), moved(first), { action: 'none' }],
    ]),
  )('of a source with %s to a target with %s goes ahead', (_source, _target, source, target, result) => {
    expect(startOf(source, target, fresh)).toEqual(result);
  });

  it.each(
    titled<string>([
      // The writes of the source are stopped for another target.
      [moved(first), 'empty', 'elsewhere'],
      [moved(first), filling(other), 'elsewhere'],
      [moved(first), abandoned(other), 'elsewhere'],
      // The migration of the source began after the one at the target: another target continued it.
      [moved(next), filling(first), 'elsewhere'],
      [moved(next), abandoned(first), 'elsewhere'],
      // The target can no longer become open by the migration that stopped the writes of the source.
      [moved(first), abandoned(first), 'being-abandoned'],
      [moved(first), filling(next), 'being-abandoned'],
      [moved(first), abandoned(next), 'being-abandoned'],
      [undefined, 'no-mark', 'not-empty'],
      [moved(first), 'no-mark', 'not-empty'],
      [undefined, filled(first), 'not-empty'],
      [undefined, moved(first), 'not-empty'],
      [moved(first), filled(other), 'not-empty'],
      [moved(first), filled(next), 'not-empty'],
    ]),
  )('of a source with %s to a target with %s is refused', (_source, _target, source, target, because) => {
    expect(startOf(source, target, fresh)).toEqual(refuse(because));
  });
});

describe('the end of a migration by --abandon', () => {
  it.each(
    titled<object>([
      [undefined, filling(first), { action: 'abandon', id: first, moved: undefined }],
      [moved(first), filling(first), { action: 'abandon', id: first, moved: first }],
      [filled(other), filling(first), { action: 'abandon', id: first, moved: undefined }],
      // Repeated, because a replica may not know it.
      [moved(first), abandoned(first), { action: 'abandon', id: first, moved: first }],
      // Abandoned before: the target is filled anew, and keeps being filled.
      [moved(first), filling(next), { action: 'resume', moved: first }],
      [moved(first), abandoned(next), { action: 'resume', moved: first }],
      [undefined, 'empty', refuse('no-migration')],
      [undefined, 'no-mark', refuse('no-migration')],
      [undefined, filled(first), refuse('no-migration')],
      [moved(first), filled(first), refuse('taken-over')],
      [moved(first), filled(other), refuse('other-target')],
      [moved(first), moved(first), refuse('other-target')],
      [moved(first), 'empty', refuse('other-target')],
      [moved(first), 'no-mark', refuse('other-target')],
      [moved(first), filling(other), refuse('other-migration')],
      [moved(next), filling(first), refuse('other-migration')],
    ]),
  )('of a source with %s to a target with %s', (_source, _target, source, target, result) => {
    expect(abandonmentOf(source, target)).toEqual(result);
  });
});

describe('a migration that has failed', () => {
  it.each<[string, Target, boolean | string]>([
    ['still fills its target', filling(first), false],
    ['has opened its target', filled(first), false],
    ['lost its target', 'empty', false],
    ['has an unmarked target', 'no-mark', false],
    ['was abandoned, which a replica may not know', abandoned(first), 'to-be-repeated'],
    ['was followed by another one to its target', filling(next), true],
    ['was followed by another one that was abandoned too', abandoned(next), true],
    ['was followed by another one that completed', filled(next), false],
    ['has a target that is being filled from elsewhere', filling(other), false],
  ])('and %s may give its source the writes back only if it was abandoned', (_name, target, isAbandoned) => {
    expect(isAbandonedAt(target, first)).toBe(isAbandoned);
  });
});

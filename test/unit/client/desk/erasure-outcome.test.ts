import { describe, expect, it } from 'vitest';
import { type ErasureOutcome, erasureOutcome } from '../../../../client/browser/desk/changes/erasure-outcome.ts';
import type { EntryState } from '../../../../client/browser/desk/outbox/outbox-model.ts';
import { problem } from '../../../../src/protocol/problems.ts';

const begun: ErasureOutcome = { is: 'on-its-way' };
const delivered = { offset: 1, revision: 2, cursor: '1', at: 'out' } as const;
const outcomeIn = (state: EntryState, before = begun) => erasureOutcome(before, { state });

describe('the dialog of a takedown', () => {
  it('says that the text is erased, also after the device has forgotten the takedown', () => {
    const erased = outcomeIn(delivered);
    expect(erased).toEqual({ is: 'erased' });
    expect(erasureOutcome(erased, undefined)).toEqual({ is: 'erased' });
  });

  it('says what is pending, also after the device has forgotten the takedown', () => {
    const pending = [{ where: 'replica', why: 'not in sync' }];
    const outcome = outcomeIn({ ...delivered, erasure: { complete: false, pending } });
    expect(outcome).toEqual({ is: 'pending', pending });
    expect(erasureOutcome(outcome, undefined)).toEqual(outcome);
  });

  it('says that it is on its way, until it is refused', () => {
    expect(outcomeIn({ at: 'sending', since: 0 })).toEqual(begun);
    expect(outcomeIn({ at: 'refused', problem: problem('forbidden') })).toEqual({ is: 'not-done' });
  });
});

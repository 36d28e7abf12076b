import { describe, expect, it } from 'vitest';
import { AnnouncementTracker } from '../../../src/journal/redis/announcement-tracker.ts';

const at = (offset: number, check: string) => ({ epoch: 'abcdefabcdef', offset, check });

describe('where the journal is asked whether there still is a channel', () => {
  it('it is gone if none was found, and nothing was heard of it meanwhile', () => {
    const announced = new AnnouncementTracker();
    announced.note(3, 'a');
    expect(announced.isGone(announced.mark)).toBe(true);
  });

  it('it is not where it was made anew meanwhile, however far the new one has come', () => {
    for (const offset of [1, 3, 7]) {
      for (const hear of ['note', 'read'] as const) {
        const announced = new AnnouncementTracker();
        announced.note(3, 'a');
        const { mark } = announced;
        if (hear === 'note') announced.note(offset, 'b');
        else announced.read(offset);
        expect(announced.isGone(mark)).toBe(false);
      }
    }
  });

  it('a head that is not what was announced is another one, and one below it has lost something', () => {
    const announced = new AnnouncementTracker();
    announced.note(3, 'a');
    const { mark } = announced;
    expect(announced.fits(at(3, 'a'), mark)).toBe(true);
    expect(announced.fits(at(3, 'b'), mark)).toBe(false);
    expect(announced.found(at(2, 'b'), mark)).toBe(true);
    expect(announced.fits(at(2, 'b'), announced.mark)).toBe(true);
  });
});

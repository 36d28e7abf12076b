import { describe, expect, it } from 'vitest';
import { AnnouncementTracker } from '../../../src/journal/redis/announcement-tracker.ts';
import { redisLimits } from '../../../src/journal/redis/redis-limits.ts';

const at = (offset: number, check: string) => ({ epoch: 'abcdefabcdef', offset, check });

describe('a read of the journal for a channel', () => {
  it('means that the channel was deleted if it found none and nothing was announced during the read', () => {
    const announced = new AnnouncementTracker();
    announced.note(3, 'a');
    expect(announced.isGone(announced.mark)).toBe(true);
  });

  it('does not mean that the channel was deleted if it was created again during the read, at whatever offset', () => {
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

  it('means another history if the head has another check than announced, and a loss if the head is lower', () => {
    const announced = new AnnouncementTracker();
    announced.note(3, 'a');
    const { mark } = announced;
    expect(announced.fits(at(3, 'a'), mark)).toBe(true);
    expect(announced.fits(at(3, 'b'), mark)).toBe(false);
    expect(announced.found(at(2, 'b'), mark)).toBe(true);
    expect(announced.fits(at(2, 'b'), announced.mark)).toBe(true);
  });
});

it('a node remembers the last rememberedAnnouncements announcements of a channel', () => {
  const { rememberedAnnouncements } = redisLimits;
  const tracker = new AnnouncementTracker();
  const head = (offset: number) => ({ epoch: 'abcdefabcdef', offset, check: `${offset}` });
  const none = { highest: 0, observations: 0 };
  for (let offset = 1; offset <= rememberedAnnouncements; offset += 1) tracker.note(offset, `${offset}`);
  expect(tracker.fits(head(1), none)).toBe(true);
  tracker.note(rememberedAnnouncements + 1, `${rememberedAnnouncements + 1}`);
  expect([1, 2].map((offset) => tracker.fits(head(offset), none))).toEqual([false, true]);
});

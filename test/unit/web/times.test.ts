import { describe, expect, it } from 'vitest';
import { firstOfDay, renderState } from '../../../client/browser/view/page/page.ts';
import { clock, clockBeside, clockText, momentOf, sameDay } from '../../../client/browser/view/wording/time.ts';
import { agoText, renderTimeChoice, zoneLabel } from '../../../client/browser/view/wording/time-choice.ts';
import { aChannel, aPost } from '../../support/samples/samples.ts';

const setting = (timezone: string, language = 'en-GB') => ({ timezone, language });

/** The last minute before a clock change and the first one after it. */
const changes = [
  ['Europe/London', '2026-03-29T00:59:00.000Z', '00:59 GMT', '2026-03-29T01:00:00.000Z', '02:00 BST'],
  ['Europe/London', '2026-10-25T00:59:00.000Z', '01:59 BST', '2026-10-25T01:00:00.000Z', '01:00 GMT'],
  ['America/New_York', '2026-03-08T06:59:00.000Z', '01:59 GMT-5', '2026-03-08T07:00:00.000Z', '03:00 GMT-4'],
  ['America/New_York', '2026-11-01T05:59:00.000Z', '01:59 GMT-4', '2026-11-01T06:00:00.000Z', '01:00 GMT-5'],
  ['Australia/Lord_Howe', '2026-10-03T15:29:00.000Z', '01:59 GMT+10:30', '2026-10-03T15:30:00.000Z', '02:30 GMT+11'],
  ['Australia/Lord_Howe', '2026-04-04T14:59:00.000Z', '01:59 GMT+11', '2026-04-04T15:00:00.000Z', '01:30 GMT+10:30'],
] as const;

describe('a time', () => {
  it.each(changes)('is in its time zone on both sides of a clock change: %s, %s', (timezone, before, then, after, now) => {
    expect([clockText(before, setting(timezone)), clockText(after, setting(timezone))]).toEqual([then, now]);
    expect(agoText(before, Date.parse(after), setting(timezone))).toBe('1 min ago');
    expect(zoneLabel(setting(timezone), Date.parse(after))).toBe(now.slice(6));
  });

  it('has an offset that distinguishes the two hours when clocks are set back', () => {
    const [first, second] = ['2026-10-25T00:30:00.000Z', '2026-10-25T01:30:00.000Z'] as const;
    const london = setting('Europe/London');
    expect(clock(first, london).text).toBe(
      `<time datetime="${first}" title="Sunday, 25 October 2026 at 01:30 British Summer Time">01:30 BST</time>`,
    );
    expect(momentOf(second, london)).toBe('Sunday, 25 October 2026 at 01:30 Greenwich Mean Time');
    expect(sameDay(first, second, london)).toBe(true);
    expect(momentOf(second, setting('Europe/London', 'de'))).toBe('Sonntag, 25. Oktober 2026 um 01:30 Mittlere Greenwich-Zeit');
  });

  it('belongs to its day even if the day has 23 or 25 hours', () => {
    const days = (zone: string, ...times: string[]) =>
      firstOfDay(
        times.map((publishedAt) => aPost({ publishedAt })),
        setting(zone),
      );
    // Newest first: 00:00 and 23:59 of the day of the change, and 23:59 of the day before.
    expect(days('Europe/London', '2026-03-29T23:00:00Z', '2026-03-29T22:59:00Z', '2026-03-28T23:59:00Z')).toEqual([
      true,
      true,
      true,
    ]);
    expect(days('Europe/London', '2026-10-26T00:00:00Z', '2026-10-25T23:59:00Z', '2026-10-24T23:00:00Z')).toEqual([
      true,
      true,
      false,
    ]);
    expect(days('America/New_York', '2026-03-09T04:00:00Z', '2026-03-09T03:59:00Z', '2026-03-08T05:00:00Z')).toEqual([
      true,
      true,
      false,
    ]);
    expect(days('Australia/Lord_Howe', '2026-10-04T13:00:00Z', '2026-10-04T12:59:00Z', '2026-10-03T13:29:00Z')).toEqual([
      true,
      true,
      true,
    ]);
  });

  it('shows the year in the displayed time zone with its day', () => {
    const startsAt = '2030-12-31T23:30:00Z';
    const begins = (timezone: string, language = 'en') =>
      renderState(aChannel({ state: 'scheduled', startsAt, timezone, language })).text;
    expect(begins('UTC')).toContain('>Dec 31, 2030, 23:30 UTC</time>');
    expect(begins('Europe/Oslo')).toContain('>Jan 1, 2031, 00:30 GMT+1</time>');
    expect(begins('UTC', 'de')).toContain('>31. Dez. 2030, 23:30 UTC</time>');
    expect(begins('UTC', 'ar-EG')).toContain('>٣١ ديسمبر ٢٠٣٠، ٢٣:٣٠ UTC</time>');
  });

  it('belongs to its day in the displayed time zone', () => {
    const posts = ['2026-11-24T02:30:00Z', '2026-11-24T01:30:00Z', '2026-11-23T22:30:00Z'].map((publishedAt) =>
      aPost({ publishedAt }),
    );
    expect(firstOfDay(posts, setting('UTC'))).toEqual([true, false, true]);
    expect(firstOfDay(posts, setting('America/New_York'))).toEqual([true, false, false]);
    expect(firstOfDay(posts, setting('Europe/Moscow'))).toEqual([true, false, false]);
    const change = (zone: string) => clockBeside('2026-11-24T01:30:00Z', '2026-11-23T22:30:00Z', setting(zone)).text;
    expect(change('UTC')).toContain('>24 Nov 2026, 01:30 UTC</time>');
    expect(change('America/New_York')).toContain('>20:30 GMT-5</time>');
  });
});

describe('a relative time', () => {
  const now = Date.parse('2026-11-24T12:00:00Z');
  const ago = (seconds: number, language = 'en-GB') => agoText(new Date(now - seconds * 1_000).toISOString(), now, { language });

  it('is shown in minutes, then in hours, and not after a day', () => {
    expect([0, 59, 60, 119, 3_599, 3_600, 7_199, 86_399, 86_400].map((seconds) => ago(seconds))).toEqual([
      'now',
      'now',
      '1 min ago',
      '1 min ago',
      '59 min ago',
      '1 hr ago',
      '1 hr ago',
      '23 hr ago',
      null,
    ]);
  });

  it('is never in the future, even if the reader’s clock is slow', () => {
    expect(ago(-300)).toBe('now');
  });

  it.each([
    ['en', '2 min. ago'],
    ['de-AT', 'vor 2 Min.'],
    ['fr', 'il y a 2 min'],
    ['es', 'hace 2 min'],
    ['ar', 'قبل دقيقتين'],
    ['he', 'לפני 2 דק׳'],
    ['xx-invalid-language-tag-', '2 min. ago'],
  ])('is in the words of the language: %s', (language, said) => {
    expect(
      ago(150, language)
        ?.replace(/[\u200e\u200f]/g, '')
        .replace(/\s/g, ' '),
    ).toBe(said);
  });

  it('counts the hours that passed, not the hours on the clock', () => {
    const spring = { at: '2026-03-29T00:30:00Z', now: Date.parse('2026-03-29T01:30:00Z') };
    expect(clockText(spring.at, setting('Europe/London'))).toBe('00:30 GMT');
    expect(clockText(new Date(spring.now).toISOString(), setting('Europe/London'))).toBe('02:30 BST');
    expect(agoText(spring.at, spring.now, { language: 'en-GB' })).toBe('1 hr ago');
  });
});

describe('the choice of time displays', () => {
  const winter = Date.parse('2026-12-01T00:00:00Z');
  const names = (own: string | undefined, timezone: string | null = 'Europe/London', language = 'en-GB', now = winter) =>
    [...renderTimeChoice({ language, timezone }, own, now).text.matchAll(/<option[^>]*>([^<]*)/g)].map(([, name]) => name);

  it('names both zones as they are called at that date, and the reader’s zone only if it differs', () => {
    expect(names('Australia/Lord_Howe')).toEqual(['Coverage time (GMT)', 'Your time (GMT+11)', 'How long ago']);
    expect(names('Europe/London', 'Europe/London', 'en-GB', Date.parse('2026-07-01T00:00:00Z'))).toEqual([
      'Coverage time (BST)',
      'How long ago',
    ]);
    expect(names(undefined)).toEqual(['Coverage time (GMT)', 'How long ago']);
  });

  it('names no zone of a channel if there are several channels', () => {
    expect(names('Europe/Berlin', null, 'de')).toEqual(['Zeit vor Ort', 'Ihre Zeit (MEZ)', 'Wie lange her']);
  });

  it('is marked as English if there are no words in the language', () => {
    expect(renderTimeChoice({ language: 'he', timezone: 'UTC' }, 'UTC', winter).text).toMatch(
      /^<label lang="en" dir="ltr">Times <select /,
    );
  });
});

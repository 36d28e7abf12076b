import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { suggestedNote } from '../../../../client/browser/desk/changes/suggested-note.ts';
import { languages } from '../../../../client/browser/i18n/languages.ts';

const said = (text: string, headline: string | null = null) => ({ headline, text });
const correction = (before: string, after: string, language: 'en' | 'de' | 'fr' | 'es' | 'ar' = 'en') =>
  suggestedNote('correction', said(before), said(after), language);

describe('the suggested note of a correction', () => {
  it.each([
    ['40 people were injured.', '14 people were injured.', 'en', 'An earlier version said 40 people were injured. It was 14.'],
    [
      'The fire is out. 40 people were injured, two of them badly.',
      'The fire is out. 14 people were injured, two of them badly.',
      'en',
      'An earlier version said 40 people were injured. It was 14.',
    ],
    [
      'On May 14 the mayor resigned. More follows.',
      'On May 15 the mayor resigned. More follows.',
      'en',
      'An earlier version said: “On May 14 the mayor resigned.” It should have said 15.',
    ],
    [
      '40 of 120 houses burn.',
      '14 of 120 houses burn.',
      'en',
      'An earlier version said 40 of 120 houses burn. It was 14, not 40.',
    ],
    [
      'Am 3. Mai brannten 1.200 Hektar.',
      'Am 3. Mai brannten 1.300 Hektar.',
      'de',
      'In einer früheren Fassung hieß es: „Am 3. Mai brannten 1.200 Hektar.“ Richtig ist: 1.300, nicht 1.200.',
    ],
    [
      'El incendio afecta a 40 casas y 3 calles.',
      'El incendio afecta a 14 casas y 3 calles.',
      'es',
      'En una versión anterior se decía: «El incendio afecta a 40 casas y 3 calles.» Debía decir 14, no 40.',
    ],
    [
      `It was ${'very '.repeat(40)}hot at 14:05.`,
      `It was ${'very '.repeat(40)}hot at 15:05.`,
      'en',
      'An earlier version said 14:05. It should have said 15:05.',
    ],
    [
      'The mayor, Jon Smith, spoke.',
      'The mayor, John Smith, spoke.',
      'en',
      'An earlier version said “Jon”. It should have said “John”.',
    ],
    [
      '40 Menschen wurden verletzt.',
      '14 Menschen wurden verletzt.',
      'de',
      'In einer früheren Fassung hieß es: „40 Menschen wurden verletzt.“ Richtig ist: 14.',
    ],
    ['Der Bürger heißt Meier.', 'Der Bürger heißt Maier.', 'de', 'In einer früheren Fassung stand „Meier“. Richtig ist „Maier“.'],
    [
      'Il y a 40 blessés.',
      'Il y a 14 blessés.',
      'fr',
      'Une version antérieure indiquait : « Il y a 40 blessés. » Il fallait lire 14.',
    ],
    ['Hay 40 heridos.', 'Hay 14 heridos.', 'es', 'En una versión anterior se decía: «Hay 40 heridos.» Debía decir 14.'],
    ['أصيب ٤٠ شخصا.', 'أصيب ١٤ شخصا.', 'ar', 'ورد في نسخة سابقة: «أصيب ٤٠ شخصا.» والصحيح ١٤.'],
  ] as const)('for %j, then %j in %s', (before, after, language, note) => {
    expect(correction(before, after, language)).toEqual({ note, certain: true });
  });

  it('is one if headline and text have the same figure', () => {
    const before = said('40 people were injured.', 'Fire: 40 injured');
    const after = said('14 people were injured.', 'Fire: 14 injured');
    expect(suggestedNote('correction', before, after, 'en').certain).toBe(true);
  });

  it.each([
    ['The mayor resigned.', 'The mayor stays.'],
    ['40 hurt, 2 dead.', '14 hurt, 3 dead.'],
    ['40 hurt.', '14 hurt. The fire is out.'],
    ['Fire burns.', 'Smoke burns.'],
    ['Same.', 'Same.'],
  ])('is only begun for %j, then %j', (before, after) => {
    expect(correction(before, after)).toEqual({ note: 'An earlier version said ', certain: false });
  });

  it('is only begun for a clarification, and empty for other kinds and languages', () => {
    const [before, after] = [said('40 hurt.'), said('14 hurt.')];
    expect(suggestedNote('clarification', before, after, 'en').note).toBe('An earlier version did not make clear ');
    expect(suggestedNote('update', before, after, 'en').note).toBe('');
    expect(suggestedNote('refile', before, after, 'en').note).toBe('');
    expect(suggestedNote('correction', before, after, undefined).note).toBe('');
  });

  it('names the new figure and quotes only what stood there', () => {
    const number = fc.integer({ min: 1, max: 9_999 }).map(String);
    const clause = fc.constantFrom('people were hurt', 'houses burn', 'calls came in');
    fc.assert(
      fc.property(number, number, clause, fc.constantFrom(...languages), (old, fresh, words, language) => {
        fc.pre(old !== fresh);
        const { note, certain } = correction(`${old} ${words}.`, `${fresh} ${words}.`, language);
        expect(certain).toBe(true);
        expect(note).toContain(`${old} ${words}`);
        expect(note.indexOf(old)).toBeLessThan(note.lastIndexOf(fresh));
      }),
      { numRuns: 200 },
    );
  });
});

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { elementWordsIn, pageWordsIn, wordsIn } from '../../../client/browser/i18n/index.ts';
import { type Language, languages } from '../../../client/browser/i18n/languages.ts';
import * as loaded from '../../../client/browser/i18n/loaded.ts';
import { serverWordsIn } from '../../../client/browser/i18n/server.ts';
import { siteWordsIn } from '../../../client/browser/i18n/site.ts';
import { versionWordsIn } from '../../../client/browser/i18n/versions.ts';
import type { PageWords, Words } from '../../../client/browser/i18n/words.ts';
import { counted, newsText } from '../../../client/browser/view/wording/counts.ts';

const words = (language: string) => wordsIn(language) as Words;
const pageWords = (language: string) => pageWordsIn(language) as PageWords;

describe('the words around posts', () => {
  it.each([
    ['en', '1 new post', '2 new posts', '1,200 new posts'],
    ['de', '1 neuer Beitrag', '2 neue Beiträge', '1.200 neue Beiträge'],
    ['fr', '1 nouveau message', '2 nouveaux messages', `1${'\u202f'}200 nouveaux messages`],
    ['es', '1 mensaje nuevo', '2 mensajes nuevos', '1200 mensajes nuevos'],
  ])('use the plural forms of their language: %s', (language, one, two, many) => {
    const { newPosts } = words(language);
    expect([1, 2, 1_200].map((count) => counted(newPosts, count, words(language)))).toEqual([one, two, many]);
  });

  it('have the five Arabic plural forms that can occur', () => {
    const { newPosts } = words('ar');
    const forms = [1, 2, 3, 11, 100].map((count) => counted(newPosts, count, words('ar')).replace(/[\d٠-٩]+/g, '#'));
    expect(forms).toEqual(['منشور جديد واحد', 'منشوران جديدان', '# منشورات جديدة', '# منشورًا جديدًا', '# منشور جديد']);
  });

  const inOneSentence: Record<Language, string> = {
    en: '3 new posts, 1 correction, 2 withdrawn',
    de: '3 neue Beiträge, 1 Korrektur und 2 zurückgezogen',
    fr: '3 nouveaux messages, 1 correction et 2 retirés',
    es: '3 mensajes nuevos, 1 corrección, 2 retirados',
    ar: '3 منشورات جديدة، وتصحيح واحد، وسُحب منشوران',
  };
  it.each(Object.entries(inOneSentence))('summarize what is new in one sentence without zero counts: %s', (language, said) => {
    const text = (posts: number, corrections: number, withdrawals: number) =>
      newsText({ posts, corrections, withdrawals }, words(language)).replace(/٣/, '3');
    expect(text(3, 1, 2)).toBe(said);
    expect(text(0, 0, 0)).toBe('');
    expect(said.startsWith(text(3, 0, 0))).toBe(true);
  });

  it('are found for every region and script of their language, and for no other language', () => {
    expect(['de-AT', 'ar-EG', 'ES-419', 'fr'].map((language) => wordsIn(language)?.language)).toEqual(['de', 'ar', 'es', 'fr']);
    for (const none of ['pl', '', 'constructor', '__proto__'])
      expect([none, wordsIn(none), pageWordsIn(none)]).toEqual([none, undefined, undefined]);
    expect(pageWordsIn('AR-eg')).toBe(pageWords('ar'));
  });

  it('are loaded for the language of the page, and not loaded for a language without words', async () => {
    expect(loaded.wordsIn('en-GB')).toBe(words('en'));
    for (const language of languages) {
      const tag = `${language}-AT`;
      expect(loaded.isLoaded(tag)).toBe(language === 'en');
      await loaded.loadWords(tag);
      expect([loaded.isLoaded(tag), loaded.wordsIn(tag), loaded.pageWordsIn(tag), loaded.elementWordsIn(tag)]).toEqual([
        true,
        words(language),
        pageWords(language),
        // The element itself contains its English words.
        language === 'en' ? undefined : elementWordsIn(language),
      ]);
    }
    expect([loaded.isLoaded('pl'), loaded.wordsIn('pl')]).toEqual([true, undefined]);
  });

  it('have a form for every plural category of their language', () => {
    for (const language of languages) {
      const { newPosts, corrections, withdrawals } = words(language);
      const { saidNewer, saidOlder } = pageWords(language);
      // Counts of zero and of a million, with the forms that Spanish and French have for them, never occur.
      for (const { pluralCategories } of [new Intl.PluralRules(language).resolvedOptions()])
        for (const category of pluralCategories)
          if (category !== 'zero' && (category !== 'many' || language === 'ar'))
            for (const plural of [newPosts, corrections, withdrawals, saidNewer, saidOlder])
              expect(plural[category] ?? '', `${language} ${category}`).not.toBe('');
    }
  });

  const everythingIn = (language: Language) =>
    JSON.stringify(
      [words, pageWords, siteWordsIn, serverWordsIn, versionWordsIn, elementWordsIn].map((of) => of(language)),
      (_, value) => (typeof value === 'function' ? value('X', 'Y') : value),
    );

  it('are not empty in any language', () => {
    for (const language of languages) expect(everythingIn(language)).not.toMatch(/""|undefined/);
  });

  it('name their language', () => {
    expect(languages.map((language) => words(language).language)).toEqual(languages);
  });

  it('exist in the languages that the README names', () => {
    const names = languages.map((language) => new Intl.DisplayNames('en', { type: 'language' }).of(language) ?? language);
    const list = new Intl.ListFormat('en-GB', { type: 'disjunction' }).format(names);
    expect(readFileSync('README.md', 'utf8')).toContain(`Pages and the element use the language of the channel: ${list}.`);
  });

  it('do not break the line before a colon or inside quotation marks, in French', () => {
    expect(everythingIn('fr')).not.toMatch(/(?<![\u00a0"])[:»]|(?<!\u202f)[;!?]|«(?!\u00a0)/);
    expect(everythingIn('fr')).toContain('«\u00a0X\u00a0»');
  });
});

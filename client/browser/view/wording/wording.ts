import { type CorrectionWords, correctionWordsIn } from '../../i18n/corrections.ts';
import { page as enPage } from '../../i18n/en.ts';
import { pageWordsIn } from '../../i18n/index.ts';
import { type Language, primaryOf } from '../../i18n/languages.ts';
import { type ServerWords, serverWordsIn } from '../../i18n/server.ts';
import type { PageWords } from '../../i18n/words.ts';
import { directionOf } from '../direction.ts';
import { attribute, type Html, html, nothing } from '../html.ts';
import { type Setting, wordsOf } from './time.ts';

/** Inserts interface words into a page that may be in another language. */

/** The words of the server's own pages. English if the language is not supported. */
export function pageWordsOf({ language }: Pick<Setting, 'language'>): PageWords {
  return pageWordsIn(language) ?? enPage;
}

/** Words that only the server renders. */
export function serverWordsOf(setting: Pick<Setting, 'words' | 'language'>): ServerWords {
  return serverWordsIn(wordsOf(setting).language);
}

/** Words about the corrections of a channel. Pages load none of them, and the element loads them with its list of corrections. */
export function correctionWordsOf(setting: Pick<Setting, 'words' | 'language'>): CorrectionWords {
  return correctionWordsIn(wordsOf(setting).language);
}

/** A sentence with markup inserted in its place. */
export function around(sentence: (part: string) => string, part: Html): Html {
  const [before, after] = sentence(place).split(place);
  return html`${before}${part}${after}`;
}

/** Occurs in no sentence. */
const place = '\n';

/** `lang` and `dir` for interface words whose language differs from that of the page; else nothing. */
export function spoken(setting: Pick<Setting, 'words' | 'language'>): Html {
  const language = otherLanguage(setting);
  return language === null ? nothing : html`${attribute('lang', language)}${attribute('dir', directionOf(language))}`;
}

/** The language of the words, if it differs from that of the page. */
export function otherLanguage(setting: Pick<Setting, 'words' | 'language'>): Language | null {
  const { language } = wordsOf(setting);
  return primaryOf(setting.language) === language ? null : language;
}

/** Names of the parts of a channel's page, by element id. The script sets them again when the channel changes its language. */
export const partNames = {
  pinned: (setting) => wordsOf(setting).pinned,
  summary: (setting) => pageWordsOf(setting).storySoFar,
  'key-events': (setting) => wordsOf(setting).keyEvents,
  since: (setting) => pageWordsOf(setting).missed,
  newer: (setting) => wordsOf(setting).newerPosts,
  older: (setting) => wordsOf(setting).olderPosts,
} as const satisfies Record<string, (setting: Pick<Setting, 'language'>) => string>;

/** Ids of elements that contain only interface words, in the language that `spoken` gives. Not every page has all of them. */
export const spokenParts = ['connection-text', 'pause', 'new-posts', 'since', 'posts-name', 'announcement'] as const;

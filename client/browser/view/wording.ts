import { page as enPage } from '../i18n/en.ts';
import { pageWordsIn } from '../i18n/index.ts';
import { type Language, primaryOf } from '../i18n/languages.ts';
import { type ServerWords, serverWordsIn } from '../i18n/server.ts';
import type { PageWords } from '../i18n/words.ts';
import { directionOf } from './direction.ts';
import { attribute, type Html, html, nothing } from './html.ts';
import { type Setting, wordsOf } from './time.ts';

/** How words of a language get into a page, which may be in another one. */

/** What the server's own pages say beyond what `wordsOf` has. English for a language that there are no words in. */
export function pageWordsOf({ language }: Pick<Setting, 'language'>): PageWords {
  return pageWordsIn(language) ?? enPage;
}

/** What only pages say that no script draws. */
export function serverWordsOf(setting: Pick<Setting, 'words' | 'language'>): ServerWords {
  return serverWordsIn(wordsOf(setting).language);
}

/** A sentence with markup in its place. */
export function around(sentence: (part: string) => string, part: Html): Html {
  const [before, after] = sentence(place).split(place);
  return html`${before}${part}${after}`;
}

/** Stands in no sentence. */
const place = '\n';

/** `lang` and `dir` for what is said in another language than the page's, where it has no words of ours; else nothing. */
export function spoken(setting: Pick<Setting, 'words' | 'language'>): Html {
  const language = otherLanguage(setting);
  return language === null ? nothing : html`${attribute('lang', language)}${attribute('dir', directionOf(language))}`;
}

/** The language of the words, where it is not the one of the page. */
export function otherLanguage(setting: Pick<Setting, 'words' | 'language'>): Language | null {
  const { language } = wordsOf(setting);
  return primaryOf(setting.language) === language ? null : language;
}

/** Names of parts of a channel's page, by the id of the element. The script names them again where the language of the channel changes. */
export const partNames = {
  pinned: (setting) => wordsOf(setting).pinned,
  summary: (setting) => pageWordsOf(setting).storySoFar,
  'key-events': (setting) => wordsOf(setting).keyEvents,
  since: (setting) => pageWordsOf(setting).missed,
  newer: (setting) => wordsOf(setting).newerPosts,
  older: (setting) => wordsOf(setting).olderPosts,
} as const satisfies Record<string, (setting: Pick<Setting, 'language'>) => string>;

/** Elements that hold our words and nothing else, by id, in the language that `spoken` tells; not every page has them all. */
export const spokenParts = ['connection-text', 'new-posts', 'since', 'posts-name', 'to-posts', 'announcement'] as const;

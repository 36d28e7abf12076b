import { type SiteWords, siteWordsIn } from '../../i18n/site.ts';
import { counted } from './counts.ts';
import type { Setting } from './time.ts';

export { type Language, languages } from '../../i18n/languages.ts';

/** The words of pages without a channel, and of signing in. English if the language is not supported. */
export function siteWordsOf({ language }: Pick<Setting, 'language'>): SiteWords {
  return siteWordsIn(language);
}

/** "Try again in 5 seconds." */
export function tryAgainText(seconds: number, setting: Pick<Setting, 'language'>): string {
  return counted(siteWordsOf(setting).tryAgain, Math.ceil(seconds), setting);
}

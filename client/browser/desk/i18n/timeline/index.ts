import type { Language } from '../../../i18n/languages.ts';
import { deskWordsIn } from '../loaded.ts';
import type { TimelineWords } from './words.ts';

export type { TimelineWords } from './words.ts';

/** The words of the timeline in this language. */
export function timelineWordsIn(language: Language): TimelineWords {
  return deskWordsIn(language).timeline;
}

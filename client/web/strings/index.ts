import { ar } from './ar.ts';
import { de } from './de.ts';
import { en } from './en.ts';
import { es } from './es.ts';
import { fr } from './fr.ts';
import type { Words } from './words.ts';

/** The languages that there are words in. Another one is a file, and a line here. */
const languages: Readonly<Record<string, Words>> = { ar, de, en, es, fr };

/** The words of a language, whatever its region or script; undefined where there are none. */
export function wordsIn(language: string): Words | undefined {
  const primary = language.toLowerCase().split('-')[0] ?? '';
  return Object.hasOwn(languages, primary) ? languages[primary] : undefined;
}

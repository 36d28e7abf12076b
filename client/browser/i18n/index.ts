import { words as ar, element as arElement, page as arPage } from './ar.ts';
import { words as de, element as deElement, page as dePage } from './de.ts';
import { words as en, element as enElement, page as enPage } from './en.ts';
import { words as es, element as esElement, page as esPage } from './es.ts';
import { words as fr, element as frElement, page as frPage } from './fr.ts';
import { type Language, languageOf } from './languages.ts';
import type { ElementWords, PageWords, Words } from './words.ts';

const words: Readonly<Record<Language, Words>> = { ar, de, en, es, fr };

/** Separate tables, so that a bundle that uses one leaves out the others. */
const pages: Readonly<Record<Language, PageWords>> = { ar: arPage, de: dePage, en: enPage, es: esPage, fr: frPage };

const elements: Readonly<Record<Language, ElementWords>> = {
  ar: arElement,
  de: deElement,
  en: enElement,
  es: esElement,
  fr: frElement,
};

/** The words of a language, regardless of region and script. Undefined if the language is not supported. */
export function wordsIn(language: string): Words | undefined {
  return of(words, language);
}

/** The words of the server's own pages and feeds. */
export function pageWordsIn(language: string): PageWords | undefined {
  return of(pages, language);
}

/** The words of the embedded element. */
export function elementWordsIn(language: string): ElementWords | undefined {
  return of(elements, language);
}

function of<T>(table: Readonly<Record<Language, T>>, tag: string): T | undefined {
  const language = languageOf(tag);
  return language && table[language];
}

/** Here all languages are loaded. In page scripts the build replaces this file with `loaded.ts`, which includes only English. */
export function isLoaded(_language: string): boolean {
  return true;
}

export async function loadWords(_language: string): Promise<void> {}

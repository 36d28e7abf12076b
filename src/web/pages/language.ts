import type { Request, Response } from 'express';
import { html, type Part } from '../../../client/browser/view/html.ts';
import { type Language, languages } from '../../../client/browser/view/wording/site-wording.ts';
import { vary } from '../../http/answers.ts';

/**
 * The language of a page without a channel: of the languages with translations, the one that the reader prefers, otherwise
 * English.
 */
export function languageFor(req: Request, res: Response): Language {
  vary(res, 'Accept-Language');
  return (req.acceptsLanguages([...languages]) as Language | false) || languages[0];
}

/** Marks English text on a page in another language. */
export function inEnglish(text: string, language: string): Part {
  return language === 'en' ? text : html`<span lang="en" dir="ltr">${text}</span>`;
}

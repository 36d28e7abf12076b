import type { Request, Response } from 'express';
import { html, type Part } from '../../../client/browser/view/html.ts';
import { type Language, languages } from '../../../client/browser/view/site-wording.ts';
import { vary } from '../../http/answers.ts';

/** The language of a page that belongs to no coverage: of those that there are words in, the one its reader likes best, else English. */
export function languageFor(req: Request, res: Response): Language {
  vary(res, 'Accept-Language');
  return (req.acceptsLanguages([...languages]) as Language | false) || languages[0];
}

/** Words that are there in English alone, on a page of another language. */
export function inEnglish(text: string, language: string): Part {
  return language === 'en' ? text : html`<span lang="en" dir="ltr">${text}</span>`;
}

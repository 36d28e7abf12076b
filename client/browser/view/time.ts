import { words as en } from '../i18n/en.ts';
import { wordsIn } from '../i18n/index.ts';
import type { Words } from '../i18n/words.ts';
import { type Html, html } from './html.ts';

/** How a page tells things: times in the zone and language of the channel, and the words around its posts. */
export interface Setting {
  /** IANA name. */
  timezone: string;
  /** BCP 47. */
  language: string;
  /** Those of the language where none are given. */
  words?: Words;
  /** Which way the language of the coverage runs, and the name of its digits as CLDR has it, whatever those of the words. */
  runs?: 'ltr' | 'rtl';
  digits?: string;
  /** Where the server is, for a page that is not one of its own: `https://live.example.org`. */
  server?: string;
}

/** English for a language that there are no words in. */
export function wordsOf({ words, language }: Pick<Setting, 'words' | 'language'>): Words {
  return words ?? wordsIn(language) ?? en;
}

/** `<time>` with hour, minute and the label of the zone: "14:05 UTC"; in its title the whole date and the zone's name. */
export function clock(at: string, setting: Setting): Html {
  return time(at, clockText(at, setting), setting);
}

/** The same, with the day before it unless that is the day of `beside`, which the reader sees there. */
export function clockBeside(at: string, beside: string | null, setting: Setting): Html {
  return time(at, textBeside(at, beside, setting), setting);
}

/** The same as text. */
export function textBeside(at: string, beside: string | null, setting: Setting): string {
  return (beside !== null && sameDay(at, beside, setting) ? clockText : datedText)(at, setting);
}

function time(at: string, text: string, setting: Setting): Html {
  return html`<time datetime="${at}" title="${momentOf(at, setting)}">${text}</time>`;
}

/** "14:05 UTC", always of 24 hours, so that a newsroom abroad is not misread. */
export function clockText(at: string, setting: Setting): string {
  return formats(setting).clock.format(new Date(at));
}

/** "Jul 21, 1969, 14:05 UTC", for a time that stands alone. With its year, also in the year itself: pages are printed, and kept. */
export function datedText(at: string, setting: Setting): string {
  return `${shortDayOf(at, setting)}${wordsOf(setting).comma}${clockText(at, setting)}`;
}

/** "Monday, July 21, 1969 at 14:05 Coordinated Universal Time", as the language writes it. */
export function momentOf(at: string, setting: Setting): string {
  return formats(setting).moment.format(new Date(at));
}

/** "Monday, July 21, 1969", as the language writes it. */
export function dayOf(at: string, setting: Setting): string {
  return formats(setting).day.format(new Date(at));
}

/** "21 Jul 1969" or "Jul 21, 1969", as the language writes it. */
function shortDayOf(at: string, setting: Setting): string {
  return formats(setting).shortDay.format(new Date(at));
}

export function sameDay(one: string, other: string, setting: Setting): boolean {
  return dayOf(one, setting) === dayOf(other, setting);
}

interface Formats {
  clock: Intl.DateTimeFormat;
  moment: Intl.DateTimeFormat;
  day: Intl.DateTimeFormat;
  shortDay: Intl.DateTimeFormat;
  ago: Intl.RelativeTimeFormat;
  number: Intl.NumberFormat;
}

/** Formats made before: making one costs more than rendering a post. Dropped when there are this many. */
const made = new Map<string, Formats>();
const mostMade = 200;

export function formats({ language, timezone }: Pick<Setting, 'language'> & Partial<Setting>): Formats {
  const key = `${language} ${timezone}`;
  const before = made.get(key);
  if (before) return before;
  if (made.size >= mostMade) made.clear();
  const fresh = makeFormats(language, timezone);
  made.set(key, fresh);
  return fresh;
}

/** A browser may know fewer languages and zones than the server that took them: then English, then UTC, which the label says. */
function makeFormats(language: string, timezone: string | undefined): Formats {
  for (const [locale, timeZone] of [
    [language, timezone],
    ['en', timezone],
  ] as const) {
    try {
      return formatsOf(locale, timeZone);
    } catch {
      // The next one.
    }
  }
  return formatsOf('en', 'UTC');
}

function formatsOf(locale: string, timeZone: string | undefined): Formats {
  const clock = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone } as const;
  const day = { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric', timeZone } as const;
  return {
    clock: new Intl.DateTimeFormat(locale, { ...clock, timeZoneName: 'short' }),
    moment: new Intl.DateTimeFormat(locale, { ...day, ...clock, timeZoneName: 'long' }),
    day: new Intl.DateTimeFormat(locale, day),
    shortDay: new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', year: 'numeric', timeZone }),
    ago: new Intl.RelativeTimeFormat(locale, { style: 'short', numeric: 'auto' }),
    number: new Intl.NumberFormat(locale),
  };
}

import { words as en } from '../../i18n/en.ts';
import { wordsIn } from '../../i18n/index.ts';
import type { Words } from '../../i18n/words.ts';
import { type Html, html } from '../html.ts';

/** How a page shows times and words: the zone and language of the channel. */
export interface Setting {
  /** IANA name. */
  timezone: string;
  /** BCP 47. */
  language: string;
  /** Default: the words of the language. */
  words?: Words;
  /** The direction of the channel's language and the CLDR name of its digits. They may differ from those of the words. */
  runs?: 'ltr' | 'rtl';
  digits?: string;
  /** The server's address, for a page that is not on the server: `https://live.example.org`. */
  server?: string;
  /** For the server's own pages, what their paths begin with: nothing, or the base path. */
  basePath?: string | undefined;
  /** For pages with a script, the sites whose posts it may show in a frame: names by provider, and by host for Mastodon. */
  embeds?: Readonly<Record<string, string>>;
}

/** English if the language is not supported. */
export function wordsOf({ words, language }: Pick<Setting, 'words' | 'language'>): Words {
  return words ?? wordsIn(language) ?? en;
}

/** A `<time>` such as "14:05 UTC". Its title has the full date and the name of the zone. */
export function clock(at: string, setting: Setting): Html {
  return time(at, clockText(at, setting), setting);
}

/** Like `clock`, preceded by the day unless it is the day of `beside`. */
export function clockBeside(at: string, beside: string | null, setting: Setting): Html {
  return time(at, textBeside(at, beside, setting), setting);
}

/** Like `clockBeside`, as text. */
export function textBeside(at: string, beside: string | null, setting: Setting): string {
  return (beside !== null && sameDay(at, beside, setting) ? clockText : datedText)(at, setting);
}

function time(at: string, text: string, setting: Setting): Html {
  return html`<time datetime="${at}" title="${momentOf(at, setting)}">${text}</time>`;
}

/** "14:05 UTC", always in 24 hours, so that readers abroad do not misread it. */
export function clockText(at: string, setting: Setting): string {
  return formats(setting).clock.format(new Date(at));
}

/** "Jul 21, 1969, 14:05 UTC", for a time on its own. Always with the year, because pages are printed and kept. */
export function datedText(at: string, setting: Setting): string {
  return `${shortDayOf(at, setting)}${wordsOf(setting).comma}${clockText(at, setting)}`;
}

/** "Monday, July 21, 1969 at 14:05 Coordinated Universal Time" in the page's language. */
export function momentOf(at: string, setting: Setting): string {
  return formats(setting).moment.format(new Date(at));
}

/** "Monday, July 21, 1969" in the page's language. */
export function dayOf(at: string, setting: Setting): string {
  return formats(setting).day.format(new Date(at));
}

/** "21 Jul 1969" or "Jul 21, 1969" in the page's language. */
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

/** Cached formats: making one costs more than rendering a post. The cache is emptied at this size. */
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

/** A browser may know fewer languages and zones than the server. Falls back to English, then to UTC, which the label says. */
function makeFormats(language: string, timezone: string | undefined): Formats {
  for (const [locale, timeZone] of [
    [language, timezone],
    ['en', timezone],
  ] as const) {
    try {
      return formatsOf(locale, timeZone);
    } catch {
      // Try the next one.
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

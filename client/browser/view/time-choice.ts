import { type Html, html } from './html.ts';
import { formats, type Setting } from './time.ts';
import { pageWordsOf, spoken } from './wording.ts';

/** How a reader may have times told: in the zone of the coverage, in their own, or as how long ago. */
export const timeChoices = ['coverage', 'own', 'ago'] as const;
export type TimeChoice = (typeof timeChoices)[number];

/** The times that may be told as how long ago; one in the middle of a sentence stays what the sentence is made for. */
export const timesAlone = 'time:not(.dated *, .since *)';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** What is older is told by its date: "yesterday" and "31 hours ago" have a reader count. */
const longestMs = 24 * hourMs;

/**
 * "now", "2 min. ago", "3 hr. ago", as the language writes it; null where it was longer ago than a day. What was is never told as to
 * come, whatever the reader's clock says. `at`: RFC 3339. `now`: milliseconds since 1970.
 */
export function agoText(at: string, now: number, { language }: Pick<Setting, 'language'>): string | null {
  const ms = Math.max(0, now - Date.parse(at));
  if (ms >= longestMs) return null;
  const { ago } = formats({ language });
  if (ms < minuteMs) return ago.format(0, 'second');
  const minutes = Math.floor(ms / minuteMs);
  return minutes < 60 ? ago.format(-minutes, 'minute') : ago.format(-Math.floor(ms / hourMs), 'hour');
}

/** "UTC", "GMT+10:30": how the zone is called at a moment, in milliseconds since 1970. */
export function zoneLabel(setting: Setting, now: number): string {
  const parts = formats(setting).clock.formatToParts(now);
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? setting.timezone;
}

/** The reader's own zone, where the browser knows one. */
export function ownZone(): string | undefined {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** A page of several channels has no zone of its own. */
export type ChoiceSetting = Pick<Setting, 'language'> & { timezone: string | null };

/** The list to choose from. A reader in the zone of the coverage has nothing to gain from their own. */
export function renderTimeChoice({ language, timezone }: ChoiceSetting, own: string | undefined, now: number): Html {
  const { times, coverageTime, ownTime, howLongAgo } = pageWordsOf({ language });
  const option = (choice: TimeChoice, name: string, zone: string | null = null) =>
    html`<option value="${choice}">${name}${zone !== null && ` (${zoneLabel({ language, timezone: zone }, now)})`}</option>`;
  return html`<label${spoken({ language })}>${times} <select autocomplete="off">${option('coverage', coverageTime, timezone)}${
    own !== undefined && own !== timezone && option('own', ownTime, own)
  }${option('ago', howLongAgo)}</select></label>`;
}

import { type Html, html } from '../html.ts';
import { formats, type Setting } from './time.ts';
import { pageWordsOf, spoken } from './wording.ts';

/** How times are shown: in the channel's zone, in the reader's zone, or as relative times. */
export const timeChoices = ['coverage', 'own', 'ago'] as const;
export type TimeChoice = (typeof timeChoices)[number];

/** Times that may become relative. A time in the middle of a sentence stays as it is. */
export const timesAlone = 'time:not(.dated *, .since *)';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** Older times are shown as dates: "31 hours ago" would make the reader count. */
const longestMs = 24 * hourMs;

/**
 * "now", "2 min. ago" or "3 hr. ago" in the given language. Null if it is more than a day ago. A wrong clock never makes a past
 * time appear in the future. `at`: RFC 3339. `now`: milliseconds since 1970.
 */
export function agoText(at: string, now: number, { language }: Pick<Setting, 'language'>): string | null {
  const ms = Math.max(0, now - Date.parse(at));
  if (ms >= longestMs) return null;
  const { ago } = formats({ language });
  if (ms < minuteMs) return ago.format(0, 'second');
  const minutes = Math.floor(ms / minuteMs);
  return minutes < 60 ? ago.format(-minutes, 'minute') : ago.format(-Math.floor(ms / hourMs), 'hour');
}

/** The label of the zone at that time, such as "UTC" or "GMT+10:30". `now`: milliseconds since 1970. */
export function zoneLabel(setting: Setting, now: number): string {
  const parts = formats(setting).clock.formatToParts(now);
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? setting.timezone;
}

/** The reader's zone, if the browser knows it. */
export function ownZone(): string | undefined {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** A page with several channels has no zone of its own. */
export type ChoiceSetting = Pick<Setting, 'language'> & { timezone: string | null };

/** The list of choices. The reader's own zone is left out if it is the channel's zone. */
export function renderTimeChoice({ language, timezone }: ChoiceSetting, own: string | undefined, now: number): Html {
  const { times, coverageTime, ownTime, howLongAgo } = pageWordsOf({ language });
  const option = (choice: TimeChoice, name: string, zone: string | null = null) =>
    html`<option value="${choice}">${name}${zone !== null && ` (${zoneLabel({ language, timezone: zone }, now)})`}</option>`;
  return html`<label${spoken({ language })}>${times} <select autocomplete="off">${option('coverage', coverageTime, timezone)}${
    own !== undefined && own !== timezone && option('own', ownTime, own)
  }${option('ago', howLongAgo)}</select></label>`;
}

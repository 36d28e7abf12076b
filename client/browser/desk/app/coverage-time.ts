import type { Channel } from '../../../../src/protocol/model.ts';
import { type Language, languageOf } from '../../i18n/languages.ts';
import { clockText, datedText, type Setting, textBeside } from '../../view/wording/time.ts';
import { ownZone, zoneLabel } from '../../view/wording/time-choice.ts';

/** Times around the posts of a coverage: in the words of the desk, with the time zone named as in the posts. */

/** Undefined until the coverage is loaded. Times are then in the zone of this device. */
type Coverage = Pick<Channel, 'language' | 'timezone'> | undefined;

/** "14:05 CET" */
export function clockIn(coverage: Coverage, at: string, language: Language): string {
  const own = ownSetting(coverage, language);
  return withZoneOf(coverage, clockText(at, own), at, own);
}

/** "30 Nov 2026, 14:05 CET" */
export function datedIn(coverage: Coverage, at: string, language: Language): string {
  const own = ownSetting(coverage, language);
  return withZoneOf(coverage, datedText(at, own), at, own);
}

/** Like `clockIn`, preceded by the day unless it is today. */
export function sinceIn(coverage: Coverage, at: string, language: Language): string {
  const own = ownSetting(coverage, language);
  return withZoneOf(coverage, textBeside(at, new Date().toISOString(), own), at, own);
}

function ownSetting(coverage: Coverage, language: Language): Setting {
  return { language: regional(language), timezone: coverage?.timezone ?? ownZone() ?? 'UTC' };
}

/** The language of the desk as the author's browser has it, such as en-GB: regions write times and zones differently. */
function regional(language: Language): string {
  return navigator.languages.find((tag) => languageOf(tag) === language) ?? language;
}

/** The same zone has several names: it is CET in en-GB, GMT+1 in en and MEZ in de. */
function withZoneOf(coverage: Coverage, text: string, at: string, own: Setting): string {
  if (coverage === undefined) return text;
  const now = Date.parse(at);
  return text.replace(zoneLabel(own, now), () => zoneLabel(coverage, now));
}

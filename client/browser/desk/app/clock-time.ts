import type { Language } from '../../i18n/languages.ts';

/** A time of day in the time zone of this device, with its day if that is not today: `23:40`, `Tue 01:15`. */
export function clockTime(ms: number, language: Language, now = new Date()): string {
  const at = new Date(ms);
  const isToday = at.toDateString() === now.toDateString();
  const options = {
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    ...(isToday ? {} : { weekday: 'short' as const }),
  } as const;
  return new Intl.DateTimeFormat(language, options).format(at);
}

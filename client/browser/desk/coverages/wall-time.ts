/** Converts between a time and what a clock on the wall of a zone shows, as in `<input type="datetime-local">`: `2026-11-24T14:05`. */

export function wallTimeOf(at: string, timezone: string): string {
  return new Date(Date.parse(at) + offsetMs(Date.parse(at), timezone)).toISOString().slice(0, 16);
}

/**
 * The time at which that clock shows it. An hour that a clock skips in spring counts as the hour after it, and of an hour that it shows
 * twice in autumn the first is meant. Undefined if it is not a time.
 */
export function timeOfWall(wall: string, timezone: string): string | undefined {
  const asUtc = Date.parse(`${wall}Z`);
  if (Number.isNaN(asUtc)) return undefined;
  const dayMs = 86_400_000;
  const [before, after] = [offsetMs(asUtc - dayMs, timezone), offsetMs(asUtc + dayMs, timezone)];
  const fitting = [before, after].map((offset) => asUtc - offset).filter((at) => at + offsetMs(at, timezone) === asUtc);
  return new Date(fitting.length > 0 ? Math.min(...fitting) : asUtc - before).toISOString();
}

/** How far the zone is ahead of UTC at that time. */
function offsetMs(at: number, timezone: string): number {
  const parts = new Intl.DateTimeFormat('en-u-ca-iso8601-nu-latn', {
    timeZone: timezone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(at);
  const part = (type: string) => Number(parts.find((one) => one.type === type)?.value);
  const wall = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
  return wall - Math.floor(at / 1_000) * 1_000;
}

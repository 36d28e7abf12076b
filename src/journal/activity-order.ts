import type { Channel, ChannelState, ListedChannel } from '../protocol/model.ts';
import { formatPageKey, parsePageKey } from './channel-pages.ts';

/** The order of lists of channels by activity. See `Journal.channels`. */

/** In place of a date, for a scheduled channel without `startsAt`. Sorts after every date. */
const noDate = '~';
/** Stands for `noDate` in a page. Later than every date of a channel, whose year has four digits. */
const noDateTime = 999_999_999_999_999;

/** The fields of a channel that `activityOf` reads. */
type ActivityFacts = Pick<ListedChannel, 'state' | 'startsAt' | 'createdAt' | 'startedAt' | 'endedAt' | 'latestPostAt'>;

/** The date that orders a channel among those of its state: RFC 3339, in UTC with milliseconds, so that text order is time order. */
export function activityOf({ latestPostAt, ...channel }: ActivityFacts): string {
  return (channel.state === 'live' ? latestPostAt : null) ?? activityWithoutPosts(channel);
}

/** The same for a channel that has no posts yet. Posts only matter to live channels. */
export function activityWithoutPosts({
  state,
  startsAt,
  createdAt,
  startedAt,
  endedAt,
}: Pick<Channel, Exclude<keyof ActivityFacts, 'latestPostAt'>>): string {
  switch (state) {
    case 'live':
      return startedAt ?? createdAt;
    case 'scheduled':
      return startsAt ?? noDate;
    case 'ended':
      return endedAt ?? createdAt;
  }
}

/** Scheduled channels are listed soonest first, all others latest first. Equal dates are ordered by id, in the same direction. */
export function isAscending(state: ChannelState): boolean {
  return state === 'scheduled';
}

/** Sorts channels of one state by the dates that they show. */
export function sortByActivity<Listed extends ActivityFacts & Pick<Channel, 'id'>>(
  channels: Listed[],
  state: ChannelState,
): Listed[] {
  const keyed = channels.map((channel) => ({ channel, key: `${activityOf(channel)} ${channel.id}` }));
  const sorted = keyed.sort((one, other) => (one.key < other.key ? -1 : 1)).map(({ channel }) => channel);
  return isAscending(state) ? sorted : sorted.reverse();
}

/** The place of a channel in the list. */
export interface ActivityPlace {
  date: string;
  id: string;
}

/** The `next` of a page that ends with the channel. */
export function pageAfter({ date, id }: ActivityPlace): string {
  return formatPageKey({ timeMs: date === noDate ? noDateTime : Date.parse(date), id });
}

/** Undefined: malformed. */
export function placeOfPage(page: string): ActivityPlace | undefined {
  const key = parsePageKey(page);
  if (key === undefined) return undefined;
  const { timeMs, id } = key;
  if (timeMs === noDateTime) return { date: noDate, id };
  const date = new Date(timeMs).toISOString();
  return /^\d{4}-/.test(date) ? { date, id } : undefined;
}

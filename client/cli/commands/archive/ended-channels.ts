import { parseCursor } from '../../../../src/protocol/cursor.ts';
import type { JournalLine, ListedChannel, ServerEntry } from '../../../../src/protocol/model.ts';
import { bodyWithField } from '../../../lib/http.ts';
import { queryString } from '../../../lib/platform.ts';
import { CommandFailed } from '../../command-errors.ts';
import { type Asking, type ChannelList, listChannels } from '../every-channel.ts';

/** Which channels ended, and when each was changed for the last time. Dates are RFC 3339 in UTC, so they compare as text. */

/** The channels that ended, and got their last post, before `cutoff`. */
export async function channelsEndedBefore(cutoff: string, asking: Asking): Promise<ChannelList> {
  const { channels, complete } = await listChannels({ state: 'ended', order: 'activity' }, asking);
  const isOld = ({ state, endedAt, updatedAt, latestPostAt }: ListedChannel) =>
    state === 'ended' && latest(endedAt, updatedAt, latestPostAt) <= cutoff;
  return { channels: channels.filter(isOld), complete };
}

export interface Head {
  cursor: string;
  /** The date of the last entry. */
  at: string;
}

/** The last entry of a channel. Every change of the channel or of a post is one. */
export async function headOf(channelId: string, { http, interrupted, retrying }: Asking): Promise<Head> {
  const path = `/v1/channels/${encodeURIComponent(channelId)}`;
  const snapshot = await retrying(() => http.get(`${path}/snapshot${queryString({ limit: 1 })}`, interrupted));
  const { cursor } = bodyWithField<{ cursor: string }>('cursor', snapshot);
  const from = parseCursor(cursor)?.offset ?? 0;
  const journal = await retrying(() => http.get(`${path}/journal${queryString({ from, limit: 1 })}`, interrupted));
  const [entry] = bodyWithField<{ entries: JournalLine[] }>('entries', journal).entries;
  if (entry?.offset !== from) throw new CommandFailed('The server does not show the last entry of its journal.');
  return { cursor, at: entry.at };
}

/** What the server's own journal says about channels. */
export interface ChannelActs {
  /** When each channel was created or imported for the last time. An import keeps the dates of its entries. */
  createdAt: Map<string, string>;
  deletions: Map<string, { at: string; by: string }>;
}

export async function channelActs({ http, interrupted, retrying }: Asking): Promise<ChannelActs> {
  const acts: ChannelActs = { createdAt: new Map(), deletions: new Map() };
  for (let from = 1, more = true; more; ) {
    const answer = await retrying(() => http.get(`/v1/journal${queryString({ from, limit: 100 })}`, interrupted));
    const page = bodyWithField<{ entries: ServerEntry[]; more: boolean }>('entries', answer);
    for (const { type, subject, at, by } of page.entries) {
      if (subject === null) continue;
      if (type === 'channel.created' || type === 'channel.imported') acts.createdAt.set(subject, at);
      if (type === 'channel.deleted') acts.deletions.set(subject, { at, by });
    }
    from = (page.entries.at(-1)?.offset ?? from) + 1;
    more = page.more && page.entries.length > 0;
  }
  return acts;
}

export function latest(...dates: readonly (string | null | undefined)[]): string {
  return dates.reduce<string>((last, date) => (date && date > last ? date : last), '');
}

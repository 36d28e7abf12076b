import type { ChannelState, ListedChannel } from '../../../../src/protocol/model.ts';
import { type Grants, mayAuthor, type Principal } from '../../../../src/protocol/rights.ts';
import type { AuthorClient } from '../../../lib/author-client.ts';
import { ProblemError } from '../../../lib/http.ts';

/** The coverages in one state that the author may write in, as far as they are loaded. */
export interface Section {
  coverages: readonly ListedChannel[];
  /** The next page of the list. Null at the end. */
  next: string | null;
}
export type Sections = Record<ChannelState, Section>;

export interface LoadedCoverages {
  sections: Sections;
  /** Channels that the token names and that were deleted. Their ids are not used again. */
  deleted: readonly string[];
}

/** The server lists all channels, so several pages may hold none in which this author may write. */
const pagesAtOnce = 5;
const pageChannels = 100;
/** A page of the desk's list is full with this many coverages. */
const enoughCoverages = 30;
/** How many channels that the token names are looked up one by one. */
const namedMost = 50;
/** How long each request may take, milliseconds. */
const deadlineMs = 8_000;

type Client = Pick<AuthorClient, 'listChannels' | 'getChannel' | 'listPosts'>;

/** Loads the first coverages of each state. */
export async function loadSections(client: Client, who: Principal): Promise<LoadedCoverages> {
  const named = namedIn(who.grants);
  const [live, scheduled, ended] = await Promise.all([
    loadSection(client, who, 'live'),
    loadSection(client, who, 'scheduled'),
    loadSection(client, who, 'ended'),
  ]);
  const sections: Sections = { live, scheduled, ended };
  const listed = new Set(Object.values(sections).flatMap(({ coverages }) => coverages.map(({ id }) => id)));
  // The list may hold these only further back.
  const missing = named.filter((id) => !listed.has(id)).slice(0, namedMost);
  const deleted: string[] = [];
  for (const [at, channel] of (await Promise.all(missing.map((id) => lookUp(client, id)))).entries()) {
    if (channel === 'deleted') deleted.push(missing[at] as string);
    if (typeof channel !== 'object') continue;
    const section = sections[channel.state];
    sections[channel.state] = { ...section, coverages: [...section.coverages, channel].sort(byActivity) };
  }
  return { sections, deleted };
}

/** The named channels that can still be created. `sections`: contains every named channel that exists. */
export function freeIds(named: readonly string[], { sections, deleted }: LoadedCoverages): string[] {
  const taken = new Set([...deleted, ...Object.values(sections).flatMap(({ coverages }) => coverages.map(({ id }) => id))]);
  return [...new Set(named)].slice(0, namedMost).filter((id) => !taken.has(id));
}

/** Loads the next coverages of a state. */
export async function loadMore(client: Client, who: Principal, state: ChannelState, section: Section): Promise<Section> {
  const more = await loadSection(client, who, state, section.next);
  const known = new Set(section.coverages.map(({ id }) => id));
  return { coverages: [...section.coverages, ...more.coverages.filter(({ id }) => !known.has(id))], next: more.next };
}

async function loadSection(client: Client, who: Principal, state: ChannelState, from: string | null = null): Promise<Section> {
  const coverages: ListedChannel[] = [];
  let next = from;
  // If the token names all channels of the author, those that are not in the newest page are looked up by their ids.
  const pages = isNamedOnly(who.grants) ? 1 : pagesAtOnce;
  for (let page = 0; page < pages && (page === 0 || next !== null); page += 1) {
    const query = { state, order: 'activity' as const, limit: pageChannels, ...(next !== null && { page: next }) };
    const answer = await client.listChannels(query, { deadlineMs });
    coverages.push(...answer.channels.filter(({ id }) => mayAuthor(who, id)));
    next = answer.next;
    if (coverages.length >= enoughCoverages) break;
  }
  return { coverages, next: isNamedOnly(who.grants) ? null : next };
}

/** Undefined if there was never such a channel. */
async function lookUp(client: Client, id: string): Promise<ListedChannel | 'deleted' | undefined> {
  try {
    const [channel, { posts }] = await Promise.all([
      client.getChannel(id, { deadlineMs }),
      client.listPosts(id, { limit: 1 }, { deadlineMs }),
    ]);
    return { ...channel, latestPostAt: posts[0]?.publishedAt ?? null };
  } catch (error) {
    const status = error instanceof ProblemError ? error.problem.status : undefined;
    if (status === 404) return undefined;
    if (status === 410) return 'deleted';
    throw error;
  }
}

function namedIn({ author, editor }: Grants): string[] {
  return [...new Set([...editor, ...author])].filter((pattern) => !pattern.endsWith('*'));
}

function isNamedOnly({ author, editor, admin }: Grants): boolean {
  return !admin && [...editor, ...author].every((pattern) => !pattern.endsWith('*'));
}

function byActivity(a: ListedChannel, b: ListedChannel): number {
  return timeOf(b) - timeOf(a);
}

function timeOf({ latestPostAt, startsAt, endedAt, createdAt }: ListedChannel): number {
  return Date.parse(endedAt ?? latestPostAt ?? startsAt ?? createdAt);
}

/** Whether the words of a search occur in the coverage. */
export function isFound({ headline, id, section }: ListedChannel, search: string): boolean {
  const text = plain(`${headline} ${id} ${section ?? ''}`);
  return plain(search)
    .split(/\s+/)
    .every((word) => text.includes(word));
}

function plain(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}

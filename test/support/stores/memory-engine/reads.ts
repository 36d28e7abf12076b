import { activityOf, pageAfter, placeOfPage } from '../../../../src/journal/activity-order.ts';
import type {
  Bounds,
  ChannelRead,
  ChannelsPage,
  ChannelsQuery,
  Journal,
  PostsQuery,
  Renderer,
} from '../../../../src/journal/engine.ts';
import {
  erasedSalt,
  exportedEntry,
  journalLine,
  noteOfRevision,
  postFrom,
  replayFrom,
  type Text,
} from '../../../../src/journal/entry-record.ts';
import { epochOf, positionAt, shortCheck } from '../../../../src/journal/hash-chain.ts';
import { tags } from '../../../../src/journal/post-tags.ts';
import type { Position } from '../../../../src/protocol/cursor.ts';
import { type AuthorPost, type Correction, readerView } from '../../../../src/protocol/model.ts';
import { matches } from '../../../../src/protocol/rights.ts';
import { channelWithAddresses } from '../../../../src/protocol/uploaded-media.ts';
import { limits } from '../../../../src/protocol/wire-limits.ts';
import { channelOf } from './append.ts';
import type { MemoryChannel, MemoryEntry, MemoryPost, MemoryStore } from './store.ts';

/** The reads of the port. Each sees one state of the store, so its answer is true as of one position. */

type Read<K extends keyof Journal> = Journal[K] extends (...given: never[]) => Promise<infer Answer> ? Answer : never;

export function headOf({ root, entries }: MemoryChannel): Position {
  return positionAt(epochOf(root), entries.length, entries.at(-1)?.check ?? root);
}

/** Takes items in their order until a bound is reached, but at least one. */
function bounded<T>(items: Iterable<T>, { limit, bytes }: Bounds, weigh: (item: T) => number): { taken: T[]; more: boolean } {
  const taken: T[] = [];
  let left = bytes;
  for (const item of items) {
    left -= weigh(item);
    if (taken.length > 0 && (left < 0 || taken.length >= limit)) return { taken, more: true };
    taken.push(item);
  }
  return { taken, more: false };
}

/** The bytes of an entry's text in the view of authors. Readers do not get the body. */
const bytesForAuthors = ({ text }: MemoryEntry) => text?.bytes ?? 0;
const bytesForReaders = ({ text }: MemoryEntry) => (text === undefined ? 0 : text.bytes - text.bodyBytes);

function postOf({ seq, text }: MemoryEntry, renderer: Renderer): AuthorPost {
  return postFrom(text as Text, seq as number, renderer);
}

export function channel(store: MemoryStore, channelId: string, seesDesk: boolean, renderer: Renderer): ChannelRead {
  const found = store.channels.get(channelId);
  if (found !== undefined && (seesDesk || channelOf(found).access !== 'desk'))
    return { status: 'found', channel: listed(found, renderer), position: headOf(found), counts: found.counts };
  const access = store.deleted.get(channelId);
  return access === undefined ? { status: 'missing' } : { status: 'deleted', access };
}

function listed(found: MemoryChannel, { publicUrl }: Renderer) {
  return { ...channelWithAddresses(channelOf(found), publicUrl), latestPostAt: found.latestPostAt };
}

/** Where a page begins: after the channel with this creation time and id. */
const pageForm = /^(-?\d{1,15})\.([a-z0-9-]{1,96})$/;

export function channels(store: MemoryStore, query: ChannelsQuery, renderer: Renderer): ChannelsPage | undefined {
  const { state, limit, page, desk } = query;
  const all = [...store.channels.values()]
    .map((found) => listed(found, renderer))
    .filter((found) => state === undefined || found.state === state)
    .filter((found) => found.access !== 'desk' || matches(desk, found.id));
  if (query.order === 'activity') {
    const sign = query.state === 'scheduled' ? 1 : -1;
    const key = (found: { date: string; id: string }) => `${found.date} ${found.id}`;
    const compare = (a: string, b: string) => (a === b ? 0 : a < b ? -sign : sign);
    const start = page === undefined ? undefined : placeOfPage(page);
    if (page !== undefined && start === undefined) return undefined;
    const placed = all
      .map((found) => ({ found, place: { date: activityOf(found), id: found.id } }))
      .filter(({ place }) => start === undefined || compare(key(start), key(place)) < 0)
      .sort((a, b) => compare(key(a.place), key(b.place)));
    const last = placed[limit - 1];
    const next = placed.length > limit && last !== undefined ? pageAfter(last.place) : null;
    return { channels: placed.slice(0, limit).map(({ found }) => found), next, complete: true };
  }
  const [, time = '9007199254740991', id = ''] = page === undefined ? [] : (pageForm.exec(page) ?? [undefined, '', '']);
  if (time === '') return undefined;
  const isAfter = (created: number, own: string) => created < Number(time) || (created === Number(time) && own < id);
  const byCreation = all
    .map((found) => ({ found, created: Date.parse(found.createdAt) }))
    .filter(({ found, created }) => isAfter(created, found.id))
    .sort((a, b) => b.created - a.created || (a.found.id < b.found.id ? 1 : -1));
  const last = byCreation[limit - 1];
  return {
    channels: byCreation.slice(0, limit).map(({ found }) => found),
    next: byCreation.length > limit && last !== undefined ? `${last.created}.${last.found.id}` : null,
    complete: true,
  };
}

export function catchUp(found: MemoryChannel, after: Position, bounds: Bounds, renderer: Renderer): Read<'catchUp'> {
  const { root, entries, latest } = found;
  const check = after.offset === 0 ? root : entries[after.offset - 1]?.check;
  if (check === undefined || after.epoch !== epochOf(root) || after.check !== shortCheck(check)) return { status: 'foreign' };
  const changed = [...latest.values()].filter(({ offset }) => offset > after.offset);
  const { taken, more } = bounded(changed, bounds, bytesForReaders);
  const last = taken.at(-1);
  const to = more && last !== undefined ? positionAt(epochOf(root), last.offset, last.check) : headOf(found);
  const texts = taken.map((entry) => ({ ...entry, ...(entry.text as Text) }));
  return replayFrom(texts, { to, counts: more ? undefined : found.counts, more }, renderer);
}

export function snapshot(found: MemoryChannel, bounds: Bounds, renderer: Renderer): Read<'snapshot'> {
  const view = (entry: MemoryEntry) => readerView(postOf(entry, renderer));
  const { taken, more } = bounded(newestFirst(found), bounds, bytesForReaders);
  const own = channelWithAddresses(channelOf(found), renderer.publicUrl);
  const pinned = own.pinnedPostId === null ? undefined : found.latest.get(own.pinnedPostId);
  const [summary] = newestFirst(found, [tags.published('summary')]);
  const keyEvents = newestFirst(found, [tags.keyEvent(true)]).slice(0, limits.snapshotKeyEvents);
  return {
    position: headOf(found),
    channel: own,
    counts: found.counts,
    posts: taken.map(view),
    pinned: pinned === undefined ? null : view(pinned),
    summary: summary === undefined ? null : view(summary),
    keyEvents: keyEvents.map((entry) => {
      const { id, seq, headline, publishedAt } = view(entry);
      return { id, seq, headline: headline ?? '', publishedAt };
    }),
    more,
  };
}

/** The latest entries of posts that have all the tags, highest `seq` first. */
function newestFirst({ posts, latest }: MemoryChannel, wanted: readonly string[] = []): MemoryEntry[] {
  const having = [...posts.values()].filter((post) => wanted.every((tag) => post.tags.has(tag)));
  return having.map(({ id }) => latest.get(id) as MemoryEntry).reverse();
}

export function posts(found: MemoryChannel, query: PostsQuery, renderer: Renderer): Read<'posts'> {
  const { after = 0, before = Number.MAX_SAFE_INTEGER } = query;
  const inRange = newestFirst(found, query.tags).filter(({ seq }) => (seq as number) > after && (seq as number) < before);
  const isUpwards = query.after !== undefined && query.before === undefined;
  const { taken, more } = bounded(isUpwards ? inRange.toReversed() : inRange, query, bytesForAuthors);
  const newest = isUpwards ? taken.reverse() : taken;
  return { posts: newest.map((entry) => postOf(entry, renderer)), position: headOf(found), more };
}

export function post(found: MemoryChannel, postId: string, renderer: Renderer): Read<'post'> {
  const entry = found.latest.get(postId);
  return entry && { post: postOf(entry, renderer), position: headOf(found) };
}

export function revisions(
  found: MemoryChannel,
  postId: string,
  query: { after: number } & Bounds,
  renderer: Renderer,
): Read<'revisions'> {
  if (!found.posts.has(postId)) return undefined;
  const standing = found.entries.filter(
    ({ postId: of, revision, text }) => of === postId && revision > query.after && text !== undefined && text.salt !== erasedSalt,
  );
  const { taken, more } = bounded(standing, query, bytesForAuthors);
  return { revisions: taken.map((entry) => postOf(entry, renderer)), more };
}

export function corrections(found: MemoryChannel, query: { before?: number; limit: number }): Read<'corrections'> {
  const { before = Number.MAX_SAFE_INTEGER, limit } = query;
  const all = found.entries.filter((entry) => entry.listed && entry.offset < before).reverse();
  const corrections = all.slice(0, limit).map(({ offset, postId, revision, kind, at, text }) => {
    const { headline, state } = (found.latest.get(postId) as MemoryEntry).text as Text;
    return {
      offset,
      postId,
      headline,
      revision,
      kind,
      note: text === undefined ? noteOfRevision(state, revision) : text.note,
      at,
    };
  });
  return { corrections: corrections as Correction[], position: headOf(found), more: all.length > limit };
}

export function journal(channelId: string, { entries }: MemoryChannel, { from, limit }: { from: number; limit: number }) {
  const lines = entries.slice(from - 1, from - 1 + limit).map((entry) => journalLine(channelId, entry));
  return { entries: lines, more: entries.length > from - 1 + limit };
}

export function entries(found: MemoryChannel, query: { from: number } & Bounds): Read<'entries'> {
  const { taken, more } = bounded(found.entries.slice(query.from - 1), query, bytesForAuthors);
  const kept = taken.map((entry) => {
    const { salt = null, state = null } = entry.text ?? {};
    const erasedThrough = entry.postId === null ? null : (found.posts.get(entry.postId) as MemoryPost).erasedThrough;
    return exportedEntry(entry, { salt, state }, erasedThrough);
  });
  return { root: found.root, position: headOf(found), entries: kept, more };
}

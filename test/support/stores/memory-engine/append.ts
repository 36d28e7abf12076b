import {
  type AppendRequest,
  type AppendResult,
  JournalUnavailable,
  type Outcome,
  type RequestId,
} from '../../../../src/journal/engine.ts';
import type { PlacedEntry } from '../../../../src/journal/entry-placement.ts';
import { channelFrom, type PreparedEntry, type Text } from '../../../../src/journal/entry-record.ts';
import { epochOf, fingerprint, newRoot, newSalt, nextCheck, positionAt } from '../../../../src/journal/hash-chain.ts';
import { countsAfter } from '../../../../src/journal/post-tags.ts';
import { isSamePosition, type Position } from '../../../../src/protocol/cursor.ts';
import type { Channel, ServerFacts } from '../../../../src/protocol/model.ts';
import { limits } from '../../../../src/protocol/wire-limits.ts';
import { type MemoryChannel, type MemoryEntry, type MemoryStore, requestKey } from './store.ts';

const keptMs = limits.idempotencyHours * 3_600_000;

export interface PreparedAppend {
  channelId: string;
  request: AppendRequest;
  prepared: readonly PreparedEntry[];
  /** The value that a new hash chain begins with. */
  root: string | undefined;
  /** Facts for the server's own journal. They are recorded only if the entries are appended. */
  serverFacts: readonly ServerFacts[];
  /** The current time for idempotency keys, in milliseconds. */
  requestAt: number;
}

type Appended = { status: 'appended'; position: Position; placed: PlacedEntry[] } | Exclude<AppendResult, { status: 'appended' }>;

/** The atomic step of `Journal.append`. JavaScript runs it without interruption; in a database it is one transaction. */
export function append(
  store: MemoryStore,
  { channelId, request, prepared, root, serverFacts, requestAt }: PreparedAppend,
): Appended {
  const outcome = findRequest(store, channelId, request.request, requestAt);
  if (outcome !== undefined) return { status: 'duplicate', outcome };
  if (store.deleted.has(channelId)) return { status: 'deleted' };
  const { fence } = request;
  if (fence !== undefined && store.requests.has(requestKey(channelId, { id: fence }))) return { status: 'forbidden' };
  const found = store.channels.get(channelId);
  const moved = whatMoved(found, request.decidedOn);
  if (moved.length > 0) return { status: 'conflict', moved };
  const first = prepared[0] as PreparedEntry;
  const lastAt = found?.entries.at(-1)?.at;
  const { lastDateBindsUntil } = request;
  if (lastAt !== undefined && lastDateBindsUntil !== undefined && lastAt > first.facts.at && lastAt <= lastDateBindsUntil)
    return { status: 'earlier', lastAt };
  if (found === undefined && first.channel === undefined)
    throw new JournalUnavailable('The first entry of a channel must be the channel itself.', 'unchanged');

  const channel = found ?? newChannel(root ?? newRoot());
  store.channels.set(channelId, channel);
  const placed = prepared.map((entry) => place(channel, entry));
  store.record(serverFacts);
  const { offset, check } = placed.at(-1) as PlacedEntry;
  const position = positionAt(epochOf(channel.root), offset, check);
  store.requests.set(requestKey(channelId, request.request), {
    made: requestAt,
    fingerprint: fingerprint(first.text.salt, request.request.digest),
    salted: channel.entries[(placed[0] as PlacedEntry).offset - 1] as MemoryEntry,
    outcome: { position, postId: first.facts.postId, revision: first.facts.revision },
  });
  return { status: 'appended', position, placed };
}

function newChannel(root: string): MemoryChannel {
  return {
    root,
    entries: [],
    posts: new Map(),
    latest: new Map(),
    latestPostAt: null,
    counts: { posts: 0, keyEvents: 0, corrections: 0 },
  };
}

/** The posts that are no longer at the revision on which the request was decided. Null stands for the channel. */
function whatMoved(channel: MemoryChannel | undefined, { channel: decided, posts }: AppendRequest['decidedOn']) {
  const revisionOf = (id: string | null) => channel?.latest.get(id)?.revision ?? 0;
  const moved: (string | null)[] = revisionOf(null) === decided ? [] : [null];
  return [...moved, ...Object.keys(posts).filter((id) => revisionOf(id) !== posts[id])];
}

/** Gives one entry its offset and its place in the hash chain, and updates every index. */
function place(channel: MemoryChannel, { facts, content, digest, text, listed, post }: PreparedEntry): PlacedEntry {
  const before = channel.entries.at(-1)?.check ?? channel.root;
  const offset = channel.entries.length + 1;
  const check = nextCheck(before, offset, digest);
  const seq = post === undefined ? null : (channel.posts.get(post.id)?.seq ?? offset);
  const entry: MemoryEntry = { ...facts, offset, check, content, text, seq, listed };
  channel.entries.push(entry);
  // The last change moves to the end of the index, so that catching up never meets a superseded one.
  channel.latest.delete(facts.postId);
  channel.latest.set(facts.postId, entry);
  const had = post && channel.posts.get(post.id)?.tags;
  const isTagged = (tag: string) => post?.tags.includes(tag) ?? false;
  channel.counts = countsAfter(channel.counts, listed, (tag) => had?.has(tag) ?? false, isTagged);
  if (post !== undefined) {
    const { id, publishedAt } = post;
    if (!channel.posts.has(id)) channel.latestPostAt = publishedAt;
    const through = Math.min(post.erases, facts.revision - 1);
    const erasedThrough = Math.max(through, channel.posts.get(id)?.erasedThrough ?? 0);
    for (const past of channel.entries) if (past.postId === id && past.revision <= through) past.text = undefined;
    channel.posts.set(id, { id, seq: seq as number, publishedAt, erasedThrough, tags: new Set(post.tags) });
  }
  return { offset, before, check, seq, counts: channel.counts };
}

// ---- Requests

export function findRequest(store: MemoryStore, channelId: string, request: RequestId, requestAt: number): Outcome | undefined {
  const kept = store.requests.get(requestKey(channelId, request));
  if (kept === undefined || kept.made <= requestAt - keptMs) return undefined;
  const { salt } = kept.salted.text ?? {};
  return { same: salt === undefined || fingerprint(salt, request.digest) === kept.fingerprint, ...kept.outcome };
}

/** See `Journal.note`. */
export function note(
  store: MemoryStore,
  channelId: string,
  request: RequestId,
  { outcome, requestAt }: { outcome: Omit<Outcome, 'same'>; requestAt: number },
): Outcome | undefined {
  const before = findRequest(store, channelId, request, requestAt);
  if (before !== undefined) return before;
  const salt = newSalt();
  const facts = { made: requestAt, fingerprint: fingerprint(salt, request.digest), salted: { text: { salt } }, outcome };
  store.requests.set(requestKey(channelId, request), facts);
  return undefined;
}

export function findReservation(store: MemoryStore, requestId: string, requestAt: number): string | undefined {
  const kept = store.reservations.get(requestId);
  return kept !== undefined && kept.made > requestAt - keptMs ? kept.channelId : undefined;
}

/** See `Journal.deleteChannel`. */
export function deleteChannel(
  store: MemoryStore,
  channelId: string,
  request: RequestId,
  { serverFacts, requestAt, at }: { serverFacts: readonly ServerFacts[]; requestAt: number; at: Position | undefined },
): 'deleted' | 'was-deleted' | 'missing' | 'moved' {
  const channel = store.channels.get(channelId);
  if (channel === undefined) return store.deleted.has(channelId) ? 'was-deleted' : 'missing';
  const { offset, check } = channel.entries.at(-1) as MemoryEntry;
  if (at !== undefined && !isSamePosition(at, positionAt(epochOf(channel.root), offset, check))) return 'moved';
  store.deleted.set(channelId, channelOf(channel).access);
  store.channels.delete(channelId);
  for (const [key, kept] of store.requests) if (key.startsWith(`${channelId} `)) kept.salted = { text: undefined };
  note(store, channelId, request, { outcome: { position: undefined, postId: null, revision: 0 }, requestAt });
  store.record(serverFacts);
  return 'deleted';
}

/** The channel as its latest entry has it. */
export function channelOf({ latest }: MemoryChannel): Channel {
  const { text } = latest.get(null) as MemoryEntry;
  return channelFrom((text as Text).state);
}

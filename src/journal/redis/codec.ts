import { hash } from 'node:crypto';
import type { Position } from '../../protocol/cursor.ts';
import type { Channel, Counts, ServerFacts } from '../../protocol/model.ts';
import {
  type AppendRequest,
  type ChannelRead,
  JournalUnavailable,
  type Outcome,
  type Renderer,
  type RequestId,
} from '../engine.ts';
import type { PlacedEntry } from '../entry-placement.ts';
import { type PreparedEntry, type StoredText, shownChannel, type Text } from '../entry-record.ts';
import { epochOf, fingerprint, newRoot, positionAt, sealedFingerprint } from '../hash-chain.ts';
import { countedTags } from '../post-tags.ts';
import { type StoredServerEntry, serverDigest } from '../server-journal.ts';
import type { Reply, ReplyValue } from './scripts.ts';

/** Encodes entries and texts for the scripts, and decodes their replies. All JSON that the scripts store is written and parsed here. */

/** Stands for the channel in places that otherwise hold a post id. */
export const channelSubject = 'channel';

/**
 * Hashes a tag before the script hashes it again with the channel's salt, so that Redis never receives readable text of a tag.
 */
export function hashed(tag: string): string {
  return hash('sha256', tag);
}

/** The stored form of a tag. See `markOf` in `lua/shared.lua`. `salt`: of the channel. */
export function storedTag(tag: string, salt: string): string {
  return hash('sha1', `${salt}|${hashed(tag)}`).slice(0, 16);
}

/** A post's place among the posts with a stored tag. See `tagged` in `lua/shared.lua`. */
export function placeOfTag(stored: string, seq: number): string {
  return `${stored}${String.fromCharCode(96 + String(seq).length)}${seq}`;
}

/** The tags that a script needs to count. See `counts` in `lua/shared.lua`. */
export const countedTagHashes = countedTags.map(hashed);

/** The prefix of the salt in the record of a noted request. */
export const noted = 'note:';

/**
 * The times that a script needs for a request: the system clock, the request clock, how long requests are kept, and how many
 * expired ones to delete.
 */
export type RequestTimes = readonly [now: number, requestAt: number, keptMs: number, swept: number];

export function appendArguments(
  { request, decidedOn, lastDateBindsUntil = '' }: AppendRequest,
  prepared: readonly PreparedEntry[],
  times: RequestTimes,
  { root, serverFacts }: { root: string | undefined; serverFacts: readonly ServerFacts[] },
): (string | number)[] {
  const posts = Object.entries(decidedOn.posts);
  const { text } = prepared[0] as PreparedEntry;
  return [
    ...times,
    fingerprint(text.salt, request.digest),
    root ?? '',
    lastDateBindsUntil,
    decidedOn.channel,
    ...countedTagHashes,
    posts.length,
    ...posts.flat(),
    prepared.length,
    ...prepared.flatMap(entryArguments),
    ...serverArguments(serverFacts),
  ];
}

/** The arguments for entries of the server's own journal. See `lua/server-journal.lua`. */
export function serverArguments(serverFacts: readonly ServerFacts[]): (string | number)[] {
  const entries = serverFacts.flatMap((facts) => {
    const { type, subject, detail, at, by } = facts;
    return [type, subject ?? '', detail ?? '', at, by, serverDigest(facts)];
  });
  return [serverFacts.length === 0 ? '' : newRoot(), serverFacts.length, ...entries];
}

/** Decodes an entry of the server's own journal. Its fields are always in this order. */
export function serverEntryIn([id, fields]: [id: string, fields: string[]]): { root: string; entry: StoredServerEntry } {
  const [, root = '', , type = '', , subject = '', , detail = '', , at = '', , by = '', , check = ''] = fields;
  const facts = { type: type as ServerFacts['type'], subject: subject || null, detail: detail || null, at, by };
  return { root, entry: { offset: Number.parseInt(id, 10), ...facts, check } };
}

function entryArguments({ facts, listed, content, digest, text, post, channel }: PreparedEntry): (string | number)[] {
  const { type, postId, revision, kind, at, by } = facts;
  const all = [
    type,
    postId ?? channelSubject,
    revision,
    kind ?? '',
    at,
    by,
    listed ? '1' : '',
    content,
    digest,
    labelOf(text),
    textOf(text),
    facts.erases ?? '',
  ];
  if (post) return [...all, post.publishedAt, post.erases, post.tags.length, ...post.tags.map(hashed)];
  const { state, access, createdAt, pinnedPostId } = channel!;
  return [...all, state, access, Date.parse(createdAt), pinnedPostId ?? '-'];
}

/** JSON contains no raw line feed, so the first line feed separates the state from the html. */
export function textOf({ state, html }: Text): string {
  return `${state}\n${html}`;
}

export function stateIn(text: string): string {
  return text.slice(0, text.indexOf('\n'));
}

export function htmlIn(text: string): string {
  return text.slice(text.indexOf('\n') + 1);
}

export function labelOf({ bytes, bodyBytes, salt, version, headline, note }: Text): string {
  return `${bytes} ${bodyBytes} ${JSON.stringify([salt, version, headline, note])}`;
}

interface Label {
  salt: string;
  version: string;
  headline: string | null;
  note: string | null;
}

export function readLabel(label: string): Label {
  const [salt, version, headline, note] = JSON.parse(label.slice(label.indexOf('['))) as [
    string,
    string,
    string | null,
    string | null,
  ];
  return { salt, version, headline, note };
}

/** Reads the values of a reply one by one. Throws if a value is missing. */
export class ReplyReader {
  readonly #values: readonly ReplyValue[];
  #at = 0;

  constructor(answer: Reply) {
    this.#values = Array.isArray(answer) ? answer : [answer];
  }

  get isDone(): boolean {
    return this.#at >= this.#values.length;
  }

  maybe(): string | null {
    const value = this.#values[this.#at++];
    return value === null || value === undefined ? null : String(value);
  }

  text(): string {
    const value = this.maybe();
    if (value === null) throw new JournalUnavailable('Redis returned an incomplete answer.', 'unknown');
    return value;
  }

  number(): number {
    return Number(this.text());
  }

  flag(): boolean {
    return this.text() === '1';
  }

  /** A position in a reply: root, offset, check. */
  position(): Position {
    const root = this.text();
    return positionAt(epochOf(root), this.number(), this.text());
  }

  /** The counts in a reply: published posts, key events, listed entries. */
  counts(): Counts {
    return { posts: this.number(), keyEvents: this.number(), corrections: this.number() };
  }

  /** A text in a reply: label, text. */
  stored(): StoredText {
    const { version } = readLabel(this.text());
    const text = this.text();
    return { version, state: stateIn(text), html: htmlIn(text) };
  }

  /** Reads the remaining values, one item at a time. */
  rest<T>(read: () => T): T[] {
    const all: T[] = [];
    while (!this.isDone) all.push(read());
    return all;
  }
}

export function placedIn(values: ReplyReader): { position: Position; placed: PlacedEntry[] } {
  const root = values.text();
  const placed = values.rest(() => ({
    offset: values.number(),
    before: values.text(),
    check: values.text(),
    seq: Number(values.text()) || null,
    counts: values.counts(),
  }));
  const { offset, check } = placed.at(-1) as PlacedEntry;
  return { position: positionAt(epochOf(root), offset, check), placed };
}

/**
 * `kept`: the record of a request. `seal`: the secret of its fingerprint (see `sealOf` in `lua/shared.lua`), or null if it was
 * erased.
 */
export function outcomeIn(kept: string, seal: string | null, request: RequestId): Outcome {
  const [, print, who = channelSubject, revision = '', offset = '', epoch = '-', check = '', ownSalt = '-'] = kept.split(' ');
  return {
    same: isSame(print, ownSalt, seal, request),
    position: epoch === '-' ? undefined : { epoch, offset: Number(offset), check },
    postId: who === channelSubject ? null : who,
    revision: Number(revision),
  };
}

/** Whether the request is the same. True for any request if the secret of its fingerprint was erased. */
function isSame(print: string | undefined, ownSalt: string, seal: string | null, { digest }: RequestId): boolean {
  if (ownSalt.startsWith(noted)) {
    const own = fingerprint(ownSalt.slice(noted.length), digest);
    return seal === null || sealedFingerprint(own, seal) === print;
  }
  if (ownSalt !== '-') return fingerprint(ownSalt, digest) === print;
  return seal === null || fingerprint(readLabel(seal).salt, digest) === print;
}

type WithoutCounts<R> = R extends { counts: unknown } ? Omit<R, 'counts'> : R;

/** Parses a `channel` reply up to its counts, which a list does not request. */
export function channelIn(values: ReplyReader, renderer: Renderer): WithoutCounts<ChannelRead> {
  const status = values.text();
  if (status === 'deleted') return { status, access: values.text() as Channel['access'] };
  if (status !== 'found') return { status: 'missing' };
  const position = values.position();
  const latest = values.text();
  const channel = { ...shownChannel(stateIn(values.text()), renderer), latestPostAt: latest === '-' ? null : latest };
  return { status, channel, position };
}

/** Whether a script reports that the keys of the channel contradict each other. */
export function isDamaged(answer: Reply): boolean {
  return Array.isArray(answer) && answer[0] === 'damaged';
}

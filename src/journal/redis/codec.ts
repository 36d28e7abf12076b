import { hash } from 'node:crypto';
import type { Position } from '../../protocol/cursor.ts';
import type { ServerFacts } from '../../protocol/model.ts';
import { type AppendRequest, JournalUnavailable, type Outcome, type RequestId } from '../engine.ts';
import type { PlacedEntry } from '../entry-placement.ts';
import type { PreparedEntry, StoredText, Text } from '../entry-record.ts';
import { epochOf, fingerprint, newRoot, positionAt } from '../hash-chain.ts';
import { type StoredServerEntry, serverDigest } from '../server-journal.ts';
import type { Reply, ReplyValue } from './scripts.ts';

/** How entries and texts are written for the scripts, and how their answers are read. JSON is made and read here alone. */

/** Stands for the channel where posts stand by their ids. */
export const channelSubject = 'channel';

/** A tag before the channel's salt goes over it in the script: its text goes to Redis in no form that could be read there. */
export function hashed(tag: string): string {
  return hash('sha256', tag);
}

/** Before the salt of a request that was noted, in its record. */
const noted = 'note:';

/** What a script is told of time where it has to do with a request: the system clock, that of requests, how long these are kept, and how many that are too old go. */
export type RequestTimes = readonly [now: number, requestAt: number, keptMs: number, swept: number];

export function appendArguments(
  { request, decidedOn, lastDateBindsUntil = '' }: AppendRequest,
  prepared: readonly PreparedEntry[],
  times: RequestTimes,
  { root, told }: { root: string | undefined; told: readonly ServerFacts[] },
): (string | number)[] {
  const posts = Object.entries(decidedOn.posts);
  const { text } = prepared[0] as PreparedEntry;
  return [
    ...times,
    fingerprint(text.salt, request.digest),
    root ?? '',
    lastDateBindsUntil,
    decidedOn.channel,
    posts.length,
    ...posts.flat(),
    prepared.length,
    ...prepared.flatMap(entryArguments),
    ...serverArguments(told),
  ];
}

/** For the server's own journal. */
export function serverArguments(told: readonly ServerFacts[]): (string | number)[] {
  const entries = told.flatMap((facts) => {
    const { type, subject, detail, at, by } = facts;
    return [type, subject ?? '', detail ?? '', at, by, serverDigest(facts)];
  });
  return [told.length === 0 ? '' : newRoot(), told.length, ...entries];
}

/** From the stream of the server's own journal: the fields are always written in this order. */
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

/** JSON holds no line feed, so the first one ends it. */
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

/** Answers that were not given by what they should be are no answers. */
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

  /** As scripts tell where a channel stands: root, offset, check. */
  position(): Position {
    const root = this.text();
    return positionAt(epochOf(root), this.number(), this.text());
  }

  /** label, text */
  stored(): StoredText {
    const { version } = readLabel(this.text());
    const text = this.text();
    return { version, state: stateIn(text), html: htmlIn(text) };
  }

  /** The rest, read by turns. */
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
  }));
  const { offset, check } = placed.at(-1) as PlacedEntry;
  return { position: positionAt(epochOf(root), offset, check), placed };
}

/** `kept`: a request as the scripts keep it. `seal`: as they answer it, null where it was erased. */
export function outcomeIn(kept: string, seal: string | null, request: RequestId): Outcome {
  const [, print, who = channelSubject, revision = '', offset = '', epoch = '-', check = '', ownSalt = '-'] = kept.split(' ');
  return {
    same: isSame(print, ownSalt, seal, request),
    position: epoch === '-' ? undefined : { epoch, offset: Number(offset), check },
    postId: who === channelSubject ? null : who,
    revision: Number(revision),
  };
}

/** Whether the fingerprint is that of the request; anything is the same where what it was made under was erased. */
function isSame(print: string | undefined, ownSalt: string, seal: string | null, { digest }: RequestId): boolean {
  if (ownSalt.startsWith(noted)) {
    const own = fingerprint(ownSalt.slice(noted.length), digest);
    return seal === null || hash('sha1', `${seal}|${own}`) === print;
  }
  if (ownSalt !== '-') return fingerprint(ownSalt, digest) === print;
  return seal === null || fingerprint(readLabel(seal).salt, digest) === print;
}

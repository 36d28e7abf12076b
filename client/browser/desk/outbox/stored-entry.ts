import type { AuthorPost } from '../../../../src/protocol/model.ts';
import { problem } from '../../../../src/protocol/problems.ts';
import {
  type AuthorRequest,
  channelCreation,
  channelUpdate,
  postRevision,
  publication,
  retraction,
  takedown,
  type WriteRequest,
  withKey,
} from '../../../lib/author-requests.ts';
import type { DevicePicture, PictureFile } from '../pictures/device-picture.ts';
import { picturesIn, sentWrite } from '../pictures/uploads/pictures-in-writes.ts';
import { undeliveredMost } from './outbox-limits.ts';
import {
  type AddOptions,
  channelOf,
  type EntryState,
  isDelivered,
  type OutboxEntry,
  postOf,
  undecidedStates,
  type Write,
} from './outbox-model.ts';

/**
 * Raise it if a page of the version before could misread an entry. Such a page then leaves all sending to the newer one. A field
 * that the older page may ignore needs no new format.
 */
export const entryFormat = 2;
/** The format of an entry that waits for no picture. Pages before format 2 know it. */
const plainFormat = 1;

/** An entry as it lies on the device. */
export interface StoredEntry {
  format: number;
  /** Also its idempotency key. */
  id: string;
  ownerKey: string;
  /** For the list of unsent posts that others on this device see. */
  ownerName: string;
  /** 1 until it is delivered. A number, because an index cannot hold booleans. */
  pending: 0 | 1;
  channelId: string;
  write: Write;
  base?: AuthorPost;
  title?: string;
  urgent: boolean;
  /** The exact bytes. They never change, and they are stored before anything is sent. */
  request: WriteRequest;
  addedAt: number;
  holdMs: number;
  /** The order in which entries were added. */
  seq: number;
  /** The order in which entries left the undo window. Undefined before that. */
  place?: number;
  /** When it left the undo window, or when its author last decided to send it. */
  readyAt?: number;
  attempts: number;
  /** When its key was first sent, since a look-up last found that the server had not executed it. */
  keySince?: number;
  /** An attempt may have been executed without an answer. */
  unsettled: boolean;
  /** Entries that are sent before this one, if they are still undelivered. */
  waitsFor: string[];
  /** Pictures of this device that must be uploaded before its bytes are final. Until then it is not sent, and its format is 2. */
  pictures?: string[];
  /** The reference of each uploaded picture in its bytes, by the id of the picture on this device. */
  uploads?: Record<string, string>;
  /** How many times the server had forgotten its pictures. */
  forgotten?: number;
  /** The entry that made the revision that this one names in If-Match. Taken out of the outbox, it leaves this one in conflict. */
  basedOn?: string;
  state: EntryState;
  deliveredAt?: number;
}

/** The author whose entries these are, as the session names them. */
export interface Owner {
  ownerKey: string;
  sub: string;
  name: string;
}

/** Changes to the store, made in one transaction. */
export interface Change {
  put?: StoredEntry[];
  remove?: string[];
  putPictures?: DevicePicture[];
  putFiles?: PictureFile[];
  removePictures?: string[];
}

/** More undelivered entries than the device keeps. */
export class OutboxFull extends Error {
  constructor() {
    super(`The outbox already has ${undeliveredMost} undelivered entries.`);
    this.name = 'OutboxFull';
  }
}

/** The entry of a new write. `id`: a fresh idempotency key. Throws `OutboxFull`. */
export function newEntry(
  entries: readonly StoredEntry[],
  given: Write,
  { holdMs, urgent = false, base, basedOn, title }: AddOptions,
  { owner, now, id }: { owner: Owner; now: number; id: string },
): StoredEntry {
  if (entries.filter(({ pending }) => pending === 1).length >= undeliveredMost) throw new OutboxFull();
  const isLost = basedOn !== undefined && isLostBase(basedOn, entries);
  const before = isLost ? undefined : predecessorOf(given, entries);
  const write = before?.write ?? given;
  const pictures = picturesIn(write);
  return {
    format: pictures.length > 0 ? entryFormat : plainFormat,
    ...(pictures.length > 0 && { pictures }),
    id,
    ownerKey: owner.ownerKey,
    ownerName: owner.name,
    pending: 1,
    channelId: channelOf(write),
    write,
    ...(base !== undefined && { base }),
    ...(title !== undefined && { title }),
    urgent,
    request: withKey(requestOf(sentWrite(write)), id),
    addedAt: now,
    holdMs,
    seq: Math.max(0, ...entries.map(({ seq }) => seq)) + 1,
    attempts: 0,
    unsettled: false,
    waitsFor: [...new Set([...(before === undefined ? [] : [before.id]), ...neededBy(write, entries)])],
    ...(before === undefined ? basedOn !== undefined && { basedOn } : { basedOn: before.id }),
    ...begin(),
  };

  function begin(): Pick<StoredEntry, 'state' | 'place' | 'readyAt'> {
    if (isLost) return { state: { at: 'conflict', problem: problem('revision-moved') } };
    if (holdMs > 0) return { state: { at: 'held', until: now + holdMs } };
    return { state: { at: 'saved' }, place: nextPlace(entries), readyAt: now };
  }
}

/** Whether the entry will not make the revision that it was to make: it was taken out, or readers get something else. */
function isLostBase(id: string, entries: readonly StoredEntry[]): boolean {
  const entry = entries.find((one) => one.id === id);
  return entry === undefined || isIn(['refused', 'conflict'], entry, entries);
}

export function nextPlace(entries: readonly StoredEntry[]): number {
  return Math.max(0, ...entries.map(({ place = 0 }) => place)) + 1;
}

/** Whether the entry waits for a picture that is not uploaded yet. */
export function waitsForPicture({ pictures = [] }: Pick<StoredEntry, 'pictures'>, known: readonly DevicePicture[]): boolean {
  return pictures.some((id) => known.find((one) => one.id === id)?.upload.at !== 'uploaded');
}

/** The entry with final bytes, which have the references of its pictures. */
export function withFinalBytes(entry: StoredEntry, known: readonly DevicePicture[]): StoredEntry {
  const { pictures, ...others } = entry;
  if (pictures === undefined) return entry;
  const uploads: Record<string, string> = {};
  for (const { id, upload } of known) if (pictures.includes(id) && upload.at === 'uploaded') uploads[id] = upload.url;
  const request = withKey(requestOf(sentWrite(entry.write, uploads)), entry.id);
  return { ...others, format: plainFormat, request, uploads };
}

/** The entry and its pictures after the server has forgotten the uploads. They are uploaded again, and the entry waits for them. */
export function withForgottenUploads(entry: StoredEntry, known: readonly DevicePicture[]): Change {
  const { uploads = {}, keySince: _keySince, forgotten = 0, ...others } = entry;
  const pictures = Object.keys(uploads);
  const upload = { at: 'waiting' } as const;
  return {
    put: [
      {
        ...others,
        format: entryFormat,
        pictures,
        forgotten: forgotten + 1,
        attempts: 0,
        unsettled: false,
        state: { at: 'saved' },
      },
    ],
    putPictures: known.filter(({ id }) => pictures.includes(id)).map((picture) => ({ ...picture, upload })),
  };
}

/** Whether the entry is not sent before its author decides something. Entries that wait for it step aside with it. */
export function isStuck(entry: StoredEntry, entries: readonly StoredEntry[]): boolean {
  return isIn(undecidedStates, entry, entries);
}

/** Whether the entry, or one that it waits for, is in one of the states. */
function isIn(states: readonly EntryState['at'][], entry: StoredEntry, entries: readonly StoredEntry[]): boolean {
  if (states.includes(entry.state.at)) return true;
  return entry.waitsFor.some((id) => {
    const first = entries.find((other) => other.id === id);
    return first !== undefined && isIn(states, first, entries);
  });
}

/** The revision that the write makes if it succeeds. Undefined if that cannot be known before. */
export function revisionMadeBy(write: Write): number | undefined {
  switch (write.type) {
    case 'publish':
    case 'create-channel':
      return 1;
    case 'revise':
      return write.expected + 1;
    case 'update-channel':
      return write.expected === '*' ? undefined : write.expected + 1;
    case 'retract':
    case 'takedown':
      return write.expected === undefined ? undefined : write.expected + 1;
  }
}

/** The entry as the desk sees it. */
export function publicEntry(entry: StoredEntry, entries: readonly StoredEntry[]): OutboxEntry {
  const waitsFor = entry.waitsFor.find((id) => entries.some((other) => other.id === id && !isDelivered(other)));
  return {
    id: entry.id,
    write: entry.write,
    state: entry.state,
    base: entry.base,
    basedOn: entry.basedOn,
    title: entry.title,
    urgent: entry.urgent,
    addedAt: entry.addedAt,
    frozen: entry.attempts > 0,
    ...(entry.pictures !== undefined && { pictures: entry.pictures }),
    ...(waitsFor !== undefined && !isDelivered(entry) && { waitsFor }),
  };
}

/**
 * The states of the entries that stay behind when `gone` is taken out of the outbox. What was based on it can no longer be sent:
 * the revision that it names in If-Match might now be that of a colleague.
 */
export function strandedBy(gone: StoredEntry, entries: readonly StoredEntry[]): StoredEntry[] {
  return entries
    .filter(({ basedOn, state }) => basedOn === gone.id && ['held', 'saved', 'asking'].includes(state.at))
    .map((entry) => ({ ...entry, state: strandedState(gone) }));
}

function strandedState({ write }: StoredEntry): EntryState {
  if (write.type === 'publish') return refused('The post that this changes was not published.');
  if (write.type === 'create-channel') return refused('The coverage that this belongs to was not opened.');
  return { at: 'conflict', problem: problem('revision-moved') };
}

function refused(detail: string): EntryState {
  return { at: 'refused', problem: problem('not-found', { detail }) };
}

/**
 * The undelivered entry whose result the write builds on, with the write as it must then be sent. Undefined if its base is on the
 * server already.
 */
function predecessorOf(given: Write, entries: readonly StoredEntry[]): { id: string; write: Write } | undefined {
  const last = entries
    .filter((entry) => entry.pending === 1 && !isIn(['refused', 'conflict'], entry, entries))
    .filter(({ write }) => isAboutTheSame(write, given))
    .filter(({ write }) => namesRevision(given) || write.type === 'publish' || write.type === 'create-channel')
    .sort((a, b) => b.seq - a.seq)[0];
  if (last === undefined || given.type === 'publish' || given.type === 'create-channel') return undefined;
  if (given.expected === undefined || given.expected === '*') return { id: last.id, write: given };
  const revision = revisionMadeBy(last.write);
  // The author has seen a newer revision than the one that the other entry will make.
  if (revision === undefined || given.expected > revision) return undefined;
  return { id: last.id, write: { ...given, expected: revision } };
}

function isAboutTheSame(one: Write, other: Write): boolean {
  return channelOf(one) === channelOf(other) && postOf(one) === postOf(other);
}

/** Whether the write names a revision. A withdrawal without one needs only the publication. */
function namesRevision(write: Write): boolean {
  return 'expected' in write && write.expected !== undefined && write.expected !== '*';
}

/** Undelivered entries that make what the write refers to: its channel, and posts that it restates or pins. */
function neededBy(write: Write, entries: readonly StoredEntry[]): string[] {
  const posts = new Set(postsNamedIn(write));
  return entries
    .filter((entry) => entry.pending === 1 && entry.channelId === channelOf(write))
    .filter(({ write: other }) => other.type === 'create-channel' || (other.type === 'publish' && posts.has(other.post.id)))
    .map(({ id }) => id);
}

function postsNamedIn(write: Write): readonly string[] {
  switch (write.type) {
    case 'publish':
      return write.post.derivedFrom ?? [];
    case 'revise':
      return [write.postId, ...(write.revision.changes.derivedFrom ?? [])];
    case 'retract':
    case 'takedown':
      return [write.postId];
    case 'update-channel':
      return typeof write.patch.pinnedPostId === 'string' ? [write.patch.pinnedPostId] : [];
    case 'create-channel':
      return [];
  }
}

function requestOf(write: Write): AuthorRequest {
  switch (write.type) {
    case 'publish':
      return publication(write.channelId, write.post);
    case 'revise':
      return postRevision(write.channelId, write.postId, write.expected, write.revision);
    case 'retract':
      return retraction(write.channelId, write.postId, write.expected, write.note);
    case 'takedown':
      return takedown(write.channelId, write.postId, write.expected, write.note);
    case 'create-channel':
      return channelCreation(write.channel);
    case 'update-channel':
      return channelUpdate(write.channelId, write.expected, write.patch);
  }
}

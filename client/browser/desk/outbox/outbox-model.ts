import type { AuthorPost, Erasure, Event } from '../../../../src/protocol/model.ts';
import type { Problem } from '../../../../src/protocol/problems.ts';
import type { ChannelPatch, NewChannel, NewPost, Revision } from '../../../lib/author-client.ts';
import type { DevicePictures } from '../pictures/device-picture.ts';

/**
 * The types of the outbox: everything that an author presses becomes a `Write`, is stored on the device, and is sent from there.
 *
 *                 undo                        undo, while nothing was sent
 *        ┌───────────────► (composer) ◄───────────────┐
 *        │                                            │
 *   ┌─────────┐ window over, publishNow ┌─────────┐   │   attempt begins   ┌───────────┐  2xx   ┌─────────┐ received ┌───────┐
 *   │  held   ├────────────────────────►│  saved  ├───┴───────────────────►│  sending  ├───────►│ on-disk ├─────────►│  out  │
 *   └────┬────┘                         └─┬─────▲─┘◄───────────────────────┤           │        └─────────┘          └───────┘
 *        │ window ended             unsent│     │        not executed:     │           │
 *        │ while no desk          too long│     │publishNow   try later    │           ├───────► refused  ──discard──► (draft)
 *        │ was open                       ▼     │                          │           │
 *        │                            ┌─────────┴─┐  unsent too long, and  │           ├───────► conflict ──discard──► (draft)
 *        └───────────────────────────►│  asking   │◄───────────────────────┤           │
 *                                     └─────┬─────┘  the server has not    └─▲───────┬─┘
 *                                    discard│        executed it             └───────┘ outcome unknown: the same bytes again,
 *                                           ▼                                          or a look-up once the key is too old
 *                                        (draft)
 *
 * An entry whose attempt has begun is frozen: its bytes never change, and an edit of it becomes a revision that waits behind it.
 * An entry that names pictures of this device stays `saved` until they are uploaded. Then its bytes are made anew with their references.
 * A refused entry goes back to `saved` by `sendAgain`, once what it was refused for is gone.
 * An entry is discarded only when it is certain that the server has not executed it. Until then it stays `sending`.
 */

export type Write =
  | { type: 'publish'; channelId: string; post: NewPost & { id: string } }
  | { type: 'revise'; channelId: string; postId: string; expected: number; revision: Revision }
  | { type: 'retract'; channelId: string; postId: string; expected?: number; note: string }
  | { type: 'takedown'; channelId: string; postId: string; expected?: number; note: string | null }
  | { type: 'create-channel'; channel: NewChannel & { id: string } }
  | { type: 'update-channel'; channelId: string; expected: number | '*'; patch: ChannelPatch };

export type EntryState =
  /** In the undo window. Nothing was sent. `until`: milliseconds since 1970, of this device's clock. */
  | { at: 'held'; until: number }
  /** On this device. It is sent in its turn. */
  | { at: 'saved' }
  /** An attempt began at `since`, and its outcome may be unknown. */
  | { at: 'sending'; since: number }
  /**
   * The server has written it to its disk. `revision` is that of the post, or of the channel. `erasure`: what of a text that the
   * write erases was not erased yet, if the server said so.
   */
  | { at: 'on-disk'; offset: number; revision: number; cursor: string; erasure?: Erasure }
  /** This desk's own subscription received it, so readers have it. */
  | { at: 'out'; offset: number; revision: number; cursor: string; erasure?: Erasure }
  /** The server refused it. `problem` says what helps. */
  | { at: 'refused'; problem: Problem }
  /** The post or channel changed in between, or the look-up found something else. `problem.current`: what stands there now. */
  | { at: 'conflict'; problem: Problem }
  /** Not sent without the author: "Publish", "Keep as draft", "Discard". */
  | { at: 'asking'; reason: 'unsent-long' | 'closed-while-held' };

/** The states in which an entry is not sent before its author decides something. */
export const undecidedStates: readonly EntryState['at'][] = ['refused', 'conflict', 'asking'];

export interface OutboxEntry {
  readonly id: string;
  readonly write: Write;
  readonly state: EntryState;
  /** The post that a change is based on, as its author saw it. */
  readonly base?: AuthorPost | undefined;
  /** The entry that was to make the revision of `base`, if the server did not have it when the author began. */
  readonly basedOn?: string | undefined;
  /** The title of the post that is withdrawn. */
  readonly title?: string | undefined;
  /** A breaking post, which overtakes those in the undo window. */
  readonly urgent: boolean;
  /** Milliseconds since 1970, of this device's clock. */
  readonly addedAt: number;
  /** An attempt has begun, so the entry cannot be undone or edited any more. */
  readonly frozen: boolean;
  /** The pictures of this device without whose uploads it is not sent. */
  readonly pictures?: readonly string[] | undefined;
  /** The entry that must reach the server first. While that one is refused, in conflict or asking, this one waits. */
  readonly waitsFor?: string | undefined;
}

export interface AddOptions {
  /** The length of the undo window. 0: none. */
  holdMs: number;
  urgent?: boolean;
  /** The post that a change is based on. */
  base?: AuthorPost;
  /**
   * The entry that was to make the revision on which a change is based, if the server did not have it when the author began. If that
   * entry will not make it, the revision may become that of a colleague, so the change is in conflict.
   */
  basedOn?: string;
  /** The title of the post that is withdrawn. */
  title?: string;
}

/** The protection of entries on this device. The author must be told of every value but `full`. */
export type Protection =
  /** Entries survive a crash. */
  | 'full'
  /** Entries survive a crash, but the browser may delete them when it needs space. */
  | 'not-persistent'
  /** There is no storage: entries are lost with the tab. */
  | 'no-storage'
  /** The page is not in a secure context, so tabs cannot coordinate: entries are lost with the tab. */
  | 'insecure';

/** Why entries that could be sent are not being sent. */
export type Delivery =
  | 'ready'
  /** The device has no network. */
  | 'offline'
  /** The server does not answer, or asked to wait. It is tried again. */
  | 'unreachable'
  /** The session has ended. Entries stay on this device until their author signs in again. */
  | 'signed-out'
  /** Another person has signed in. Entries of this one are not sent under the other's session. */
  | 'other-author'
  /** The storage of this device fails. Nothing is sent whose attempt cannot be recorded first. */
  | 'storage-failed'
  /** A newer version of this page, in another tab, has stored entries that this one does not know. Reload this page. */
  | 'outdated';

export interface Outbox {
  /** The entries of this author on this device, in the order in which they are sent. Delivered ones come first, for a while. */
  readonly entries: readonly OutboxEntry[];
  /** How many undelivered entries other authors have on this device. Their texts are not read. */
  readonly others: readonly { name: string; count: number }[];
  readonly protection: Protection;
  readonly delivery: Delivery;
  readonly pictures: DevicePictures;
  /** Resolves once the entry is on this device. Rejects if it cannot be stored: then the composer keeps the text. */
  add(write: Write, options: AddOptions): Promise<OutboxEntry>;
  /** Takes the entry out of the outbox, back to the composer. Undefined: too late. */
  undo(id: string): Promise<Write | undefined>;
  /** Ends the undo window, or answers "Publish" for an entry that asks. */
  publishNow(id: string): Promise<void>;
  /** Sends a refused entry once more, because what it was refused for is gone. */
  sendAgain(id: string): Promise<void>;
  /**
   * Takes a refused, conflicting or asking entry out of the outbox, and returns its write so that it can become a draft. Undefined
   * if the entry is in another state.
   */
  discard(id: string): Promise<Write | undefined>;
  /** The desk's own subscription received this event, or a snapshot as of this cursor. */
  received(channelId: string, event: Pick<Event, 'cursor'>): void;
  /** Something may have changed, such as a renewed session: tries at once instead of after the pause. */
  wake(): void;
  /** Calls back after each change of a property. Returns its own undo. */
  subscribe(changed: () => void): () => void;
  close(): void;
}

/** Whether the server has it on its disk. */
export function isDelivered({ state }: Pick<OutboxEntry, 'state'>): boolean {
  return state.at === 'on-disk' || state.at === 'out';
}

export function channelOf(write: Write): string {
  return write.type === 'create-channel' ? write.channel.id : write.channelId;
}

/** The reason why nothing is being sent. Undefined if nothing prevents it. The outbox may learn of a lost network a moment later. */
export function hindranceOf(delivery: Delivery, isOnline: boolean): Exclude<Delivery, 'ready'> | undefined {
  if (delivery !== 'ready') return delivery;
  return isOnline ? undefined : 'offline';
}

/** Whether the author published the post on this device, as far as the outbox still has it. */
export function isPublishedHere({ entries }: Pick<Outbox, 'entries'>, postId: string): boolean {
  return entries.some(({ write }) => write.type === 'publish' && write.post.id === postId);
}

/** The post that a write is about. */
/** Whether the author wrote something for it. Otherwise it was one press, such as pinning a post, and is pressed again. */
export function hasText(write: Write): boolean {
  if (write.type !== 'update-channel') return true;
  return Object.keys(write.patch).some((field) => field !== 'pinnedPostId' && field !== 'state');
}

export function postOf(write: Write): string | undefined {
  if (write.type === 'publish') return write.post.id;
  return 'postId' in write ? write.postId : undefined;
}

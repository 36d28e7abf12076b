import type { Readable } from 'node:stream';

/**
 * The interface between the server and the store of uploaded pictures, videos and sounds. One implementation keeps them in a
 * directory, which several nodes may share.
 *
 * The store knows bytes, and which posts claimed them. The journal knows which posts use a medium and who may read them.
 * Outcomes are return values. A throw is a `MediaUnavailable`.
 */
export interface MediaStore {
  /**
   * Cleans and stores an upload. The bytes decide what it is, and must agree with `mimeType`. When the result is `added` or
   * `existing`, the medium is on disk, and stays there for a day even if no post claims it. The same bytes in the same channel are
   * `existing`. A refused upload leaves nothing behind, and its body is not read to the end.
   */
  add(channelId: string, upload: Upload): Promise<AddResult>;

  find(channelId: string, id: string): Promise<StoredMedia | undefined>;

  /** Media of the channel in the order of their ids, from the one after `after`. */
  list(channelId: string, query: { after?: string | undefined; limit: number }): Promise<StoredMedia[]>;

  /**
   * Stores a medium of another server under the same id, with claims of the posts that use it. `usersOf` reads them from the journal
   * whenever it is called; if nothing uses the medium any more, it is `unused` and not stored. Its files stay byte for byte. A medium
   * that has this id here is `existing`, gets the claims, and `body` is not read. A refused one leaves nothing behind.
   */
  restore(
    channelId: string,
    id: string,
    moved: MovedMedia,
    usersOf: () => Promise<readonly string[]>,
  ): Promise<AddResult | { status: 'unused' }>;

  /** The file of a medium that has this name. Undefined if there is none. Never throws because of what `id` or `name` contains. */
  open(channelId: string, id: string, name: string): Promise<MediaFile | undefined>;

  /** A name for the claims of a write that no other write has: lowercase letters and digits. */
  newWrite(): string;

  /**
   * Notes durably that a write is about to use a medium in a post, before it is appended. A claimed medium is not deleted as an
   * orphan, and not erased by `erase` until the write must be decided (`mediaClaimMs`). A repeated claim changes nothing.
   */
  claim(channelId: string, id: string, postId: string, write: string): Promise<'claimed' | 'missing'>;

  /** The write was appended: its claim becomes that of the post. Without this call, the journal is asked when it matters. */
  keep(channelId: string, id: string, postId: string, write: string): Promise<void>;

  /**
   * Drops the claim of a write that was not appended and never will be, and no other claim. Without `write`: drops the claim of the
   * post, which does not use the medium any more. `sweep` deletes a medium without claims that the journal does not use, once it is a
   * day old.
   */
  drop(channelId: string, id: string, postId: string, write?: string): Promise<void>;

  /**
   * Notes durably that text of a post is about to be erased, before it is erased from the journal. If `erase` does not follow,
   * because the server crashed, `sweep` calls it.
   */
  expectErasure(channelId: string, postId: string): Promise<void>;

  /**
   * Called after text of a post was erased from the journal. Forgets the post's claims of media that the journal no longer holds for
   * it, and erases those media that the journal holds for no other post, with copies of the same content that nothing uses and with
   * what crashes left of uploads. Returns the ids of media that must wait, because a write that claims them may still be appended.
   * If there are none, not a byte of them is left in the store. Otherwise the store tries again by itself. Can be repeated.
   */
  erase(channelId: string, postId: string, uses: MediaUses): Promise<readonly string[]>;

  /** The number of erasures of this process that wait. Read from memory. */
  readonly pendingErasures: number;

  /** Erases all media of a channel. Returns whether nothing is left, also of unfinished uploads. Can be repeated. */
  deleteChannel(channelId: string): Promise<boolean>;

  /**
   * Finishes what a crash interrupted, erases all media of deleted channels, and deletes media that have not been claimed for a day. A
   * claim older than a day does not count if the journal does not hold the medium for that post: the append failed, or is forbidden.
   * Called at the start and every hour, on every node.
   */
  sweep(uses: MediaUses): Promise<void>;

  /** Stores, reads and erases a file. Resolves if media can be stored and read. Throws `MediaUnavailable` with the reason otherwise. */
  ready(): Promise<void>;

  /** Refuses what is being added, and ends the child process. */
  close(): Promise<void>;
}

/** The uses of media, read from the journal. A throw interrupts the call, which can be repeated. */
export interface MediaUses {
  /** Whether a published post of the channel, or the channel itself, uses the medium now. */
  isUsed(channelId: string, id: string): Promise<boolean>;
  /** The media in every revision of the post that the journal still holds. Empty for a post that was taken down or never appended. */
  ofPost(channelId: string, postId: string): Promise<readonly string[]>;
  /** Whether the journal deleted the channel. False for a channel that it never had. */
  isDeleted(channelId: string): Promise<boolean>;
  /** Refuses the append of a write from now on, on every node. When it resolves, `ofPost` has what the write appended, or never will. */
  forbid(channelId: string, write: string): Promise<void>;
}

export interface Upload {
  body: Readable;
  /** As the uploader declares it. */
  mimeType: string;
  /** As the uploader declares it. A larger body is refused before it is read, and a smaller one counts as truncated. */
  length: number | undefined;
  /** The subject of the uploader. */
  by: string;
}

/** A medium as another server stored it. */
export interface MovedMedia extends Pick<StoredMedia, 'type' | 'width' | 'height' | 'durationSeconds' | 'uploadedAt' | 'by'> {
  files: readonly Required<Rendition>[];
  /** The files, one after another. */
  body: AsyncIterator<Buffer>;
}

export type AddResult =
  | { status: 'added' | 'existing'; media: StoredMedia }
  | { status: 'refused'; code: 'too-large' | 'wrong-type' | 'invalid-body' | 'media-unreadable' | 'media-full'; detail: string };

export type MediaType = 'image' | 'video' | 'audio';

export interface StoredMedia {
  /** 128 random bits in base64url: 22 characters. */
  id: string;
  channelId: string;
  type: MediaType;
  /** The file for clients that know no renditions: a JPEG of at most 1,200 pixels for a picture. */
  name: string;
  /** The media type of the file `name`. */
  mimeType: string;
  /** The size of the largest rendition in pixels, upright. Null for sound. */
  width: number | null;
  height: number | null;
  /** Null for pictures. */
  durationSeconds: number | null;
  /** All files of the medium, `name` among them. */
  renditions: readonly Rendition[];
  /** All files together. */
  bytes: number;
  /** RFC 3339. */
  uploadedAt: string;
  by: string;
}

export interface Rendition {
  /** Such as `1600.webp`, `1600.jpg`, `video.mp4`, `audio.m4a`. */
  name: string;
  /** Null for sound. */
  width: number | null;
  mimeType: string;
  bytes: number;
  /** In hexadecimal digits. Left out for files of versions that did not store it. */
  sha256?: string;
}

export interface MediaFile {
  path: string;
  bytes: number;
  mimeType: string;
}

/** Media cannot be stored or read now, or the outcome is not known. The message is a sentence that may be shown to anyone. */
export class MediaUnavailable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'MediaUnavailable';
  }
}

import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeDirectory } from '../make-directory.ts';
import { channelIdPattern } from '../protocol/field-rules.ts';
import {
  entriesOf,
  exists,
  makeDurably,
  modifiedAt,
  removeDurably,
  renameDurably,
  syncPath,
  touchDurably,
  unless,
  writeDurably,
} from './durable-files.ts';
import { type About, mediaOf, readAbout } from './media-about.ts';
import { mediaLimits } from './media-limits.ts';
import {
  type AddResult,
  type MediaFile,
  type MediaStore,
  MediaUnavailable,
  type MediaUses,
  type StoredMedia,
  type Upload,
} from './media-store.ts';
import { receiveUpload } from './receive-upload.ts';
import { Renderer } from './renderer.ts';

/**
 * The store in a directory, which several nodes may share:
 *
 *     {channelId}/{id}/about.json, 1600.webp, …   a medium; the directory appears and disappears as a whole, by a rename
 *     {channelId}/{id}/claims/{postId}            empty: the post claims the medium; "c": the journal confirmed it
 *     {channelId}/by-post/{postId}/{id}           empty: the same, from the post
 *     {channelId}/by-hash/{sha256}                the id of the medium with this content
 *     .incoming/{id}…                             uploads that are being received and processed
 *     .pending/{channelId}~{postId}               erasures that may not be complete
 *     .erasing/{channelId}~{id}, {channelId}~~…   media and channels that are being deleted
 */
export async function openMediaDirectory(directory: string, options: MediaDirectoryOptions): Promise<MediaDirectory> {
  const store = new MediaDirectory(directory, options);
  await store.prepare();
  return store;
}

export interface MediaDirectoryOptions {
  /** Whether other processes use the directory. If not, what is left of uploads is removed at the start. */
  isShared: boolean;
  /** Milliseconds since 1970. */
  now?: () => number;
  /** How many bytes a channel may have. */
  channelBytes?: number;
  renderer?: Renderer;
}

const idPattern = /^[A-Za-z0-9_-]{22}$/;
/** UUIDs, and names such as `channel` for what is no post. */
const postIdPattern = /^[a-z0-9-]{1,64}$/;
const fileNamePattern = /^[a-z0-9]{1,16}\.[a-z0-9]{3,4}$/;
const hourMs = 60 * 60 * 1_000;

export class MediaDirectory implements MediaStore {
  readonly #renderer: Renderer;
  readonly #channelBytes: number;
  readonly #directory: string;
  readonly #isShared: boolean;
  readonly #now: () => number;
  #uploads = 0;
  #isClosed = false;
  #sweeping: Promise<void> | undefined;
  /** Uploads in progress, by channel and content, so that the same content is processed once. */
  readonly #adding = new Map<string, Promise<AddResult>>();
  /** Sizes never change, so each is read once. */
  readonly #sizes = new Map<string, number>();

  constructor(directory: string, options: MediaDirectoryOptions) {
    this.#directory = directory;
    this.#isShared = options.isShared;
    this.#now = options.now ?? Date.now;
    this.#channelBytes = options.channelBytes ?? mediaLimits.mediaChannelBytes;
    this.#renderer = options.renderer ?? new Renderer();
  }

  /** Creates what is missing. Called once, by `openMediaDirectory`. */
  prepare(): Promise<void> {
    return reliably(async () => {
      for (const room of ['.incoming', '.pending', '.erasing']) makeDirectory(this.#at(room));
      if (!this.#isShared) for (const { path } of await entriesOf(this.#at('.incoming'))) await removeDurably(path);
    });
  }

  add(channelId: string, upload: Upload): Promise<AddResult> {
    return reliably(async () => {
      if (this.#isClosed) throw new MediaUnavailable('The server is ending. Try again in a moment.');
      if (!channelIdPattern.test(channelId)) throw new TypeError(`${channelId} is no id of a channel`);
      if (this.#uploads >= mediaLimits.mediaUploads) {
        throw new MediaUnavailable('Too many uploads are in progress. Try again in a moment.');
      }
      const id = randomBytes(16).toString('base64url');
      const incoming = this.#at('.incoming', id);
      this.#uploads += 1;
      try {
        if ((await this.#bytesOf(channelId)) >= this.#channelBytes) return full();
        const received = await receiveUpload(upload, `${incoming}.upload`);
        if (received.status === 'refused') return received;
        const key = `${channelId}/${received.sha256}`;
        // Check again after each wait: several uploads may have waited for the same one.
        for (let same = this.#adding.get(key); same !== undefined; same = this.#adding.get(key)) {
          const result = await same;
          if (result.status === 'refused') return result;
        }
        const adding = this.#store(channelId, id, received, upload.by);
        this.#adding.set(key, adding);
        try {
          return await adding;
        } finally {
          this.#adding.delete(key);
        }
      } finally {
        this.#uploads -= 1;
        for (const path of [`${incoming}.upload`, incoming]) await rm(path, { recursive: true, force: true });
      }
    });
  }

  async #store(
    channelId: string,
    id: string,
    { kind, sha256 }: Extract<Awaited<ReturnType<typeof receiveUpload>>, { status: 'received' }>,
    by: string,
  ): Promise<AddResult> {
    const existing = await this.#withContent(channelId, sha256);
    if (existing !== undefined) return { status: 'existing', media: existing };
    const incoming = this.#at('.incoming', id);
    const file = `${incoming}.upload`;
    await mkdir(incoming, { mode: 0o700 });
    const outcome = await this.#renderer.render({ kind, file, directory: incoming, sha256 });
    if (outcome.status === 'refused') return outcome;

    const { facts } = outcome;
    const [only] = facts.renditions;
    if (facts.type !== 'image' && only !== undefined) {
      await syncPath(file);
      await rename(file, join(incoming, only.name));
    }
    const media = mediaOf(facts, { id, channelId, by, uploadedAt: new Date(this.#now()).toISOString() });
    if ((await this.#bytesOf(channelId)) + media.bytes > this.#channelBytes) return full();
    await mkdir(join(incoming, 'claims'), { mode: 0o700 });
    await writeDurably(
      join(incoming, 'about.json'),
      JSON.stringify({ ...media, sha256 } satisfies About),
      join(incoming, 'about.new'),
    );
    await makeDurably(this.#at(channelId, 'by-hash'), this.#directory);
    await renameDurably(incoming, this.#at(channelId, id));
    await writeDurably(this.#at(channelId, 'by-hash', sha256), id, this.#at('.incoming', `${id}.hash`));
    return { status: 'added', media };
  }

  /** The medium of the channel with this content, which counts as uploaded now. */
  async #withContent(channelId: string, sha256: string): Promise<StoredMedia | undefined> {
    const id = await readFile(this.#at(channelId, 'by-hash', sha256), 'utf8').catch(unless('ENOENT'));
    if (id === undefined) return undefined;
    const media = await this.#find(channelId, id);
    if (media !== undefined) await touchDurably(this.#at(channelId, id, 'about.json'), this.#now());
    return media;
  }

  find(channelId: string, id: string): Promise<StoredMedia | undefined> {
    return reliably(() => this.#find(channelId, id));
  }

  async #find(channelId: string, id: string): Promise<StoredMedia | undefined> {
    const about = await this.#about(channelId, id);
    if (about === undefined) return undefined;
    const { sha256: _, ...media } = about;
    return media;
  }

  async #about(channelId: string, id: string): Promise<About | undefined> {
    if (!channelIdPattern.test(channelId) || !idPattern.test(id)) return undefined;
    return readAbout(this.#at(channelId, id));
  }

  open(channelId: string, id: string, name: string): Promise<MediaFile | undefined> {
    return reliably(async () => {
      if (!fileNamePattern.test(name)) return undefined;
      const rendition = (await this.#about(channelId, id))?.renditions.find((each) => each.name === name);
      const path = this.#at(channelId, id, name);
      const bytes = rendition && (await stat(path).catch(unless('ENOENT', 'ENOTDIR')))?.size;
      return rendition && bytes !== undefined ? { path, bytes, mimeType: rendition.mimeType } : undefined;
    });
  }

  claim(channelId: string, id: string, postId: string): Promise<'claimed' | 'missing'> {
    return reliably(async () => {
      checkPostId(postId);
      if ((await this.#about(channelId, id)) === undefined) return 'missing';
      const fromPost = this.#at(channelId, 'by-post', postId, id);
      await makeDurably(dirname(fromPost), this.#directory);
      await touchDurably(fromPost, this.#now());
      // Missing if the medium is being erased: it was moved away, and comes back only if this claim was in time.
      await touchDurably(this.#claim(channelId, id, postId), this.#now()).catch(unless('ENOENT'));
      if ((await this.#about(channelId, id)) !== undefined && (await exists(this.#claim(channelId, id, postId))))
        return 'claimed';
      await removeDurably(fromPost);
      return 'missing';
    });
  }

  expectErasure(channelId: string, postId: string): Promise<void> {
    return reliably(() => touchDurably(this.#pending(channelId, postId), this.#now()));
  }

  erase(channelId: string, postId: string, uses: MediaUses): Promise<void> {
    return reliably(async () => {
      const pending = this.#pending(channelId, postId);
      await touchDurably(pending, this.#now());
      await this.#forget(channelId, postId, uses);
      await removeDurably(pending);
    });
  }

  /** Drops the claims of a post that the journal does not confirm, and the media that were only claimed by it. Can be repeated. */
  async #forget(channelId: string, postId: string, uses: MediaUses): Promise<void> {
    const held = new Set(await uses.ofPost(channelId, postId));
    const claimed = this.#at(channelId, 'by-post', postId);
    for (const { name: id, path } of await entriesOf(claimed)) {
      if (held.has(id)) continue;
      await removeDurably(this.#claim(channelId, id, postId));
      const isClaimed = (await entriesOf(this.#at(channelId, id, 'claims'))).length > 0;
      if (!isClaimed && !(await uses.isUsed(channelId, id))) await this.#eraseMedium(channelId, id);
      await removeDurably(path);
    }
    await rmdir(claimed).catch(unless('ENOENT', 'ENOTEMPTY', 'EEXIST'));
  }

  /** Moves the medium away, so that nobody can claim it any more, then erases it unless it was claimed before. */
  async #eraseMedium(channelId: string, id: string): Promise<void> {
    const moved = this.#at('.erasing', `${channelId}~${id}`);
    await renameDurably(this.#at(channelId, id), moved).catch(unless('ENOENT'));
    await this.#finishErasure(channelId, id);
  }

  async #finishErasure(channelId: string, id: string): Promise<void> {
    const moved = this.#at('.erasing', `${channelId}~${id}`);
    if ((await entriesOf(join(moved, 'claims'))).length > 0) {
      await renameDurably(moved, this.#at(channelId, id)).catch(unless('ENOENT'));
      return;
    }
    const about = await readAbout(moved);
    if (about !== undefined) {
      const byHash = this.#at(channelId, 'by-hash', about.sha256);
      if ((await readFile(byHash, 'utf8').catch(unless('ENOENT'))) === id) await removeDurably(byHash);
    }
    await removeDurably(moved);
    this.#sizes.delete(`${channelId}/${id}`);
  }

  deleteChannel(channelId: string): Promise<void> {
    return reliably(async () => {
      if (!channelIdPattern.test(channelId)) return;
      const moved = this.#at('.erasing', `${channelId}~~${randomBytes(16).toString('base64url')}`);
      await renameDurably(this.#at(channelId), moved).catch(unless('ENOENT'));
      for (const room of ['.erasing', '.pending']) {
        for (const { name, path } of await entriesOf(this.#at(room))) {
          if (name.startsWith(`${channelId}~`)) await removeDurably(path);
        }
      }
      this.#sizes.clear();
    });
  }

  sweep(uses: MediaUses): Promise<void> {
    this.#sweeping ??= reliably(async () => {
      await this.#sweepIncoming();
      for (const { name, path } of await entriesOf(this.#at('.erasing'))) {
        const [channelId = '', id = ''] = name.split('~', 2);
        if (id === '') await removeDurably(path);
        else await this.#finishErasure(channelId, id);
      }
      for (const { name, path } of await entriesOf(this.#at('.pending'))) {
        const [channelId = '', postId = ''] = name.split('~', 2);
        const isSettled = await this.#isOlder(path, mediaLimits.mediaPendingMs);
        await this.#forget(channelId, postId, uses);
        // The erasure of a fresh one may only now be happening, on any node.
        if (isSettled) await removeDurably(path);
      }
      for (const { name: channelId } of await entriesOf(this.#directory)) {
        if (!channelIdPattern.test(channelId)) continue;
        for (const { name: id } of await entriesOf(this.#at(channelId))) {
          if (idPattern.test(id) && (await this.#isOrphan(channelId, id, uses))) await this.#eraseMedium(channelId, id);
        }
      }
    }).finally(() => {
      this.#sweeping = undefined;
    });
    return this.#sweeping;
  }

  async #sweepIncoming(): Promise<void> {
    for (const { path } of await entriesOf(this.#at('.incoming'))) {
      if (await this.#isOlder(path, mediaLimits.mediaIncomingHours * hourMs)) await removeDurably(path);
    }
  }

  /** Drops claims that the journal does not confirm after a day. */
  async #isOrphan(channelId: string, id: string, uses: MediaUses): Promise<boolean> {
    const orphanMs = mediaLimits.mediaOrphanHours * hourMs;
    if (!(await this.#isOlder(this.#at(channelId, id, 'about.json'), orphanMs))) return false;
    for (const { name: postId, path } of await entriesOf(this.#at(channelId, id, 'claims'))) {
      const isConfirmed = ((await stat(path).catch(unless('ENOENT')))?.size ?? 0) > 0;
      if (isConfirmed || !(await this.#isOlder(path, orphanMs))) return false;
      if ((await uses.ofPost(channelId, postId)).includes(id)) {
        await writeFile(path, 'c');
        return false;
      }
      await removeDurably(path);
      await removeDurably(this.#at(channelId, 'by-post', postId, id));
    }
    return !(await uses.isUsed(channelId, id));
  }

  ready(): Promise<void> {
    return reliably(async () => {
      const probe = this.#at('.incoming', `${randomBytes(16).toString('base64url')}.ready`);
      await writeFile(probe, 'ready', { mode: 0o600 });
      await rm(probe);
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#renderer.close();
    await Promise.allSettled(this.#adding.values());
  }

  /** Bytes of all media of a channel. Other nodes may add at the same moment, so the limit can be passed by an upload of each. */
  async #bytesOf(channelId: string): Promise<number> {
    let bytes = 0;
    for (const { name: id, path } of await entriesOf(this.#at(channelId))) {
      if (!idPattern.test(id)) continue;
      const key = `${channelId}/${id}`;
      const own = this.#sizes.get(key) ?? (await readAbout(path))?.bytes ?? 0;
      if (this.#sizes.size >= mediaLimits.mediaSizes) this.#sizes.clear();
      this.#sizes.set(key, own);
      bytes += own;
    }
    return bytes;
  }

  async #isOlder(path: string, ms: number): Promise<boolean> {
    const at = await modifiedAt(path);
    return at !== undefined && this.#now() - at > ms;
  }

  #at(...names: string[]): string {
    return join(this.#directory, ...names);
  }

  #claim(channelId: string, id: string, postId: string): string {
    return this.#at(channelId, id, 'claims', postId);
  }

  #pending(channelId: string, postId: string): string {
    checkPostId(postId);
    if (!channelIdPattern.test(channelId)) throw new TypeError(`${channelId} is no id of a channel`);
    return this.#at('.pending', `${channelId}~${postId}`);
  }
}

function checkPostId(postId: string): void {
  if (!postIdPattern.test(postId)) throw new TypeError(`${postId} is no id of a post`);
}

function full(): AddResult {
  const gigabytes = mediaLimits.mediaChannelBytes / 1024 ** 3;
  const detail = `The uploads of a channel may have ${gigabytes} GiB together. Withdraw what is no longer needed.`;
  return { status: 'refused', code: 'media-full', detail };
}

/** Turns errors of the file system into `MediaUnavailable`. */
async function reliably<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    const { code } = error as NodeJS.ErrnoException;
    const isFull = code === 'ENOSPC' || code === 'EDQUOT';
    throw new MediaUnavailable(isFull ? 'The disk for uploads is full.' : `The directory for uploads cannot be used (${code}).`, {
      cause: error,
    });
  }
}

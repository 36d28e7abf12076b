import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeDirectory } from '../make-directory.ts';
import {
  createDurably,
  entriesOf,
  exists,
  makeDurably,
  removeDurably,
  renameDurably,
  syncPath,
  touchDurably,
  unless,
  writeDurably,
} from './durable-files.ts';
import { hashOfFile } from './file-hash.ts';
import { type About, mediaOf, readAbout } from './media-about.ts';
import { MediaErasures } from './media-erasures.ts';
import { mediaLimits } from './media-limits.ts';
import { isChannelId, MediaPaths, mediumIdPattern, requireChannelId } from './media-paths.ts';
import {
  type AddResult,
  type MediaFile,
  type MediaStore,
  MediaUnavailable,
  type MediaUses,
  type MovedMedia,
  type StoredMedia,
  type Upload,
} from './media-store.ts';
import { receiveMoved } from './receive-moved.ts';
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
  /** Closed with the store. */
  renderer?: Pick<Renderer, 'render' | 'close'>;
}

const fileNamePattern = /^[a-z0-9]{1,16}\.[a-z0-9]{3,4}$/;

export class MediaDirectory implements MediaStore {
  readonly #renderer: Pick<Renderer, 'render' | 'close'>;
  readonly #channelBytes: number;
  readonly #paths: MediaPaths;
  readonly #erasures: MediaErasures;
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
    this.#paths = new MediaPaths(directory);
    this.#isShared = options.isShared;
    this.#now = options.now ?? Date.now;
    this.#channelBytes = options.channelBytes ?? mediaLimits.mediaChannelBytes;
    this.#renderer = options.renderer ?? new Renderer();
    this.#erasures = new MediaErasures(this.#paths, {
      now: this.#now,
      onErased: (channelId, id) => (id === undefined ? this.#sizes.clear() : this.#sizes.delete(`${channelId}/${id}`)),
    });
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
      this.#requireRoom();
      requireChannelId(channelId);
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
    const renditions = await Promise.all(
      facts.renditions.map(async (one) => ({ ...one, sha256: await hashOfFile(join(incoming, one.name)) })),
    );
    const about = { id, channelId, by, uploadedAt: new Date(this.#now()).toISOString() };
    return await this.#publish(incoming, { ...mediaOf({ ...facts, renditions }, about), sha256 });
  }

  /** Moves a medium whose files are on disk to its place. */
  async #publish(
    incoming: string,
    about: About,
    { postIds = [], isMoved = false }: { postIds?: readonly string[]; isMoved?: boolean } = {},
  ): Promise<AddResult> {
    const { sha256, ...media } = about;
    const { channelId, id } = media;
    if ((await this.#bytesOf(channelId)) + media.bytes > this.#channelBytes) return full();
    await mkdir(join(incoming, 'claims'), { mode: 0o700 });
    for (const postId of postIds) {
      const fromPost = this.#paths.claimsOfPost(channelId, postId);
      await makeDurably(fromPost, this.#paths.root);
      await touchDurably(join(fromPost, id), this.#now());
      await touchDurably(join(incoming, 'claims', postId), this.#now());
    }
    await writeDurably(join(incoming, 'about.json'), JSON.stringify(about), join(incoming, 'about.new'));
    await makeDurably(this.#at(channelId, 'by-hash'), this.#paths.root);
    try {
      await renameDurably(incoming, this.#at(channelId, id));
    } catch (error) {
      // Another node was faster with the same medium of another server.
      if (!['EEXIST', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
      return { status: 'existing', media: (await this.#find(channelId, id)) ?? media };
    }
    const first = await this.#recordHash(channelId, sha256, id);
    if (first === undefined || isMoved) return { status: 'added', media };
    // Another node was faster with the same upload. Nobody knows this one yet.
    await renameDurably(this.#at(channelId, id), this.#paths.erasing(channelId, id));
    await removeDurably(this.#paths.erasing(channelId, id));
    return { status: 'existing', media: first };
  }

  /** Makes the medium that of this content. Returns the other one if there is one. */
  async #recordHash(channelId: string, sha256: string, id: string): Promise<StoredMedia | undefined> {
    const byHash = this.#paths.byHash(channelId, sha256);
    const written = this.#at('.incoming', `${id}.hash`);
    const isFirst = await createDurably(byHash, id, written);
    if (isFirst) return undefined;
    const other = await this.#withContent(channelId, sha256);
    if (other === undefined) await writeDurably(byHash, id, written);
    return other;
  }

  restore(channelId: string, id: string, moved: MovedMedia, postIds: readonly string[]): Promise<AddResult> {
    return reliably(async () => {
      this.#requireRoom();
      requireChannelId(channelId);
      if (!mediumIdPattern.test(id)) throw new TypeError(`${id} is no id of an upload`);
      const claimed = async (media: StoredMedia): Promise<AddResult> => {
        for (const postId of postIds) await this.claim(channelId, id, postId);
        return { status: 'existing', media };
      };
      const existing = await this.#find(channelId, id);
      if (existing !== undefined) return await claimed(existing);
      const incoming = this.#at('.incoming', `${id}-${randomBytes(8).toString('hex')}`);
      this.#uploads += 1;
      try {
        await mkdir(incoming, { mode: 0o700 });
        const received = await receiveMoved(moved, moved.body, { directory: incoming, renderer: this.#renderer });
        if (received.status === 'refused') return received;
        const { uploadedAt, by } = moved;
        const media = mediaOf(received.facts, { id, channelId, uploadedAt, by });
        // The hash of the upload itself is not known here. That of its main file finds it if that file is uploaded.
        const sha256 = moved.files.find(({ name }) => name === media.name)?.sha256 ?? '';
        const result = await this.#publish(incoming, { ...media, sha256 }, { postIds, isMoved: true });
        return result.status === 'existing' ? await claimed(result.media) : result;
      } finally {
        this.#uploads -= 1;
        await rm(incoming, { recursive: true, force: true });
      }
    });
  }

  #requireRoom(): void {
    if (this.#isClosed) throw new MediaUnavailable('The server is ending. Try again in a moment.');
    if (this.#uploads < mediaLimits.mediaUploads) return;
    throw new MediaUnavailable('Too many uploads are in progress. Try again in a moment.');
  }

  /** The medium of the channel with this content, which counts as uploaded now. */
  async #withContent(channelId: string, sha256: string): Promise<StoredMedia | undefined> {
    const id = await readFile(this.#paths.byHash(channelId, sha256), 'utf8').catch(unless('ENOENT'));
    if (id === undefined) return undefined;
    const media = await this.#find(channelId, id);
    if (media !== undefined) await touchDurably(this.#at(channelId, id, 'about.json'), this.#now());
    return media;
  }

  find(channelId: string, id: string): Promise<StoredMedia | undefined> {
    return reliably(() => this.#find(channelId, id));
  }

  list(channelId: string, { after = '', limit }: { after?: string | undefined; limit: number }): Promise<StoredMedia[]> {
    return reliably(async () => {
      if (!isChannelId(channelId)) return [];
      const found: StoredMedia[] = [];
      for (const { name: id } of await entriesOf(this.#at(channelId))) {
        if (!mediumIdPattern.test(id) || id <= after) continue;
        if (found.length === limit) break;
        const media = await this.#find(channelId, id);
        if (media !== undefined) found.push(media);
      }
      return found;
    });
  }

  async #find(channelId: string, id: string): Promise<StoredMedia | undefined> {
    const about = await this.#about(channelId, id);
    if (about === undefined) return undefined;
    const { sha256: _, ...media } = about;
    return media;
  }

  async #about(channelId: string, id: string): Promise<About | undefined> {
    if (!isChannelId(channelId) || !mediumIdPattern.test(id)) return undefined;
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
      const claim = this.#paths.claim(channelId, id, postId);
      if ((await this.#about(channelId, id)) === undefined) return 'missing';
      const fromPost = join(this.#paths.claimsOfPost(channelId, postId), id);
      await makeDurably(dirname(fromPost), this.#paths.root);
      await touchDurably(fromPost, this.#now());
      // Missing if the medium is being erased: it was moved away, and comes back only if this claim was in time.
      await touchDurably(claim, this.#now()).catch(unless('ENOENT'));
      if ((await this.#about(channelId, id)) !== undefined && (await exists(claim))) return 'claimed';
      await removeDurably(fromPost);
      return 'missing';
    });
  }

  disclaim(channelId: string, id: string, postId: string): Promise<void> {
    return reliably(async () => {
      if (!mediumIdPattern.test(id)) return;
      await removeDurably(this.#paths.claim(channelId, id, postId));
      await removeDurably(join(this.#paths.claimsOfPost(channelId, postId), id));
    });
  }

  expectErasure(channelId: string, postId: string): Promise<void> {
    return reliably(() => this.#erasures.expect(channelId, postId));
  }

  erase(channelId: string, postId: string, uses: MediaUses): Promise<void> {
    return reliably(() => this.#erasures.erase(channelId, postId, uses));
  }

  deleteChannel(channelId: string): Promise<void> {
    return reliably(() => this.#erasures.deleteChannel(channelId));
  }

  sweep(uses: MediaUses): Promise<void> {
    this.#sweeping ??= reliably(() => this.#erasures.sweep(uses)).finally(() => {
      this.#sweeping = undefined;
    });
    return this.#sweeping;
  }

  ready(): Promise<void> {
    return reliably(async () => {
      const name = `${randomBytes(16).toString('base64url')}.ready`;
      const [probe, moved] = [this.#at('.incoming', name), this.#at('.erasing', `~~${name}`)];
      // As an upload does it, and an erasure: written under another name, synced, moved, and removed.
      await writeDurably(probe, 'ready', `${probe}.new`);
      await renameDurably(probe, moved);
      await readFile(moved);
      await removeDurably(moved);
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
      if (!mediumIdPattern.test(id)) continue;
      const key = `${channelId}/${id}`;
      const own = this.#sizes.get(key) ?? (await readAbout(path))?.bytes ?? 0;
      if (this.#sizes.size >= mediaLimits.mediaSizes) this.#sizes.clear();
      this.#sizes.set(key, own);
      bytes += own;
    }
    return bytes;
  }

  #at(...names: string[]): string {
    return this.#paths.at(...names);
  }
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

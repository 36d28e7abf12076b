import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
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
import { type IncomingUpload, IncomingUploads } from './incoming-uploads.ts';
import { type About, mediaOf, readAbout, servedType } from './media-about.ts';
import { MediaClaims } from './media-claims.ts';
import { MediaErasures, probe } from './media-erasures.ts';
import { MediaFacts } from './media-facts.ts';
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
 *     {channelId}/{id}/claims/, by-post/          who claims it: see `media-claims.ts`
 *     {channelId}/by-hash/{sha256}                the id of the medium with this content
 *     .incoming/                                  uploads that are being received and processed: see `incoming-uploads.ts`
 *     .pending/{channelId}~{postId}               erasures that may not be complete
 *     .erasing/{channelId}~{id}, {channelId}~~…, ~~…   media, channels and unfinished uploads that are being deleted
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

export class MediaDirectory implements MediaStore {
  readonly #renderer: Pick<Renderer, 'render' | 'close'>;
  readonly #channelBytes: number;
  readonly #paths: MediaPaths;
  readonly #claims: MediaClaims;
  readonly #incoming: IncomingUploads;
  readonly #facts: MediaFacts;
  readonly #erasures: MediaErasures;
  readonly #isShared: boolean;
  readonly #now: () => number;
  #isClosed = false;
  #sweeping: Promise<void> | undefined;
  /** Uploads in progress, by channel and content, so that the same content is processed once. */
  readonly #adding = new Map<string, Promise<AddResult>>();

  constructor(directory: string, options: MediaDirectoryOptions) {
    this.#paths = new MediaPaths(directory);
    this.#isShared = options.isShared;
    this.#now = options.now ?? Date.now;
    this.#channelBytes = options.channelBytes ?? mediaLimits.mediaChannelBytes;
    this.#renderer = options.renderer ?? new Renderer();
    const [paths, now] = [this.#paths, this.#now];
    this.#claims = new MediaClaims(paths, now);
    this.#incoming = new IncomingUploads(paths, { isShared: options.isShared, now });
    this.#facts = new MediaFacts(paths);
    const { claims, incoming, facts } = { claims: this.#claims, incoming: this.#incoming, facts: this.#facts };
    this.#erasures = new MediaErasures({ paths, claims, incoming, facts, now });
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
      return await this.#incoming.hold(async (incoming) => {
        if ((await this.#facts.bytesOf(channelId)) >= this.#channelBytes) return full();
        const received = await receiveUpload(upload, incoming.body);
        if (received.status === 'refused') return received;
        const key = `${channelId}/${received.sha256}`;
        // Check again after each wait: several uploads may have waited for the same one.
        for (let same = this.#adding.get(key); same !== undefined; same = this.#adding.get(key)) {
          const result = await same;
          if (result.status === 'refused') return result;
        }
        const adding = this.#store(channelId, incoming, received, upload.by);
        this.#adding.set(key, adding);
        try {
          return await adding;
        } finally {
          this.#adding.delete(key);
        }
      });
    });
  }

  async #store(
    channelId: string,
    incoming: IncomingUpload,
    { kind, sha256 }: Extract<Awaited<ReturnType<typeof receiveUpload>>, { status: 'received' }>,
    by: string,
  ): Promise<AddResult> {
    const id = randomBytes(16).toString('base64url');
    const directory = incoming.files(channelId, sha256);
    const file = `${directory}.body`;
    // Under this name, an erasure of the same content finds it.
    await rename(incoming.body, file);
    const existing = await this.#withContent(channelId, sha256);
    if (existing !== undefined) return { status: 'existing', media: existing };
    await mkdir(directory, { mode: 0o700 });
    const outcome = await this.#renderer.render({ kind, file, directory, sha256, by });
    if (outcome.status === 'refused') {
      // The decoder cannot tell a file that was erased meanwhile from a damaged one.
      if (!(await exists(file))) throw new MediaUnavailable(erasedMeanwhile);
      return outcome;
    }

    const { facts } = outcome;
    const [only] = facts.renditions;
    if (facts.type !== 'image' && only !== undefined) {
      await syncPath(file);
      await rename(file, join(directory, only.name));
    }
    const renditions = await Promise.all(
      facts.renditions.map(async (one) => ({ ...one, sha256: await hashOfFile(join(directory, one.name)) })),
    );
    const about = { id, channelId, by, uploadedAt: new Date(this.#now()).toISOString() };
    return await this.#publish(directory, { ...mediaOf({ ...facts, renditions }, about), sha256 });
  }

  /** Moves a medium whose files are on disk to its place. `isMoved`: from another server, with claims. */
  async #publish(incoming: string, about: About, { isMoved = false } = {}): Promise<AddResult> {
    const { sha256, ...media } = about;
    const { channelId, id } = media;
    if ((await this.#facts.bytesOf(channelId)) + media.bytes > this.#channelBytes) return full();
    await makeDurably(this.#at(channelId, 'by-hash'), this.#paths.root);
    try {
      // Not made with its parents: whoever erased them does not want them back.
      await mkdir(join(incoming, 'claims'), { mode: 0o700 }).catch(unless('EEXIST'));
      await writeDurably(join(incoming, 'about.json'), JSON.stringify(about), join(incoming, 'about.new'));
      await renameDurably(incoming, this.#at(channelId, id));
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') throw new MediaUnavailable(erasedMeanwhile, { cause: error });
      // Another node was faster with the same medium of another server.
      if (!['EEXIST', 'ENOTEMPTY'].includes(code)) throw error;
      return { status: 'existing', media: (await this.#find(channelId, id)) ?? media };
    }
    const first = await this.#recordHash(incoming, about);
    if (first === undefined || isMoved) return { status: 'added', media };
    // Another node was faster with the same upload. Nobody knows this one yet.
    await renameDurably(this.#at(channelId, id), this.#paths.erasing(channelId, id));
    await removeDurably(this.#paths.erasing(channelId, id));
    return { status: 'existing', media: first };
  }

  /** Makes the medium that of this content. Returns the other one if there is one. */
  async #recordHash(incoming: string, { channelId, sha256, id }: About): Promise<StoredMedia | undefined> {
    const byHash = this.#paths.byHash(channelId, sha256);
    const written = `${incoming}.hash`;
    const isFirst = await createDurably(byHash, id, written);
    if (isFirst) return undefined;
    const other = await this.#withContent(channelId, sha256);
    if (other === undefined) await writeDurably(byHash, id, written);
    return other;
  }

  restore(
    channelId: string,
    id: string,
    moved: MovedMedia,
    usersOf: () => Promise<readonly string[]>,
  ): Promise<AddResult | { status: 'unused' }> {
    return reliably(async () => {
      this.#requireRoom();
      requireChannelId(channelId);
      if (!mediumIdPattern.test(id)) throw new TypeError(`${id} is no id of an upload`);
      const claim = async (incoming?: string) => {
        for (const postId of await usersOf()) await this.#claims.prepare(channelId, id, postId, incoming);
      };
      const existing = await this.#find(channelId, id);
      if (existing !== undefined) {
        await claim();
        return { status: 'existing', media: existing };
      }
      return await this.#incoming.hold(async (incoming) => {
        const directory = incoming.files(channelId, id);
        await mkdir(directory, { mode: 0o700 });
        const received = await receiveMoved(moved, moved.body, { directory, renderer: this.#renderer });
        if (received.status === 'refused') return received;
        const { uploadedAt, by } = moved;
        const media = mediaOf(received.facts, { id, channelId, uploadedAt, by });
        // The hash of the upload itself is not known here. That of its main file finds it if that file is uploaded.
        const sha256 = moved.files.find(({ name }) => name === media.name)?.sha256 ?? '';
        await mkdir(join(directory, 'claims'), { mode: 0o700 });
        await claim(directory);
        // A takedown from now on finds the claims, and keeps these files from being published.
        if ((await usersOf()).length === 0) return { status: 'unused' };
        const result = await this.#publish(directory, { ...media, sha256 }, { isMoved: true });
        if (result.status === 'existing') await claim();
        return result;
      });
    });
  }

  #requireRoom(): void {
    if (this.#isClosed) throw new MediaUnavailable('The server is ending. Try again in a moment.');
    if (this.#incoming.count < mediaLimits.mediaUploads) return;
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
      const mimeType = servedType(name);
      if (mimeType === undefined) return undefined;
      const rendition = (await this.#about(channelId, id))?.renditions.find((each) => each.name === name);
      const path = this.#at(channelId, id, name);
      const bytes = rendition && (await stat(path).catch(unless('ENOENT', 'ENOTDIR')))?.size;
      return rendition && bytes !== undefined ? { path, bytes, mimeType } : undefined;
    });
  }

  newWrite(): string {
    return randomBytes(16).toString('hex');
  }

  claim(channelId: string, id: string, postId: string, write: string): Promise<'claimed' | 'missing'> {
    return reliably(() => this.#claims.claim(channelId, id, postId, write));
  }

  keep(channelId: string, id: string, postId: string, write: string): Promise<void> {
    return reliably(() => this.#claims.keep(channelId, id, postId, write));
  }

  drop(channelId: string, id: string, postId: string, write?: string): Promise<void> {
    return reliably(async () => {
      if (mediumIdPattern.test(id)) await this.#claims.drop(channelId, id, postId, write);
    });
  }

  expectErasure(channelId: string, postId: string): Promise<void> {
    return reliably(() => this.#erasures.expect(channelId, postId));
  }

  erase(channelId: string, postId: string, uses: MediaUses): Promise<readonly string[]> {
    return reliably(() => this.#erasures.erase(channelId, postId, uses));
  }

  deleteChannel(channelId: string): Promise<boolean> {
    return reliably(() => this.#erasures.deleteChannel(channelId));
  }

  get pendingErasures(): number {
    return this.#erasures.pending;
  }

  sweep(uses: MediaUses): Promise<void> {
    this.#sweeping ??= reliably(() => this.#erasures.sweep(uses)).finally(() => {
      this.#sweeping = undefined;
    });
    return this.#sweeping;
  }

  ready(): Promise<void> {
    return reliably(async () => {
      const name = `${randomBytes(16).toString('base64url')}${probe}`;
      const [written, moved] = [this.#at('.incoming', name), this.#at('.erasing', `~~${name}`)];
      // As an upload does it, and an erasure: written under another name, synced, moved, and removed.
      await writeDurably(written, 'ready', `${written}.new`);
      await renameDurably(written, moved);
      await readFile(moved);
      await removeDurably(moved);
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#renderer.close();
    await Promise.allSettled(this.#adding.values());
    this.#erasures.close();
    await this.#incoming.close().catch(unless('ENOENT'));
  }

  #at(...names: string[]): string {
    return this.#paths.at(...names);
  }
}

const erasedMeanwhile = 'The same file was erased while it was uploaded. Send it again if it is to be shown.';

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

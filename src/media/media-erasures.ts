import { randomBytes } from 'node:crypto';
import { readFile, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { entriesOf, modifiedAt, removeDurably, renameDurably, touchDurably, unless } from './durable-files.ts';
import { readAbout } from './media-about.ts';
import { mediaLimits } from './media-limits.ts';
import { isChannelId, type MediaPaths, mediumIdPattern } from './media-paths.ts';
import type { MediaUses } from './media-store.ts';

/**
 * The erasures in a directory of media. Each can be repeated after a crash, and run on several nodes at once: a medium or a channel
 * is first moved to `.erasing`, which only one of them can do, and what is already gone is no error.
 */
export class MediaErasures {
  readonly #paths: MediaPaths;
  readonly #now: () => number;
  readonly #onErased: (channelId: string, id?: string) => void;

  /** `onErased`: called when a medium is gone, or without `id` when all media of the channel are. */
  constructor(paths: MediaPaths, { now, onErased }: { now: () => number; onErased(channelId: string, id?: string): void }) {
    this.#paths = paths;
    this.#now = now;
    this.#onErased = onErased;
  }

  expect(channelId: string, postId: string): Promise<void> {
    return touchDurably(this.#paths.pending(channelId, postId), this.#now());
  }

  async erase(channelId: string, postId: string, uses: MediaUses): Promise<void> {
    await this.expect(channelId, postId);
    await this.#forget(channelId, postId, uses);
    await removeDurably(this.#paths.pending(channelId, postId));
  }

  /** Drops the claims of a post that the journal does not confirm, and the media that were only claimed by it. Can be repeated. */
  async #forget(channelId: string, postId: string, uses: MediaUses): Promise<void> {
    const held = new Set(await uses.ofPost(channelId, postId));
    const claimed = this.#paths.claimsOfPost(channelId, postId);
    for (const { name: id, path } of await entriesOf(claimed)) {
      if (held.has(id)) continue;
      await removeDurably(this.#paths.claim(channelId, id, postId));
      const isClaimed = (await entriesOf(this.#paths.at(channelId, id, 'claims'))).length > 0;
      if (!isClaimed && !(await uses.isUsed(channelId, id))) await this.#eraseMedium(channelId, id);
      await removeDurably(path);
    }
    await rmdir(claimed).catch(unless('ENOENT', 'ENOTEMPTY', 'EEXIST'));
  }

  /** Moves the medium away, so that nobody can claim it any more, then erases it unless it was claimed before. */
  async #eraseMedium(channelId: string, id: string): Promise<void> {
    await renameDurably(this.#paths.at(channelId, id), this.#paths.erasing(channelId, id)).catch(unless('ENOENT'));
    await this.#finishErasure(channelId, id);
  }

  async #finishErasure(channelId: string, id: string): Promise<void> {
    const moved = this.#paths.erasing(channelId, id);
    if ((await entriesOf(join(moved, 'claims'))).length > 0) {
      await renameDurably(moved, this.#paths.at(channelId, id)).catch(unless('ENOENT'));
      return;
    }
    const about = await readAbout(moved);
    if (about !== undefined) {
      const byHash = this.#paths.byHash(channelId, about.sha256);
      if ((await readFile(byHash, 'utf8').catch(unless('ENOENT'))) === id) await removeDurably(byHash);
    }
    await removeDurably(moved);
    this.#onErased(channelId, id);
  }

  async deleteChannel(channelId: string): Promise<void> {
    if (!isChannelId(channelId)) return;
    const moved = this.#paths.at('.erasing', `${channelId}~~${randomBytes(16).toString('base64url')}`);
    await renameDurably(this.#paths.at(channelId), moved).catch(unless('ENOENT'));
    for (const room of ['.erasing', '.pending']) {
      for (const { name, path } of await entriesOf(this.#paths.at(room))) {
        if (name.startsWith(`${channelId}~`)) await removeDurably(path);
      }
    }
    this.#onErased(channelId);
  }

  /** A damaged file does not keep the others from being erased. Throws the first failure at the end. */
  async sweep(uses: MediaUses): Promise<void> {
    const failures: unknown[] = [];
    const each = async (directory: string, action: (name: string, path: string) => Promise<void>) => {
      for (const { name, path } of await entriesOf(directory)) {
        await action(name, path).catch((error: unknown) => void failures.push(error));
      }
    };
    await each(this.#paths.at('.incoming'), async (_, path) => {
      if (await this.#isOlder(path, mediaLimits.mediaIncomingHours * hourMs)) await removeDurably(path);
    });
    await each(this.#paths.at('.erasing'), async (name, path) => {
      const [channelId = '', id = ''] = name.split('~', 2);
      if (id === '') await removeDurably(path);
      else await this.#finishErasure(channelId, id);
    });
    await each(this.#paths.at('.pending'), async (name, path) => {
      const [channelId = '', postId = ''] = name.split('~', 2);
      const isSettled = await this.#isOlder(path, mediaLimits.mediaPendingMs);
      await this.#forget(channelId, postId, uses);
      // The erasure of a fresh one may only now be happening, on any node.
      if (isSettled) await removeDurably(path);
    });
    await each(this.#paths.root, async (channelId) => {
      if (isChannelId(channelId)) await this.#sweepChannel(channelId, uses);
    });
    if (failures.length > 0) throw failures[0];
  }

  /**
   * A channel that the journal does not have, and did not delete, keeps its media: the journal may have been restored from an older
   * backup.
   */
  async #sweepChannel(channelId: string, uses: MediaUses): Promise<void> {
    if (await uses.isDeleted(channelId)) return await this.deleteChannel(channelId);
    for (const { name: id } of await entriesOf(this.#paths.at(channelId))) {
      if (mediumIdPattern.test(id) && (await this.#isOrphan(channelId, id, uses))) await this.#eraseMedium(channelId, id);
    }
  }

  /** Drops claims that the journal does not confirm after a day. */
  async #isOrphan(channelId: string, id: string, uses: MediaUses): Promise<boolean> {
    const orphanMs = mediaLimits.mediaOrphanHours * hourMs;
    if (!(await this.#isOlder(this.#paths.at(channelId, id, 'about.json'), orphanMs))) return false;
    for (const { name: postId, path } of await entriesOf(this.#paths.at(channelId, id, 'claims'))) {
      const isConfirmed = ((await stat(path).catch(unless('ENOENT')))?.size ?? 0) > 0;
      if (isConfirmed || !(await this.#isOlder(path, orphanMs))) return false;
      if ((await uses.ofPost(channelId, postId)).includes(id)) {
        await writeFile(path, 'c');
        return false;
      }
      await removeDurably(path);
      await removeDurably(join(this.#paths.claimsOfPost(channelId, postId), id));
    }
    return !(await uses.isUsed(channelId, id));
  }

  async #isOlder(path: string, ms: number): Promise<boolean> {
    const at = await modifiedAt(path);
    return at !== undefined && this.#now() - at > ms;
  }
}

const hourMs = 60 * 60 * 1_000;

import { rename, rmdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createMarkDurably, entriesOf, exists, makeDurably, removeDurably, touchDurably, unless } from './durable-files.ts';
import { readAbout } from './media-about.ts';
import { mediaLimits } from './media-limits.ts';
import { isChannelId, type MediaPaths, mediumIdPattern } from './media-paths.ts';

/**
 * The claims on media, as files:
 *
 *     {channelId}/{id}/claims/{postId}.{write}   a write names the medium for the post, and may still be appended
 *     {channelId}/{id}/claims/{postId}           a revision of the post in the journal names the medium, or did
 *     {channelId}/by-post/{postId}/{id}…         the same two, from the post
 *
 *     no claim ──claim──▶ of a write ──appended──▶ of the post ──erased──▶ no claim
 *                             ├──refused──▶ no claim
 *                             └──the outcome is unknown──▶ the journal is asked: of the post, or no claim
 *
 * A claim contains "c". Servers of the earlier version know claims of posts only, write them empty before the append, and drop an empty
 * one after a day if the journal does not confirm it.
 */
export class MediaClaims {
  readonly #paths: MediaPaths;
  readonly #now: () => number;

  constructor(paths: MediaPaths, now: () => number) {
    this.#paths = paths;
    this.#now = now;
  }

  /** See `MediaStore.claim`. */
  async claim(channelId: string, id: string, postId: string, write: string): Promise<'claimed' | 'missing'> {
    const claim = this.#paths.claim(channelId, id, postId, write);
    if (!isChannelId(channelId) || !mediumIdPattern.test(id)) return 'missing';
    const medium = this.#paths.at(channelId, id);
    if ((await readAbout(medium)) === undefined) return 'missing';
    const fromPost = this.#paths.fromPost(channelId, postId, id, write);
    await this.#markFromPost(fromPost);
    // Missing if the medium is being erased: it was moved away, and comes back only if this claim was in time.
    await createMarkDurably(claim, this.#now()).catch(unless('ENOENT'));
    if ((await readAbout(medium)) !== undefined && (await exists(claim))) return 'claimed';
    await this.#removeFromPost(fromPost);
    return 'missing';
  }

  /** Makes the claim of a write that of its post. Does nothing if there is no such claim. */
  async keep(channelId: string, id: string, postId: string, write: string): Promise<void> {
    const { claim, fromPost } = this.#paths.both(channelId, id, postId);
    const ofWrite = this.#paths.both(channelId, id, postId, write);
    await rename(ofWrite.fromPost, fromPost).catch(unless('ENOENT'));
    await rename(ofWrite.claim, claim).catch(unless('ENOENT'));
  }

  /** Without `write`: drops the claim of the post. */
  async drop(channelId: string, id: string, postId: string, write?: string): Promise<void> {
    const { claim, fromPost } = this.#paths.both(channelId, id, postId, write);
    await removeDurably(claim);
    await this.#removeFromPost(fromPost);
  }

  /** Claims a medium that is not in its place yet for a post of the journal, which is asked again later. `incoming`: where it is. */
  async prepare(channelId: string, id: string, postId: string, incoming = this.#paths.at(channelId, id)): Promise<void> {
    const { fromPost } = this.#paths.both(channelId, id, postId);
    await this.#markFromPost(fromPost);
    await touchDurably(join(incoming, 'claims', postId), this.#now());
  }

  /** The claims in the directory of a medium, wherever it is. */
  async in(directory: string): Promise<Claim[]> {
    const claims: Claim[] = [];
    for (const { name, path } of await entriesOf(join(directory, 'claims'))) {
      const [postId = '', write] = name.split('.', 2);
      const facts = await stat(path).catch(unless('ENOENT'));
      if (facts !== undefined) claims.push({ postId, write, path, at: facts.mtimeMs, isConfirmed: facts.size > 0 });
    }
    return claims;
  }

  /** Notes that the journal confirmed a claim of the earlier version. */
  async confirm({ path }: Pick<Claim, 'path'>): Promise<void> {
    await writeFile(path, 'c');
  }

  /** The media that a post claims, or claimed. */
  async ofPost(channelId: string, postId: string): Promise<string[]> {
    const entries = await entriesOf(this.#paths.claimsOfPost(channelId, postId));
    return [...new Set(entries.map(({ name }) => name.split('.', 1)[0] as string))];
  }

  /** Drops the claim of a post in the medium. `ofPost` still has the medium. */
  dropInMedium(channelId: string, id: string, postId: string): Promise<void> {
    return removeDurably(this.#paths.claim(channelId, id, postId));
  }

  /** Removes the medium from `ofPost`. With `all`, also as claimed by writes. */
  async forget(channelId: string, postId: string, id: string, { all }: { all: boolean }): Promise<void> {
    for (const { name, path } of await entriesOf(this.#paths.claimsOfPost(channelId, postId))) {
      if (name === id || (all && name.startsWith(`${id}.`))) await this.#removeFromPost(path);
    }
  }

  async #markFromPost(path: string): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      await makeDurably(dirname(path), this.#paths.root);
      try {
        return await createMarkDurably(path, this.#now());
      } catch (error) {
        // Another write has just removed the directory, which was empty.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || tries === mediaLimits.mediaClaimTries) throw error;
      }
    }
  }

  async #removeFromPost(path: string): Promise<void> {
    await removeDurably(path);
    await rmdir(dirname(path)).catch(unless('ENOENT', 'ENOTEMPTY', 'EEXIST'));
  }
}

export interface Claim {
  postId: string;
  /** Undefined: a claim of the post. */
  write: string | undefined;
  path: string;
  /** When it was made. In milliseconds since 1970. */
  at: number;
  /** False for a claim of the earlier version that its server may not have appended yet. */
  isConfirmed: boolean;
}

import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { entriesOf, modifiedAt, removeDurably, renameDurably, touchDurably, unless } from './durable-files.ts';
import type { IncomingUploads } from './incoming-uploads.ts';
import { type About, readAbout } from './media-about.ts';
import type { Claim, MediaClaims } from './media-claims.ts';
import { contentsOf, type MediaFacts } from './media-facts.ts';
import { hourMs, mediaLimits } from './media-limits.ts';
import { isChannelId, type MediaPaths, mediumIdPattern } from './media-paths.ts';
import type { MediaUses } from './media-store.ts';

export interface MediaErasuresParts {
  paths: MediaPaths;
  claims: MediaClaims;
  incoming: IncomingUploads;
  facts: MediaFacts;
  now: () => number;
}

/**
 * The erasures in a directory of media. Each can be repeated after a crash, and run on several nodes at once: a medium or a channel
 * is first moved to `.erasing`, which only one of them can do, and what is already gone is no error.
 *
 * The journal says whether a post uses a medium. A claim only says which post to ask about, and that a write may still be appended.
 */
export class MediaErasures {
  readonly #parts: MediaErasuresParts;
  readonly #paths: MediaPaths;
  readonly #claims: MediaClaims;
  /** Posts with a pending erasure that this server answered, as `channel~post`. */
  readonly #pending = new Set<string>();
  #again: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(parts: MediaErasuresParts) {
    this.#parts = parts;
    this.#paths = parts.paths;
    this.#claims = parts.claims;
  }

  get pending(): number {
    return this.#pending.size;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#again);
  }

  expect(channelId: string, postId: string): Promise<void> {
    return touchDurably(this.#paths.pending(channelId, postId), this.#parts.now());
  }

  /** See `MediaStore.erase`. */
  async erase(channelId: string, postId: string, uses: MediaUses): Promise<string[]> {
    try {
      await this.expect(channelId, postId);
      const pending = await this.#forget(channelId, postId, uses);
      if (pending.length === 0) await removeDurably(this.#paths.pending(channelId, postId));
      return pending;
    } catch (error) {
      this.#note(`${channelId}~${postId}`, true, uses);
      throw error;
    }
  }

  /**
   * Drops the claims of a post that the journal does not confirm, and erases the media that were only claimed by it. Returns the media
   * that must wait. Can be repeated.
   */
  async #forget(channelId: string, postId: string, uses: MediaUses): Promise<string[]> {
    const held = new Set(await uses.ofPost(channelId, postId));
    const pending: string[] = [];
    const gone: string[] = [];
    for (const id of await this.#claims.ofPost(channelId, postId)) {
      if (held.has(id)) continue;
      await this.#claims.dropInMedium(channelId, id, postId);
      const outcome = await this.#eraseUnused(channelId, id, uses);
      if (outcome === 'pending') pending.push(id);
      if (outcome === 'erased') gone.push(id);
      if (outcome === 'used') await this.#claims.forget(channelId, postId, id, { all: false });
    }
    if (gone.length > 0 && !(await this.#eraseRemains(channelId))) pending.push(...gone);
    else for (const id of gone) await this.#claims.forget(channelId, postId, id, { all: true });
    this.#note(`${channelId}~${postId}`, pending.length > 0, uses);
    return pending;
  }

  /** What is pending, or failed, is tried again once it must be decided, even if nobody asks. */
  #note(key: string, isPending: boolean, uses: MediaUses): void {
    if (!isPending) return void this.#pending.delete(key);
    if (this.#pending.size < mediaLimits.mediaPendingPosts) this.#pending.add(key);
    this.#finishLater(uses);
  }

  /** A further erasure that must wait does not delay those that wait already. */
  #finishLater(uses: MediaUses): void {
    if (this.#isClosed || this.#again !== undefined) return;
    const finish = () => {
      this.#again = undefined;
      void this.#finishPending(uses);
    };
    this.#again = setTimeout(finish, mediaLimits.mediaClaimMs).unref();
  }

  async #finishPending(uses: MediaUses): Promise<void> {
    for (const key of [...this.#pending]) {
      const [channelId = '', postId = ''] = key.split('~', 2);
      await this.erase(channelId, postId, uses).catch(() => undefined);
    }
  }

  /** Erases a medium unless it is used, with all other media of the same content that are not used, and unfinished uploads of it. */
  async #eraseUnused(channelId: string, id: string, uses: MediaUses): Promise<'erased' | 'used' | 'pending'> {
    const standing = await this.#standingOf(channelId, id, uses);
    if (standing !== 'unused') return standing;
    const about = await readAbout(this.#paths.at(channelId, id));
    const copies = about === undefined ? [] : await this.#parts.facts.copiesOf(about);
    // The medium goes last, because it tells a repeated call which the copies are.
    let isPending = false;
    for (const copy of copies) {
      const ofCopy = await this.#standingOf(channelId, copy, uses);
      if (ofCopy === 'pending' || (ofCopy === 'unused' && !(await this.#eraseMedium(channelId, copy)))) isPending = true;
    }
    if (isPending) return 'pending';
    await this.#parts.incoming.erase(channelId, [id, ...(about === undefined ? [] : contentsOf(about))]);
    return (await this.#eraseMedium(channelId, id)) ? 'erased' : 'pending';
  }

  /** What crashes left of uploads and erasures, which may have the same content. Returns whether nothing is left. */
  async #eraseRemains(channelId: string): Promise<boolean> {
    for (const { name, path } of await entriesOf(this.#paths.at('.erasing'))) {
      if (name.endsWith(probe)) continue;
      const [of = '', id = ''] = name.split('~', 2);
      if (id === '') await removeDurably(path);
      else if (of === channelId) await this.#finishErasure(channelId, id);
    }
    return await this.#parts.incoming.eraseLeft();
  }

  /** Whether a medium is used, or may be by a write that is not finished. Drops the claims that the journal does not confirm. */
  async #standingOf(channelId: string, id: string, uses: MediaUses): Promise<'used' | 'unused' | 'pending'> {
    if (await uses.isUsed(channelId, id)) return 'used';
    let isPending = false;
    for (const claim of await this.#claims.in(this.#paths.at(channelId, id))) {
      const outcome = await this.#resolve(channelId, id, claim, uses);
      if (outcome === 'held') return 'used';
      if (outcome === 'pending') isPending = true;
    }
    return isPending ? 'pending' : 'unused';
  }

  /** Asks the journal about a claim. A write that was not appended in time is forbidden first, so that the answer stays true. */
  async #resolve(channelId: string, id: string, claim: Claim, uses: MediaUses): Promise<'held' | 'dropped' | 'pending'> {
    const { postId, write } = claim;
    const isHeld = async () => (await uses.ofPost(channelId, postId)).includes(id);
    const keep = async () => {
      if (write !== undefined) await this.#claims.keep(channelId, id, postId, write);
      else if (!claim.isConfirmed) await this.#claims.confirm(claim);
      return 'held' as const;
    };
    if (await isHeld()) return await keep();
    // A clock that was changed, or that of another node, may be behind.
    const isRecent = Math.abs(this.#parts.now() - claim.at) <= mediaLimits.mediaClaimMs;
    if (isRecent && (write !== undefined || !claim.isConfirmed)) return 'pending';
    if (write !== undefined) {
      await uses.forbid(channelId, write);
      if (await isHeld()) return await keep();
    }
    await this.#claims.drop(channelId, id, postId, write);
    return 'dropped';
  }

  /**
   * Moves the medium away, so that nobody can claim it any more, then erases it. Returns false if it was claimed before that: then it is
   * in its place again.
   */
  async #eraseMedium(channelId: string, id: string): Promise<boolean> {
    await renameDurably(this.#paths.at(channelId, id), this.#paths.erasing(channelId, id)).catch(unless('ENOENT'));
    return await this.#finishErasure(channelId, id);
  }

  async #finishErasure(channelId: string, id: string): Promise<boolean> {
    const moved = this.#paths.erasing(channelId, id);
    if ((await this.#claims.in(moved)).length > 0) {
      await renameDurably(moved, this.#paths.at(channelId, id)).catch(unless('ENOENT'));
      return false;
    }
    const about = await readAbout(moved);
    if (about !== undefined) await this.#forgetHash(channelId, id, about);
    await removeDurably(moved);
    this.#parts.facts.drop(channelId, id);
    return true;
  }

  async #forgetHash(channelId: string, id: string, { sha256 }: Pick<About, 'sha256'>): Promise<void> {
    const byHash = this.#paths.byHash(channelId, sha256);
    if ((await readFile(byHash, 'utf8').catch(unless('ENOENT'))) === id) await removeDurably(byHash);
  }

  /** See `MediaStore.deleteChannel`. */
  async deleteChannel(channelId: string): Promise<boolean> {
    if (!isChannelId(channelId)) return true;
    await this.#parts.incoming.erase(channelId);
    const moved = this.#paths.at('.erasing', `${channelId}~~${randomBytes(16).toString('base64url')}`);
    await renameDurably(this.#paths.at(channelId), moved).catch(unless('ENOENT'));
    for (const room of ['.erasing', '.pending']) {
      for (const { name, path } of await entriesOf(this.#paths.at(room))) {
        if (name.startsWith(`${channelId}~`)) await removeDurably(path);
      }
    }
    this.#parts.facts.drop(channelId);
    return await this.#parts.incoming.eraseLeft();
  }

  /** A damaged file does not keep the others from being erased. Throws the first failure at the end. */
  async sweep(uses: MediaUses): Promise<void> {
    const failures: unknown[] = [];
    const attempt = (action: Promise<void>) => action.catch((error: unknown) => void failures.push(error));
    const each = async (directory: string, action: (name: string, path: string) => Promise<void>) => {
      for (const { name, path } of await entriesOf(directory)) await attempt(action(name, path));
    };
    await attempt(this.#parts.incoming.sweep());
    await each(this.#paths.at('.erasing'), async (name, path) => {
      const [channelId = '', id = ''] = name.split('~', 2);
      if (id === '') await removeDurably(path);
      else await this.#finishErasure(channelId, id);
    });
    await each(this.#paths.at('.pending'), async (name, path) => {
      const [channelId = '', postId = ''] = name.split('~', 2);
      const isSettled = await this.#isOlder(path, mediaLimits.mediaPendingMs);
      const pending = await this.#forget(channelId, postId, uses);
      // The erasure of a fresh one may only now be happening, on any node.
      if (isSettled && pending.length === 0) await removeDurably(path);
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
    if (await uses.isDeleted(channelId)) return void (await this.deleteChannel(channelId));
    for (const { name: id } of await entriesOf(this.#paths.at(channelId))) {
      if (mediumIdPattern.test(id) && (await this.#isOrphan(channelId, id, uses))) await this.#eraseMedium(channelId, id);
    }
  }

  /** Spares what is claimed, until the claim is a day old and the journal does not confirm it. */
  async #isOrphan(channelId: string, id: string, uses: MediaUses): Promise<boolean> {
    const orphanMs = mediaLimits.mediaOrphanHours * hourMs;
    if (!(await this.#isOlder(this.#paths.at(channelId, id, 'about.json'), orphanMs))) return false;
    for (const claim of await this.#claims.in(this.#paths.at(channelId, id))) {
      if (claim.write === undefined && claim.isConfirmed) return false;
      if (this.#parts.now() - claim.at <= orphanMs) return false;
      if ((await this.#resolve(channelId, id, claim, uses)) !== 'dropped') return false;
    }
    return !(await uses.isUsed(channelId, id));
  }

  async #isOlder(path: string, ms: number): Promise<boolean> {
    const at = await modifiedAt(path);
    return at !== undefined && this.#parts.now() - at > ms;
  }
}

/** The end of the name of a file that checks the directory. */
export const probe = '.ready';

import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { entriesOf, modifiedAt, removeDurably, renameDurably, unless } from './durable-files.ts';
import { hourMs, mediaLimits } from './media-limits.ts';
import type { MediaPaths } from './media-paths.ts';

/**
 * Unfinished uploads:
 *
 *     .incoming/{node}/alive                         changes every second while the node has uploads
 *     .incoming/{node}/{upload}.body                 a body that is being received
 *     .incoming/{node}/{channelId}~{of}~{upload}…    a whole body, and the directory of its files. {of}: the hash of the body, or the
 *                                                    id of a medium of another server
 *     .incoming/{upload}…                            uploads of servers of the earlier version
 *
 * An erasure moves an unfinished upload away before it deletes it. A server that still works on the upload then fails to move it to
 * its place, so it is never published later.
 */
export class IncomingUploads {
  readonly #paths: MediaPaths;
  readonly #isShared: boolean;
  readonly #now: () => number;
  readonly #node = randomBytes(8).toString('hex');
  #count = 0;
  #tidying: Promise<void> | undefined;
  #beats = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(paths: MediaPaths, { isShared, now }: { isShared: boolean; now: () => number }) {
    this.#paths = paths;
    this.#isShared = isShared;
    this.#now = now;
  }

  /** How many uploads this server works on. */
  get count(): number {
    return this.#count;
  }

  /** Runs an upload, then removes what is left of it. */
  async hold<T>(action: (upload: IncomingUpload) => Promise<T>): Promise<T> {
    const upload = randomBytes(8).toString('hex');
    this.#count += 1;
    try {
      await this.#tidying;
      await mkdir(this.#at(), { mode: 0o700 }).catch(unless('EEXIST'));
      if (this.#isShared) {
        await this.#beat();
        this.#timer ??= setInterval(() => void this.#beat().catch(() => undefined), mediaLimits.mediaBeatMs).unref();
      }
      return await action({
        body: this.#at(`${upload}.body`),
        files: (channelId, of) => this.#at(`${channelId}~${of}~${upload}`),
      });
    } finally {
      try {
        for (const { name, path } of await entriesOf(this.#at())) if (name.includes(upload)) await removeDurably(path);
      } finally {
        this.#count -= 1;
        if (this.#count === 0) {
          clearInterval(this.#timer);
          this.#timer = undefined;
          this.#tidying = this.#removeNode(this.#at()).catch(() => undefined);
          await this.#tidying;
        }
      }
    }
  }

  /** Erases unfinished uploads of these contents, or of these media of another server. Without `of`: of the whole channel. */
  async erase(channelId: string, of?: readonly string[]): Promise<void> {
    const begins = of === undefined ? [`${channelId}~`] : of.map((one) => `${channelId}~${one}~`);
    for (const { path: node } of await entriesOf(this.#paths.at('.incoming'))) {
      for (const { name, path } of await entriesOf(node))
        if (begins.some((begin) => name.startsWith(begin))) await this.#erase(path);
    }
  }

  /**
   * Erases what servers left that ended during an upload. Returns false if something of a server of the earlier version is left that
   * may be in progress: that server does not show whether it has ended.
   */
  async eraseLeft(olderThanMs = mediaLimits.mediaClaimMs): Promise<boolean> {
    const others = (await entriesOf(this.#paths.at('.incoming'))).filter(({ name }) => name !== this.#node);
    const isClean = await Promise.all(
      others.map(async ({ name, path }) => {
        if (nodePattern.test(name)) {
          await this.#eraseLeftOf(path);
          return true;
        }
        if (!earlierPattern.test(name)) return true;
        const at = await modifiedAt(path);
        if (at !== undefined && Math.abs(this.#now() - at) <= olderThanMs) return false;
        await this.#erase(path);
        return true;
      }),
    );
    return !isClean.includes(false);
  }

  /** Removes the directories of servers that have ended, and what is left of checks of the directory. */
  async sweep(): Promise<void> {
    const oldMs = mediaLimits.mediaIncomingHours * hourMs;
    await this.eraseLeft(oldMs);
    for (const { name, path } of await entriesOf(this.#paths.at('.incoming'))) {
      const at = await modifiedAt(path);
      if (name === this.#node || at === undefined || this.#now() - at <= oldMs) continue;
      if (!nodePattern.test(name)) await removeDurably(path);
      else await this.#removeNode(path);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await removeDurably(this.#at());
  }

  /** Does nothing while the node has uploads. */
  async #removeNode(node: string): Promise<void> {
    if ((await entriesOf(node)).some(({ name }) => name !== alive)) return;
    await removeDurably(join(node, alive));
    await rmdir(node).catch(unless('ENOENT', 'ENOTEMPTY', 'EEXIST'));
  }

  async #eraseLeftOf(node: string): Promise<void> {
    const left = (await entriesOf(node)).filter(({ name }) => name !== alive);
    if (left.length === 0 || (await isAlive(node))) return;
    for (const { path } of left) await this.#erase(path);
  }

  async #erase(path: string): Promise<void> {
    const moved = this.#paths.at('.erasing', `~~${randomBytes(16).toString('hex')}`);
    await renameDurably(path, moved).catch(unless('ENOENT'));
    await removeDurably(moved);
  }

  async #beat(): Promise<void> {
    this.#beats += 1;
    await writeFile(this.#at(alive), String(this.#beats));
  }

  #at(...names: string[]): string {
    return this.#paths.at('.incoming', this.#node, ...names);
  }
}

export interface IncomingUpload {
  /** Where its body is received. */
  body: string;
  /** Where its files are made. The body has the same name and `.body` once it is whole. */
  files(channelId: string, of: string): string;
}

const alive = 'alive';
const nodePattern = /^[0-9a-f]{16}$/;
const earlierPattern = /^[A-Za-z0-9_-]{22}(\.upload|-[0-9a-f]{16})?$/;
const lookMs = mediaLimits.mediaBeatMs / 10;

/** Whether a server shows that it works on its uploads. A file is read, because directories may be cached for long. */
async function isAlive(node: string): Promise<boolean> {
  const read = () => readFile(join(node, alive), 'utf8').catch(unless('ENOENT'));
  const before = await read();
  if (before === undefined) return false;
  const looks = (mediaLimits.mediaBeatMs * mediaLimits.mediaBeatsMissed) / lookMs;
  for (let look = 0; look < looks; look += 1) {
    await pause(lookMs);
    if ((await read()) !== before) return true;
  }
  return false;
}

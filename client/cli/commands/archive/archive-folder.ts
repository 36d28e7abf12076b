import { access, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { lockFile } from '../../../../src/lock-file.ts';
import { makeDirectory, syncDirectory } from '../../../../src/make-directory.ts';
import { channelIdPattern } from '../../../../src/protocol/field-rules.ts';
import { CommandFailed } from '../../command-errors.ts';
import { replaceFile } from '../../replace-file.ts';

/**
 * The folder of archived channels:
 *
 *     {channel}/{channel}.ndjson       the export
 *     {channel}/uploads/{channel}/…    its uploads, as `export --media` writes them
 *     {channel}/deletion.json          the deletion as it was about to be sent
 *     {channel}.part/                  the same, while the channel may still be on the server
 *     archive.lock                     held while a command works in the folder
 *
 * A channel that was archived has a folder without `.part`. What is in a `.part` folder with a `deletion.json` may be all that is
 * left of its channel. Without one, its deletion was never sent.
 */
export class ArchiveFolder implements Disposable {
  readonly #folder: string;
  readonly #unlock: () => void;

  constructor(folder: string) {
    this.#folder = folder;
    makeDirectory(folder);
    const unlock = lockFile(join(folder, 'archive.lock'));
    if (unlock === undefined) throw new CommandFailed(`Another pressbox archive works in ${folder}.`);
    this.#unlock = unlock;
  }

  [Symbol.dispose](): void {
    this.#unlock();
  }

  /** The channels of an earlier run that was interrupted, or whose channels could not be archived. */
  async unfinished(): Promise<string[]> {
    const ids = (await readdir(this.#folder))
      .filter((name) => name.endsWith(partEnd))
      .map((name) => name.slice(0, -partEnd.length));
    return ids.filter((id) => channelIdPattern.test(id)).toSorted();
  }

  pathOf(channelId: string): string {
    return join(this.#folder, channelId);
  }

  partOf(channelId: string): string {
    return join(this.#folder, `${channelId}${partEnd}`);
  }

  exportOf(channelId: string): string {
    return join(this.partOf(channelId), `${channelId}.ndjson`);
  }

  uploadsOf(channelId: string): string {
    return join(this.partOf(channelId), 'uploads');
  }

  /** Throws if the channel was archived here before. Its id cannot be used again, so this is the folder of another server. */
  async begin(channelId: string): Promise<void> {
    const path = this.pathOf(channelId);
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (isThere) throw new CommandFailed(`${path} exists already. Use another folder for each server.`);
    await mkdir(this.partOf(channelId), { recursive: true, mode: 0o700 });
  }

  /** Undefined if no deletion was sent. */
  async sentDeletion(channelId: string): Promise<SentDeletion | undefined> {
    const path = join(this.partOf(channelId), deletionName);
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (text === undefined) return undefined;
    try {
      return JSON.parse(text) as SentDeletion;
    } catch {
      throw new CommandFailed(`${path} cannot be read.`);
    }
  }

  /** Resolves once the copy and the note are on disk. The deletion may be sent then. */
  async noteDeletion(deletion: SentDeletion): Promise<void> {
    const part = this.partOf(deletion.channelId);
    await replaceFile(join(part, deletionName), `${JSON.stringify(deletion)}\n`);
    for (const { isDirectory, directory } of await entriesIn(part)) if (isDirectory) syncDirectory(directory);
    syncDirectory(part);
    syncDirectory(this.#folder);
  }

  /** The deletion did not happen. */
  async dropDeletion(channelId: string): Promise<void> {
    await rm(join(this.partOf(channelId), deletionName), { force: true });
  }

  /** The channel was deleted, and is archived. */
  async finish(channelId: string): Promise<void> {
    await rename(this.partOf(channelId), this.pathOf(channelId));
    syncDirectory(this.#folder);
  }

  /** Removes the copy of a channel that is not archived. */
  async discard(channelId: string): Promise<void> {
    // If this is interrupted, the rest must not look like the copy of a channel that was deleted.
    await this.dropDeletion(channelId);
    await rm(this.partOf(channelId), { recursive: true, force: true });
  }
}

export interface SentDeletion {
  channelId: string;
  /** Where the export ends. The channel is deleted only if it is still there. */
  cursor: string;
  /** The `sub` of the token. */
  by: string;
  /** By the clock of this machine. */
  sentAt: string;
}

const partEnd = '.part';
const deletionName = 'deletion.json';

async function entriesIn(folder: string): Promise<{ isDirectory: boolean; directory: string }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.map((entry) => ({ isDirectory: entry.isDirectory(), directory: join(entry.parentPath, entry.name) }));
}

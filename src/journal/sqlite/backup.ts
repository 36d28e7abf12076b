import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { backup } from 'node:sqlite';
import { makeDirectory, syncDirectory } from '../../make-directory.ts';
import { JournalRefused } from '../engine.ts';
import { notUsable } from './file-damage.ts';
import { journalName, openReadable } from './verify.ts';

/** All pages in one step, so that the copy is of one moment and a write never makes SQLite start again. */
const allPages = 2 ** 31 - 1;

/**
 * Copies the journal of a data directory to another one, as of one moment, while a server may have it open and write to it. The
 * file appears once it is complete and on disk. Returns its size. Erasures stay pending until the copy is made. Throws
 * `JournalRefused` if there is no journal or the folder has one already, and `JournalUnavailable` if the journal cannot be read.
 */
export async function backUpJournal(dataDir: string, folder: string): Promise<number> {
  const file = join(dataDir, journalName);
  const target = join(folder, journalName);
  if (existsSync(target)) throw new JournalRefused(`There is a journal in ${folder} already. Name another folder.`);
  const db = openReadable(file);
  const part = `${target}.${randomBytes(6).toString('hex')}.part`;
  try {
    makeDirectory(folder);
    const handle = await open(part, 'wx', 0o600);
    try {
      await backup(db, part, { rate: allPages }).catch((error: unknown) => {
        throw notUsable(error, file);
      });
      await handle.sync();
      const { size } = await handle.stat();
      await rename(part, target);
      syncDirectory(folder);
      return size;
    } finally {
      await handle.close();
    }
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  } finally {
    db.close();
  }
}

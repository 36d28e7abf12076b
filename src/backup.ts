import { constants } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { secretFile } from './access/secret.ts';
import { backUpJournal } from './journal/sqlite/backup.ts';

/**
 * Copies a data directory without its uploads, for `pressbox backup`: the journal, and the secret that signs tokens if the server
 * made it. A server can be started on the copy. Returns the size of the journal.
 */
export async function backUpDirectory(dataDir: string, folder: string): Promise<number> {
  const bytes = await backUpJournal(dataDir, folder);
  await copyFile(join(dataDir, secretFile), join(folder, secretFile), constants.COPYFILE_EXCL).catch((error: unknown) => {
    // The operator set the secret.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  });
  return bytes;
}

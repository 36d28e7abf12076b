import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { asFileError, printError } from '../command-errors.ts';
import { asStoreError } from '../store-options.ts';
import type { Env, Terminal } from '../terminal.ts';

/** `backup`: copies an embedded journal while its server runs. The module that knows the store is loaded only here. */
interface BackupOptions {
  dataDir: string;
  json?: boolean;
}

export function addBackupCommand(program: Command, env: Env, terminal: Terminal, done: (code: number) => void): void {
  program
    .command('backup')
    .description('Copy an embedded journal, with or without a running server')
    .argument('<folder>', 'where to put the copy; it must not contain a journal')
    .requiredOption('--data-dir <path>', 'the data directory of the server')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
The copy is of one moment, and appears once it is complete. A server can be started on it: it is a data directory.
Uploads are not in it. Copy their directory afterwards.

Example:
  $ pressbox backup backups/2026-12-01 --data-dir ./data`,
    )
    .action(async (folder: string, options: BackupOptions) => done(await run(folder, options)));

  async function run(folder: string, { dataDir, json = false }: BackupOptions): Promise<number> {
    try {
      const { backUpDirectory } = await import('../../../src/backup.ts');
      const bytes = await backUpDirectory(dataDir, folder);
      if (json) terminal.json({ folder, bytes });
      else terminal.note(`The journal, ${bytes.toLocaleString('en')} bytes, was copied to ${folder}.`);
      const media = env.PRESSBOX_MEDIA_DIR || join(dataDir, 'media');
      if (!json && existsSync(media)) terminal.note(`Now copy the uploads in ${media}.`);
      return 0;
    } catch (error) {
      return printError(asStoreError(asFileError(error, folder)), terminal, { json });
    }
  }
}

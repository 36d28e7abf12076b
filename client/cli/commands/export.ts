import type { Command } from 'commander';
import { Http } from '../../lib/http.ts';
import { asFileError, printError, UsageError } from '../command-errors.ts';
import { parseChannelId } from '../option-values.ts';
import { ProgressLine } from '../progress-line.ts';
import { addServerOptions, type RequestOptions, serverOf } from '../server-requests.ts';
import type { Env, Terminal } from '../terminal.ts';
import { exportAll } from './export-all.ts';
import { exportWriter, mediaSummary } from './write-export.ts';

/** `export`: writes a channel to a file, completely or not at all, or all channels to a folder. */
interface ExportOptions extends RequestOptions {
  output?: string;
  media?: string;
  all?: string;
}

export function addExportCommand(program: Command, env: Env, terminal: Terminal, done: (code: number) => void): void {
  addServerOptions(program.command('export'), env)
    .description('Export a channel as lines of JSON: every revision, with times and history')
    .argument('[channel]', 'its id', parseChannelId)
    .option('-o, --output <file>', 'the file to write; default: standard output')
    .option('--all <folder>', 'export every channel that the token may export, each to a file in this folder')
    .option('--media <folder>', 'also bring the uploads that the channel uses into this folder')
    .addHelpText(
      'after',
      `
The file appears under its name once it is complete. It contains everything in the channel: treat it like a backup.
The uploads are in the folder by channel, with their hashes. Repeat the command to continue after a failure.
With --all, channels that have not changed since their file was written are not exported again. If a channel cannot be exported,
its file stays as it was, the others are exported, and the exit code is 1.

Examples:
  $ pressbox export moon-landing --output moon-landing.ndjson
  $ pressbox export moon-landing --output moon-landing.ndjson --media uploads
  $ pressbox export moon-landing | gzip > moon-landing.ndjson.gz
  $ pressbox export --all exports --media uploads`,
    )
    .action(async (channelId: string | undefined, options: ExportOptions) => done(await start(channelId, options)));

  async function start(channelId: string | undefined, options: ExportOptions): Promise<number> {
    const { json = false, all, output, media } = options;
    if (channelId !== undefined && all === undefined) return run(channelId, options);
    if (channelId !== undefined || all === undefined || output !== undefined) {
      const usage = new UsageError('Name a channel, or --all and a folder without --output.');
      return printError(usage, terminal, { json });
    }
    const progress = new ProgressLine(terminal.streams.stderr);
    try {
      return await exportAll(new Http(serverOf(options, env)), { folder: all, media, json }, terminal, progress);
    } catch (error) {
      progress.clear();
      return printError(asFileError(error, all), terminal, { json });
    }
  }

  async function run(channelId: string, options: ExportOptions): Promise<number> {
    const { json = false, output } = options;
    const progress = new ProgressLine(terminal.streams.stderr);
    try {
      const writer = exportWriter(new Http(serverOf(options, env)), terminal, progress);
      const written = await (output === undefined ? writer.toStdout(channelId) : writer.toFile(channelId, output));
      progress.clear();
      if (output !== undefined && !json) terminal.note(`${written.lines.toLocaleString('en')} lines were written to ${output}.`);
      const media = options.media === undefined ? undefined : await writer.bringMedia(channelId, options.media);
      if (output !== undefined && json) terminal.json({ channelId, file: output, ...written, ...(media && { media }) });
      else if (media !== undefined) terminal.note(...mediaSummary(media, options.media ?? ''));
      return media !== undefined && media.missing.length > 0 ? 1 : 0;
    } catch (error) {
      progress.clear();
      return printError(asFileError(error, output), terminal, { json });
    }
  }
}

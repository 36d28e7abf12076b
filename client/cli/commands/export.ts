import { open, rename, rm, stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { download, Http, isRetryable, sleep, unreachableBudget } from '../../lib/http.ts';
import { newKey } from '../../lib/ids.ts';
import { asFileError, exportCutError, printError } from '../command-errors.ts';
import { parseChannelId } from '../option-values.ts';
import { ProgressLine } from '../progress-line.ts';
import {
  addServerOptions,
  type RequestOptions,
  retrying,
  retryNotice,
  serverOf,
  unreachableTimeoutMs,
} from '../server-requests.ts';
import type { Env, Terminal } from '../terminal.ts';
import { type ExportedMedia, exportMedia } from './media-folder.ts';

/** `export`: writes a channel to a file, completely or not at all. */
interface ExportOptions extends RequestOptions {
  output?: string;
  media?: string;
}

/** Attempts for a file if the connection is cut. Standard output and devices cannot be rewound. */
const maxAttempts = 5;
/** A server that sends nothing for this long counts as lost. */
const idleTimeoutMs = 60_000;

export function addExportCommand(program: Command, env: Env, terminal: Terminal, done: (code: number) => void): void {
  addServerOptions(program.command('export'), env)
    .description('Export a channel as lines of JSON: every revision, with times and history')
    .argument('<channel>', 'its id', parseChannelId)
    .option('-o, --output <file>', 'the file to write; default: standard output')
    .option('--media <folder>', 'also bring the uploads that the channel uses into this folder')
    .addHelpText(
      'after',
      `
The file appears under its name once it is complete. It contains everything in the channel: treat it like a backup.
The uploads are in the folder by channel, with their hashes. Repeat the command to continue after a failure.

Examples:
  $ pressbox export moon-landing --output moon-landing.ndjson
  $ pressbox export moon-landing --output moon-landing.ndjson --media uploads
  $ pressbox export moon-landing | gzip > moon-landing.ndjson.gz`,
    )
    .action(async (channelId: string, options: ExportOptions) => done(await run(channelId, options)));

  async function run(channelId: string, options: ExportOptions): Promise<number> {
    const { json = false, output } = options;
    const progress = new ProgressLine(terminal.streams.stderr);
    try {
      const http = new Http(serverOf(options, env));
      const path = `/v1/channels/${encodeURIComponent(channelId)}/export`;
      const write = output === undefined ? toStdout : toFile(output, retryNotice(terminal, progress));
      const written = await write(() => linesOf(http, path, progress));
      progress.clear();
      if (output !== undefined && !json) terminal.note(`${written.lines.toLocaleString('en')} lines were written to ${output}.`);
      const media = options.media === undefined ? undefined : await bringMedia(http, channelId, options.media, progress);
      if (output !== undefined && json) terminal.json({ channelId, file: output, ...written, ...(media && { media }) });
      else if (media !== undefined) terminal.note(...exportSummary(media, options.media ?? ''));
      return media !== undefined && media.missing.length > 0 ? 1 : 0;
    } catch (error) {
      progress.clear();
      return printError(asFileError(error, output), terminal, { json });
    }
  }

  async function bringMedia(http: Http, channelId: string, folder: string, progress: ProgressLine): Promise<ExportedMedia> {
    const { interrupted } = terminal.streams;
    const context = { http, folder, channelId, interrupted, retrying: retrying(retryNotice(terminal, progress), interrupted) };
    let [bytes, count] = [0, 0];
    const media = await exportMedia(context, (more) => {
      bytes += more;
      count += 1;
      progress.update({ bytes, count, counted: 'files' });
    });
    progress.clear();
    return media;
  }

  interface ExportCounts {
    lines: number;
    bytes: number;
  }
  type Chunks = () => AsyncGenerator<Uint8Array, ExportCounts>;

  async function* linesOf(http: Http, path: string, progress: ProgressLine): AsyncGenerator<Uint8Array, ExportCounts> {
    const stop = new AbortController();
    const signal = AbortSignal.any([terminal.streams.interrupted, stop.signal]);
    const counted: ExportCounts = { lines: 0, bytes: 0 };
    let timer = setTimeout(() => stop.abort(), idleTimeoutMs);
    try {
      const response = await download(http, path, signal);
      for await (const chunk of response.body ?? []) {
        clearTimeout(timer);
        counted.bytes += chunk.length;
        for (const byte of chunk) if (byte === 10) counted.lines += 1;
        progress.update({ bytes: counted.bytes, count: counted.lines, counted: 'lines' });
        yield chunk;
        timer = setTimeout(() => stop.abort(), idleTimeoutMs);
      }
      return counted;
    } catch (error) {
      terminal.streams.interrupted.throwIfAborted();
      throw exportCutError(error);
    } finally {
      clearTimeout(timer);
      stop.abort();
    }
  }

  async function toStdout(chunks: Chunks): Promise<ExportCounts> {
    const decoder = new TextDecoder();
    return await forEachItem(chunks(), (chunk) => {
      terminal.write(decoder.decode(chunk, { stream: true }));
      return terminal.flushed();
    });
  }

  /** Writes to a temporary name until the file is complete and on disk. A device is written directly. */
  function toFile(file: string, onRetry: (error: Error) => void) {
    return async (chunks: Chunks): Promise<ExportCounts> => {
      const isFile = (await stat(file).catch(() => undefined))?.isFile() ?? true;
      // Another export to the same file may be running.
      const part = isFile ? `${file}.${newKey()}.part` : file;
      const budget = unreachableBudget(unreachableTimeoutMs);
      for (let tries = 1; ; tries += 1) {
        const handle = await open(part, 'w', 0o600);
        try {
          const written = await forEachItem(chunks(), (chunk) => handle.writeFile(chunk));
          if (isFile) await handle.sync();
          await handle.close();
          if (isFile) await rename(part, file);
          return written;
        } catch (error) {
          await handle.close().catch(() => undefined);
          if (isFile) await rm(part, { force: true });
          const remainingMs = budget(error);
          if (!isFile || tries >= maxAttempts || !isRetryable(error) || remainingMs === 0) throw error;
          onRetry(error);
          await sleep(Math.min(remainingMs, 1_000 * tries), terminal.streams.interrupted);
        }
      }
    };
  }
}

function exportSummary({ uploads, missing }: ExportedMedia, folder: string): string[] {
  const lines = [`${uploads.toLocaleString('en')} upload${uploads === 1 ? ' is' : 's are'} in ${folder}.`];
  if (missing.length === 0) return lines;
  const why = 'missing or damaged on the server, or withdrawn meanwhile. Repeat the command to see which.';
  return [
    ...lines,
    `${missing.length.toLocaleString('en')} used by posts could not be brought: ${why}`,
    ...missing.map((id) => `  ${id}`),
  ];
}

async function forEachItem<T, R>(items: AsyncGenerator<T, R>, take: (item: T) => Promise<void>): Promise<R> {
  try {
    while (true) {
      const { done, value } = await items.next();
      if (done) return value;
      await take(value);
    }
  } finally {
    // If a write failed, do not wait for the rest.
    await items.return(undefined as R);
  }
}

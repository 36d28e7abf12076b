import { open, rename, rm, stat } from 'node:fs/promises';
import { download, type Http, isRetryable, sleep, unreachableBudget } from '../../lib/http.ts';
import { newKey } from '../../lib/ids.ts';
import { exportCutError } from '../command-errors.ts';
import type { ProgressLine } from '../progress-line.ts';
import { retrying, retryNotice, unreachableTimeoutMs } from '../server-requests.ts';
import type { Terminal } from '../terminal.ts';
import { type ExportedMedia, exportMedia, takesNoUploads } from './media-folder.ts';

/** Exports single channels: completely or not at all to a file, or to standard output. */
export interface ExportWriter {
  toFile(channelId: string, file: string): Promise<ExportCounts>;
  toStdout(channelId: string): Promise<ExportCounts>;
  /** Brings the uploads that the channel uses into the folder. A server that takes no uploads has none. */
  bringMedia(channelId: string, folder: string): Promise<ExportedMedia>;
}

export interface ExportCounts {
  lines: number;
  bytes: number;
}

/** Attempts for a file if the connection is cut. Standard output and devices cannot be rewound. */
const maxAttempts = 5;
/** A server that sends nothing for this long counts as lost. */
const idleTimeoutMs = 60_000;

export function exportWriter(http: Http, terminal: Terminal, progress: ProgressLine): ExportWriter {
  const { interrupted } = terminal.streams;
  const onRetry = retryNotice(terminal, progress);
  return { toFile, toStdout, bringMedia };

  /** Writes to a temporary name until the file is complete and on disk. A device is written directly. */
  async function toFile(channelId: string, file: string): Promise<ExportCounts> {
    const isFile = (await stat(file).catch(() => undefined))?.isFile() ?? true;
    // Another export to the same file may be running.
    const part = isFile ? `${file}.${newKey()}.part` : file;
    const budget = unreachableBudget(unreachableTimeoutMs);
    for (let tries = 1; ; tries += 1) {
      const handle = await open(part, 'w', 0o600);
      try {
        const written = await forEachItem(linesOf(channelId), (chunk) => handle.writeFile(chunk));
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
        await sleep(Math.min(remainingMs, 1_000 * tries), interrupted);
      }
    }
  }

  async function toStdout(channelId: string): Promise<ExportCounts> {
    const decoder = new TextDecoder();
    return await forEachItem(linesOf(channelId), (chunk) => {
      terminal.write(decoder.decode(chunk, { stream: true }));
      return terminal.flushed();
    });
  }

  async function* linesOf(channelId: string): AsyncGenerator<Uint8Array, ExportCounts> {
    const stop = new AbortController();
    const signal = AbortSignal.any([interrupted, stop.signal]);
    const counted: ExportCounts = { lines: 0, bytes: 0 };
    let timer = setTimeout(() => stop.abort(), idleTimeoutMs);
    try {
      const response = await download(http, `/v1/channels/${encodeURIComponent(channelId)}/export`, signal);
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
      interrupted.throwIfAborted();
      throw exportCutError(error);
    } finally {
      clearTimeout(timer);
      stop.abort();
    }
  }

  async function bringMedia(channelId: string, folder: string): Promise<ExportedMedia> {
    const context = { http, folder, channelId, interrupted, retrying: retrying(onRetry, interrupted) };
    let [bytes, count] = [0, 0];
    const media = await exportMedia(context, (more) => {
      bytes += more;
      count += 1;
      progress.update({ bytes, count, counted: 'files' });
    }).catch((error: unknown) => {
      // What an earlier export brought stays: the setting may be missing by mistake.
      if (takesNoUploads(error)) return { uploads: 0, bytes: 0, missing: [] };
      throw error;
    });
    progress.clear();
    return media;
  }
}

/** What was brought, in sentences. */
export function mediaSummary({ uploads, missing }: ExportedMedia, folder: string): string[] {
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

import { open, rename, rm, stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { download, Http, isRetryable, sleep, unreachableBudget } from '../../lib/http.ts';
import { newKey } from '../../lib/ids.ts';
import { fileTrouble, tellError, whyCut } from '../command-errors.ts';
import { idOfChannel } from '../option-values.ts';
import { Progress } from '../progress-line.ts';
import { type AskingOptions, addServerOptions, sayingAgain, serverOf, unreachedMs } from '../server-requests.ts';
import type { Env, Terminal } from '../terminal.ts';

/** `export`: a channel written out, whole or not at all. */
interface ExportOptions extends AskingOptions {
  output?: string;
}

/** How often a file is begun anew after a connection that was cut. What went to the standard output, or a device, cannot be taken back. */
const triesMost = 5;
/** A server that sends nothing for this long is given up. */
const silenceMs = 60_000;

export function addExportCommand(program: Command, env: Env, terminal: Terminal, done: (code: number) => void): void {
  addServerOptions(program.command('export'), env)
    .description('Write a channel out as lines of JSON: every revision, with times and history')
    .argument('<channel>', 'its id', idOfChannel)
    .option('-o, --output <file>', 'where to; default: the standard output')
    .addHelpText(
      'after',
      `
A file appears under its name once it is whole. It holds what the channel holds: treat it like a backup.

Examples:
  $ pressbox export moon-landing --output moon-landing.ndjson
  $ pressbox export moon-landing | gzip > moon-landing.ndjson.gz`,
    )
    .action(async (channelId: string, options: ExportOptions) => done(await run(channelId, options)));

  async function run(channelId: string, options: ExportOptions): Promise<number> {
    const { json = false, output } = options;
    const progress = new Progress(terminal.streams.stderr);
    try {
      const http = new Http(serverOf(options, env));
      const path = `/v1/channels/${encodeURIComponent(channelId)}/export`;
      const write = output === undefined ? toStdout : toFile(output, sayingAgain(terminal, progress));
      const said = await write(() => linesOf(http, path, progress));
      progress.clear();
      if (output !== undefined && json) terminal.json({ channelId, file: output, ...said });
      else if (output !== undefined) terminal.note(`${said.lines.toLocaleString('en')} lines were written to ${output}.`);
      return 0;
    } catch (error) {
      progress.clear();
      return tellError(fileTrouble(error, output), terminal, { json });
    }
  }

  interface Counted {
    lines: number;
    bytes: number;
  }
  type Chunks = () => AsyncGenerator<Uint8Array, Counted>;

  async function* linesOf(http: Http, path: string, progress: Progress): AsyncGenerator<Uint8Array, Counted> {
    const stop = new AbortController();
    const signal = AbortSignal.any([terminal.streams.interrupted, stop.signal]);
    const counted: Counted = { lines: 0, bytes: 0 };
    let timer = setTimeout(() => stop.abort(), silenceMs);
    try {
      const response = await download(http, path, signal);
      for await (const chunk of response.body ?? []) {
        clearTimeout(timer);
        counted.bytes += chunk.length;
        for (const byte of chunk) if (byte === 10) counted.lines += 1;
        progress.tell({ bytes: counted.bytes, count: counted.lines, counted: 'lines' });
        yield chunk;
        timer = setTimeout(() => stop.abort(), silenceMs);
      }
      return counted;
    } catch (error) {
      terminal.streams.interrupted.throwIfAborted();
      throw whyCut(error);
    } finally {
      clearTimeout(timer);
      stop.abort();
    }
  }

  async function toStdout(chunks: Chunks): Promise<Counted> {
    const decoder = new TextDecoder();
    return await each(chunks(), (chunk) => {
      terminal.write(decoder.decode(chunk, { stream: true }));
      return terminal.left();
    });
  }

  /** Under a name of its own until it is whole and on the disk. What is no file, such as a device, is written into as it goes. */
  function toFile(file: string, sayAgain: (error: Error) => void) {
    return async (chunks: Chunks): Promise<Counted> => {
      const isFile = (await stat(file).catch(() => undefined))?.isFile() ?? true;
      // Another export to the same file may be under way.
      const part = isFile ? `${file}.${newKey()}.part` : file;
      const leftFor = unreachableBudget(unreachedMs);
      for (let tries = 1; ; tries += 1) {
        const handle = await open(part, 'w', 0o600);
        try {
          const said = await each(chunks(), (chunk) => handle.writeFile(chunk));
          if (isFile) await handle.sync();
          await handle.close();
          if (isFile) await rename(part, file);
          return said;
        } catch (error) {
          await handle.close().catch(() => undefined);
          if (isFile) await rm(part, { force: true });
          const leftMs = leftFor(error);
          if (!isFile || tries >= triesMost || !isRetryable(error) || leftMs === 0) throw error;
          sayAgain(error);
          await sleep(Math.min(leftMs, 1_000 * tries), terminal.streams.interrupted);
        }
      }
    };
  }
}

async function each<T, R>(items: AsyncGenerator<T, R>, take: (item: T) => Promise<void>): Promise<R> {
  try {
    while (true) {
      const { done, value } = await items.next();
      if (done) return value;
      await take(value);
    }
  } finally {
    // Where taking failed the rest is not waited for.
    await items.return(undefined as R);
  }
}

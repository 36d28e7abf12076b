import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { channelIdPattern } from '../../../src/protocol/field-rules.ts';
import type { Imported } from '../../../src/protocol/problems.ts';
import { backoffMs, requestBackoff } from '../../lib/backoff.ts';
import {
  bodyWithField,
  Http,
  isRetryable,
  ProblemError,
  parseJson,
  retryAfterMs,
  sleep,
  unreachableBudget,
} from '../../lib/http.ts';
import { asFileError, CommandFailed, printError } from '../command-errors.ts';
import { counted } from '../counted.ts';
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
import { plainLine } from '../terminal-text.ts';
import { type ImportedMedia, importMedia } from './media-folder.ts';

/**
 * `import`: sends the lines of an export in parts. A part that was written stays written, and a part without an answer is sent
 * again: the server skips what it already has. So the same command continues after a failure.
 */

/** A part ends with the line that reaches this size. */
const partBytes = 1024 * 1024;
/** Longer than the server needs for a part on a slow disk. */
const partTimeoutMs = 120_000;
/** Attempts for each part. */
const maxAttempts = 12;

interface ImportOptions extends RequestOptions {
  media?: string;
}

export function addImportCommand(program: Command, env: Env, terminal: Terminal, done: (code: number) => void): void {
  addServerOptions(program.command('import'), env)
    .description('Import an export; requires admin rights')
    .argument('<file>', 'lines of JSON; - is standard input')
    .option('--media <folder>', 'also send the uploads that an export brought into this folder')
    .addHelpText(
      'after',
      `
Nothing is overwritten, and what was erased on the server stays erased. After a failure, repeat the command to continue.

Examples:
  $ pressbox import moon-landing.ndjson
  $ pressbox import moon-landing.ndjson --media uploads
  $ gunzip -c moon-landing.ndjson.gz | pressbox import - --url https://live.example.org`,
    )
    .action(async (file: string, options: ImportOptions) => done(await run(file, options)));

  async function run(file: string, options: ImportOptions): Promise<number> {
    const { json = false } = options;
    const { interrupted: signal, stderr, stdin } = terminal.streams;
    const progress = new ProgressLine(stderr);
    const onRetry = retryNotice(terminal, progress);
    const total: Imported = { ...noCounts, conflicts: [], sameHistory: true };
    const channelIds = new Set<string>();
    let [lines, bytes] = [0, 0];
    try {
      const http = new Http({ ...serverOf(options, env), timeoutMs: partTimeoutMs });
      const totalBytes = file === '-' ? undefined : (await stat(file)).size;
      for await (const part of splitIntoParts(file === '-' ? stdin : createReadStream(file, { signal }))) {
        try {
          const text = textOf(part.bytes);
          addCounts(total, await send(http, text, onRetry, lines === 0), lines);
          for (const id of channelsIn(text)) channelIds.add(id);
        } catch (error) {
          throw asImportError(error, total, lines);
        }
        lines += part.lines;
        bytes += part.bytes.length;
        progress.update({ bytes, totalBytes, count: lines, counted: 'lines' });
      }
      progress.clear();
      if (!hasProcessedLines(total)) throw new CommandFailed('It contains no line of an export.');
      if (!json) terminal.print(...importSummary(total, file));
      const media = options.media === undefined ? undefined : await sendMedia(http, options.media, channelIds, progress);
      if (json) terminal.json(media === undefined ? total : { ...total, media });
      else if (media !== undefined) terminal.print(...mediaSummary(media));
      return total.conflicting > 0 || (media?.damaged.length ?? 0) > 0 ? 1 : 0;
    } catch (error) {
      progress.clear();
      if (!json && hasProcessedLines(total))
        terminal.note(...importSummary(total, file), 'Then it stopped. Repeat the command to continue.');
      return printError(asFileError(error, file), terminal, { json, hasBegun: hasProcessedLines(total) });
    }
  }

  async function sendMedia(
    http: Http,
    folder: string,
    channelIds: ReadonlySet<string>,
    progress: ProgressLine,
  ): Promise<ImportedMedia> {
    const { interrupted } = terminal.streams;
    const onRetry = retryNotice(terminal, progress);
    const total: ImportedMedia = { added: 0, existing: 0, unused: 0, damaged: [] };
    let [isThere, bytes, count] = [false, 0, 0];
    for (const channelId of channelIds) {
      const context = { http, folder, channelId, interrupted, retrying: retrying(onRetry, interrupted) };
      const media = await importMedia(context, (more) => {
        bytes += more;
        count += 1;
        progress.update({ bytes, count, counted: 'uploads' });
      });
      if (media === undefined) continue;
      isThere = true;
      for (const field of ['added', 'existing', 'unused'] as const) total[field] += media[field];
      total.damaged.push(...media.damaged);
    }
    progress.clear();
    if (!isThere) throw new CommandFailed(`${folder} has no uploads of these channels.`);
    return total;
  }

  /** Sends one part. Only for the first part is an unreachable server given up early. Later parts use all their attempts. */
  async function send(http: Http, body: string, onRetry: (error: Error) => void, isFirst: boolean): Promise<Imported> {
    const { interrupted: signal } = terminal.streams;
    const headers = { 'content-type': 'application/x-ndjson' };
    const budget = unreachableBudget(unreachableTimeoutMs);
    for (let tries = 1; ; tries += 1) {
      try {
        return bodyWithField('conflicts', await http.request({ method: 'POST', path: '/v1/import', headers, body }, signal));
      } catch (error) {
        const remainingMs = isFirst ? budget(error) : Number.POSITIVE_INFINITY;
        if (tries >= maxAttempts || !isRetryable(error) || remainingMs === 0) throw error;
        onRetry(error);
        await sleep(Math.min(remainingMs, backoffMs(tries - 1, Math.random(), requestBackoff, retryAfterMs(error))), signal);
      }
    }
  }
}

/** The channels whose own lines are in the text. A broken line was refused by the server. */
function channelsIn(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    if (!line.startsWith('{"channel":')) return [];
    const id = (parseJson(line) as { channel?: { id?: unknown } } | undefined)?.channel?.id;
    return typeof id === 'string' && channelIdPattern.test(id) ? [id] : [];
  });
}

function mediaSummary({ added, existing, unused, damaged }: ImportedMedia): string[] {
  const lines = [`${counted(added, 'upload')} sent.`];
  if (existing > 0) lines.push(`${counted(existing, 'upload')} already existed.`);
  if (unused > 0) lines.push(`${counted(unused, 'upload')} skipped, because no published post on the server uses them.`);
  if (damaged.length > 0) {
    lines.push(`${counted(damaged.length, 'upload')} skipped, because their files are missing or were changed:`);
    lines.push(...damaged.map((id) => `  ${id}`));
  }
  return lines;
}

const noCounts = { channels: 0, posts: 0, revisions: 0, skipped: 0, withheld: 0, conflicting: 0 };

/** Adds the result of a part that follows `before` lines. */
function addCounts(total: Imported, part: Imported, before: number): void {
  for (const count of Object.keys(noCounts) as (keyof typeof noCounts)[]) total[count] += part[count];
  total.conflicts.push(...part.conflicts.map((conflict) => ({ ...conflict, line: conflict.line + before })));
  total.sameHistory &&= part.sameHistory;
}

/** Whether any line was processed. */
function hasProcessedLines({ revisions, skipped, withheld, conflicting }: Imported): boolean {
  return revisions + skipped + withheld + conflicting > 0;
}

/** Converts the refusal of a part to one of the whole file. */
function asImportError(error: unknown, total: Imported, before: number): unknown {
  if (!(error instanceof ProblemError) || error.problem.line === undefined) return error;
  const { line, imported, ...problem } = error.problem;
  if (imported !== undefined) addCounts(total, imported, before);
  return new ProblemError({ ...problem, line: line + before, imported: total });
}

interface Part {
  bytes: Buffer;
  lines: number;
}

/** Splits the input into parts of whole lines. The last line may lack its line break. */
async function* splitIntoParts(chunks: AsyncIterable<Uint8Array | string>): AsyncGenerator<Part> {
  let held: Buffer[] = [];
  let [length, lines] = [0, 0];
  const part = () => {
    const whole = { bytes: Buffer.concat(held, length), lines };
    held = [];
    [length, lines] = [0, 0];
    return whole;
  };
  for await (const piece of chunks) {
    const chunk = Buffer.from(piece as Uint8Array);
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, end + 1)) {
      lines += 1;
      if (length + end + 1 - from < partBytes) continue;
      held.push(chunk.subarray(from, end + 1));
      length += end + 1 - from;
      yield part();
      from = end + 1;
    }
    held.push(chunk.subarray(from));
    length += chunk.length - from;
    // No exported line is this long, so let the server refuse it.
    if (lines === 0 && length > 2 * partBytes) yield part();
  }
  if (length > 0) yield part();
}

function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new CommandFailed('The file is not UTF-8 text.');
  }
}

/** The result of an import as text. */
function importSummary({ channels, posts, revisions, skipped, withheld, ...rest }: Imported, file: string): string[] {
  const { conflicting, conflicts, sameHistory } = rest;
  const lines = [
    `${counted(revisions, 'line')} of ${file} written: ${counted(channels, 'new channel')}, ${counted(posts, 'new post')}.`,
  ];
  if (skipped > 0) lines.push(`${counted(skipped, 'line')} already existed.`);
  if (withheld > 0) lines.push(`${counted(withheld, 'line')} skipped: the post was taken down on the server.`);
  if (conflicting > 0) lines.push(`${counted(conflicting, 'line')} skipped, because the server has something else in its place:`);
  for (const { line, channelId, postId, revision, why } of conflicts) {
    lines.push(
      plainLine(`  line ${line}: ${channelId}${postId === null ? '' : `, post ${postId}`}, revision ${revision}. ${why}`),
    );
  }
  if (conflicting > conflicts.length) lines.push('  ...');
  if (revisions > 0 && !sameHistory) lines.push('Readers with a cursor from the old server start afresh.');
  return lines;
}

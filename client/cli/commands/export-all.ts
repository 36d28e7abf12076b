import { mkdir, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseCursor } from '../../../src/protocol/cursor.ts';
import { bodyWithField, type Http } from '../../lib/http.ts';
import { queryString } from '../../lib/platform.ts';
import { asFileError, printError } from '../command-errors.ts';
import type { ProgressLine } from '../progress-line.ts';
import { retrying, retryNotice } from '../server-requests.ts';
import type { Terminal } from '../terminal.ts';
import { plainLine } from '../terminal-text.ts';
import { type Asking, isGone, isOfChannel, listChannels } from './every-channel.ts';
import { exportWriter, mediaSummary } from './write-export.ts';

/** `export --all`: which channels there are, and which of them a folder has already. */
interface ExportAllOptions {
  folder: string;
  /** The folder of uploads. */
  media: string | undefined;
  json: boolean;
}

const fileEnd = '.ndjson';

/** Returns the exit code. A channel that cannot be exported does not stop the others. Throws if the server itself fails. */
export async function exportAll(
  http: Http,
  { folder, media: mediaFolder, json }: ExportAllOptions,
  terminal: Terminal,
  progress: ProgressLine,
): Promise<number> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { interrupted } = terminal.streams;
  const asking = { http, interrupted, retrying: retrying(retryNotice(terminal, progress), interrupted) };
  const writer = exportWriter(http, terminal, progress);
  const { channels, complete } = await listChannels({}, asking);
  const ids = channels.map(({ id }) => id);
  let [written, unchanged, lacking] = [0, 0, 0];
  const failed: string[] = [];
  for (const channelId of ids) {
    const file = join(folder, fileOf(channelId));
    try {
      const isCurrent = await isUpToDate(file, channelId, asking);
      const counts = isCurrent ? undefined : await writer.toFile(channelId, file);
      if (counts === undefined) unchanged += 1;
      else written += 1;
      const media = mediaFolder === undefined ? undefined : await writer.bringMedia(channelId, mediaFolder);
      progress.clear();
      if (json) terminal.json({ channelId, file, ...(counts ?? { unchanged: true }), ...(media && { media }) });
      if (media === undefined || media.missing.length === 0) continue;
      lacking += 1;
      if (!json) terminal.note(`${channelId}:`, ...mediaSummary(media, mediaFolder ?? ''));
    } catch (error) {
      if (isGone(error)) continue;
      if (!(await isOfChannel(error, asking))) throw error;
      failed.push(channelId);
      progress.clear();
      if (json) terminal.json({ channelId, file, failed: true });
      else terminal.note(`${channelId}:`);
      printError(asFileError(error, file), terminal, { json });
    }
  }
  const count = (number: number) => number.toLocaleString('en');
  const sentences = [
    `${count(written)} of ${count(ids.length)} channels were written to ${folder}.`,
    ...(unchanged > 0 ? [`${count(unchanged)} had not changed.`] : []),
  ];
  if (!json) terminal.note(sentences.join(' '));
  const others = await exportsOfOthers(folder, ids);
  if (others.length > 0) {
    terminal.note('These files are of channels that the server does not list. Delete them if the channels were deleted:');
    terminal.note(...others.map((name) => `  ${plainLine(join(folder, name))}`));
  }
  if (failed.length > 0) terminal.note('These channels could not be exported:', ...failed.map((id) => `  ${id}`));
  if (!complete) terminal.note('Some channels cannot be read at the moment and may be missing. Try again later.');
  return complete && lacking + failed.length === 0 ? 0 : 1;
}

function fileOf(channelId: string): string {
  return `${channelId}${fileEnd}`;
}

/** Whether the file is an export of the channel up to its head. Every change, also a takedown, moves the head. */
async function isUpToDate(file: string, channelId: string, asking: Asking): Promise<boolean> {
  const { http, interrupted, retrying } = asking;
  const path = `/v1/channels/${encodeURIComponent(channelId)}/snapshot${queryString({ limit: 1 })}`;
  const answer = await retrying(() => http.get(path, interrupted));
  const head = parseCursor(bodyWithField<{ cursor: string }>('cursor', answer).cursor);
  const last = await lastPlaceIn(file);
  return head !== undefined && last !== undefined && last.offset === head.offset && last.check.startsWith(head.check);
}

/** The exports in the folder whose channels are not listed, by the id of the channel. */
async function exportsOfOthers(folder: string, ids: readonly string[]): Promise<string[]> {
  const known = new Set(ids.map(fileOf));
  const names = await readdir(folder);
  return names.filter((name) => name.endsWith(fileEnd) && !known.has(name)).toSorted();
}

const firstTailBytes = 64 * 1024;

/** The offset and the check of the last line. Undefined if there is no such file, or it is no complete export. */
async function lastPlaceIn(file: string): Promise<{ offset: number; check: string } | undefined> {
  const handle = await open(file, 'r').catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const { size } = await handle.stat();
    for (let length = Math.min(size, firstTailBytes); length > 0; length = Math.min(size, length * 4)) {
      const { buffer } = await handle.read(Buffer.alloc(length), 0, length, size - length);
      const tail = buffer.toString('utf8');
      const start = tail.lastIndexOf('\n', tail.length - 2) + 1;
      if (start > 0 || length === size) return placeIn(tail.slice(start));
    }
    return undefined;
  } finally {
    await handle.close();
  }
}

function placeIn(line: string): { offset: number; check: string } | undefined {
  if (!line.endsWith('\n')) return undefined;
  try {
    const { offset, check } = (JSON.parse(line) as { revision?: { offset?: unknown; check?: unknown } }).revision ?? {};
    return typeof offset === 'number' && typeof check === 'string' ? { offset, check } : undefined;
  } catch {
    return undefined;
  }
}

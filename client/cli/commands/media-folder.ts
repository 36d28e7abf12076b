import { createHash } from 'node:crypto';
import { createReadStream, openAsBlob } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { mediaPath } from '../../../src/protocol/addresses.ts';
import type { StoredUpload } from '../../../src/protocol/model.ts';
import { bodyWithField, type Http, ProblemError } from '../../lib/http.ts';
import { queryString } from '../../lib/platform.ts';
import { CommandFailed, exportCutError } from '../command-errors.ts';
import { replaceFile } from '../replace-file.ts';

/**
 * The folder of uploads beside an export:
 *
 *     {channel}/uploads.ndjson    a line for each upload, with the size and the SHA-256 of each file
 *     {channel}/{id}/{name}       its files
 *
 * Both directions can be repeated after an interruption: what is complete is not sent again.
 */
export interface FolderContext {
  http: Http;
  folder: string;
  channelId: string;
  /** Sends a request again while that can help. */
  retrying<T>(ask: () => Promise<T>): Promise<T>;
  interrupted: AbortSignal;
}

/** What `importMedia` of the server takes as the first line, with the id. */
interface FolderUpload {
  id: string;
  type: StoredUpload['type'];
  width: number | null;
  height: number | null;
  durationSeconds: number | null;
  uploadedAt: string;
  by: string;
  files: { name: string; width: number | null; mimeType: string; bytes: number; sha256: string }[];
}

const listName = 'uploads.ndjson';
const idPattern = /^[A-Za-z0-9_-]{22}$/;
const namePattern = /^[a-z0-9]{1,16}\.[a-z0-9]{3,4}$/;
/** A server that sends nothing for this long counts as lost. */
const idleTimeoutMs = 60_000;
/** An upload without an answer fails after this long, because a slow connection may take long. */
const uploadTimeoutMs = 30 * 60_000;

/** The uploads of a channel that are on the server. */
export async function* uploadsOf({ http, channelId, retrying, interrupted }: FolderContext): AsyncGenerator<StoredUpload> {
  for (let page: string | null | undefined; page !== null; ) {
    const path = `/v1/channels/${encodeURIComponent(channelId)}/media${queryString({ limit: 100, page })}`;
    const answer = await retrying(() => http.get(path, interrupted));
    const body = bodyWithField<{ media: StoredUpload[]; next: string | null }>('media', answer);
    yield* body.media;
    page = body.next;
  }
}

/** Whether the server takes no uploads, and so has none. */
export function takesNoUploads(error: unknown): boolean {
  return error instanceof ProblemError && error.problem.code === 'uploads-disabled';
}

export interface ExportedMedia {
  /** Complete in the folder. */
  uploads: number;
  bytes: number;
  /** Ids of uploads that are used, but could not be read whole. */
  missing: string[];
}

/** Brings the uploads that the channel uses now into the folder, and removes those that an earlier export had and it no longer uses. */
export async function exportMedia(context: FolderContext, onFile: (bytes: number) => void): Promise<ExportedMedia> {
  const { folder, channelId } = context;
  const place = join(folder, channelId);
  await mkdir(place, { recursive: true, mode: 0o700 });
  const before = await readList(place);
  const complete: FolderUpload[] = [];
  const exported: ExportedMedia = { uploads: 0, bytes: 0, missing: [] };
  for await (const upload of uploadsOf(context)) {
    if (!upload.isUsed) continue;
    const files = await bringFiles(context, upload, onFile);
    if (files === undefined) {
      exported.missing.push(upload.id);
      continue;
    }
    const { id, type, width, height, durationSeconds, uploadedAt, by } = upload;
    complete.push({ id, type, width, height, durationSeconds, uploadedAt, by, files });
    exported.uploads += 1;
    exported.bytes += files.reduce((sum, { bytes }) => sum + bytes, 0);
  }
  await replaceFile(join(place, listName), complete.map((upload) => `${JSON.stringify(upload)}\n`).join(''));
  const kept = new Set([...complete.map(({ id }) => id), ...exported.missing]);
  for (const { id } of before ?? []) if (!kept.has(id)) await rm(join(place, id), { recursive: true, force: true });
  return exported;
}

/** Undefined if a file is not on the server, or not as it was stored. */
async function bringFiles(
  context: FolderContext,
  { id, files }: StoredUpload,
  onFile: (bytes: number) => void,
): Promise<FolderUpload['files'] | undefined> {
  if (!idPattern.test(id)) throw new CommandFailed('The server names an upload by something that is no id.');
  const brought: FolderUpload['files'] = [];
  for (const { name, width, mimeType, bytes, sha256 } of files) {
    if (!namePattern.test(name)) throw new CommandFailed(`The server names a file of ${id} by something that is no name.`);
    const path = join(context.folder, context.channelId, id, name);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const found = (await hashOf(path, bytes)) ?? (await fetchFile(context, { id, name, mimeType, path }));
    if (found === undefined || found.bytes !== bytes || (sha256 !== null && found.sha256 !== sha256)) {
      await rm(path, { force: true });
      return undefined;
    }
    brought.push({ name, width, mimeType, bytes, sha256: found.sha256 });
    onFile(bytes);
  }
  return brought;
}

interface FoundFile {
  bytes: number;
  sha256: string;
}

/** Undefined if the server does not have it, or shows it no longer. */
async function fetchFile(
  { http, channelId, retrying, interrupted }: FolderContext,
  { id, name, mimeType, path }: { id: string; name: string; mimeType: string; path: string },
): Promise<FoundFile | undefined> {
  const part = `${path}.part`;
  try {
    const found = await retrying(async () => {
      const stop = new AbortController();
      let timer = setTimeout(() => stop.abort(), idleTimeoutMs);
      const signal = AbortSignal.any([interrupted, stop.signal]);
      const handle = await open(part, 'w', 0o600);
      const hash = createHash('sha256');
      let bytes = 0;
      try {
        const response = await http.openResponse({ method: 'GET', path: mediaPath(channelId, id, name) }, mimeType, signal);
        for await (const chunk of response.body ?? []) {
          clearTimeout(timer);
          timer = setTimeout(() => stop.abort(), idleTimeoutMs);
          hash.update(chunk);
          bytes += chunk.length;
          await handle.writeFile(chunk);
        }
        await handle.sync();
        return { bytes, sha256: hash.digest('hex') };
      } catch (error) {
        interrupted.throwIfAborted();
        throw error instanceof Error && 'syscall' in error ? error : exportCutError(error);
      } finally {
        clearTimeout(timer);
        await handle.close();
        stop.abort();
      }
    });
    await rename(part, path);
    return found;
  } catch (error) {
    if (error instanceof ProblemError && error.problem.code === 'not-found') return undefined;
    throw error;
  } finally {
    await rm(part, { force: true });
  }
}

export interface ImportedMedia {
  /** Sent. */
  added: number;
  /** On the server already. */
  existing: number;
  /** Not taken, because no published post of the channel uses them. */
  unused: number;
  /** Ids of uploads whose files in the folder are missing or changed. */
  damaged: string[];
}

/** Sends the uploads of a channel that the server does not have. Undefined if the folder has none of this channel. */
export async function importMedia(context: FolderContext, onFile: (bytes: number) => void): Promise<ImportedMedia | undefined> {
  const { http, folder, channelId, retrying, interrupted } = context;
  const place = join(folder, channelId);
  const uploads = await readList(place);
  if (uploads === undefined) return undefined;
  const there = new Set<string>();
  for await (const { id } of uploadsOf(context)) there.add(id);
  const imported: ImportedMedia = { added: 0, existing: 0, unused: 0, damaged: [] };
  for (const { id, ...head } of uploads) {
    interrupted.throwIfAborted();
    if (there.has(id)) {
      imported.existing += 1;
      continue;
    }
    if (!(await areWhole(join(place, id), head.files))) {
      imported.damaged.push(id);
      continue;
    }
    const files = await Promise.all(head.files.map(({ name }) => openAsBlob(join(place, id, name))));
    const body = new Blob([`${JSON.stringify(head)}\n`, ...files]);
    const path = `/v1/channels/${encodeURIComponent(channelId)}/media/${id}`;
    const headers = { 'content-type': 'application/vnd.pressbox.media' };
    const post = { method: 'POST', path, headers, body, timeoutMs: uploadTimeoutMs } as const;
    try {
      await retrying(() => http.request(post, interrupted));
      imported.added += 1;
    } catch (error) {
      if (!(error instanceof ProblemError) || error.problem.code !== 'not-found') throw error;
      imported.unused += 1;
    }
    onFile(body.size);
  }
  return imported;
}

/** The uploads of a folder: a `MediaPlace`, to compare them with a journal. */
export function mediaInFolder(folder: string) {
  const uploadsIn = async (channelId: string) => (await readList(join(folder, channelId))) ?? [];
  return {
    ids: async (channelId: string) => (await uploadsIn(channelId)).map(({ id }) => id),
    async isWhole(channelId: string, id: string) {
      const upload = (await uploadsIn(channelId)).find((listed) => listed.id === id);
      return upload !== undefined && (await areWhole(join(folder, channelId, id), upload.files));
    },
  };
}

async function areWhole(place: string, files: FolderUpload['files']): Promise<boolean> {
  for (const { name, bytes, sha256 } of files) {
    if (!namePattern.test(name) || (await hashOf(join(place, name), bytes))?.sha256 !== sha256) return false;
  }
  return true;
}

/** Undefined if there is no file of this size. */
async function hashOf(path: string, bytes: number): Promise<FoundFile | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || !found.isFile() || found.size !== bytes) return undefined;
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return { bytes, sha256: hash.digest('hex') };
}

async function readList(place: string): Promise<FolderUpload[] | undefined> {
  const path = join(place, listName);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return text
    ?.split('\n')
    .filter(Boolean)
    .map((line) => {
      const upload = parsed(line);
      if (upload === undefined) throw new CommandFailed(`${path} is no list of uploads.`);
      return upload;
    });
}

function parsed(line: string): FolderUpload | undefined {
  try {
    const upload = JSON.parse(line) as FolderUpload;
    return idPattern.test(upload.id) && Array.isArray(upload.files) ? upload : undefined;
  } catch {
    return undefined;
  }
}

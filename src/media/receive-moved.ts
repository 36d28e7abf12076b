import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesOfFile } from './byte-source.ts';
import { hashOfFile } from './file-hash.ts';
import { headBytes, judgeKind, type MediaKind, mimeTypeOf, typeOf } from './media-kind.ts';
import { mediaLimits } from './media-limits.ts';
import type { MovedMedia } from './media-store.ts';
import { pictureSize } from './picture-size.ts';
import type { Refusal, RenderedFacts } from './render-messages.ts';
import type { Renderer } from './renderer.ts';

/**
 * Receives the files of a medium of another server, one after another, into an empty directory. They stay as they are, because the
 * posts of the journal name them. Each must have the size and the hash that were announced, and be what it was announced to be. A video
 * or sound must be as clean as this server would have made it.
 */
export async function receiveMoved(
  { type, durationSeconds, width, height, by, files }: MovedMedia,
  chunks: AsyncIterator<Buffer>,
  { directory, renderer }: { directory: string; renderer: Pick<Renderer, 'render'> },
): Promise<{ status: 'received'; facts: RenderedFacts } | Refusal> {
  if (files.reduce((sum, { bytes }) => sum + bytes, 0) > mediaLimits.mediaMovedBytes) {
    const megabytes = Math.round(mediaLimits.mediaMovedBytes / 1024 / 1024);
    return refused('too-large', `The files of an upload may have ${megabytes} MiB together.`);
  }
  const incoming = new ChunkReader(chunks);
  const kinds: MediaKind[] = [];
  for (const { name, bytes, sha256, mimeType, width } of files) {
    await using file = await open(join(directory, name), 'wx+', 0o600);
    if ((await incoming.readInto(file, bytes)) !== sha256) return damaged(name);
    const source = bytesOfFile(file, bytes);
    const judgement = judgeKind(await source.read(0, headBytes), mimeType);
    if ('refusal' in judgement) return refused('wrong-type', judgement.refusal);
    const { kind } = judgement;
    if (typeOf(kind) !== type || mimeTypeOf(kind) !== mimeType) return refused('wrong-type', `${name} is not of type ${type}.`);
    if (kind !== 'mp4' && kind !== 'm4a' && (await pictureSize(kind, source))?.width !== width) {
      return refused('media-unreadable', `${name} is not ${width} pixels wide.`);
    }
    await file.sync();
    kinds.push(kind);
  }
  if (!(await incoming.isAtEnd())) return refused('invalid-body', 'There are bytes after the last file.');
  const renditions = [...files];
  const [only] = files;
  const [kind] = kinds;
  if (type === 'image' || only === undefined || kind === undefined) {
    return { status: 'received', facts: { type, width, height, durationSeconds, renditions } };
  }
  const path = join(directory, only.name);
  const outcome = await renderer.render({ kind, file: path, directory, sha256: only.sha256, by });
  if (outcome.status === 'refused') return outcome;
  if (files.length > 1 || outcome.facts.renditions[0]?.name !== only.name || (await hashOfFile(path)) !== only.sha256) {
    return refused('media-unreadable', `${only.name} has something in it that this server removes from uploads.`);
  }
  return { status: 'received', facts: { ...outcome.facts, renditions } };
}

/** Cuts a body into files. */
class ChunkReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest = Buffer.alloc(0);

  constructor(chunks: AsyncIterator<Buffer>) {
    this.#chunks = chunks;
  }

  /** Writes the next bytes to the file, and returns their hash. If the body ends early, that of fewer bytes. */
  async readInto(file: FileHandle, bytes: number): Promise<string> {
    const hash = createHash('sha256');
    for (let left = bytes; left > 0 && (await this.#hasMore()); ) {
      const part = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(part.length);
      left -= part.length;
      hash.update(part);
      await file.writeFile(part);
    }
    return hash.digest('hex');
  }

  async isAtEnd(): Promise<boolean> {
    return !(await this.#hasMore());
  }

  /** A body that was cut off has no more. */
  async #hasMore(): Promise<boolean> {
    while (this.#rest.length === 0) {
      const { value, done } = await this.#chunks.next().catch(() => ({ value: undefined, done: true }) as const);
      if (done) return false;
      this.#rest = Buffer.from(value);
    }
    return true;
  }
}

function damaged(name: string): Refusal {
  return refused('invalid-body', `${name} is incomplete, or not the file that was exported. Send it again.`);
}

function refused(code: Refusal['code'], detail: string): Refusal {
  return { status: 'refused', code, detail };
}

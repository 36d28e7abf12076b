import { createHash, hash } from 'node:crypto';
import type { Response } from 'express';

/**
 * The body of a response: text, bytes, or pieces that several responses share. Pieces are written without being copied, so that a
 * response that waits for a slow client takes no further memory.
 */
export type ResponseBody = string | Buffer | readonly Buffer[];

export function lengthOf(content: ResponseBody): number {
  if (typeof content === 'string') return Buffer.byteLength(content);
  return Buffer.isBuffer(content) ? content.length : content.reduce((sum, piece) => sum + piece.length, 0);
}

/** SHA-256 in base64url. Computed once for each array of pieces. */
export function digestOf(content: ResponseBody): string {
  if (typeof content === 'string' || Buffer.isBuffer(content)) return hash('sha256', content, 'base64url');
  let digest = digests.get(content);
  if (digest === undefined) {
    const sha256 = createHash('sha256');
    for (const piece of content) sha256.update(piece);
    digest = sha256.digest('base64url');
    digests.set(content, digest);
  }
  return digest;
}

const digests = new WeakMap<readonly Buffer[], string>();

export function bytesOf(content: ResponseBody): Buffer {
  if (typeof content === 'string') return Buffer.from(content);
  return Buffer.isBuffer(content) ? content : Buffer.concat(content);
}

/** Compresses the body of one response, for a client that accepts gzip. */
export interface Compressor {
  compress(content: ResponseBody): Promise<Compressed> | Compressed;
}

/** Compresses the body of a response that can be made anew. See `repeatErased`. */
export interface RepeatingCompressor extends Compressor {
  /** Makes the response anew, if something was erased while it was compressed. */
  repeat(): void;
}

export type Compressed =
  | { status: 'compressed'; bytes: Buffer }
  /** Something was erased in the meantime. The content may contain it and must not be sent. */
  | { status: 'erased' }
  /** Too many compressions are running. The content is sent uncompressed. */
  | { status: 'busy' };

/** Undefined if the response must not be compressed. */
export function compressorOf(response: Response): RepeatingCompressor | undefined {
  return response.locals.repeatingCompressor as RepeatingCompressor | undefined;
}

import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Request, RequestHandler } from 'express';
import { bytesOf, type Compressed, type Compressor, digestOf, type ResponseBody } from './answer-body.ts';
import { mayHoldSession } from './cookies.ts';
import { responseLimits } from './http-limits.ts';

/**
 * Compresses public responses in other threads, and caches the results. Responses to requests with a token or a session are never
 * compressed, because the compressed length would reveal the content to an attacker who controls a part of it.
 */
export interface Compression {
  /** Allows compression of responses to anonymous requests. */
  readonly handler: RequestHandler;
  /** Drops the cache, so that a result from before an erasure is not sent after it. */
  erased(): void;
}

/** How a response was produced. `forgotten`: an entry was evicted from the cache. */
export const compressionOutcomes = ['made', 'kept', 'passed-over', 'forgotten'] as const;
export type CompressionOutcome = (typeof compressionOutcomes)[number];

const zip = promisify(gzip);

/** Overhead of an entry: its key, its place in the map, and the buffer object. */
const entryBytes = 512;

export function createCompression(
  onOutcome: (outcome: CompressionOutcome) => void,
  bounds: { mostBytes: number; most: number } = {
    mostBytes: responseLimits.compressedBytes,
    most: responseLimits.compressionsMost,
  },
): Compression {
  /** By digest, least recently used first. */
  const kept = new Map<string, Buffer>();
  const making = new Map<string, Promise<Compressed>>();
  let bytes = 0;
  let generation = 0;

  function compress(content: ResponseBody): Promise<Compressed> | Compressed {
    const key = digestOf(content);
    const known = kept.get(key);
    if (known !== undefined) {
      kept.delete(key);
      kept.set(key, known);
      onOutcome('kept');
      return { status: 'compressed', bytes: known };
    }
    const underWay = making.get(key);
    if (underWay !== undefined) return underWay;
    if (making.size >= bounds.most) {
      onOutcome('passed-over');
      return { status: 'busy' };
    }
    onOutcome('made');
    const made = compressNow(key, content).finally(() => {
      if (making.get(key) === made) making.delete(key);
    });
    making.set(key, made);
    return made;
  }

  async function compressNow(key: string, content: ResponseBody): Promise<Compressed> {
    const since = generation;
    const zipped = await zip(bytesOf(content)).catch(() => undefined);
    if (since !== generation) return { status: 'erased' };
    // gzip failed, for example for lack of memory. The response is sent uncompressed.
    if (zipped === undefined) return { status: 'busy' };
    const compressed = trimmedCopy(zipped);
    keep(key, compressed);
    return { status: 'compressed', bytes: compressed };
  }

  function keep(key: string, compressed: Buffer): void {
    kept.set(key, compressed);
    bytes += sizeOf(compressed);
    for (const [oldest, entry] of kept) {
      if (bytes <= bounds.mostBytes) break;
      kept.delete(oldest);
      bytes -= sizeOf(entry);
      onOutcome('forgotten');
    }
  }

  return {
    handler(request, response, next) {
      if (isAnonymous(request) && takesGzip(request)) response.locals.compressor = { compress } satisfies Compressor;
      next();
    },
    erased() {
      generation += 1;
      kept.clear();
      making.clear();
      bytes = 0;
    },
  };
}

/** Copies the bytes. zlib returns a part of a 16 KiB chunk, which would keep the whole chunk in memory. */
function trimmedCopy(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}

/** The size of an entry with its overhead. */
function sizeOf(entry: Buffer): number {
  return entry.buffer.byteLength + entryBytes;
}

function isAnonymous(request: Request): boolean {
  return request.headers.authorization === undefined && !mayHoldSession(request);
}

/** Whether the client accepts gzip, and does not prefer an uncompressed response. */
function takesGzip(request: Request): boolean {
  return request.headers['accept-encoding'] !== undefined && request.acceptsEncodings('gzip', 'identity') === 'gzip';
}

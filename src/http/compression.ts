import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Request, RequestHandler, Response } from 'express';
import { bytesOf, digestOf, type ResponseBody } from './answer-body.ts';
import { mayHoldSession } from './cookies.ts';
import { responseLimits } from './http-limits.ts';

/**
 * Compresses public answers, away from the main thread, and keeps the bytes for others who are answered the same. Answers to requests
 * with a token or a session are never compressed: their length would tell what they hold to whoever can have a part of them chosen.
 */
export interface Compression {
  /** Lets answers to strangers be compressed. */
  readonly handler: RequestHandler;
  /** What was made before an erasure is not given out after it. */
  erased(): void;
}

export type Compressed =
  | { status: 'compressed'; bytes: Buffer }
  /** Something was erased meanwhile: the content may hold it, and must not go out. */
  | { status: 'erased' }
  /** As many as may be are under way: it goes out as it is. */
  | { status: 'busy' };

/** For an answer whose client takes gzip. */
export interface Compressor {
  compress(content: ResponseBody): Promise<Compressed> | Compressed;
}

/** How an answer was come by; `forgotten`: one made room for others. */
export const compressionOutcomes = ['made', 'kept', 'passed-over', 'forgotten'] as const;
export type CompressionOutcome = (typeof compressionOutcomes)[number];

const zip = promisify(gzip);

/** What an entry takes beside its bytes: its key, its place in the map, and the buffer itself. */
const entryBytes = 512;

export function createCompression(
  onOutcome: (outcome: CompressionOutcome) => void,
  bounds: { mostBytes: number; most: number } = {
    mostBytes: responseLimits.compressedBytes,
    most: responseLimits.compressionsMost,
  },
): Compression {
  /** By digest, the least recently used first. */
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
    const compressed = trimmedCopy(await zip(bytesOf(content)));
    if (since !== generation) return { status: 'erased' };
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

/** In memory of its own: what zlib returns is a part of a chunk of 16 KiB, and would keep the whole chunk. */
function trimmedCopy(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}

/** What an entry takes in all. */
function sizeOf(entry: Buffer): number {
  return entry.buffer.byteLength + entryBytes;
}

/** Undefined where the answer goes out as it is. */
export function compressorOf(response: Response): Compressor | undefined {
  return response.locals.compressor as Compressor | undefined;
}

function isAnonymous(request: Request): boolean {
  return request.headers.authorization === undefined && !mayHoldSession(request);
}

/** Whether the client takes gzip, and would not rather have an answer as it is. */
function takesGzip(request: Request): boolean {
  return request.headers['accept-encoding'] !== undefined && request.acceptsEncodings('gzip', 'identity') === 'gzip';
}

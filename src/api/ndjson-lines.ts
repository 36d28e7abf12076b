import type { IncomingMessage } from 'node:http';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { withUnit } from '../protocol/limit-table.ts';
import { Refusal } from '../protocol/problems.ts';
import { limits } from '../protocol/wire-limits.ts';
import { BodyAborted, isAborted, passBody } from './request-body.ts';

export interface NumberedLine {
  /** Counted from 1. */
  number: number;
  bytes: Buffer;
}

const [lineFeed, carriageReturn] = [10, 13];

/**
 * Reads the lines of a body as they arrive, and holds one line at a time. Reading pauses until the caller asks for the next line.
 * Blank lines are skipped up to `importBlankLines`, because a small compressed body can contain billions of them. A line over
 * `importLineBytes` is refused with its number.
 */
export async function* linesOf(request: IncomingMessage): AsyncGenerator<NumberedLine> {
  let number = 1;
  let blanks = 0;
  const passOver = (line: number) => {
    blanks += 1;
    if (blanks <= limits.importBlankLines) return;
    throw new Refusal('too-large', { line, detail: `An import has at most ${limits.importBlankLines} blank lines.` });
  };
  let held: Buffer[] = [];
  let length = 0;
  const hold = (piece: Buffer) => {
    held.push(piece);
    length += piece.length;
    if (length <= limits.importLineBytes) return;
    throw new Refusal('too-large', {
      line: number,
      detail: `A line of an import has at most ${withUnit('importLineBytes', limits.importLineBytes)}.`,
    });
  };
  const line = () => {
    const bytes = Buffer.concat(held, length);
    held = [];
    length = 0;
    return { number: number++, bytes };
  };
  for await (const chunk of chunksOf(request)) {
    let from = 0;
    for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, from)) {
      if (end === from && length === 0) {
        passOver(number);
        number += 1;
      } else {
        hold(chunk.subarray(from, end));
        const whole = line();
        if (isEmpty(whole.bytes)) passOver(whole.number);
        else yield whole;
      }
      from = end + 1;
    }
    if (from < chunk.length) hold(chunk.subarray(from));
  }
  if (length > 0) yield line();
}

function isEmpty(bytes: Buffer): boolean {
  return bytes.length === 0 || (bytes.length === 1 && bytes[0] === carriageReturn);
}

/**
 * The decompressed chunks. The default iterator of a request would destroy the connection, and with it the response, if the
 * caller stops early.
 */
async function* chunksOf(request: IncomingMessage): AsyncGenerator<Buffer> {
  const unpack = unpacking(request.headers['content-encoding']);
  const body = unpack === undefined ? request : passBody(request, unpack);
  try {
    for await (const chunk of body.iterator({ destroyOnReturn: false })) yield chunk as Buffer;
  } catch (error) {
    if (isAborted(request)) throw new BodyAborted();
    if (unpack === undefined) throw error;
    throw new Refusal('invalid-body', { errors: [{ path: '', message: 'Cannot be decompressed.' }] });
  } finally {
    if (unpack !== undefined) {
      request.unpipe(unpack);
      unpack.destroy();
    }
  }
}

function unpacking(encoding = 'identity') {
  switch (encoding.trim().toLowerCase()) {
    case 'identity':
      return undefined;
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'deflate':
      return createInflate();
    case 'br':
      return createBrotliDecompress();
    default:
      throw new Refusal('wrong-type', { detail: 'Send UTF-8, plain or compressed with gzip, deflate or br.' });
  }
}

import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/**
 * WebSocket (RFC 6455) as nearly all clients speak it, in a fraction of what it takes to be ready for everything. Whatever is not as plain,
 * right or wrong, is undefined here, and for the library to judge.
 */

/**
 * The answer to a request for a WebSocket that wants nothing beyond that (4.2.2), in the words of the library. Extensions that a client
 * offers need not be taken.
 */
export function plainAnswerTo({ method, headers }: IncomingMessage): string | undefined {
  const key = headers['sec-websocket-key'];
  const isForWebSocket = method === 'GET' && headers.upgrade === 'websocket' && headers['sec-websocket-version'] === '13';
  if (!isForWebSocket || headers['sec-websocket-protocol'] !== undefined || key === undefined || !isKey.test(key))
    return undefined;
  return `${switching}${hash('sha1', `${key}${guid}`, 'base64')}\r\n\r\n`;
}

/** Sixteen bytes in base64. */
const isKey = /^[+/0-9A-Za-z]{22}==$/;
const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const switching = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ';

/**
 * What a client says in a frame (5.2), where that is all there is and as simple as nearly all are: one frame that begins
 * and ends with the bytes, final, masked and uncompressed, with text of ASCII.
 *
 * @param bytes as they were read, of which the first `length` count; they stay as they are.
 */
export function plainTextOf(bytes: Uint8Array, length: number): string | undefined {
  if (length < shortestLength || bytes[0] !== finalText) return undefined;
  let textAt = 6;
  let textLength = bytes[1]! - masked;
  // Not masked, or as long as takes eight bytes to tell.
  if (textLength < 0 || textLength > twoBytesMore) return undefined;
  if (textLength === twoBytesMore) {
    textAt = 8;
    textLength = (bytes[2]! << 8) | bytes[3]!;
    // In fewer bytes it would have to be.
    if (textLength < twoBytesMore) return undefined;
  }
  if (textAt + textLength !== length || textLength > unmasked.length) return undefined;
  let all = 0;
  for (let at = 0; at < textLength; at += 1) {
    const byte = bytes[textAt + at]! ^ bytes[textAt - 4 + (at & 3)]!;
    unmasked[at] = byte;
    all |= byte;
  }
  return all < 0x80 ? unmasked.toString('latin1', 0, textLength) : undefined;
}

const finalText = 0x81;
const masked = 0x80;
/** In place of a length: it follows in two bytes. */
const twoBytesMore = 126;
/** Two bytes and a mask. */
const shortestLength = 6;

/** What is longer is no cheaper in this way. */
const unmasked = Buffer.allocUnsafeSlow(1_024);

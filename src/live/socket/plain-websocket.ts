import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/**
 * A fast path for the plain WebSocket (RFC 6455) that nearly all clients use. For everything else, valid or not, these functions return
 * undefined, and the library handles it.
 */

/** The response to a plain upgrade request (RFC 6455, 4.2.2), the same as the library's. Extensions that a client offers are ignored. */
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
 * The text of a frame (RFC 6455, 5.2), if the bytes are exactly one final, masked, uncompressed frame with ASCII text.
 *
 * @param bytes Only the first `length` count. They are not changed.
 */
export function plainTextOf(bytes: Uint8Array, length: number): string | undefined {
  if (length < shortestLength || bytes[0] !== finalText) return undefined;
  let textAt = 6;
  let textLength = bytes[1]! - masked;
  // Not masked, or so long that its length takes eight bytes.
  if (textLength < 0 || textLength > twoBytesMore) return undefined;
  if (textLength === twoBytesMore) {
    textAt = 8;
    textLength = (bytes[2]! << 8) | bytes[3]!;
    // A shorter length must not use two bytes.
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
/** A length of 126 means that two bytes with the length follow. */
const twoBytesMore = 126;
/** Two bytes of header and four of mask. */
const shortestLength = 6;

/** Longer frames are not cheaper to decode here than in the library. */
const unmasked = Buffer.allocUnsafeSlow(1_024);

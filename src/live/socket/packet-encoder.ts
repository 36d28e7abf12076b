import { Encoder, type Packet, PacketType } from 'socket.io-parser';
import { limits } from '../../protocol/wire-limits.ts';
import type { EncodedCatchUp } from '../../streams/catch-up.ts';
import { encodeOnce, type Format } from '../../streams/encoded-events.ts';

/**
 * Encodes Socket.IO packets as text and as WebSocket frames. Frames of events and of equal acknowledgements are encoded once for many
 * readers. The bytes are the same as those of Socket.IO itself, which a test checks.
 */

const encoder = new Encoder();
const { socketPartBytes: partBytes } = limits;
/** The first byte of a frame (RFC 6455, 5.2): the FIN bit and the opcodes. */
const final = 0x80;
const continuation = 0x00;
const text = 0x01;

/** The text of a packet without binary parts. Default namespace: `/`. */
export function textOf(packet: Omit<Packet, 'nsp'> & { nsp?: string }): string {
  const [text] = encoder.encode({ nsp: '/', ...packet });
  return text as string;
}

/** An acknowledgement of `subscribe`. */
export function catchUpText(id: number, answer: EncodedCatchUp): string {
  return `${PacketType.ACK}${id}[{"ok":true,${answer.json.slice(1)}]`;
}

/** The acknowledgement as a frame. Readers that reconnect together use the same ids, so the last frame of each answer is cached. */
export function catchUpFrame(id: number, answer: EncodedCatchUp): Buffer {
  const known = frames.get(answer);
  if (known?.id === id) return known.frame;
  const frame = messageFrame(catchUpText(id, answer));
  frames.set(answer, { id, frame });
  return frame;
}

const frames = new WeakMap<EncodedCatchUp, { id: number; frame: Buffer }>();

/** An `event` message in a WebSocket frame. */
export const socketFormat: Format = {
  name: 'socket',
  frame: (event) => messageFrame(`${PacketType.EVENT}["event",${event}]`),
};

/** A Socket.IO packet as an engine.io message (packet type 4), in one or several frames. */
export function messageFrame(packet: string): Buffer {
  const frame = packetFrame(`4${packet}`);
  return frame.length > partBytes ? inParts(Buffer.from(`4${packet}`)) : frame;
}

/**
 * Splits a long message into fragments (RFC 6455, 5.4). On a slow link a long message takes longer than the ping timeout, and nothing else
 * can be sent before it ends. So an engine.io ping comes first, which restarts the client's timeout. Between the fragments are WebSocket
 * pings, which clients answer while they read. So the server knows that bytes arrive, and still notices when none do.
 */
function inParts(message: Buffer): Buffer {
  const frames: Buffer[] = [];
  for (let at = 0; at < message.length; at += partBytes) {
    const part = message.subarray(at, at + partBytes);
    const isLast = at + partBytes >= message.length;
    const frame = emptyFrame((at === 0 ? text : continuation) | (isLast ? final : 0), part.length);
    part.copy(frame, frame.length - part.length);
    frames.push(at === 0 ? pingFrame : webSocketPing, frame);
  }
  return Buffer.concat(frames);
}

/** The Socket.IO packets in frames that this module encoded, without the pings. */
export function* messagesIn(frames: Buffer): Generator<string> {
  const parts: Buffer[] = [];
  for (let at = 0; at < frames.length; ) {
    const head = frames[at]!;
    const short = frames[at + 1]!;
    const headerLength = short < 126 ? 2 : short === 126 ? 4 : 10;
    const length = short < 126 ? short : short === 126 ? frames.readUInt16BE(at + 2) : Number(frames.readBigUInt64BE(at + 2));
    const payload = frames.subarray(at + headerLength, at + headerLength + length);
    at += headerLength + length;
    const isPing = head === webSocketPing[0] || (head === pingFrame[0] && length === 1);
    if (isPing) continue;
    parts.push(payload);
    if ((head & final) === 0) continue;
    // Skips the engine.io packet type.
    yield Buffer.concat(parts.splice(0)).toString('utf8', 1);
  }
}

/** An engine.io packet as one unmasked, uncompressed text frame (RFC 6455, 5.2). */
export function packetFrame(packet: string): Buffer {
  const length = Buffer.byteLength(packet);
  const frame = emptyFrame(final | text, length);
  frame.write(packet, frame.length - length);
  return frame;
}

/** A frame header, followed by room for `length` bytes of payload. */
function emptyFrame(first: number, length: number): Buffer {
  const headerLength = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafeSlow(headerLength + length);
  frame[0] = first;
  if (headerLength === 2) {
    frame[1] = length;
  } else if (headerLength === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  return frame;
}

/** An engine.io ping (packet type 2). */
export const pingFrame = packetFrame('2');
/** A WebSocket ping (RFC 6455, 5.5.2), which the client's WebSocket library answers. */
const webSocketPing = Buffer.from([0x89, 0]);

/** The frames, followed by a ping. */
export const withPing = encodeOnce((some: Buffer) => Buffer.concat([some, pingFrame]));

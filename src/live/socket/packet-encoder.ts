import { Encoder, type Packet, PacketType } from 'socket.io-parser';
import { limits } from '../../protocol/wire-limits.ts';
import type { EncodedCatchUp } from '../../streams/catch-up.ts';
import { encodeOnce, type Format } from '../../streams/encoded-events.ts';

/**
 * What goes over a Socket.IO connection, as text and as bytes that are made once for many: frames of events, and acknowledgements that
 * tell many readers the same. The bytes are those that Socket.IO itself would send; a test compares them.
 */

const encoder = new Encoder();
const { socketPartBytes: partBytes } = limits;
/** The first byte of a frame (RFC 6455, 5.2): that it ends its message, and what it is. */
const final = 0x80;
const continuation = 0x00;
const text = 0x01;

/** A packet of the namespace `/` that holds nothing binary. */
export function textOf(packet: Omit<Packet, 'nsp'> & { nsp?: string }): string {
  const [text] = encoder.encode({ nsp: '/', ...packet });
  return text as string;
}

/** An acknowledgement of `subscribe`. */
export function catchUpText(id: number, said: EncodedCatchUp): string {
  return `${PacketType.ACK}${id}[{"ok":true,${said.json.slice(1)}]`;
}

/** The same as a frame. Readers who come back together have counted alike, so that one is kept of each answer. */
export function catchUpFrame(id: number, said: EncodedCatchUp): Buffer {
  const known = frames.get(said);
  if (known?.id === id) return known.frame;
  const frame = messageFrame(catchUpText(id, said));
  frames.set(said, { id, frame });
  return frame;
}

const frames = new WeakMap<EncodedCatchUp, { id: number; frame: Buffer }>();

/** An `event` message in a WebSocket frame. */
export const socketFormat: Format = {
  name: 'socket',
  frame: (event) => messageFrame(`${PacketType.EVENT}["event",${event}]`),
};

/** A packet of Socket.IO as a message of engine.io (4): one frame, or several. */
export function messageFrame(packet: string): Buffer {
  const frame = packetFrame(`4${packet}`);
  return frame.length > partBytes ? inParts(Buffer.from(`4${packet}`)) : frame;
}

/**
 * Over a narrow line a long message takes so long that who waits for a sign of the other would take them for gone, and nothing else can be
 * said before it has ended. So its client is pinged first, and from then on has time for it. It comes in parts (RFC 6455, 5.4), and between
 * them are pings of WebSocket's own, which a client answers as it reads: so the server hears that bytes arrive, and still notices when none do.
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

/** The packets of Socket.IO in frames that were made here. Pings among the frames are left out. */
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
    // Behind the type of a packet of engine.io.
    yield Buffer.concat(parts.splice(0)).toString('utf8', 1);
  }
}

/** A packet of engine.io in an unmasked text frame, final and uncompressed (RFC 6455, 5.2). */
export function packetFrame(packet: string): Buffer {
  const length = Buffer.byteLength(packet);
  const frame = emptyFrame(final | text, length);
  frame.write(packet, frame.length - length);
  return frame;
}

/** With room at its end for what is in it. */
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

/** Asks a client of engine.io whether it is there (2). */
export const pingFrame = packetFrame('2');
/** The same of WebSocket (RFC 6455, 5.5.2), which no program is told of. */
const webSocketPing = Buffer.from([0x89, 0]);

/** Frames with a ping behind them. */
export const withPing = encodeOnce((some: Buffer) => Buffer.concat([some, pingFrame]));

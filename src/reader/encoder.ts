import { Encoder, type Packet, PacketType } from 'socket.io-parser';
import type { EncodedCatchUp } from '../fanout/catch-up.ts';
import { type Format, onceForEach } from '../fanout/encoded.ts';

/**
 * What goes over a Socket.IO connection, as text and as bytes that are made once for many: frames of events, and acknowledgements that
 * tell many readers the same. The bytes are those that Socket.IO itself would send; a test compares them.
 */

const encoder = new Encoder();

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

/** A packet of Socket.IO as a message of engine.io (4). */
export function messageFrame(packet: string): Buffer {
  return packetFrame(`4${packet}`);
}

/** A packet of engine.io in an unmasked text frame, final and uncompressed (RFC 6455, 5.2). */
export function packetFrame(packet: string): Buffer {
  const length = Buffer.byteLength(packet);
  const headerLength = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafeSlow(headerLength + length);
  frame[0] = 0x81;
  if (headerLength === 2) {
    frame[1] = length;
  } else if (headerLength === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.write(packet, headerLength);
  return frame;
}

/** Asks a client of engine.io whether it is there (2). */
export const pingFrame = packetFrame('2');

/** Frames with a ping behind them. */
export const withPing = onceForEach((some: Buffer) => Buffer.concat([some, pingFrame]));

import * as parser from 'socket.io-parser';
import type { Format } from '../fanout/encoded.ts';

/**
 * What goes over a Socket.IO connection as bytes that were made once for many: frames of events, and acknowledgements whose answer is
 * JSON already. The bytes are those that Socket.IO itself would send; a test compares them.
 */

/** JSON that an acknowledgement sends as it is. */
export class Json {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

class Encoder extends parser.Encoder {
  override encode(packet: parser.Packet): ReturnType<parser.Encoder['encode']> {
    const answer: unknown = packet.type === parser.PacketType.ACK ? packet.data?.[0] : undefined;
    if (answer instanceof Json) return [`${packet.type}${packet.id}[${answer.text}]`];
    return super.encode(packet);
  }
}

/** The `parser` option of the Socket.IO server. */
export const socketParser = { ...parser, Encoder };

/** An `event` message in a WebSocket frame: engine packet 4 (message), Socket.IO packet 2 (event), namespace `/`. */
export const socketFormat: Format = {
  name: 'socket',
  frame: (event) => textFrame(`42["event",${event}]`),
};

/** An unmasked text frame, final and uncompressed (RFC 6455, 5.2). */
function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
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
  frame.write(text, headerLength);
  return frame;
}

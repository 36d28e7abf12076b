import * as parser from 'socket.io-parser';
import type { EncodedCatchUp } from '../fanout/catch-up.ts';
import type { Format } from '../fanout/encoded.ts';
import type { Pipe } from './connection.ts';

/**
 * What goes over a Socket.IO connection as bytes that were made once for many: frames of events, and acknowledgements that tell many
 * readers the same. The bytes are those that Socket.IO itself would send; a test compares them.
 */

/** What an acknowledgement of `subscribe` says. */
export class CatchUpAnswer {
  readonly #said: EncodedCatchUp;
  readonly #pipe: Pick<Pipe, 'ready' | 'write'>;

  constructor(said: EncodedCatchUp, pipe: Pick<Pipe, 'ready' | 'write'>) {
    this.#said = said;
    this.#pipe = pipe;
  }

  /** As JSON. */
  get text(): string {
    return `{"ok":true,${this.#said.json.slice(1)}`;
  }

  /** What Socket.IO is to send for it: nothing, where the frame could go out by itself. */
  packets(id: number): string[] {
    const { ready } = this.#pipe;
    if (!ready) return [acknowledgement(id, this.text)];
    this.#pipe.write(this.#frame(id));
    return [];
  }

  /** Readers who come back together have counted alike, so that one frame is kept of each answer. */
  #frame(id: number): Buffer {
    const known = frames.get(this.#said);
    if (known?.id === id) return known.frame;
    const frame = textFrame(`4${acknowledgement(id, this.text)}`);
    frames.set(this.#said, { id, frame });
    return frame;
  }
}

const frames = new WeakMap<EncodedCatchUp, { id: number; frame: Buffer }>();

/** A Socket.IO packet 3 (acknowledgement), namespace `/`. */
function acknowledgement(id: number, json: string): string {
  return `${parser.PacketType.ACK}${id}[${json}]`;
}

class Encoder extends parser.Encoder {
  override encode(packet: parser.Packet): ReturnType<parser.Encoder['encode']> {
    const answer: unknown = packet.type === parser.PacketType.ACK ? packet.data?.[0] : undefined;
    if (answer instanceof CatchUpAnswer) return answer.packets(packet.id as number);
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

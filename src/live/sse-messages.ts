import type { Socket } from 'node:net';
import type { Response } from 'express';
import type { Reachability } from '../journal/engine.ts';
import { formatCursor } from '../protocol/cursor.ts';
import type { EncodedCatchUp } from '../streams/catch-up.ts';
import { encodeOnce, type Format } from '../streams/encoded-events.ts';
import { liveLimits } from './live-limits.ts';
import type { Pipe } from './reader-connection.ts';
import { SocketWriter } from './socket-writer.ts';

/**
 * Server-Sent Events as bytes (contract, 4; the HTML standard, 9.2.6), each block made once for all who get it. JSON has no line break
 * in it, so that the data of a block is one line.
 */
const streamFormat: Format = {
  name: 'stream',
  frame: (event, { type, cursor }) => sseBlock(type, event, cursor),
};

/** A message that is no event of the channel. Without an id the reader's cursor stays as it is. */
export function sseMessage(name: string, data: object): Buffer {
  return sseBlock(name, JSON.stringify(data));
}

/** How long an EventSource waits before it comes back. */
export function retryField(ms: number): Buffer {
  return Buffer.from(`retry: ${Math.round(ms)}\n\n`);
}

/** After this time and a little more, at random: whoever was ended together does not come back so. */
export function retryDelayMs(ms: number, random: () => number): number {
  return ms + liveLimits.streamRetryMs * (0.5 + random());
}

/** The answer to what was missed; its id is the cursor at its end. */
export const catchUpMessage = encodeOnce(({ json, position }: EncodedCatchUp) =>
  sseBlock('catchup', json, formatCursor(position)),
);

export const storeMessage = encodeOnce((reach: Reachability) => sseMessage('store', reach));

/** `data` is JSON. */
function sseBlock(name: string, data: string, id?: string): Buffer {
  // Many a client splits lines where its language does, though only CR and LF end one here.
  const line = data.replace(otherLineBreaks, (character) => `\\u${character.charCodeAt(0).toString(16)}`);
  return Buffer.from(`${id === undefined ? '' : `id: ${id}\n`}event: ${name}\ndata: ${line}\n\n`);
}

/** Those that JSON leaves as they are, and posts may hold. */
const otherLineBreaks = /[\u2028\u2029]/g;

/**
 * The body of one answer as a pipe. It has no length and is not chunked (RFC 9112, 6.3: it ends with the connection), so that a block
 * that was made for many is written to the socket as it is; the HTML standard advises against chunks, and a proxy that speaks HTTP/1.0
 * to us takes none.
 */
export class StreamPipe extends SocketWriter implements Pipe {
  readonly format = streamFormat;
  readonly #response: Response;

  constructor(response: Response, socket: Socket) {
    super(socket);
    this.#response = response;
  }

  get hasBegun(): boolean {
    return this.#response.headersSent;
  }

  /** Sends the head, and these blocks with it. */
  begin(...blocks: Buffer[]): void {
    // Writes past it do not count for this timer. Who takes no bytes is found by the sweep.
    this.socket.setTimeout(0);
    this.socket.cork();
    this.#response.removeHeader('Transfer-Encoding');
    this.#response.writeHead(200, streamHeaders).flushHeaders();
    for (const one of blocks) this.write(one);
    this.socket.uncork();
  }

  get open(): boolean {
    return !this.#response.writableEnded && !this.socket.destroyed;
  }

  get ready(): boolean {
    return this.isFree && this.hasBegun && this.open;
  }

  /** The connection ends when what was written has been taken. */
  cut(): void {
    this.#response.end();
  }
}

export const streamHeaders = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-store, no-transform',
  'X-Accel-Buffering': 'no',
  Connection: 'close',
};

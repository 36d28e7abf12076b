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
 * Encodes Server-Sent Events (HTML standard, 9.2.6), each block once for all readers who get it. JSON contains no line break,
 * so the data of a block is one line.
 */
const streamFormat: Format = {
  name: 'stream',
  frame: (event, { type, cursor }) => sseBlock(type, event, cursor),
};

/** A message that is not an event of the channel. It has no id, so the reader's cursor does not change. */
export function sseMessage(name: string, data: object): Buffer {
  return sseBlock(name, JSON.stringify(data));
}

/** Sets how long an EventSource waits before it reconnects. */
export function retryField(ms: number): Buffer {
  return Buffer.from(`retry: ${Math.round(ms)}\n\n`);
}

/** `ms` plus a random time, so that streams that ended together do not reconnect together. */
export function retryDelayMs(ms: number, random: () => number): number {
  return ms + liveLimits.streamRetryMs * (0.5 + random());
}

/** A catch-up. Its id is the cursor at its end. */
export const catchUpMessage = encodeOnce(({ json, position }: EncodedCatchUp) =>
  sseBlock('catchup', json, formatCursor(position)),
);

export const storeMessage = encodeOnce((reach: Reachability) => sseMessage('store', reach));

/** `data` is JSON. */
function sseBlock(name: string, data: string, id?: string): Buffer {
  // Some clients split lines at every line break that their language knows, although only CR and LF end a line here.
  const line = data.replace(otherLineBreaks, (character) => `\\u${character.charCodeAt(0).toString(16)}`);
  return Buffer.from(`${id === undefined ? '' : `id: ${id}\n`}event: ${name}\ndata: ${line}\n\n`);
}

/** The line breaks that JSON does not escape. */
const otherLineBreaks = /[\u2028\u2029]/g;

/**
 * The body of one response as a pipe. It has no length and is not chunked: it ends with the connection (RFC 9112, 6.3). So a shared block
 * is written to the socket unchanged. The HTML standard advises against chunks, and a proxy that uses HTTP/1.0 does not support them.
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

  /** Sends the headers together with these blocks. */
  begin(...blocks: Buffer[]): void {
    // Turns off the idle timer, because writes that bypass the stream would not reset it. The sweep finds clients that accept no
    // bytes.
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

  /** The connection ends when the written bytes have been accepted. */
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

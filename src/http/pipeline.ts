import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Handles pipelined requests of a connection one at a time: the next request starts when the kernel has accepted the answer to
 * the one before, so the server holds at most one answer per connection. A request beyond the bound is never answered: the server
 * stops reading, answers the earlier requests and closes the connection.
 *
 *     idle ── request ──> busy ── request, up to the bound ──> busy, requests wait
 *      ^                   │  │
 *      └─ answer taken ────┘  └── one more ──> closing ── last answer taken ──> half closed ──> closed
 *
 * Requests that wait while an answer closes the connection are dropped.
 */
export interface PipelineOptions {
  /** Unanswered requests of one connection, the current one included. */
  most: number;
  /** How long a client has to close its end of a closed connection. */
  lingerMs: number;
  /** Starts to handle a request. */
  begin(request: IncomingMessage, response: ServerResponse): void;
  /** A connection sent more requests than it may. */
  onFull(socket: Socket): void;
}

export interface Pipelines {
  /** Accepts the requests of a connection, in order. */
  take(request: IncomingMessage, response: ServerResponse): void;
  /** Whether a connection has unanswered requests. */
  isBusy(socket: Socket): boolean;
}

interface Pipeline {
  busy: boolean;
  closing: boolean;
  readonly waiting: { request: IncomingMessage; response: ServerResponse }[];
}

export function createPipelines({ most, lingerMs, begin, onFull }: PipelineOptions): Pipelines {
  const pipelines = new WeakMap<Socket, Pipeline>();

  const start = (pipeline: Pipeline, request: IncomingMessage, response: ServerResponse) => {
    pipeline.busy = true;
    // Read now, because the response may have lost its socket when it closes.
    const { socket } = request;
    response.once('close', () => next(pipeline, socket));
    begin(request, response);
  };

  const next = (pipeline: Pipeline, socket: Socket) => {
    pipeline.busy = false;
    // After a response with `Connection: close`, later requests must not be processed (RFC 9112, 9.6).
    if (!socket.writable) pipeline.waiting.length = 0;
    const first = pipeline.waiting.shift();
    if (first !== undefined) return start(pipeline, first.request, first.response);
    if (pipeline.closing && !socket.destroyed) linger(socket, lingerMs);
  };

  return {
    take(request, response) {
      const { socket } = request;
      let pipeline = pipelines.get(socket);
      if (pipeline === undefined) {
        pipeline = { busy: false, closing: false, waiting: [] };
        pipelines.set(socket, pipeline);
      }
      // Drops requests that were read before the server stopped reading.
      if (pipeline.closing) return;
      if (!pipeline.busy) return start(pipeline, request, response);
      if (pipeline.waiting.length + 1 < most) return void pipeline.waiting.push({ request, response });
      pipeline.closing = true;
      stopReading(socket);
      onFull(socket);
    },
    isBusy: (socket) => pipelines.get(socket)?.busy ?? false,
  };
}

/** Keeps the connection paused, even where Node would resume it after a response. */
function stopReading(socket: Socket): void {
  socket.on('resume', pauseAgain).pause();
}

function pauseAgain(this: Socket): void {
  this.pause();
}

/**
 * Closes a connection with unread requests. Closing it at once would send a reset, which can destroy responses in transit (RFC
 * 9112, 9.6). So incoming data is discarded for a moment, and not parsed.
 */
function linger(socket: Socket, lingerMs: number): void {
  const cut = setTimeout(() => socket.destroy(), lingerMs).unref();
  socket.once('close', () => clearTimeout(cut));
  socket
    .off('resume', pauseAgain)
    .removeAllListeners('data')
    .on('data', () => undefined);
  socket.end();
  socket.resume();
}

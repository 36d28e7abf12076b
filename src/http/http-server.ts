import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, IncomingMessage, type Server, ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Express, Request, Response } from 'express';
import { enterBasePath } from './base-path.ts';
import { boundConnections, type ConnectionBounds, isReserved } from './connections.ts';
import { Shares } from './fair-shares.ts';
import { httpLimits } from './http-limits.ts';
import { createPipelines, type Pipelines } from './pipeline.ts';
import { type ProcessPauses, watchProcessPauses } from './process-pauses.ts';

/**
 * The HTTP server below the routes: time limits for clients, and limits on data that waits for clients. The time limits do not
 * depend on addresses, so they also protect a server behind a proxy.
 */

export type HttpBounds = Readonly<Record<keyof typeof httpLimits, number>>;

/** Why the server closed the connection of a client. */
export type CutKind = 'headers' | 'slow' | 'idle' | 'pipelined' | 'unread' | 'share' | 'full';

/** The error codes of Node for connections that it closed. */
const cutByNode: Readonly<Record<string, CutKind>> = { HPE_HEADER_OVERFLOW: 'headers', ERR_HTTP_REQUEST_TIMEOUT: 'slow' };

export interface HttpOptions {
  /** Where on its host the server is. Default: at the root. */
  basePath?: string;
  bounds?: HttpBounds;
  slowCheckMs?: number;
  /** Default: unlimited. */
  connections?: ConnectionBounds;
  /** See `ConnectionsOptions.onFull`. */
  onFull?: (isFull: boolean, count: number) => void;
}

/**
 * Passes each request to `app`. An upgrade bypasses the app, but its request is an Express request too, with `ip` and `secure`.
 */
export function createHttp(
  app: Express,
  onCut: (kind: CutKind) => void,
  { bounds = httpLimits, slowCheckMs = httpLimits.slowCheckMs, connections, onFull = () => {}, basePath = '' }: HttpOptions = {},
): Server {
  const upgraded = new WeakSet<Socket>();
  const http: Server = createServer({
    headersTimeout: bounds.requestHeadersMs,
    requestTimeout: bounds.requestMs,
    maxHeaderSize: bounds.requestHeaderBytes,
    keepAliveTimeout: bounds.keepAliveMs,
    connectionsCheckingInterval: slowCheckMs,
    IncomingMessage: withPrototype(IncomingMessage, app.request),
    ServerResponse: withPrototype(ServerResponse, app.response),
    // An upgrade may be ignored (RFC 9110, 7.8), and the request is then answered without one. This ignores upgrades to other
    // protocols, such as `h2c`, and every upgrade before there is a listener, on a reserved connection, while an earlier response
    // is due, or with a body. The new protocol would start before the earlier response. With a body, which no client sends, Node
    // passes a stream instead of the socket, and a stream cannot be reset.
    shouldUpgradeCallback: ({ headers, socket }) => {
      const upgrades =
        http.listenerCount('upgrade') > 0 &&
        headers.upgrade?.toLowerCase() === 'websocket' &&
        !pipelines.isBusy(socket) &&
        !isReserved(socket) &&
        !hasBody(headers);
      if (upgrades) upgraded.add(socket);
      return upgrades;
    },
  });
  http.setTimeout(bounds.idleMs);
  const pauses = watchProcessPauses(bounds);
  extendDeadlines(http, pauses);

  const { pipelines, open } = handleRequests(app, onCut, { bounds, basePath });
  underWay.set(http, open);
  // One function for all connections, to save memory: the listener stays registered after an upgrade.
  const onError = ({ code = '' }: NodeJS.ErrnoException) => {
    const kind = cutByNode[code];
    if (kind !== undefined) onCut(kind);
  };
  http.on('connection', (socket: Socket) => socket.on('error', onError));
  http.on('timeout', (socket: Socket) => {
    // Data that arrived while the process was paused has not been read yet, so the connection gets more time.
    if (pauses.extensionOf(bounds.idleMs) > 0) return void socket.setTimeout(socket.timeout ?? bounds.idleMs);
    // An idle connection without a request is closed too, but not counted.
    if (pipelines.isBusy(socket)) onCut('idle');
    socket.destroy();
  });

  http.on('request', pipelines.take);
  if (connections !== undefined) {
    const trusts = app.get('trust proxy fn') as (address: string, hop: number) => boolean;
    boundConnections(http, {
      ...connections,
      isProxy: (address) => trusts(address, 0),
      isUsed: (socket) => upgraded.has(socket) || pipelines.isBusy(socket),
      onCut,
      onFull,
    });
  }
  return http;
}

/** Passes requests to `app`, those of a connection one after the other. `open`: the responses in progress, oldest first. */
export function handleRequests(
  app: Express,
  onCut: (kind: CutKind) => void,
  { bounds, basePath }: { bounds: HttpBounds; basePath: string },
): { pipelines: Pipelines; open: ReadonlySet<ServerResponse> } {
  const open = new Set<ServerResponse>();
  const unread = new Shares<ServerResponse>({
    most: bounds.unreadAnswerBytes,
    drop(response) {
      response.destroy();
      onCut('unread');
    },
  });
  /**
   * Called when the response is complete. Counts the bytes that the kernel has not accepted, because they wait for the client.
   */
  const onMade = function (this: ServerResponse) {
    if (this.writableLength === 0) return;
    const share = unread.add(this, (this.req as Request).ip ?? '', this.writableLength);
    this.once('close', () => unread.remove(share));
  };
  const onClose = function (this: ServerResponse) {
    open.delete(this);
  };
  const pipelines = createPipelines({
    most: bounds.pipelinedRequests,
    lingerMs: bounds.lingerMs,
    onFull: () => onCut('pipelined'),
    begin(request, response) {
      open.add(response);
      response.once('prefinish', onMade).once('close', onClose);
      enterBasePath(request, basePath);
      app(request as Request, response as Response);
    },
  });
  return { pipelines, open };
}

/**
 * Extends the timeouts by the pauses of the process. Node reads them whenever it looks for slow requests. They can still be set.
 */
function extendDeadlines(http: Server, pauses: ProcessPauses): void {
  for (const name of ['headersTimeout', 'requestTimeout'] as const) {
    let ms = http[name];
    Object.defineProperty(http, name, {
      get: () => (ms === 0 ? 0 : ms + pauses.extensionOf(ms)),
      set: (set: number) => {
        ms = set;
      },
    });
  }
}

/**
 * Creates requests and responses with the prototype that Express would set later. Changing the prototype of an existing object
 * makes the object slow.
 */
function withPrototype<C extends typeof IncomingMessage | typeof ServerResponse>(base: C, prototype: object): C {
  function construct(...args: unknown[]): object {
    return Reflect.construct(base, args, construct) as object;
  }
  construct.prototype = prototype;
  return construct as unknown as C;
}

export function hasBody({ 'content-length': length = '0', 'transfer-encoding': encoding }: IncomingHttpHeaders): boolean {
  return length !== '0' || encoding !== undefined;
}

export async function listen(server: NetServer, { host, port }: { host: string; port: number }): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog: httpLimits.waitingConnections }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Responses in progress, oldest first. */
const underWay = new WeakMap<Server, ReadonlySet<ServerResponse>>();

const closing = new WeakMap<Server, Promise<unknown>>();

/** Stops accepting connections, and keeps the open ones, even idle ones. Resolves when all have ended. */
export function stopListening(http: Server): Promise<unknown> {
  const before = closing.get(http);
  if (before !== undefined) return before;
  const closed = http.listening ? once(http, 'close') : Promise.resolve();
  closing.set(http, closed);
  // Not `http.close()`, which ends idle connections at once, while clients may be sending.
  NetServer.prototype.close.call(http);
  return closed;
}

/** After `stopListening`: resolves when no connection is left, or after a timeout. */
export function awaitDisconnects(http: Server): Promise<void> {
  return waitAtMost(httpLimits.leadAwayMs, stopListening(http));
}

/** Resolves when every response in progress is complete, or after a timeout. */
export function finishResponses(http: Server): Promise<void> {
  return finishAll(underWay.get(http) ?? new Set());
}

/** As `finishResponses`, for these responses. */
export function finishAll(open: ReadonlySet<ServerResponse>): Promise<void> {
  const begun = [...open].filter(({ writableEnded }) => !writableEnded);
  const made = begun.map((response) => new Promise((resolve) => response.once('finish', resolve).once('close', resolve)));
  return waitAtMost(httpLimits.lastAnswersMs, Promise.all(made));
}

async function waitAtMost(ms: number, done: Promise<unknown>): Promise<void> {
  const enough = new AbortController();
  await Promise.race([done, pause(ms, undefined, { signal: enough.signal }).catch(() => undefined)]);
  enough.abort();
}

/** Waits a moment for responses in progress, then closes all connections. */
export async function closeHttp(http: Server): Promise<void> {
  const closed = stopListening(http);
  // Also stops the timers of the server.
  http.close();
  http.closeIdleConnections();
  const cut = setTimeout(() => http.closeAllConnections(), httpLimits.lastAnswersMs);
  await closed;
  clearTimeout(cut);
}

import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, IncomingMessage, type Server, ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Express, Request, Response } from 'express';
import { boundConnections, type ConnectionBounds, isReserved } from './connections.ts';
import { Shares } from './fair-shares.ts';
import { httpLimits } from './http-limits.ts';
import { createPipelines } from './pipeline.ts';
import { type ProcessPauses, watchProcessPauses } from './process-pauses.ts';

/**
 * The HTTP server under the routes: how long a client may take, and how much may wait here for one that does not read. None of this
 * knows an address, so it holds behind a proxy too.
 */

export type HttpBounds = Readonly<Record<keyof typeof httpLimits, number>>;

/** Why a connection was closed on a client. */
export type CutKind = 'headers' | 'slow' | 'idle' | 'pipelined' | 'unread' | 'share' | 'full';

/** What Node says of a client whose connection it closed. */
const cutByNode: Readonly<Record<string, CutKind>> = { HPE_HEADER_OVERFLOW: 'headers', ERR_HTTP_REQUEST_TIMEOUT: 'slow' };

export interface HttpOptions {
  bounds?: HttpBounds;
  slowCheckMs?: number;
  /** By default as many as come. */
  connections?: ConnectionBounds;
  /** As many connections are open as may be, or no longer. */
  onFull?: (isFull: boolean, count: number) => void;
}

/** `app` is given each request. An upgrade does not pass through it, but its request is one of Express too, with `ip` and `secure`. */
export function createHttp(
  app: Express,
  onCut: (kind: CutKind) => void,
  { bounds = httpLimits, slowCheckMs = httpLimits.slowCheckMs, connections, onFull = () => {} }: HttpOptions = {},
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
    // Others, such as `h2c` of clients that would rather speak HTTP/2, may be let be (RFC 9110, 7.8): the request is answered as it is.
    // So may one for which an answer is still to come on the connection: the new protocol would begin before it. And one that brings a body,
    // as no client's does: until that has come Node gives a stream in the place of the connection, which is no socket and cannot be reset.
    // Nor does one become anything where nobody takes it up, as before the server serves.
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

  const open = new Set<ServerResponse>();
  underWay.set(http, open);
  // The same one for every connection, as it stays with it, and with what it becomes.
  const onError = ({ code = '' }: NodeJS.ErrnoException) => {
    const kind = cutByNode[code];
    if (kind !== undefined) onCut(kind);
  };
  http.on('connection', (socket: Socket) => socket.on('error', onError));
  http.on('timeout', (socket: Socket) => {
    // What came while the process stood still is read after this.
    if (pauses.extensionOf(bounds.idleMs) > 0) return void socket.setTimeout(socket.timeout ?? bounds.idleMs);
    // Without a request it is only a connection that was kept.
    if (pipelines.isBusy(socket)) onCut('idle');
    socket.destroy();
  });

  const unread = new Shares<ServerResponse>({
    most: bounds.unreadAnswerBytes,
    drop(response) {
      response.destroy();
      onCut('unread');
    },
  });
  /** The whole answer was made, and as much of it as the kernel takes has been given to it. What is still written has its own pace. */
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
      request.url = pathOf(request.url ?? '');
      app(request as Request, response as Response);
    },
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

/** Node asks for these whenever it looks for slow requests. What is set goes on to count as set. */
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

/** Express gives what it takes up its own prototype, and an object whose prototype changes is slow from then on: so it has that from its birth. */
function withPrototype<C extends typeof IncomingMessage | typeof ServerResponse>(base: C, prototype: object): C {
  function construct(...args: unknown[]): object {
    return Reflect.construct(base, args, construct) as object;
  }
  construct.prototype = prototype;
  return construct as unknown as C;
}

function hasBody({ 'content-length': length = '0', 'transfer-encoding': encoding }: IncomingHttpHeaders): boolean {
  return length !== '0' || encoding !== undefined;
}

/** What is asked for, also where the request names a whole URL, as to a proxy. What is neither leads nowhere. */
function pathOf(target: string): string {
  if (target.startsWith('/')) return target;
  const url = URL.parse(target);
  return url === null || url.host === '' ? '/%' : url.pathname + url.search;
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

/** Answers, the oldest first. */
const underWay = new WeakMap<Server, ReadonlySet<ServerResponse>>();

const closing = new WeakMap<Server, Promise<unknown>>();

/** Takes no more connections; those that are open go on, idle ones too. Resolves when all have ended. */
export function stopListening(http: Server): Promise<unknown> {
  const before = closing.get(http);
  if (before !== undefined) return before;
  const closed = http.listening ? once(http, 'close') : Promise.resolve();
  closing.set(http, closed);
  // Not the server's own close, which ends idle connections at once, while their clients may be sending.
  NetServer.prototype.close.call(http);
  return closed;
}

/** After `stopListening`: resolves when no connection is left, or after a moment. */
export function awaitDisconnects(http: Server): Promise<void> {
  return waitAtMost(httpLimits.leadAwayMs, stopListening(http));
}

/** Resolves when every answer that was begun has been made, or after a moment. */
export function finishResponses(http: Server): Promise<void> {
  const begun = [...(underWay.get(http) ?? [])].filter(({ writableEnded }) => !writableEnded);
  const made = begun.map((response) => new Promise((resolve) => response.once('finish', resolve).once('close', resolve)));
  return waitAtMost(httpLimits.lastAnswersMs, Promise.all(made));
}

async function waitAtMost(ms: number, done: Promise<unknown>): Promise<void> {
  const enough = new AbortController();
  await Promise.race([done, pause(ms, undefined, { signal: enough.signal }).catch(() => undefined)]);
  enough.abort();
}

/** Lets answers that were begun go out, for a moment, then ends what is left. */
export async function closeHttp(http: Server): Promise<void> {
  const closed = stopListening(http);
  // Its timers too.
  http.close();
  http.closeIdleConnections();
  const cut = setTimeout(() => http.closeAllConnections(), httpLimits.lastAnswersMs);
  await closed;
  clearTimeout(cut);
}

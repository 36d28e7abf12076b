import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, IncomingMessage, type Server, ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Express, Request, Response } from 'express';

/**
 * The HTTP server under the routes: how long a client may take, and how much may wait here for one that does not read. None of this
 * knows an address, so it holds behind a proxy too.
 */

/** Each is also a metric, `pressbox_limit{name}`. */
export const httpLimits = {
  /** From the first byte, or from the connection where none comes, to the end of the headers; then 408, and the connection is closed. */
  requestHeadersMs: 20_000,
  /** To the end of the whole request, likewise. */
  requestMs: 60_000,
  /** All headers of a request; past it 431, and the connection is closed. */
  requestHeaderBytes: 16 * 1024,
  /** Of what a request says in `Accept`, `Accept-Encoding` or `Accept-Language`, each; a longer one is passed over. */
  preferenceCharacters: 1_000,
  /** Of the end of `X-Forwarded-For`, where a proxy is trusted: a dozen addresses. */
  forwardedCharacters: 500,
  /** A connection on which no byte moves while something is asked or answered is closed. Longer than a poll may be held. */
  idleMs: 60_000,
  /** A connection on which nothing is asked is kept for so long. Longer than proxies keep theirs, so that none sends into one that closes. */
  keepAliveMs: 65_000,
  /** Requests of one connection that wait for their answers; past it the connection is closed. No browser has more than one. */
  pipelinedRequests: 16,
  /** Finished answers of all clients that wait to be taken; past it the connections of those that wait longest are closed. */
  unreadAnswerBytes: 256 * 1024 * 1024,
  /**
   * Connections that the kernel keeps until they are taken up, which a crowd that comes back makes at one moment. It forgets one more, whose
   * client tries again after a second and more. It keeps no more than its own `net.core.somaxconn`, of which this is the default.
   */
  waitingConnections: 4_096,
  /**
   * How often slow requests are looked for: each may take this much longer. A crowd of them that came together is refused in as many
   * portions, so that nobody else waits for long.
   */
  slowCheckMs: 250,
  /** How often unread answers are. */
  unreadCheckMs: 500,
  /** So long clients of a server that goes are led away by an answer that says so. Later they find the connection closed, as after a pause. */
  leadAwayMs: 1_000,
  /** Answers that were begun have this long to go out when it closes. */
  lastAnswersMs: 2_000,
} as const;

export type HttpBounds = Readonly<Record<keyof typeof httpLimits, number>>;

/** Why a connection was closed on a client. */
export type CutKind = 'headers' | 'slow' | 'idle' | 'pipelined' | 'unread';

/** What Node says of a client whose connection it closed. */
const cutByNode: Readonly<Record<string, CutKind>> = { HPE_HEADER_OVERFLOW: 'headers', ERR_HTTP_REQUEST_TIMEOUT: 'slow' };

/** `app` is given each request. An upgrade does not pass through it, but its request is one of Express too, with `ip` and `secure`. */
export function createHttp(
  app: Express,
  onCut: (kind: CutKind) => void,
  { bounds = httpLimits, slowCheckMs = httpLimits.slowCheckMs }: { bounds?: HttpBounds; slowCheckMs?: number } = {},
): Server {
  /** Requests that wait for their answers. */
  const waiting = new WeakMap<Socket, number>();
  const http: Server = createServer({
    headersTimeout: bounds.requestHeadersMs,
    requestTimeout: bounds.requestMs,
    maxHeaderSize: bounds.requestHeaderBytes,
    keepAliveTimeout: bounds.keepAliveMs,
    connectionsCheckingInterval: slowCheckMs,
    IncomingMessage: bornAs(IncomingMessage, app.request),
    ServerResponse: bornAs(ServerResponse, app.response),
    // Others, such as `h2c` of clients that would rather speak HTTP/2, may be let be (RFC 9110, 7.8): the request is answered as it is.
    // So may one for which an answer is still to come on the connection: the new protocol would begin before it. And one that brings a body,
    // as no client's does: until that has come Node gives a stream in the place of the connection, which is no socket and cannot be reset.
    // Nor does one become anything where nobody takes it up, as before the server serves.
    shouldUpgradeCallback: ({ headers, socket }) =>
      http.listenerCount('upgrade') > 0 &&
      headers.upgrade?.toLowerCase() === 'websocket' &&
      (waiting.get(socket) ?? 0) === 0 &&
      !bringsBody(headers),
  });
  http.setTimeout(bounds.idleMs);

  const open = new Set<ServerResponse>();
  underWay.set(http, open);
  // The same ones for every connection, as they stay with it, and with what it becomes.
  const onError = ({ code = '' }: NodeJS.ErrnoException) => {
    const kind = cutByNode[code];
    if (kind !== undefined) onCut(kind);
  };
  function onTimeout(this: Socket): void {
    // Without a request it is only a connection that was kept.
    if ((waiting.get(this) ?? 0) > 0) onCut('idle');
  }
  http.on('connection', (socket: Socket) => socket.on('error', onError).on('timeout', onTimeout));
  http.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    const before = waiting.get(socket) ?? 0;
    if (before >= bounds.pipelinedRequests) {
      if (!socket.destroyed) onCut('pipelined');
      socket.destroy();
      return;
    }
    waiting.set(socket, before + 1);
    open.add(response);
    response.once('close', () => {
      open.delete(response);
      waiting.set(socket, (waiting.get(socket) ?? 1) - 1);
    });
    request.url = pathOf(request.url ?? '');
    app(request as Request, response as Response);
  });

  const check = setInterval(() => {
    // What is still being written has its own pace: it waits for its reader.
    const unread = [...open].filter((response) => response.writableEnded);
    let bytes = unread.reduce((sum, { writableLength }) => sum + writableLength, 0);
    for (const response of unread) {
      if (bytes <= bounds.unreadAnswerBytes) break;
      bytes -= response.writableLength;
      response.destroy();
      onCut('unread');
    }
  }, httpLimits.unreadCheckMs).unref();
  http.once('close', () => clearInterval(check));
  return http;
}

/** Express gives what it takes up its own prototype, and an object whose prototype changes is slow from then on: so it has that from its birth. */
function bornAs<C extends typeof IncomingMessage | typeof ServerResponse>(base: C, prototype: object): C {
  function born(...args: unknown[]): object {
    return Reflect.construct(base, args, born) as object;
  }
  born.prototype = prototype;
  return born as unknown as C;
}

function bringsBody({ 'content-length': length = '0', 'transfer-encoding': encoding }: IncomingHttpHeaders): boolean {
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

/**
 * Closes the connections on which an answer that was made waits for one before it, asked for without waiting for that: it may hold what must
 * not go out any more. Nobody else has such answers, and no browser does.
 */
export function dropWaiting(http: Server): void {
  for (const { socket, writableLength, req } of underWay.get(http) ?? []) {
    if (socket === null && writableLength > 0) req.socket.destroy();
  }
}

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
export function leaveOpen(http: Server): Promise<void> {
  return atMost(httpLimits.leadAwayMs, stopListening(http));
}

/** Resolves when every answer that was begun has been made, or after a moment. */
export function finishAnswers(http: Server): Promise<void> {
  const begun = [...(underWay.get(http) ?? [])].filter(({ writableEnded }) => !writableEnded);
  const made = begun.map((response) => new Promise((resolve) => response.once('finish', resolve).once('close', resolve)));
  return atMost(httpLimits.lastAnswersMs, Promise.all(made));
}

async function atMost(ms: number, done: Promise<unknown>): Promise<void> {
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

import { EventEmitter } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Express } from 'express';
import { isBelow, pathOfTarget } from './base-path.ts';
import { httpLimits } from './http-limits.ts';
import { type CutKind, finishAll, handleRequests, hasBody } from './http-server.ts';

/**
 * Shares the HTTP server of another program: requests and upgrades below the base path go to `app`, all others to the listeners
 * that the server had before. Time limits and the number of connections stay with the owner of the server.
 */
export interface AttachedHttp {
  /** Emits `upgrade` for WebSockets below the base path, like an HTTP server of its own. */
  readonly upgrades: EventEmitter;
  /** Resolves when every response in progress below the base path is complete, or after a timeout. */
  finishResponses(): Promise<void>;
  /** Gives all requests back to the other listeners. */
  detach(): void;
}

/** `http.Server` calls it before it emits `upgrade`. Its types lack it, and before Node 24.9 it did not exist. */
interface Upgrading {
  shouldUpgradeCallback?: (request: IncomingMessage) => boolean;
}

type Listener = (request: IncomingMessage, ...rest: unknown[]) => void;

export interface AttachOptions {
  basePath: string;
  /** Called for each connection at its first request below the base path. Other connections are those of the program. */
  onConnection: (socket: Duplex) => void;
}

export function attachHttp(
  http: Server,
  app: Express,
  onCut: (kind: CutKind) => void,
  { basePath, onConnection }: AttachOptions,
): AttachedHttp {
  const { pipelines, open } = handleRequests(app, onCut, { bounds: httpLimits, basePath });
  const upgrades = new EventEmitter();
  const isOurs = ({ url = '' }: IncomingMessage) => isBelow(basePath, pathOfTarget(url));

  const known = new WeakSet<Duplex>();
  const meet = ({ socket }: IncomingMessage) => {
    if (known.has(socket)) return;
    known.add(socket);
    onConnection(socket);
  };

  const requests = divert(http, 'request', isOurs, (request, response) => {
    meet(request);
    pipelines.take(request, response as unknown as ServerResponse);
  });
  const sockets = divert(http, 'upgrade', isOurs, (request, socket, head) => {
    meet(request);
    // So that the request has `ip` and `secure`, which Express sets for other requests.
    Object.setPrototypeOf(request, app.request);
    if (!upgrades.emit('upgrade', request, socket, head)) refuse(socket as unknown as Duplex);
  });

  const upgrading: Upgrading = http as unknown as Upgrading;
  const before = upgrading.shouldUpgradeCallback;
  const decide = (request: IncomingMessage): boolean => {
    if (!isOurs(request) || sockets.isOver) return sockets.others.length > 0 && before?.call(http, request) === true;
    const isWebSocket = request.headers.upgrade?.toLowerCase() === 'websocket';
    // An upgrade that is ignored is answered as a request without one (RFC 9110, 7.8). `createHttp` has the reasons.
    return upgrades.listenerCount('upgrade') > 0 && isWebSocket && !pipelines.isBusy(request.socket) && !hasBody(request.headers);
  };
  if (before !== undefined) upgrading.shouldUpgradeCallback = decide;

  return {
    upgrades,
    finishResponses: () => finishAll(open),
    detach() {
      requests.end();
      sockets.end();
      if (before !== undefined && upgrading.shouldUpgradeCallback === decide) upgrading.shouldUpgradeCallback = before;
    },
  };
}

interface Diversion {
  /** The listeners that get everything else. */
  readonly others: readonly Listener[];
  readonly isOver: boolean;
  end(): void;
}

/** Passes an event to `listener` if it is ours, and otherwise to the listeners that were there before. */
function divert(
  http: Server,
  event: 'request' | 'upgrade',
  isOurs: (request: IncomingMessage) => boolean,
  listener: Listener,
): Diversion {
  const others = http.rawListeners(event) as Listener[];
  let isOver = false;
  const route: Listener = (request, ...rest) => {
    if (!isOver && isOurs(request)) return listener(request, ...rest);
    if (others.length === 0) return void (event === 'upgrade' ? refuse(rest[0] as Duplex) : notFound(rest[0] as ServerResponse));
    for (const other of others) other.call(http, request, ...rest);
  };
  http.removeAllListeners(event).on(event, route);
  return {
    others,
    get isOver() {
      return isOver;
    },
    end() {
      isOver = true;
      // If something else was attached later, it passes events on to `route`, which then only passes them on too.
      if (!http.listeners(event).includes(route)) return;
      http.off(event, route);
      for (const other of others) http.on(event, other as (...args: unknown[]) => void);
    },
  };
}

function refuse(socket: Duplex): void {
  socket.on('error', () => undefined).end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
}

function notFound(response: ServerResponse): void {
  response.writeHead(404).end();
}

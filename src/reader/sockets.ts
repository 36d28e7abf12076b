import type { Server as HttpServer, IncomingMessage } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Socket as EngineSocket } from 'engine.io';
import type { RequestHandler } from 'express';
import { Server } from 'socket.io';
import { sendProblem } from '../edge/answers.ts';
import type { Identity } from '../edge/identity.ts';
import type { Feeds } from '../fanout/feeds.ts';
import { type Problem, problem, Refusal } from '../protocol/problems.ts';
import type { Principal } from '../protocol/rights.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { Conversation } from './conversation.ts';
import { socketParser } from './encoder.ts';
import { boundIncoming } from './incoming.ts';
import { readerLimits } from './limits.ts';
import type { ClientSocket, SocketServer } from './messages.ts';
import type { Readers } from './readers.ts';
import { forgetRequest, SocketEngine } from './socket-engine.ts';
import { isClosed, packetsWaiting, terminateSocket } from './socket-pipe.ts';

/**
 * The Socket.IO endpoint: who may connect, and the conversations under way. WebSocket only: long-polling would need sticky balancing, and
 * clients fall back to other ways with the same cursor.
 */
export interface SocketsContext {
  feeds: Feeds;
  readers: Readers;
  identity: Pick<Identity, 'verify' | 'standing'>;
  /** Who is signed in, in the browser that connects; undefined for a stranger, and for whoever comes from a page elsewhere. */
  signedIn(request: IncomingMessage): Promise<Principal | undefined> | undefined;
  /** Throw a `Refusal` where the address asked, or is connected, too often; `connection` returns the end of it. */
  rates: { requests(address: string): void; connection(address: string): () => void };
  addressOf(request: IncomingMessage): string;
  mayConnect(request: IncomingMessage): boolean;
  now: () => number;
  random: () => number;
  log: { warn(fields: object, message: string): void };
  metrics: Pick<Metrics, 'catchUps' | 'problems' | 'rejections' | 'subscriptionsEnded'>;
}

export interface Sockets {
  close(): Promise<void>;
}

export const socketPath = '/socket.io';

/** Of one who has connected, nobody asks any more how. */
const handshake = Object.freeze({});

export function openSockets(http: HttpServer, context: SocketsContext): Sockets {
  const engine = new SocketEngine();
  const io: SocketServer = new Server({ serveClient: false, parser: socketParser, connectTimeout: readerLimits.joinMs });
  io.bind(engine);
  // Nobody is sent to by room, so nobody needs one.
  Object.assign(io.sockets.adapter, { addAll() {}, delAll() {} });
  const connections = new Set<Duplex>();

  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    connections.add(socket);
    let left: (() => void) | undefined;
    socket.on('error', destroy).on('close', () => {
      connections.delete(socket);
      left?.();
    });
    try {
      left = admit(request);
      engine.handleUpgrade(request, socket, head);
      // After it, as a listener for bytes sets them flowing.
      boundIncoming(socket, { now: context.now, onCut: () => context.metrics.rejections.inc({ kind: 'messages' }) });
    } catch (error) {
      refuse(socket, error);
    }
  };

  /** What to do when the connection has ended; throws a refusal. */
  const admit = (request: IncomingMessage): (() => void) => {
    if (request.url !== usualTarget) mustAskForSocket(request.url ?? '');
    if (context.readers.isDraining) throw new Refusal('draining', { retryAfter: 1 });
    // Of whoever is counted here the handshake is under way, or a crowd keeps them waiting.
    if (engine.clientsCount - context.readers.count('socket') >= readerLimits.handshakesMost) {
      context.metrics.rejections.inc({ kind: 'handshakes' });
      const retryAfter = 1 + Math.floor(context.random() * readerLimits.handshakeRetrySeconds);
      throw new Refusal('rate-limited', { detail: 'Too many readers come at this moment.', retryAfter });
    }
    if (!context.mayConnect(request)) throw new Refusal('forbidden', { detail: 'Pages of this origin may not connect.' });
    const address = context.addressOf(request);
    context.rates.requests(address);
    return context.rates.connection(address);
  };

  const refuse = (socket: Duplex, error: unknown) => {
    if (!(error instanceof Refusal)) context.log.warn({ err: error }, 'connection could not be admitted');
    const said = error instanceof Refusal ? error.problem : problem('internal-error', { retryAfter: 1 });
    context.metrics.problems.inc({ code: said.code });
    if (socket.writable) socket.end(httpAnswer(said));
    // Who was refused may keep its end open, and would be counted nowhere.
    const cut = setTimeout(() => socket.destroy(), readerLimits.refusedMs).unref();
    socket.once('close', () => clearTimeout(cut)).resume();
  };

  const verify = async (token: unknown) => {
    if (typeof token !== 'string') throw new Refusal('token-invalid');
    return context.identity.verify(token);
  };

  engine.on('connection', (pipe: EngineSocket) => {
    pipe.on('packet', () => {
      // Who asks without reading the answers would have them all kept here.
      if (pipe.readyState === 'closed' || packetsWaiting(pipe) <= readerLimits.waitingAnswers) return;
      context.metrics.rejections.inc({ kind: 'unanswered' });
      terminateSocket(pipe);
    });
    pipe.on('close', (reason: string) => {
      joined.delete(pipe);
      forgetLeaver(pipe);
      if (isClosed(pipe)) return;
      if (reason === 'ping timeout') return terminateSocket(pipe);
      // Who was sent away may not say goodbye, and would be waited for.
      setTimeout(() => terminateSocket(pipe), readerLimits.refusedMs).unref();
    });
  });

  io.use((socket, next) => {
    // It ended in the moment in which it asked, and its end would not be heard again: Socket.IO lets go of it by itself.
    if (socket.conn.readyState === 'closed') return next();
    // Socket.IO does not mind a second one while the first awaits its token.
    if (joined.has(socket.conn)) return next(connectError(problem('rate-limited', { retryAfter: 1 })));
    joined.add(socket.conn);
    const { token } = socket.handshake.auth;
    const asked = token === undefined || token === null ? context.signedIn(socket.request) : verify(token);
    if (asked === undefined) return next();
    asked.then(
      (who) => {
        if (who !== undefined) principals.set(socket, who);
        next();
      },
      (error: unknown) => {
        joined.delete(socket.conn);
        next(connectError(error instanceof Refusal ? error.problem : problem('internal-error', { retryAfter: 1 })));
      },
    );
  });
  const joined = new Set<EngineSocket>();
  const principals = new WeakMap<ClientSocket, Principal>();
  /** Who left the namespace. Socket.IO would let them stay for ever, and they would be counted among those who are about to join. */
  const leavers = new Map<EngineSocket, NodeJS.Timeout>();
  const forgetLeaver = (pipe: EngineSocket) => {
    clearTimeout(leavers.get(pipe));
    leavers.delete(pipe);
  };

  io.on('connection', (socket) => {
    const { readers } = context;
    forgetLeaver(socket.conn);
    forgetRequest(socket.conn);
    Object.assign(socket, { handshake });
    if (readers.outOfReach !== undefined) socket.emit('store', readers.outOfReach);
    const left = readers.add(new Conversation(socket, principals.get(socket), context));
    socket.on('disconnect', () => {
      left();
      const { conn } = socket;
      joined.delete(conn);
      if (conn.readyState === 'open') leavers.set(conn, setTimeout(() => conn.close(), readerLimits.joinMs).unref());
    });
  });

  http.on('upgrade', onUpgrade);

  return {
    async close() {
      http.off('upgrade', onUpgrade);
      // Also those that have not joined, and those that do not answer a close frame: the server waits for each of them.
      for (const socket of connections) socket.destroy();
      engine.close();
      io.removeAllListeners();
    },
  };
}

/** What clients of Socket.IO ask for. */
const usualTarget = `${socketPath}/?EIO=4&transport=websocket`;

function mustAskForSocket(target: string): void {
  const url = URL.parse(target, 'http://localhost');
  if (url === null || (url.pathname !== socketPath && url.pathname !== `${socketPath}/`)) throw new Refusal('not-found');
  if (url.searchParams.has('sid')) throw new Refusal('invalid-body', { detail: 'A connection cannot be taken over.' });
  if (url.searchParams.get('EIO') !== '4' || url.searchParams.get('transport') !== 'websocket') {
    throw new Refusal('invalid-body', { detail: 'Connect with a Socket.IO v4 client and transports: ["websocket"].' });
  }
}

function destroy(this: Duplex): void {
  this.destroy();
}

/** For requests to the endpoint that are no upgrade: long-polling, which is not served. Mount it at `socketPath`. */
export function refusePolling(): RequestHandler {
  return (_req, res) => {
    const detail = 'Long-polling is not served. Connect by WebSocket: transports: ["websocket"] in a Socket.IO v4 client.';
    sendProblem(res, problem('invalid-body', { detail }));
  };
}

/** Socket.IO sends `message` and `data` of the error to the client as `connect_error`. */
function connectError(said: Problem): Error {
  return Object.assign(new Error(said.title), { data: said });
}

function httpAnswer(said: Problem): string {
  const body = JSON.stringify(said);
  const lines = [
    `HTTP/1.1 ${said.status} ${STATUS_CODES[said.status] ?? ''}`,
    'Connection: close',
    'Content-Type: application/problem+json',
    'Cache-Control: no-store',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  if (said.retryAfter !== undefined) lines.push(`Retry-After: ${said.retryAfter}`);
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

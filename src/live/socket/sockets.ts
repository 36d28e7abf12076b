import type { Server as HttpServer, IncomingMessage } from 'node:http';
import { STATUS_CODES } from 'node:http';
import { parse as parseQuery } from 'node:querystring';
import type { Duplex } from 'node:stream';
import type { RequestHandler } from 'express';
import { type Credentials, type Identity, principalIn } from '../../access/identity.ts';
import { sendProblem } from '../../http/answers.ts';
import { responseLimits } from '../../http/http-limits.ts';
import type { Rates } from '../../http/rates.ts';
import { requireUnambiguous } from '../../http/request-headers.ts';
import type { SecurityLog } from '../../http/security-log.ts';
import { missing, type Problem, problem, Refusal } from '../../protocol/problems.ts';
import type { ChannelStreams } from '../../streams/channel-streams.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { AdmissionControl } from '../admission-control.ts';
import { liveLimits } from '../live-limits.ts';
import type { Readers } from '../readers.ts';
import { boundIncoming } from './incoming-bytes.ts';
import { Namespace } from './namespace.ts';
import { type SocketConnection, SocketEngine } from './socket-engine.ts';
import { SocketSession } from './socket-session.ts';

/**
 * The Socket.IO endpoint: who may connect, and the conversations under way. WebSocket only: long-polling would need sticky balancing, and
 * clients fall back to other ways with the same cursor.
 */
export interface SocketsContext {
  streams: ChannelStreams;
  readers: Readers;
  admission: AdmissionControl;
  identity: Pick<Identity, 'verify' | 'statusOf'>;
  /** Who is signed in, in the browser that connects; undefined for a stranger, and for whoever comes from a page elsewhere. */
  signedIn(request: IncomingMessage): Promise<Credentials> | undefined;
  rates: Pick<Rates, 'requests' | 'chargeResponse' | 'connection'>;
  addressOf(request: IncomingMessage): string;
  mayConnect(request: IncomingMessage): boolean;
  /** Throws a `Refusal` where it was asked by another name than its own. */
  mustNameHost(request: IncomingMessage): void;
  /** Milliseconds of a clock that never goes back. */
  now: () => number;
  random: () => number;
  log: { warn(fields: object, message: string): void };
  security: Pick<SecurityLog, 'refused'>;
  metrics: Pick<Metrics, 'catchUps' | 'problems' | 'rejections' | 'subscriptionsEnded'>;
}

export interface Sockets {
  close(): Promise<void>;
}

export const socketPath = '/socket.io';

export function openSockets(http: HttpServer, context: SocketsContext): Sockets {
  const engine = new SocketEngine({
    random: context.random,
    onFailed: (error) => context.log.warn({ err: error }, 'connection could not be pinged'),
  });
  if (!engine.usesInternals) context.log.warn({}, 'unexpected version of engine.io: each connection costs more');
  const connections = new Set<Duplex>();
  const bounds = { now: context.now, onCut: () => context.metrics.rejections.inc({ kind: 'messages' }) };

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
      boundIncoming(socket, bounds);
    } catch (error) {
      refuse(request, socket, error);
    }
  };

  /** What to do when the connection has ended; throws a refusal. */
  const admit = (request: IncomingMessage): (() => void) => {
    requireUnambiguous(request);
    context.mustNameHost(request);
    if (request.url !== usualTarget) mustAskForSocket(request.url ?? '');
    context.readers.requireNotDraining();
    context.admission.requireRoom();
    if (!context.mayConnect(request)) throw new Refusal('forbidden', { detail: 'Pages of this origin may not connect.' });
    const address = context.addressOf(request);
    context.rates.requests(address);
    return context.rates.connection(address);
  };

  const refuse = (request: IncomingMessage, socket: Duplex, error: unknown) => {
    if (!(error instanceof Refusal)) context.log.warn({ err: error }, 'connection could not be admitted');
    const said =
      error instanceof Refusal ? error.problem : problem('internal-error', { retryAfter: responseLimits.momentRetrySeconds });
    context.metrics.problems.inc({ code: said.code });
    context.security.refused(said.code, { address: context.addressOf(request) });
    if (socket.writable) socket.end(httpAnswer(said));
    // Who was refused may keep its end open, and would be counted nowhere.
    const cut = setTimeout(() => socket.destroy(), liveLimits.refusedMs).unref();
    socket.once('close', () => clearTimeout(cut)).resume();
  };

  const verify = async (token: unknown, request: IncomingMessage) => {
    try {
      if (typeof token !== 'string') throw new Refusal('token-invalid');
      return await context.identity.verify(token);
    } catch (error) {
      if (error instanceof Refusal) context.security.refused(error.problem.code, { address: context.addressOf(request) });
      throw error;
    }
  };

  const namespace = new Namespace({
    admission: context.admission,
    addressOf: ({ request }) => context.addressOf(request),
    authenticate({ token, session }, { request }) {
      if (token !== undefined && token !== null) return verify(token, request);
      return session === false ? undefined : context.signedIn(request);
    },
    onJoined(socket, who, request) {
      const { readers, security } = context;
      if (readers.unreachable !== undefined) socket.emit('store', readers.unreachable);
      if (who === undefined) return new SocketSession(socket, who, context);
      const from = { address: context.addressOf(request), by: principalIn(who)?.sub };
      return new SocketSession(socket, who, context, (code) => security.refused(code, from));
    },
    onFailed: (error) => context.log.warn({ err: error }, 'connection could not join'),
    onUnanswered: () => context.metrics.rejections.inc({ kind: 'unanswered' }),
  });
  engine.on('connection', (connection: SocketConnection) => namespace.accept(connection));

  http.on('upgrade', onUpgrade);

  return {
    async close() {
      http.off('upgrade', onUpgrade);
      // Also those that have not joined, and those that do not answer a close frame: the server waits for each of them.
      for (const socket of connections) socket.destroy();
      engine.close();
    },
  };
}

/** What clients of Socket.IO ask for. */
const usualTarget = `${socketPath}/?EIO=4&transport=websocket`;

function mustAskForSocket(target: string): void {
  const url = URL.parse(target, 'http://localhost');
  if (url === null || (url.pathname !== socketPath && url.pathname !== `${socketPath}/`))
    throw new Refusal('not-found', missing.path);
  // As Express does, for no more than a thousand names.
  const { sid, EIO, transport } = parseQuery(url.search.slice(1));
  if (sid !== undefined) throw new Refusal('invalid-body', { detail: 'A connection cannot be taken over.' });
  if (EIO !== '4' || transport !== 'websocket') {
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

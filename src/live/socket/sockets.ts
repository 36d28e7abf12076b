import type { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { STATUS_CODES } from 'node:http';
import { parse as parseQuery } from 'node:querystring';
import type { Duplex } from 'node:stream';
import type { RequestHandler } from 'express';
import { type Credentials, type Identity, principalIn } from '../../access/identity.ts';
import { sendProblem } from '../../http/answers.ts';
import { enterBasePath } from '../../http/base-path.ts';
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
 * The Socket.IO endpoint: it admits connections and runs their sessions. WebSocket only: long-polling would need sticky load balancing, and
 * clients fall back to other transports with the same cursor.
 */
export interface SocketsContext {
  streams: ChannelStreams;
  readers: Readers;
  admission: AdmissionControl;
  identity: Pick<Identity, 'verify' | 'statusOf'>;
  /** The credentials of the browser's session. Undefined without a session, and for requests from pages of other sites. */
  signedIn(request: IncomingMessage): Promise<Credentials> | undefined;
  rates: Pick<Rates, 'requests' | 'chargeResponse' | 'connection'>;
  addressOf(request: IncomingMessage): string;
  mayConnect(request: IncomingMessage): boolean;
  /** Throws a `Refusal` if the Host header does not name this server. */
  mustNameHost(request: IncomingMessage): void;
  /** Where on its host the server is. */
  basePath: string;
  /** Milliseconds of a clock that never goes back. */
  now: () => number;
  random: () => number;
  log: { warn(fields: object, message: string): void };
  security: Pick<SecurityLog, 'refused'>;
  metrics: Pick<Metrics, 'catchUps' | 'catchUpSeconds' | 'problems' | 'rejections' | 'subscriptionsEnded'>;
}

export interface Sockets {
  close(): Promise<void>;
}

export const socketPath = '/socket.io';

/** `http`: the server, or what else emits `upgrade`. */
export function openSockets(http: Pick<EventEmitter, 'on' | 'off'>, context: SocketsContext): Sockets {
  const engine = new SocketEngine({
    random: context.random,
    onFailed: (error) => context.log.warn({ err: error }, 'connection could not be pinged'),
  });
  if (!engine.usesInternals) context.log.warn({}, 'unexpected version of engine.io: each connection costs more');
  const connections = new Set<Duplex>();
  const bounds = { now: context.now, onCut: () => context.metrics.rejections.inc({ kind: 'messages' }) };

  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    enterBasePath(request, context.basePath);
    connections.add(socket);
    let left: (() => void) | undefined;
    socket.on('error', destroy).on('close', () => {
      connections.delete(socket);
      left?.();
    });
    try {
      left = admit(request);
      engine.handleUpgrade(request, socket, head);
      // After the upgrade, because a listener for `data` starts the stream.
      boundIncoming(socket, bounds);
    } catch (error) {
      refuse(request, socket, error);
    }
  };

  /** Returns a function to call when the connection has closed. Throws a `Refusal` if the connection is not admitted. */
  const admit = (request: IncomingMessage): (() => void) => {
    requireUnambiguous(request);
    context.mustNameHost(request);
    if (request.url !== usualTarget) requireSocketRequest(request.url ?? '');
    context.readers.requireNotDraining();
    context.admission.requireRoom();
    if (!context.mayConnect(request)) throw new Refusal('forbidden', { detail: 'Pages of this origin may not connect.' });
    const address = context.addressOf(request);
    context.rates.requests(address);
    return context.rates.connection(address);
  };

  const refuse = (request: IncomingMessage, socket: Duplex, error: unknown) => {
    if (!(error instanceof Refusal)) context.log.warn({ err: error }, 'connection could not be admitted');
    const sent =
      error instanceof Refusal ? error.problem : problem('internal-error', { retryAfter: responseLimits.momentRetrySeconds });
    context.metrics.problems.inc({ code: sent.code });
    context.security.refused(sent, { address: context.addressOf(request) });
    if (socket.writable) socket.end(httpAnswer(sent));
    // A refused client may keep its end of the connection open, and no limit would count that connection.
    const cut = setTimeout(() => socket.destroy(), liveLimits.refusedMs).unref();
    socket.once('close', () => clearTimeout(cut)).resume();
  };

  const verify = async (token: unknown, request: IncomingMessage) => {
    try {
      if (typeof token !== 'string') throw new Refusal('token-invalid');
      return await context.identity.verify(token);
    } catch (error) {
      if (error instanceof Refusal) context.security.refused(error.problem, { address: context.addressOf(request) });
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
      return new SocketSession(socket, who, context, (code) => security.refused({ code }, from));
    },
    onFailed: (error) => context.log.warn({ err: error }, 'connection could not join'),
    onUnanswered: () => context.metrics.rejections.inc({ kind: 'unanswered' }),
  });
  engine.on('connection', (connection: SocketConnection) => namespace.accept(connection));

  http.on('upgrade', onUpgrade);

  return {
    async close() {
      http.off('upgrade', onUpgrade);
      // Also destroys sockets that have not joined or do not answer a close frame, because the HTTP server waits for every
      // connection.
      for (const socket of connections) socket.destroy();
      engine.close();
    },
  };
}

/** The request target of Socket.IO clients. */
const usualTarget = `${socketPath}/?EIO=4&transport=websocket`;

function requireSocketRequest(target: string): void {
  const url = URL.parse(target, 'http://localhost');
  if (url === null || (url.pathname !== socketPath && url.pathname !== `${socketPath}/`))
    throw new Refusal('not-found', missing.path);
  // Parses at most a thousand names, like Express.
  const { sid, EIO, transport } = parseQuery(url.search.slice(1));
  if (sid !== undefined) throw new Refusal('invalid-body', { detail: 'A connection cannot be taken over.' });
  if (EIO !== '4' || transport !== 'websocket') {
    throw new Refusal('invalid-body', { detail: 'Connect with a Socket.IO v4 client and transports: ["websocket"].' });
  }
}

function destroy(this: Duplex): void {
  this.destroy();
}

/** Refuses requests to the endpoint that are not upgrades, such as long-polling. Mount it at `socketPath`. */
export function refusePolling(): RequestHandler {
  return (_req, res) => {
    const detail = 'Long-polling is not served. Connect by WebSocket: transports: ["websocket"] in a Socket.IO v4 client.';
    sendProblem(res, problem('invalid-body', { detail }));
  };
}

function httpAnswer(sent: Problem): string {
  const body = JSON.stringify(sent);
  const lines = [
    `HTTP/1.1 ${sent.status} ${STATUS_CODES[sent.status] ?? ''}`,
    'Connection: close',
    'Content-Type: application/problem+json',
    'Cache-Control: no-store',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  if (sent.retryAfter !== undefined) lines.push(`Retry-After: ${sent.retryAfter}`);
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

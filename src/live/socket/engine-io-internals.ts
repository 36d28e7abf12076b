import { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Server as EngineServer, Socket as EngineSocket, protocol, transports } from 'engine.io';

/**
 * Everything undocumented that Pressbox uses of engine.io and ws. No other file uses it.
 *
 * `hasExpectedInternals` checks that all of these internals exist. If one is missing, `SocketEngine` uses only what engine.io
 * documents, which costs more per reader (`packet-pipe.ts`). `test/unit/live/engine-io-internals.test.ts` fails when something
 * has moved.
 */

/** A connection of engine.io, with the methods that engine.io calls on it. */
export interface InnerConnection {
  readonly id: string;
  readonly server: EngineServer;
  readyState: string;
  readonly transport: Transport;
  /** Packets that wait until those before them have been written. */
  readonly writeBuffer: readonly unknown[];
  onPacket(packet: unknown): void;
  onClose(reason: string, description?: unknown): void;
  sendPacket(type: 'ping'): void;
}

/** Calls `onOpen` before it returns. */
export const InnerConnection = EngineSocket as unknown as new (
  id: string,
  engine: EngineServer,
  transport: Transport,
  request: IncomingMessage,
  protocol: number,
) => InnerConnection;

/** Replaces `onOpen`, in which engine.io sends the open packet and starts its timers. */
class UnopenedConnection extends InnerConnection {
  declare opened: number;

  onOpen(): void {
    this.opened = (this.opened ?? 0) + 1;
  }
}

interface Transport {
  readonly socket: WebSocket;
  /** False while a packet is being written. */
  readonly writable: boolean;
  onData(packet: string): void;
  on(name: 'ready', listener: () => void): void;
  off(name: 'ready', listener: () => void): void;
}

interface WebSocket {
  readonly readyState: number;
  setSocket(socket: Duplex, head: Buffer, options: object): void;
  readonly _receiver?: {
    /** What the parser expects next: 0 at the beginning of a frame. */
    readonly _state: number;
    readonly _bufferedBytes: number;
    /** The opcode of a fragmented message that is incomplete, or 0. */
    readonly _fragmented: number;
  };
}

interface InnerServer {
  readonly ws: {
    readonly options: { readonly WebSocket: new (address: null, protocols: undefined, options: object) => WebSocket };
    handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, then: (webSocket: WebSocket) => void): void;
  };
}

/** Whether engine.io and ws have the internals that this file expects. It tests them on a connection without a socket. */
export function hasExpectedInternals(engine: EngineServer): boolean {
  try {
    const { ws } = engine as unknown as InnerServer;
    const webSocket = new EventEmitter() as EventEmitter & WebSocket;
    const request = { headers: {}, connection: {} } as unknown as IncomingMessage;
    const transport = transportOn(webSocket, request);
    const connection = new UnopenedConnection('', engine, transport, request, protocol);
    return (
      has(ws, ['handleUpgrade']) &&
      has(ws.options.WebSocket.prototype, ['setSocket']) &&
      has(connection, ['onPacket', 'onClose', 'sendPacket', 'schedulePing']) &&
      has(transport, ['onData', 'on', 'off']) &&
      connection.opened === 1 &&
      connection.transport === transport &&
      transport.socket === webSocket &&
      transport.writable === true &&
      Array.isArray(connection.writeBuffer)
    );
  } catch {
    return false;
  }
}

function has(holder: object, methods: readonly string[]): boolean {
  return methods.every((name) => typeof (holder as Record<string, unknown>)[name] === 'function');
}

/** Creates a WebSocket as ws does, on a socket whose upgrade request has been checked. */
export function webSocketOn(engine: EngineServer, socket: Duplex, head: Buffer): WebSocket {
  const { options } = (engine as unknown as InnerServer).ws;
  const webSocket = new options.WebSocket(null, undefined, options);
  webSocket.setSocket(socket, head, options);
  return webSocket;
}

/** Lets ws handle an upgrade request. ws either calls `then` at once, or has answered the request with an error. */
export function upgradeByLibrary(
  engine: EngineServer,
  request: IncomingMessage,
  { socket, head }: { socket: Duplex; head: Buffer },
  then: (webSocket: WebSocket) => void,
): void {
  Object.assign(request, { _query: query });
  (engine as unknown as InnerServer).ws.handleUpgrade(request, socket, head, then);
}

export function transportOn(webSocket: WebSocket, request: IncomingMessage): Transport {
  const prepared = Object.assign(request, { _query: query, websocket: webSocket });
  return new transports.websocket(
    prepared as unknown as ConstructorParameters<typeof transports.websocket>[0],
  ) as unknown as Transport;
}

/** Whether `transportOn` was called with this request. */
export function hasTransport(request: IncomingMessage): boolean {
  return 'websocket' in request;
}

const query: Record<string, string> = Object.freeze({ EIO: '4', transport: 'websocket' });

/**
 * Releases the request of a connection, which takes some kilobytes per reader. Keeps only fields that engine.io may still read.
 */
export function releaseRequest(connection: EngineSocket): void {
  (connection as unknown as { request: unknown }).request = releasedRequest;
}

const releasedRequest = Object.freeze({ headers: Object.freeze({}), url: '', _query: query, connection: Object.freeze({}) });

const webSocketOpen = 1;

/** The state that decides whether bytes may bypass engine.io and ws. */
export class ConnectionState {
  readonly #connection: InnerConnection;
  readonly #webSocket: WebSocket;

  constructor(connection: EngineSocket) {
    this.#connection = connection as unknown as InnerConnection;
    this.#webSocket = this.#connection.transport.socket;
  }

  /** Neither side has begun to close the connection of engine.io. */
  get open(): boolean {
    return this.#connection.readyState === 'open';
  }

  /** Neither side has sent a close frame. */
  get webSocketOpen(): boolean {
    return this.#webSocket.readyState === webSocketOpen;
  }

  get packetsWaiting(): number {
    return this.#connection.writeBuffer.length;
  }

  /** engine.io is not writing a packet. */
  get transportIdle(): boolean {
    return this.#connection.transport.writable;
  }

  /** ws has parsed all its bytes, and no message is incomplete. False if ws no longer exposes this. Then ws gets all incoming bytes. */
  get betweenMessages(): boolean {
    const receiver = this.#webSocket._receiver;
    return receiver?._state === 0 && receiver._bufferedBytes === 0 && receiver._fragmented === 0;
  }

  /** Calls the listener each time engine.io has written its packets. Returns a function that removes it. */
  onPacketsWritten(listener: () => void): () => void {
    const { transport } = this.#connection;
    transport.on('ready', listener);
    return () => transport.off('ready', listener);
  }
}

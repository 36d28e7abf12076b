import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Server as EngineServer, Socket as EngineSocket, protocol, transports } from 'engine.io';
import { limits } from '../protocol/limits.ts';
import { packetFrame, pingFrame } from './encoder.ts';
import { type Beating, Heartbeat, type Rhythm } from './heartbeat.ts';
import { countIncoming } from './incoming.ts';
import { type FirstHearer, hearFirst } from './kernel.ts';
import { plainAnswerTo, plainTextOf } from './plain-websocket.ts';
import { SocketPipe } from './socket-pipe.ts';

/**
 * The server of engine.io for WebSockets alone, which carries its clients with less: whoever connects has been looked at already, so no
 * request is parsed or checked a second time, no answer is made up for middleware that is not there, nothing is waited for, what a handshake
 * says goes out in one write, of its request nothing stays, one timer pings them all, and what answers a ping costs next to nothing.
 *
 * With `socket-pipe.ts` this is the one place that knows the insides of engine.io; `test/unit/socket-engine.test.ts` fails where they have
 * moved.
 */
export class SocketEngine extends EngineServer {
  readonly heartbeat: Heartbeat;
  /** What a connection is told when it opens, behind its name: the rest of an object of JSON. */
  readonly terms: string;

  /** A connection threw when it was pinged, and was ended. */
  readonly onFailed: (error: unknown) => void;

  constructor({ onFailed = () => {}, ...rhythm }: Partial<Rhythm> & { onFailed?: (error: unknown) => void } = {}) {
    const { everyMs = limits.pingSeconds * 1_000, withinMs = limits.pingTimeoutSeconds * 1_000, random = Math.random } = rhythm;
    super({
      transports: ['websocket'],
      pingInterval: everyMs,
      pingTimeout: withinMs,
      maxHttpBufferSize: limits.socketMessageBytes,
      perMessageDeflate: false,
      allowUpgrades: false,
    });
    const terms = { upgrades: [], pingInterval: everyMs, pingTimeout: withinMs, maxPayload: limits.socketMessageBytes };
    this.terms = JSON.stringify(terms).slice(1);
    this.onFailed = onFailed;
    this.heartbeat = new Heartbeat({ ...rhythm, everyMs, withinMs, random });
  }

  override close(): this {
    this.heartbeat.stop();
    return super.close();
  }

  /** For a request that asks for `EIO=4&transport=websocket`. Whoever closes the server closes the sockets: it keeps no list of them. */
  override handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const asked = request as AskedRequest;
    asked._query = query;
    try {
      const answer = socket.readable && socket.writable ? plainAnswerTo(request) : undefined;
      if (answer === undefined) this.#letJudge(asked, socket, head);
      else this.#open(asked, this.#webSocketOn(socket, head), answer);
    } catch (error) {
      // It has been told that it upgrades: no other answer may follow.
      if (asked.websocket !== undefined) socket.destroy();
      throw error;
    }
  }

  /** ws takes it at once, and answers it, or not at all: then it has written why. */
  #letJudge(asked: AskedRequest, socket: Duplex, head: Buffer): void {
    socket.cork();
    try {
      insideOf(this).ws.handleUpgrade(asked, socket, head, (webSocket) => this.#open(asked, webSocket, ''));
    } finally {
      socket.uncork();
    }
  }

  /** As ws makes one of a request that it takes. */
  #webSocketOn(socket: Duplex, head: Buffer): WebSocket {
    const { options } = insideOf(this).ws;
    const webSocket = new options.WebSocket(null, undefined, options);
    webSocket.setSocket(socket, head, options);
    return webSocket;
  }

  #open(asked: AskedRequest, webSocket: object, answer: string): void {
    asked.websocket = webSocket;
    const transport = new transports.websocket(asked as ConstructorParameters<typeof transports.websocket>[0]);
    this.emit('connection', new PingedConnection({ engine: this, transport, request: asked, answer }));
  }
}

/** A connection as this server makes it. */
export type SocketConnection = EngineSocket & { readonly pipe: SocketPipe };

/** Lets go of the request that a connection began with: some kilobytes a reader, in headers alone. */
export function forgetRequest(connection: EngineSocket): void {
  const inside = connection as unknown as { request: unknown };
  inside.request = forgotten;
}

/** As engine.io has it while it takes it up. */
type AskedRequest = IncomingMessage & { _query: Record<string, string>; websocket?: unknown };

interface WebSocket {
  setSocket(socket: Duplex, head: Buffer, options: object): void;
}

interface Inside {
  readonly ws: {
    readonly options: { readonly WebSocket: new (address: null, protocols: undefined, options: object) => WebSocket };
    handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, then: (webSocket: WebSocket) => void): void;
  };
}

/** What a connection of engine.io has, and does with packets, pings and its end. */
interface Connection {
  readonly id: string;
  readonly server: SocketEngine;
  readyState: string;
  readonly transport: { readonly socket: { readonly _socket: Socket }; onData(packet: string): void };
  onPacket(packet: unknown): void;
  onClose(reason: string, description?: unknown): void;
  sendPacket(type: 'ping'): void;
}

const Connection = EngineSocket as unknown as new (
  id: string,
  engine: EngineServer,
  transport: object,
  request: IncomingMessage,
  protocol: number,
) => Connection;

interface Opening {
  engine: SocketEngine;
  transport: object;
  request: IncomingMessage;
  answer: string;
}

class PingedConnection extends Connection implements Beating, FirstHearer {
  readonly pipe: SocketPipe;
  place = 0;
  readonly #heartbeat: Heartbeat;

  /** `answer` is what the request is still to be told, before all else and in the same write. */
  constructor({ engine, transport, request, answer }: Opening) {
    super(randomUUID(), engine, transport, request, protocol);
    this.pipe = new SocketPipe(this as unknown as EngineSocket);
    this.#heartbeat = engine.heartbeat;
    this.#heartbeat.add(this);
    hearFirst(this.transport.socket._socket, this);
    const opening = packetFrame(`0{"sid":"${this.id}",${engine.terms}`);
    this.pipe.write(answer === '' ? opening : Buffer.concat([Buffer.from(answer, 'latin1'), opening]));
  }

  get isDue(): boolean {
    return this.pipe.pingIsDue;
  }

  set isDue(isDue: boolean) {
    this.pipe.pingIsDue = isDue;
  }

  get isAwaited(): boolean {
    return this.pipe.pingIsOut;
  }

  set isAwaited(isAwaited: boolean) {
    this.pipe.pingIsOut = isAwaited;
  }

  /** Called while it is made, when it has what engine.io gives it. */
  onOpen(): void {
    this.readyState = 'open';
  }

  /** Where engine.io would set two timers. */
  schedulePing(): void {}

  ping(): void {
    if (this.pipe.ready) this.pipe.write(pingFrame);
    else this.sendPacket('ping');
  }

  /**
   * Most readers ever say but two messages, and after that again and again that they are there. Where one of these comes in a frame of its
   * own, nobody else takes it apart: neither a message as they write it, nor what was asked for.
   */
  hearFirst(memory: Uint8Array, length: number): boolean {
    if (!this.pipe.open || !this.pipe.isBetweenMessages) return false;
    if (this.isAwaited && length === pongLength && isPong(memory)) {
      this.isAwaited = false;
      return true;
    }
    // Nobody else tells of it. It comes in the middle of a long message, where what was asked can not have come yet.
    if (memory[0] === webSocketPong) this.isAwaited = false;
    const packet = this.pipe.readsAll ? plainTextOf(memory, length) : undefined;
    if (packet?.[0] !== message) return false;
    if (countIncoming(this.transport.socket._socket, length)) this.transport.onData(packet);
    return true;
  }

  miss(): void {
    this.onClose('ping timeout');
  }

  fail(error: unknown): void {
    this.server.onFailed(error);
    this.transport.socket._socket.destroy();
  }

  override onPacket(packet: unknown): void {
    // Of one that is to be closed nothing is heard: it may never take what goes out before.
    if (this.pipe.open) this.isAwaited = false;
    super.onPacket(packet);
  }

  override onClose(reason: string, description?: unknown): void {
    this.#heartbeat.remove(this);
    super.onClose(reason, description);
  }
}

/** A whole text frame of a client that says `3`: two bytes, four of the mask, and one under it. */
function isPong(frame: Uint8Array): boolean {
  return frame[0] === 0x81 && frame[1] === 0x81 && (frame[2]! ^ frame[6]!) === pong;
}

/** What a packet of engine.io begins with that is a message. */
const message = '4';
const pongLength = 7;
/** With what a frame begins that answers a ping of WebSocket's own (RFC 6455, 5.5.3). */
const webSocketPong = 0x8a;
const pong = '3'.charCodeAt(0);

const query: Record<string, string> = Object.freeze({ EIO: '4', transport: 'websocket' });
/** What engine.io may still look at of a request. */
const forgotten = Object.freeze({ headers: Object.freeze({}), url: '', _query: query, connection: Object.freeze({}) });

function insideOf(engine: EngineServer): Inside {
  return engine as unknown as Inside;
}

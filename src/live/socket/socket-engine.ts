import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Server as EngineServer, type Socket as EngineSocket, protocol } from 'engine.io';
import { limits } from '../../protocol/wire-limits.ts';
import { interceptReads, type ReadInterceptor } from '../raw-socket.ts';
import {
  hasExpectedInternals,
  hasTransport,
  InnerConnection,
  transportOn,
  upgradeByLibrary,
  webSocketOn,
} from './engine-io-internals.ts';
import { Heartbeat, type HeartbeatOptions, type Pingable } from './heartbeat.ts';
import { countIncoming } from './incoming-bytes.ts';
import { packetFrame, pingFrame } from './packet-encoder.ts';
import { PacketPipe } from './packet-pipe.ts';
import { plainAnswerTo, plainTextOf } from './plain-websocket.ts';
import { type PacketQueue, SocketPipe } from './socket-pipe.ts';

/**
 * The engine.io server, for WebSockets only and with a lower cost per connection: it does not parse or check requests a second time, has no
 * middleware, sends the handshake in one write, keeps nothing of the request, pings all connections from one timer, and handles a pong
 * almost for free.
 *
 * This depends on internals of engine.io (`engine-io-internals.ts`). If they are not as expected, engine.io's own implementation is used.
 */
export class SocketEngine extends EngineServer {
  readonly heartbeat: Heartbeat;
  /** The rest of the open packet's JSON after the `sid`. */
  readonly openOptions: string;

  /** A connection was destroyed because it threw when it was pinged. */
  readonly onFailed: (error: unknown) => void;
  /** Connections use the internals of engine.io. */
  readonly usesInternals: boolean;

  constructor({ onFailed = () => {}, usesInternals, ...rhythm }: SocketEngineOptions = {}) {
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
    this.openOptions = JSON.stringify(terms).slice(1);
    this.onFailed = onFailed;
    this.heartbeat = new Heartbeat({ ...rhythm, everyMs, withinMs, random });
    this.usesInternals = usesInternals ?? hasExpectedInternals(this);
    if (!this.usesInternals) this.on('connection', givePacketPipe);
  }

  override close(): this {
    this.heartbeat.stop();
    return super.close();
  }

  /** For a request with `EIO=4&transport=websocket`. The server keeps no list of sockets: the caller must close them when it closes the server. */
  override handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (!this.usesInternals) return super.handleUpgrade(request as Parameters<EngineServer['handleUpgrade']>[0], socket, head);
    try {
      const answer = socket.readable && socket.writable ? plainAnswerTo(request) : undefined;
      if (answer === undefined) this.#upgradeByWs(request, socket, head);
      else this.#open(request, socket as Socket, { webSocket: webSocketOn(this, socket, head), answer });
    } catch (error) {
      // The upgrade response has been sent, so no other response may follow.
      if (hasTransport(request)) socket.destroy();
      throw error;
    }
  }

  /** ws accepts the upgrade at once, or has answered it with an error. */
  #upgradeByWs(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.cork();
    try {
      const open = (webSocket: WebSocket) => this.#open(request, socket as Socket, { webSocket, answer: '' });
      upgradeByLibrary(this, request, { socket, head }, open);
    } finally {
      socket.uncork();
    }
  }

  #open(request: IncomingMessage, socket: Socket, { webSocket, answer }: { webSocket: WebSocket; answer: string }): void {
    const transport = transportOn(webSocket, request);
    this.emit('connection', new PingedConnection({ engine: this, socket, transport, request, answer }));
  }
}

export interface SocketEngineOptions extends Partial<HeartbeatOptions> {
  onFailed?: (error: unknown) => void;
  /** False: use only what engine.io documents, as when its internals have moved. */
  usesInternals?: boolean;
}

type WebSocket = ReturnType<typeof webSocketOn>;

/** A connection of this server. */
export type SocketConnection = EngineSocket & { readonly pipe: PacketQueue };

/** Registered before all other listeners for `connection`, so that they find the pipe. */
function givePacketPipe(connection: EngineSocket): void {
  Object.assign(connection, { pipe: new PacketPipe(connection, connection.request.socket) });
}

interface Opening {
  engine: SocketEngine;
  socket: Socket;
  transport: ReturnType<typeof transportOn>;
  request: IncomingMessage;
  answer: string;
}

class PingedConnection extends InnerConnection implements Pingable, ReadInterceptor {
  readonly pipe: SocketPipe;
  slot = 0;
  readonly #engine: SocketEngine;
  readonly #socket: Socket;

  /** `answer`: the upgrade response, if it is still to be sent. It goes out first, in the same write as the open packet. */
  constructor({ engine, socket, transport, request, answer }: Opening) {
    super(randomUUID(), engine, transport, request, protocol);
    this.#engine = engine;
    this.#socket = socket;
    this.pipe = new SocketPipe(this as unknown as EngineSocket, socket);
    engine.heartbeat.add(this);
    interceptReads(socket, this);
    const opening = packetFrame(`0{"sid":"${this.id}",${engine.openOptions}`);
    this.pipe.write(answer === '' ? opening : Buffer.concat([Buffer.from(answer, 'latin1'), opening]));
  }

  get isPingDue(): boolean {
    return this.pipe.isPingDue;
  }

  set isPingDue(isDue: boolean) {
    this.pipe.isPingDue = isDue;
  }

  get isPongAwaited(): boolean {
    return this.pipe.isPongAwaited;
  }

  set isPongAwaited(isAwaited: boolean) {
    this.pipe.isPongAwaited = isAwaited;
  }

  /** engine.io calls this in its constructor. */
  onOpen(): void {
    this.readyState = 'open';
  }

  /** Sets no timers, unlike engine.io. */
  schedulePing(): void {}

  ping(): void {
    if (this.pipe.ready) this.pipe.write(pingFrame);
    else this.sendPacket('ping');
  }

  /**
   * Handles a pong or a plain message directly if it is the only frame that was read, so that ws and engine.io do not parse it. Most readers
   * send two messages and then only pongs.
   */
  interceptRead(memory: Uint8Array, length: number): boolean {
    if (!this.pipe.open || !this.pipe.isBetweenMessages) return false;
    if (this.isPongAwaited && length === pongLength && isPong(memory)) {
      this.isPongAwaited = false;
      return true;
    }
    // engine.io does not report WebSocket pongs. The client sends them while it reads a long message, before it has read the engine.io ping.
    if (memory[0] === webSocketPong) this.isPongAwaited = false;
    const packet = this.pipe.takesMessages ? plainTextOf(memory, length) : undefined;
    if (packet?.[0] !== message) return false;
    if (countIncoming(this.#socket, length)) this.transport.onData(packet);
    return true;
  }

  onPongTimeout(): void {
    this.onClose('ping timeout');
  }

  onPingFailed(error: unknown): void {
    this.#engine.onFailed(error);
    this.#socket.destroy();
  }

  override onPacket(packet: unknown): void {
    // While the connection is closing, a packet does not count as an answer to the ping. Otherwise a client that never accepts
    // the last bytes would never time out.
    if (this.pipe.open) this.isPongAwaited = false;
    super.onPacket(packet);
  }

  override onClose(reason: string, description?: unknown): void {
    this.#engine.heartbeat.remove(this);
    super.onClose(reason, description);
  }
}

/** Whether this is a masked text frame with the text `3`: two bytes of header, four of mask, one of payload. */
function isPong(frame: Uint8Array): boolean {
  return frame[0] === 0x81 && frame[1] === 0x81 && (frame[2]! ^ frame[6]!) === pong;
}

/** The engine.io packet type of a message. */
const message = '4';
const pongLength = 7;
/** The first byte of a WebSocket pong (RFC 6455, 5.5.3). */
const webSocketPong = 0x8a;
const pong = '3'.charCodeAt(0);

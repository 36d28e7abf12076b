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
 * The server of engine.io for WebSockets alone, which carries its clients with less: whoever connects has been looked at already, so no
 * request is parsed or checked a second time, no answer is made up for middleware that is not there, nothing is waited for, what a handshake
 * says goes out in one write, of its request nothing stays, one timer pings them all, and what answers a ping costs next to nothing.
 *
 * All of that rests on the insides of engine.io (`engine-io.ts`). Where they are not as expected, engine.io does it its own way.
 */
export class SocketEngine extends EngineServer {
  readonly heartbeat: Heartbeat;
  /** What a connection is told when it opens, behind its name: the rest of an object of JSON. */
  readonly openOptions: string;

  /** A connection threw when it was pinged, and was ended. */
  readonly onFailed: (error: unknown) => void;
  /** Connections are made with less, by what is known of the insides of engine.io. */
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

  /** For a request that asks for `EIO=4&transport=websocket`. Whoever closes the server closes the sockets: it keeps no list of them. */
  override handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (!this.usesInternals) return super.handleUpgrade(request as Parameters<EngineServer['handleUpgrade']>[0], socket, head);
    try {
      const answer = socket.readable && socket.writable ? plainAnswerTo(request) : undefined;
      if (answer === undefined) this.#upgradeByWs(request, socket, head);
      else this.#open(request, socket as Socket, { webSocket: webSocketOn(this, socket, head), answer });
    } catch (error) {
      // It has been told that it upgrades: no other answer may follow.
      if (hasTransport(request)) socket.destroy();
      throw error;
    }
  }

  /** ws takes it at once, and answers it, or not at all: then it has written why. */
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
  /** False: connections are made by engine.io alone, as where its insides have moved. */
  usesInternals?: boolean;
}

type WebSocket = ReturnType<typeof webSocketOn>;

/** A connection as this server makes it. */
export type SocketConnection = EngineSocket & { readonly pipe: PacketQueue };

/** Called before anyone else hears of the connection. */
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

  /** `answer` is what the request is still to be told, before all else and in the same write. */
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
  interceptRead(memory: Uint8Array, length: number): boolean {
    if (!this.pipe.open || !this.pipe.isBetweenMessages) return false;
    if (this.isPongAwaited && length === pongLength && isPong(memory)) {
      this.isPongAwaited = false;
      return true;
    }
    // Nobody else tells of it. It comes in the middle of a long message, where what was asked can not have come yet.
    if (memory[0] === webSocketPong) this.isPongAwaited = false;
    const packet = this.pipe.takesMessages ? plainTextOf(memory, length) : undefined;
    if (packet?.[0] !== message) return false;
    if (countIncoming(this.#socket, length)) this.transport.onData(packet);
    return true;
  }

  onTimeout(): void {
    this.onClose('ping timeout');
  }

  onError(error: unknown): void {
    this.#engine.onFailed(error);
    this.#socket.destroy();
  }

  override onPacket(packet: unknown): void {
    // Of one that is to be closed nothing is heard: it may never take what goes out before.
    if (this.pipe.open) this.isPongAwaited = false;
    super.onPacket(packet);
  }

  override onClose(reason: string, description?: unknown): void {
    this.#engine.heartbeat.remove(this);
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

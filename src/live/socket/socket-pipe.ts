import type { Socket } from 'node:net';
import type { Socket as EngineSocket } from 'engine.io';
import { isOpen, type SocketHandle, type WriteWatcher, watchWrites } from '../raw-socket.ts';
import type { Pipe } from '../reader-connection.ts';
import { SocketWriter } from '../socket-writer.ts';
import { ConnectionState } from './engine-io-internals.ts';
import { socketFormat, withPing } from './packet-encoder.ts';

/** A pipe on an engine.io connection that can also queue packets. */
export interface PacketQueue extends Pipe {
  /** Sends a Socket.IO packet after everything that waits. */
  send(packet: string): void;
  /** Packets that wait until earlier ones are accepted. */
  readonly packetsWaiting: number;
  /** The connection is completely closed. */
  readonly closed: boolean;
}

/**
 * A pipe that writes encoded frames directly to the socket of a Socket.IO connection. It does so only while engine.io has no packets
 * waiting, neither side has begun to close (nothing may follow a close frame), and the kernel has accepted all earlier bytes. Everything
 * else goes through engine.io.
 */
export class SocketPipe extends SocketWriter implements PacketQueue, WriteWatcher {
  readonly format = socketFormat;
  readonly #connection: EngineSocket;
  readonly #state: ConnectionState;
  readonly #isWatched: boolean;
  /**
   * Whether the pipe was ready, all writes since then were accepted at once, and nothing went through the stream: no packet, no
   * pong, no close frame. Caches the result of `#checkReady`, because its reads from memory cost more than the rest of a write.
   */
  #isStillReady = false;
  /** A ping is due, and the next write carries it. That saves a write for readers who get events often. */
  isPingDue = false;
  /** A ping was sent, and nothing was received since. */
  isPongAwaited = false;

  constructor(connection: EngineSocket, socket: Socket) {
    super(socket);
    this.#connection = connection;
    this.#state = new ConnectionState(connection);
    this.#isWatched = watchWrites(socket, this);
  }

  get open(): boolean {
    return this.#state.open;
  }

  get closed(): boolean {
    return this.socket.destroyed;
  }

  get packetsWaiting(): number {
    return this.#state.packetsWaiting;
  }

  send(packet: string): void {
    this.#connection.write(packet);
  }

  get ready(): boolean {
    return (this.#isStillReady && isOpen(this.handle as SocketHandle)) || this.#checkReady();
  }

  #checkReady(): boolean {
    const state = this.#state;
    const isReady = this.isFree && state.webSocketOpen && state.packetsWaiting === 0 && state.open;
    // While the transport is busy, a packet can still go through the stream later.
    this.#isStillReady = isReady && this.#isWatched && state.transportIdle && this.socket.writableCorked === 0;
    return isReady;
  }

  override write(frames: Buffer): void {
    if (this.#isStillReady) this.#isStillReady = this.writeDirectly(this.isPingDue ? this.#withPing(frames) : frames);
    else super.write(frames);
  }

  #withPing(frames: Buffer): Buffer {
    this.isPingDue = false;
    this.isPongAwaited = true;
    return withPing(frames);
  }

  onStreamWrite(): void {
    this.#isStillReady = false;
  }

  /** Whether the next incoming bytes are read at once and begin a new message. */
  get isBetweenMessages(): boolean {
    return this.socket.readableLength === 0 && !this.socket.isPaused() && this.#state.betweenMessages;
  }

  /** Whether incoming messages are handled: neither side has begun to close, and the client reads fast enough. */
  get takesMessages(): boolean {
    return this.#state.webSocketOpen && !this.socket.writableNeedDrain;
  }

  override onTaken(listener: () => void): () => void {
    const undo = super.onTaken(listener);
    // Also called for packets that engine.io sends itself.
    const undoWritten = this.#state.onPacketsWritten(listener);
    return () => {
      undo();
      undoWritten();
    };
  }

  /** Closes the connection without a disconnect packet, so that the client reconnects by itself. */
  cut(): void {
    this.#connection.close();
  }
}

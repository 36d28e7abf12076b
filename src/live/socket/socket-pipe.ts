import type { Socket } from 'node:net';
import type { Socket as EngineSocket } from 'engine.io';
import { isOpen, type SocketHandle, type WriteWatcher, watchWrites } from '../raw-socket.ts';
import type { Pipe } from '../reader-connection.ts';
import { SocketWriter } from '../socket-writer.ts';
import { ConnectionState } from './engine-io-internals.ts';
import { socketFormat, withPing } from './packet-encoder.ts';

/** A pipe on a connection of engine.io, which can also queue a packet. */
export interface PacketQueue extends Pipe {
  /** Sends a packet of Socket.IO behind everything that waits. */
  send(packet: string): void;
  /** Packets that wait for those before them to be taken. */
  readonly packetsWaiting: number;
  /** Nothing of the connection is left. */
  readonly closed: boolean;
}

/**
 * One Socket.IO connection as a pipe for ready-made frames, which go straight to its socket where that is as good as to go through
 * engine.io: nothing of engine.io's waits, nobody has begun to close, and the kernel has taken all there was. Nothing may follow a close
 * frame. Whatever cannot go so goes through engine.io.
 */
export class SocketPipe extends SocketWriter implements PacketQueue, WriteWatcher {
  readonly format = socketFormat;
  readonly #connection: EngineSocket;
  readonly #state: ConnectionState;
  readonly #isWatched: boolean;
  /**
   * It was ready, all that was written since was taken, and nothing went through the stream: no packet, no answer to a ping, no close frame.
   * What tells whether it is ready lies here and there in memory, and to fetch it costs more than all else of a write that is ours.
   */
  #isStillReady = false;
  /** What is written next has a ping behind it: for those who are written to often, a write less. Here, where every write looks anyway. */
  isPingDue = false;
  /** A ping has gone out, and nothing was heard since. */
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
    // A packet that waits for the transport goes through the stream only later.
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

  /** Whether what comes in next is read at once, and begins a frame of a message that is none of several parts. */
  get isBetweenMessages(): boolean {
    return this.socket.readableLength === 0 && !this.socket.isPaused() && this.#state.betweenMessages;
  }

  /** Whether a message that comes in is to be heard: nobody has begun to close, and what it takes of what goes out keeps up. */
  get takesMessages(): boolean {
    return this.#state.webSocketOpen && !this.socket.writableNeedDrain;
  }

  override onTaken(listener: () => void): () => void {
    const undo = super.onTaken(listener);
    // For what engine.io sent itself.
    const undoWritten = this.#state.onPacketsWritten(listener);
    return () => {
      undo();
      undoWritten();
    };
  }

  /** Without a word to the client's Socket.IO, so that it comes back by itself. */
  cut(): void {
    this.#connection.close();
  }
}

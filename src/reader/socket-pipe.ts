import type { Socket } from 'node:net';
import type { Socket as EngineSocket } from 'engine.io';
import type { Pipe } from './connection.ts';
import { socketFormat, withPing } from './encoder.ts';
import { type Handle, isOpen, type WriteWatcher, watchWrites } from './kernel.ts';
import { Outgoing } from './outgoing.ts';

/**
 * One Socket.IO connection as a pipe for ready-made frames, which go straight to its socket where that is as good as to go through
 * engine.io: nothing of engine.io's waits, nobody has begun to close, and the kernel has taken all there was. Nothing may follow a close
 * frame. Whatever cannot go so goes through engine.io.
 *
 * With `socket-engine.ts` this is the one place that knows the insides of engine.io and ws: `writeBuffer`, the transport's `ready` event,
 * the WebSocket under it and the socket under that. `test/unit/socket-pipe.test.ts` fails where they have moved.
 */
interface Inside {
  readonly readyState: string;
  readonly writeBuffer: readonly unknown[];
  close(): void;
  readonly transport: {
    readonly socket: WebSocket;
    readonly writable: boolean;
    on(name: 'ready', listener: () => void): void;
    off(name: 'ready', listener: () => void): void;
  };
}

interface WebSocket {
  readonly readyState: number;
  readonly _socket: Socket;
  readonly _receiver: {
    /** What it expects next: 0 where a frame begins. */
    readonly _state: number;
    readonly _bufferedBytes: number;
    /** The type of a message of which parts are still to come, or 0. */
    readonly _fragmented: number;
  };
}

const webSocketOpen = 1;
const webSocketClosed = 3;

function insideOf(connection: EngineSocket): Inside {
  return connection as unknown as Inside;
}

/** Packets that were handed to a connection and wait for those before them to be taken. */
export function packetsWaiting(connection: EngineSocket): number {
  return insideOf(connection).writeBuffer.length;
}

/** Nothing of a connection is left. */
export function isClosed(connection: EngineSocket): boolean {
  return insideOf(connection).transport.socket.readyState === webSocketClosed;
}

/**
 * Ends a connection that may take no bytes: a close frame would wait behind them for ever. With a reset, so that the system does not keep
 * the bytes either, and the other end hears of it at once.
 */
export function terminateSocket(connection: EngineSocket): void {
  insideOf(connection).transport.socket._socket.resetAndDestroy();
}

export class SocketPipe extends Outgoing implements Pipe, WriteWatcher {
  readonly format = socketFormat;
  readonly #inside: Inside;
  readonly #webSocket: WebSocket;
  readonly #isWatched: boolean;
  /**
   * It was ready, all that was written since was taken, and nothing went through the stream: no packet, no answer to a ping, no close frame.
   * What tells whether it is ready lies here and there in memory, and to fetch it costs more than all else of a write that is ours.
   */
  #isStillReady = false;
  /** What is written next has a ping behind it: for those who are written to often, a write less. Here, where every write looks anyway. */
  pingIsDue = false;
  /** A ping has gone out, and nothing was heard since. */
  pingIsOut = false;

  constructor(connection: EngineSocket) {
    const inside = insideOf(connection);
    const webSocket = inside.transport.socket;
    super(webSocket._socket);
    this.#inside = inside;
    this.#webSocket = webSocket;
    this.#isWatched = watchWrites(this.socket, this);
  }

  get open(): boolean {
    return this.#inside.readyState === 'open';
  }

  get ready(): boolean {
    return (this.#isStillReady && isOpen(this.handle as Handle)) || this.#look();
  }

  #look(): boolean {
    const { writeBuffer, transport } = this.#inside;
    const isReady = this.free && this.#webSocket.readyState === webSocketOpen && writeBuffer.length === 0 && this.open;
    // A packet that waits for the transport goes through the stream only later.
    this.#isStillReady = isReady && this.#isWatched && transport.writable && this.socket.writableCorked === 0;
    return isReady;
  }

  override write(frames: Buffer): void {
    if (this.#isStillReady) this.#isStillReady = this.writePast(this.pingIsDue ? this.#andPing(frames) : frames);
    else super.write(frames);
  }

  #andPing(frames: Buffer): Buffer {
    this.pingIsDue = false;
    this.pingIsOut = true;
    return withPing(frames);
  }

  written(): void {
    this.#isStillReady = false;
  }

  /** Whether what comes in next is read at once, and begins a frame of a message that is none of several parts. */
  get isBetweenMessages(): boolean {
    const { _state, _bufferedBytes, _fragmented } = this.#webSocket._receiver;
    const isRead = this.socket.readableLength === 0 && !this.socket.isPaused();
    return isRead && _state === 0 && _bufferedBytes === 0 && _fragmented === 0;
  }

  /** Whether a message that comes in is to be heard: nobody has begun to close, and what it takes of what goes out keeps up. */
  get readsAll(): boolean {
    return this.#webSocket.readyState === webSocketOpen && !this.socket.writableNeedDrain;
  }

  override onTaken(listener: () => void): () => void {
    const undo = super.onTaken(listener);
    const { transport } = this.#inside;
    // Of what engine.io sent itself.
    transport.on('ready', listener);
    return () => {
      undo();
      transport.off('ready', listener);
    };
  }

  /** Without a word to the client's Socket.IO, so that it comes back by itself. */
  cut(): void {
    this.#inside.close();
  }
}

import type { Socket } from 'node:net';
import { handleOf, isHandleOf, type SocketHandle, writeToHandle } from './raw-socket.ts';

const nothing = Buffer.alloc(0);

/**
 * Frames that were made once for many, written to the socket under a connection.
 *
 * Nearly every write is taken by the kernel at once, and then there is nothing to be told of: a callback for each would cost a turn of
 * the event loop's queue a reader. So they go past the socket's stream, unless that holds something: nothing may overtake it.
 */
export class SocketWriter {
  protected readonly socket: Socket;
  protected readonly handle: SocketHandle | undefined;
  #taken: () => void = noListener;
  /** An empty write of the stream is behind bytes that wait. */
  #markerPending = false;

  constructor(socket: Socket) {
    this.socket = socket;
    this.handle = handleOf(socket);
  }

  /** No bytes wait for the kernel. */
  get isFree(): boolean {
    const { socket } = this;
    const isThere = this.handle === undefined ? !socket.destroyed : isHandleOf(socket, this.handle);
    return isThere && !this.#markerPending && socket.writableLength === 0;
  }

  write(frames: Buffer): void {
    const { socket } = this;
    if (this.handle === undefined || !this.isFree || socket.writableCorked > 0) {
      socket.write(frames);
      this.requestTaken();
      return;
    }
    this.writeDirectly(frames);
  }

  /** For one that is free and has a handle, past its stream. Whether it is free still. */
  protected writeDirectly(frames: Buffer): boolean {
    const { socket } = this;
    const rest = writeToHandle(this.handle as SocketHandle, frames);
    if (rest === 'taken') return true;
    if (rest === 'refused') {
      socket.destroy();
      return false;
    }
    rest.oncomplete = (status) => {
      if (status < 0) socket.destroy();
    };
    // With a write behind them the stream does not end before they have been taken: a socket that is about to end cannot be reset.
    this.#writeMarker();
    return false;
  }

  /** Calls the listener, the only one, when bytes that the kernel did not take at once have been taken, or the socket has been destroyed. */
  onTaken(listener: () => void): () => void {
    this.#taken = listener;
    return () => {
      this.#taken = noListener;
    };
  }

  /** Has it called when what waits has been taken, whoever wrote it. */
  requestTaken(): void {
    if (this.socket.writableLength > 0) this.#writeMarker();
  }

  terminate(): void {
    this.socket.resetAndDestroy();
  }

  #writeMarker(): void {
    const { destroyed, writableEnded } = this.socket;
    if (this.#markerPending || destroyed || writableEnded) return;
    this.#markerPending = true;
    // It is taken when all before it has been.
    this.socket.write(nothing, () => {
      this.#markerPending = false;
      // By now more may have been written, of which this told nothing.
      this.requestTaken();
      if (!this.#markerPending) this.#taken();
    });
  }
}

function noListener(): void {}

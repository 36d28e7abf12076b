import type { Socket } from 'node:net';
import { type Handle, handleOf, isHandleOf, writeTo } from './raw-socket.ts';

const nothing = Buffer.alloc(0);

/**
 * Frames that were made once for many, written to the socket under a connection.
 *
 * Nearly every write is taken by the kernel at once, and then there is nothing to be told of: a callback for each would cost a turn of
 * the event loop's queue a reader. So they go past the socket's stream, unless that holds something: nothing may overtake it.
 */
export class Outgoing {
  protected readonly socket: Socket;
  protected readonly handle: Handle | undefined;
  #taken: () => void = nobody;
  /** An empty write of the stream is behind bytes that wait. */
  #asked = false;

  constructor(socket: Socket) {
    this.socket = socket;
    this.handle = handleOf(socket);
  }

  /** No bytes wait for the kernel. */
  get free(): boolean {
    const { socket } = this;
    const isThere = this.handle === undefined ? !socket.destroyed : isHandleOf(socket, this.handle);
    return isThere && !this.#asked && socket.writableLength === 0;
  }

  write(frames: Buffer): void {
    const { socket } = this;
    if (this.handle === undefined || !this.free || socket.writableCorked > 0) {
      socket.write(frames);
      this.tell();
      return;
    }
    this.writePast(frames);
  }

  /** For one that is free and has a handle, past its stream. Whether it is free still. */
  protected writePast(frames: Buffer): boolean {
    const { socket } = this;
    const rest = writeTo(this.handle as Handle, frames);
    if (rest === 'taken') return true;
    if (rest === 'refused') {
      socket.destroy();
      return false;
    }
    rest.oncomplete = (status) => {
      if (status < 0) socket.destroy();
    };
    // With a write behind them the stream does not end before they have been taken: a socket that is about to end cannot be reset.
    this.#ask();
    return false;
  }

  /** Calls the listener, the only one, when bytes that the kernel did not take at once have been taken, or the socket has been destroyed. */
  onTaken(listener: () => void): () => void {
    this.#taken = listener;
    return () => {
      this.#taken = nobody;
    };
  }

  /** Has it called when what waits has been taken, whoever wrote it. */
  tell(): void {
    if (this.socket.writableLength > 0) this.#ask();
  }

  terminate(): void {
    this.socket.resetAndDestroy();
  }

  #ask(): void {
    const { destroyed, writableEnded } = this.socket;
    if (this.#asked || destroyed || writableEnded) return;
    this.#asked = true;
    // It is taken when all before it has been.
    this.socket.write(nothing, () => {
      this.#asked = false;
      // By now more may have been written, of which this told nothing.
      this.tell();
      if (!this.#asked) this.#taken();
    });
  }
}

function nobody(): void {}

import type { Socket } from 'node:net';

const nothing = Buffer.alloc(0);

/**
 * Frames that were made once for many, written to the socket under a connection.
 *
 * Nearly every write is taken by the kernel at once, and then there is nothing to be told of: a callback for each would cost a turn of
 * the event loop's queue a reader. Only where bytes are left does an empty write behind them ask to be told.
 */
export class Outgoing {
  /** Called when bytes that the kernel did not take at once have been taken, or the socket has been destroyed. */
  onTaken: () => void = nobody;
  readonly #socket: Socket;
  #asked = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Bytes that wait for the kernel. */
  get waiting(): number {
    return this.#socket.writableLength;
  }

  write(frames: Buffer): void {
    this.#socket.write(frames);
    if (this.waiting > 0) this.tell();
  }

  /** Has `onTaken` called when what waits has been taken, whoever wrote it. */
  tell(): void {
    const { destroyed, writableEnded } = this.#socket;
    if (!this.#asked && this.waiting > 0 && !destroyed && !writableEnded) this.#ask();
  }

  #ask(): void {
    const socket = this.#socket;
    this.#asked = true;
    socket.write(nothing, () => {
      this.#asked = false;
      // By now more may have been written, of which this told nothing.
      if (this.waiting > 0 && !socket.destroyed && !socket.writableEnded) this.#ask();
      else this.onTaken();
    });
  }
}

export function nobody(): void {}

import type { Socket } from 'node:net';
import { handleOf, writeTo } from './kernel.ts';

const nothing = Buffer.alloc(0);

/**
 * Frames that were made once for many, written to the socket under a connection.
 *
 * Nearly every write is taken by the kernel at once, and then there is nothing to be told of: a callback for each would cost a turn of
 * the event loop's queue a reader. So they go past the socket's stream, unless that holds something: nothing may overtake it.
 */
export class Outgoing {
  /** Called when bytes that the kernel did not take at once have been taken, or the socket has been destroyed. */
  onTaken: () => void = nobody;
  readonly #socket: Socket;
  readonly #handle;
  /** Writes past the stream of which bytes are left. */
  #left = 0;
  #asked = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#handle = handleOf(socket);
  }

  /** No bytes wait for the kernel. */
  get free(): boolean {
    return this.#left === 0 && this.#socket.writableLength === 0;
  }

  write(frames: Buffer): void {
    const socket = this.#socket;
    if (this.#handle === undefined || socket.writableLength > 0 || socket.writableCorked > 0) {
      socket.write(frames);
      this.tell();
      return;
    }
    const rest = writeTo(this.#handle, frames);
    if (rest === 'taken') return;
    if (rest === 'refused') return void socket.destroy();
    this.#left += 1;
    rest.oncomplete = (status) => {
      this.#left -= 1;
      if (status < 0) socket.destroy();
      this.#passOn();
    };
  }

  /** Has `onTaken` called when what waits has been taken, whoever wrote it. */
  tell(): void {
    const { destroyed, writableEnded, writableLength } = this.#socket;
    // Of our own it is called anyway.
    if (this.#left > 0 || this.#asked || writableLength === 0 || destroyed || writableEnded) return;
    this.#asked = true;
    // It is taken when all before it has been.
    this.#socket.write(nothing, () => {
      this.#asked = false;
      this.#passOn();
    });
  }

  #passOn(): void {
    // By now more may have been written, of which this told nothing.
    this.tell();
    if (this.#left === 0 && !this.#asked) this.onTaken();
  }
}

export function nobody(): void {}

import type { Socket } from 'node:net';
import { handleOf, isHandleOf, type SocketHandle, writeToHandle } from './raw-socket.ts';

const nothing = Buffer.alloc(0);

/**
 * Writes frames to the socket of a connection.
 *
 * The kernel accepts nearly every write at once, and a callback for each would cost a turn of the event loop for each reader. So writes
 * bypass the socket's stream, unless the stream has waiting bytes, which must not be overtaken.
 */
export class SocketWriter {
  protected readonly socket: Socket;
  protected readonly handle: SocketHandle | undefined;
  #taken: () => void = noListener;
  /** An empty write is queued in the stream behind the waiting bytes. */
  #markerPending = false;

  constructor(socket: Socket) {
    this.socket = socket;
    this.handle = handleOf(socket);
  }

  /** No bytes are waiting for the kernel. */
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

  /** Bypasses the stream. Requires a handle and `isFree`. Returns whether it is still free. */
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
    // The marker keeps the stream from ending before these bytes are accepted, because a socket that is ending cannot be reset.
    this.#writeMarker();
    return false;
  }

  /** Sets the only listener. It is called when the kernel has accepted bytes that had to wait, or the socket is destroyed. */
  onTaken(listener: () => void): () => void {
    this.#taken = listener;
    return () => {
      this.#taken = noListener;
    };
  }

  /** Calls the listener when all waiting bytes are accepted, also bytes that other code has written. */
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
    // The callback of the empty write runs when everything before it has been accepted.
    this.socket.write(nothing, () => {
      this.#markerPending = false;
      // More bytes may have been written since.
      this.requestTaken();
      if (!this.#markerPending) this.#taken();
    });
  }
}

function noListener(): void {}

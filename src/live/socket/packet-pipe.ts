import type { Socket } from 'node:net';
import type { Socket as EngineSocket } from 'engine.io';
import { messagesIn, socketFormat } from './packet-encoder.ts';
import type { PacketQueue } from './socket-pipe.ts';

/** A pipe that uses only what engine.io documents: it decodes each frame and sends it as a packet. It costs more than `SocketPipe`. */
export class PacketPipe implements PacketQueue {
  readonly format = socketFormat;
  readonly #connection: EngineSocket;
  readonly #socket: Socket;
  #waiting = 0;
  #taken: (() => void) | undefined;

  constructor(connection: EngineSocket, socket: Socket) {
    this.#connection = connection;
    this.#socket = socket;
    // engine.io never calls back for packets that it could not send.
    socket.once('close', () => {
      this.#waiting = 0;
      this.#taken?.();
    });
  }

  get open(): boolean {
    return !this.#socket.destroyed && this.#connection.readyState === 'open';
  }

  get ready(): boolean {
    return this.open && this.#waiting === 0;
  }

  get closed(): boolean {
    return this.#socket.destroyed;
  }

  get packetsWaiting(): number {
    return this.#waiting;
  }

  write(frames: Buffer): void {
    for (const message of messagesIn(frames)) this.send(message);
  }

  send(packet: string): void {
    this.#waiting += 1;
    this.#connection.send(packet, undefined, () => {
      this.#waiting -= 1;
      if (this.#waiting === 0) this.#taken?.();
    });
  }

  onTaken(listener: () => void): () => void {
    this.#taken = listener;
    return () => {
      this.#taken = undefined;
    };
  }

  /** Does nothing, because all waiting bytes were written through this pipe. */
  requestTaken(): void {}

  cut(): void {
    this.#connection.close();
  }

  terminate(): void {
    this.#socket.resetAndDestroy();
  }
}

import type { Socket as EngineSocket } from 'engine.io';
import type { Pipe } from './connection.ts';
import { socketFormat } from './encoder.ts';

/**
 * One Socket.IO connection as a pipe for ready-made frames.
 *
 * This is the one place that knows engine.io's insides: `conn.write` with `wsPreEncodedFrame` (which Socket.IO's own adapter uses),
 * `writeBuffer`, `transport.writable`, the transport's `ready` event, and the WebSocket under it.
 */
interface Inside {
  readyState: string;
  writeBuffer: unknown[];
  write(data: string | undefined, options: { wsPreEncodedFrame: Buffer[]; compress: false }): void;
  close(): void;
  transport: {
    writable: boolean;
    socket: { readyState: number; terminate(): void };
    on(name: 'ready', listener: () => void): void;
    off(name: 'ready', listener: () => void): void;
  };
}

const webSocketOpen = 1;

function insideOf(connection: EngineSocket): Inside {
  return connection as unknown as Inside;
}

/** Packets that were handed to a connection and wait for those before them to be taken. */
export function packetsWaiting(connection: EngineSocket): number {
  return insideOf(connection).writeBuffer.length;
}

/** Ends a connection that may take no bytes: a close frame would wait behind them for ever. */
export function terminateSocket(connection: EngineSocket): void {
  insideOf(connection).transport.socket.terminate();
}

export class SocketPipe implements Pipe {
  readonly format = socketFormat;
  readonly #inside: Inside;

  constructor(connection: EngineSocket) {
    this.#inside = insideOf(connection);
  }

  get open(): boolean {
    return this.#inside.readyState === 'open';
  }

  get ready(): boolean {
    const inside = this.#inside;
    if (inside.readyState !== 'open' || inside.writeBuffer.length > 0 || !inside.transport.writable) return false;
    // Nothing may follow a close frame.
    return inside.transport.socket.readyState === webSocketOpen;
  }

  write(frames: Buffer): void {
    this.#inside.write(undefined, { wsPreEncodedFrame: [frames], compress: false });
  }

  onTaken(listener: () => void): () => void {
    const { transport } = this.#inside;
    transport.on('ready', listener);
    return () => transport.off('ready', listener);
  }

  /** Without a word to the client's Socket.IO, so that it comes back by itself. */
  cut(): void {
    this.#inside.close();
  }

  terminate(): void {
    this.#inside.transport.socket.terminate();
  }
}

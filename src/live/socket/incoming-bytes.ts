import type { Duplex } from 'node:stream';
import { liveLimits } from '../live-limits.ts';

const { socketBurstBytes, socketBytesPerSecond } = liveLimits;

interface Bounds {
  /** Milliseconds of a clock that never goes back. */
  now: () => number;
  onCut: () => void;
}

/**
 * Limits the bytes that a client may send over one socket. They are counted below WebSocket, so that pings, fragments of endless messages
 * and empty acknowledgements count too. Readers send very little.
 */
export function boundIncoming(socket: Duplex, bounds: Bounds): void {
  (socket as Bounded)[allowance] = { bytes: socketBurstBytes, countedAt: bounds.now(), bounds };
  socket.on('data', count);
}

/** The bytes that a socket may still send, as of its last read. Stored on the socket, which takes less memory than a closure per reader. */
const allowance = Symbol('allowance');

interface Bounded extends Duplex {
  [allowance]: { bytes: number; countedAt: number; readonly bounds: Bounds };
}

/** Counts incoming bytes that bypassed the stream. Returns false if they exceed the limit and the socket was destroyed. */
export function countIncoming(socket: Duplex, bytes: number): boolean {
  const left = (socket as Partial<Bounded>)[allowance];
  if (left === undefined) return true;
  const at = left.bounds.now();
  const regained = ((at - left.countedAt) / 1000) * socketBytesPerSecond;
  left.bytes = Math.min(socketBurstBytes, left.bytes + regained) - bytes;
  left.countedAt = at;
  if (left.bytes >= 0) return true;
  left.bounds.onCut();
  socket.destroy();
  return false;
}

function count(this: Bounded, chunk: Buffer): void {
  const mayContinue = countIncoming(this, chunk.length);
  if (mayContinue && this.writableNeedDrain && !this.isPaused()) {
    // Each ping of the client gets a pong. If the client does not read the pongs, the server stops reading from the client. It
    // then gets no answer to its own ping, and disconnects the client.
    this.pause();
    this.once('drain', this.resume);
  }
}

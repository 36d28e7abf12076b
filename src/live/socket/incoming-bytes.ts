import type { Duplex } from 'node:stream';
import { liveLimits } from '../live-limits.ts';

const { socketBurstBytes, socketBytesPerSecond } = liveLimits;

interface Bounds {
  /** Milliseconds of a clock that never goes back. */
  now: () => number;
  onCut: () => void;
}

/**
 * What may come in over one socket, counted in bytes below WebSocket: there frames count that nobody above sees, such as pings,
 * continuations of a message that never ends, and acknowledgements of nothing. A reader has little to say, and pays for all of it here.
 */
export function boundIncoming(socket: Duplex, bounds: Bounds): void {
  (socket as Bounded)[allowance] = { bytes: socketBurstBytes, countedAt: bounds.now(), bounds };
  socket.on('data', count);
}

/** What a socket may send, as of when it last did. Kept with it: a listener of its own would be another hundred bytes a reader. */
const allowance = Symbol('allowance');

interface Bounded extends Duplex {
  [allowance]: { bytes: number; countedAt: number; readonly bounds: Bounds };
}

/** Counts bytes that came in past the stream. Whether it may send them: if not, it has been ended. */
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
  const isLetGoOn = countIncoming(this, chunk.length);
  if (isLetGoOn && this.writableNeedDrain && !this.isPaused()) {
    // Each ping is answered, so of who does not read, nothing more is read. The ping that we send then goes unanswered and ends it.
    this.pause();
    this.once('drain', this.resume);
  }
}

import type { Duplex } from 'node:stream';
import { readerLimits } from './limits.ts';

/**
 * What may come in over one socket, counted in bytes below WebSocket: there frames count that nobody above sees, such as pings,
 * continuations of a message that never ends, and acknowledgements of nothing. A reader has little to say, and pays for all of it here.
 */
export function boundIncoming(socket: Duplex, { now, onCut }: { now: () => number; onCut: () => void }): void {
  const { socketBurstBytes, socketBytesPerSecond } = readerLimits;
  let left: number = socketBurstBytes;
  let countedAt = now();

  socket.on('data', (chunk: Buffer) => {
    const at = now();
    left = Math.min(socketBurstBytes, left + (Math.max(0, at - countedAt) / 1000) * socketBytesPerSecond) - chunk.length;
    countedAt = at;
    if (left < 0) {
      onCut();
      socket.destroy();
    } else if (socket.writableNeedDrain && !socket.isPaused()) {
      // Each ping is answered, so of who does not read, nothing more is read. The ping that we send then goes unanswered and ends it.
      socket.pause();
      socket.once('drain', () => socket.resume());
    }
  });
}

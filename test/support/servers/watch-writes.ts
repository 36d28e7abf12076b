import { Socket } from 'node:net';
import { vi } from 'vitest';

/** One write of the server to a socket. */
export interface Written {
  bytes: Buffer;
  /** The port of the client. */
  client: number;
  /** Bytes that wait in the process after the write. */
  waiting: number;
}

/**
 * Calls `saw` for each write of the server on a port, through a socket's stream or directly to its handle, until mocks are
 * restored.
 */
export function watchWrites(port: number, saw: (written: Written) => void): void {
  const { write } = Socket.prototype;
  vi.spyOn(Socket.prototype, 'write').mockImplementation(function (this: Socket, ...given: Parameters<Socket['write']>) {
    const taken = write.apply(this, given);
    const [chunk] = given;
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk);
    if (this.localPort === port) saw({ bytes, client: this.remotePort ?? 0, waiting: this.writableLength });
    return taken;
  } as Socket['write']);

  const { prototype } = (process as unknown as { binding(name: 'tcp_wrap'): { TCP: { prototype: Handle } } }).binding(
    'tcp_wrap',
  ).TCP;
  const { writeBuffer } = prototype;
  vi.spyOn(prototype, 'writeBuffer').mockImplementation(function (this: Handle, request, bytes) {
    const result = writeBuffer.call(this, request, bytes);
    const [ours, theirs] = [{ port: 0 }, { port: 0 }];
    this.getsockname(ours);
    this.getpeername(theirs);
    if (ours.port === port) saw({ bytes, client: theirs.port, waiting: this.writeQueueSize });
    return result;
  });
}

/** The handle of a TCP connection, under Node's socket. */
interface Handle {
  writeBuffer(request: object, bytes: Buffer): number;
  getsockname(into: { port: number }): number;
  getpeername(into: { port: number }): number;
  readonly writeQueueSize: number;
}

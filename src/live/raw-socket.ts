import { Socket } from 'node:net';

/**
 * Hands bytes to the kernel, and hears what came from it, past the stream that Node has around a socket. For a write that is taken at once,
 * as nearly all are, that stream makes objects and turns of a queue, which cost more than all that we do for a delivery ourselves; and for
 * the byte that answers a ping it sets 64 kB aside.
 *
 * This is the one place that knows what is under Node's sockets: the handle, and the requests and the state that `stream_wrap` has for it.
 * Where they are not as expected, or Node's permission model forbids a look, there is no handle to be had, and whoever asks for one writes to
 * the stream. Under `--pending-deprecation` Node warns of the look (DEP0111).
 * `test/unit/live/raw-socket.test.ts` fails where they have moved.
 */
export interface SocketHandle {
  /** The descriptor; negative when it has been closed. */
  readonly fd: number;
  /** The system's error as a negative number, or 0. The request is used only where bytes are left. */
  writeBuffer(request: WriteRequest, bytes: Buffer): number;
}

/** Undefined where the socket has been destroyed, or nothing is known of what is under it. */
export function handleOf(socket: Socket): SocketHandle | undefined {
  const { _handle: handle } = socket as unknown as { _handle?: Partial<SocketHandle> | null };
  return streamWrap !== undefined && typeof handle?.writeBuffer === 'function' ? (handle as SocketHandle) : undefined;
}

/** Whether a socket still has the handle that it had. It loses it in the moment in which it is destroyed. */
export function isHandleOf(socket: Socket, handle: SocketHandle): boolean {
  return (socket as unknown as { _handle?: unknown })._handle === handle;
}

/** Whether it can be written to. The look has the processor fetch of it what a write will need. */
export function isOpen(handle: SocketHandle): boolean {
  return handle.fd >= 0;
}

/** Bytes that the kernel has not taken yet. It is called with 0 when they have been, or with a negative number when they cannot be. */
export interface PendingWrite {
  oncomplete?: (status: number) => void;
}

/** Writes behind all that was written to the handle before. Whoever gets a rest is told of its end; a socket that refuses is done with. */
export function writeToHandle(handle: SocketHandle, bytes: Buffer): 'taken' | 'refused' | PendingWrite {
  // Without them there is no handle.
  const { WriteWrap, streamBaseState, kLastWriteWasAsync } = streamWrap as StreamWrap;
  spareRequest ??= new WriteWrap();
  if (handle.writeBuffer(spareRequest, bytes) !== 0) return 'refused';
  if (streamBaseState[kLastWriteWasAsync] === 0) return 'taken';
  const rest = spareRequest;
  // For as long as they are needed.
  rest.buffer = bytes;
  spareRequest = undefined;
  return rest;
}

/** Is shown what came in over a socket before Node is. */
export interface ReadInterceptor {
  /** Whether it has done with the first bytes of this memory, `length` of them: then nobody else hears of them. It may keep none. */
  interceptRead(memory: Uint8Array, length: number): boolean;
}

/**
 * Has all that comes in over a socket read into memory that all such sockets share, and shown to `first`. What that leaves, the stream gets
 * as ever, in memory of its own. Where nothing is known of what is under the socket, all goes to the stream.
 */
export function interceptReads(socket: Socket, first: ReadInterceptor): void {
  const handle = handleOf(socket) as ReadHandle | undefined;
  if (typeof handle?.useUserBuffer !== 'function' || typeof handle.onread !== 'function') return;
  handle[interceptor] = first;
  handle[originalOnRead] = handle.onread;
  handle.useUserBuffer(sharedReadBuffer);
  handle.onread = onRead;
}

function onRead(this: ReadHandle, made?: ArrayBuffer): unknown {
  const { streamBaseState, kReadBytesOrError, kArrayBufferOffset } = streamWrap as StreamWrap;
  const length = streamBaseState[kReadBytesOrError] as number;
  // The end of it, or an error.
  if (length <= 0) return this[originalOnRead](made);
  if (this[interceptor].interceptRead(sharedReadBuffer, length)) return undefined;
  streamBaseState[kArrayBufferOffset] = 0;
  return this[originalOnRead](sharedReadBuffer.buffer.slice(0, length));
}

/** Is told when something that was written to the stream of a socket goes to the kernel. */
export interface WriteWatcher {
  onStreamWrite(): void;
}

/** Whether it will be told: not where nothing is known of what is under the socket, or of how its stream writes. */
export function watchWrites(socket: Socket, watcher: WriteWatcher): boolean {
  if (handleOf(socket) === undefined || typeof writeGeneric !== 'function') return false;
  const watched = socket as WatchedSocket;
  watched[watcherKey] = watcher;
  watched._writeGeneric = onWrite;
  return true;
}

function onWrite(this: Socket, ...write: unknown[]): unknown {
  (this as WatchedSocket)[watcherKey].onStreamWrite();
  return (writeGeneric as WriteGeneric).apply(this, write);
}

type WriteGeneric = (this: Socket, ...write: unknown[]) => unknown;

interface WatchedSocket extends Socket {
  _writeGeneric: WriteGeneric;
  [watcherKey]: WriteWatcher;
}

const watcherKey = Symbol('watching');
const { _writeGeneric: writeGeneric } = Socket.prototype as { _writeGeneric?: unknown };

/** As much as Node sets aside for a read. */
const sharedReadBuffer = Buffer.allocUnsafeSlow(65_536);
const interceptor = Symbol('hearer');
const originalOnRead = Symbol('usual');

interface ReadHandle extends SocketHandle {
  /** With the bytes where they were read into memory of their own; returns what the next are to be read into, if not the same. */
  onread(made?: ArrayBuffer): unknown;
  useUserBuffer(memory: Buffer): void;
  [interceptor]: ReadInterceptor;
  [originalOnRead](made?: ArrayBuffer): unknown;
}

/** One serves all writes until bytes are left of one. */
let spareRequest: WriteRequest | undefined;

interface WriteRequest extends PendingWrite {
  buffer?: Buffer;
}

interface StreamWrap {
  readonly WriteWrap: new () => WriteRequest;
  readonly streamBaseState: Int32Array;
  readonly kLastWriteWasAsync: number;
  readonly kReadBytesOrError: number;
  readonly kArrayBufferOffset: number;
}

const streamWrap = findStreamWrap();

function findStreamWrap(): StreamWrap | undefined {
  try {
    const found = (process as unknown as { binding(name: 'stream_wrap'): Partial<StreamWrap> }).binding('stream_wrap');
    const isKnown =
      typeof found.WriteWrap === 'function' &&
      found.streamBaseState instanceof Int32Array &&
      [found.kLastWriteWasAsync, found.kReadBytesOrError, found.kArrayBufferOffset].every(Number.isInteger);
    return isKnown ? (found as StreamWrap) : undefined;
  } catch {
    return undefined;
  }
}

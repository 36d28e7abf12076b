import { Socket } from 'node:net';

/**
 * Reads and writes below the stream that Node puts around a socket. The kernel accepts nearly every write at once. For such a write the
 * stream allocates objects and schedules callbacks that cost more than the rest of a delivery, and to read a one-byte pong it allocates
 * 64 KiB.
 *
 * No other file uses these internals of Node: the handle of a socket, and the requests and state that `stream_wrap` has for it. If they are
 * not as expected, or Node's permission model forbids access to them, `handleOf` returns undefined and callers write to the stream. With
 * `--pending-deprecation` Node warns about the access (DEP0111). `test/unit/live/raw-socket.test.ts` fails when the internals have moved.
 */
export interface SocketHandle {
  /** The file descriptor. Negative once it is closed. */
  readonly fd: number;
  /** Returns 0, or the system's error as a negative number. The request is used only if the kernel does not accept all bytes at once. */
  writeBuffer(request: WriteRequest, bytes: Buffer): number;
}

/** Undefined if the socket is destroyed, or its internals are not as expected. */
export function handleOf(socket: Socket): SocketHandle | undefined {
  const { _handle: handle } = socket as unknown as { _handle?: Partial<SocketHandle> | null };
  return streamWrap !== undefined && typeof handle?.writeBuffer === 'function' ? (handle as SocketHandle) : undefined;
}

/** Whether a socket still has this handle. It loses the handle as soon as it is destroyed. */
export function isHandleOf(socket: Socket, handle: SocketHandle): boolean {
  return (socket as unknown as { _handle?: unknown })._handle === handle;
}

/** Whether the handle can be written to. Reading `fd` also brings the handle into the processor's cache for the write that follows. */
export function isOpen(handle: SocketHandle): boolean {
  return handle.fd >= 0;
}

/**
 * Bytes that the kernel has not accepted yet. `oncomplete` gets 0 once the kernel has accepted them, or a negative number if the
 * write failed.
 */
export interface PendingWrite {
  oncomplete?: (status: number) => void;
}

/** Writes after everything that was written to the handle before. After `refused` the socket is unusable. */
export function writeToHandle(handle: SocketHandle, bytes: Buffer): 'taken' | 'refused' | PendingWrite {
  // A handle exists only if these were found.
  const { WriteWrap, streamBaseState, kLastWriteWasAsync } = streamWrap as StreamWrap;
  spareRequest ??= new WriteWrap();
  if (handle.writeBuffer(spareRequest, bytes) !== 0) return 'refused';
  if (streamBaseState[kLastWriteWasAsync] === 0) return 'taken';
  const rest = spareRequest;
  // Keeps the bytes in memory until the kernel has accepted them.
  rest.buffer = bytes;
  spareRequest = undefined;
  return rest;
}

/** Gets the incoming bytes of a socket before Node's stream does. */
export interface ReadInterceptor {
  /** Returns true if it has handled the first `length` bytes. The stream does not get them then. The memory is reused, so keep no reference. */
  interceptRead(memory: Uint8Array, length: number): boolean;
}

/**
 * Reads the incoming bytes of a socket into memory that all such sockets share, and offers them to `first`. The stream gets a copy of the
 * bytes that `first` does not handle. If the internals are not as expected, the stream gets everything.
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
  // The end of the stream, or an error.
  if (length <= 0) return this[originalOnRead](made);
  if (this[interceptor].interceptRead(sharedReadBuffer, length)) return undefined;
  streamBaseState[kArrayBufferOffset] = 0;
  return this[originalOnRead](sharedReadBuffer.buffer.slice(0, length));
}

/** Notified when the stream of a socket passes a write to the kernel. */
export interface WriteWatcher {
  onStreamWrite(): void;
}

/** Returns whether `watcher` will be notified. False if the internals of the socket or of its stream are not as expected. */
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

/** The size of Node's own read buffers. */
const sharedReadBuffer = Buffer.allocUnsafeSlow(65_536);
const interceptor = Symbol('hearer');
const originalOnRead = Symbol('usual');

interface ReadHandle extends SocketHandle {
  /** Gets the bytes if they were read into a new buffer. Returns the buffer for the next read, if it is another one. */
  onread(made?: ArrayBuffer): unknown;
  useUserBuffer(memory: Buffer): void;
  [interceptor]: ReadInterceptor;
  [originalOnRead](made?: ArrayBuffer): unknown;
}

/** One request serves all writes until the kernel does not accept one completely. */
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

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
export interface Handle {
  /** The descriptor; negative when it has been closed. */
  readonly fd: number;
  /** The system's error as a negative number, or 0. The request is used only where bytes are left. */
  writeBuffer(request: WriteRequest, bytes: Buffer): number;
}

/** Undefined where the socket has been destroyed, or nothing is known of what is under it. */
export function handleOf(socket: Socket): Handle | undefined {
  const { _handle: handle } = socket as unknown as { _handle?: Partial<Handle> | null };
  return streams !== undefined && typeof handle?.writeBuffer === 'function' ? (handle as Handle) : undefined;
}

/** Whether a socket still has the handle that it had. It loses it in the moment in which it is destroyed. */
export function isHandleOf(socket: Socket, handle: Handle): boolean {
  return (socket as unknown as { _handle?: unknown })._handle === handle;
}

/** Whether it can be written to. The look has the processor fetch of it what a write will need. */
export function isOpen(handle: Handle): boolean {
  return handle.fd >= 0;
}

/** Bytes that the kernel has not taken yet. It is called with 0 when they have been, or with a negative number when they cannot be. */
export interface Rest {
  oncomplete?: (status: number) => void;
}

/** Writes behind all that was written to the handle before. Whoever gets a rest is told of its end; a socket that refuses is done with. */
export function writeTo(handle: Handle, bytes: Buffer): 'taken' | 'refused' | Rest {
  // Without them there is no handle.
  const { WriteWrap, streamBaseState, kLastWriteWasAsync } = streams as Streams;
  spare ??= new WriteWrap();
  if (handle.writeBuffer(spare, bytes) !== 0) return 'refused';
  if (streamBaseState[kLastWriteWasAsync] === 0) return 'taken';
  const rest = spare;
  // For as long as they are needed.
  rest.buffer = bytes;
  spare = undefined;
  return rest;
}

/** Is shown what came in over a socket before Node is. */
export interface FirstHearer {
  /** Whether it has done with the first bytes of this memory, `length` of them: then nobody else hears of them. It may keep none. */
  hearFirst(memory: Uint8Array, length: number): boolean;
}

/**
 * Has all that comes in over a socket read into memory that all such sockets share, and shown to `first`. What that leaves, the stream gets
 * as ever, in memory of its own. Where nothing is known of what is under the socket, all goes to the stream.
 */
export function hearFirst(socket: Socket, first: FirstHearer): void {
  const handle = handleOf(socket) as ReadHandle | undefined;
  if (typeof handle?.useUserBuffer !== 'function' || typeof handle.onread !== 'function') return;
  handle[hearer] = first;
  handle[usual] = handle.onread;
  handle.useUserBuffer(shared);
  handle.onread = onRead;
}

function onRead(this: ReadHandle, made?: ArrayBuffer): unknown {
  const { streamBaseState, kReadBytesOrError, kArrayBufferOffset } = streams as Streams;
  const length = streamBaseState[kReadBytesOrError] as number;
  // The end of it, or an error.
  if (length <= 0) return this[usual](made);
  if (this[hearer].hearFirst(shared, length)) return undefined;
  streamBaseState[kArrayBufferOffset] = 0;
  return this[usual](shared.buffer.slice(0, length));
}

/** Is told when something that was written to the stream of a socket goes to the kernel. */
export interface WriteWatcher {
  written(): void;
}

/** Whether it will be told: not where nothing is known of what is under the socket, or of how its stream writes. */
export function watchWrites(socket: Socket, watcher: WriteWatcher): boolean {
  if (handleOf(socket) === undefined || typeof writeGeneric !== 'function') return false;
  const watched = socket as WatchedSocket;
  watched[watching] = watcher;
  watched._writeGeneric = onWrite;
  return true;
}

function onWrite(this: Socket, ...write: unknown[]): unknown {
  (this as WatchedSocket)[watching].written();
  return (writeGeneric as WriteGeneric).apply(this, write);
}

type WriteGeneric = (this: Socket, ...write: unknown[]) => unknown;

interface WatchedSocket extends Socket {
  _writeGeneric: WriteGeneric;
  [watching]: WriteWatcher;
}

const watching = Symbol('watching');
const { _writeGeneric: writeGeneric } = Socket.prototype as { _writeGeneric?: unknown };

/** As much as Node sets aside for a read. */
const shared = Buffer.allocUnsafeSlow(65_536);
const hearer = Symbol('hearer');
const usual = Symbol('usual');

interface ReadHandle extends Handle {
  /** With the bytes where they were read into memory of their own; returns what the next are to be read into, if not the same. */
  onread(made?: ArrayBuffer): unknown;
  useUserBuffer(memory: Buffer): void;
  [hearer]: FirstHearer;
  [usual](made?: ArrayBuffer): unknown;
}

/** One serves all writes until bytes are left of one. */
let spare: WriteRequest | undefined;

interface WriteRequest extends Rest {
  buffer?: Buffer;
}

interface Streams {
  readonly WriteWrap: new () => WriteRequest;
  readonly streamBaseState: Int32Array;
  readonly kLastWriteWasAsync: number;
  readonly kReadBytesOrError: number;
  readonly kArrayBufferOffset: number;
}

const streams = findStreams();

function findStreams(): Streams | undefined {
  try {
    const found = (process as unknown as { binding(name: 'stream_wrap'): Partial<Streams> }).binding('stream_wrap');
    const isKnown =
      typeof found.WriteWrap === 'function' &&
      found.streamBaseState instanceof Int32Array &&
      [found.kLastWriteWasAsync, found.kReadBytesOrError, found.kArrayBufferOffset].every(Number.isInteger);
    return isKnown ? (found as Streams) : undefined;
  } catch {
    return undefined;
  }
}

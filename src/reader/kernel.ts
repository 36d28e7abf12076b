import type { Socket } from 'node:net';

/**
 * Hands bytes to the kernel past the stream that Node has around a socket. For a write that is taken at once, as nearly all are, that
 * stream makes objects and turns of a queue, which cost more than all that we do for a delivery ourselves.
 *
 * This is the one place that knows what is under Node's sockets: the handle, and the requests and the state that `stream_wrap` has for it.
 * Where they are not as expected, or Node's permission model forbids a look, there is no handle to be had, and whoever asks for one writes to
 * the stream. Under `--pending-deprecation` Node warns of the look (DEP0111).
 * `test/unit/kernel.test.ts` fails where they have moved.
 */
export interface Handle {
  /** The system's error as a negative number, or 0. The request is used only where bytes are left. */
  writeBuffer(request: WriteRequest, bytes: Buffer): number;
}

/** Undefined where the socket has been destroyed, or nothing is known of what is under it. */
export function handleOf(socket: Socket): Handle | undefined {
  const { _handle: handle } = socket as unknown as { _handle?: Partial<Handle> | null };
  return streams !== undefined && typeof handle?.writeBuffer === 'function' ? (handle as Handle) : undefined;
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

/** One serves all writes until bytes are left of one. */
let spare: WriteRequest | undefined;

interface WriteRequest extends Rest {
  buffer?: Buffer;
}

interface Streams {
  readonly WriteWrap: new () => WriteRequest;
  readonly streamBaseState: Int32Array;
  readonly kLastWriteWasAsync: number;
}

const streams = findStreams();

function findStreams(): Streams | undefined {
  try {
    const found = (process as unknown as { binding(name: 'stream_wrap'): Partial<Streams> }).binding('stream_wrap');
    const isKnown =
      typeof found.WriteWrap === 'function' &&
      found.streamBaseState instanceof Int32Array &&
      typeof found.kLastWriteWasAsync === 'number';
    return isKnown ? (found as Streams) : undefined;
  } catch {
    return undefined;
  }
}

import type { FileHandle } from 'node:fs/promises';

/** Reads parts of a file or of memory, so that a large upload is never in memory as a whole. */
export interface ByteSource {
  readonly bytes: number;
  /** Fewer bytes than `length` at the end, and none beyond it. */
  read(offset: number, length: number): Promise<Buffer>;
}

export function bytesOf(buffer: Buffer): ByteSource {
  return { bytes: buffer.length, read: async (offset, length) => buffer.subarray(offset, offset + length) };
}

const windowBytes = 64 * 1024;

/** Reads ahead, because formats are read in many small parts. */
export function bytesOfFile(file: FileHandle, bytes: number): ByteSource {
  let [start, window] = [0, Buffer.alloc(0)];
  const readFully = async (offset: number, length: number) => {
    const buffer = Buffer.alloc(Math.max(0, Math.min(length, bytes - offset)));
    let filled = 0;
    while (filled < buffer.length) {
      const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, offset + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return buffer.subarray(0, filled);
  };
  return {
    bytes,
    async read(offset, length) {
      if (length > windowBytes) return readFully(offset, length);
      if (offset < start || offset + length > start + window.length) {
        window = await readFully(offset, windowBytes);
        start = offset;
      }
      return window.subarray(offset - start, offset - start + length);
    },
  };
}

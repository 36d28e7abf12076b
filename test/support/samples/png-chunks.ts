import { crc32 } from 'node:zlib';

/** Makes PNG files by hand. */

export function pngChunk(type: string, data: Buffer): Buffer {
  const chunk = Buffer.alloc(12 + data.length);
  chunk.writeUInt32BE(data.length);
  chunk.write(type, 4, 'latin1');
  data.copy(chunk, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + data.length)), 8 + data.length);
  return chunk;
}

/** Puts chunks behind the header of a picture. */
export function withPngChunks(picture: Buffer, chunks: readonly Buffer[]): Buffer {
  const headerEnd = 8 + 12 + 13;
  return Buffer.concat([picture.subarray(0, headerEnd), ...chunks, picture.subarray(headerEnd)]);
}

/** The types of its chunks, whose checksums must be right. */
export function pngTypes(picture: Buffer): string[] {
  const types: string[] = [];
  for (let at = 8; at < picture.length; ) {
    const end = at + 12 + picture.readUInt32BE(at);
    if (crc32(picture.subarray(at + 4, end - 4)) !== picture.readUInt32BE(end - 4)) throw new Error(`wrong checksum at ${at}`);
    types.push(picture.toString('latin1', at + 4, at + 8));
    at = end;
  }
  return types;
}

import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import type { ByteSource } from './byte-source.ts';
import { mediaLimits } from './media-limits.ts';

/**
 * Hides the texts of a PNG from the decoder, which would decompress each of them: 5 kB can be 5 MB, in as many chunks as fit. Nothing
 * of them is needed, because renditions have no metadata. Each becomes a chunk of a type that no decoder knows, in place.
 */
export async function hideTexts(file: Pick<FileHandle, 'write'>, source: ByteSource): Promise<void> {
  let at = 8;
  let profiles = 0;
  for (let parts = 0; parts < mediaLimits.pictureParts && at + 12 <= source.bytes; parts += 1) {
    const head = await source.read(at, 8);
    const [bytes, type] = [head.readUInt32BE(0), head.toString('latin1', 4, 8)];
    if (at + 12 + bytes > source.bytes) return;
    // One colour profile is used. The decoder refuses a large one.
    if (type === 'iCCP') profiles += 1;
    if (texts.has(type) || (type === 'iCCP' && profiles > 1)) {
      const crc = Buffer.alloc(4);
      crc.writeUInt32BE(crc32(await source.read(at + 8, bytes), crc32(unknownType)));
      await file.write(unknownType, 0, 4, at + 4);
      await file.write(crc, 0, 4, at + 8 + bytes);
    }
    at += 12 + bytes;
  }
}

const texts = new Set(['tEXt', 'zTXt', 'iTXt']);

/** Its letters say: not critical, private, safe to copy. */
const unknownType = Buffer.from('skIp', 'latin1');

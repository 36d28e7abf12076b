import { type Box, boxesIn, childBoxes, MalformedBoxes } from './boxes.ts';
import type { ByteSource } from './byte-source.ts';
import type { PictureKind } from './media-kind.ts';
import { mediaLimits } from './media-limits.ts';

/** The size of a picture as its header says, read without decoding anything. */
export interface PictureSize {
  width: number;
  height: number;
  /** 1 for a picture that does not move. */
  frames: number;
  /** Of a decoded pixel: one for each channel, or two if a channel has more than 8 bits. */
  pixelBytes: number;
}

/** Undefined if the header is malformed or missing. */
export async function pictureSize(kind: PictureKind, source: ByteSource): Promise<PictureSize | undefined> {
  try {
    const size = await readers[kind](new Reader(source));
    return size && size.width > 0 && size.height > 0 && size.frames > 0 ? size : undefined;
  } catch (error) {
    if (error instanceof Truncated || error instanceof MalformedBoxes) return undefined;
    throw error;
  }
}

/** The sentence of a refusal, or undefined. */
export function sizeRefusal({ width, height, frames, pixelBytes }: PictureSize): string | undefined {
  const { picturePixels, pictureSidePixels, pictureDecodedBytes, movingPictureFrames, movingPicturePixels } = mediaLimits;
  const most = (count: number) => count.toLocaleString('en');
  if (width > pictureSidePixels || height > pictureSidePixels) {
    return `The picture has ${width} × ${height} pixels. A side may have ${most(pictureSidePixels)}.`;
  }
  if (width * height > picturePixels) {
    return `The picture has ${width} × ${height} pixels. It may have ${most(picturePixels / 1_000_000)} megapixels.`;
  }
  if (width * height * pixelBytes > pictureDecodedBytes) {
    const megapixels = Math.floor(pictureDecodedBytes / pixelBytes / 1_000_000);
    return `The picture has ${width} × ${height} pixels of ${pixelBytes} bytes. It may have ${megapixels} megapixels of that depth: save it with 8 bits for each colour.`;
  }
  if (frames > movingPictureFrames) return `The picture has more than ${most(movingPictureFrames)} frames.`;
  if (frames > 1 && frames * width * height > movingPicturePixels) {
    return `The ${frames} frames of the picture may have ${most(movingPicturePixels / 1_000_000)} megapixels together.`;
  }
  return undefined;
}

class Truncated extends Error {}

class Reader {
  readonly #source: ByteSource;
  #parts = 0;
  constructor(source: ByteSource) {
    this.#source = source;
  }
  get source(): ByteSource {
    return this.#source;
  }
  /** Exactly `length` bytes. Throws `Truncated`. */
  async read(offset: number, length: number): Promise<Buffer> {
    this.#parts += 1;
    const bytes = this.#parts > mediaLimits.pictureParts ? Buffer.alloc(0) : await this.#source.read(offset, length);
    if (bytes.length < length) throw new Truncated();
    return bytes;
  }
  isEnd(offset: number): boolean {
    return offset >= this.#source.bytes;
  }
}

const readers: Record<PictureKind, (reader: Reader) => Promise<PictureSize | undefined>> = {
  async jpeg(reader) {
    for (let at = 2; ; ) {
      const head = await reader.read(at, 4);
      const marker = head[1] as number;
      if (head[0] !== 0xff) return undefined;
      if (marker === 0xff) at += 1;
      else if (isStartOfFrame(marker)) {
        const frame = await reader.read(at + 5, 4);
        return { height: frame.readUInt16BE(0), width: frame.readUInt16BE(2), frames: 1, pixelBytes: 4 };
      } else if (hasLength(marker)) at += 2 + head.readUInt16BE(2);
      else return undefined;
    }
  },

  async png(reader) {
    const head = await reader.read(8, 18);
    if (head.readUInt32BE(0) !== 13 || head.toString('latin1', 4, 8) !== 'IHDR') return undefined;
    const [depth = 0, colourType = 0] = head.subarray(16);
    const pixelBytes = (pngChannels[colourType] ?? 4) * (depth > 8 ? 2 : 1);
    return { width: head.readUInt32BE(8), height: head.readUInt32BE(12), frames: 1, pixelBytes };
  },

  async gif(reader) {
    const screen = await reader.read(6, 7);
    let [width, height, frames] = [screen.readUInt16LE(0), screen.readUInt16LE(2), 0];
    let at = 13 + colours(screen[4] as number);
    const skipBlocks = async () => {
      for (let length = -1; length !== 0; at += length + 1) length = (await reader.read(at, 1))[0] as number;
    };
    while (!reader.isEnd(at)) {
      const [what] = await reader.read(at, 1);
      if (what === 0x3b) break;
      if (what === 0x21) {
        at += 2;
        await skipBlocks();
      } else if (what === 0x2c) {
        const frame = await reader.read(at + 1, 9);
        // A frame may be larger than the screen, and decoders make room for it.
        width = Math.max(width, frame.readUInt16LE(0) + frame.readUInt16LE(4));
        height = Math.max(height, frame.readUInt16LE(2) + frame.readUInt16LE(6));
        frames += 1;
        at += 11 + colours(frame[8] as number);
        await skipBlocks();
      } else return undefined;
    }
    return { width, height, frames, pixelBytes: 4 };
  },

  async webp(reader) {
    const form = (await reader.read(12, 4)).toString('latin1');
    const first = await reader.read(12, form === 'VP8L' ? 13 : 18);
    if (form === 'VP8 ') {
      return { width: first.readUInt16LE(14) & 0x3fff, height: first.readUInt16LE(16) & 0x3fff, frames: 1, pixelBytes: 4 };
    }
    if (form === 'VP8L') {
      const bits = first.readUInt32LE(9);
      const [width, height] = [(bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1];
      return first[8] === 0x2f ? { width, height, frames: 1, pixelBytes: 4 } : undefined;
    }
    if (form !== 'VP8X') return undefined;
    const [width, height] = [first.readUIntLE(12, 3) + 1, first.readUIntLE(15, 3) + 1];
    let frames = 0;
    for (let at = 12; !reader.isEnd(at + 8); ) {
      const chunk = await reader.read(at, 8);
      if (chunk.toString('latin1', 0, 4) === 'ANMF') frames += 1;
      const bytes = chunk.readUInt32LE(4);
      at += 8 + bytes + (bytes % 2);
    }
    return { width, height, frames: Math.max(1, frames), pixelBytes: 4 };
  },

  /** The largest size that any item of the file has. */
  async avif({ source }) {
    let largest: PictureSize | undefined;
    let isDeep = false;
    const top = await boxesIn(source, mediaLimits.pictureParts);
    const meta = top.find(({ type }) => type === 'meta');
    if (meta === undefined || meta.bytes > mediaLimits.movieIndexBytes) return undefined;
    const index = await source.read(meta.offset, meta.bytes);
    if (index.length < meta.bytes) return undefined;
    const inside = (parent: Box, skip = 0) => childBoxes(index, parent, skip);
    for (const properties of inside({ ...meta, offset: 0 }, 4).filter(({ type }) => type === 'iprp')) {
      for (const container of inside(properties).filter(({ type }) => type === 'ipco')) {
        for (const { type, offset, bytes, header } of inside(container)) {
          // 10 or 12 bits, as the configuration of the decoder says.
          if (type === 'av1C' && bytes >= header + 3) isDeep ||= ((index[offset + header + 2] as number) & 0x40) !== 0;
          if (type !== 'ispe' || bytes < header + 12) continue;
          const [width, height] = [index.readUInt32BE(offset + header + 4), index.readUInt32BE(offset + header + 8)];
          if (largest === undefined || width * height > largest.width * largest.height)
            largest = { width, height, frames: 1, pixelBytes: 4 };
        }
      }
    }
    return largest && { ...largest, pixelBytes: isDeep ? 8 : 4 };
  },
};

/** By the type of colour: grey, red with green and blue, palette, grey with opacity, red with green, blue and opacity. */
const pngChannels: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 4, 4: 2, 6: 4 };

/** All except those for tables of Huffman codes, extensions and arithmetic coding. */
function isStartOfFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

/** Markers before the first frame that have a length. The others are bare, or begin the data itself. */
function hasLength(marker: number): boolean {
  return marker === 0xc4 || marker === 0xcc || marker === 0xdb || marker === 0xdd || marker === 0xfe || (marker & 0xf0) === 0xe0;
}

/** Bytes of the table of colours, from the flags of a GIF. */
function colours(flags: number): number {
  return flags & 0x80 ? 3 * 2 ** ((flags & 0x07) + 1) : 0;
}

/** What the header of a picture says, read without decoding anything. */
export interface PictureHeader {
  kind: 'jpeg' | 'png' | 'webp' | 'avif';
  /** As stored, before the picture is turned upright. */
  width: number;
  height: number;
  isMoving: boolean;
}

/** Undefined for a file of another kind, such as SVG or HEIC, for every GIF, and for a malformed header. */
export async function readPictureHeader(file: Blob): Promise<PictureHeader | undefined> {
  try {
    const head = await bytesOf(file, 0, 16);
    if (head.getUint16(0) === 0xffd8) return await readJpeg(file);
    if (head.getUint32(0) === 0x89504e47) return await readPng(file);
    if (textAt(head, 0) === 'RIFF' && textAt(head, 8) === 'WEBP') return await readWebp(file);
    if (textAt(head, 4) === 'ftyp') return await readAvif(file);
  } catch (error) {
    // The file ends within its header.
    if (!(error instanceof RangeError)) throw error;
  }
  return undefined;
}

/** More segments or chunks before the size are not read. */
const partsMost = 1_000;
/** The index of an AVIF file stands at its start. */
const avifIndexBytes = 65_536;

async function readJpeg(file: Blob): Promise<PictureHeader | undefined> {
  let at = 2;
  for (let parts = 0; parts < partsMost; parts += 1) {
    const segment = await bytesOf(file, at, 9);
    if (segment.getUint8(0) !== 0xff) return undefined;
    const marker = segment.getUint8(1);
    if (marker === 0xff) at += 1;
    else if (isStartOfFrame(marker)) {
      return { kind: 'jpeg', width: segment.getUint16(7), height: segment.getUint16(5), isMoving: false };
    } else at += 2 + segment.getUint16(2);
  }
  return undefined;
}

/** All except those for tables of Huffman codes, extensions and arithmetic coding. */
function isStartOfFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

/** A moving PNG says so before its first pixels. */
async function readPng(file: Blob): Promise<PictureHeader | undefined> {
  const size = await bytesOf(file, 16, 8);
  const header = { kind: 'png', width: size.getUint32(0), height: size.getUint32(4) } as const;
  let at = 8;
  for (let parts = 0; parts < partsMost; parts += 1) {
    const chunk = await bytesOf(file, at, 8);
    const type = textAt(chunk, 4);
    if (type === 'acTL' || type === 'IDAT') return { ...header, isMoving: type === 'acTL' };
    at += 12 + chunk.getUint32(0);
  }
  return undefined;
}

async function readWebp(file: Blob): Promise<PictureHeader | undefined> {
  const chunk = await bytesOf(file, 12, 18);
  switch (textAt(chunk, 0)) {
    case 'VP8 ': {
      const [width, height] = [chunk.getUint16(14, true) & 0x3fff, chunk.getUint16(16, true) & 0x3fff];
      return { kind: 'webp', width, height, isMoving: false };
    }
    case 'VP8L': {
      const bits = chunk.getUint32(9, true);
      return { kind: 'webp', width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1, isMoving: false };
    }
    case 'VP8X': {
      // Two numbers of three bytes, each one less than the size.
      const [width, height] = [chunk.getUint32(12, true) & 0xffffff, chunk.getUint32(14, true) >>> 8];
      return { kind: 'webp', width: width + 1, height: height + 1, isMoving: (chunk.getUint8(8) & 0x02) !== 0 };
    }
    default:
      return undefined;
  }
}

/** The size of its first item. HEIC has the same boxes under other brands. */
async function readAvif(file: Blob): Promise<PictureHeader | undefined> {
  const index = await bytesOf(file, 0, Math.min(file.size, avifIndexBytes));
  const brands = Array.from({ length: Math.min(index.getUint32(0), 64) / 4 - 2 }, (_, at) => textAt(index, 8 + 4 * at));
  if (!brands.includes('avif')) return undefined;
  for (let at = 0; at + 16 <= index.byteLength; at += 1) {
    if (index.getUint8(at) !== 0x69 || textAt(index, at) !== 'ispe') continue;
    const isMoving = brands.includes('avis');
    return { kind: 'avif', width: index.getUint32(at + 8), height: index.getUint32(at + 12), isMoving };
  }
  return undefined;
}

async function bytesOf(file: Blob, at: number, length: number): Promise<DataView> {
  return new DataView(await file.slice(at, at + length).arrayBuffer());
}

function textAt(bytes: DataView, at: number): string {
  return String.fromCharCode(bytes.getUint8(at), bytes.getUint8(at + 1), bytes.getUint8(at + 2), bytes.getUint8(at + 3));
}

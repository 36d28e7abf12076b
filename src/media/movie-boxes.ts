import { MalformedBoxes } from './boxes.ts';

/**
 * Writes the content of the boxes that playback needs anew, from the fields that have a meaning for it. Reserved fields, texts, unknown
 * values and bytes behind the last field are not written. A content that cannot be read throws `MalformedBoxes` or a `RangeError`.
 */
export type Rewrite = (content: Buffer) => Buffer;

/** Boxes whose content depends on nothing but itself. */
export const rewrites: Readonly<Record<string, Rewrite>> = {
  vmhd: () => numbers(1, 0, 0),
  smhd: () => numbers(0, 0),
  hdlr: (content) => Buffer.concat([numbers(0, 0), part(content, 8, 4), Buffer.alloc(13)]),
  mdhd(content) {
    const { isLong, rest } = withoutTimes(content);
    const timesEnd = isLong ? 12 : 8;
    const language = rest.readUInt16BE(timesEnd);
    const letters = [10, 5, 0].map((shift) => (language >> shift) & 0x1f);
    const isKnown = letters.every((letter) => letter >= 1 && letter <= 26);
    return Buffer.concat([head(isLong), part(rest, 0, timesEnd), halves(isKnown ? language & 0x7fff : undetermined, 0)]);
  },
  elst(content) {
    const isLong = content[0] === 1;
    const bytes = isLong ? 20 : 12;
    const entries = table(content, 4, bytes);
    // The fraction of the rate.
    for (let at = bytes; at <= entries.length - 4; at += bytes) entries.fill(0, 4 + at - 2, 4 + at);
    return Buffer.concat([numbers(isLong ? 0x01000000 : 0), entries]);
  },
  stts: (content) => Buffer.concat([numbers(0), table(content, 4, 8)]),
  // Offsets are signed in version 1.
  ctts: (content) => Buffer.concat([numbers(content[0] === 1 ? 0x01000000 : 0), table(content, 4, 8)]),
  stss: (content) => Buffer.concat([numbers(0), table(content, 4, 4)]),
  stsc: (content) => Buffer.concat([numbers(0), table(content, 4, 12)]),
  stco: (content) => Buffer.concat([numbers(0), table(content, 4, 4)]),
  co64: (content) => Buffer.concat([numbers(0), table(content, 4, 8)]),
  stsz: (content) =>
    Buffer.concat([numbers(0), part(content, 4, 4), content.readUInt32BE(4) === 0 ? table(content, 8, 4) : part(content, 8, 4)]),
  pasp: (content) => part(content, 0, 8),
  clap: (content) => part(content, 0, 32),
  fiel: (content) => part(content, 0, 2),
  colr: (content) => {
    const form = part(content, 0, 4);
    if (form.toString('latin1') !== 'nclx') return part(content, 0, 10);
    return Buffer.concat([part(content, 0, 10), Buffer.from([content.readUInt8(10) & 0x80])]);
  },
  mdcv: (content) => part(content, 0, 24),
  clli: (content) => part(content, 0, 4),
  dvcC: dolbyVision,
  dvvC: dolbyVision,
  avcC,
  hvcC,
  av1C,
  vpcC: (content) => Buffer.concat([numbers(0x01000000), part(content, 4, 6), halves(0)]),
  esds: (content) => Buffer.concat([numbers(0), elementaryStream(content.subarray(4))]),
  dOps: (content) => part(content, 0, content.readUInt8(10) === 0 ? 11 : 13 + content.readUInt8(1)),
  alac: (content) => Buffer.concat([numbers(0), part(content, 4, 24)]),
  dfLa,
  dac3: (content) => part(content, 0, 3),
  dec3,
};

const undetermined = 0x55c4;

/** Version and flags, then times that are zero. */
const head = (isLong: boolean, flags = 0) => (isLong ? numbers(0x01000000 | flags, 0, 0, 0, 0) : numbers(flags, 0, 0));

export function withoutTimes(content: Buffer): { isLong: boolean; rest: Buffer } {
  const isLong = content[0] === 1;
  return { isLong, rest: content.subarray(isLong ? 20 : 12) };
}

export function rewriteMovieHeader(content: Buffer, { nextTrack }: { nextTrack: number }): Buffer {
  const { isLong, rest } = withoutTimes(content);
  const numbersEnd = isLong ? 12 : 8;
  return Buffer.concat([
    head(isLong),
    ...[part(rest, 0, numbersEnd), numbers(0x10000), halves(0x100, 0), numbers(0, 0)],
    orientation(part(rest, numbersEnd + 16, 36)),
    ...[Buffer.alloc(24), numbers(nextTrack)],
  ]);
}

/** `id`: its new one, because nothing refers to the old one. */
export function rewriteTrackHeader(content: Buffer, { id, isSound }: { id: number; isSound: boolean }): Buffer {
  const { isLong, rest } = withoutTimes(content);
  // Whether it is enabled, and used in the movie and its preview.
  const flags = content.readUInt32BE(0) & 7;
  const duration = part(rest, 8, isLong ? 8 : 4);
  const end = 8 + duration.length;
  return Buffer.concat([
    ...[head(isLong, flags), numbers(id, 0), duration, numbers(0, 0), halves(0, 0, isSound ? 0x100 : 0, 0)],
    ...[orientation(part(rest, end + 16, 36)), part(rest, end + 52, 8)],
  ]);
}

/** The fields of a sample entry before its boxes. */
export function rewriteSampleEntry(fields: Buffer, handler: 'vide' | 'soun'): Buffer {
  const reference = Buffer.concat([Buffer.alloc(6), halves(1)]);
  if (handler === 'vide') {
    const size = part(fields, 24, 4);
    const [resolution, depth] = [0x480000, 0x18];
    return Buffer.concat([
      ...[reference, Buffer.alloc(16), size, numbers(resolution, resolution, 0), halves(1)],
      ...[Buffer.alloc(32), halves(depth, 0xffff)],
    ]);
  }
  const isExtended = fields.readUInt16BE(8) === 1;
  return Buffer.concat([
    ...[reference, halves(isExtended ? 1 : 0, 0), numbers(0), part(fields, 16, 4), numbers(0), part(fields, 24, 4)],
    Buffer.alloc(isExtended ? 16 : 0),
  ]);
}

/** Brands that are known, in their order. `fallback`: if none is. The rest of the room repeats the first one. */
export function rewriteBrands(content: Buffer, fallback: string): Buffer {
  const all: string[] = [];
  for (let at = 0; at + 4 <= content.length; at += 4) if (at !== 4) all.push(content.toString('latin1', at, at + 4));
  const known = all.filter((brand) => brands.test(brand));
  const [first = fallback, ...others] = known;
  const filled = [first, '\0\0\0\0', ...others, ...Array<string>(all.length).fill(first)];
  return Buffer.from(filled.join(''), 'latin1').subarray(0, Math.max(8, content.length - (content.length % 4)));
}

const brands = /^(?:isom|iso[2-9a]|mp4[12]|avc1|av01|hvc1|M4[AB] |M4V[ PH]|MSNV|dash|f4v |3g[p2][4-6a])$/;

function avcC(content: Buffer): Buffer {
  let at = 6;
  const sets = (count: number) => {
    const start = at;
    for (let set = 0; set < count; set += 1) at += 2 + content.readUInt16BE(at);
    return part(content, start, at - start);
  };
  const sequence = sets(content.readUInt8(5) & 0x1f);
  const pictureCount = content.readUInt8(at);
  at += 1;
  const picture = sets(pictureCount);
  const start = Buffer.concat([part(content, 0, 4), Buffer.from([content.readUInt8(4) | 0xfc, content.readUInt8(5) | 0xe0])]);
  const written = [start, sequence, Buffer.from([pictureCount]), picture];
  const isHigh = [100, 110, 122, 144].includes(content.readUInt8(1));
  if (isHigh && content.length >= at + 4) {
    const [chroma = 0, luma = 0, depth = 0] = content.subarray(at);
    written.push(Buffer.from([chroma | 0xfc, luma | 0xf8, depth | 0xf8, 0]));
  }
  return Buffer.concat(written);
}

/** Sets of parameters alone. Other units, such as messages, can be any text. */
function hvcC(content: Buffer): Buffer {
  const arrays: Buffer[] = [];
  let at = 23;
  for (let array = 0; array < content.readUInt8(22); array += 1) {
    const start = at;
    const type = content.readUInt8(at) & 0x3f;
    const units = content.readUInt16BE(at + 1);
    at += 3;
    for (let unit = 0; unit < units; unit += 1) at += 2 + content.readUInt16BE(at);
    if (type >= 32 && type <= 34)
      arrays.push(Buffer.concat([Buffer.from([content.readUInt8(start) & 0xbf]), part(content, start + 1, at - start - 1)]));
  }
  return Buffer.concat([part(content, 0, 22), Buffer.from([arrays.length]), ...arrays]);
}

/** The header of the sequence alone. Metadata can be any text. */
function av1C(content: Buffer): Buffer {
  const kept: Buffer[] = [];
  for (let at = 4; at < content.length && content[at] !== 0; ) {
    const start = at;
    const first = content.readUInt8(at);
    at += (first & 0x04) === 0 ? 1 : 2;
    if ((first & 0x02) === 0) throw new MalformedBoxes('a unit of av1C has no size');
    let size = 0;
    for (let shift = 0, more = true; more; shift += 7, at += 1) {
      const byte = content.readUInt8(at);
      size |= (byte & 0x7f) << shift;
      more = (byte & 0x80) !== 0 && shift < 21;
    }
    at += size;
    if (((first >> 3) & 0x0f) === 1) kept.push(part(content, start, at - start));
  }
  return Buffer.concat([part(content, 0, 4), ...kept]);
}

/** An ES descriptor with the setup of its decoder. */
function elementaryStream(content: Buffer): Buffer {
  const stream = descriptor(content, 0, 0x03);
  const flags = stream.body.readUInt8(2);
  let at = 3 + (flags & 0x80 ? 2 : 0);
  if (flags & 0x40) at += 1 + stream.body.readUInt8(at);
  if (flags & 0x20) at += 2;
  const decoder = descriptor(stream.body, at, 0x04).body;
  const setup = decoder.length > 13 ? [written(0x05, descriptor(decoder, 13, 0x05).body)] : [];
  // The type of the stream. Its rates are zero, which means that they are not known.
  const type = Buffer.from([decoder.readUInt8(0), (decoder.readUInt8(1) & 0xfc) | 1]);
  return written(
    0x03,
    Buffer.concat([
      ...[Buffer.alloc(3), written(0x04, Buffer.concat([type, Buffer.alloc(11), ...setup]))],
      written(0x06, Buffer.from([2])),
    ]),
  );
}

function descriptor(content: Buffer, offset: number, tag: number): { body: Buffer } {
  if (content.readUInt8(offset) !== tag) throw new MalformedBoxes('not the descriptor that was expected');
  let [at, length, more] = [offset + 1, 0, true];
  for (let byte = 0; more && byte < 4; byte += 1, at += 1) {
    length = length * 128 + (content.readUInt8(at) & 0x7f);
    more = (content.readUInt8(at) & 0x80) !== 0;
  }
  return { body: part(content, at, length) };
}

function written(tag: number, body: Buffer): Buffer {
  if (body.length < 128) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const { length } = body;
  const groups = [(length >> 21) | 0x80, (length >> 14) | 0x80, (length >> 7) | 0x80, length & 0x7f];
  return Buffer.concat([Buffer.from([tag, ...groups]), body]);
}

/** The description of the stream alone, without a hash of its sound, and no comments or pictures. */
function dfLa(content: Buffer): Buffer {
  if ((content.readUInt8(4) & 0x7f) !== 0) throw new MalformedBoxes('no description of the stream');
  return Buffer.concat([numbers(0), Buffer.from([0x80, 0, 0, 34]), part(content, 8, 18), Buffer.alloc(16)]);
}

function dec3(content: Buffer): Buffer {
  let at = 2;
  for (let stream = (content.readUInt8(1) & 7) + 1; stream > 0; stream -= 1) {
    at += 3 + ((content.readUInt8(at + 2) & 0x1e) === 0 ? 0 : 1);
  }
  return part(content, 0, at);
}

function dolbyVision(content: Buffer): Buffer {
  return Buffer.concat([part(content, 0, 4), Buffer.from([content.readUInt8(4) & 0xf0]), Buffer.alloc(19)]);
}

/** A number of entries, and so many of them. */
function table(content: Buffer, offset: number, entryBytes: number): Buffer {
  return part(content, offset, 4 + content.readUInt32BE(offset) * entryBytes);
}

/** A matrix of quarter turns and reflections. Any other becomes the one that changes nothing. */
function orientation(matrix: Buffer): Buffer {
  const [a = 0, b = 0, , c = 0, d = 0] = [0, 4, 8, 12, 16].map((at) => matrix.readInt32BE(at));
  const isTurn =
    [a, b, c, d].every((value) => [0, 0x10000, -0x10000].includes(value)) && Math.abs(a * d - b * c) === 0x10000 ** 2;
  const [right, up, left, down] = isTurn ? [a, b, c, d] : [0x10000, 0, 0, 0x10000];
  return numbers(right, up, 0, left, down, 0, 0, 0, 0x40000000);
}

/** Exactly so many bytes. */
function part(content: Buffer, offset: number, length: number): Buffer {
  if (offset + length > content.length) throw new MalformedBoxes('a field is cut off');
  return Buffer.from(content.subarray(offset, offset + length));
}

/** Numbers of 32 bits. */
function numbers(...values: number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 4);
  values.forEach((value, at) => void buffer.writeUInt32BE(value >>> 0, at * 4));
  return buffer;
}

/** Numbers of 16 bits. */
function halves(...values: number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 2);
  values.forEach((value, at) => void buffer.writeUInt16BE(value, at * 2));
  return buffer;
}

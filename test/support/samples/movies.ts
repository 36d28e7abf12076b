/** Makes MP4 and M4A files by hand, small and complete enough to be stored. */

export function box(type: string, ...content: (Buffer | string)[]): Buffer {
  const body = Buffer.concat(content.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)));
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + body.length);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, body]);
}

/** Numbers of 32 bits. */
export function words(...values: number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 4);
  values.forEach((value, at) => void buffer.writeUInt32BE(value, at * 4));
  return buffer;
}

/** Where a phone says the video was taken, as `udta` holds it. */
export const place = '+48.8577+002.2950/';

/** A time in 2026, in seconds since 1904. */
const taken = 3_870_000_000;
const identity = words(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);
const quarterTurn = words(0, 0x10000, 0, 0xffff0000, 0, 0, 0, 0, 0x40000000);

export interface MovieOptions {
  brand?: string;
  /** The handlers of the tracks. */
  tracks?: readonly string[];
  codec?: string;
  isTurned?: boolean;
  /** More boxes in `moov`. */
  inMoov?: readonly Buffer[];
  /** More boxes at the end of the file. */
  after?: readonly Buffer[];
  /** More boxes in each `trak`. */
  inTrack?: readonly Buffer[];
  /** More boxes in each sample entry, and in each `stbl`. */
  inEntry?: readonly Buffer[];
  inTable?: readonly Buffer[];
  /** Bytes in `mdat` that belong to no sample, before and after the samples. */
  unused?: string;
  unusedAfter?: string;
  /** Bytes of the samples. */
  samples?: Buffer;
  /** Added to the offset of the only chunk. */
  shift?: number;
}

export function movie(options: MovieOptions = {}): Buffer {
  const { brand = 'isom', tracks = ['vide', 'soun'], samples = Buffer.from('samples of the movie'), unused = '' } = options;
  const moovFor = (start: number) => {
    const mvhd = box(
      'mvhd',
      words(0, taken, taken, 1_000, 12_500, 0x10000, 0x01000000, 0, 0),
      identity,
      words(0, 0, 0, 0, 0, 0, 3),
    );
    const traks = tracks.map((handler) => track(handler, Math.max(0, start + (options.shift ?? 0)), samples.length, options));
    const udta = box('udta', box('\u00a9xyz', words(0x001215c7), place), box('meta', words(0), 'title of the reporter'));
    return box('moov', mvhd, ...traks, udta, ...(options.inMoov ?? []));
  };
  const ftyp = box('ftyp', brand, words(0x200), brand, 'iso2mp41');
  const start = ftyp.length + moovFor(0).length + 8 + unused.length;
  return Buffer.concat([ftyp, moovFor(start), box('mdat', unused, samples, options.unusedAfter ?? ''), ...(options.after ?? [])]);
}

/** The setup of a decoder, as far as a program looks at it that does not decode. */
const setup = Buffer.from('setup of the decoder');
export const avcC = (...after: Buffer[]) =>
  box('avcC', Buffer.from([1, 66, 0, 30, 0xff, 0xe1, 0, setup.length]), setup, Buffer.from([1, 0, 2, 0x68, 0xce]), ...after);
export const esds = (...after: Buffer[]) => {
  const decoder = Buffer.concat([Buffer.from([0x40, 0x15]), Buffer.alloc(11), Buffer.from([5, setup.length]), setup]);
  const stream = Buffer.concat([Buffer.from([0, 0, 0, 4, decoder.length]), decoder, Buffer.from([6, 1, 2])]);
  return box('esds', words(0), Buffer.from([3, stream.length]), stream, ...after);
};

function track(
  handler: string,
  start: number,
  bytes: number,
  { codec, isTurned = false, inTrack = [], inEntry = [], inTable = [] }: MovieOptions,
): Buffer {
  const isPicture = handler === 'vide';
  const size = isPicture ? words(1280 * 0x10000, 720 * 0x10000) : words(0, 0);
  const tkhd = box('tkhd', words(3, taken, taken, 1, 0, 12_500, 0, 0, 0, 0), isTurned ? quarterTurn : identity, size);
  const mdhd = box('mdhd', words(0, taken, taken, 1_000, 12_500, 0x55c40000));
  const hdlr = box('hdlr', words(0, 0), handler, words(0, 0, 0), "Reporter's Camera\0");
  const fields = Buffer.alloc(isPicture ? 78 : 28);
  if (isPicture) fields.write('\u0010Encoder of phone', 42, 'latin1');
  const entry = box(codec ?? (isPicture ? 'avc1' : 'mp4a'), fields, isPicture ? avcC() : esds(), ...inEntry);
  const stbl = box(
    'stbl',
    box('stsd', words(0, 1), entry),
    box('stts', words(0, 1, 1, 12_500)),
    box('stsc', words(0, 1, 1, 1, 1)),
    box('stsz', words(0, 0, 1, bytes)),
    box('stco', words(0, 1, start)),
    ...inTable,
  );
  const dinf = box('dinf', box('dref', words(0, 1), box('url ', words(1))));
  const minf = box('minf', isPicture ? box('vmhd', words(1, 0, 0)) : box('smhd', words(0, 0)), dinf, stbl);
  return box('trak', tkhd, box('edts', box('elst', words(0, 1, 12_500, 0, 0x10000))), box('mdia', mdhd, hdlr, minf), ...inTrack);
}

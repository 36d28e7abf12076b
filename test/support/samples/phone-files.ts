import sharp from 'sharp';
import { box, movie, words } from './movies.ts';

/** Files as phones write them, with their place in each of the spots where phones and cameras write it. */

/** A place that says in which spot it stood, as no other bytes of a file do. */
export const placeIn = (spot: string) => `+48.8577+002.2950/${spot}/`;

const spotsOfMovie = [
  'udta of Apple',
  'loci of Android',
  'keys of QuickTime',
  'track udta',
  'track meta',
  'file meta',
  'uuid with XMP',
  'udta of Samsung',
  'GPMF of GoPro',
  'free box',
  'skip box',
  'after the samples',
  'before the samples',
] as const;
export const placesOfMovie = spotsOfMovie.map(placeIn);
const at = (spot: (typeof spotsOfMovie)[number]) => placeIn(spot);

/** `meta` with `keys` and `ilst`, as iPhones write it. */
function quickTimeMeta(place: string): Buffer {
  const key = 'com.apple.quicktime.location.ISO6709';
  const hdlr = box('hdlr', words(0, 0), 'mdta', words(0, 0, 0), '\0');
  const keys = box('keys', words(0, 1), box('mdta', key));
  const ilst = box('ilst', box('\0\0\0\u0001', box('data', words(1, 0), place)));
  return box('meta', hdlr, keys, ilst);
}

/** 3GPP: a name, a role, longitude, latitude and altitude as fixed-point numbers, and the name of the body. */
function loci(place: string): Buffer {
  return box('loci', words(0), '\u0015\u00c7', `${place}\0`, '\0', words(0x24b85, 0x30db92, 0), 'earth\0', '\0');
}

export function phoneMovie(): Buffer {
  const xmp = box('uuid', Buffer.from('be7acfcb97a942e89c71999491e3afac', 'hex'), at('uuid with XMP'));
  const inTrack = [box('udta', box('\u00a9xyz', words(0x001215c7), at('track udta'))), quickTimeMeta(at('track meta'))];
  const udta = box(
    'udta',
    box('\u00a9xyz', words(0x001215c7), at('udta of Apple')),
    loci(at('loci of Android')),
    box('SDLN', at('udta of Samsung')),
    box('GPMF', at('GPMF of GoPro')),
  );
  return movie({
    samples: Buffer.from('samples of the phone'),
    unused: at('before the samples'),
    unusedAfter: at('after the samples'),
    inTrack,
    inMoov: [udta, quickTimeMeta(at('keys of QuickTime')), box('free', at('free box'))],
    after: [xmp, quickTimeMeta(at('file meta')), box('skip', at('skip box'))],
  });
}

const spotsOfPicture = [
  'GPS of Exif',
  'thumbnail',
  'XMP',
  'extended XMP',
  'IPTC',
  'comment',
  'maker note',
  'colour profile',
  'other application',
  'motion photo',
] as const;
export const placesOfPicture = spotsOfPicture.map(placeIn);
const inPicture = (spot: (typeof spotsOfPicture)[number]) => placeIn(spot);

function segment(marker: number, ...content: (Buffer | string)[]): Buffer {
  const body = Buffer.concat(content.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)));
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(body.length + 2, 2);
  return Buffer.concat([head, body]);
}

/** An entry of an IFD, big-endian. */
function entry(tag: number, type: number, count: number, value: number): Buffer {
  const buffer = Buffer.alloc(12);
  buffer.writeUInt16BE(tag, 0);
  buffer.writeUInt16BE(type, 2);
  buffer.writeUInt32BE(count, 4);
  buffer.writeUInt32BE(value, 8);
  return buffer;
}

/** Exif with the directories of a photo, its maker note, its GPS and its thumbnail. */
function exif(thumbnail: Buffer): Buffer {
  const texts: Buffer[] = [];
  // Three directories of at most three entries each come first.
  let end = 8 + 3 * (2 + 3 * 12 + 4);
  const put = (bytes: Buffer) => {
    const offset = end;
    texts.push(bytes);
    end += bytes.length;
    return { offset, bytes: bytes.length };
  };
  const directory = (entries: Buffer[], next: number) => {
    const padded = Buffer.alloc(2 + 3 * 12 + 4);
    padded.writeUInt16BE(entries.length, 0);
    Buffer.concat(entries).copy(padded, 2);
    padded.writeUInt32BE(next, 2 + entries.length * 12);
    return padded;
  };
  const note = put(Buffer.from(inPicture('maker note'), 'latin1'));
  const datum = put(Buffer.from(`${inPicture('GPS of Exif')}\0`, 'latin1'));
  const latitude = put(words(51, 1, 30, 1, 0, 1));
  const small = put(thumbnail);
  const [gps, thumb] = [8 + 42, 8 + 84];
  const header = Buffer.concat([Buffer.from('MM\0*', 'latin1'), words(8)]);
  return Buffer.concat([
    Buffer.from('Exif\0\0', 'latin1'),
    header,
    directory([entry(0x8825, 4, 1, gps), entry(0x927c, 7, note.bytes, note.offset)], thumb),
    directory([entry(0x0002, 5, 3, latitude.offset), entry(0x0012, 2, datum.bytes, datum.offset)], 0),
    directory([entry(0x0201, 4, 1, small.offset), entry(0x0202, 4, 1, small.bytes)], 0),
    ...texts,
  ]);
}

const plain = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#27a' } })
    .jpeg()
    .toBuffer();

export async function phonePicture(): Promise<Buffer> {
  const [picture, small] = [await plain(640, 480), await plain(16, 12)];
  const thumbnail = Buffer.concat([small.subarray(0, 2), segment(0xfe, inPicture('thumbnail')), small.subarray(2)]);
  const microVideo = "GCamera:MicroVideo='1' GCamera:MicroVideoOffset='1000'";
  return Buffer.concat([
    picture.subarray(0, 2),
    segment(0xe1, exif(thumbnail)),
    segment(
      0xe1,
      `http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x='adobe:ns:meta/' ${microVideo}>${inPicture('XMP')}</x:xmpmeta>`,
    ),
    segment(0xe1, `http://ns.adobe.com/xmp/extension/\0${inPicture('extended XMP')}`),
    segment(0xe2, `ICC_PROFILE\0\u0001\u0001${inPicture('colour profile')}`),
    segment(0xe2, 'MPF\0', words(0x4d4d002a, 8, 0)),
    segment(0xed, 'Photoshop 3.0\x008BIM\u0004\u0004\0\0', words(64), `\u001c\u0002\u005a\0\u0020${inPicture('IPTC')}`),
    segment(0xeb, inPicture('other application')),
    segment(0xfe, inPicture('comment')),
    picture.subarray(2),
    // A motion photo has its video behind the picture.
    movie({ inMoov: [box('udta', box('\u00a9xyz', words(0x001215c7), inPicture('motion photo')))] }),
  ]);
}

import { describe, expect, it } from 'vitest';
import { type Box, childBoxes } from '../../../src/media/boxes.ts';
import { bytesOf } from '../../../src/media/byte-source.ts';
import { planCleaning } from '../../../src/media/movie-cleaning.ts';
import { box, movie, words } from '../../support/samples/movies.ts';

/** Plants bytes wherever a video has room for them, and looks for them in what is kept. */

const bytes = (...values: number[]) => Buffer.from(values);

/** Boxes that set up a decoder, and tell how pictures look. */
const setups = [
  box('hvcC', Buffer.alloc(22, 1), bytes(2, 0x20, 0, 1, 0, 3), 'vps', bytes(0x27, 0, 1, 0, 3), 'SEI'),
  box('av1C', bytes(0x81, 4, 0x0c, 0, 0x0a, 3), 'seq', bytes(0x2a, 3), 'TXT'),
  box('vpcC', words(0x01000000), bytes(0, 31, 0x80, 2, 2, 2, 0, 0)),
  box('colr', 'nclx', bytes(0, 1, 0, 1, 0, 1, 0x80)),
  box('pasp', words(1, 1)),
  box('clap', words(640, 1, 480, 1, 0, 1, 0, 1)),
  box('fiel', bytes(1, 0)),
  box('mdcv', Buffer.alloc(24, 3)),
  box('clli', words(0x03e80190)),
  box('dvcC', bytes(1, 0, 0x10, 0x2d, 0x10), Buffer.alloc(19)),
  box('dOps', bytes(0, 2, 1, 0x38, 0, 0, 0xbb, 0x80, 0, 0, 0)),
  box('alac', words(0), Buffer.alloc(24, 4)),
  box('dfLa', words(0), bytes(0x80, 0, 0, 34), Buffer.alloc(34, 5)),
  box('dac3', bytes(0x10, 0x3d, 0xc0)),
  box('dec3', bytes(0x0c, 0, 0x20, 0x0f, 0)),
];
const tables = [box('ctts', words(0, 1, 1, 0)), box('stss', words(0, 1, 1)), box('sdtp', words(0), 'x')];

/** The index comes last, so that it can grow. */
function sample(): Buffer {
  const make = (shift: number) => movie({ inEntry: setups, inTable: tables, shift });
  const first = make(0);
  const [fileType, index] = [first.readUInt32BE(0), first.readUInt32BE(first.readUInt32BE(0))];
  const file = make(-index);
  return Buffer.concat([file.subarray(0, fileType), file.subarray(fileType + index), file.subarray(fileType, fileType + index)]);
}

async function cleaned(file: Buffer): Promise<Buffer | undefined> {
  const plan = await planCleaning(bytesOf(file));
  if (plan.status === 'refused') return undefined;
  const after = Buffer.from(file);
  for (const patch of plan.patches) {
    if ('zeros' in patch) after.fill(0, patch.offset, patch.offset + patch.zeros);
    else patch.bytes.copy(after, patch.offset);
  }
  return after;
}

/** Bytes of the content before the boxes in it. */
const parents: Record<string, number> = {
  ...{ moov: 0, trak: 0, edts: 0, mdia: 0, minf: 0, dinf: 0, stbl: 0 },
  ...{ stsd: 8, dref: 8, avc1: 78, mp4a: 28 },
};

interface Place extends Box {
  /** The boxes around it. */
  around: readonly Box[];
}

function placesIn(file: Buffer, parent: Box, around: readonly Box[] = []): Place[] {
  const skip = parents[parent.type];
  const inner = skip === undefined ? [] : childBoxes(file, parent, skip);
  return [{ ...parent, around }, ...inner.flatMap((child) => placesIn(file, child, [...around, parent]))];
}

function places(file: Buffer): Place[] {
  const fileType = { type: 'ftyp', offset: 0, bytes: file.readUInt32BE(0), header: 8 };
  const at = file.lastIndexOf('moov') - 4;
  return [...placesIn(file, fileType), ...placesIn(file, { type: 'moov', offset: at, bytes: file.length - at, header: 8 })];
}

/** Parts of the contents, from and to, whose bytes may have a say in what is kept. All others must have none. */
const needed: Record<string, readonly (readonly [number, number])[]> = {
  ftyp: [
    [0, 4],
    [8, 20],
  ],
  mvhd: [
    [0, 1],
    [12, 20],
    [36, 72],
  ],
  tkhd: [
    [0, 1],
    [3, 4],
    [20, 24],
    [40, 84],
  ],
  mdhd: [
    [0, 1],
    [12, 22],
  ],
  hdlr: [[8, 12]],
  elst: [
    [0, 1],
    [4, 18],
  ],
  dref: [],
  'url ': [[1, 4]],
  stsd: [],
  avc1: [[24, 28]],
  mp4a: [
    [8, 10],
    [16, 20],
    [24, 28],
  ],
  stts: [[4, 16]],
  ctts: [
    [0, 1],
    [4, 16],
  ],
  stss: [[4, 12]],
  stsc: [[4, 20]],
  stsz: [[4, 16]],
  stco: [[4, 12]],
  avcC: [[0, 99]],
  // ES_ID, flags and rates are not needed. Tags, lengths, the type and the setup are.
  esds: [
    [4, 6],
    [8, 13],
    [24, 49],
  ],
  hvcC: [[0, 36]],
  av1C: [[0, 11]],
  vpcC: [[4, 10]],
  colr: [[0, 11]],
  pasp: [[0, 8]],
  clap: [[0, 32]],
  fiel: [[0, 2]],
  mdcv: [[0, 24]],
  clli: [[0, 4]],
  dvcC: [[0, 5]],
  dOps: [[0, 11]],
  alac: [[4, 28]],
  dfLa: [
    [4, 5],
    [8, 26],
  ],
  dac3: [[0, 3]],
  dec3: [[0, 5]],
};

describe('what is planted in a video', () => {
  it('is in no field of its boxes that playback does not need', async () => {
    const file = sample();
    const expected = await cleaned(file);
    expect(expected).toBeDefined();
    const survived: string[] = [];
    for (const { type, offset, header, bytes: length } of places(file)) {
      const end = header + (parents[type] ?? length - header);
      for (let at = header; at < end; at += 1) {
        if ((needed[type] ?? []).some(([from, to]) => at - header >= from && at - header < to)) continue;
        for (const value of [0x50, 0xaf, 0xff]) {
          const planted = Buffer.from(file);
          planted[offset + at] = value;
          const after = await cleaned(planted);
          if (after !== undefined && !after.equals(expected as Buffer)) survived.push(`${type}+${at - header}=${value}`);
        }
      }
    }
    expect(survived).toEqual([]);
  });

  it('is in none of its brands that is not known', async () => {
    for (const at of [8, 16, 20, 24]) {
      const planted = sample();
      planted.write('@51N', at, 'latin1');
      expect((await cleaned(planted))?.includes('@51N'), `at ${at}`).toBe(false);
    }
  });

  it('is not behind the last field of any box', async () => {
    const file = sample();
    const text = 'PLANTED!';
    const kept: string[] = [];
    let grown = 0;
    for (const { type, offset, bytes: length, around } of places(file)) {
      for (const extra of [text, text.slice(0, 5), `${text}${text}`]) {
        const larger = Buffer.concat([file.subarray(0, offset + length), Buffer.from(extra), file.subarray(offset + length)]);
        for (const one of [...around, { offset }])
          larger.writeUInt32BE(larger.readUInt32BE(one.offset) + extra.length, one.offset);
        // The data follows the brands.
        const stco = type === 'ftyp' ? [...places(larger)].filter((place) => place.type === 'stco') : [];
        for (const place of stco) larger.writeUInt32BE(larger.readUInt32BE(place.offset + 16) + extra.length, place.offset + 16);
        const after = await cleaned(larger);
        if (after !== undefined) grown += 1;
        if (after?.includes(extra.slice(0, 4)) === true) kept.push(type);
      }
    }
    expect(kept).toEqual([]);
    // Most boxes may be longer than what is known of them.
    expect(grown).toBeGreaterThan(50);
  });

  it('is not in messages beside the setup of a decoder', async () => {
    const after = await cleaned(sample());
    for (const [text, isKept] of [
      ['vps', true],
      ['seq', true],
      ['SEI', false],
      ['TXT', false],
    ] as const) {
      expect([text, after?.includes(text)]).toEqual([text, isKept]);
    }
  });
});

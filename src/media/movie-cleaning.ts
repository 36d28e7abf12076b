import { type Box, boxesIn, childBoxes, MalformedBoxes } from './boxes.ts';
import type { ByteSource } from './byte-source.ts';
import { mediaLimits } from './media-limits.ts';
import {
  type Rewrite,
  rewriteBrands,
  rewriteMovieHeader,
  rewriteSampleEntry,
  rewrites,
  rewriteTrackHeader,
} from './movie-boxes.ts';
import { bytesBetween, chunksOf, type Range } from './movie-chunks.ts';

/**
 * Cleans MP4 and M4A files in place, without decoding or moving anything: every box that playback does not need becomes a `free` box
 * of the same size, filled with zeros, so that all offsets stay right. The others are written anew from the fields that are understood
 * (`movie-boxes.ts`), and end in a `free` box if they are shorter then. Bytes that belong to no sample become zeros too.
 */
export type MoviePlan =
  | { status: 'cleanable'; type: 'video' | 'audio'; movie: MovieFacts; patches: Patch[] }
  | { status: 'refused'; detail: string };

export interface MovieFacts {
  /** As displayed: sides are swapped if the video is shown on its side. Null for sound. */
  width: number | null;
  height: number | null;
  durationSeconds: number;
}

/** Overwrites a part of the file with these bytes, or with zeros. */
export type Patch = { offset: number; bytes: Buffer } | { offset: number; zeros: number };

export async function planCleaning(source: ByteSource): Promise<MoviePlan> {
  try {
    return await plan(source);
  } catch (error) {
    if (error instanceof Refusal) return { status: 'refused', detail: error.message };
    if (error instanceof MalformedBoxes || error instanceof RangeError) {
      return { status: 'refused', detail: 'The file is damaged or incomplete: its boxes contradict each other.' };
    }
    throw error;
  }
}

class Refusal extends Error {}

/** Boxes that stay. All others are blanked. */
const kept = {
  moov: new Set(['mvhd', 'trak']),
  trak: new Set(['tkhd', 'edts', 'mdia']),
  edts: new Set(['elst']),
  mdia: new Set(['mdhd', 'hdlr', 'minf']),
  minf: new Set(['vmhd', 'smhd', 'dinf', 'stbl']),
  dinf: new Set(['dref']),
  stbl: new Set(['stsd', 'stts', 'ctts', 'stss', 'stsc', 'stsz', 'stco', 'co64']),
};
const fragments = new Set(['moof', 'mvex', 'mfra', 'sidx', 'styp', 'ssix', 'emsg', 'prft']);
const codecs = {
  vide: new Set(['avc1', 'avc3', 'hvc1', 'hev1', 'av01', 'vp08', 'vp09', 'mp4v']),
  soun: new Set(['mp4a', 'alac', 'Opus', 'fLaC', 'ac-3', 'ec-3', '.mp3']),
};
const codecBoxes = new Set(
  'avcC hvcC av1C vpcC esds colr pasp clap fiel dOps alac dfLa dac3 dec3 mdcv clli dvcC dvvC'.split(' '),
);
/** Bytes of the content of the headers, with short and with long times. */
const headerBytes = { mvhd: [100, 112], tkhd: [84, 96], mdhd: [24, 36] } as const;
/** More than files have. Further brands are blanked. */
const brandBytes = 4_096;
/** Bytes of a sample entry before its boxes. */
const visualEntry = { fields: 6 + 2 + 70 };
const soundEntry = { fields: 6 + 2 + 20, versionAt: 8, moreInVersion1: 16 };

async function plan(source: ByteSource): Promise<MoviePlan> {
  const top = await boxesIn(source, mediaLimits.movieBoxes);
  if (top.some(({ type }) => fragments.has(type))) refuseFragments();
  const [moov, ...more] = top.filter(({ type }) => type === 'moov');
  if (top[0]?.type !== 'ftyp' || moov === undefined || more.length > 0) throw new MalformedBoxes('not one moov');
  if (moov.bytes > mediaLimits.movieIndexBytes) throw new Refusal('The index of the file is too large.');

  const index = Buffer.from(await source.read(moov.offset, moov.bytes));
  if (index.length < moov.bytes) throw new MalformedBoxes('moov is cut off');
  const cleaner = new IndexCleaner(index);
  const { type, movie, chunks } = cleaner.clean({ ...moov, offset: 0 });

  const [brands] = top as [Box];
  const fileType = Buffer.from(
    await source.read(brands.offset + brands.header, Math.min(brands.bytes - brands.header, brandBytes)),
  );
  const patches: Patch[] = [
    { offset: brands.offset + brands.header, bytes: rewriteBrands(fileType, type === 'video' ? 'isom' : 'M4A ') },
    { offset: moov.offset, bytes: index },
  ];
  const brandsEnd = brands.offset + brands.header + (fileType.length - (fileType.length % 4));
  patches.push({ offset: brandsEnd, zeros: brands.offset + brands.bytes - brandsEnd });
  for (const { type, offset, bytes, header } of top) {
    if (type === 'ftyp' || type === 'moov') continue;
    if (type === 'mdat') patches.push(...bytesBetween(chunks, offset + header, offset + bytes));
    else patches.push({ offset: offset + 4, bytes: Buffer.from('free') }, { offset: offset + header, zeros: bytes - header });
  }
  const data = top.filter(({ type }) => type === 'mdat');
  if (data.length > mediaLimits.movieDataBoxes) throw new MalformedBoxes('too many mdat');
  for (const { start, end } of chunks) {
    const isInside = data.some(({ offset, bytes, header }) => start >= offset + header && end <= offset + bytes);
    if (!isInside) throw new MalformedBoxes('a sample lies outside of the data');
  }
  return { status: 'cleanable', type, movie, patches: patches.filter((patch) => !('zeros' in patch) || patch.zeros > 0) };
}

/** Cleans `moov`, which is in memory, and reads what is needed from it. */
class IndexCleaner {
  readonly #index: Buffer;
  #boxes = 0;
  constructor(index: Buffer) {
    this.#index = index;
  }

  clean(moov: Box): { type: 'video' | 'audio'; movie: MovieFacts; chunks: Range[] } {
    const boxes = this.#keep(moov, kept.moov);
    const durationSeconds = this.#movieHeader(one(boxes, 'mvhd'));
    const tracks = boxes.filter(({ type }) => type === 'trak');
    if (tracks.length > mediaLimits.movieTracks) throw new Refusal('The file has too many tracks.');
    const seen = tracks.map((track, at) => this.#track(track, at + 1));
    const [picture, ...morePictures] = seen.filter(({ size }) => size !== undefined);
    if (seen.length === 0) throw new Refusal('The file has neither picture nor sound.');
    if (morePictures.length > 0) throw new Refusal('The video has several picture tracks. Export it with one.');
    const { width = null, height = null } = picture?.size ?? {};
    this.#rewrite(one(boxes, 'mvhd'), (content) => rewriteMovieHeader(content, { nextTrack: tracks.length + 1 }));
    const chunks = seen.flatMap((track) => track.chunks).sort((a, b) => a.start - b.start);
    return { type: picture ? 'video' : 'audio', movie: { width, height, durationSeconds }, chunks };
  }

  #track(trak: Box, id: number): { size: { width: number; height: number } | undefined; chunks: Range[] } {
    const boxes = this.#keep(trak, kept.trak);
    for (const edits of boxes.filter(({ type }) => type === 'edts')) this.#rewriteAll(this.#keep(edits, kept.edts));
    const media = this.#keep(one(boxes, 'mdia'), kept.mdia);
    this.#requireSize(one(media, 'mdhd'), 'mdhd');
    const handler = this.#handler(one(media, 'hdlr'));
    const information = this.#keep(one(media, 'minf'), kept.minf);
    const references = this.#keep(one(information, 'dinf'), kept.dinf);
    this.#ownDataOnly(one(references, 'dref'));
    const table = this.#keep(one(information, 'stbl'), kept.stbl);
    this.#sampleEntries(one(table, 'stsd'), handler);
    const size = this.#trackHeader(one(boxes, 'tkhd'));
    if (handler === 'vide' && (size.width === 0 || size.height === 0)) throw new MalformedBoxes('a picture without size');
    const chunks = chunksOf(this.#index, table);
    this.#rewrite(one(boxes, 'tkhd'), (content) => rewriteTrackHeader(content, { id, isSound: handler === 'soun' }));
    this.#rewriteAll([one(media, 'mdhd'), one(media, 'hdlr')]);
    this.#rewriteAll(information.filter(({ type }) => type === 'vmhd' || type === 'smhd'));
    this.#rewriteAll(table.filter(({ type }) => type !== 'stsd'));
    return { size: handler === 'vide' ? size : undefined, chunks };
  }

  /** The boxes in `parent` that stay. The others are blanked. */
  #keep(parent: Box, names: ReadonlySet<string>, skip = 0): Box[] {
    const boxes = childBoxes(this.#index, parent, skip);
    this.#boxes += boxes.length;
    if (this.#boxes > mediaLimits.movieBoxes) throw new MalformedBoxes('too many boxes');
    return boxes.filter((box) => {
      if (fragments.has(box.type)) refuseFragments();
      if (box.type === 'sinf' || box.type === 'pssh') throw new Refusal('The file is encrypted.');
      if (names.has(box.type)) return true;
      this.#index.write('free', box.offset + 4, 'latin1');
      this.#index.fill(0, box.offset + box.header, box.offset + box.bytes);
      return false;
    });
  }

  /** Writes a box anew, in the same room. What is left of it becomes a `free` box, or zeros if it is too short for one. */
  #rewrite({ type, offset, bytes, header }: Box, make: Rewrite): void {
    const content = this.#index.subarray(offset + header, offset + bytes);
    const written = make(content);
    if (written.length > content.length) throw new MalformedBoxes(`${type} is too short`);
    written.copy(content);
    content.fill(0, written.length);
    const left = content.length - written.length;
    if (left < 8 || header > 8) return;
    this.#index.writeUInt32BE(bytes - left, offset);
    this.#index.writeUInt32BE(left, offset + bytes - left);
    this.#index.write('free', offset + bytes - left + 4, 'latin1');
  }

  #rewriteAll(boxes: readonly Box[]): void {
    for (const box of boxes) this.#rewrite(box, rewrites[box.type] as Rewrite);
  }

  /** The content of a box, which must have at least so many bytes. */
  #content({ type, offset, bytes, header }: Box, least: number): Buffer {
    if (bytes - header < least) throw new MalformedBoxes(`${type} is too short`);
    return this.#index.subarray(offset + header, offset + bytes);
  }

  /** Returns what follows the times of creation and modification. */
  #requireSize(box: Box, name: keyof typeof headerBytes): { rest: Buffer; isLong: boolean } {
    const content = this.#content(box, 4);
    const isLong = content[0] === 1;
    if (content.length !== headerBytes[name][isLong ? 1 : 0]) throw new MalformedBoxes(`the size of ${name} is wrong`);
    return { rest: content.subarray(isLong ? 20 : 12), isLong };
  }

  /** Seconds. */
  #movieHeader(mvhd: Box): number {
    const { rest, isLong } = this.#requireSize(mvhd, 'mvhd');
    const timescale = rest.readUInt32BE(0);
    const duration = isLong ? Number(rest.readBigUInt64BE(4)) : rest.readUInt32BE(4);
    const isUnknown = duration === 0 || duration >= (isLong ? Number.MAX_SAFE_INTEGER : 0xffffffff);
    if (timescale === 0 || isUnknown) throw new MalformedBoxes('no duration');
    return Math.round((duration / timescale) * 1_000) / 1_000;
  }

  #trackHeader(tkhd: Box): { width: number; height: number } {
    const { rest } = this.#requireSize(tkhd, 'tkhd');
    const end = rest.length;
    const [width, height] = [rest.readUInt32BE(end - 8), rest.readUInt32BE(end - 4)].map((fixed) => Math.round(fixed / 65_536));
    // A quarter turn has zeros on the diagonal of its matrix.
    const isTurned = rest.readInt32BE(end - 44) === 0 && rest.readInt32BE(end - 28) === 0;
    const [across, down] = isTurned ? [height, width] : [width, height];
    return { width: across as number, height: down as number };
  }

  #handler(hdlr: Box): 'vide' | 'soun' {
    const content = this.#content(hdlr, 24);
    const handler = content.toString('latin1', 8, 12);
    if (handler !== 'vide' && handler !== 'soun') {
      throw new Refusal(
        'The file has a track that is neither picture nor sound, such as positions of a camera. Export it without that track.',
      );
    }
    return handler;
  }

  #ownDataOnly(dref: Box): void {
    const entries = childBoxes(this.#index, dref, 8);
    this.#content(dref, 8).fill(0, 0, 4);
    this.#content(dref, 8).writeUInt32BE(entries.length, 4);
    for (const entry of entries) {
      const flags = this.#content(entry, 4).readUIntBE(1, 3);
      if (entry.type !== 'url ' || flags !== 1) throw new Refusal('The file refers to another file for its data.');
      this.#rewrite(entry, () => Buffer.from([0, 0, 0, 1]));
    }
  }

  #sampleEntries(stsd: Box, handler: 'vide' | 'soun'): void {
    const entries = childBoxes(this.#index, stsd, 8);
    this.#content(stsd, 8).fill(0, 0, 4);
    this.#content(stsd, 8).writeUInt32BE(entries.length, 4);
    for (const entry of entries) {
      if (entry.type === 'encv' || entry.type === 'enca') throw new Refusal('The file is encrypted.');
      if (!codecs[handler].has(entry.type)) throw new Refusal('The file has a track in a format that browsers do not play.');
      const content = this.#content(entry, handler === 'vide' ? visualEntry.fields : soundEntry.fields);
      let { fields } = handler === 'vide' ? visualEntry : soundEntry;
      if (handler === 'soun' && content.readUInt16BE(soundEntry.versionAt) === 1) fields += soundEntry.moreInVersion1;
      const boxes = this.#keep(entry, codecBoxes, fields);
      rewriteSampleEntry(content, handler).copy(content);
      for (const box of boxes) {
        const { type, offset, bytes, header } = box;
        // A colour profile contains texts. Codes do not.
        const isProfile =
          type === 'colr' && !/^ncl[xc]$/.test(this.#index.toString('latin1', offset + header, offset + header + 4));
        if (isProfile) {
          this.#index.write('free', offset + 4, 'latin1');
          this.#index.fill(0, offset + header, offset + bytes);
        } else this.#rewrite(box, rewrites[type] as Rewrite);
      }
    }
  }
}

function one(boxes: readonly Box[], name: string): Box {
  const [box, ...more] = boxes.filter(({ type }) => type === name);
  if (box === undefined || more.length > 0) throw new MalformedBoxes(`not one ${name}`);
  return box;
}

function refuseFragments(): never {
  throw new Refusal('Fragmented MP4 files cannot be uploaded. Export the file as a plain MP4.');
}

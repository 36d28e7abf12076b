import { type Box, MalformedBoxes } from './boxes.ts';
import { mediaLimits } from './media-limits.ts';

/** A part of a file, from `start` to before `end`. */
export interface Range {
  start: number;
  end: number;
}

/** The ranges of the file that hold the samples of a track, one for each chunk, from the tables in the boxes of its `stbl`. */
export function chunksOf(index: Buffer, table: readonly Box[]): Range[] {
  const starts = chunkOffsets(index, table);
  const sizeAt = sampleSizes(tableOf(index, table, 'stsz'));
  const runs = samplesPerChunk(tableOf(index, table, 'stsc'));
  const ranges: Range[] = [];
  let [sample, run] = [0, 0];
  for (const [chunk, start] of starts.entries()) {
    while (run + 1 < runs.length && (runs[run + 1]?.firstChunk ?? 0) <= chunk + 1) run += 1;
    const { firstChunk = 0, samples = 0 } = runs[run] ?? {};
    if (firstChunk > chunk + 1) throw new MalformedBoxes('stsc does not begin with the first chunk');
    ranges.push({ start, end: start + sizeAt(sample, samples) });
    sample += samples;
  }
  return ranges;
}

/** The zeros to write between two offsets, where no chunk lies. The chunks are sorted by their start. */
export function bytesBetween(chunks: readonly Range[], start: number, end: number): { offset: number; zeros: number }[] {
  const gaps: { offset: number; zeros: number }[] = [];
  let at = start;
  for (const chunk of chunks) {
    if (chunk.start >= end) break;
    if (chunk.end <= at) continue;
    if (chunk.start > at) gaps.push({ offset: at, zeros: chunk.start - at });
    at = Math.max(at, chunk.end);
  }
  if (at < end) gaps.push({ offset: at, zeros: end - at });
  return gaps;
}

/** The content of a table, without its version and flags. */
function tableOf(index: Buffer, table: readonly Box[], name: string): Buffer {
  const [box, ...more] = table.filter(({ type }) => type === name);
  if (box === undefined || more.length > 0) throw new MalformedBoxes(`not one ${name}`);
  return index.subarray(box.offset + box.header + 4, box.offset + box.bytes);
}

function chunkOffsets(index: Buffer, table: readonly Box[]): number[] {
  const isLong = table.some(({ type }) => type === 'co64');
  const offsets = tableOf(index, table, isLong ? 'co64' : 'stco');
  const count = offsets.readUInt32BE(0);
  if (count > mediaLimits.movieChunks || offsets.length < 4 + count * (isLong ? 8 : 4)) throw new MalformedBoxes('chunks');
  return Array.from({ length: count }, (_, at) =>
    isLong ? Number(offsets.readBigUInt64BE(4 + at * 8)) : offsets.readUInt32BE(4 + at * 4),
  );
}

/** Returns a function that adds up the sizes of `count` samples from `first` on. */
function sampleSizes(sizes: Buffer): (first: number, count: number) => number {
  const [same, total] = [sizes.readUInt32BE(0), sizes.readUInt32BE(4)];
  if (same === 0 && sizes.length < 8 + total * 4) throw new MalformedBoxes('stsz');
  return (first, count) => {
    if (first + count > total) throw new MalformedBoxes('more samples in chunks than in stsz');
    if (same > 0) return same * count;
    let bytes = 0;
    for (let at = first; at < first + count; at += 1) bytes += sizes.readUInt32BE(8 + at * 4);
    return bytes;
  };
}

function samplesPerChunk(runs: Buffer): { firstChunk: number; samples: number }[] {
  const count = runs.readUInt32BE(0);
  if (runs.length < 4 + count * 12) throw new MalformedBoxes('stsc');
  return Array.from({ length: count }, (_, at) => ({
    firstChunk: runs.readUInt32BE(4 + at * 12),
    samples: runs.readUInt32BE(8 + at * 12),
  }));
}

import type { Format } from './encoded-events.ts';
import { streamLimits } from './stream-limits.ts';
import type { Tail } from './tail.ts';

/**
 * The changes after an offset, encoded for a transport: the frames of one write, the number of events, and the offset of the last
 * one.
 */
export interface EncodedBatch {
  readonly after: number;
  readonly format: Format;
  readonly frames: Buffer;
  readonly events: number;
  readonly last: number;
  /** The dates of the events, in milliseconds since 1970. */
  readonly atMs: readonly number[];
  /** The writes that are not reported yet (`WriteReports`). */
  writes: number;
}

/** Batches of a tail, each encoded once for all readers. Dropped when the tail changes. */
export class EncodedBatches {
  readonly #made = new Map<string, EncodedBatch>();
  /** Consecutive readers nearly always have the same offset. */
  #latest: EncodedBatch | undefined;

  /** The changes after an offset as frames, up to a size. Each frame covers the offsets since the one before it. */
  after(tail: Tail, after: number, format: Format): EncodedBatch {
    if (this.#latest?.after === after && this.#latest.format === format) return this.#latest;
    const key = `${format.name} ${after}`;
    this.#latest = this.#made.get(key) ?? cut(tail, after, format);
    if (this.#made.size < streamLimits.sharedAnswers) this.#made.set(key, this.#latest);
    return this.#latest;
  }

  drop(): void {
    this.#made.clear();
    this.#latest = undefined;
  }
}

function cut(tail: Tail, after: number, format: Format): EncodedBatch {
  const frames: Buffer[] = [];
  const atMs: number[] = [];
  let last = after;
  let bytes = 0;
  for (const change of tail.after(after)) {
    const frame = change.frame(format, last + 1);
    bytes += frame.length;
    if (frames.length > 0 && bytes > streamLimits.sliceBytes) break;
    frames.push(frame);
    atMs.push(change.atMs);
    last = change.offset;
  }
  const [first] = frames;
  const whole = frames.length === 1 && first !== undefined ? first : Buffer.concat(frames);
  return { after, format, frames: whole, events: frames.length, last, atMs, writes: 0 };
}

import type { EncodedBatch } from './encoded-batches.ts';

/** Receives the date of an event, in milliseconds since 1970, and the number of readers to which it was just written. */
export type OnWritten = (atMs: number, readers: number) => void;

/**
 * Reports when events were written, once for all readers of a turn: per reader it only counts, because reading a clock for each
 * would slow down delivery to a crowd.
 */
export class WriteReports {
  readonly #onWritten: OnWritten;
  #written: EncodedBatch[] = [];

  constructor(onWritten: OnWritten) {
    this.#onWritten = onWritten;
  }

  /** The batch was written to a reader. */
  count(batch: EncodedBatch): void {
    batch.writes += 1;
    if (batch.writes === 1) this.#written.push(batch);
  }

  /** Call at the end of a turn. */
  report(): void {
    if (this.#written.length === 0) return;
    for (const batch of this.#written) {
      for (const atMs of batch.atMs) this.#onWritten(atMs, batch.writes);
      batch.writes = 0;
    }
    this.#written = [];
  }
}

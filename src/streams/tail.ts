import type { EncodedChange } from './encoded-events.ts';
import { streamLimits } from './stream-limits.ts';

/**
 * The newest part of a channel's journal, in memory: the check of each offset, and the change at that offset unless a later
 * change of the same post superseded it. So replays are compacted, and a cursor at a superseded offset can still be compared.
 *
 * The tail knows every offset after `start` up to `head`. A reader at `completeFrom` or later can be brought to `head` from the
 * tail. `completeFrom` is `start`, unless a text was erased.
 */
export class Tail {
  /** Every later offset is known. */
  start: number;
  head: number;
  bytes = 0;
  /** Index 0 is offset `start + 1`. The check of a superseded offset is unknown if it was passed over in one read. */
  #slots: { check: string | undefined; change: EncodedChange | undefined }[] = [];
  #startCheck: string | undefined;
  readonly #latest = new Map<string | null, number>();
  /** Offsets of erased changes that no later change of the same post has superseded yet. */
  readonly #holes = new Map<string | null, number>();

  constructor(head: number, check: string) {
    this.start = head;
    this.head = head;
    this.#startCheck = check;
  }

  get size(): number {
    return this.#latest.size;
  }

  /** The tail has every change after this offset. */
  get completeFrom(): number {
    return this.#holes.size === 0 ? this.start : Math.max(this.start, ...this.#holes.values());
  }

  /** Appends a change above the head. The offsets in between were superseded. */
  push(change: EncodedChange): void {
    this.#supersede(change.subject);
    this.#holes.delete(change.subject);
    while (this.head + 1 < change.offset) this.#append(undefined, undefined);
    this.#append(change.check, change);
    this.#latest.set(change.subject, change.offset);
    this.bytes += change.bytes;
    this.#trim();
  }

  /** Moves the head to an offset above the last change. */
  advance(offset: number, check: string): void {
    while (this.head < offset - 1) this.#append(undefined, undefined);
    if (this.head < offset) this.#append(check, undefined);
    this.#trim();
  }

  /**
   * Drops the held change of a post whose text was erased. A takedown stays, because it has no text. Until a later change of the
   * post arrives, readers that have not received the dropped change cannot be served from the tail.
   */
  forget(subject: string | null): void {
    const offset = this.#latest.get(subject);
    if (offset === undefined || this.#slots[offset - this.start - 1]?.change?.isTakedown) return;
    this.#drop(subject, offset);
  }

  /** Drops all changes, including takedowns: any text in them may have been erased. */
  forgetAll(): void {
    for (const [subject, offset] of [...this.#latest]) this.#drop(subject, offset);
  }

  #drop(subject: string | null, offset: number): void {
    this.#supersede(subject);
    this.#holes.set(subject, offset);
  }

  /** The check at an offset, if known. */
  check(offset: number): string | undefined {
    if (offset === this.start) return this.#startCheck;
    return this.#slots[offset - this.start - 1]?.check;
  }

  /** The offset of the latest held change of a post, or 0. */
  latestOffset(subject: string | null): number {
    return this.#latest.get(subject) ?? 0;
  }

  /** The changes after an offset, oldest first. `after` must not be before `completeFrom`. */
  *after(after: number): Generator<EncodedChange> {
    for (let index = Math.max(0, after - this.start); index < this.#slots.length; index += 1) {
      const change = this.#slots[index]?.change;
      if (change !== undefined) yield change;
    }
  }

  #append(check: string | undefined, change: EncodedChange | undefined): void {
    this.#slots.push({ check, change });
    this.head += 1;
  }

  #supersede(subject: string | null): void {
    const offset = this.#latest.get(subject);
    if (offset === undefined) return;
    this.#latest.delete(subject);
    const slot = this.#slots[offset - this.start - 1];
    if (slot?.change === undefined) return;
    this.bytes -= slot.change.bytes;
    slot.change = undefined;
  }

  /** Beyond a bound, trims to three quarters of it, so that the average cost of an append stays constant. */
  #trim(): void {
    const { tailOffsets, tailBytes } = streamLimits;
    const slots = this.#slots;
    if (slots.length <= tailOffsets && this.bytes <= tailBytes) return;
    let count = 0;
    let bytes = this.bytes;
    while (count < slots.length - 1 && (slots.length - count > tailOffsets * 0.75 || bytes > tailBytes * 0.75)) {
      bytes -= slots[count]?.change?.bytes ?? 0;
      count += 1;
    }
    this.#cut(count);
  }

  #cut(count: number): void {
    if (count === 0) return;
    for (const slot of this.#slots.slice(0, count)) {
      if (slot.change === undefined) continue;
      this.bytes -= slot.change.bytes;
      this.#latest.delete(slot.change.subject);
    }
    // The check at the new start may be unknown. The journal then compares cursors there.
    this.#startCheck = this.#slots[count - 1]?.check;
    this.#slots = this.#slots.slice(count);
    this.start += count;
    for (const [subject, offset] of this.#holes) if (offset <= this.start) this.#holes.delete(subject);
  }
}

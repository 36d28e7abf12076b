import type { Position } from '../../protocol/cursor.ts';
import { redisLimits } from './redis-limits.ts';

const { rememberedAnnouncements: rememberedMost } = redisLimits;

export interface TrackerMark {
  /** The highest offset that was announced or read. Every offset that this node gives out is at or below it. */
  highest: number;
  /** Announcements and reads so far. */
  news: number;
}

/**
 * Tracks the recent announcements of a channel on this node, and whether the head of the journal matches them. Announcements may
 * be late, duplicated and out of order, so the last one says nothing, but the highest one does. Free of side effects, so the
 * simulation runs this class too.
 */
export class AnnouncementTracker {
  readonly #checks = new Map<number, string>();
  #highest = 0;
  #news = 0;

  /** Take this before asking the journal for its head. */
  get mark(): TrackerMark {
    return { highest: this.#highest, news: this.#news };
  }

  get hasNoAnnouncements(): boolean {
    return this.#checks.size === 0;
  }

  note(offset: number, check: string): void {
    this.#news += 1;
    this.#checks.delete(offset);
    this.#checks.set(offset, check);
    this.#highest = Math.max(this.#highest, offset);
    if (this.#checks.size > rememberedMost) this.#checks.delete(this.#checks.keys().next().value as number);
  }

  /**
   * The journal was read up to this offset. That is not an announcement. A head below the highest offset has lost what was read.
   */
  read(offset: number, isHead = true): void {
    this.#news += 1;
    // Announcements beyond the head are lost. They may come back from a node that had them, and must not count as known then.
    if (isHead && offset < this.#highest) for (const known of this.#checks.keys()) if (known > offset) this.#checks.delete(known);
    this.#highest = Math.max(this.#highest, offset);
  }

  /** Whether the head was announced and is not below the mark. If it is below, the journal lost entries. */
  fits({ offset, check }: Position, before: TrackerMark): boolean {
    return offset >= before.highest && this.#checks.get(offset) === check;
  }

  /** The journal has this head, which did not match. Returns whether the journal lost what was announced or read here. */
  found({ offset, check }: Position, before: TrackerMark): boolean {
    const isLost = offset < before.highest;
    if (isLost) this.forget();
    this.note(offset, check);
    return isLost;
  }

  /**
   * The journal is missing. Announcements or reads after the mark belong to a journal that was created since, so nothing is gone
   * then.
   */
  isGone(before: TrackerMark): boolean {
    return this.#news === before.news;
  }

  /** The journal no longer exists. */
  forget(): void {
    this.#checks.clear();
    this.#highest = 0;
  }
}

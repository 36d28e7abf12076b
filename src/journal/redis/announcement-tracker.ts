import type { Position } from '../../protocol/cursor.ts';
import { redisLimits } from './redis-limits.ts';

const { rememberedAnnouncements: rememberedMost } = redisLimits;

export interface TrackerMark {
  /** The highest offset that was announced or read. This node serves no offset above it. */
  highest: number;
  /** The number of announcements and reads so far. */
  observations: number;
}

/**
 * Tracks the recent announcements of a channel on this node, and whether the head of the journal matches them. Announcements may
 * be late, duplicated and out of order, so the highest offset counts, not the last announcement. The class has no side effects,
 * so the simulation runs it too.
 */
export class AnnouncementTracker {
  readonly #checks = new Map<number, string>();
  #highest = 0;
  #observations = 0;

  /** Take the mark before reading the head of the journal. */
  get mark(): TrackerMark {
    return { highest: this.#highest, observations: this.#observations };
  }

  get hasNoAnnouncements(): boolean {
    return this.#checks.size === 0;
  }

  note(offset: number, check: string): void {
    this.#observations += 1;
    this.#checks.delete(offset);
    this.#checks.set(offset, check);
    this.#highest = Math.max(this.#highest, offset);
    if (this.#checks.size > rememberedMost) this.#checks.delete(this.#checks.keys().next().value as number);
  }

  /**
   * Call when the journal was read up to this offset. A read does not count as an announcement. A later head below this offset
   * shows that the journal lost entries that were read.
   */
  read(offset: number, isHead = true): void {
    this.#observations += 1;
    // The entries of announcements beyond the head are lost. If they reappear, for example from another Redis server, they must
    // not count as announced.
    if (isHead && offset < this.#highest) for (const known of this.#checks.keys()) if (known > offset) this.#checks.delete(known);
    this.#highest = Math.max(this.#highest, offset);
  }

  /** Whether the head was announced and is not below the mark. A head below the mark shows that the journal lost entries. */
  fits({ offset, check }: Position, before: TrackerMark): boolean {
    return offset >= before.highest && this.#checks.get(offset) === check;
  }

  /** Call with a head that did not fit. Returns whether the journal lost entries that were announced or read here. */
  found({ offset, check }: Position, before: TrackerMark): boolean {
    const isLost = offset < before.highest;
    if (isLost) this.forget();
    this.note(offset, check);
    return isLost;
  }

  /**
   * Call when the journal is missing. Returns whether the channel is gone. If anything was announced or read after the mark, the
   * channel was created since, and is not gone.
   */
  isGone(before: TrackerMark): boolean {
    return this.#observations === before.observations;
  }

  /** Call when the journal no longer exists. */
  forget(): void {
    this.#checks.clear();
    this.#highest = 0;
  }
}

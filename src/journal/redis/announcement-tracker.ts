import type { Position } from '../../protocol/cursor.ts';
import { redisLimits } from './redis-limits.ts';

const { rememberedAnnouncements: rememberedMost } = redisLimits;

export interface TrackerMark {
  /** The highest offset that was announced, or read from the journal: what is given out from here may stand there. */
  highest: number;
  /** How often something was. */
  news: number;
}

/**
 * What was announced last on a channel here, and whether the head of the journal fits it. Announcements come late, twice and in any order,
 * so what was announced last says nothing; the highest that was announced does. Pure, and so what the simulation runs, too.
 */
export class AnnouncementTracker {
  readonly #checks = new Map<number, string>();
  #highest = 0;
  #news = 0;

  /** To be taken before the journal is asked where it stands. */
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

  /** The journal was read up to here, which says nothing of what was announced. A head that lies below it has lost what was read. */
  read(offset: number, isHead = true): void {
    this.#news += 1;
    // What was announced beyond is lost, and may come back with whoever had it: nobody is to be taken for having it then.
    if (isHead && offset < this.#highest) for (const known of this.#checks.keys()) if (known > offset) this.#checks.delete(known);
    this.#highest = Math.max(this.#highest, offset);
  }

  /** Whether the head is one that was announced, and not below what was known before it was asked for: then the journal lost that. */
  fits({ offset, check }: Position, before: TrackerMark): boolean {
    return offset >= before.highest && this.#checks.get(offset) === check;
  }

  /** The journal was found at this head, which did not fit. Whether it lost what was announced or read here. */
  found({ offset, check }: Position, before: TrackerMark): boolean {
    const isLost = offset < before.highest;
    if (isLost) this.forget();
    this.note(offset, check);
    return isLost;
  }

  /** No journal was found. What was heard or read since it was asked for is of one that was made meanwhile: then nothing is gone. */
  isGone(before: TrackerMark): boolean {
    return this.#news === before.news;
  }

  /** There is no journal any more. */
  forget(): void {
    this.#checks.clear();
    this.#highest = 0;
  }
}

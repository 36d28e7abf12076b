import { expect } from 'vitest';
import type { DeskSnapshot, SeenEntry } from './desk-tab.ts';

/** A text of an author in a run, and what its author was told about it last. */
export class WrittenText {
  readonly text: string;
  readonly type: 'publish' | 'revise';
  entryId?: string;
  /** When it leaves the undo window by itself, by the device's clock. Undefined: its author decided when. */
  leavesAt: number | undefined;
  isUrgent = false;
  /** The descriptions of the pictures that were in the form when its author published it last. */
  pictures: readonly string[] = [];
  /** The text of the post that its author saw when they began to change it. */
  sawBefore?: string | undefined;
  /** It was on the screen for longer than the half second within which it is stored. */
  wasStored = false;
  /** The messages that its author saw, each with the time. */
  readonly story: string[] = [];
  #last: Told = 'writing';

  constructor(text: string, type: WrittenText['type']) {
    this.text = text;
    this.type = type;
    this.last = 'writing';
  }

  get last(): Told {
    return this.#last;
  }

  set last(told: Told) {
    this.#last = told;
    this.story.push(`${new Date().toISOString().slice(14, 23)} ${told}`);
  }
}

/**
 * `writing`: in a form. `pressed`: published, and the desk has not said that it has it. `accepted`: the desk has it in its outbox.
 * `taken back`: it is in a form or a draft again. `taking back`: the desk has not said whether it was in time. `discarded`,
 * `discarding`: likewise.
 */
type Told = 'writing' | 'pressed' | 'accepted' | 'taken back' | 'taking back' | 'discarded' | 'discarding';

/** Everything that an author wrote in a run. */
export class WrittenTexts {
  readonly all = new Map<string, WrittenText>();

  write(text: string, type: WrittenText['type'], sawBefore?: string): WrittenText {
    const written = this.all.get(text) ?? new WrittenText(text, type);
    if (sawBefore !== undefined) written.sawBefore = sawBefore;
    this.all.set(text, written);
    return written;
  }

  accepted(written: WrittenText, { id, until, addedAt, urgent }: SeenEntry): void {
    Object.assign(written, { last: 'accepted', entryId: id, isUrgent: urgent, leavesAt: until ?? addedAt });
  }

  of(text: string | undefined): WrittenText | undefined {
    return text === undefined ? undefined : this.all.get(text);
  }

  /** Checks all texts against the journal. `journal`: the texts of both authors, in its order. */
  check(journal: readonly JournalText[], seen: DeskSnapshot): void {
    for (const written of this.all.values()) this.#checkOne(written, journal, seen);
    this.#checkOrder(journal);
  }

  #checkOne(
    { text, last, type, wasStored, pictures, story }: WrittenText,
    journal: readonly JournalText[],
    seen: DeskSnapshot,
  ): void {
    const times = journal.filter(({ body }) => body === text).length;
    const entries = seen.entries.filter((entry) => entry.text === text && entry.type === type);
    const undelivered = entries.filter(({ at }) => at !== 'on-disk' && at !== 'out');
    const isListed = undelivered.length === 1 && undelivered.every(({ at, waitsFor }) => isWaiting(at) || waitsFor !== undefined);
    const form = type === 'publish' ? seen.composer : seen.edit;
    const isDraft = seen.drafts.some((draft) => draft.text === text) || form?.text === text;
    const found = { text, times, entries: entries.map(({ at }) => at), isDraft, story };
    expect(times, `once at most: ${JSON.stringify(found)}`).toBeLessThanOrEqual(1);
    expect(undelivered.length === 0 || isListed, `listed: ${JSON.stringify(found)}`).toBe(true);
    // A text that the outbox lists is surely not published.
    if (isListed) expect(times, `not published: ${JSON.stringify(found)}`).toBe(0);
    for (const { id } of undelivered)
      expect(
        seen.lines.map((line) => line.id),
        JSON.stringify(found),
      ).toContain(id);
    for (const { pictures: listed } of undelivered) {
      if (type === 'publish') expect(listed, `listed with its pictures: ${JSON.stringify(found)}`).toEqual(pictures);
    }
    if (times === 1 && type === 'publish') {
      const published = journal.filter(({ body }) => body === text).map((one) => one.pictures);
      expect(published, `published with its pictures: ${JSON.stringify(found)}`).toEqual([pictures]);
    }
    if (times === 1) expect(isDraft, `no draft any more: ${JSON.stringify(found)}`).toBe(false);
    const somewhere = times + Number(isListed || isDraft);
    switch (last) {
      case 'writing':
        expect(times + undelivered.length, `not pressed: ${JSON.stringify(found)}`).toBe(0);
        if (wasStored) expect(isDraft, `a draft: ${JSON.stringify(found)}`).toBe(true);
        return;
      case 'pressed':
        if (wasStored) expect(somewhere, `kept: ${JSON.stringify(found)}`).toBeGreaterThan(0);
        return;
      case 'accepted':
        expect(times + Number(isListed), `published or listed: ${JSON.stringify(found)}`).toBe(1);
        return;
      case 'taking back':
        expect(somewhere, `kept: ${JSON.stringify(found)}`).toBeGreaterThan(0);
        return;
      case 'taken back':
        expect(times + undelivered.length, `not published: ${JSON.stringify(found)}`).toBe(0);
        expect(isDraft, `a draft: ${JSON.stringify(found)}`).toBe(true);
        return;
      case 'discarding':
        return;
      case 'discarded':
        expect(somewhere, `gone: ${JSON.stringify(found)}`).toBe(0);
    }
  }

  /** Posts that left their undo window by themselves and waited for no picture are in the journal in this order. */
  #checkOrder(journal: readonly JournalText[]): void {
    const order = journal.flatMap(({ body }) => {
      const written = this.all.get(body);
      const isInOrder = written?.type === 'publish' && written.last === 'accepted' && written.leavesAt !== undefined;
      return isInOrder && written.pictures.length === 0 ? [written] : [];
    });
    const times = order.map(({ leavesAt }) => leavesAt ?? 0);
    expect(times, `the order of ${order.map(({ text }) => text).join(' ')}`).toEqual(times.toSorted((a, b) => a - b));
  }
}

export interface JournalText {
  postId: string;
  revision: number;
  body: string;
  /** The descriptions of its uploaded pictures. */
  pictures: string[];
  seq: number;
}

export const isWaiting = (at: SeenEntry['at']): boolean => at === 'asking' || at === 'refused' || at === 'conflict';

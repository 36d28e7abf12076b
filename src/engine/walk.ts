import type { Position } from '../protocol/cursor.ts';
import { digestOf, epochOf, type Facts, nextCheck, positionAt, shortCheck } from './chain.ts';
import { erasedSalt, hashOf, saysNothing, type Text } from './record.ts';

/** A history walked from its root: every fact, and every text that was not erased, against the checks that cursors carry. */
export interface Fault {
  channelId: string;
  /** The first offset at which something does not hold; 0 for the channel as a whole. */
  offset: number;
  /** The post that it is about, if it is about one. */
  postId: string | null;
  why: string;
}

export interface ChannelReport {
  channelId: string;
  entries: number;
  /** Revisions whose text is there and is what was written. */
  texts: number;
  /** Revisions whose text was erased, so that nothing can be said of it. */
  erased: number;
  /** How far the history holds. Undefined: not even its first entry does. */
  position: Position | undefined;
  fault?: Fault;
}

export interface WalkedEntry extends Facts {
  offset: number;
  content: string;
  check: string;
  /** Undefined: it is not there. */
  text: Pick<Text, 'salt' | 'headline' | 'note' | 'state'> | undefined;
  /** Its post's revisions up to this one were erased. */
  erasedThrough: number;
}

export interface WalkOptions {
  /** Where the history began, if it began anew: the offset of its first entry. */
  began?: number;
  /** Where it stood at an earlier time: it must still lead through there. */
  since?: Position | undefined;
}

export class Walk {
  readonly channelId: string;
  readonly #root: string;
  readonly #since: Position | undefined;
  #check: string;
  #next: number;
  #report = { entries: 0, texts: 0, erased: 0 };

  constructor(channelId: string, root: string, { began = 1, since }: WalkOptions = {}) {
    this.channelId = channelId;
    this.#root = root;
    this.#since = since;
    this.#check = root;
    this.#next = began;
  }

  /** The offset of the last entry that held. */
  get offset(): number {
    return this.#next - 1;
  }

  get check(): string {
    return this.#check;
  }

  /** The next entry. A report where it does not hold: then nothing after it can be told. */
  take(entry: WalkedEntry): ChannelReport | undefined {
    const offset = this.#next;
    if (entry.offset !== offset) return this.faulty(offset, null, 'the entry is missing');
    const check = nextCheck(this.#check, offset, digestOf({ ...entry, channelId: this.channelId }, entry.content));
    if (check !== entry.check) return this.faulty(offset, entry.postId, 'the entry is not the one that was written');
    const why = this.#wrongText(entry);
    if (why !== undefined) return this.faulty(offset, entry.postId, why);
    this.#check = check;
    this.#next += 1;
    this.#report.entries += 1;
    if (this.#since?.offset === offset && shortCheck(check) !== this.#since.check) {
      return this.faulty(offset, entry.postId, 'the history is another one than at the earlier time');
    }
    return undefined;
  }

  #wrongText({ text, content, revision, erasedThrough }: WalkedEntry): string | undefined {
    if (text === undefined || text.salt === erasedSalt) {
      // What stands for a text that was erased elsewhere stays until the next revision comes in. No hash covers it, so it must say nothing.
      if (text === undefined && revision > erasedThrough) return 'the text is missing';
      if (text !== undefined && !saysNothing(text)) return 'the text is not the one that was written';
      this.#report.erased += 1;
      return undefined;
    }
    if (hashOf(text) !== content) return 'the text is not the one that was written';
    this.#report.texts += 1;
    return undefined;
  }

  faulty(offset: number, postId: string | null, why: string): ChannelReport {
    return { ...this.#told(), fault: { channelId: this.channelId, offset, postId, why } };
  }

  /** All entries were taken. */
  finish(): ChannelReport {
    if (this.#since !== undefined && this.#since.offset > this.offset) {
      return this.faulty(this.offset + 1, null, 'what was written until the earlier time is missing: this is an older copy');
    }
    return this.#told();
  }

  #told(): ChannelReport {
    const { entries } = this.#report;
    const position = entries === 0 ? undefined : positionAt(epochOf(this.#root), this.offset, this.#check);
    return { channelId: this.channelId, ...this.#report, position };
  }
}

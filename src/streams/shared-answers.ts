import { type ReadGuard, type Reading, readAgain } from '../journal/read-guard.ts';
import { streamLimits } from './stream-limits.ts';

/**
 * Answers that are shared between two changes of a channel: readers with the same query get the same answer until the next
 * change. An answer read before an erasure is never given out after it.
 */

/** The cost of keeping the answer. */
export interface Shareable {
  characters: number;
}

/**
 * The cached answers of a channel. Their number and total length are bounded. Beyond the bound those that were read and not
 * requested for longest make room, so that a client that requests everything once cannot keep out what many request. Answers that
 * were made synchronously then serve one reader.
 */
export class SharedAnswers {
  /** The least recently requested first. */
  readonly #read = new Map<string, ReadAnswer>();
  /** Answers made synchronously. */
  readonly #made = new Map<string, unknown>();
  /** Total length of the finished answers. */
  #characters = 0;
  readonly #ofAll: SharedAnswersBudget;

  constructor(ofAll = new SharedAnswersBudget()) {
    this.#ofAll = ofAll;
  }

  get characters(): number {
    return this.#characters;
  }

  /**
   * The result of `read`, shared with other callers of this key. `charactersOf` returns undefined for a result that must not be
   * cached.
   */
  read<T>(key: string, read: () => Promise<T>, charactersOf: (answer: T) => number | undefined): Promise<T> {
    const known = this.#read.get(key);
    if (known !== undefined) {
      this.#read.delete(key);
      this.#read.set(key, known);
      return known.reading as Promise<T>;
    }
    const isKept = () => this.#read.get(key) === kept;
    const reading = read().then(
      (answer) => {
        if (!isKept()) return answer;
        const characters = charactersOf(answer);
        const most = streamLimits.sharedCharacters;
        if (characters !== undefined && characters <= most) {
          while (this.#characters + characters > most && this.#forgetOldest());
        }
        if (this.#takes(characters)) kept.characters = characters;
        else this.#read.delete(key);
        return answer;
      },
      (error: unknown) => {
        if (isKept()) this.#read.delete(key);
        throw error;
      },
    );
    const kept: ReadAnswer = { reading, characters: undefined };
    if (this.#read.size < streamLimits.sharedAnswers || this.#forgetOldest()) this.#read.set(key, kept);
    return reading;
  }

  /** Forgets the answer that was not requested for longest. Returns false if all are still being read. */
  #forgetOldest(): boolean {
    for (const [key, { characters }] of this.#read) {
      if (characters === undefined) continue;
      this.#read.delete(key);
      this.#ofAll.release(characters);
      this.#characters -= characters;
      return true;
    }
    return false;
  }

  /** Like `read`, for answers that are made synchronously. */
  make<T>(key: string, make: () => T, charactersOf: (answer: T) => number): T {
    const known = this.#made.get(key) as T | undefined;
    if (known !== undefined) return known;
    const made = make();
    if (this.#made.size < streamLimits.sharedAnswers && this.#takes(charactersOf(made))) this.#made.set(key, made);
    return made;
  }

  drop(): void {
    this.#read.clear();
    this.#made.clear();
    this.#ofAll.remove(this);
    this.#characters = 0;
  }

  /** Counts an answer if there is room for it, and returns whether there was. */
  #takes(characters: number | undefined): characters is number {
    if (characters === undefined || this.#characters + characters > streamLimits.sharedCharacters) return false;
    this.#ofAll.add(this, characters);
    this.#characters += characters;
    return true;
  }
}

interface ReadAnswer {
  reading: Promise<unknown>;
  /** Undefined while it is read. */
  characters: number | undefined;
}

/** Bounds the cached answers of all channels of a process together. */
export class SharedAnswersBudget {
  readonly #keeping = new Set<SharedAnswers>();
  #characters = 0;

  /** Counts a cached answer. Beyond the bound, all other channels drop their answers. */
  add(one: SharedAnswers, characters: number): void {
    this.#keeping.add(one);
    this.#characters += characters;
    if (this.#characters <= streamLimits.sharedCharactersOfAll) return;
    for (const other of this.#keeping) if (other !== one) other.drop();
  }

  /** Subtracts one answer of a channel that keeps others. */
  release(characters: number): void {
    this.#characters -= characters;
  }

  /** Subtracts the answers of a channel that drops them. */
  remove(one: SharedAnswers): void {
    if (this.#keeping.delete(one)) this.#characters -= one.characters;
  }
}

/**
 * The result of `read`, shared with other callers of this key. Returns `gone` if the channel is gone. Throws what `read` throws.
 * If `givenUp` returns true for the error, it concerns another caller, and the answer is read again. `read` begins its read under
 * the guard of the stream, so that what it waits for before cannot invalidate the read.
 */
export async function readShared<T extends Shareable>(
  stream: { answers: SharedAnswers; guard: ReadGuard<'gone'> },
  key: string,
  read: () => Promise<Reading<T | 'gone'>>,
  givenUp: (error: unknown) => boolean = () => false,
): Promise<T | 'gone'> {
  const readOnce = async () => {
    try {
      return await stream.answers.read(key, read, ({ value, isValid }) =>
        value !== 'gone' && isValid() ? value.characters : undefined,
      );
    } catch (error) {
      if (givenUp(error)) return readAgain;
      throw error;
    }
  };
  return await stream.guard.use(readOnce, (value) => value);
}

import { type ReadGuard, readAgain } from '../journal/read-guard.ts';
import { streamLimits } from './stream-limits.ts';

/**
 * Answers that all share who ask the same of a channel between two changes of it: what is made for one is given to the others, until
 * the feed hears of a change. What was read before an erasure is never given out after it.
 */

/** The length of `characters` is what keeping it costs. */
export interface Shareable {
  characters: number;
}

/** What is kept of a channel for others who ask the same. How many answers and how long they are together has a bound; past it each is made for one. */
export class SharedAnswers {
  readonly #read = new Map<string, Promise<unknown>>();
  /** Those that were made at once. */
  readonly #made = new Map<string, unknown>();
  /** What they are together, of those that have come. */
  #characters = 0;
  readonly #ofAll: SharedAnswersBudget;

  constructor(ofAll = new SharedAnswersBudget()) {
    this.#ofAll = ofAll;
  }

  get characters(): number {
    return this.#characters;
  }

  /** What `read` brings, or brought another who asked with this key. `charactersOf`: undefined where it is not to be kept. */
  read<T>(key: string, read: () => Promise<T>, charactersOf: (answer: T) => number | undefined): Promise<T> {
    const known = this.#read.get(key) as Promise<T> | undefined;
    if (known !== undefined) return known;
    const isKept = () => this.#read.get(key) === reading;
    const reading = read().then(
      (answer) => {
        if (isKept() && !this.#takes(charactersOf(answer))) this.#read.delete(key);
        return answer;
      },
      (error: unknown) => {
        if (isKept()) this.#read.delete(key);
        throw error;
      },
    );
    if (this.#read.size < streamLimits.sharedAnswers) this.#read.set(key, reading);
    return reading;
  }

  /** The same of what needs no waiting. */
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

  /** Whether there is room for so many more, which then count. */
  #takes(characters: number | undefined): boolean {
    if (characters === undefined || this.#characters + characters > streamLimits.sharedCharacters) return false;
    this.#ofAll.add(this, characters);
    this.#characters += characters;
    return true;
  }
}

/** What all channels of a process keep so: who asks for everything there is, of every one, must not have it all kept. */
export class SharedAnswersBudget {
  readonly #keeping = new Set<SharedAnswers>();
  #characters = 0;

  /** One will keep so many more. Past the bound the others drop theirs for it. */
  add(one: SharedAnswers, characters: number): void {
    this.#keeping.add(one);
    this.#characters += characters;
    if (this.#characters <= streamLimits.sharedCharactersOfAll) return;
    for (const other of this.#keeping) if (other !== one) other.drop();
  }

  /** One keeps nothing any more of what it has. */
  remove(one: SharedAnswers): void {
    if (this.#keeping.delete(one)) this.#characters -= one.characters;
  }
}

/**
 * What `make` reads of the journal, or read for another who asked with this key. `gone`: the channel is. Throws what `make`
 * throws, unless `givenUp` says that another gave it up for reasons of theirs: then it is made again.
 */
export async function readShared<T extends Shareable>(
  stream: { answers: SharedAnswers; guard: ReadGuard<'gone'> },
  key: string,
  make: () => Promise<T | 'gone'>,
  givenUp: (error: unknown) => boolean = () => false,
): Promise<T | 'gone'> {
  const read = async () => {
    try {
      return await stream.answers.read(
        key,
        () => stream.guard.reading(make),
        ({ value, isValid }) => (value !== 'gone' && isValid() ? value.characters : undefined),
      );
    } catch (error) {
      if (givenUp(error)) return readAgain;
      throw error;
    }
  };
  return await stream.guard.use(read, (value) => value);
}

import type { Language } from '../../i18n/languages.ts';
import { isBeside, type Token } from './text-tokens.ts';

/** Which words of a text are names, as far as its writing tells. Pure. */

/** Tokens from `first` to `last` that make up one name. */
export interface NameRun {
  first: number;
  last: number;
}

/**
 * The runs of capitalised words, except the first word of a sentence if nothing else says that it is a name. German writes every noun
 * with a capital, so there a run has at least two words. Arabic has no capitals: there are none.
 */
export function namesIn(text: string, tokens: readonly Token[], language: Language | undefined): NameRun[] {
  if (language === 'ar') return [];
  const words = tokens.map((token, at) => wordAt(text, tokens, at, token));
  const isTitleCase = titleCased(words);
  const named = new Set(words.filter((word) => word.isCapital && !word.isInitial && !isTitleCase(word)).map(({ key }) => key));
  const isName = (at: number) => {
    const word = words[at];
    if (word === undefined || !word.isCapital || calendarWords(language).has(word.key)) return false;
    if (isTitleCase(word)) return named.has(word.key);
    return !word.isInitial || named.has(word.key) || isNameStart(at);
  };
  /** The first word of a sentence counts if a name goes on with the next one, and if it is not a word such as "The". */
  const isNameStart = (at: number) => {
    const [word, next] = [words[at], words[at + 1]];
    return word !== undefined && next?.isCapital === true && !next.isInitial && next.joins && !isSmallWord(word.key, language);
  };
  const runs: NameRun[] = [];
  for (const at of words.keys()) {
    if (!isName(at)) continue;
    const run = runs.at(-1);
    if (run !== undefined && run.last === at - 1 && words[at]?.joins) run.last = at;
    else runs.push({ first: at, last: at });
  }
  return language === 'de' ? runs.filter(({ first, last }) => last > first) : runs;
}

/** Whether the word has a capital, as a name does. */
export function isCapitalised(text: string, { start, end }: Pick<Token, 'start' | 'end'>): boolean {
  return /^\p{Lu}/u.test(text.slice(start, end)) && end - start > 1;
}

interface Word {
  key: string;
  isCapital: boolean;
  /** The first word of a sentence, a line or a quotation. */
  isInitial: boolean;
  /** Only a space, a hyphen or an apostrophe stands between it and the word before. */
  joins: boolean;
}

function wordAt(text: string, tokens: readonly Token[], at: number, token: Token): Word {
  const before = tokens[at - 1];
  const between = before === undefined ? '\n' : text.slice(before.end, token.start);
  const isInitial = /[\n\t.!?…:;“„«"‹]|[-–—•]\s/.test(between) && !isInitialLetter(text, before, between);
  return {
    key: token.key,
    isCapital: token.kind === 'word' && isCapitalised(text, token),
    isInitial,
    joins: before !== undefined && !isInitial && (isBeside(text, before, token) || /^(?:['’]|\. )$/.test(between)),
  };
}

/** The full stop of `J. Smith` ends no sentence. */
function isInitialLetter(text: string, before: Token | undefined, between: string): boolean {
  return before !== undefined && /^\.\s?$/.test(between) && /^\p{Lu}$/u.test(text.slice(before.start, before.end));
}

/** In a line whose words nearly all have a capital, such as an English headline, capitals tell nothing. */
function titleCased(words: readonly Word[]): (word: Word) => boolean {
  const sentences: Word[][] = [];
  for (const word of words) {
    if (word.isInitial || sentences.length === 0) sentences.push([]);
    sentences.at(-1)?.push(word);
  }
  const titles = new Set<Word>();
  for (const sentence of sentences) {
    const long = sentence.filter(({ key }) => key.length > 3);
    const capitals = long.filter(({ isCapital }) => isCapital).length;
    if (long.length > 3 && capitals > long.length * 0.6) for (const word of sentence) titles.add(word);
  }
  return (word) => titles.has(word);
}

/** Days and months have a capital in English, and stand in many posts. */
function calendarWords(language: Language | undefined): ReadonlySet<string> {
  return language === 'en' || language === undefined ? englishCalendar : none;
}

const none: ReadonlySet<string> = new Set();
const englishCalendar: ReadonlySet<string> = new Set(
  'monday tuesday wednesday thursday friday saturday sunday january february march april june july august september october november december'.split(
    ' ',
  ),
);

/** Words that begin a sentence before a name, and are no part of it. */
function isSmallWord(key: string, language: Language | undefined): boolean {
  return key.length < 3 || (language !== undefined && language !== 'ar' && smallWords[language].has(key));
}

const smallWords: Readonly<Record<Exclude<Language, 'ar'>, ReadonlySet<string>>> = {
  en: new Set(
    'the this that these those and but for from with when while after before since until under over near what who where why how her his our their its both all most many some not now then there here yesterday today also only even like about into as'.split(
      ' ',
    ),
  ),
  de: new Set(
    'der die das den dem des ein eine einen einem einer und aber auch nach vor bei mit aus von zum zur für seit bis wenn als weil dass dies diese dieser dieses ihre ihr sein seine unser jetzt dann dort hier gestern heute nur noch über unter'.split(
      ' ',
    ),
  ),
  fr: new Set(
    'les des une aux ces cet cette ses son leur leurs mais pour par avec sans sous sur dans chez vers après avant depuis quand comme selon hier aujourd et où que qui tout tous'.split(
      ' ',
    ),
  ),
  es: new Set(
    'los las una unos unas del que qué por para con sin sobre entre desde hasta tras ante bajo según cuando como pero esta este estos estas sus ayer hoy aquí allí también todo todos'.split(
      ' ',
    ),
  ),
};

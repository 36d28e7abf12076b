/** Compares two texts word by word. Pure and independent of the language: words are split by script. */

export interface Piece {
  kind: 'same' | 'removed' | 'added';
  text: string;
}

/** Limits of a comparison. */
export interface DiffBounds {
  /** Words and spaces removed and added. A longer comparison tells a reader no more than the two texts do. */
  edits: number;
  /** Steps of the search: positions visited and words found equal. */
  steps: number;
}

/**
 * The pieces of both texts in order: all but the `added` ones make up `before`, all but the `removed` ones make up `after`,
 * exactly. The number of removed and added words is minimal. Undefined if that exceeds the bounds. Apart from the search, the
 * time is linear in the lengths.
 */
export function diffWords(before: string, after: string, bounds: DiffBounds): Piece[] | undefined {
  const steps = diffUnits(wordsOf(before), wordsOf(after), bounds);
  return steps && inPhrases(runsOf(steps));
}

/**
 * Like `diffWords`, for texts that are already split: one piece for each unit, which can be a word or a paragraph. `edits` counts
 * units.
 */
export function diffUnits(old: readonly string[], fresh: readonly string[], bounds: DiffBounds): Piece[] | undefined {
  const shorter = Math.min(old.length, fresh.length);
  let start = 0;
  while (start < shorter && old[start] === fresh[start]) start += 1;
  let end = 0;
  while (end < shorter - start && old[old.length - 1 - end] === fresh[fresh.length - 1 - end]) end += 1;
  const steps = shortest(old.slice(start, old.length - end), fresh.slice(start, fresh.length - end), bounds);
  if (steps === undefined) return undefined;
  const same = (units: readonly string[]): Piece[] => units.map((text) => ({ kind: 'same', text }));
  return [...same(old.slice(0, start)), ...steps, ...same(old.slice(old.length - end))];
}

/**
 * Splits a text into words, the spaces between them, and single other characters. A number or a time is one word: 1,204 changes
 * as a whole, not its comma. Scripts without spaces between words are compared by character.
 */
function wordsOf(text: string): string[] {
  return text.match(pattern) ?? [];
}

const unspaced =
  '[\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}]';
const letters = `(?:(?!${unspaced})[\\p{L}\\p{M}\\p{N}])+`;
const pattern = new RegExp(`\\s+|${unspaced}\\p{M}*|${letters}(?:['’.,:/-]${letters})*|.`, 'gsu');

/**
 * Myers' greedy algorithm (An O(ND) Difference Algorithm, 1986): for each number of edits, the furthest point reached on each
 * diagonal.
 */
function shortest(old: readonly string[], fresh: readonly string[], bounds: DiffBounds): Piece[] | undefined {
  const known = new Map<string, number>();
  const [before, after] = [numbered(old, known), numbered(fresh, known)];
  const most = Math.min(old.length + fresh.length, bounds.edits);
  const middle = most + 1;
  const furthest = new Int32Array(2 * most + 3);
  const reached: Int32Array[] = [];
  let steps = 0;
  for (let edits = 0; edits <= most; edits += 1) {
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const below = furthest[middle + diagonal - 1] as number;
      const above = furthest[middle + diagonal + 1] as number;
      const from = diagonal === -edits || (diagonal !== edits && below < above) ? above : below + 1;
      let x = from;
      while (x < before.length && x - diagonal < after.length && before[x] === after[x - diagonal]) x += 1;
      steps += 1 + x - from;
      if (steps > bounds.steps) return undefined;
      furthest[middle + diagonal] = x;
      if (x >= before.length && x - diagonal >= after.length) return wayBack(old, fresh, reached);
    }
    reached.push(furthest.slice(middle - edits, middle + edits + 1));
  }
  return undefined;
}

/** Maps equal words to equal numbers, because they are compared millions of times. */
function numbered(words: readonly string[], known: Map<string, number>): Int32Array {
  return Int32Array.from(words, (word) => {
    const number = known.get(word) ?? known.size;
    known.set(word, number);
    return number;
  });
}

/** Traces back from the end of both texts. `reached[n]`: the point on each diagonal from -n to n, after n edits. */
function wayBack(old: readonly string[], fresh: readonly string[], reached: readonly Int32Array[]): Piece[] {
  const steps: Piece[] = [];
  let [x, y] = [old.length, fresh.length];
  const keepTo = (least: number) => {
    for (; x > least; x -= 1, y -= 1) steps.push({ kind: 'same', text: old[x - 1] as string });
  };
  for (let edits = reached.length; edits > 0; edits -= 1) {
    const at = (diagonal: number) => reached[edits - 1]?.[diagonal + edits - 1] as number;
    const diagonal = x - y;
    const added = diagonal === -edits || (diagonal !== edits && at(diagonal - 1) < at(diagonal + 1));
    const from = at(added ? diagonal + 1 : diagonal - 1);
    keepTo(added ? from : from + 1);
    if (added) {
      y -= 1;
      steps.push({ kind: 'added', text: fresh[y] as string });
    } else {
      x -= 1;
      steps.push({ kind: 'removed', text: old[x] as string });
    }
  }
  keepTo(0);
  return steps.reverse();
}

function runsOf(steps: readonly Piece[]): Piece[] {
  const runs: Piece[] = [];
  for (const step of steps) {
    const last = runs.at(-1);
    if (last?.kind === step.kind) last.text += step.text;
    else runs.push({ ...step });
  }
  return runs;
}

/** Joins changed words separated only by a space into one phrase: first the old one, then the new one. */
function inPhrases(runs: readonly Piece[]): Piece[] {
  const joined: Piece[] = [];
  let phrase: Piece[] = [];
  const end = () => {
    const old = textOf(phrase, 'added');
    const fresh = textOf(phrase, 'removed');
    if (old.trim() !== '' && fresh.trim() !== '') joined.push({ kind: 'removed', text: old }, { kind: 'added', text: fresh });
    else joined.push(...phrase);
    phrase = [];
  };
  for (const [at, run] of runs.entries()) {
    const isBetween = phrase.length > 0 && at + 1 < runs.length && /^[^\S\n]+$/.test(run.text);
    if (run.kind !== 'same' || isBetween) {
      phrase.push(run);
      continue;
    }
    end();
    joined.push(run);
  }
  end();
  return joined;
}

/** The lengths and kinds of the pieces without their text. Together with the two texts it gives the pieces again. */
export type Outline = Int32Array;

const kinds: readonly Piece['kind'][] = ['same', 'removed', 'added'];

export function outlineOf(pieces: readonly Piece[]): Outline {
  return Int32Array.from(pieces, ({ kind, text }) => text.length * kinds.length + kinds.indexOf(kind));
}

/** `before` and `after`: the texts that the outline was made from. */
export function piecesOf(outline: Outline, before: string, after: string): Piece[] {
  let [old, fresh] = [0, 0];
  return Array.from(outline, (entry) => {
    const kind = kinds[entry % kinds.length] as Piece['kind'];
    const length = Math.floor(entry / kinds.length);
    const text = kind === 'added' ? after.slice(fresh, fresh + length) : before.slice(old, old + length);
    if (kind !== 'added') old += length;
    if (kind !== 'removed') fresh += length;
    return { kind, text };
  });
}

function textOf(pieces: readonly Piece[], without: 'added' | 'removed'): string {
  return pieces.map(({ kind, text }) => (kind === without ? '' : text)).join('');
}

/** What became of a text, word by word. Pure, and of no language: the texts are told apart by the script they are written in. */

export interface Piece {
  kind: 'same' | 'removed' | 'added';
  text: string;
}

/** How much a comparison may take before it is given up. */
export interface DiffBounds {
  /** Words and spaces removed and added. Past it a comparison tells a reader no more than the two texts do. */
  edits: number;
  /** Steps of the search: places looked at, and words found equal. The texts decide how many each edit takes. */
  steps: number;
}

/**
 * The pieces of both texts in order: those that are not `added` make `before`, those that are not `removed` make `after`, to the
 * character. No other way from one to the other removes and adds fewer words. Undefined where that takes more than the bounds. Beside
 * the search it takes time for the length of both texts.
 */
export function diffWords(before: string, after: string, bounds: DiffBounds): Piece[] | undefined {
  const [old, fresh] = [wordsOf(before), wordsOf(after)];
  const shorter = Math.min(old.length, fresh.length);
  let start = 0;
  while (start < shorter && old[start] === fresh[start]) start += 1;
  let end = 0;
  while (end < shorter - start && old[old.length - 1 - end] === fresh[fresh.length - 1 - end]) end += 1;
  const steps = shortest(old.slice(start, old.length - end), fresh.slice(start, fresh.length - end), bounds);
  if (steps === undefined) return undefined;
  const same = (words: string[]): Piece[] => words.map((text) => ({ kind: 'same', text }));
  return inPhrases(runsOf([...same(old.slice(0, start)), ...steps, ...same(old.slice(old.length - end))]));
}

/**
 * Words, the space between them, and every other character alone. A number or a time is one word, whatever stands within: what is shown
 * as changed is 1,204 and not its comma. Scripts that put no space between words are compared by their characters.
 */
function wordsOf(text: string): string[] {
  return text.match(pattern) ?? [];
}

const unspaced =
  '[\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}]';
const letters = `(?:(?!${unspaced})[\\p{L}\\p{M}\\p{N}])+`;
const pattern = new RegExp(`\\s+|${unspaced}\\p{M}*|${letters}(?:['’.,:/-]${letters})*|.`, 'gsu');

/** Myers' greedy algorithm (An O(ND) Difference Algorithm, 1986): the furthest that is reached on each diagonal, with one edit more each time. */
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

/** The same number for the same word: they are compared millions of times. */
function numbered(words: readonly string[], known: Map<string, number>): Int32Array {
  return Int32Array.from(words, (word) => {
    const number = known.get(word) ?? known.size;
    known.set(word, number);
    return number;
  });
}

/** From the end of both texts to their beginning. `reached[n]`: on each diagonal from -n to n, after n edits. */
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

/** Changed words with nothing but a space between them are told as one phrase that another stands for, the old one first. */
function inPhrases(runs: readonly Piece[]): Piece[] {
  const told: Piece[] = [];
  let phrase: Piece[] = [];
  const end = () => {
    const old = textOf(phrase, 'added');
    const fresh = textOf(phrase, 'removed');
    if (old.trim() !== '' && fresh.trim() !== '') told.push({ kind: 'removed', text: old }, { kind: 'added', text: fresh });
    else told.push(...phrase);
    phrase = [];
  };
  for (const [at, run] of runs.entries()) {
    const isBetween = phrase.length > 0 && at + 1 < runs.length && /^[^\S\n]+$/.test(run.text);
    if (run.kind !== 'same' || isBetween) {
      phrase.push(run);
      continue;
    }
    end();
    told.push(run);
  }
  end();
  return told;
}

/** The lengths of pieces, without a word of theirs: with the two texts they make the pieces again. */
export type Outline = Int32Array;

const kinds: readonly Piece['kind'][] = ['same', 'removed', 'added'];

export function outlineOf(pieces: readonly Piece[]): Outline {
  return Int32Array.from(pieces, ({ kind, text }) => text.length * kinds.length + kinds.indexOf(kind));
}

/** `before` and `after`: the texts whose pieces the outline was made of. */
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

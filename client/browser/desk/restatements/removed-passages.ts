import type { Language } from '../../i18n/languages.ts';
import { type DiffBounds, diffWords, type Piece } from '../../view/post/diff.ts';
import { textOf } from '../../view/wording/plain-text.ts';
import { isCapitalised, namesIn } from './names.ts';
import { isBeside, type Token, tokensOf } from './text-tokens.ts';

/**
 * A passage that a correction removed from a post and that other posts may have too: a figure, a name, or words from a quotation.
 */
export interface Passage {
  kind: 'figure' | 'quote' | 'name';
  /** As it stood in the post. */
  text: string;
  /** The keys of its words and figures, in order. Another text says the same if it has these in a row. */
  keys: readonly string[];
  /** The words and figures of `keys` that were removed. The others say what they are about, as "boats" does for a 7. */
  removed: { first: number; last: number };
  /** The words beside it. A text that has one of them there too is likely to mean the same. */
  beside: { before?: string; after?: string };
  /** It means little without the words beside it, as a figure of two digits does. */
  isVague: boolean;
  /** The text in its place now, if exactly this passage was replaced. */
  replacement?: string;
}

/** The headline of a post, and the html of its body. */
export interface PostContent {
  headline: string | null;
  html: string;
}

/** More passages say that the post was written anew. The first ones are searched for. */
export const maxPassages = 40;
const bounds: DiffBounds = { edits: 2_000, steps: 2_000_000 };
/** Fewer words from a quotation are searched for with the ones beside them. */
const quotedWords = 3;
const clauseWords = 8;
/** In Arabic and for single German words only a replacement of few words can be told to be a name. */
const replacedWords = 3;

export function removedPassages(before: PostContent, after: PostContent, language: Language | undefined): Passage[] {
  const found: Passage[] = [];
  const texts = [
    [before.headline ?? '', after.headline ?? ''],
    [quotedTextOf(before.html), quotedTextOf(after.html)],
  ] as const;
  for (const [old, fresh] of texts) found.push(...passagesOf(old, fresh, language));
  const still = texts.map(([, fresh]) => tokensOf(fresh, language));
  const distinct = new Map(found.map((passage) => [JSON.stringify([passage.keys, passage.beside]), passage]));
  return [...distinct.values()].filter((passage) => !still.some((tokens) => stands(passage, tokens))).slice(0, maxPassages);
}

/** Stands for the marks of a block quotation, which plain text does not have. */
const [quoteStart, quoteEnd] = ['\ue000', '\ue001'];

function quotedTextOf(html: string): string {
  return textOf(html.replace(/<blockquote[^<>]*>/g, `$&${quoteStart}`).replace(/<\/blockquote>/g, `${quoteEnd}$&`));
}

/** The text still says it elsewhere, so it was moved rather than removed. */
function stands({ kind, keys, beside }: Passage, tokens: readonly Token[]): boolean {
  return tokens.some((_, at) => {
    if (!keys.every((key, offset) => tokens[at + offset]?.key === key)) return false;
    if (kind !== 'figure' || keys.length > 1) return true;
    const { before, after } = beside;
    const isSame = (key: string | undefined, token: Token | undefined) => key !== undefined && token?.key === key;
    return isSame(after, tokens[at + keys.length]) || (after === undefined && isSame(before, tokens[at - 1]));
  });
}

/** A change of a text: what was removed, and what was added in its place. */
interface Change {
  start: number;
  end: number;
  freshStart: number;
  freshEnd: number;
}

interface Context {
  old: string;
  tokens: readonly Token[];
  language: Language | undefined;
  names: readonly { first: number; last: number }[];
  quotes: readonly { start: number; end: number }[];
}

function passagesOf(old: string, fresh: string, language: Language | undefined): Passage[] {
  // A text that was written anew was removed as a whole.
  const rewritten: Piece[] = [
    { kind: 'removed', text: old },
    { kind: 'added', text: fresh },
  ];
  const pieces = diffWords(old, fresh, bounds) ?? rewritten;
  const tokens = tokensOf(old, language);
  const freshTokens = tokensOf(fresh, language);
  const context: Context = { old, tokens, language, names: namesIn(old, tokens, language), quotes: quotesIn(old) };
  const passages: Passage[] = [];
  for (const change of changesIn(pieces)) {
    const removed = covered(tokens, change.start, change.end);
    if (removed === undefined) continue;
    const replaced = replacementOf(change, context, removed, fresh, freshTokens);
    passages.push(...figuresIn(removed, context, replaced));
    passages.push(...quotedIn(removed, context, replaced));
    passages.push(...namesOf(removed, context, replaced));
  }
  return passages;
}

function changesIn(pieces: readonly Piece[]): Change[] {
  const changes: Change[] = [];
  let [old, fresh] = [0, 0];
  for (const [at, { kind, text }] of pieces.entries()) {
    if (kind === 'removed') {
      const next = pieces[at + 1];
      const added = next?.kind === 'added' ? next.text.length : 0;
      changes.push({ start: old, end: old + text.length, freshStart: fresh, freshEnd: fresh + added });
    }
    if (kind !== 'added') old += text.length;
    if (kind !== 'removed') fresh += text.length;
  }
  return changes;
}

interface Run {
  first: number;
  last: number;
}

/** The tokens of which the range has a part. */
function covered(tokens: readonly Token[], start: number, end: number): Run | undefined {
  const first = tokens.findIndex((token) => token.end > start);
  let last = first;
  while (last >= 0 && (tokens[last + 1]?.start ?? end) < end) last += 1;
  return first < 0 || (tokens[first] as Token).start >= end ? undefined : { first, last };
}

/** The text that replaced a run of the removed tokens. Undefined if that cannot be told. */
type Replaced = (run: Run) => string | undefined;

function replacementOf(change: Change, context: Context, removed: Run, fresh: string, freshTokens: readonly Token[]): Replaced {
  const { old, tokens } = context;
  const [first, last] = [tokens[removed.first] as Token, tokens[removed.last] as Token];
  // A figure may be longer than what differs: 4 700 and 4 800.
  const [lead, rest] = [Math.max(0, change.start - first.start), Math.max(0, last.end - change.end)];
  const isSame =
    old.slice(change.start - lead, change.start) === fresh.slice(change.freshStart - lead, change.freshStart) &&
    old.slice(change.end, change.end + rest) === fresh.slice(change.freshEnd, change.freshEnd + rest);
  const added = covered(freshTokens, change.freshStart - lead, change.freshEnd + rest);
  if (change.freshEnd === change.freshStart || !isSame || added === undefined) return () => undefined;
  const textOfRun = (run: Run) => fresh.slice((freshTokens[run.first] as Token).start, (freshTokens[run.last] as Token).end);
  const isWordForWord = added.last - added.first === removed.last - removed.first;
  return (run) => {
    if (run.first === removed.first && run.last === removed.last) return textOfRun(added);
    if (!isWordForWord || run.first < removed.first || run.last > removed.last) return undefined;
    const shift = added.first - removed.first;
    return textOfRun({ first: run.first + shift, last: run.last + shift });
  };
}

// ---- Figures

/** The figures that were removed. If only their unit was, the figure with its unit. */
function figuresIn(removed: Run, context: Context, replaced: Replaced): Passage[] {
  const { tokens, old } = context;
  const passages: Passage[] = [];
  for (let at = removed.first; at <= removed.last; at += 1) {
    const token = tokens[at] as Token;
    const before = tokens[at - 1];
    if (token.kind !== 'word') passages.push(...figureAt(at, context, replaced));
    else if (at === removed.first && before !== undefined && before.kind !== 'word' && isBeside(old, before, token)) {
      passages.push(passageOf({ first: at - 1, last: at }, { first: at, last: at }, 'figure', context, replaced));
    }
  }
  return passages;
}

function figureAt(at: number, context: Context, replaced: Replaced): Passage[] {
  const { tokens, old } = context;
  const figure = tokens[at] as Token;
  const run = { first: at, last: at };
  if (!needsNeighbour(figure)) return [passageOf(run, run, 'figure', context, replaced)];
  const { before, after } = neighbours(old, tokens, run);
  if (after !== undefined) return [passageOf({ first: at, last: at + 1 }, run, 'figure', context, replaced)];
  if (before !== undefined) return [passageOf({ first: at - 1, last: at }, run, 'figure', context, replaced)];
  return [];
}

/** A digit, a year or a figure that is written out stands in many posts. */
function needsNeighbour({ kind, key, start, end }: Token): boolean {
  return kind === 'number-word' || /^\d$/.test(key) || (end - start === 4 && /^(?:1[89]|20)\d\d$/.test(key));
}

/** A figure of two digits says little. A longer one, or a time, hardly stands elsewhere by chance. */
function isVagueFigure(keys: readonly string[]): boolean {
  return keys.length === 1 && /^\d{1,2}$/.test(keys[0] ?? '');
}

// ---- Quotations

const quotation = /“[^“”]*”|„[^„“”]*[“”]|‘(?:[^‘’\n]|’(?=\p{L}))*’|«[^«»]*»|»[^«»]*«|"[^"\n]*"|\ue000[^\ue000\ue001]*/gu;

function quotesIn(text: string): { start: number; end: number }[] {
  return [...text.matchAll(quotation)].map(({ 0: quote, index }) => ({ start: index, end: index + quote.length }));
}

/** The removed words of each quotation: few with the ones beside them, many by clause, because another post may repeat one of them. */
function quotedIn(removed: Run, context: Context, replaced: Replaced): Passage[] {
  return context.quotes.flatMap(({ start, end }) => {
    const quote = covered(context.tokens, start, end);
    if (quote === undefined) return [];
    const own = { first: Math.max(quote.first, removed.first), last: Math.min(quote.last, removed.last) };
    if (own.first > own.last) return [];
    if (own.last - own.first >= clauseWords) {
      return clausesOf(own, context).map((clause) => passageOf(clause, clause, 'quote', context, replaced));
    }
    const run = { ...own };
    for (let side = 0; run.last - run.first + 1 < quotedWords && (run.first > quote.first || run.last < quote.last); side += 1) {
      if (side % 2 === 0 && run.last < quote.last) run.last += 1;
      else if (run.first > quote.first) run.first -= 1;
    }
    return [passageOf(run, own, 'quote', context, replaced)];
  });
}

function clausesOf(run: Run, { old, tokens }: Context): Run[] {
  const clauses: Run[] = [{ first: run.first, last: run.first }];
  for (let at = run.first + 1; at <= run.last; at += 1) {
    const clause = clauses.at(-1) as Run;
    const isLong = clause.last - clause.first + 1 >= quotedWords && run.last - at + 1 >= quotedWords;
    if (isLong && !isBeside(old, tokens[at - 1] as Token, tokens[at] as Token)) clauses.push({ first: at, last: at });
    else clause.last = at;
  }
  return clauses;
}

// ---- Names

function namesOf(removed: Run, context: Context, replaced: Replaced): Passage[] {
  const { names } = context;
  const own = names.flatMap(({ first, last }) => {
    const run = { first: Math.max(first, removed.first), last: Math.min(last, removed.last) };
    return run.first > run.last ? [] : [passageOf(run, run, 'name', context, replaced)];
  });
  if (own.length > 0 || !isReplacedName(removed, context, replaced(removed))) return own;
  return [passageOf(removed, removed, 'name', context, replaced)];
}

/** In German and Arabic a single word that was replaced by one may be a name. An article tells that it is none. */
function isReplacedName(removed: Run, { old, tokens, language }: Context, fresh: string | undefined): boolean {
  const words = tokens.slice(removed.first, removed.last + 1);
  if (fresh === undefined || words.length > replacedWords || words.some(({ kind }) => kind !== 'word')) return false;
  if (fresh.split(/\s+/).length > replacedWords) return false;
  if (language === 'ar') return words.length > 1 || words.some(({ key }) => key.length > 3);
  if (language !== 'de' || words.length > 1) return false;
  const [word] = words as [Token];
  const before = tokens[removed.first - 1];
  const isPlain = before !== undefined && isBeside(old, before, word) && !isArticle.test(before.key);
  return isPlain && isCapitalised(old, word) && /^\p{Lu}/u.test(fresh);
}

const isArticle =
  /^(?:d(?:er|ie|as|en|em|es)|(?:k?ein|mein|dein|sein|ihr|unser)(?:e[nmrs]?)?|[iav]m|vom|beim|zum|zur|ins|ans|diese[nmrs]?|jede[nmrs]?)$/;

// ---- Passages

function passageOf(run: Run, removed: Run, kind: Passage['kind'], context: Context, replaced: Replaced): Passage {
  const { old, tokens } = context;
  const own = tokens.slice(run.first, run.last + 1);
  const keys = own.map(({ key }) => key);
  const fresh = replaced(removed);
  return {
    kind,
    text: old.slice(own[0]?.start, own.at(-1)?.end).replace(/[\ue000\ue001]/g, ''),
    keys,
    removed: { first: removed.first - run.first, last: removed.last - run.first },
    beside: neighbours(old, tokens, run),
    isVague: kind === 'figure' && isVagueFigure(keys),
    ...(fresh !== undefined && { replacement: fresh }),
  };
}

/** The words beside a run, if nothing but a space or a hyphen is between. */
function neighbours(text: string, tokens: readonly Token[], { first, last }: Run): { before?: string; after?: string } {
  const [before, start, end, after] = [tokens[first - 1], tokens[first] as Token, tokens[last] as Token, tokens[last + 1]];
  return {
    ...(before !== undefined && isBeside(text, before, start) && { before: before.key }),
    ...(after !== undefined && isBeside(text, end, after) && { after: after.key }),
  };
}

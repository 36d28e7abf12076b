import type { PostFields } from '../../../../src/protocol/model.ts';
import { blankFields } from '../../../../src/protocol/post-fields.ts';
import { type DiffBounds, diffUnits, type Piece } from '../../view/post/diff.ts';
import { mergeWords } from './word-merge.ts';

/**
 * Merges two changes of one post: the fields by themselves, the body by paragraph. Pure. No text is lost: every paragraph of each
 * side is in a passage, and a passage that both sides changed is left to the author.
 */
export interface ThreeWay {
  /** The fields that both sides started from. Undefined if this device does not have them. */
  base: PostFields | undefined;
  mine: PostFields;
  theirs: PostFields;
}

export type Side = 'mine' | 'theirs';

/** The version of a passage that the author takes. `merged`: with the words of both. `both`: theirs, then mine. */
export type PassageChoice = Side | 'merged' | 'both';

/** The sides that changed something. `both`: to the same value. `conflict`: to different values. */
export type ChangedBy = 'nobody' | Side | 'both' | 'conflict';

export type PostField = keyof PostFields;

/** Consecutive paragraphs of a body, as each side has them. */
export interface Passage {
  by: ChangedBy;
  base: readonly Paragraph[];
  mine: readonly Paragraph[];
  theirs: readonly Paragraph[];
  /** A proposal in which both changes are, if the passage is one paragraph in which they touch different words. */
  merged?: string;
}

export interface Paragraph {
  /** The empty lines before it. */
  gap: string;
  text: string;
}

export const postFieldNames: readonly PostField[] = /* @__PURE__ */ Object.keys(/* @__PURE__ */ blankFields()) as PostField[];

/** The fields that at least one side changed. */
export function changedFields({ base, mine, theirs }: ThreeWay): Map<PostField, Exclude<ChangedBy, 'nobody'>> {
  const changed = new Map<PostField, Exclude<ChangedBy, 'nobody'>>();
  for (const field of postFieldNames) {
    const by = changedBy(canonical(base?.[field]), canonical(mine[field]), canonical(theirs[field]), base !== undefined);
    if (by !== 'nobody') changed.set(field, by);
  }
  return changed;
}

/** The fields of `after` that differ from those of `before`: what a revision must send. */
export function changesBetween(before: PostFields, after: PostFields): Partial<PostFields> {
  const differ = postFieldNames.filter((field) => canonical(before[field]) !== canonical(after[field]));
  return Object.fromEntries(differ.map((field) => [field, after[field]]));
}

/** Only the fields that an author writes. */
export function fieldsOf(post: PostFields): PostFields {
  return Object.fromEntries(postFieldNames.map((field) => [field, post[field]])) as unknown as PostFields;
}

/**
 * The fields with each change taken over. `choices`: for fields that both sides changed. Undefined while one of them is not decided.
 * The body is decided by `mergedBody`.
 */
export function mergedFields(
  three: ThreeWay,
  choices: Partial<Record<PostField, Side>>,
  body: string | undefined,
): PostFields | undefined {
  const merged: Partial<Record<PostField, unknown>> = fieldsOf(three.theirs);
  for (const [field, by] of changedFields(three)) {
    if (field === 'body') continue;
    const side = takenSide(by, choices[field]);
    if (side === undefined) return undefined;
    if (side === 'mine') merged[field] = three.mine[field];
  }
  return body === undefined ? undefined : ({ ...merged, body } as PostFields);
}

/** The text that is taken over. Undefined: both sides changed it, and the author has not chosen. */
export function takenSide<C extends PassageChoice>(by: ChangedBy, chosen: C | undefined): C | Side | undefined {
  if (chosen !== undefined || by === 'conflict') return chosen;
  return by === 'theirs' ? 'theirs' : 'mine';
}

/** The bodies in passages, from the top. */
export function passagesOf(base: string | undefined, mine: string, theirs: string): Passage[] {
  const all = { base: paragraphsOf(base ?? ''), mine: paragraphsOf(mine), theirs: paragraphsOf(theirs) };
  if (base === undefined) return comparedBySide(all);
  const toMine = matches(all.base, all.mine);
  const toTheirs = matches(all.base, all.theirs);
  const passages: Passage[] = [];
  const from = { base: 0, mine: 0, theirs: 0 };
  const takeUpTo = (to: typeof from) => {
    const part = (side: keyof typeof from) => all[side].slice(from[side], to[side]);
    addPassages(passages, { base: part('base'), mine: part('mine'), theirs: part('theirs') }, true);
    Object.assign(from, to);
  };
  for (const at of all.base.keys()) {
    const [mineAt, theirsAt] = [toMine?.get(at), toTheirs?.get(at)];
    if (mineAt === undefined || theirsAt === undefined) continue;
    takeUpTo({ base: at, mine: mineAt, theirs: theirsAt });
    takeUpTo({ base: at + 1, mine: mineAt + 1, theirs: theirsAt + 1 });
  }
  takeUpTo({ base: all.base.length, mine: all.mine.length, theirs: all.theirs.length });
  return passages;
}

/** Without a common start nobody knows who changed a paragraph: whatever differs is a conflict. */
function comparedBySide(all: Record<'base' | Side, Paragraph[]>): Passage[] {
  const toMine = matches(all.theirs, all.mine);
  const passages: Passage[] = [];
  let [mineFrom, theirsFrom] = [0, 0];
  const takeUpTo = (mineTo: number, theirsTo: number) => {
    const part = { base: [], mine: all.mine.slice(mineFrom, mineTo), theirs: all.theirs.slice(theirsFrom, theirsTo) };
    addPassages(passages, part, false);
    [mineFrom, theirsFrom] = [mineTo, theirsTo];
  };
  for (const [theirsAt, mineAt] of toMine ?? []) {
    takeUpTo(mineAt, theirsAt);
    takeUpTo(mineAt + 1, theirsAt + 1);
  }
  takeUpTo(all.mine.length, all.theirs.length);
  return passages;
}

/**
 * The body with each change taken over. `choices`: for passages by their index. Undefined while a passage that both sides changed is
 * not decided.
 */
export function mergedBody(passages: readonly Passage[], choices: readonly (PassageChoice | undefined)[]): string | undefined {
  const taken = passages.map(({ by }, at) => takenSide(by, choices[at]));
  if (taken.includes(undefined)) return undefined;
  let body = '';
  for (const [at, passage] of passages.entries()) {
    for (const { gap, text } of takenFrom(passage, taken[at] as PassageChoice)) body += (body === '' ? '' : gap || '\n\n') + text;
  }
  return body;
}

/** The merged text of each passage that has one, for an author who sees and confirms it. */
export function proposedChoices(passages: readonly Passage[]): (PassageChoice | undefined)[] {
  return passages.map(({ merged }) => (merged === undefined ? undefined : 'merged'));
}

/** The paragraphs of this version. With `both`, a paragraph that both sides have is taken once. */
export function takenFrom({ mine, theirs, merged = '' }: Passage, choice: PassageChoice): readonly Paragraph[] {
  if (choice === 'merged') return [{ gap: theirs[0]?.gap ?? '', text: merged }];
  if (choice !== 'both') return choice === 'mine' ? mine : theirs;
  return [...theirs, ...mine.filter(({ text }) => !theirs.some((other) => other.text === text))];
}

/** The paragraphs of Markdown. A fenced block of code is one, with its empty lines. */
export function paragraphsOf(body: string): Paragraph[] {
  const paragraphs: Paragraph[] = [];
  let gap = '';
  let fence: string | undefined;
  let open = false;
  for (const line of body.split(/(?<=\n)/)) {
    const last = paragraphs.at(-1);
    const isEmpty = line.trim() === '' && fence === undefined;
    const [mark] = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.slice(1) ?? [];
    if (fence === undefined) fence = mark;
    else if (mark?.startsWith(fence)) fence = undefined;
    if (isEmpty) {
      gap += line;
      open = false;
    } else if (open && last) last.text += line;
    else {
      paragraphs.push({ gap, text: line });
      gap = '';
      open = true;
    }
  }
  return paragraphs.map(({ gap, text }, at) => {
    const before = paragraphs[at - 1]?.text ?? '';
    return { gap: at === 0 ? '' : lineEnd(before) + gap, text: text.slice(0, text.length - lineEnd(text).length) };
  });
}

function lineEnd(text: string): string {
  return /\r?\n?$/.exec(text)?.[0] ?? '';
}

/** Enough for the longest body: its paragraphs are few. */
const bounds: DiffBounds = { edits: 2_000, steps: 4_000_000 };

/** Pairs of equal paragraphs by index, in order. Undefined if the texts differ too much. */
function matches(before: readonly Paragraph[], after: readonly Paragraph[]): Map<number, number> | undefined {
  const texts = (all: readonly Paragraph[]) => all.map(({ text }) => text);
  const pieces: Piece[] | undefined = diffUnits(texts(before), texts(after), bounds);
  if (pieces === undefined) return undefined;
  const pairs = new Map<number, number>();
  let [old, fresh] = [0, 0];
  for (const { kind } of pieces) {
    if (kind === 'same') pairs.set(old, fresh);
    if (kind !== 'added') old += 1;
    if (kind !== 'removed') fresh += 1;
  }
  return pairs;
}

type Sides = Omit<Passage, 'by' | 'merged'>;

/** Adds the passage, or one for each of its paragraphs if each side changed them one by one. */
function addPassages(passages: Passage[], sides: Sides, hasBase: boolean): void {
  const { base, mine, theirs } = sides;
  if (base.length + mine.length + theirs.length === 0) return;
  const by = byOf(sides, hasBase);
  if (by === 'conflict' && base.length > 1 && base.length === mine.length && base.length === theirs.length) {
    for (const at of base.keys()) {
      const one = (all: readonly Paragraph[]) => all.slice(at, at + 1);
      addPassages(passages, { base: one(base), mine: one(mine), theirs: one(theirs) }, hasBase);
    }
    return;
  }
  const last = passages.at(-1);
  if (by !== 'nobody' || last?.by !== 'nobody') passages.push(withProposal({ by, ...sides }));
  else {
    last.base = [...last.base, ...base];
    last.mine = [...last.mine, ...mine];
    last.theirs = [...last.theirs, ...theirs];
  }
}

function withProposal(passage: Passage): Passage {
  const { by, base, mine, theirs } = passage;
  if (by !== 'conflict' || base.length !== 1 || mine.length !== 1 || theirs.length !== 1) return passage;
  const [before, own, other] = [base, mine, theirs].map(([paragraph]) => paragraph?.text ?? '') as [string, string, string];
  const merged = mergeWords(before, own, other);
  return merged === undefined ? passage : { ...passage, merged };
}

function byOf({ base, mine, theirs }: Sides, hasBase: boolean): ChangedBy {
  const text = (all: readonly Paragraph[]) => JSON.stringify(all.map((paragraph) => paragraph.text));
  return changedBy(text(base), text(mine), text(theirs), hasBase);
}

function changedBy(base: string, mine: string, theirs: string, hasBase: boolean): ChangedBy {
  if (!hasBase) return mine === theirs ? 'nobody' : 'conflict';
  if (mine === theirs) return mine === base ? 'nobody' : 'both';
  if (mine === base) return 'theirs';
  return theirs === base ? 'mine' : 'conflict';
}

/** Equal for equal values, whatever the order of their fields. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([left], [right]) => (left < right ? -1 : 1)))
      : one,
  ) as string;
}

import type { RevisionKind } from '../../../../src/protocol/model.ts';
import type { Language } from '../../i18n/languages.ts';
import { type DiffBounds, diffWords, type Piece } from '../../view/post/diff.ts';
import { type NoteSentences, noteSentencesIn } from '../i18n/note-sentences.ts';

/**
 * Suggests the note of a correction from what was changed. A whole sentence only if the change is one figure or one name; otherwise
 * the beginning of a sentence, which the author completes. Pure.
 */
export interface SuggestedNote {
  note: string;
  /** The sentence is whole. */
  certain: boolean;
}

/** The headline and the body of a post, as plain text. */
export interface NoteText {
  headline: string | null;
  text: string;
}

const bounds: DiffBounds = { edits: 400, steps: 400_000 };
/** Longer sentences are not quoted in a note. */
const maxQuotedCharacters = 160;
/** Longer replacements are not taken for a name. */
const maxNameWords = 4;

/** `language`: that of the coverage. Undefined: the desk does not have its words, and suggests nothing. */
export function suggestedNote(
  kind: RevisionKind,
  before: NoteText,
  after: NoteText,
  language: Language | undefined,
): SuggestedNote {
  if (language === undefined || kind === 'refile' || kind === 'update') return { note: '', certain: false };
  const sentences = noteSentencesIn(language);
  if (kind === 'clarification') return { note: sentences.wasUnclear, certain: false };
  const replaced = onlyReplacement(before, after);
  const note = replaced && (figureNote(replaced, sentences) ?? nameNote(replaced, sentences, language));
  return note === undefined ? { note: sentences.said, certain: false } : { note, certain: true };
}

interface Replacement {
  old: string;
  fresh: string;
  /** The text before and after the old words, in the first place where they stood. */
  preceding: string;
  following: string;
}

/** The replacement, if it is all that changed, in one place or in several. */
function onlyReplacement(before: NoteText, after: NoteText): Replacement | undefined {
  const found: Replacement[] = [];
  const texts = [
    [before.text, after.text],
    [before.headline ?? '', after.headline ?? ''],
  ] as const;
  for (const [old, fresh] of texts) {
    const pieces = diffWords(old, fresh, bounds);
    const replacements = pieces && replacementsIn(pieces);
    if (replacements === undefined) return undefined;
    found.push(...replacements);
  }
  const [first] = found;
  return found.every(({ old, fresh }) => old === first?.old && fresh === first.fresh) ? first : undefined;
}

/** Undefined if something was only added or only removed. */
function replacementsIn(pieces: readonly Piece[]): Replacement[] | undefined {
  const found: Replacement[] = [];
  const before = (from: readonly Piece[]) => from.map(({ kind, text }) => (kind === 'added' ? '' : text)).join('');
  for (const [at, { kind, text }] of pieces.entries()) {
    const next = pieces[at + 1];
    if (kind === 'same' || (kind === 'added' && pieces[at - 1]?.kind === 'removed')) continue;
    if (kind === 'added' || next?.kind !== 'added') return undefined;
    found.push({ old: text, fresh: next.text, preceding: before(pieces.slice(0, at)), following: before(pieces.slice(at + 2)) });
  }
  return found;
}

const figure = /^\p{Nd}[\p{Nd}.,:/٫٬’\u00a0\u202f-]*$/u;

function figureNote({ old, fresh, preceding, following }: Replacement, sentences: NoteSentences): string | undefined {
  if (!figure.test(old) || !figure.test(fresh)) return undefined;
  const start = sentenceStart(preceding);
  const end = sentenceEnd(following);
  const correct = (quoted: string) => (figuresIn(quoted) > 1 ? sentences.insteadOf(fresh, old) : fresh);
  const clause = old + end.replace(/[,;:–—(«»“”"„].*$|(?<![.!?…؟])[.!?…؟]+$/su, '').trimEnd();
  if (start === '' && clause !== old && clause.length <= maxQuotedCharacters && sentences.clause) {
    return sentences.clause(clause, correct(clause));
  }
  const sentence = start + old + end;
  const isWhole = sentence.length <= maxQuotedCharacters && sentence !== old && !/[«»“”"„]/.test(sentence);
  return isWhole ? sentences.quoted(sentence, correct(sentence)) : sentences.bare(old, fresh);
}

function figuresIn(text: string): number {
  return text.match(/\p{Nd}+(?:[.,:/٫٬’\u00a0\u202f-]\p{Nd}+)*/gu)?.length ?? 0;
}

function nameNote({ old, fresh, preceding }: Replacement, sentences: NoteSentences, language: Language): string | undefined {
  const areNames = [old, fresh].every((text) => isName(text, language));
  // The first word of a sentence has a capital letter whatever it is.
  const isKnown = language === 'ar' || sentenceStart(preceding).trim() !== '';
  return areNames && isKnown ? sentences.named(old, fresh) : undefined;
}

/** German writes every noun like a name, and Arabic has no capitals: there any few words may be one. */
function isName(text: string, language: Language): boolean {
  const words = text.split(/\s+/);
  if (words.length > maxNameWords) return false;
  const isWord = language === 'ar' ? /^[\p{L}\p{M}'’-]+$/u : /^\p{Lu}[\p{L}\p{M}'’.-]*$/u;
  return words.every((word) => isWord.test(word));
}

/** The part of the last sentence that stands before a place, without space at its start. The full stop of `3. Mai` ends none. */
function sentenceStart(text: string): string {
  return text.replace(/^.*(?:\n|(?:[!?…؟]|(?<!\p{Nd})\.)["”»“)]*\s+)/su, '').trimStart();
}

/** The part of the sentence that stands after a place, with its full stop. */
function sentenceEnd(text: string): string {
  return /^.*?(?=\n|$|(?<=[!?…؟]|(?<!\p{Nd})\.)\s)/su.exec(text)?.[0] ?? '';
}

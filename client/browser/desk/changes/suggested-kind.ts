import type { RevisionKind } from '../../../../src/protocol/model.ts';
import type { Language } from '../../i18n/languages.ts';
import { type DiffBounds, diffWords, type Piece } from '../../view/post/diff.ts';
import { paragraphsOf } from '../../view/wording/plain-text.ts';
import { bodyHtml } from '../composer/render-draft.ts';
import { type ChangeState, changedFieldsOf, changesOf, isFactAsSlip } from './change-state.ts';

/**
 * The kind of a change as far as its difference tells, undefined if it does not. A figure, a name or a quotation that was replaced is a
 * correction, and facts that were only added are an update. A typing slip is suggested only for a letter within a word, or for
 * punctuation, because readers are not told of one. `language`: of the coverage. Pure.
 */
export function suggestedKind(state: ChangeState, language: Language | undefined): RevisionKind | undefined {
  const names = Object.keys(changesOf(state));
  if (names.length === 0 || names.some((name) => name !== 'body' && name !== 'headline')) return undefined;
  const { base } = state;
  const after = changedFieldsOf(state);
  const text = (body: string, html = bodyHtml(body, base.channelId) ?? '') => paragraphsOf(html);
  const texts = [
    [base.headline ?? '', after.headline ?? ''],
    [text(base.body, base.html || undefined), text(after.body)],
  ] as const;
  const pieces: Piece[] = [];
  for (const [old, fresh] of texts) {
    const found = diffWords(old, fresh, bounds);
    if (found === undefined) return undefined;
    pieces.push(...found);
  }
  const isAdded = pieces.every(({ kind }) => kind !== 'removed');
  if (isFactAsSlip({ ...state, kind: 'refile' }, language)) return isAdded ? 'update' : 'correction';
  // In Arabic any word may be a name.
  return language !== undefined && language !== 'ar' && isSlip(pieces) ? 'refile' : undefined;
}

const bounds: DiffBounds = { edits: 400, steps: 400_000 };

/** Whether every difference is punctuation, or one letter within a word. */
function isSlip(pieces: readonly Piece[]): boolean {
  const differ = pieces.some(({ kind }) => kind !== 'same');
  return (
    differ &&
    pieces.every(({ kind, text }, at) => {
      const [before, after] = [pieces[at - 1], pieces[at + 1]];
      if (kind === 'same' || /^[\s.,;:!?…]*$/u.test(text)) return true;
      if (kind === 'added') return before?.kind === 'removed';
      return after?.kind === 'added' && (/^[\s.,;:!?…]*$/u.test(after.text) || isMistyped(text, after.text));
    })
  );
}

/** Shorter words may become other ones by a letter. */
const mistypedCharacters = 4;

/** Whether a letter is missing, is one too many, or has changed places with its neighbour, but not the first or the last one. */
function isMistyped(old: string, fresh: string): boolean {
  const [shorter, longer] = old.length <= fresh.length ? [[...old], [...fresh]] : [[...fresh], [...old]];
  if (shorter.length < mistypedCharacters || !/^\p{L}+$/u.test(old + fresh)) return false;
  if (shorter[0] !== longer[0] || shorter.at(-1) !== longer.at(-1)) return false;
  const at = shorter.findIndex((letter, index) => letter !== longer[index]);
  if (at < 0) return false;
  const rest = (letters: readonly string[], from: number) => letters.slice(from).join('');
  if (longer.length === shorter.length + 1) return rest(shorter, at) === rest(longer, at + 1);
  const isSwapped = shorter[at] === longer[at + 1] && shorter[at + 1] === longer[at];
  return longer.length === shorter.length && isSwapped && rest(shorter, at + 2) === rest(longer, at + 2);
}

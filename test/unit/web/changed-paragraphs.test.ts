import { describe, expect, it } from 'vitest';
import { diffWords, type Piece } from '../../../client/browser/view/post/diff.ts';
import { changedParagraphs } from '../../../src/web/corrections/changed-paragraphs.ts';

const compared = (before: string, after: string) => diffWords(before, after, { edits: 100, steps: 10_000 }) as Piece[];
const marked = (pieces: readonly Piece[]) =>
  pieces.map(({ kind, text }) => (kind === 'same' ? text : kind === 'added' ? `{+${text}+}` : `[-${text}-]`)).join('');
const shown = (before: string, after: string) => marked(changedParagraphs(compared(before, after)));

describe('the changed paragraphs of a text', () => {
  it('are whole, with one ellipsis for each run of others', () => {
    expect(shown('One.\nTwo ships.\nThree.\nFour.\nFive.', 'One.\nTen ships.\nThree.\nFour.\nSix.')).toBe(
      '…\n[-Two-]{+Ten+} ships.\n…\n[-Five-]{+Six+}.',
    );
    expect(shown('One ship.\nTwo.', 'Two ships.\nTwo.')).toBe('[-One ship-]{+Two ships+}.\n…');
  });

  it('keep the empty lines between them', () => {
    expect(shown('One.\n\nTwo.\n\nThree.\n\nFour ships.', 'One.\n\nTwo.\n\nThree.\n\nTen ships.')).toBe(
      '…\n\n[-Four-]{+Ten+} ships.',
    );
  });

  it('include paragraphs that were added or removed', () => {
    expect(shown('One.\nTwo.', 'One.\nTwo.\nThree.\nFour.')).toMatch(/^…\n\{\+Three\.\+\}\n\{\+Four\.\+\}$/);
    expect(shown('One.\nTwo.\nThree.', 'One.\nThree.')).toContain('[-Two.-]');
  });

  it('are the whole text if only its line breaks changed, and nothing if nothing changed', () => {
    expect(shown('One.\nTwo.', 'One.\n\nTwo.')).toContain('One.');
    expect(shown('One.\nTwo.', 'One.\nTwo.')).toBe('');
  });
});

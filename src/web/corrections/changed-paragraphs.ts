import type { Piece } from '../../../client/browser/view/post/diff.ts';

interface Line {
  pieces: Piece[];
  /** The number of line breaks before this line. */
  breaks: number;
}

/** A compared text without the lines in which nothing changed. Each run of them becomes one ellipsis. Empty without a change. */
export function changedParagraphs(pieces: readonly Piece[]): Piece[] {
  const lines = linesOf(pieces);
  // If only line breaks changed, the whole text is shown.
  if (!lines.some(isChanged)) return pieces.every(({ kind }) => kind === 'same') ? [] : [...pieces];
  const kept: Line[] = [];
  for (const [at, line] of lines.entries()) {
    const above = lines[at - 1];
    if (isChanged(line)) kept.push(line);
    else if (above === undefined || isChanged(above)) kept.push({ ...line, pieces: [{ kind: 'same', text: '…' }] });
  }
  return kept.flatMap(({ pieces, breaks }, at) => (at === 0 ? pieces : [{ kind: 'same', text: '\n'.repeat(breaks) }, ...pieces]));
}

/** The lines with text. */
function linesOf(pieces: readonly Piece[]): Line[] {
  const lines: Line[] = [];
  let breaks = 1;
  for (const { kind, text } of pieces) {
    for (const [at, part] of text.split('\n').entries()) {
      if (at > 0) breaks += 1;
      if (part === '') continue;
      if (breaks > 0) lines.push({ pieces: [], breaks });
      lines.at(-1)?.pieces.push({ kind, text: part });
      breaks = 0;
    }
  }
  return lines;
}

function isChanged({ pieces }: Line): boolean {
  return pieces.some(({ kind }) => kind !== 'same');
}

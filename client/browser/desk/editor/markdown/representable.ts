import { Fragment, type Mark, type Node } from 'prosemirror-model';
import { withTableShape } from '../table-shape.ts';

/**
 * The part of an edited block that Markdown can hold. An author sees no difference: empty blocks, spaces at the edge of a line or of
 * bold text, and line breaks at the end of a paragraph are dropped.
 */

/** Undefined if nothing of the block is left. */
export function representable(block: Node): Node | undefined {
  switch (block.type.name) {
    case 'paragraph':
      return withInline(block, { breaks: true });
    case 'heading':
    case 'table_header':
    case 'table_cell':
      return withInline(block, { breaks: false });
    case 'code_block':
      return block.textContent === '' ? undefined : block;
    case 'rule':
      return block;
    case 'table':
      return block.textContent.trim() === '' ? undefined : ofTable(withTableShape(block));
    case 'bullet_list':
    case 'ordered_list':
      return ofList(block);
  }
  return withChildren(block);
}

function withChildren(block: Node): Node | undefined {
  const children = childrenOf(block).flatMap((child) => representable(child) ?? []);
  return children.length === 0 ? undefined : changed(block, children);
}

function ofTable(table: Node): Node {
  const rows = childrenOf(table).map((row) => {
    const cells = childrenOf(row).map((cell) => withInline(cell, { breaks: false }) ?? cell.copy());
    return changed(row, cells);
  });
  return changed(table, rows);
}

function ofList(list: Node): Node | undefined {
  const items = withChildren(list);
  if (items === undefined) return undefined;
  const blocks = childrenOf(items).map(childrenOf);
  const hasParagraph = blocks.some((of) => of.some(({ type }) => type.name === 'paragraph'));
  const canBeTight = blocks.every((of) => of.every((child, at) => at === 0 || canFollow(child)));
  const canBeLoose = blocks.length > 1 || blocks.some((of) => of.length > 1);
  const tight = !hasParagraph || (canBeTight && (items.attrs.tight || !canBeLoose));
  return tight === items.attrs.tight ? items : items.type.create({ ...items.attrs, tight }, items.content);
}

/** Whether the block can stand directly below another block, without a blank line between them. */
function canFollow({ type, attrs }: Node): boolean {
  return type.name === 'bullet_list' || (type.name === 'ordered_list' && attrs.start === 1);
}

/** A part of a line. Text of code is kept as it is. */
interface Piece {
  text: string;
  isBreak: boolean;
  isCode: boolean;
  node: Node;
  marks: readonly Mark[];
}

function withInline(block: Node, { breaks }: { breaks: boolean }): Node | undefined {
  const pieces = childrenOf(block).flatMap((node) => piecesOf(node, breaks));
  expelSpaces(pieces);
  const trimmed = trimmedLines(pieces);
  if (trimmed.length === 0) return undefined;
  const content = trimmed.map(({ node, isBreak, text, marks }) =>
    isBreak ? node.mark(marks) : node.type.schema.text(text, marks),
  );
  return changed(block, content);
}

function piecesOf(node: Node, breaks: boolean): Piece[] {
  const isCode = node.marks.some(({ type }) => type.name === 'code');
  if (node.isText) {
    const text = node.text as string;
    // Spaces at the edges are pieces of their own, so that they can lose their marks.
    const parts = isCode
      ? [text.replace(/[\r\n]+/g, ' ')]
      : text.replace(/[\r\n]+/g, ' ').split(/(^[\p{Zs}\t]+|(?<![\p{Zs}\t])[\p{Zs}\t]+$)/u);
    return parts.filter(Boolean).map((part) => ({ text: part, isBreak: false, isCode, node, marks: node.marks }));
  }
  const marks = node.marks.filter(({ type }) => type.name !== 'code');
  if (breaks) return [{ text: '', isBreak: true, isCode: false, node, marks }];
  return [{ text: ' ', isBreak: false, isCode: false, node, marks }];
}

function isSpace({ text, isBreak, isCode }: Piece): boolean {
  return isBreak || (!isCode && /^[\p{Zs}\t]*$/u.test(text));
}

/** Takes the marks from spaces and breaks at both ends of the text that has them. */
function expelSpaces(pieces: readonly Piece[]): void {
  const all = [...new Set(pieces.flatMap(({ marks }) => marks))];
  const isLink = ({ type }: Mark) => type.name === 'link';
  // Links first, because the other marks are interrupted where a link begins or ends.
  for (const mark of [...all.filter(isLink), ...all.filter((mark) => !isLink(mark))]) {
    if (mark.type.name === 'code') continue;
    for (const order of [pieces, pieces.toReversed()]) {
      let atEdge = true;
      for (const [at, piece] of order.entries()) {
        if (!mark.isInSet(piece.marks)) atEdge = true;
        else if ((atEdge && isSpace(piece)) || (order === pieces && piece.isBreak && followsOuterMark(order, at, mark))) {
          piece.marks = mark.removeFromSet(piece.marks);
          atEdge = true;
        } else atEdge = endsLink(order, at, mark);
      }
    }
  }
}

/** Whether a link that has the mark in part ends here. The mark is then written within the link, and again after it. */
function endsLink(pieces: readonly Piece[], at: number, mark: Mark): boolean {
  const linkOf = (piece: Piece | undefined) => piece?.marks.find(({ type }) => type.name === 'link');
  const link = linkOf(pieces[at]);
  if (link === undefined || mark === link || linkOf(pieces[at + 1])?.eq(link)) return false;
  let start = at;
  while (start > 0 && linkOf(pieces[start - 1])?.eq(link)) start -= 1;
  return pieces.slice(start, at).some(({ marks }) => !mark.isInSet(marks));
}

/**
 * Whether another mark, which begins before this one, ends before this piece. The mark is then written within the other, and again
 * after it, where it cannot begin with a break.
 */
function followsOuterMark(pieces: readonly Piece[], at: number, mark: Mark): boolean {
  const startOf = (one: Mark) => {
    let start = at;
    while (start > 0 && one.isInSet((pieces[start - 1] as Piece).marks)) start -= 1;
    return start;
  };
  const ended = (pieces[at - 1]?.marks ?? []).filter((other) => !other.isInSet((pieces[at] as Piece).marks));
  return ended.some((other) => other.type.name !== 'code' && startOf(other) < startOf(mark));
}

/** Without spaces at the ends of lines, and without breaks that end no line. */
function trimmedLines(pieces: readonly Piece[]): Piece[] {
  const lines: Piece[][] = [[]];
  const breaks: Piece[] = [];
  for (const piece of pieces) {
    if (piece.isBreak) {
      breaks.push(piece);
      lines.push([]);
    } else (lines.at(-1) as Piece[]).push(piece);
  }
  const trimmed = lines.map((line) => trimmedLine(line));
  const first = trimEdge(trimmed, { first: true });
  const last = trimEdge(trimmed, { last: true });
  if (first < 0 || last < 0) return [];
  const isSoft = (at: number) => breaks[at]?.node.type.name === 'soft_break';
  return trimmed.slice(first, last + 1).flatMap((line, at) => {
    const before = first + at - 1;
    if (at === 0) return line;
    // Two line ends in a row would end the paragraph.
    const isDropped = isSoft(before) && (line.length === 0 || trimmed[before]?.length === 0);
    return isDropped ? line : [breaks[before] as Piece, ...line];
  });
}

/** Trims the first or the last line of which something is left. Returns its index, or -1 if nothing is left. */
function trimEdge(lines: Piece[][], edge: { first?: boolean; last?: boolean }): number {
  for (;;) {
    const at = edge.first ? lines.findIndex(({ length }) => length > 0) : lines.findLastIndex(({ length }) => length > 0);
    if (at < 0) return at;
    const line = trimmedLine(lines[at] as Piece[], edge);
    lines[at] = line;
    if (line.length > 0) return at;
  }
}

/** Markdown trims a whole paragraph of more kinds of spaces than a line. */
function trimmedLine(line: readonly Piece[], { first = false, last = false } = {}): Piece[] {
  const pieces = [...line];
  while (pieces[0] !== undefined && !pieces[0].isCode) {
    const [piece] = pieces;
    const text = first ? piece.text.trimStart() : piece.text.replace(/^[ \t]+/, '');
    if (text === piece.text) break;
    if (text !== '') {
      pieces[0] = { ...piece, text };
      break;
    }
    pieces.shift();
  }
  for (let piece = pieces.at(-1); piece !== undefined && !piece.isCode; piece = pieces.at(-1)) {
    const text = last ? piece.text.trimEnd() : piece.text.replace(/(?<![ \t])[ \t]+$/, '');
    if (text === piece.text) break;
    pieces.pop();
    if (text === '') continue;
    pieces.push({ ...piece, text });
    break;
  }
  return pieces;
}

function changed(node: Node, children: readonly Node[]): Node {
  const content = Fragment.fromArray([...children]);
  return content.eq(node.content) ? node : node.copy(content);
}

export function childrenOf(node: Node): readonly Node[] {
  return node.content.content;
}

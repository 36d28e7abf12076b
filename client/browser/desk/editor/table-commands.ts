import { type Command, type EditorState, Plugin, Selection, TextSelection, type Transaction } from 'prosemirror-state';
import { schema } from './schema.ts';
import { withTableShape } from './table-shape.ts';

/** Tables while they are written: moving between cells, new rows, and keeping their shape. */

const { nodes } = schema;

/** A table of two columns, a head and one row. */
export const insertTable: Command = (state, dispatch) => {
  const { $from } = state.selection;
  if (cellAround(state) !== undefined || !$from.parent.isTextblock || $from.parent.type.spec.code) return false;
  const row = (cell: (typeof nodes)[string]) => nodes.table_row.create(null, [cell.create(), cell.create()]);
  const table = nodes.table.create(null, [row(nodes.table_header), row(nodes.table_cell)]);
  if (dispatch) {
    const tr = state.tr.replaceSelectionWith(table);
    let start = 0;
    tr.doc.nodesBetween(Math.max(0, $from.pos - 2), tr.doc.content.size, (node, pos) => {
      if (start === 0 && node.eq(table)) start = pos + 3;
      return start === 0;
    });
    dispatch(tr.setSelection(TextSelection.create(tr.doc, start)).scrollIntoView());
  }
  return true;
};

/** Goes to the next or the last cell. After the last one, a row begins. */
export function goToCell(direction: 1 | -1): Command {
  return (state, dispatch) => {
    const at = cellAround(state);
    if (at === undefined) return false;
    const { table, start, row, column } = at;
    const width = table.child(row).childCount;
    const next = row * width + column + direction;
    if (next < 0) return false;
    if (!dispatch) return true;
    const isNew = next === width * table.childCount;
    const tr = isNew ? withRow(state.tr, start + table.nodeSize - 1, width) : state.tr;
    dispatch(select(tr, start, Math.floor(next / width), next % width));
    return true;
  };
}

/** Goes to the cell below, and from the last row to a paragraph after the table. */
export const goBelow: Command = (state, dispatch) => {
  const at = cellAround(state);
  if (at === undefined) return false;
  const { table, start, row, column } = at;
  if (row + 1 < table.childCount) dispatch?.(select(state.tr, start, row + 1, column));
  else dispatch?.(withParagraph(state.tr, start + table.nodeSize));
  return true;
};

/** From the last line of a table or code at the end of the text, goes to a paragraph after it. */
export const leaveBelow: Command = (state, dispatch) => {
  const { $head, empty } = state.selection;
  const last = state.doc.lastChild;
  if (!empty || $head.depth === 0 || $head.index(0) !== state.doc.childCount - 1) return false;
  const isLastRow = last?.type === nodes.table && cellAround(state)?.row === last.childCount - 1;
  const isLastLine = last?.type === nodes.code_block && !last.textContent.slice($head.parentOffset).includes('\n');
  if (!isLastRow && !isLastLine) return false;
  dispatch?.(withParagraph(state.tr, state.doc.content.size));
  return true;
};

/** Enter on an empty last line of code ends the code. */
export const leaveCode: Command = (state, dispatch) => {
  const { $head, empty } = state.selection;
  const { parent } = $head;
  if (!empty || parent.type !== nodes.code_block || !parent.textContent.endsWith('\n')) return false;
  if ($head.parentOffset !== parent.content.size) return false;
  dispatch?.(withParagraph(state.tr.delete($head.pos - 1, $head.pos), $head.after() - 1));
  return true;
};

/** Keeps every table in the shape that Markdown has for it. */
export const tableShapes = new Plugin({
  appendTransaction(transactions, _, { doc, tr }) {
    if (!transactions.some(({ docChanged }) => docChanged)) return null;
    const { anchor, head } = tr.selection;
    doc.descendants((node, pos) => {
      if (node.type !== nodes.table) return !node.isTextblock;
      const shaped = withTableShape(node);
      const at = tr.mapping.map(pos);
      if (shaped !== node) tr.replaceWith(at, at + node.nodeSize, shaped);
      return false;
    });
    if (!tr.docChanged) return null;
    const within = (pos: number) => tr.doc.resolve(Math.min(pos, tr.doc.content.size));
    return tr.setSelection(TextSelection.between(within(anchor), within(head)));
  },
});

function cellAround({ selection: { $from } }: EditorState) {
  for (let depth = $from.depth; depth > 0; depth -= 1) {
    if ($from.node(depth).type !== nodes.table) continue;
    return { table: $from.node(depth), start: $from.before(depth), row: $from.index(depth), column: $from.index(depth + 1) };
  }
  return undefined;
}

function select(tr: Transaction, start: number, row: number, column: number): Transaction {
  const table = tr.doc.nodeAt(start);
  let pos = start + 1;
  for (let at = 0; at < row; at += 1) pos += table?.child(at).nodeSize ?? 0;
  pos += 1;
  for (let at = 0; at < column; at += 1) pos += table?.child(row).child(at).nodeSize ?? 0;
  const cell = tr.doc.nodeAt(pos);
  return tr.setSelection(TextSelection.create(tr.doc, pos + 1, pos + 1 + (cell?.content.size ?? 0))).scrollIntoView();
}

function withRow(tr: Transaction, at: number, width: number): Transaction {
  return tr.insert(
    at,
    nodes.table_row.create(
      null,
      Array.from({ length: width }, () => nodes.table_cell.create()),
    ),
  );
}

function withParagraph(tr: Transaction, after: number): Transaction {
  const next = tr.doc.nodeAt(after);
  if (next?.type !== nodes.paragraph || next.content.size > 0) tr.insert(after, nodes.paragraph.create());
  return tr.setSelection(Selection.near(tr.doc.resolve(after + 1))).scrollIntoView();
}

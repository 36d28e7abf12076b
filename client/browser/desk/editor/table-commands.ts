import type { Node } from 'prosemirror-model';
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

/** The cells of a table by row, and the one with the cursor. */
interface Cells {
  rows: readonly (readonly Node[])[];
  row: number;
  column: number;
}

export const addRow = reshape(({ rows, row, column }) => {
  const added = (rows[0] ?? []).map(() => nodes.table_cell.create());
  return { rows: [...rows.slice(0, row + 1), added, ...rows.slice(row + 1)], row: row + 1, column };
});

export const addColumn = reshape(({ rows, row, column }) => {
  const added = (cells: readonly Node[]) => [
    ...cells.slice(0, column + 1),
    nodes.table_cell.create(),
    ...cells.slice(column + 1),
  ];
  return { rows: rows.map(added), row, column: column + 1 };
});

export const removeRow = reshape(({ rows, row, column }) => {
  const kept = rows.filter((_, at) => at !== row);
  return { rows: kept, row: Math.min(row, kept.length - 1), column };
});

export const removeColumn = reshape(({ rows, row, column }) => {
  const kept = rows.map((cells) => cells.filter((_, at) => at !== column));
  return { rows: kept, row, column: Math.min(column, (kept[0]?.length ?? 0) - 1) };
});

/** The most cells that the tables of a text can grow to by command. Their html is a tenth of what a post may have. */
const mostCells = 1_000;

/** Changes the table around the cursor. Without its last row or column the table is gone. */
function reshape(change: (cells: Cells) => Cells): Command {
  return (state, dispatch) => {
    const at = cellAround(state);
    if (at === undefined) return false;
    const { table, start } = at;
    const before = table.content.content.map(({ content }) => content.content);
    const { rows, row, column } = change({ rows: before, row: at.row, column: at.column });
    const added = rows.flat().length - before.flat().length;
    if (added > 0 && cellsIn(state.doc) + added > mostCells) return false;
    if (!dispatch) return true;
    const { tr } = state;
    if (rows.flat().length === 0) {
      tr.replaceWith(start, start + table.nodeSize, nodes.paragraph.create());
      dispatch(tr.setSelection(TextSelection.create(tr.doc, start + 1)).scrollIntoView());
      return true;
    }
    const made = nodes.table.create(
      table.attrs,
      rows.map((cells) => nodes.table_row.create(null, cells)),
    );
    tr.replaceWith(start, start + table.nodeSize, withTableShape(made));
    dispatch(select(tr, start, row, column));
    return true;
  };
}

function cellsIn(doc: Node): number {
  let cells = 0;
  doc.descendants(({ type, childCount }) => {
    if (type === nodes.table_row) cells += childCount;
    return type !== nodes.table_row;
  });
  return cells;
}

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

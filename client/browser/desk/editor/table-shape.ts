import type { Node } from 'prosemirror-model';

/**
 * The shape that Markdown has for tables: one head row, cells below it, rows of the same width, and one alignment for each column.
 * Returns the same table if it has this shape.
 */
export function withTableShape(table: Node): Node {
  const { table_header: header, table_cell: cell, table_row: row } = table.type.schema.nodes;
  if (header === undefined || cell === undefined || row === undefined) return table;
  const rows = table.content.content.map(({ content }) => content.content);
  const columns = Math.max(...rows.map((cells) => cells.length));
  const aligns = Array.from({ length: columns }, (_, at) => rows[0]?.[at]?.attrs.align ?? null);
  const shaped = rows.map((cells, rowAt) => {
    const type = rowAt === 0 ? header : cell;
    return row.create(
      null,
      aligns.map((align, at) => {
        const old = cells[at];
        return old?.type === type && old.attrs.align === align ? old : type.create({ align }, old?.content);
      }),
    );
  });
  const made = table.type.create(table.attrs, shaped);
  return made.eq(table) ? table : made;
}

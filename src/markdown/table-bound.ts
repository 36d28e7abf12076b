import type { StateBlock } from 'markdown-it';
import { htmlBytes } from '../protocol/client-limits.ts';
import { tooMuchHtml } from './refusals.ts';

/** The shortest html of a cell. */
const cellTags = '<td></td>\n';

/**
 * Refuses a body whose table cells alone exceed the limit of html, before the tables are parsed. Short rows are filled up to the
 * width of the first row, so 50 kB can make 65,000 cells. This rule never parses a table itself.
 */
export function boundTable(state: StateBlock, startLine: number, endLine: number): boolean {
  const columns = columnsOf(state, startLine, endLine);
  if (columns === 0) return false;
  let line = startLine + 2;
  while (line < endLine && isRow(state, line, endLine)) line += 1;
  const env = state.env as { cells?: number };
  env.cells = (env.cells ?? 0) + columns * (line - startLine - 1);
  if (env.cells * cellTags.length > htmlBytes) throw tooMuchHtml();
  return false;
}

/** The number of columns of a table that begins on this line, as markdown-it counts them. 0 if no table begins here. */
function columnsOf(state: StateBlock, line: number, endLine: number): number {
  if (line + 1 >= endLine || isOutside(state, line + 1) || isIndented(state, line) || isIndented(state, line + 1)) return 0;
  const [head, dashes] = [textOn(state, line), textOn(state, line + 1)];
  if (!head.includes('|') || !/^(?!-\s)[-:|][-:|\s]/.test(dashes)) return 0;
  const columns = cellsOf(dashes);
  if (!columns.every((cell) => /^:?-+:?$/.test(cell.trim()))) return 0;
  return cellsOf(head).length === columns.length ? columns.length : 0;
}

function textOn(state: StateBlock, line: number): string {
  return state.src.slice((state.bMarks[line] ?? 0) + (state.tShift[line] ?? 0), state.eMarks[line]).trim();
}

function cellsOf(row: string): string[] {
  const cells = row.split(/(?<!\\)\|/);
  if (cells[0] === '') cells.shift();
  if (cells.at(-1) === '') cells.pop();
  return cells;
}

/** Whether the line continues the table above it. */
function isRow(state: StateBlock, line: number, endLine: number): boolean {
  if (state.isEmpty(line) || isOutside(state, line) || isIndented(state, line)) return false;
  const begins = state.md.block.ruler.getRules('blockquote');
  return !begins.some((rule) => rule(state, line, endLine, true));
}

/** Whether the line is outside the list or quote that contains the table. */
function isOutside(state: StateBlock, line: number): boolean {
  return (state.sCount[line] ?? 0) < state.blkIndent;
}

/** Whether the line is indented like a code block. */
function isIndented(state: StateBlock, line: number): boolean {
  return (state.sCount[line] ?? 0) - state.blkIndent >= 4;
}

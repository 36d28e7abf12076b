import type { Token } from 'markdown-it';
import { figureCharacters } from '../protocol/client-limits.ts';

/**
 * Finds the forms of a text that pages give a look of their own: pull quotes and data blocks. Their html has the attribute
 * `data-form`, and otherwise is that of any quote and table.
 */

/** The values of `data-form`, by tag. */
export const forms = { blockquote: 'pull-quote', p: 'speaker', table: 'data-block' } as const;

/** Marks the forms among the tokens of a text. The speaker of a pull quote becomes a paragraph. */
export function withForms(tokens: readonly Token[]): readonly Token[] {
  const marked: Token[] = [];
  /** The open quotes, innermost last. */
  const quotes: Token[] = [];
  for (const [at, token] of tokens.entries()) {
    if (token.type === 'blockquote_open') quotes.push(token);
    if (token.type === 'blockquote_close') markPullQuote(quotes.pop() as Token, marked);
    if (token.type === 'table_open' && isBoldLine(marked) && hasFigures(tokens, at)) mark(token);
    marked.push(token);
  }
  return marked;
}

function mark(token: Token): void {
  token.attrSet('data-form', forms[token.tag as keyof typeof forms]);
}

/** Marks a quote if its last line begins with an em dash and is not its only line. `marked`: the tokens up to its end. */
function markPullQuote(quote: Token, marked: Token[]): void {
  const [open, inline, close] = marked.slice(-3);
  if (open?.type !== 'paragraph_open' || inline?.type !== 'inline' || close?.type !== 'paragraph_close') return;
  if (open.level !== quote.level + 1) return;
  const children = inline.children ?? [];
  const breaks = children.findLastIndex(({ type }) => type === 'softbreak' || type === 'hardbreak');
  const line = children.slice(breaks + 1).find(({ content }) => content !== '');
  if (line?.type !== 'text' || line.level > 0 || !/^\s*—/.test(line.content)) return;
  if (breaks < 0) {
    if (marked.at(-4) === quote) return;
    mark(open);
  } else {
    const [before, speaker, opened] = [copyOf(inline), copyOf(inline), copyOf(open)];
    before.children = children.slice(0, breaks);
    speaker.children = children.slice(breaks + 1);
    mark(opened);
    marked.splice(-2, 2, before, close, opened, speaker, close);
  }
  mark(quote);
}

function copyOf(token: Token): Token {
  return Object.assign(Object.create(Object.getPrototypeOf(token)), token, { attrs: null });
}

/** Whether the last block is a paragraph of bold text and nothing else. */
function isBoldLine(marked: readonly Token[]): boolean {
  const [open, inline, close] = marked.slice(-3);
  if (open?.type !== 'paragraph_open' || inline?.type !== 'inline' || close?.type !== 'paragraph_close') return false;
  const children = (inline.children ?? []).filter(({ type, content }) => type !== 'text' || content !== '');
  const ends = children.findIndex(({ type }) => type === 'strong_close');
  return children[0]?.type === 'strong_open' && ends === children.length - 1;
}

/** Whether each row of the table has a label and a figure. */
function hasFigures(tokens: readonly Token[], start: number): boolean {
  let cells = 0;
  let rows = 0;
  for (let at = start; tokens[at]?.type !== 'table_close'; at += 1) {
    const { type } = tokens[at] as Token;
    if (type === 'tr_open') cells = 0;
    if (type === 'tr_close') {
      if (cells !== 2) return false;
      rows += 1;
    }
    if (type === 'th_open' || type === 'td_open') cells += 1;
    if (type === 'td_open' && cells === 2 && (tokens[at + 1] as Token).content.length > figureCharacters) return false;
  }
  return rows > 1;
}

import { type DOMOutputSpec, type MarkSpec, type NodeSpec, Schema } from 'prosemirror-model';
import { isAllowedLink } from '../../../../src/markdown/links.ts';

/** The contents of a text: exactly what the server's renderer writes as html. */

const alignments = ['left', 'center', 'right'];

/** The part of a pasted element that is read. */
interface Pasted {
  getAttribute(name: string): string | null;
  hasAttribute(name: string): boolean;
}

/** The alignment of a pasted cell. */
function alignmentOf(cell: Pasted): string | null {
  const align = (cell.getAttribute('align') ?? '').toLowerCase();
  return alignments.includes(align) ? align : null;
}

function cell(tag: 'th' | 'td'): NodeSpec {
  return {
    content: 'text*',
    attrs: { align: { default: null } },
    isolating: true,
    parseDOM: [{ tag, getAttrs: (dom: Pasted) => ({ align: alignmentOf(dom) }) }],
    toDOM: ({ attrs }): DOMOutputSpec => [tag, { dir: 'auto', ...(attrs.align === null ? {} : { align: attrs.align }) }, 0],
  };
}

function list(tag: 'ul' | 'ol', attrs: NodeSpec['attrs'] = {}): NodeSpec {
  return {
    content: 'list_item+',
    group: 'block',
    attrs: { ...attrs, tight: { default: true } },
    parseDOM: [
      {
        tag,
        getAttrs: (dom: Pasted) => ({
          tight: !dom.hasAttribute('data-loose'),
          ...(tag === 'ol' ? { start: startOf(dom) } : {}),
        }),
      },
    ],
    toDOM: ({ attrs: { start, tight } }): DOMOutputSpec => [
      tag,
      { ...(tight ? {} : { 'data-loose': '' }), ...(start === undefined || start === 1 ? {} : { start }) },
      0,
    ],
  };
}

/** Markdown has numbers of up to nine digits. */
function startOf(dom: Pasted): number {
  const start = Number(dom.getAttribute('start') ?? 1);
  return Number.isInteger(start) && start >= 0 && start <= 999_999_999 ? start : 1;
}

/** Pages show headings of two levels: h3 and h4, below the headline of the post. */
const nodes = {
  doc: { content: 'block+' },
  paragraph: {
    content: 'inline*',
    group: 'block',
    parseDOM: [{ tag: 'p' }],
    toDOM: () => ['p', { dir: 'auto' }, 0],
  },
  heading: {
    content: 'text*',
    group: 'block',
    attrs: { level: { default: 3 } },
    defining: true,
    parseDOM: [1, 2, 3, 4, 5, 6].map((level) => ({ tag: `h${level}`, attrs: { level: level < 4 ? 3 : 4 } })),
    toDOM: ({ attrs: { level } }) => [`h${level}`, { dir: 'auto' }, 0],
  },
  blockquote: {
    content: 'block+',
    group: 'block',
    defining: true,
    parseDOM: [{ tag: 'blockquote' }],
    toDOM: () => ['blockquote', { dir: 'auto' }, 0],
  },
  bullet_list: list('ul'),
  ordered_list: list('ol', { start: { default: 1 } }),
  list_item: {
    content: 'block+',
    defining: true,
    parseDOM: [{ tag: 'li' }],
    toDOM: () => ['li', { dir: 'auto' }, 0],
  },
  code_block: {
    content: 'text*',
    marks: '',
    group: 'block',
    code: true,
    defining: true,
    /** The text after the fence, such as a language. Pages do not show it. */
    attrs: { info: { default: '' } },
    parseDOM: [{ tag: 'pre', preserveWhitespace: 'full' }],
    toDOM: () => ['pre', { dir: 'auto' }, ['code', 0]],
  },
  rule: { group: 'block', parseDOM: [{ tag: 'hr' }], toDOM: () => ['hr'] },
  table: {
    content: 'table_row+',
    group: 'block',
    isolating: true,
    parseDOM: [{ tag: 'table' }],
    toDOM: () => ['table', ['tbody', 0]],
  },
  table_row: { content: '(table_header | table_cell)+', parseDOM: [{ tag: 'tr' }], toDOM: () => ['tr', 0] },
  table_header: cell('th'),
  table_cell: cell('td'),
  text: { group: 'inline' },
  hard_break: {
    inline: true,
    group: 'inline',
    selectable: false,
    linebreakReplacement: true,
    leafText: () => '\n',
    parseDOM: [{ tag: 'br' }],
    toDOM: () => ['br'],
  },
  /** A line break of the Markdown that pages show as a space. */
  soft_break: {
    inline: true,
    group: 'inline',
    selectable: false,
    leafText: () => ' ',
    parseDOM: [{ tag: 'span[data-soft-break]' }],
    toDOM: () => ['span', { 'data-soft-break': '' }, ' '],
  },
} satisfies Record<string, NodeSpec>;

const marks = {
  em: { parseDOM: [{ tag: 'em' }, { tag: 'i' }], toDOM: () => ['em', 0] },
  strong: { parseDOM: [{ tag: 'strong' }, { tag: 'b' }], toDOM: () => ['strong', 0] },
  strike: { parseDOM: [{ tag: 's' }, { tag: 'del' }, { tag: 'strike' }], toDOM: () => ['s', 0] },
  link: {
    attrs: { href: {}, title: { default: null } },
    inclusive: false,
    parseDOM: [
      {
        tag: 'a[href]',
        getAttrs: (dom: Pasted) => {
          const href = dom.getAttribute('href') ?? '';
          return isAllowedLink(href) && { href, title: dom.getAttribute('title') };
        },
      },
    ],
    toDOM: ({ attrs: { href, title } }) => ['a', { href, ...(title === null ? {} : { title }) }, 0],
  },
  code: { code: true, parseDOM: [{ tag: 'code' }], toDOM: () => ['code', 0] },
} satisfies Record<string, MarkSpec>;

export const schema = new Schema({ nodes, marks });

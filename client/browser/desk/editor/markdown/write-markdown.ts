import { MarkdownSerializer, type MarkdownSerializerState } from 'prosemirror-markdown';
import type { Node } from 'prosemirror-model';
import { schema } from '../schema.ts';
import { type Care, inlineMarkdown } from './inline-markdown.ts';
import { tryParseMarkdown } from './parse-markdown.ts';
import { childrenOf } from './representable.ts';

/** Writes blocks as Markdown that reads back as the same blocks. */

/** From the most readable to the safest. */
const cares: readonly Care[] = [
  { bareLinks: true, entities: false, all: false },
  { bareLinks: false, entities: true, all: false },
  { bareLinks: false, entities: true, all: true },
];

export interface Written {
  markdown: string;
  /** Whether it reads back as the same block. */
  isExact: boolean;
}

/**
 * Writes one block of a document, as `representable` returns it. `marker` is that of a list: lists that stand one after the other
 * need different ones.
 */
export function blockMarkdown(block: Node, marker?: string): Written {
  let markdown = '';
  for (const care of cares) {
    markdown = serialize(block, care, marker);
    if (readsBackAs(markdown, block)) return { markdown, isExact: true };
  }
  return { markdown, isExact: false };
}

function readsBackAs(markdown: string, block: Node): boolean {
  const read = tryParseMarkdown(markdown);
  return read !== undefined && !read.hasDefinitions && read.doc.childCount === 1 && read.doc.firstChild?.eq(block) === true;
}

function serialize(block: Node, care: Care, marker: string | undefined): string {
  const serializer = new MarkdownSerializer(writersFor(care, marker), {});
  return serializer.serialize(schema.topNodeType.create(null, block));
}

type Writers = ConstructorParameters<typeof MarkdownSerializer>[0];

function writersFor(care: Care, outerMarker: string | undefined): Writers {
  const lines = (state: MarkdownSerializerState, node: Node, before = '') => {
    state.text(before + inlineMarkdown(node, care), false);
    state.closeBlock(node);
  };
  const markerOf = (list: Node, parent: Node, index: number) =>
    (parent.type === schema.topNodeType && outerMarker) || alternatingMarker(list, parent, index);
  return {
    paragraph: (state, node) => lines(state, node),
    heading: (state, node) => lines(state, node, node.attrs.level === 3 ? '## ' : '### '),
    blockquote: (state, node) => state.wrapBlock('> ', null, node, () => state.renderContent(node)),
    bullet_list: (state, node, parent, index) => state.renderList(node, '  ', () => `${markerOf(node, parent, index)} `),
    ordered_list: (state, node, parent, index) => {
      const numbers = childrenOf(node).map((_, at) => `${node.attrs.start + at}${markerOf(node, parent, index)} `);
      const width = Math.max(...numbers.map((number) => number.length));
      state.renderList(node, ' '.repeat(width), (at) => (numbers[at] as string).padEnd(width));
    },
    list_item: (state, node) => state.renderContent(node),
    code_block: (state, node) => {
      const fence = fenceFor(node);
      state.write(`${fence}${node.attrs.info}\n`);
      state.text(`${node.textContent}\n`, false);
      state.write(fence);
      state.closeBlock(node);
    },
    rule: (state, node, parent) => {
      // Dashes behind the dash of a list item would be one rule.
      state.write(parent.type === schema.nodes.list_item ? '___' : '---');
      state.closeBlock(node);
    },
    table: (state, node) => {
      const [head, ...rows] = childrenOf(node).map(childrenOf);
      const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
      const text = (cells: readonly Node[]) => row(cells.map((cell) => inlineMarkdown(cell, care).replaceAll('|', '\\|')));
      const dashes = row((head ?? []).map(({ attrs: { align } }) => dashesOf(align)));
      state.text([text(head ?? []), dashes, ...rows.map(text)].join('\n'), false);
      state.closeBlock(node);
    },
  };
}

/** The markers of lists, of which the first is preferred. */
export const markers = { bullet_list: ['-', '*', '+'], ordered_list: ['.', ')'] } as const;

function alternatingMarker(list: Node, parent: Node, index: number): string {
  let before = 0;
  while (before < index && parent.child(index - before - 1).type === list.type) before += 1;
  return markers[list.type.name as keyof typeof markers][before % 2] as string;
}

function fenceFor({ textContent, attrs: { info } }: Node): string {
  const character = info.includes('`') ? '~' : '`';
  const runs = textContent.matchAll(character === '`' ? /`{3,}/g : /~{3,}/g);
  return character.repeat(Math.max(3, ...Array.from(runs, ([run]) => run.length + 1)));
}

function dashesOf(align: string | null): string {
  if (align === 'center') return ':-:';
  return align === 'left' ? ':--' : align === 'right' ? '--:' : '---';
}

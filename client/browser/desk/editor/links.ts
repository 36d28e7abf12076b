import type { Node } from 'prosemirror-model';
import { type EditorState, Plugin, PluginKey, type Transaction } from 'prosemirror-state';
import { isAllowedLink } from '../../../../src/markdown/links.ts';
import { markdown } from '../../../../src/markdown/parser.ts';
import { schema } from './schema.ts';

/** Links while they are written. */

const type = schema.marks.link;
const unlinked = new PluginKey('unlinked');

/** The stretch around the cursor that has one link, or the selection. */
function linkedRange({ selection: { $from, $to, empty } }: EditorState): { from: number; to: number; href: string | null } {
  const mark = type.isInSet($from.marks()) ?? type.isInSet($from.nodeAfter?.marks ?? []);
  if (mark === undefined || !empty) return { from: $from.pos, to: $to.pos, href: mark?.attrs.href ?? null };
  const { parent } = $from;
  let index = $from.index();
  if (index === parent.childCount || !mark.isInSet(parent.child(index).marks)) index -= 1;
  let [first, last] = [index, index];
  while (first > 0 && mark.isInSet(parent.child(first - 1).marks)) first -= 1;
  while (last + 1 < parent.childCount && mark.isInSet(parent.child(last + 1).marks)) last += 1;
  const start = $from.start();
  let [from, to] = [start, start];
  parent.forEach((child, offset, at) => {
    if (at === first) from = start + offset;
    if (at === last) to = start + offset + child.nodeSize;
  });
  return { from, to, href: mark.attrs.href };
}

export function linkAt(state: EditorState): string | null {
  return linkedRange(state).href;
}

/** The address as Markdown reads it back, or undefined if posts cannot link to it. A missing scheme is added. */
export function addressOf(text: string): string | undefined {
  const written = text.trim();
  const whole = /^[a-z][a-z\d+.-]*:/i.test(written)
    ? written
    : /^[^\s/@]+@[^\s/@]+$/.test(written)
      ? `mailto:${written}`
      : `https://${written}`;
  const href = /\s/.test(whole) ? '' : markdown.normalizeLink(whole);
  return isAllowedLink(href) ? href : undefined;
}

/** Links the selection, the word at the cursor, or the address itself; null removes the link. */
export function withLink(state: EditorState, href: string | null): Transaction {
  const { tr } = state;
  let { from, to } = linkedRange(state);
  if (href === null) return tr.removeMark(from, to, type).setMeta(unlinked, true);
  if (from === to) ({ from, to } = wordAt(state));
  if (from === to) return tr.replaceSelectionWith(schema.text(href, [type.create({ href })]), false);
  return tr.removeMark(from, to, type).addMark(from, to, type.create({ href })).setMeta(unlinked, true);
}

function wordAt({ selection: { $from } }: EditorState): { from: number; to: number } {
  const text = $from.parent.textBetween(0, $from.parent.content.size, undefined, '\ufffc');
  const offset = $from.parentOffset;
  const before = /(?<![\p{L}\p{N}])[\p{L}\p{N}]*$/u.exec(text.slice(0, offset))?.[0].length ?? 0;
  const after = /^[\p{L}\p{N}]*/u.exec(text.slice(offset))?.[0].length ?? 0;
  return before === 0 || after === 0 ? { from: $from.pos, to: $from.pos } : { from: $from.pos - before, to: $from.pos + after };
}

/** Links the addresses that are typed or pasted, because Markdown shows every address as a link. */
export const addressLinks = new Plugin({
  appendTransaction(transactions, _, { doc, tr }) {
    const isDone = transactions.some(
      (transaction) =>
        transaction.getMeta(unlinked) || transaction.getMeta('composition') !== undefined || transaction.getMeta('history$'),
    );
    if (isDone) return null;
    for (const { from, to } of changedRanges(transactions)) {
      doc.nodesBetween(from, Math.min(to, doc.content.size), (node, pos) => {
        if (node.isTextblock && !node.type.spec.code) linkAddresses(tr, node, pos + 1, from, to);
        return !node.isTextblock;
      });
    }
    return tr.docChanged ? tr : null;
  },
});

function changedRanges(transactions: readonly Transaction[]): { from: number; to: number }[] {
  const ranges: { from: number; to: number }[] = [];
  for (const { mapping } of transactions) {
    for (const range of ranges) {
      range.from = mapping.map(range.from, -1);
      range.to = mapping.map(range.to, 1);
    }
    for (const [at, map] of mapping.maps.entries()) {
      map.forEach((_from, _to, from, to) => {
        const rest = mapping.slice(at + 1);
        ranges.push({ from: rest.map(from, -1), to: rest.map(to, 1) });
      });
    }
  }
  return ranges;
}

/** Links each address that the change touches. A link that is its own text follows its text. */
function linkAddresses(tr: Transaction, block: Node, start: number, from: number, to: number): void {
  const isCode = (node: Node) => node.marks.some((mark) => mark.type === schema.marks.code);
  const text = block.content.content
    .map((node) => (node.isText && !isCode(node) ? node.text : '\ufffc'.repeat(node.nodeSize)))
    .join('');
  for (const match of markdown.linkify.match(text) ?? []) {
    const [begin, end] = [start + match.index, start + match.lastIndex];
    if (end < from || begin > to) continue;
    const href = markdown.normalizeLink(match.url);
    let isOther = false;
    tr.doc.nodesBetween(begin, end, (node) => {
      const link = type.isInSet(node.marks);
      if (link && !isOwnText(link.attrs.href, node.text ?? '')) isOther = true;
    });
    if (!isOther && isAllowedLink(href)) tr.removeMark(begin, end, type).addMark(begin, end, type.create({ href }));
  }
}

/** Whether the link led to an address like its text, before the text was changed. */
function isOwnText(href: string, text: string): boolean {
  const bare = (address: string) => address.replace(/^(?:https?:\/\/|mailto:)/i, '').toLowerCase();
  const [target, own] = [bare(href), bare(text)];
  return target.startsWith(own) || own.startsWith(target);
}

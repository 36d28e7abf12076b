import type { Mark, Node } from 'prosemirror-model';
import { markdown } from '../../../../../src/markdown/parser.ts';
import { escapedText, isPunctuation, isSpace, type Surroundings } from './markdown-escapes.ts';

/** How carefully Markdown is written. The first that reads back as the same text is used. */
export interface Care {
  /** Writes an address that is its own text without brackets. */
  bareLinks: boolean;
  /** Writes letters beside emphasis as entities where Markdown would not see the emphasis. */
  entities: boolean;
  /** Escapes all punctuation. */
  all: boolean;
}

/** A part of a line of Markdown. */
type Part =
  | TextPart
  | { type: 'raw'; markdown: string }
  | { type: 'open' | 'close'; delimiter: string }
  | { type: 'break'; markdown: string };

interface TextPart {
  type: 'text';
  text: string;
  inLink: boolean;
}

/** Writes the content of a paragraph, heading or cell. */
export function inlineMarkdown(block: Node, care: Care): string {
  return assembled(partsOf(block.content.content, care, false), block, care);
}

const delimiters: Readonly<Record<string, string>> = { strong: '**', em: '*', strike: '~~' };

/** Nests the marks: links inside the marks that extend beyond them, otherwise the longest outside. */
function partsOf(nodes: readonly Node[], care: Care, inLink: boolean, open: readonly Mark[] = []): Part[] {
  const parts: Part[] = [];
  for (let at = 0; at < nodes.length; ) {
    const run = outermostRun(nodes, at, open, inLink);
    if (run === undefined) {
      parts.push(leaf(nodes[at] as Node, inLink));
      at += 1;
      continue;
    }
    const { mark, end } = run;
    const inside = nodes.slice(at, end);
    if (mark.type.name === 'link') parts.push(...linkParts(inside, mark, care, [...open, mark]));
    else {
      const delimiter = mark.type.name === 'em' && care.entities ? '_' : (delimiters[mark.type.name] as string);
      parts.push({ type: 'open', delimiter }, ...partsOf(inside, care, inLink, [...open, mark]), { type: 'close', delimiter });
    }
    at = end;
  }
  return parts;
}

/** The longest stretch from here on that has one mark. A link is not interrupted by other marks. */
function outermostRun(nodes: readonly Node[], at: number, open: readonly Mark[], inLink: boolean) {
  const marks = (nodes[at] as Node).marks.filter((mark) => mark.type.name !== 'code' && !mark.isInSet(open));
  const runs = marks.map((mark) => ({ mark, end: endOf(nodes, at, mark) }));
  const link = inLink ? undefined : runs.find(({ mark }) => mark.type.name === 'link');
  const others = runs
    .filter((run) => run !== link)
    // A mark that ends inside a link is opened inside of it.
    .map((run) => (inLink ? run : { ...run, end: beforeSplitLink(nodes, at, run.end) }))
    .filter(({ end }) => end > at && (link === undefined || end > link.end))
    .toSorted((a, b) => b.end - a.end);
  return others[0] ?? link;
}

function endOf(nodes: readonly Node[], at: number, mark: Mark): number {
  let end = at + 1;
  while (end < nodes.length && mark.isInSet((nodes[end] as Node).marks)) end += 1;
  return end;
}

/** The end of a stretch, or the beginning of a link that it covers only in part. */
function beforeSplitLink(nodes: readonly Node[], at: number, end: number): number {
  const linkOf = (node: Node | undefined) => node?.marks.find(({ type }) => type.name === 'link');
  const link = linkOf(nodes[end]);
  if (!link) return end;
  let start = end;
  while (start > at && linkOf(nodes[start - 1])?.eq(link)) start -= 1;
  return start;
}

function leaf(node: Node, inLink: boolean): Part {
  if (node.type.name === 'hard_break') return { type: 'break', markdown: '\\\n' };
  if (node.type.name === 'soft_break') return { type: 'break', markdown: '\n' };
  const text = node.text as string;
  if (node.marks.some(({ type }) => type.name === 'code')) return { type: 'raw', markdown: codeSpan(text) };
  return { type: 'text', text, inLink };
}

function codeSpan(text: string): string {
  const longest = Math.max(0, ...Array.from(text.matchAll(/`+/g), ([ticks]) => ticks.length));
  const ticks = '`'.repeat(longest + 1);
  const isPadded = /^`|`$/.test(text) || (/^ .* $/.test(text) && text.trim() !== '');
  return isPadded ? `${ticks} ${text} ${ticks}` : ticks + text + ticks;
}

function linkParts(nodes: readonly Node[], { attrs: { href, title } }: Mark, care: Care, open: readonly Mark[]): Part[] {
  const text = nodes.map(({ text = '' }) => text).join('');
  const isPlain = nodes.length === 1 && nodes[0]?.isText === true && nodes[0].marks.every((mark) => mark.isInSet(open));
  if (care.bareLinks && isPlain && title === null && isBareLink(text, href)) return [{ type: 'raw', markdown: text }];
  const titled = title === null ? '' : ` "${escapedIn(title.replace(/[\r\n]+/g, ' '), /["\\]/g)}"`;
  return [
    { type: 'raw', markdown: '[' },
    ...partsOf(nodes, care, true, open),
    { type: 'raw', markdown: `](${destination(href)}${titled})` },
  ];
}

/** Whether the text alone becomes this link. */
function isBareLink(text: string, href: string): boolean {
  const [match, ...others] = markdown.linkify.match(text) ?? [];
  const isWhole = match !== undefined && others.length === 0 && match.index === 0 && match.lastIndex === text.length;
  return isWhole && markdown.normalizeLink(match.url) === href;
}

function destination(href: string): string {
  return /[\s<>]|^$/.test(href) ? `<${escapedIn(href, /[<>\\]/g)}>` : escapedIn(href, /[()\\]/g);
}

function escapedIn(text: string, characters: RegExp): string {
  return text.replace(characters, '\\$&').replace(/&(?=#?\w+;)/g, '\\&');
}

/** Escapes the text in view of what stands beside it, and joins all. */
function assembled(parts: readonly Part[], block: Node, care: Care): string {
  return parts
    .map((part, at) => {
      if (part.type !== 'text') return 'delimiter' in part ? part.delimiter : part.markdown;
      const [before, after] = [parts[at - 1], parts[at + 1]];
      const surroundings: Surroundings = {
        atLineStart: (before === undefined || before.type === 'break') && !/^table/.test(block.type.name),
        afterOther: before !== undefined && before.type !== 'break',
        beforeOther: after !== undefined && after.type !== 'break',
        beforeLink: after?.type === 'raw' && after.markdown === '[',
        endsHeading: block.type.name === 'heading' && after === undefined,
        inLink: part.inLink,
      };
      const [head, middle, tail] = care.entities ? besideEmphasis(part.text, parts, at) : ['', part.text, ''];
      const start = { ...surroundings, atLineStart: surroundings.atLineStart && head === '' };
      return entity(head) + escapedText(middle, start, care.all) + entity(tail);
    })
    .join('');
}

/**
 * Splits off the letters at the edges of a text that keep emphasis beside them from being seen: emphasis that begins or ends with
 * punctuation, or inside of a word.
 */
function besideEmphasis(text: string, parts: readonly Part[], at: number): [string, string, string] {
  const letters = [...text];
  const [first = '', last = ''] = [letters[0], letters.at(-1)];
  const [before, after] = [parts[at - 1], parts[at + 1]];
  const hides = (letter: string, emphasis: Part | undefined, inner: Part | undefined, end: 0 | -1) => {
    if (emphasis?.type !== 'open' && emphasis?.type !== 'close') return false;
    if (letter === '' || isSpace(letter) || isPunctuation(letter)) return false;
    return emphasis.delimiter === '_' || inner?.type !== 'text' || isPunctuation([...inner.text].at(end) ?? '');
  };
  // Where other marks interrupt emphasis, its next part may begin or end with a space.
  const isHead = before?.type === 'open' ? isSpace(first) : before?.type === 'close' && hides(first, before, parts[at - 2], -1);
  const head = isHead ? first : '';
  const isTail = after?.type === 'close' ? isSpace(last) : after?.type === 'open' && hides(last, after, parts[at + 2], 0);
  const tail = isTail && text.length > head.length ? last : '';
  return [head, text.slice(head.length, text.length - tail.length), tail];
}

function entity(letter: string): string {
  return letter === '' ? '' : `&#${letter.codePointAt(0)};`;
}

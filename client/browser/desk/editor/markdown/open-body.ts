import type { Node } from 'prosemirror-model';
import { renderHtml } from '../../../../../src/markdown/html-writer.ts';
import type { Token } from '../../../../../src/markdown/parser.ts';
import { bodyCharacters } from '../../../../../src/protocol/client-limits.ts';
import { schema } from '../schema.ts';
import { type Parsed, parseMarkdown, tryParseMarkdown } from './parse-markdown.ts';
import { childrenOf, representable } from './representable.ts';
import { isSameHtml } from './same-html.ts';
import { blockMarkdown, markers, type Written } from './write-markdown.ts';

/**
 * Opens a body in the rich editor, and writes it back. Blocks that were not touched keep their bytes.
 *
 * Only a body opens whose blocks can be exchanged one by one: each begins at the start of a line, none reaches beyond its last line,
 * and none needs another. In a body with definitions of links, or with a fence that is never closed, that would not hold.
 */
export interface OpenBody {
  readonly doc: Node;
  /** The Markdown of a document that was made from `doc` by editing. */
  write(doc: Node): string;
}

/** A body of more parts, or with a longer block, opens as plain Markdown, so that writing stays quick. */
const richTokens = 10_000;
const richBlockCharacters = 10_000;

/** Undefined if the rich editor cannot hold all of the body. */
export function openBody(body: string): OpenBody | undefined {
  if (body.length > bodyCharacters) return undefined;
  try {
    const parsed = parseMarkdown(body);
    const source = sourceOf(body, parsed);
    if (source === undefined) return undefined;
    const opened = new Opened(parsed.doc, source, body);
    const rewritten = opened.rewritten();
    if (rewritten === undefined) return undefined;
    const isSame = isSameHtml(renderHtml(rewritten, postLink), renderHtml(body, postLink));
    return isSame && opened.write(parsed.doc) === body ? opened : undefined;
  } catch {
    // The server refuses the body, because it is too large or nests too deeply.
    return undefined;
  }
}

const postLink = (postId: string) => `post:${postId}`;

/** The text of each block, and what stands before, between and after them. */
interface Source {
  blocks: readonly string[];
  /** One more than blocks. */
  gaps: readonly string[];
  newline: string;
}

function sourceOf(body: string, { doc, tokens, hasDefinitions }: Parsed): Source | undefined {
  const parts = tokens.reduce((sum, { children }) => sum + 1 + (children?.length ?? 0), 0);
  if (hasDefinitions || parts > richTokens) return undefined;
  const lines = linesOf(body);
  const outer = tokens.filter(({ level, nesting }) => level === 0 && nesting >= 0);
  if (outer.length !== (body.trim() === '' ? 0 : doc.childCount)) return undefined;
  const newline = body.includes('\r\n') ? '\r\n' : '\n';
  if (outer.length === 0) return { blocks: [], gaps: [''], newline };
  const blocks: string[] = [];
  const gaps: string[] = [];
  let from = 0;
  for (const token of outer) {
    const [first = 0, beyond = 0] = token.map ?? [];
    let last = beyond - 1;
    while (last > first && lines[last]?.text.trim() === '') last -= 1;
    const [start, end] = [lines[first], lines[last]];
    if (start === undefined || end === undefined || /^\s/.test(start.text)) return undefined;
    if (token.type === 'fence' && !isClosed(token, start === end ? '' : end.text)) return undefined;
    gaps.push(body.slice(from, start.from));
    blocks.push(body.slice(start.from, end.from + end.text.length));
    from = end.from + end.text.length;
  }
  gaps.push(body.slice(from));
  if (gaps.some((gap) => gap.trim() !== '') || blocks.some(({ length }) => length > richBlockCharacters)) return undefined;
  return { blocks, gaps, newline };
}

/** The lines as the parser counts them. */
function linesOf(body: string): { from: number; text: string }[] {
  let from = 0;
  return body.split(/(?<=\r\n|\n|\r(?!\n))/).map((line) => {
    const text = line.replace(/(?:\r\n|\n|\r)$/, '');
    const at = { from, text };
    from += line.length;
    return at;
  });
}

function isClosed({ markup }: Token, lastLine: string): boolean {
  const line = lastLine.trim();
  return line.startsWith(markup) && line.replaceAll(markup[0] as string, '') === '';
}

/** A block as it is written. */
interface Part {
  block: Node;
  /** The index of the block in the opened body, if it was not touched. */
  source: number | undefined;
  /** The index of the block in whose place it stands. */
  place: number | undefined;
}

class Opened implements OpenBody {
  readonly doc: Node;
  private readonly body: string;
  private readonly source: Source;
  /** The blocks of the opened body, by themselves and by their text. */
  private readonly places = new Map<Node, number>();
  private readonly placesByText = new Map<string, number[]>();
  private readonly writings = new WeakMap<Node, Map<string | undefined, Written>>();
  private last: { doc: Node; body: string };

  constructor(doc: Node, source: Source, body: string) {
    this.doc = doc;
    this.source = source;
    this.body = body;
    this.last = { doc, body };
    for (const at of source.blocks.keys()) {
      const block = doc.child(at);
      this.places.set(block, at);
      this.placesByText.set(block.textContent, [...(this.placesByText.get(block.textContent) ?? []), at]);
    }
  }

  write(doc: Node): string {
    if (this.last.doc !== doc) this.last = { doc, body: doc.eq(this.doc) ? this.body : this.edited(doc) };
    return this.last.body;
  }

  /** Writes all blocks anew. Undefined if one of them cannot be written. */
  rewritten(): string | undefined {
    const parts = partsOf(this.doc, []);
    return parts.every(({ block }) => this.written(block, undefined).isExact) ? this.joined(parts) : undefined;
  }

  private edited(doc: Node): string {
    const parts = withPlaces(partsOf(doc, this.sourcesOf(doc)), this.source.blocks.length);
    const body = this.joined(parts);
    return readsBackAs(body, parts) ? body : this.joined(parts.map((part) => ({ ...part, source: undefined })));
  }

  /** For each block of the edited document, the untouched block that it is. */
  private sourcesOf(doc: Node): (number | undefined)[] {
    let next = 0;
    return childrenOf(doc).map((block) => {
      const itself = this.places.get(block);
      const alike = itself === undefined ? (this.placesByText.get(block.textContent) ?? []) : [itself];
      const same = alike.filter((at) => at === itself || this.doc.child(at).eq(block));
      const source = same.find((at) => at >= next) ?? same[0];
      if (source !== undefined) next = source + 1;
      return source;
    });
  }

  private joined(parts: readonly Part[]): string {
    const { blocks, gaps, newline } = this.source;
    if (parts.length === 0) return '';
    let body = gaps[0] as string;
    let before: Part | undefined;
    let beforeMarker: string | undefined;
    for (const [at, { block, source, place }] of parts.entries()) {
      const inList = before?.block.type === block.type ? beforeMarker : undefined;
      const ownMarker = source === undefined ? undefined : markerIn(blocks[source] as string, block);
      // Lists that stand one after the other are one list if they have the same marker.
      const kept = ownMarker !== undefined && ownMarker === inList ? undefined : source;
      const marker = kept === undefined ? this.markerFor(block, inList, parts[at + 1]) : ownMarker;
      if (before !== undefined) body += this.gapBetween(before, { block, source: kept, place });
      body += kept === undefined ? this.written(block, marker).markdown.replaceAll('\n', newline) : blocks[kept];
      before = { block, source: kept, place };
      beforeMarker = marker;
    }
    return body + gaps.at(-1);
  }

  /** The blank lines that stood between two blocks. A block that was written anew needs one. */
  private gapBetween(before: Part, { source, place }: Part): string {
    const { gaps, newline } = this.source;
    const gap = place !== undefined && before.place === place - 1 ? (gaps[place] as string) : '';
    const areKept = before.source !== undefined && source !== undefined;
    return gap !== '' && (areKept || /\n[ \t]*\r?\n|\r[ \t]*\r(?!\n)/.test(gap)) ? gap : newline + newline;
  }

  private markerFor(list: Node, before: string | undefined, next: Part | undefined): string | undefined {
    const choice = markers[list.type.name as keyof typeof markers] as readonly string[] | undefined;
    const after = next?.source === undefined ? undefined : markerIn(this.source.blocks[next.source] as string, next.block);
    const free = choice?.filter((marker) => marker !== before);
    return free?.find((marker) => next?.block.type !== list.type || marker !== after) ?? free?.[0];
  }

  private written(block: Node, marker: string | undefined): Written {
    const byMarker = this.writings.get(block) ?? new Map<string | undefined, Written>();
    this.writings.set(block, byMarker);
    const written = byMarker.get(marker) ?? blockMarkdown(block, marker);
    byMarker.set(marker, written);
    return written;
  }
}

const reductions = new WeakMap<Node, { block: Node | undefined }>();

function partsOf(doc: Node, sources: readonly (number | undefined)[]): Part[] {
  return childrenOf(doc).flatMap((node, at) => {
    const reduced = reductions.get(node) ?? { block: representable(node) };
    reductions.set(node, reduced);
    return reduced.block === undefined ? [] : [{ block: reduced.block, source: sources[at], place: sources[at] }];
  });
}

/** Blocks that replace as many others, between two that were not touched, have the places of these. */
function withPlaces(parts: Part[], count: number): Part[] {
  for (let at = 0; at < parts.length; ) {
    let end = at;
    while (end < parts.length && parts[end]?.source === undefined) end += 1;
    const first = (parts[at - 1]?.source ?? -1) + 1;
    if ((parts[end]?.source ?? count) - first === end - at) {
      for (let place = first; at < end; at += 1, place += 1) (parts[at] as Part).place = place;
    }
    at = end + 1;
  }
  return parts;
}

function readsBackAs(body: string, parts: readonly Part[]): boolean {
  const parsed = tryParseMarkdown(body);
  if (parsed === undefined) return false;
  const read = partsOf(parsed.doc, []);
  return read.length === parts.length && read.every(({ block }, at) => block.eq((parts[at] as Part).block));
}

function markerIn(source: string, block: Node): string | undefined {
  if (block.type === schema.nodes.bullet_list) return source[0];
  return block.type === schema.nodes.ordered_list ? /^\d+([.)])/.exec(source)?.[1] : undefined;
}

import { createHash } from 'node:crypto';
import MarkdownIt, { type StateBlock, type Token } from 'markdown-it';
import type { Renderer } from '../journal/engine.ts';
import { onServer, postPath } from '../protocol/addresses.ts';
import { Refusal } from '../protocol/problems.ts';
import { postIdSchema } from '../protocol/schemas.ts';
import { limits } from '../protocol/wire-limits.ts';
import { newsroomLimits } from './newsroom-limits.ts';
import { forms, withForms } from './text-forms.ts';

/**
 * Renders `body` to `html`: CommonMark with GFM tables, strikethrough and bare links, using only the tags in `allowedTags`.
 *
 * Safe by construction: markdown-it only parses. `Writer` writes the html with a closed list of tags, and escapes all other text.
 * The size is limited while writing, because a body of 50 kB can make 100 MB of html (`[a]` for a long link definition).
 */
export function createRenderer({ publicUrl }: { publicUrl: string }): Renderer {
  const base = publicUrl.replace(/\/+$/, '');
  // `post:` links contain the public URL, so the version depends on it.
  const version = `md2-${createHash('sha256').update(base).digest('hex').slice(0, 8)}`;
  return {
    version,
    publicUrl: base,
    render(body, { channelId }) {
      const writer = new Writer((postId) => onServer(postPath(channelId, postId), base));
      writer.blocks(withForms(markdown.parse(body, {})));
      return writer.html;
    },
  };
}

/** The tags that html may contain, with their attributes. */
export const allowedTags: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    'p br strong em s ul li blockquote code pre h3 h4 hr table thead tbody tr'.split(' ').map((tag) => [tag, []]),
  ),
  ...Object.fromEntries(Object.keys(forms).map((tag) => [tag, ['data-form']])),
  th: ['align'],
  td: ['align'],
  a: ['href', 'title', 'rel'],
  ol: ['start'],
};

const { markdownNesting: nesting } = newsroomLimits;

const markdown = createMarkdown();

function createMarkdown() {
  const md = new MarkdownIt({ html: false, linkify: true, typographer: false, maxNesting: nesting });
  // `Writer` checks links, and writes only the text of a refused link. markdown-it would show the Markdown of that link.
  md.validateLink = () => true;
  // Shows a bare link as the author wrote it, without decoding.
  md.normalizeLinkText = (url) => url;
  md.linkify.add('//', null);
  md.linkify.add('ftp:', null);
  md.block.ruler.before('table', 'table_size', boundTable);
  const { re } = md.linkify;
  const afterWww = new RegExp(`${re.get_url_host_port().source}${re.get_path().source}`, 'iy');
  md.linkify.add('www.', {
    validate(text, at) {
      afterWww.lastIndex = at;
      return afterWww.exec(text)?.[0].length ?? 0;
    },
    normalize(match) {
      match.url = `http://${match.url}`;
    },
  });
  return md;
}

/** The shortest html of a cell. */
const cellTags = '<td></td>\n';

/**
 * Refuses a body whose table cells alone exceed the limit of html, before the tables are parsed. Short rows are filled up to the
 * width of the first row, so 50 kB can make 65,000 cells. This rule never parses a table itself.
 */
function boundTable(state: StateBlock, startLine: number, endLine: number): boolean {
  const columns = columnsOf(state, startLine, endLine);
  if (columns === 0) return false;
  let line = startLine + 2;
  while (line < endLine && isRow(state, line, endLine)) line += 1;
  const env = state.env as { cells?: number };
  env.cells = (env.cells ?? 0) + columns * (line - startLine - 1);
  if (env.cells * cellTags.length > limits.htmlBytes) throw tooMuchHtml();
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

const inlineTags: Readonly<Record<string, string>> = { strong: 'strong', em: 'em', s: 's' };
const blockTags: Readonly<Record<string, string>> = {
  paragraph: 'p',
  blockquote: 'blockquote',
  bullet_list: 'ul',
  list_item: 'li',
  table: 'table',
  thead: 'thead',
  tbody: 'tbody',
  tr: 'tr',
  th: 'th',
  td: 'td',
};

class Writer {
  html = '';
  private bytes = 0;
  /** For each open link, whether its tags are written. */
  private readonly links: boolean[] = [];
  private readonly permanentLink: (postId: string) => string;

  constructor(permanentLink: (postId: string) => string) {
    this.permanentLink = permanentLink;
  }

  blocks(tokens: readonly Token[]): void {
    for (const token of tokens) this.block(token);
  }

  private block(token: Token): void {
    if (token.level >= nesting - 1 && (token.type === 'blockquote_open' || token.type === 'list_item_open')) {
      throw refusal('Must not nest lists and quotes this deeply.');
    }
    if (token.hidden) {
      // A paragraph in a tight list has no tags, so a line break separates it from the next block of the item.
      if (token.type === 'paragraph_close') this.write('\n');
      return;
    }
    switch (token.type) {
      case 'inline':
        return this.inlines(token.children ?? []);
      case 'code_block':
      case 'fence':
        return this.write(`<pre><code>${escapeText(token.content)}</code></pre>\n`);
      case 'hr':
        return this.write('<hr>\n');
      case 'ordered_list_open': {
        const start = Number(token.attrGet('start') ?? 1);
        return this.write(start === 1 ? '<ol>' : `<ol start="${start}">`);
      }
      case 'ordered_list_close':
        return this.write('</ol>\n');
      case 'th_open':
      case 'td_open':
        return this.write(`<${token.tag}${alignmentOf(token)}>`);
      case 'heading_open':
        return this.write(`<${headingTag(token)}>`);
      case 'heading_close':
        return this.write(`</${headingTag(token)}>\n`);
    }
    const name = token.type.replace(/_(?:open|close)$/, '');
    const tag = blockTags[name];
    if (tag === undefined) throw new Error(`no way to write a ${token.type}`);
    const form = token.attrGet('data-form');
    this.write(token.nesting === 1 ? `<${tag}${form === null ? '' : ` data-form="${form}"`}>` : `</${tag}>\n`);
  }

  private inlines(tokens: readonly Token[]): void {
    for (const token of tokens) this.inline(token);
  }

  private inline(token: Token): void {
    switch (token.type) {
      case 'text':
        return this.write(escapeText(token.content));
      case 'code_inline':
        return this.write(`<code>${escapeText(token.content)}</code>`);
      case 'softbreak':
        return this.write('\n');
      case 'hardbreak':
        return this.write('<br>\n');
      case 'link_open':
        return this.openLink(token);
      case 'link_close':
        if (this.links.pop()) this.write('</a>');
        return;
      case 'image':
        return this.image(token);
    }
    const name = token.type.replace(/_(?:open|close)$/, '');
    const tag = inlineTags[name];
    if (tag === undefined) throw new Error(`no way to write a ${token.type}`);
    this.write(token.nesting === 1 ? `<${tag}>` : `</${tag}>`);
  }

  private openLink(token: Token): void {
    const target = this.target(String(token.attrGet('href') ?? ''));
    this.links.push(target !== undefined);
    if (target) this.write(anchor(target, String(token.attrGet('title') ?? '')));
  }

  /** Images belong in `media`. An image in the text becomes a link with its alternative text, so that nothing is lost. */
  private image(token: Token): void {
    const text = plainText(token.children ?? []);
    const target = this.links.includes(true) ? undefined : this.target(String(token.attrGet('src') ?? ''));
    if (!target) return this.write(escapeText(text));
    const title = String(token.attrGet('title') ?? '');
    this.write(`${anchor(target, title)}${escapeText(text.trim() === '' ? target.href : text)}</a>`);
  }

  /** The target of a link. Undefined if the link is not allowed. */
  private target(href: string): Target | undefined {
    if (/^post:/i.test(href)) {
      const id = href.slice('post:'.length).toLowerCase();
      return postIdSchema.safeParse(id).success ? { href: this.permanentLink(id), outgoing: false } : undefined;
    }
    // The slashes are required, because `https:page` is relative on an https page.
    const whole = /^https?:\/\/[^/]/i.test(href) ? URL.canParse(href) : /^mailto:[^?]/i.test(href);
    return whole ? { href, outgoing: true } : undefined;
  }

  private write(text: string): void {
    this.bytes += Buffer.byteLength(text);
    if (this.bytes > limits.htmlBytes) throw tooMuchHtml();
    this.html += text;
  }
}

interface Target {
  href: string;
  outgoing: boolean;
}

function anchor({ href, outgoing }: Target, title: string): string {
  const titled = title === '' ? '' : ` title="${escapeAttribute(title)}"`;
  return `<a href="${escapeAttribute(href)}"${titled}${outgoing ? ' rel="nofollow noopener"' : ''}>`;
}

/** The alignment of a cell, as GFM writes it. */
function alignmentOf(token: Token): string {
  const [, side] = /^text-align:(left|center|right)$/.exec(String(token.attrGet('style') ?? '')) ?? [];
  return side === undefined ? '' : ` align="${side}"`;
}

/** Headings start one level below the headline of the post. */
function headingTag(token: Token): string {
  return token.tag === 'h1' || token.tag === 'h2' ? 'h3' : 'h4';
}

function plainText(tokens: readonly Token[]): string {
  return tokens
    .map((token) => {
      if (token.children) return plainText(token.children);
      return token.type === 'softbreak' || token.type === 'hardbreak' ? '\n' : token.content;
    })
    .join('');
}

function escapeText(text: string): string {
  return text.replace(/[&<>]/g, (character) => escapes[character] as string);
}
function escapeAttribute(text: string): string {
  return text.replace(/[&<>"]/g, (character) => escapes[character] as string);
}
const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function tooMuchHtml(): Refusal {
  return refusal(`Becomes more than ${limits.htmlBytes / 1024} KiB of html.`);
}

function refusal(message: string): Refusal {
  return new Refusal('invalid-body', { errors: [{ path: 'body', message }] });
}

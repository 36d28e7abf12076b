import type { Token } from 'markdown-it';
import { htmlBytes, markdownNesting } from '../protocol/client-limits.ts';
import { isAllowedLink, linkedPost } from './links.ts';
import { markdown } from './parser.ts';
import { tooDeeplyNested, tooMuchHtml } from './refusals.ts';
import { forms, withForms } from './text-forms.ts';

/**
 * Renders `body` to html, using only the tags in `allowedTags`.
 *
 * Safe by construction: markdown-it only parses. `Writer` writes the html with a closed list of tags, and escapes all other text.
 * The size is limited while writing, because a body of 50 kB can make 100 MB of html (`[a]` for a long link definition).
 */
export function renderHtml(body: string, permanentLink: (postId: string) => string): string {
  const writer = new Writer(permanentLink);
  writer.blocks(withForms(markdown.parse(body, {})));
  return writer.html;
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

const encoder = new TextEncoder();

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
    if (token.level >= markdownNesting - 1 && (token.type === 'blockquote_open' || token.type === 'list_item_open')) {
      throw tooDeeplyNested();
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

  private target(href: string): Target | undefined {
    if (!isAllowedLink(href)) return undefined;
    const postId = linkedPost(href);
    return postId === undefined ? { href, outgoing: true } : { href: this.permanentLink(postId), outgoing: false };
  }

  private write(text: string): void {
    this.bytes += encoder.encode(text).length;
    if (this.bytes > htmlBytes) throw tooMuchHtml();
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

/** The text of an image's description. */
export function plainText(tokens: readonly Token[]): string {
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

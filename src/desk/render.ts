import { createHash } from 'node:crypto';
import MarkdownIt, { type Token } from 'markdown-it';
import type { Renderer } from '../engine/engine.ts';
import { onServer, postPath } from '../protocol/addresses.ts';
import { limits } from '../protocol/limits.ts';
import { Refusal } from '../protocol/problems.ts';
import { postIdSchema } from '../protocol/schemas.ts';
import { deskLimits } from './limits.ts';

/**
 * `body` to `html`: CommonMark with GFM tables, strikethrough and bare links, written as the contract's tags and nothing else.
 *
 * Safe by construction: markdown-it only reads; what is written comes from `Writer`, which knows a closed list of tags and escapes
 * everything else. Bounded while it is written: a body of 50 kB can stand for 100 MB of html (`[a]` for a long link definition).
 */
export function createRenderer({ publicUrl }: { publicUrl: string }): Renderer {
  const base = publicUrl.replace(/\/+$/, '');
  // The address stands in `post:` links, so html made for another address is of another version.
  const version = `md1-${createHash('sha256').update(base).digest('hex').slice(0, 8)}`;
  return {
    version,
    render(body, { channelId }) {
      const writer = new Writer((postId) => onServer(postPath(channelId, postId), base));
      writer.blocks(markdown.parse(body, {}));
      return writer.html;
    },
  };
}

/** The tags that html may hold, with their attributes. */
export const allowedTags: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    'p br strong em s ul li blockquote code pre h3 h4 hr table thead tbody tr th td'.split(' ').map((tag) => [tag, []]),
  ),
  a: ['href', 'title', 'rel'],
  ol: ['start'],
};

const { markdownNesting: nesting } = deskLimits;

const markdown = createMarkdown();

function createMarkdown() {
  const md = new MarkdownIt({ html: false, linkify: true, typographer: false, maxNesting: nesting });
  // Whether a link may stand is decided where it is written: there a refused one keeps its text, here it would keep its markup.
  md.validateLink = () => true;
  // The text of a bare link is what the author wrote, not what it decodes to.
  md.normalizeLinkText = (url) => url;
  md.linkify.add('//', null);
  md.linkify.add('ftp:', null);
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
  /** For each link that is open, whether its tags are written. */
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
      throw refusal('Must not nest lists and quotes so deeply.');
    }
    if (token.hidden) {
      // The paragraph of a tight list. What follows it in its item begins on a line of its own.
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
      case 'heading_open':
        return this.write(`<${headingTag(token)}>`);
      case 'heading_close':
        return this.write(`</${headingTag(token)}>\n`);
    }
    const name = token.type.replace(/_(?:open|close)$/, '');
    const tag = blockTags[name];
    if (tag === undefined) throw new Error(`no way to write a ${token.type}`);
    this.write(token.nesting === 1 ? `<${tag}>` : `</${tag}>\n`);
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

  /** Pictures are `media`. One in the text becomes a link to it that reads as its alternative text, so that nothing is lost. */
  private image(token: Token): void {
    const text = plainText(token.children ?? []);
    const target = this.links.includes(true) ? undefined : this.target(String(token.attrGet('src') ?? ''));
    if (!target) return this.write(escapeText(text));
    const title = String(token.attrGet('title') ?? '');
    this.write(`${anchor(target, title)}${escapeText(text.trim() === '' ? target.href : text)}</a>`);
  }

  /** Where a link leads, or undefined if it may not stand. */
  private target(href: string): Target | undefined {
    if (/^post:/i.test(href)) {
      const id = href.slice('post:'.length).toLowerCase();
      return postIdSchema.safeParse(id).success ? { href: this.permanentLink(id), outgoing: false } : undefined;
    }
    // `https:page` is relative to an https page, so the slashes are asked for.
    const whole = /^https?:\/\/[^/]/i.test(href) ? URL.canParse(href) : /^mailto:[^?]/i.test(href);
    return whole ? { href, outgoing: true } : undefined;
  }

  private write(text: string): void {
    this.bytes += Buffer.byteLength(text);
    if (this.bytes > limits.htmlBytes) throw refusal(`Becomes more than ${limits.htmlBytes / 1024} KiB of html.`);
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

/** A post's headline is above its text, so the text begins at the level below. */
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

function refusal(message: string): Refusal {
  return new Refusal('invalid-body', { errors: [{ path: 'body', message }] });
}

import { MarkdownParser } from 'prosemirror-markdown';
import type { Node } from 'prosemirror-model';
import { plainText } from '../../../../../src/markdown/html-writer.ts';
import { isAllowedLink } from '../../../../../src/markdown/links.ts';
import { markdown, type Token } from '../../../../../src/markdown/parser.ts';
import { schema } from '../schema.ts';

/** A body as the editor's document, and as the tokens it was made from. */
export interface Parsed {
  doc: Node;
  tokens: readonly Token[];
  /** Whether a part of the body defines links for other parts: `[a]: https://…`. */
  hasDefinitions: boolean;
}

/** Parses Markdown with the parser of the server. Throws `Refusal` for a body that the server refuses. */
export function parseMarkdown(body: string): Parsed {
  const env: { references?: object; tokens?: readonly Token[] } = {};
  const doc = parser.parse(body, env);
  return { doc, tokens: env.tokens ?? [], hasDefinitions: Object.keys(env.references ?? {}).length > 0 };
}

/** Parses Markdown, or returns undefined for a body that cannot be parsed because its tables are too large. */
export function tryParseMarkdown(body: string): Parsed | undefined {
  try {
    return parseMarkdown(body);
  } catch {
    return undefined;
  }
}

const tokenizer = {
  parse(body: string, env: { tokens?: readonly Token[] }) {
    env.tokens = markdown.parse(body, env);
    return env.tokens.map((token) => (token.children ? copyOf(token, { children: allowed(token.children) }) : token));
  },
} as unknown as typeof markdown;

const parser = new MarkdownParser(schema, tokenizer, {
  paragraph: { block: 'paragraph' },
  heading: { block: 'heading', getAttrs: ({ tag }) => ({ level: tag === 'h1' || tag === 'h2' ? 3 : 4 }) },
  blockquote: { block: 'blockquote' },
  bullet_list: { block: 'bullet_list', getAttrs: (_, tokens, at) => ({ tight: isTight(tokens, at) }) },
  ordered_list: {
    block: 'ordered_list',
    getAttrs: (token, tokens, at) => ({ start: Number(token.attrGet('start') ?? 1), tight: isTight(tokens, at) }),
  },
  list_item: { block: 'list_item' },
  code_block: { block: 'code_block' },
  fence: { block: 'code_block', getAttrs: ({ info }) => ({ info }) },
  hr: { node: 'rule' },
  table: { block: 'table' },
  thead: { ignore: true },
  tbody: { ignore: true },
  tr: { block: 'table_row' },
  th: { block: 'table_header', getAttrs: alignment },
  td: { block: 'table_cell', getAttrs: alignment },
  softbreak: { node: 'soft_break' },
  hardbreak: { node: 'hard_break' },
  em: { mark: 'em' },
  strong: { mark: 'strong' },
  s: { mark: 'strike' },
  link: { mark: 'link', getAttrs: (token) => ({ href: token.attrGet('href'), title: token.attrGet('title') || null }) },
  code_inline: { mark: 'code' },
});

/** A list is tight if its paragraphs have no tags. */
function isTight(tokens: readonly Token[], at: number): boolean {
  const level = (tokens[at] as Token).level + 2;
  for (let next = at + 1; next < tokens.length && (tokens[next] as Token).level >= level - 1; next += 1) {
    const { type, hidden, level: its } = tokens[next] as Token;
    if (type === 'paragraph_open' && its === level) return hidden;
  }
  return true;
}

function alignment(token: Token) {
  const [, align = null] = /^text-align:(\w+)$/.exec(String(token.attrGet('style') ?? '')) ?? [];
  return { align };
}

/** The parts of a line as the renderer writes them: refused links without their target, and pictures as links. */
function allowed(children: readonly Token[]): Token[] {
  const links: boolean[] = [];
  return children.flatMap((token) => {
    if (token.type === 'link_open') {
      links.push(isAllowedLink(String(token.attrGet('href'))));
      return links.at(-1) ? [token] : [];
    }
    if (token.type === 'link_close') return links.pop() ? [token] : [];
    return token.type === 'image' ? picture(token, links.includes(true)) : [token];
  });
}

function picture(token: Token, inLink: boolean): Token[] {
  const href = String(token.attrGet('src'));
  const alt = plainText(token.children ?? []);
  if (inLink || !isAllowedLink(href)) return words(token, alt);
  const title = token.attrGet('title');
  const attrs = [['href', href], ...(title === null ? [] : [['title', title]])] as [string, string][];
  return [
    copyOf(token, { type: 'link_open', nesting: 1, attrs }),
    ...words(token, alt.trim() === '' ? href : alt),
    copyOf(token, { type: 'link_close', nesting: -1 }),
  ];
}

function words(token: Token, text: string): Token[] {
  return text.split('\n').flatMap((line, at) => {
    const content = copyOf(token, { type: 'text', content: line });
    return at === 0 ? [content] : [copyOf(token, { type: 'softbreak', content: '' }), content];
  });
}

function copyOf(token: Token, changes: Partial<Token>): Token {
  return Object.assign(Object.create(Object.getPrototypeOf(token)), token, changes);
}

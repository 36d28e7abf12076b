import type { Mark, Node } from 'prosemirror-model';

/** What a document of the editor shows, as html in the form of the renderer. Written apart from the editor's own code. */
export function documentHtml(doc: Node): string {
  return blocksHtml(doc.content.content);
}

function blocksHtml(blocks: readonly Node[], isTight = false): string {
  return blocks.map((block) => blockHtml(block, isTight)).join('');
}

function blockHtml(block: Node, isTight: boolean): string {
  const { attrs } = block;
  const blocks = block.content.content;
  const items = () => blocks.map((item) => `<li>${blocksHtml(item.content.content, attrs.tight)}</li>\n`).join('');
  switch (block.type.name) {
    case 'paragraph':
      return isTight ? `${lineHtml(blocks)}\n` : `<p>${lineHtml(blocks)}</p>\n`;
    case 'heading':
      return `<h${attrs.level}>${lineHtml(blocks)}</h${attrs.level}>\n`;
    case 'blockquote':
      return `<blockquote>${blocksHtml(blocks)}</blockquote>\n`;
    case 'bullet_list':
      return `<ul>${items()}</ul>\n`;
    case 'ordered_list':
      return `<ol${attrs.start === 1 ? '' : ` start="${attrs.start}"`}>${items()}</ol>\n`;
    case 'code_block':
      return `<pre><code>${escaped(block.textContent)}\n</code></pre>\n`;
    case 'rule':
      return '<hr>\n';
    case 'table': {
      const [head, ...rows] = blocks.map((row) => `<tr>${row.content.content.map(cellHtml).join('')}</tr>\n`);
      const body = rows.length === 0 ? '' : `<tbody>${rows.join('')}</tbody>\n`;
      return `<table><thead>${head}</thead>\n${body}</table>\n`;
    }
  }
  throw new Error(`no html for ${block.type.name}`);
}

function cellHtml({ type, attrs, content }: Node): string {
  const tag = type.name === 'table_header' ? 'th' : 'td';
  return `<${tag}${attrs.align === null ? '' : ` align="${attrs.align}"`}>${lineHtml(content.content)}</${tag}>\n`;
}

const order = ['strong', 'em', 'strike', 'link', 'code'];

/** Opens and closes the tags of each piece. `comparable` puts html of the renderer into the same form. */
function lineHtml(pieces: readonly Node[]): string {
  return pieces
    .map((piece) => {
      const marks = piece.marks.toSorted((a, b) => order.indexOf(a.type.name) - order.indexOf(b.type.name));
      const text = piece.isText ? escaped(piece.text as string) : piece.type.name === 'hard_break' ? '<br>\n' : '\n';
      return marks.map(openTag).join('') + text + marks.toReversed().map(closeTag).join('');
    })
    .join('');
}

function openTag({ type, attrs }: Mark): string {
  if (type.name !== 'link') return `<${type.name === 'strike' ? 's' : type.name}>`;
  const title = attrs.title === null ? '' : ` title="${escaped(attrs.title).replaceAll('"', '&quot;')}"`;
  const rel = /^post:/i.test(attrs.href) ? '' : ' rel="nofollow noopener"';
  const href = /^post:/i.test(attrs.href) ? attrs.href.toLowerCase() : attrs.href;
  return `<a href="${escaped(href).replaceAll('"', '&quot;')}"${title}${rel}>`;
}

function closeTag({ type }: Mark): string {
  return type.name === 'link' ? '</a>' : type.name === 'strike' ? '</s>' : `</${type.name}>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/**
 * Html in which each character has its inline tags in one order, so that the nesting of tags around the same words, and the forms
 * that pages give quotes and tables by their content, make no difference.
 */
export function comparable(html: string): string {
  let open: string[] = [];
  const plain = html
    .replaceAll(' data-form="pull-quote"', '')
    .replaceAll(' data-form="data-block"', '')
    .replaceAll(' data-form="speaker"', '');
  return (
    Array.from(plain.matchAll(/<[^>]*>|&\w+;|[^<&]/gu), ([part]) => {
      const [, end, tag] = /^<(\/?)(strong|em|s|code|a)(?=[\s>])/.exec(part) ?? [];
      if (tag === undefined) return `${part}${open.toSorted().join('')}`;
      if (end === '') open = [...open, part];
      else
        open = open.toSpliced(
          open.findLastIndex((one) => one.slice(1).split(/[\s>]/)[0] === tag),
          1,
        );
      return '';
    })
      .join('')
      // The speaker of a pull quote becomes a paragraph.
      .replace(/(?:<\/p>\n<p>|<br>\n|\n)(?=\s*—)/g, '\n')
  );
}

import { markdown } from '../../../../../src/markdown/parser.ts';
import { styleOf } from './pasted-style.ts';
import { wordLists } from './word-lists.ts';

/**
 * Cleans html from word processors, pages and messengers in place, so that only what posts can contain is left of it: text, bold and
 * italic that the source wrote as styles, lists, tables, links. It comes from an inert document, so nothing of it is loaded or run.
 */
export function cleanPasted(root: Element): void {
  // Copied in this editor.
  if (root.querySelector('[data-pm-slice]')) return;
  removeUnseen(root);
  wordLists(root);
  for (const element of all(root, '*')) styleToTags(element);
  for (const table of all(root, 'table').reverse()) simplifyTable(table);
  for (const link of all(root, 'a[href]')) {
    link.setAttribute('href', markdown.normalizeLink((link.getAttribute('href') ?? '').trim()));
    link.removeAttribute('title');
  }
  for (const heading of all(root, 'h1 b, h1 strong, h2 b, h2 strong, h3 b, h3 strong, h4 b, h4 strong, th b, th strong'))
    unwrap(heading);
  for (const element of [root, ...all(root, 'p, div, blockquote, li, section, article')]) splitAtBlankLines(element);
  for (const element of all(root, blocks).reverse()) if (isBlank(element)) element.remove();
}

const all = (root: Element, selector: string): Element[] => [...root.querySelectorAll(selector)];

const blocks = 'p, div, h1, h2, h3, h4, h5, h6, blockquote, li, ul, ol, section, article';

function isBlank(element: Element): boolean {
  return (element.textContent ?? '').trim() === '' && element.querySelector('hr, table') === null;
}

function removeUnseen(root: Element): void {
  for (const element of all(root, 'img')) {
    const alt = element.getAttribute('alt') ?? '';
    // Messengers show emoji as pictures.
    if (/^\p{Extended_Pictographic}[\p{Extended_Pictographic}\p{Emoji_Component}\u200d]*$/u.test(alt)) element.replaceWith(alt);
  }
  const unseen =
    'script, style, meta, link, title, base, template, noscript, img, picture, svg, math, canvas, video, audio, iframe';
  const controls = 'object, embed, input, button, select, textarea, [hidden], [aria-hidden="true"]';
  for (const element of all(root, `${unseen}, ${controls}`)) element.remove();
  for (const element of all(root, '[data-style]'))
    if (styleOf(element, 'display') === 'none' || styleOf(element, 'mso-hide') === 'all') element.remove();
  for (const space of all(root, '.Apple-converted-space')) space.replaceWith(' ');
}

/** Replaces bold, italic and struck styles with tags, and tags that a style makes ineffective with nothing. */
function styleToTags(element: Element): void {
  const weight = styleOf(element, 'font-weight');
  const isHeavy = /^(?:bold|bolder|[6-9]\d\d)$/.test(weight);
  const isPlain = /^(?:normal|lighter|[1-4]00)$/.test(weight);
  const style = styleOf(element, 'font-style');
  const line = `${styleOf(element, 'text-decoration')} ${styleOf(element, 'text-decoration-line')}`;
  const isInline = /^(?:span|font|a|b|i|strong|em|u|s|code|ins|mark)$/i.test(element.tagName);
  if (isInline) {
    if (isHeavy) wrapContent(element, 'strong');
    if (/^(?:italic|oblique)/.test(style)) wrapContent(element, 'em');
    if (/line-through/.test(line)) wrapContent(element, 's');
  }
  if ((isPlain && /^(?:b|strong)$/i.test(element.tagName)) || (style === 'normal' && /^(?:i|em)$/i.test(element.tagName)))
    unwrap(element);
  else if (/^(?:center|o:p|font)$/i.test(element.tagName)) unwrap(element);
}

function wrapContent(element: Element, tag: string): void {
  if (element.closest(tag) || element.querySelector('p, div, ul, ol, table')) return;
  const wrapper = element.ownerDocument.createElement(tag);
  wrapper.append(...element.childNodes);
  element.append(wrapper);
}

function unwrap(element: Element): void {
  element.replaceWith(...element.childNodes);
}

/** A table that only arranges a page becomes its paragraphs. In other tables every cell becomes one line. */
function simplifyTable(table: Element): void {
  const document = table.ownerDocument;
  for (const caption of all(table, 'caption')) {
    const paragraph = document.createElement('p');
    paragraph.append(...caption.childNodes);
    table.before(paragraph);
    caption.remove();
  }
  const rows = all(table, 'tr');
  const isLayout =
    table.getAttribute('role') === 'presentation' ||
    table.querySelector('table, ul, ol, h1, h2, h3, h4, blockquote, pre') !== null ||
    Math.max(0, ...rows.map(({ children }) => children.length)) < 2;
  if (isLayout) {
    for (const cell of all(table, 'td, th')) cell.replaceWith(inBlock(cell));
    for (const part of all(table, 'tr, tbody, thead, tfoot, colgroup')) unwrap(part);
    unwrap(table);
    return;
  }
  // The first row becomes the head of the table, which is bold by itself.
  for (const bold of rows[0] ? all(rows[0], 'b, strong') : []) unwrap(bold);
  for (const cell of all(table, 'td, th')) {
    const align = styleOf(cell, 'text-align') || alignOf(cell.children);
    if (align !== '') cell.setAttribute('align', align);
    for (const part of all(cell, 'p, div, br')) {
      if (part.previousSibling !== null) part.before(' ');
      unwrap(part);
    }
  }
}

/** Word processors align the only paragraph of a cell, not the cell. */
function alignOf({ 0: paragraph, length }: HTMLCollection): string {
  return length === 1 && paragraph ? styleOf(paragraph, 'text-align') || (paragraph.getAttribute('align') ?? '') : '';
}

function inBlock(element: Element): Element {
  const block = element.ownerDocument.createElement('div');
  block.append(...element.childNodes);
  return block;
}

/** Two line breaks in a row end a paragraph. */
function splitAtBlankLines(element: Element): void {
  const children = [...element.childNodes];
  const isBreak = (node: ChildNode | undefined) => node?.nodeName === 'BR';
  const isSpace = (node: ChildNode | undefined) => node?.nodeType === 3 && (node.textContent ?? '').trim() === '';
  const lines: ChildNode[][] = [[]];
  let hasBlank = false;
  for (let at = 0; at < children.length; at += 1) {
    let next = at + 1;
    // Only behind a break: runs of texts would be walked once for each of them.
    while (isBreak(children[at]) && isSpace(children[next])) next += 1;
    if (!isBreak(children[at]) || !isBreak(children[next])) (lines.at(-1) as ChildNode[]).push(children[at] as ChildNode);
    else {
      hasBlank = true;
      lines.push([]);
      while (isBreak(children[next]) || isSpace(children[next])) next += 1;
      at = next - 1;
    }
  }
  if (!hasBlank) return;
  const paragraphs = lines.map((line) => {
    const paragraph = element.ownerDocument.createElement('div');
    paragraph.append(...line);
    return paragraph;
  });
  if (element.tagName === 'P') element.replaceWith(...paragraphs);
  else element.replaceChildren(...paragraphs);
}

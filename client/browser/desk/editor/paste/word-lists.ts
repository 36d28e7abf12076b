import { styleOf } from './pasted-style.ts';

/** Word writes the items of a list as paragraphs with `mso-list: l0 level1 lfo1`, and their bullets and numbers as text. */
export function wordLists(root: Element): void {
  /** The open lists, innermost last. */
  let open: { list: Element; level: number; id: string }[] = [];
  for (const paragraph of [...root.querySelectorAll('p, h1, h2, h3, h4, h5, h6, li')]) {
    const [, before = '', levelText, after = ''] = /^(.*)\blevel(\d)(.*)$/s.exec(styleOf(paragraph, 'mso-list')) ?? [];
    if (levelText === undefined) continue;
    const [level, id] = [Number(levelText), before + after];
    const marker = takeMarker(paragraph);
    const follows = open.at(0)?.list === paragraph.previousElementSibling;
    if (!follows) open = [];
    // Another list of the same level.
    if (open.some((one) => one.level === level && one.id !== id)) open = open.filter((one) => one.level < level);
    while ((open.at(-1)?.level ?? 0) > level) open.pop();
    let current = open.at(-1);
    if (current?.level !== level) {
      const list = listFor(paragraph, marker);
      const outer = current?.list.lastElementChild;
      if (outer) outer.append(list);
      else paragraph.before(list);
      current = { list, level, id };
      open.push(current);
    }
    const item = paragraph.ownerDocument.createElement('li');
    item.append(...paragraph.childNodes);
    current.list.append(item);
    paragraph.remove();
  }
}

/** Removes the text of the bullet or number, and returns it. */
function takeMarker(paragraph: Element): string {
  const ignored = [...paragraph.querySelectorAll('span')].find((span) => styleOf(span, 'mso-list') === 'ignore');
  ignored?.remove();
  return ignored?.textContent?.trim() ?? '';
}

function listFor(paragraph: Element, marker: string): Element {
  const [, number] = /^\(?(\w{1,9})[.)]$/.exec(marker) ?? [];
  const list = paragraph.ownerDocument.createElement(number === undefined ? 'ul' : 'ol');
  if (number !== undefined && /^\d+$/.test(number) && number !== '1') list.setAttribute('start', number);
  return list;
}

import { trusted } from './trusted-html.ts';

/**
 * Makes an element what fresh markup makes it, and leaves alone what is the same in it: a film goes on playing beside a corrected sentence, and
 * the element itself stays, so that focus and place do. The markup is what `view/` rendered.
 */
export function morph(element: HTMLElement, fresh: HTMLElement): void {
  for (const { name } of [...element.attributes]) if (!fresh.hasAttribute(name)) element.removeAttribute(name);
  for (const { name, value } of [...fresh.attributes]) {
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  }
  replaceChildren(element, [...fresh.childNodes]);
}

/** Likewise for what is inside an element whose own tag stays. Folds that the reader opened stay open. `decorate` is given what is put in. */
export function morphInside(element: HTMLElement, markup: string, decorate: (content: ParentNode) => void = () => {}): void {
  const opened = element.querySelector('details[open]') !== null;
  const content = contentOf(markup);
  decorate(content);
  replaceChildren(element, [...content.childNodes]);
  if (opened) element.querySelector('details')?.setAttribute('open', '');
}

export function parse(markup: string): HTMLElement {
  return contentOf(markup).firstElementChild as HTMLElement;
}

function contentOf(markup: string): DocumentFragment {
  const template = document.createElement('template');
  template.innerHTML = trusted(markup);
  return template.content;
}

/** Walks old and new side by side: an old child that is equal to the new one stays, those before it go. */
function replaceChildren(element: HTMLElement, fresh: readonly ChildNode[]): void {
  // Inside an embedded element it is not the document that knows what has the focus.
  const root = element.getRootNode() as Document | ShadowRoot;
  const hadFocus = element.contains(root.activeElement) && root.activeElement !== element;
  let next = element.firstChild;
  for (const child of fresh) {
    let same = next;
    while (same !== null && !same.isEqualNode(child)) same = same.nextSibling;
    if (same === null) {
      element.insertBefore(child, next);
      continue;
    }
    removeUntil(next, same);
    next = same.nextSibling;
  }
  removeUntil(next, null);
  // What had the focus may be gone; whoever moves by keyboard goes on from the post that it was in.
  if (hadFocus && !element.contains(root.activeElement)) element.focus({ preventScroll: true });
}

/** `end`: of those after `first`; null for all of them. */
function removeUntil(first: ChildNode | null, end: ChildNode | null): void {
  for (let child = first; child !== null && child !== end; ) {
    const after: ChildNode | null = child.nextSibling;
    child.remove();
    child = after;
  }
}

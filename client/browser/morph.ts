import { trusted } from './trusted-html.ts';

/**
 * Makes an element equal to fresh markup and leaves equal children alone, so that a video keeps playing beside a corrected
 * sentence. The element itself stays, and so do focus and scroll position. The markup comes from `view/`.
 */
export function morph(element: HTMLElement, fresh: HTMLElement): void {
  for (const { name } of [...element.attributes]) if (!fresh.hasAttribute(name)) element.removeAttribute(name);
  for (const { name, value } of [...fresh.attributes]) {
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  }
  replaceChildren(element, [...fresh.childNodes]);
}

/** Like `morph`, for the content of an element. Opened `details` stay open. `decorate` receives the new content. */
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

/** Walks old and new children side by side. An old child that equals the new one stays; those before it are removed. */
function replaceChildren(element: HTMLElement, fresh: readonly ChildNode[]): void {
  // In a shadow tree the root knows the focused element, not the document.
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
  // If the focused element was removed, the post keeps the focus for keyboard users.
  if (hadFocus && !element.contains(root.activeElement)) element.focus({ preventScroll: true });
}

/** Removes the nodes from `first` to before `end`; null removes all of them. */
function removeUntil(first: ChildNode | null, end: ChildNode | null): void {
  for (let child = first; child !== null && child !== end; ) {
    const after: ChildNode | null = child.nextSibling;
    child.remove();
    child = after;
  }
}

/**
 * Puts new markup into an element and leaves alone what is the same in it: a film goes on playing beside a corrected sentence, and
 * the element itself stays, so that focus and place do. The markup is what `view/` rendered.
 */
export function morph(element: HTMLElement, markup: string): void {
  const fresh = parse(markup);
  for (const { name } of [...element.attributes]) if (!fresh.hasAttribute(name)) element.removeAttribute(name);
  for (const { name, value } of [...fresh.attributes]) {
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  }
  replaceChildren(element, [...fresh.childNodes]);
}

/** Likewise for what is inside an element whose own tag stays. Folds that the reader opened stay open. */
export function morphInside(element: HTMLElement, markup: string): void {
  const opened = element.querySelector('details[open]') !== null;
  const template = document.createElement('template');
  template.innerHTML = markup;
  replaceChildren(element, [...template.content.childNodes]);
  if (opened) element.querySelector('details')?.setAttribute('open', '');
}

export function parse(markup: string): HTMLElement {
  const template = document.createElement('template');
  template.innerHTML = markup;
  return template.content.firstElementChild as HTMLElement;
}

/** Walks old and new side by side: an old child that is equal to the new one stays, those before it go. */
function replaceChildren(element: HTMLElement, fresh: readonly ChildNode[]): void {
  const hadFocus = element.contains(document.activeElement) && document.activeElement !== element;
  let next = element.firstChild;
  for (const child of fresh) {
    let same = next;
    while (same !== null && !same.isEqualNode(child)) same = same.nextSibling;
    if (same === null) {
      element.insertBefore(child, next);
      continue;
    }
    next = removeUntil(next, same).nextSibling;
  }
  while (next !== null) {
    const after: ChildNode | null = next.nextSibling;
    next.remove();
    next = after;
  }
  // What had the focus may be gone; whoever moves by keyboard goes on from the post that it was in.
  if (hadFocus && !element.contains(document.activeElement)) element.focus({ preventScroll: true });
}

function removeUntil(first: ChildNode | null, end: ChildNode): ChildNode {
  let child = first;
  while (child !== null && child !== end) {
    const after: ChildNode | null = child.nextSibling;
    child.remove();
    child = after;
  }
  return end;
}

import { type TextPlace, withoutSpaces } from '../editor/place-in-text.ts';

/**
 * The place in the text of a drawn post that its author has selected or pressed, so that the form opens there. `point`: of a double
 * press, which selects nothing on a phone. Undefined if there is none.
 */
export function pressedPlace(article: HTMLElement, point?: { clientX: number; clientY: number }): TextPlace | undefined {
  const body = article.querySelector<HTMLElement>('.body');
  if (body === null) return undefined;
  const selected = selectedIn(body);
  const range = point && selected?.collapsed !== false ? wordAt(body, point) : selected;
  if (range === undefined) return undefined;
  const charactersTo = (node: Node, offset: number) => {
    const before = document.createRange();
    before.setStart(body, 0);
    before.setEnd(node, offset);
    return withoutSpaces(before.toString()).length;
  };
  const { startContainer, startOffset, endContainer, endOffset } = range;
  return {
    text: withoutSpaces(body.textContent),
    from: charactersTo(startContainer, startOffset),
    to: charactersTo(endContainer, endOffset),
  };
}

function selectedIn(body: HTMLElement): Range | undefined {
  const selection = document.getSelection();
  if (selection === null || selection.rangeCount === 0) return undefined;
  const range = selection.getRangeAt(0);
  return body.contains(range.startContainer) && body.contains(range.endContainer) ? range : undefined;
}

/** The word at a point. */
function wordAt(body: HTMLElement, { clientX, clientY }: { clientX: number; clientY: number }): Range | undefined {
  const place = document.caretPositionFromPoint?.(clientX, clientY);
  // Safari has the older function only.
  const { startContainer, startOffset } = document.caretRangeFromPoint?.(clientX, clientY) ?? {};
  const [node, offset] = place ? [place.offsetNode, place.offset] : [startContainer, startOffset ?? 0];
  if (!(node instanceof Text) || !body.contains(node)) return undefined;
  const range = document.createRange();
  const before = /(?<![\p{L}\p{M}\p{N}.,:’'-])[\p{L}\p{M}\p{N}.,:’'-]*$/u.exec(node.data.slice(0, offset))?.[0] ?? '';
  const after = /^[\p{L}\p{M}\p{N}]*(?:[.,:’'-][\p{L}\p{M}\p{N}]+)*/u.exec(node.data.slice(offset))?.[0] ?? '';
  range.setStart(node, offset - before.length);
  range.setEnd(node, offset + after.length);
  return range;
}

import { postParts } from '../view/page/element-parts.ts';

/** The classes of a post are parts too: `post`, its kind, `key-event` and `withdrawn`. So are the forms of quotes and tables. */
export function setPartNames(post: HTMLElement): void {
  post.part = post.className + (post.id.startsWith('pinned') ? ' pinned-post' : '');
  for (const [selector, part] of postParts) {
    for (const element of post.querySelectorAll<HTMLElement>(selector)) element.part = `${part} ${element.dataset.form ?? ''}`;
  }
}

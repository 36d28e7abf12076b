/**
 * The parts of a post that the surrounding page may style with `::part(…)`. The html of a post has no classes, so only its quotes
 * and tables can match.
 */
const parts: readonly (readonly [selector: string, part: string])[] = [
  ...'day line marks headline portrait change body media card withdrawal credits action'
    .split(' ')
    .map((name) => [`.${name}`, name] as const),
  ['.when', 'time'],
  ['.by', 'byline'],
  ['.change-correction', 'change correction'],
  ['blockquote', 'quote'],
  ['table', 'table'],
  ['figcaption', 'caption'],
];

/** The classes of a post are parts too: `post`, its kind, `key-event` and `withdrawn`. So are the forms of quotes and tables. */
export function setPartNames(post: HTMLElement): void {
  post.part = post.className + (post.id.startsWith('pinned') ? ' pinned-post' : '');
  for (const [selector, part] of parts) {
    for (const element of post.querySelectorAll<HTMLElement>(selector)) element.part = `${part} ${element.dataset.form ?? ''}`;
  }
}

/**
 * The parts of a post that the surrounding page may style with `::part(…)`, by selector: a class or a tag. Of several that match, the
 * last applies. The html of a post has no classes, so only its quotes and tables can match.
 */
export const postParts: readonly (readonly [selector: string, part: string])[] = [
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

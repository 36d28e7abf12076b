/**
 * The parts of a post that the surrounding page may style with `::part(…)`. The html of a post has no classes, so only its quotes
 * and tables can match.
 */
const parts: Readonly<Record<string, string>> = {
  '.day': 'day',
  '.line': 'line',
  '.when': 'time',
  '.marks': 'marks',
  '.headline': 'headline',
  '.by': 'byline',
  '.portrait': 'portrait',
  '.change': 'change',
  '.change-correction': 'change correction',
  '.body': 'body',
  blockquote: 'quote',
  table: 'table',
  '.media': 'media',
  figcaption: 'caption',
  '.card': 'card',
  '.withdrawal': 'withdrawal',
  '.credits': 'credits',
  '.action': 'action',
};

/** The classes of a post are parts too: `post`, its kind, `key-event` and `withdrawn`. So are the forms of quotes and tables. */
export function setPartNames(post: HTMLElement): void {
  post.part = post.className + (post.id.startsWith('pinned') ? ' pinned-post' : '');
  for (const [selector, part] of Object.entries(parts)) {
    for (const element of post.querySelectorAll<HTMLElement>(selector)) element.part = `${part} ${element.dataset.form ?? ''}`;
  }
}

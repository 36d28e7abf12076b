/**
 * The parts of a post that the surrounding page may style with `::part(…)`. The html of a post has no classes, so nothing in it
 * can match.
 */
const parts: Readonly<Record<string, string>> = {
  '.day': 'day',
  '.line': 'line',
  '.when': 'time',
  '.marks': 'marks',
  '.headline': 'headline',
  '.change': 'change',
  '.change-correction': 'change correction',
  '.body': 'body',
  '.media': 'media',
  '.withdrawal': 'withdrawal',
  '.credits': 'credits',
};

export function setPartNames(post: HTMLElement): void {
  post.part = post.classList.contains('withdrawn') ? 'post withdrawn' : 'post';
  for (const [selector, part] of Object.entries(parts)) {
    for (const element of post.querySelectorAll(selector)) element.setAttribute('part', part);
  }
}

/** What of a post the page around may style, as `::part(…)`. The html of a post has no classes, so nothing in it is taken for one of these. */
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

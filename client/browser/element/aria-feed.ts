/** The list of posts as a WAI-ARIA feed: attributes and keyboard support. */

/** Sets each post's position. `total`: the number of posts, if known. */
export function numberPosts(posts: HTMLElement, total: number | undefined): void {
  for (const [at, post] of [...posts.querySelectorAll<HTMLElement>(':scope > .post')].entries()) {
    post.setAttribute('aria-posinset', String(at + 1));
    post.setAttribute('aria-setsize', String(total ?? -1));
  }
}

/** Page Down and Page Up move between posts when the focus is in one. Elsewhere they scroll as usual. */
export function moveByKey(posts: HTMLElement, event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  const step = { PageDown: 1, PageUp: -1 }[event.key];
  if (step === undefined) return;
  const all = [...posts.querySelectorAll<HTMLElement>(':scope > .post')];
  const at = all.findIndex((post) => post.contains(event.target as Node));
  const next = at < 0 ? undefined : all[at + step];
  if (next === undefined) return;
  event.preventDefault();
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: 'start', behavior: 'instant' });
}

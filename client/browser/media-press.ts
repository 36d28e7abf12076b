import type { Words } from './i18n/words.ts';

/**
 * Opens pictures of galleries and posts of other sites inside `home` when they are pressed. What that needs is loaded with the first
 * press. If it cannot be loaded, the press follows the link, as without a script. Of a picture that cannot be loaded, the
 * description is left.
 */
export function enableMedia(home: HTMLElement, words: () => Words): void {
  home.addEventListener('click', (click) => {
    const pressed = (click.target as Element).closest<HTMLAnchorElement>('.gallery .image a, [data-embed]');
    if (pressed === null || opensElsewhere(click)) return;
    click.preventDefault();
    import('./opened-media/opened-media.ts')
      .then((part) => part.open(pressed, words().language))
      .catch(() => location.assign(pressed.href));
  });
  const mark = (picture: Element) => picture.closest('figure, .card > img')?.classList.add('broken');
  home.addEventListener('error', ({ target }) => mark(target as Element), true);
  for (const picture of home.querySelectorAll('img')) picture.complete && !picture.naturalWidth && mark(picture);
}

/** Whether the reader asks for another tab or window, or for a download. */
export function opensElsewhere({ ctrlKey, metaKey, shiftKey, altKey, button }: MouseEvent): boolean {
  return ctrlKey || metaKey || shiftKey || altKey || button !== 0;
}

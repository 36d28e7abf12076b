import { deskPath, type Place, pathOf, placeOf } from './places.ts';

/** Leads from one place to another without loading the page again. */
export class Router {
  readonly #changed: () => void;
  readonly #listeners = new AbortController();

  constructor(changed: () => void) {
    this.#changed = changed;
    const { signal } = this.#listeners;
    window.addEventListener('popstate', changed, { signal });
    document.addEventListener('click', (click) => this.#follow(click), { signal });
  }

  get place(): Place {
    return placeOf(location);
  }

  go(place: Exclude<Place, { at: 'sign-in' }>, how: 'push' | 'replace' = 'push'): void {
    const path = pathOf(place);
    if (path !== location.pathname + location.hash) {
      if (how === 'push') history.pushState(null, '', path);
      else history.replaceState(null, '', path);
    }
    this.#changed();
    if (how === 'push') scrollTo({ top: 0, behavior: 'instant' });
  }

  close(): void {
    this.#listeners.abort();
  }

  /** Links to other places of the desk stay on this page. */
  #follow(click: MouseEvent): void {
    const link = click.target instanceof Element ? click.target.closest('a') : null;
    if (link === null || click.defaultPrevented || click.button !== 0) return;
    if (click.ctrlKey || click.metaKey || click.shiftKey || click.altKey || link.target !== '') return;
    const url = new URL(link.href, location.href);
    if (url.origin !== location.origin || !url.pathname.startsWith(deskPath) || url.search !== '') return;
    const place = placeOf(url);
    if (place.at === 'sign-in' || (url.pathname === location.pathname && url.hash !== '')) return;
    click.preventDefault();
    this.go(place);
  }
}

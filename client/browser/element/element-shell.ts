import { reachedEnd } from '../../lib/timeline/timeline-model.ts';
import { morphInside, parse } from '../morph.ts';
import { preserveScroll, type Viewport } from '../scroll-anchor.ts';
import { directionOf, turned } from '../view/direction.ts';
import { newsCount } from '../view/news.ts';
import { pageWordsOf, partNames } from '../view/wording.ts';
import { chromeSections, connectionTone, type ElementChrome } from './element-chrome.ts';
import { setPartNames } from './style-parts.ts';

/** Skeleton lines before the first answer; enough to fill the reserved height. */
const skeletonLines = 12;

/** The constant structure of an element. The skeleton is separate from the posts, so that replacing it moves nothing. */
const markup = `<div class="frame" id="frame" part="frame">
<slot name="header"></slot>
<header class="head" id="head" part="header"><div class="head-line"><p class="status" id="status" part="status"></p><div class="times" id="times" part="times"></div></div><div id="title"></div><div id="notes"></div></header>
<div class="skeleton" id="skeleton" part="skeleton" aria-hidden="true">${'<i></i>'.repeat(skeletonLines)}</div>
<div class="over" id="over"><div class="notices" id="notices"><button class="new-posts" id="new-posts" part="button new" type="button"></button><aside class="since" id="since" part="since" hidden></aside></div></div>
<div class="scroller" id="scroller" part="scroller">
<section class="key-events" id="key-events" part="key-events"></section>
<section class="summary" id="summary" part="summary"></section>
<section class="pinned" id="pinned" part="pinned"></section>
<div id="trouble"></div>
<p class="ways" id="ways-up"><button class="way" id="newer" part="button newer" type="button"></button><button class="way" id="newest" part="button newest" type="button"></button></p>
<div class="posts" id="posts" part="posts"></div>
<button class="way" id="older" part="button older" type="button"></button>
<div id="failed"></div>
</div>
<slot name="footer"></slot>
<p class="visually-hidden" id="announcement" aria-live="polite"></p>
</div>`;

/** Renders the element's shadow tree, except the posts and the missed summary. */
export class ElementShell {
  readonly #root: ShadowRoot;
  readonly #viewport: Viewport;
  readonly #decorate: (content: ParentNode) => void;
  /** The markup of each section, by id. */
  readonly #rendered = new Map<string, string>();

  constructor(root: ShadowRoot, viewport: Viewport, decorate: (content: ParentNode) => void) {
    this.#root = root;
    this.#viewport = viewport;
    this.#decorate = decorate;
    root.append(parse(markup));
  }

  /** The element always exists in the markup. */
  find(id: string): HTMLElement {
    return this.#root.getElementById(id) as HTMLElement;
  }

  /** Renders the parts around the posts without moving what is being read. `theme`: null to follow the surrounding page. */
  render(chrome: ElementChrome, theme: string | null): void {
    preserveScroll(this.find('posts'), () => this.#render(chrome, theme), this.#viewport);
  }

  #render(chrome: ElementChrome, theme: string | null): void {
    const { words, setting, channel, timeline, unavailableReason, news, asking } = chrome;
    const isWaiting = timeline === undefined && unavailableReason === undefined;
    // An element with the role `feed` must contain articles, so an empty list does not get the role.
    const isFeed = (timeline?.posts.length ?? 0) > 0;
    const { language = null } = timeline?.channel ?? {};
    const written = { lang: language, dir: language && directionOf(language) };
    const dir = directionOf(chrome.language ?? words.language);
    this.#set('frame', { lang: words.language, dir, 'data-theme': theme, 'data-framed': window !== window.parent });
    this.#set('head', { hidden: unavailableReason !== undefined && channel === undefined });
    this.#set('status', { 'data-state': connectionTone(chrome)[0] });
    this.#set('skeleton', { hidden: !isWaiting });
    this.#set('since', { 'aria-label': pageWordsOf(setting).missed });
    this.#set('scroller', { hidden: isWaiting });
    for (const id of ['key-events', 'summary', 'pinned'] as const)
      this.#set(id, { 'aria-label': partNames[id](setting), ...written });
    this.#set('ways-up', { hidden: (timeline?.ceiling ?? null) === null });
    this.#set('posts', {
      role: isFeed ? 'feed' : null,
      'aria-label': isFeed ? words.posts : null,
      'aria-busy': String(asking || chrome.state?.status === 'catching-up'),
      ...written,
    });
    this.#set('older', { hidden: timeline === undefined || reachedEnd(timeline) });
    this.#set('new-posts', { hidden: !news || newsCount(news) === 0 });
    for (const way of ['newer', 'newest', 'older'] as const) {
      this.#set(way, { 'aria-disabled': String(asking) });
      this.#setText(way, words[`${way}Posts`]);
    }
    for (const [id, section] of Object.entries(chromeSections)) this.#renderSection(id, turned(section(chrome), setting).text);
  }

  #set(id: string, attributes: Record<string, string | boolean | null>): void {
    const element = this.find(id);
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === 'string') element.setAttribute(name, value);
      else element.toggleAttribute(name, value === true);
    }
  }

  #setText(id: string, text: string): void {
    const element = this.find(id);
    if (element.textContent !== text) element.textContent = text;
  }

  #renderSection(id: string, markup: string): void {
    if (markup === (this.#rendered.get(id) ?? '')) return;
    this.#rendered.set(id, markup);
    morphInside(this.find(id), markup, (content) => {
      this.#decorate(content);
      for (const post of content.querySelectorAll<HTMLElement>('.post')) setPartNames(post);
      content.querySelector('.key-list + details > summary')?.setAttribute('part', 'key-events-summary');
    });
  }
}

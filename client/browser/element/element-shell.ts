import { morphInside, parse } from '../morph.ts';
import { preserveScroll } from '../scroll-anchor.ts';
import { type ElementChrome, elementAttributes, elementMarkup, renderSections } from '../view/page/element-chrome.ts';
import type { Viewport } from '../viewport.ts';
import { setPartNames } from './style-parts.ts';

/** Renders the element's shadow tree, except the posts and the missed summary. */
export class ElementShell {
  readonly #root: ShadowRoot;
  readonly #viewport: Viewport;
  readonly #decorate: (content: ParentNode) => void;
  /** The markup of each section, by id. */
  readonly #rendered = new Map<string, string>();

  /** Replaces the fragment of the server. */
  constructor(root: ShadowRoot, viewport: Viewport, decorate: (content: ParentNode) => void) {
    this.#root = root;
    this.#viewport = viewport;
    this.#decorate = decorate;
    root.replaceChildren(parse(elementMarkup));
  }

  /** The element always exists in the markup. */
  find(id: string): HTMLElement {
    return this.#root.getElementById(id) as HTMLElement;
  }

  /** Renders the parts around the posts without moving what is being read. */
  render(chrome: ElementChrome): void {
    preserveScroll(this.find('posts'), () => this.#render(chrome), this.#viewport);
  }

  #render(chrome: ElementChrome): void {
    for (const [id, attributes] of elementAttributes(chrome)) this.#set(id, attributes);
    this.#set('frame', { 'data-framed': window !== window.parent });
    for (const [id, markup] of renderSections(chrome)) this.#renderSection(id, markup);
  }

  #set(id: string, attributes: Record<string, string | boolean | null>): void {
    const element = this.find(id);
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === 'string') element.setAttribute(name, value);
      else element.toggleAttribute(name, value === true);
    }
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

import { LitElement, type PropertyDeclarations } from 'lit';
import type { Language } from '../../i18n/languages.ts';

/**
 * An element of the desk. It draws into the page itself, without a shadow tree, so that the style sheet applies and labels may refer to
 * ids. Properties of a class are added to those of the class that it extends.
 */
export abstract class DeskElement extends LitElement {
  static override properties: PropertyDeclarations = { language: { attribute: false } };
  /** The language of the desk. An element finds its own words with it. */
  declare language: Language;
  #undo: (() => void)[] | undefined;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const undo of this.#undo ?? []) undo();
    this.#undo = undefined;
  }

  protected override willUpdate(): void {
    this.#undo ??= this.enter();
  }

  /** Called with all properties set, before the first update on the page. What it returns is called when the element leaves. */
  protected enter(): (() => void)[] {
    return [];
  }
}

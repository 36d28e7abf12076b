import { LitElement } from 'lit';

/**
 * An element of the desk. It draws into the page itself, without a shadow tree, so that the style sheet applies and labels may refer to
 * ids.
 */
export abstract class DeskElement extends LitElement {
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

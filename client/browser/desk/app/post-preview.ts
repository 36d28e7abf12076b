import { html, type TemplateResult } from 'lit';
import { trusted } from '../../trusted-html.ts';
import { directionOf } from '../../view/direction.ts';

/** A post as readers see it, in the language of its coverage. Its links lead nowhere, so that nothing is lost by following one. */
export function postPreview(markup: string, language: string): TemplateResult {
  return html`<div lang=${language} dir=${directionOf(language)} @click=${stay} .innerHTML=${trusted(markup)}></div>`;
}

function stay(click: Event): void {
  if (click.target instanceof Element && click.target.closest('a')) click.preventDefault();
}

import { html, nothing, type TemplateResult } from 'lit';
import { ifDefined } from 'lit/directives/if-defined.js';
import { live } from 'lit/directives/live.js';
import { headlineCharacters } from '../../../../src/protocol/client-limits.ts';
import { charactersOf } from '../../../../src/protocol/field-rules.ts';
import { postKinds } from '../../../../src/protocol/model.ts';
import { isComposing } from '../editor/composition.ts';
import { nameOfLabel } from './field-texts.ts';
import type { PostForm } from './form.ts';

/** The fields that every post needs: its kind, its headline and its marks. */

export function kindField({ draft, words, id, change }: PostForm): TemplateResult {
  return html`<fieldset class="composer-kinds"><legend class="visually-hidden">${words.kind}</legend>${postKinds.map(
    (kind) =>
      html`<label data-kind=${kind}><input type="radio" name=${id('kind')} value=${kind} .checked=${live(draft.kind === kind)}
 @change=${() => change({ kind })}><span>${words.kinds[kind]}</span></label>`,
  )}</fieldset>`;
}

/** One line, in a field that grows with it. Enter calls `next`. */
export function headlineField({ draft, words, spelling, lacks, id, change }: PostForm, next: () => void): TemplateResult {
  const headline = draft.headline ?? '';
  const used = charactersOf(headline.trim());
  const lack = lacks.find(({ path }) => path === 'headline');
  const name = id('headline');
  const input = ({ target }: { target: HTMLTextAreaElement }) => {
    const line = target.value.replace(/\s*[\r\n]+\s*/g, ' ');
    if (line !== target.value) target.value = line;
    change({ headline: line === '' ? null : line });
  };
  const keydown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || isComposing(event) || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    next();
  };
  return html`<div class="composer-headline">
<label class="visually-hidden" for=${name}>${words.headline}</label>
<textarea id=${name} data-path="headline" rows="1" dir=${headline === '' ? nothing : 'auto'} lang=${ifDefined(spelling)} spellcheck="true" placeholder=${words.headline}
 .value=${live(headline)} @input=${input} @keydown=${keydown} aria-invalid=${lack || used > headlineCharacters ? 'true' : 'false'}
 aria-describedby=${`${name}-count${lack ? ` ${name}-lack` : ''}`}></textarea>
<div class="composer-below">${lack ? html`<small id=${`${name}-lack`} class="desk-lack">${nameOfLabel(words.headline)} ${words.lacks[lack.why]}.</small>` : nothing}<span id=${`${name}-count`} class="composer-count" ?hidden=${used === 0} data-over=${used > headlineCharacters}><span aria-hidden="true">${used}/${headlineCharacters}</span><span class="visually-hidden">${words.characters(String(used), String(headlineCharacters))}</span></span></div>
</div>`;
}

/** Makes the field of the headline as high as its text. Called after each rendering. */
export function fitHeadline(form: HTMLElement): void {
  const field = form.querySelector<HTMLTextAreaElement>('.composer-headline textarea');
  if (field === null) return;
  field.style.height = 'auto';
  field.style.height = `${field.scrollHeight}px`;
}

export function markFields({ draft, words, change }: PostForm): TemplateResult {
  const mark = (field: 'keyEvent' | 'developing', label: string) =>
    html`<label class="composer-mark"><input type="checkbox" name=${field} .checked=${live(draft[field])} @change=${({
      target,
    }: {
      target: HTMLInputElement;
    }) => change({ [field]: target.checked })}><span>${label}</span></label>`;
  return html`<div class="composer-marks">${mark('keyEvent', words.keyEvent)}${mark('developing', words.developing)}</div>`;
}

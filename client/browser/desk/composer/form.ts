import { html, nothing, type TemplateResult } from 'lit';
import { ifDefined } from 'lit/directives/if-defined.js';
import { live } from 'lit/directives/live.js';
import type { Language } from '../../i18n/languages.ts';
import type { ComposerWords } from '../i18n/composer/index.ts';
import type { Outbox } from '../outbox/outbox-model.ts';
import { completedAddress, type Lack, nameOfLabel, type PostDraft } from './post-draft.ts';

/** The form, as the fields of a post see it. */
export interface PostForm {
  /** As it is now, also after the form was drawn. */
  readonly draft: PostDraft;
  words: ComposerWords;
  /** The language of the desk. */
  language: Language;
  channelId: string;
  /** Has the pictures of this device. */
  outbox: Outbox;
  /** The credits that were used before, the latest first. */
  credits: readonly string[];
  /** The language of the coverage, for spelling. Undefined until it is known. */
  spelling: string | undefined;
  /** The lacks that are shown. Empty until the author tries to publish. */
  lacks: readonly Lack[];
  /** An id for an element, unique on the page. */
  id(name: string): string;
  change(fields: Partial<PostDraft>): void;
  /** Puts the cursor into the field with this path, once it is drawn. */
  goTo(path: string): void;
  /** Draws the form again, because something that it shows has changed. */
  redraw(): void;
}

export interface TextField {
  /** The path of the field in the post, as in problems of the server: `media[0].alt`. */
  path: string;
  label: string;
  value: string | undefined;
  change: (value: string) => void;
  hint?: string;
  /** The id of a `datalist` with suggestions. */
  list?: string;
  kind?: 'line' | 'text' | 'address';
}

/** A labelled field, with its hint and its lack. */
export function textField(form: PostForm, field: TextField): TemplateResult {
  const { path, label, value = '', change, hint, list, kind = 'line' } = field;
  const lack = form.lacks.find((one) => one.path === path);
  const id = form.id(path);
  const described = [hint !== undefined && `${id}-hint`, lack && `${id}-lack`].filter(Boolean).join(' ') || undefined;
  const input = ({ target }: { target: HTMLInputElement | HTMLTextAreaElement }) => change(target.value);
  const complete = ({ target }: { target: HTMLInputElement }) => {
    const completed = completedAddress(target.value);
    if (kind === 'address' && completed !== target.value) change(completed);
  };
  return html`<div class="composer-field">
<label for=${id}>${label}</label>
${
  kind === 'text'
    ? html`<textarea id=${id} data-path=${path} rows="2" dir="auto" lang=${ifDefined(form.spelling)} .value=${live(value)} @input=${input}
 aria-invalid=${lack ? 'true' : 'false'} aria-describedby=${ifDefined(described)}></textarea>`
    : html`<input id=${id} data-path=${path} type=${kind === 'address' ? 'url' : 'text'} dir=${kind === 'address' ? 'ltr' : 'auto'}
 lang=${ifDefined(kind === 'address' ? undefined : form.spelling)} list=${ifDefined(list)} autocomplete="off" .value=${live(value)} @input=${input} @change=${complete}
 aria-invalid=${lack ? 'true' : 'false'} aria-describedby=${ifDefined(described)}>`
}
${hint === undefined ? nothing : html`<small id=${`${id}-hint`} class="desk-hint">${hint}</small>`}
${lack ? html`<small id=${`${id}-lack`} class="desk-lack">${nameOfLabel(label)} ${form.words.lacks[lack.why]}.</small>` : nothing}
</div>`;
}

export interface Adder {
  label: string;
  /** Returns the path of the first field that it added, which gets the cursor. Undefined: it opens a dialog. */
  add: () => string | undefined;
}

/** A group of rows, such as sources, and the buttons that add one. */
export function rowsOf(
  { goTo }: Pick<PostForm, 'goTo'>,
  legend: string,
  rows: readonly TemplateResult[],
  adders: readonly Adder[],
  notes: TemplateResult | typeof nothing = nothing,
): TemplateResult {
  const press = ({ add }: Adder) => {
    const path = add();
    if (path !== undefined) goTo(path);
  };
  return html`<fieldset class="composer-rows"><legend>${legend}</legend>${rows}${notes}
<div class="composer-adders">${adders.map((adder) => html`<button type="button" class="desk-quiet" @click=${() => press(adder)}>${adder.label}</button>`)}</div>
</fieldset>`;
}

export function removeButton(words: ComposerWords, what: string, remove: () => void): TemplateResult {
  return html`<button type="button" class="desk-remove" aria-label=${words.remove(what)} title=${words.remove(what)} @click=${remove}>×</button>`;
}

/** The list with another value at this index. */
export function replaced<T>(list: readonly T[], at: number, value: T): T[] {
  return list.map((old, index) => (index === at ? value : old));
}

export function without<T>(list: readonly T[], at: number): T[] {
  return list.filter((_, index) => index !== at);
}

/** The name of a field by its path, for the list of what is missing. */
export function labelOf(path: string, form: Pick<PostForm, 'draft' | 'words'>): string {
  return nameOfLabel(labelAt(path, form));
}

function labelAt(path: string, { draft, words }: Pick<PostForm, 'draft' | 'words'>): string {
  const [, list, at, field = list] = /^(\w+)(?:\[(\d+)\](?:\.(\w+))?)?/.exec(path) ?? [];
  switch (field) {
    case 'headline':
      return words.headline;
    case 'body':
      return words.body;
    case 'url':
      if (list !== 'media') return words.address;
      return draft.media[Number(at)]?.type === 'link' ? words.cardAddress : words.pictureAddress;
    case 'image':
      return words.cardPictureAddress;
    case 'alt':
      return words.description;
    case 'title':
      return words.cardTitle;
    case 'name':
      return list === 'sources' ? words.source : words.name;
    case 'via':
      return words.via;
    case 'role':
      return words.role;
    case 'caption':
      return words.caption;
    case 'credit':
      return words.credit;
    case 'source':
      return words.cardSource;
    case 'description':
      return words.cardDescription;
  }
  switch (list) {
    case 'media':
      return words.pictures;
    case 'authors':
      return words.byline;
    case 'sources':
      return words.sources;
    default:
      return words.earlierPosts;
  }
}

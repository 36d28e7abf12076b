import { html, nothing, type TemplateResult } from 'lit';
import type { Language } from '../../i18n/languages.ts';
import type { Setting } from '../../view/wording/time.ts';
import { datedIn } from '../app/coverage-time.ts';
import type { RestatementsWords } from '../i18n/restatements.ts';
import { type ExcerptPart, excerptsOf, firstWordsOf } from './excerpts.ts';
import type { Restatement } from './search-posts.ts';

export interface RestatementViewOptions {
  words: RestatementsWords;
  /** The language of the desk. */
  language: Language;
  /** The language and time zone of the coverage. */
  setting: Pick<Setting, 'language' | 'timezone'>;
  mayChange: boolean;
  /** Its correction could not be opened. */
  notOpened: boolean;
  correct: () => void;
  dismiss: () => void;
}

/** One post of the list, with each passage in the text around it. */
export function restatementView({ post, isDerived, occurrences }: Restatement, options: RestatementViewOptions): TemplateResult {
  const { words, language, setting, mayChange, notOpened } = options;
  const at = datedIn(setting, post.publishedAt, language);
  const title = post.headline || words.untitled(at);
  const excerpts = occurrences.length > 0 ? excerptsOf(post.text, occurrences) : [firstWordsOf(post.text, post.headline)];
  const inHeadline = post.headline !== null && excerpts[0]?.map(({ text }) => text).join('') === post.headline;
  const heading = html`<h3>${inHeadline ? partsOf(excerpts[0] ?? [], setting.language) : html`<bdi lang=${post.headline ? setting.language : language}>${title}</bdi>`} ${
    post.headline ? html`<small>${at}</small>` : nothing
  }</h3>`;
  const button = (label: string, name: string, press: () => void) =>
    html`<button type="button" class=${name} aria-label=${words.buttonOf(label, title)} @click=${press}>${label}</button>`;
  return html`<li data-restatement=${post.id} data-derived=${isDerived}>${heading}
${excerpts.slice(inHeadline ? 1 : 0).map((parts) => html`<p class="desk-excerpt">${partsOf(parts, setting.language)}</p>`)}
${isDerived ? html`<p class="desk-hint">${words.restates}</p>` : nothing}
${mayChange ? nothing : html`<p class="desk-hint">${words.notYours(namesOf(post, language))}</p>`}
${notOpened ? html`<p class="desk-lack" role="alert">${words.notOpened}</p>` : nothing}
<div class="desk-restatements-buttons">${mayChange ? button(words.correctToo, 'desk-button plain', options.correct) : nothing}${button(words.fine, 'desk-quiet', options.dismiss)}</div></li>`;
}

function partsOf(parts: readonly ExcerptPart[], language: string): TemplateResult {
  return html`<bdi lang=${language}>${parts.map(({ text, isMarked }) => (isMarked ? html`<mark>${text}</mark>` : text))}</bdi>`;
}

/** The names of the byline, else of the account that published the post. */
function namesOf({ authors, publishedBy }: Restatement['post'], language: Language): string {
  const names = authors.map(({ name }) => name);
  return names.length > 0 ? new Intl.ListFormat(language).format(names) : (publishedBy ?? '…');
}

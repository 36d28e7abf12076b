import { html, nothing, type TemplateResult } from 'lit';
import { ifDefined } from 'lit/directives/if-defined.js';
import type { Channel } from '../../../../src/protocol/model.ts';
import type { AuthorClient } from '../../../lib/author-client.ts';
import type { Language } from '../../i18n/languages.ts';
import { type KeyRegistry, keyNames } from '../app/keys.ts';
import { lettersSwitch, showKeysButton } from '../app/keys-dialog.ts';
import { postPreview } from '../app/post-preview.ts';
import { setAsideNotice } from '../drafts/draft-list.ts';
import type { Drafts, SetAside } from '../drafts/drafts.ts';
import type { BodyEditor } from '../editor/editor.ts';
import type { Outbox } from '../outbox/outbox-model.ts';
import { askChoices, type ComposerMemory, undoChoices } from './device-memory.ts';
import { labelOf, type PostForm, removeButton, rowsOf } from './form.ts';
import { headlineField, kindField, markFields } from './head-fields.ts';
import { mediaFields, pictureAdder } from './media-fields.ts';
import { bylineFields, sourceFields, verificationField } from './people-fields.ts';
import { hasContent, type Lack } from './post-draft.ts';
import type { FoundPost } from './post-search.ts';
import { renderDraft } from './render-draft.ts';
import { toolbar } from './toolbar.ts';

/** The actions that the parts of the composer call. */
export interface ComposerActions {
  readonly folded: boolean;
  previewing: boolean;
  moreOpen: boolean;
  /** The titles of posts that were found, by id. */
  readonly titles: ReadonlyMap<string, string>;
  readonly client: AuthorClient;
  readonly outbox: Outbox;
  readonly keys: KeyRegistry;
  readonly channelId: string;
  write(): void;
  fold(): void;
  putAside(): void;
  search(): void;
  link(post: FoundPost): void;
  restate(post: FoundPost, restates: boolean): void;
  publish(): Promise<void>;
  goTo(path: string): void;
  setLinking(isLinking: boolean): void;
}

export interface ComposerState {
  composer: ComposerActions;
  /** Undefined until the composer has been drawn once. */
  editor: BodyEditor | undefined;
  isLinking: boolean;
  drafts: Drafts;
  channel: Channel | undefined;
  byline: string;
  memory: ComposerMemory;
  lacks: readonly Lack[];
  notice: 'not-stored' | 'open-elsewhere' | undefined;
  isStoring: boolean;
  announcement: string;
  restoredAt: string | undefined;
  aside: SetAside | undefined;
  /** The beginning of the draft, on the folded composer. */
  foldedText: string;
  language: Language;
}

/** The parts of the composer, from top to bottom. Notices are in the bar at the bottom, so that nothing moves under a finger. */
export function composerView(form: PostForm, state: ComposerState): TemplateResult {
  const { words, id } = form;
  const { composer, channel, drafts } = state;
  const isEnded = channel?.state === 'ended';
  return html`<section class="desk-composer" aria-label=${words.newPost}>
<button type="button" class="desk-quiet composer-unfold" aria-expanded=${composer.folded ? 'false' : 'true'} aria-controls=${id('form')} @click=${() => composer.write()}><bdi>${state.foldedText || (isEnded ? words.ended : words.write)}</bdi></button>
<div class="composer-form" id=${id('form')}>
<div class="composer-top">${kindField(form)}<button type="button" class="desk-remove composer-fold" aria-label=${words.fold} title=${words.fold} @click=${() => composer.fold()}>⌄</button></div>
${restored(form, state)}${setAsideNotice(state.aside, drafts, state.language)}
${headlineField(form, () => composer.write())}
<div class="composer-editor body" lang=${ifDefined(form.spelling)}></div>
${formatting(form, state)}
${pictureAdder(form)}
${markFields(form)}
${moreFields(form, state)}
<div id=${id('preview')} class="composer-preview" ?hidden=${!composer.previewing}>${composer.previewing ? preview(form, state) : nothing}</div>
<desk-drafts .drafts=${drafts} .language=${state.language} .channel=${channel} .channelId=${composer.channelId}></desk-drafts>
<div class="composer-foot">${notices(form, state)}${lackList(form, state)}<button type="button" class="desk-quiet" aria-expanded=${composer.previewing} aria-controls=${id('preview')}
 @click=${() => (composer.previewing = !composer.previewing)}>${composer.previewing ? words.hidePreview : words.preview}</button>
${isEnded ? html`<p class="composer-ended">${words.ended}</p>` : publishButton(form, state)}</div>
</div>
<p class="visually-hidden" role="status">${state.announcement}</p>
</section>`;
}

function formatting({ words, id }: PostForm, { editor, isLinking, composer }: ComposerState): TemplateResult | typeof nothing {
  if (editor === undefined) return nothing;
  return toolbar({ editor, words, id, isLinking, setLinking: (next) => composer.setLinking(next) });
}

/** Appears together with the text of the draft. */
function restored({ words }: PostForm, { composer, restoredAt }: ComposerState): TemplateResult | typeof nothing {
  if (restoredAt === undefined) return nothing;
  return html`<p class="desk-notice" role="status">${words.restoredFrom(restoredAt)} <button type="button" class="desk-quiet" @click=${() => composer.putAside()}>${words.putAside}</button></p>`;
}

function notices({ words }: PostForm, { drafts, notice, isStoring }: ComposerState): TemplateResult {
  return html`${isStoring ? html`<p class="desk-notice desk-warning" role="alert">${words.storing}</p>` : nothing}${drafts.isKept ? nothing : html`<p class="desk-notice">${words.draftsNotKept}</p>`}${
    notice === 'not-stored' ? html`<p class="desk-notice desk-warning" role="alert">${words.notStored}</p>` : nothing
  }${notice === 'open-elsewhere' ? html`<p class="desk-notice" role="alert">${words.openElsewhere}</p>` : nothing}`;
}

function publishButton({ draft, words }: PostForm, { composer }: ComposerState): TemplateResult {
  const isUrgent = draft.kind === 'breaking';
  return html`<button type="button" class="desk-button composer-publish" data-urgent=${isUrgent} aria-keyshortcuts="Control+Enter Meta+Enter"
 @click=${() => void composer.publish()}>${isUrgent ? words.publishAtOnce : words.publish} <kbd aria-hidden="true">${keyNames('Mod+Enter').join(' ')}</kbd></button>`;
}

function lackList(form: PostForm, { lacks, composer }: ComposerState): TemplateResult | typeof nothing {
  const { words } = form;
  if (lacks.length === 0) return nothing;
  return html`<div class="desk-notice desk-warning" role="alert"><p>${words.before}</p><ul>${lacks.map(
    ({ path, why }) =>
      html`<li><button type="button" class="desk-quiet" @click=${() => composer.goTo(path)}>${labelOf(path, form)} ${words.lacks[why]}</button></li>`,
  )}</ul></div>`;
}

/** The fields that most posts do not need. */
function moreFields(form: PostForm, state: ComposerState): TemplateResult {
  const { draft, words } = form;
  const { composer, channel } = state;
  const count = draft.media.length + draft.sources.length + draft.derivedFrom.length + Number(draft.verification !== null);
  const toggle = ({ target }: { target: HTMLDetailsElement }) => {
    composer.moreOpen = target.open;
  };
  return html`<details class="composer-more" .open=${composer.moreOpen} @toggle=${toggle}>
<summary>${words.more}${count > 0 ? html` <span class="composer-badge">${count}</span>` : nothing}</summary>
<div class="composer-more-fields">${verificationField(form)}${sourceFields(form)}${mediaFields(form)}${earlierPosts(form, state)}${bylineFields(form, state.memory.bylines, state.byline)}${undoTime(form, state)}${askTime(form, state)}${lettersSwitch(composer.keys, state.language, form.id('letters'))}${showKeysButton(composer.keys, state.language)}</div></details>
<desk-post-search .client=${composer.client} .channelId=${composer.channelId} .language=${state.language} .channel=${channel} .restated=${draft.derivedFrom}
 .link=${composer.link.bind(composer)} .restate=${composer.restate.bind(composer)}></desk-post-search>`;
}

function earlierPosts(form: PostForm, { composer }: ComposerState): TemplateResult {
  const { draft, words } = form;
  const rows = draft.derivedFrom.map((id) => {
    const title = composer.titles.get(id) ?? id;
    return html`<div class="composer-row composer-restated"><bdi>${title}</bdi>${removeButton(words, title, () => composer.restate({ id, title }, false))}</div>`;
  });
  const note = rows.length === 0 ? nothing : html`<p class="desk-hint">${words.restated(String(rows.length))}</p>`;
  const add = () => {
    composer.search();
    return undefined;
  };
  return rowsOf(form, words.earlierPosts, rows, [{ label: words.searchPosts, add }], note);
}

function undoTime({ words, id }: PostForm, { memory }: ComposerState): TemplateResult {
  const choose = ({ target }: { target: HTMLSelectElement }) => {
    memory.undoSeconds = Number(target.value);
  };
  const chosen = memory.undoSeconds;
  return html`<div class="composer-field"><label for=${id('undo')}>${words.undoTime}</label><select id=${id('undo')} aria-describedby=${id('undo-why')} @change=${choose}>${undoChoices.map(
    (seconds) =>
      html`<option value=${seconds} ?selected=${seconds === chosen}>${seconds === 0 ? words.noUndoTime : words.seconds(String(seconds))}</option>`,
  )}</select><small class="desk-hint" id=${id('undo-why')}>${words.undoTimeWhy}</small></div>`;
}

function askTime({ words, id }: PostForm, { memory, composer }: ComposerState): TemplateResult {
  const choose = ({ target }: { target: HTMLSelectElement }) => {
    memory.askAfterMinutes = Number(target.value);
    // Posts that are waiting already may be due now.
    composer.outbox.wake();
  };
  const chosen = memory.askAfterMinutes;
  return html`<div class="composer-field"><label for=${id('ask')}>${words.askTime}</label><select id=${id('ask')} aria-describedby=${id('ask-why')} @change=${choose}>${askChoices.map(
    (minutes) => html`<option value=${minutes} ?selected=${minutes === chosen}>${words.minutes(String(minutes))}</option>`,
  )}</select><small class="desk-hint" id=${id('ask-why')}>${words.askTimeWhy}</small></div>`;
}

/** The post as readers will see it. */
function preview({ draft, words }: PostForm, { channel, byline }: ComposerState): TemplateResult {
  if (channel === undefined || !hasContent(draft)) return html`<p class="desk-hint">${words.previewEmpty}</p>`;
  const markup = renderDraft(draft, channel, { byline, at: new Date().toISOString() });
  return postPreview(markup, channel.language);
}

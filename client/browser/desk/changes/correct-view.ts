import { html, nothing, type TemplateResult } from 'lit';
import { guard } from 'lit/directives/guard.js';
import { live } from 'lit/directives/live.js';
import { type AuthorPost, isListed, needsNote } from '../../../../src/protocol/model.ts';
import { languageOf } from '../../i18n/languages.ts';
import { directionOf } from '../../view/direction.ts';
import { keyNames } from '../app/keys.ts';
import { postPreview } from '../app/post-preview.ts';
import type { ComposerMemory } from '../composer/device-memory.ts';
import { labelOf, type PostForm } from '../composer/form.ts';
import { headlineField, kindField, markFields } from '../composer/head-fields.ts';
import { mediaFields, pictureAdder } from '../composer/media-fields.ts';
import { bylineFields, sourceFields, verificationField } from '../composer/people-fields.ts';
import type { Lack } from '../composer/post-draft.ts';
import { toolbar } from '../composer/toolbar.ts';
import { setAsideNotice } from '../drafts/draft-list.ts';
import type { Drafts, SetAside } from '../drafts/drafts.ts';
import type { BodyEditor } from '../editor/editor.ts';
import { type ChangesWords, changesWordsIn } from '../i18n/changes/index.ts';
import type { OutboxEntry } from '../outbox/outbox-model.ts';
import type { DeskSession } from '../session/session.ts';
import { type ChangeLack, type ChangeState, changedFieldsOf, isChanged, isFactAsSlip, sentNoteOf } from './change-state.ts';
import { changesAfter } from './conflict-state.ts';
import { type KindAsker, kindQuestion, kindsInOrder } from './kind-question.ts';
import { changedWords, namedChanges } from './other-change.ts';
import { renderChanged } from './post-preview.ts';
import { fieldsOf } from './three-way.ts';

/** The state and the actions of the form, which its element provides. */
export interface CorrectForm extends KindAsker {
  readonly session: Pick<DeskSession, 'name' | 'sub'>;
  readonly change: ChangeState | undefined;
  readonly failed: boolean;
  /** The change follows others of this author that are on their way. */
  readonly follows: boolean;
  /** The change of the post on the server since this one began. */
  readonly meanwhile: 'changed' | 'withdrawn' | undefined;
  /** The post with that change, once it is loaded. */
  readonly theirs: AuthorPost | undefined;
  /** The entry in conflict that this change replaces. */
  readonly replaced: OutboxEntry | undefined;
  /** How the change was found when the form was opened. Undefined: it begins here. */
  readonly opened: 'restored' | 'carried-over' | undefined;
  /** The change of another post that made way for this one. */
  readonly aside: SetAside | undefined;
  readonly drafts: Drafts;
  readonly notice: 'took-over' | 'both-changed' | 'storing' | 'not-stored' | undefined;
  readonly lacks: readonly Lack[];
  readonly changeLacks: readonly ChangeLack[];
  readonly form: PostForm;
  /** Undefined until the form has been drawn once. */
  readonly editor: BodyEditor | undefined;
  /** Whether the field for the address of a link is shown. */
  readonly linking: boolean;
  readonly memory: ComposerMemory;
  readonly mayErase: boolean;
  set(fields: Partial<ChangeState>): void;
  focusBody(): void;
  setLinking(isLinking: boolean): void;
  load(): Promise<void>;
  takeOver(): Promise<void>;
  publish(): Promise<void>;
  close(): Promise<void>;
  discard(): Promise<void>;
}

/**
 * The form of a change, from top to bottom: the text, what kind of change it is, the note, and how readers will see it. Notices that
 * arrive while the form is open stand below its buttons, or in a place that is kept for them, so that nothing moves under a finger.
 */
export function correctView(correct: CorrectForm): TemplateResult {
  const { language, change, postId } = correct;
  const words = changesWordsIn(language);
  const name = `correct-${postId}-name`;
  return html`<section class="composer-form desk-change" lang=${language} dir=${directionOf(language)} role="group" aria-labelledby=${name}>
<div class="desk-change-head"><h3 id=${name}>${words.editing}</h3>${hasNews(correct) ? newsButton(words) : nothing}<button type="button" class="desk-remove" aria-label=${words.close} title=${words.close} @click=${() => void correct.close()}>×</button></div>
${change === undefined ? unloaded(correct, words) : loaded(correct, change, words)}
</section>`;
}

function unloaded(correct: CorrectForm, words: ChangesWords): TemplateResult {
  if (!correct.failed) return html`<p class="desk-hint" role="status">${words.loading}</p>`;
  return html`<p class="desk-notice desk-warning" role="alert">${words.notLoaded} <button type="button" class="desk-quiet" @click=${() => void correct.load()}>${words.tryAgain}</button></p>`;
}

function loaded(correct: CorrectForm, change: ChangeState, words: ChangesWords): TemplateResult {
  const { form } = correct;
  return html`${openedNotices(correct, words)}
${guard([correct.replaced, change.base, words, correct.channel], () => ownLostText(correct, change.base, words))}
${headlineField(form, () => correct.focusBody())}
<div class="composer-editor"></div>
${formatting(correct)}
${pictureAdder(form)}
${moreFields(correct, change, form)}
${kinds(correct, change, words)}
<div class="desk-change-note">${guard([change, words], () => slipWarning(correct, change, words))}${note(correct, change, words)}</div>
<div class="composer-foot">${lacks(correct, form, words)}${
    isChanged(change)
      ? html`<button type="button" class="desk-quiet desk-danger" @click=${() => void correct.discard()}>${words.discard}</button>`
      : nothing
  }<button type="button" class="desk-button composer-publish" aria-keyshortcuts="Control+Enter Meta+Enter" ?disabled=${correct.meanwhile === 'withdrawn'}
 @click=${() => void correct.publish()}>${words.publish} <kbd aria-hidden="true">${keyNames('Mod+Enter').join(' ')}</kbd></button></div>
<div class="desk-change-news">${news(correct, words)}</div>
${guard([change, words, correct.channel], () => preview(correct, change, words))}
${guard([correct.asking, change, words, correct.channel], () => kindQuestion(correct, change))}`;
}

function formatting(correct: CorrectForm): TemplateResult | typeof nothing {
  const { editor, linking } = correct;
  if (editor === undefined) return nothing;
  const { words, id } = correct.form;
  return toolbar({ editor, words, id, isLinking: linking, setLinking: (next) => correct.setLinking(next) });
}

/** They are there from the beginning, and stay. */
function openedNotices({ follows, opened, aside, drafts, language }: CorrectForm, words: ChangesWords): TemplateResult {
  const line = (text: string) => html`<p class="desk-notice" role="status">${text}</p>`;
  return html`${follows ? line(words.follows) : nothing}${opened === 'restored' ? line(words.restored) : nothing}${
    opened === 'carried-over' ? line(words.carriedOver) : nothing
  }${setAsideNotice(aside, drafts, language)}`;
}

function hasNews({ meanwhile, notice }: CorrectForm): boolean {
  return meanwhile !== undefined || notice === 'took-over';
}

/** What others did to the post while it is edited. */
function news(correct: CorrectForm, words: ChangesWords): TemplateResult {
  const { meanwhile, notice } = correct;
  return html`${notice === 'took-over' ? html`<p class="desk-notice" role="status">${words.tookOver}</p>` : nothing}${
    meanwhile === 'changed' ? changedMeanwhile(correct, words) : nothing
  }${meanwhile === 'withdrawn' ? warning(words.withdrawnMeanwhile) : nothing}`;
}

/** Leads from the head, which is always in sight on a phone, to the news below the buttons. */
function newsButton(words: ChangesWords): TemplateResult {
  const show = ({ currentTarget }: Event) => {
    const form = (currentTarget as HTMLElement).closest('.desk-change');
    form?.querySelector('.desk-change-news')?.scrollIntoView({ block: 'center' });
  };
  return html`<button type="button" class="desk-quiet" @click=${show}>${words.readNews}</button>`;
}

const warning = (text: string) => html`<p class="desk-notice desk-warning" role="alert">${text}</p>`;

function changedMeanwhile(correct: CorrectForm, words: ChangesWords): TemplateResult {
  const isDecided = correct.notice === 'both-changed';
  return html`<div class="desk-notice desk-warning"><p role="alert">${words.changedMeanwhile}</p>${theirChange(correct, words)}<p>${
    isDecided
      ? words.bothChanged
      : html`<button type="button" class="desk-quiet" @click=${() => void correct.takeOver()}>${words.takeOver}</button>`
  }</p></div>`;
}

/** The account, the time, the note and the words of the change that somebody else made meanwhile. */
function theirChange(correct: CorrectForm, words: ChangesWords): TemplateResult | typeof nothing {
  const { theirs, change, channel, language } = correct;
  if (theirs === undefined || change === undefined || theirs.revision <= change.base.revision) return nothing;
  const { base } = change;
  return html`${namedChanges(changesAfter(base.revision, theirs.history), correct, channel)}${changedWords(
    [fieldsOf(base), fieldsOf(theirs)],
    [words.earlierText, words.laterText],
    language,
    channel,
  )}`;
}

/** The own text that met another change, which stays in sight while its author makes one text of both. */
function ownLostText(
  { replaced, language, channel }: CorrectForm,
  base: AuthorPost,
  words: ChangesWords,
): TemplateResult | typeof nothing {
  if (replaced?.write.type !== 'revise') return nothing;
  const mine = { ...fieldsOf(replaced.base ?? base), ...replaced.write.revision.changes };
  return html`<details class="desk-lost" open><summary>${words.asYouWrote}</summary>${changedWords(
    [fieldsOf(base), mine],
    [words.theirs, words.yours],
    language,
    channel,
  )}</details>`;
}

/** Fields that a correction rarely changes. */
function moreFields(correct: CorrectForm, change: ChangeState, form: PostForm): TemplateResult {
  const words = changesWordsIn(correct.language);
  return html`<details class="composer-more"><summary>${words.more}</summary>
<div class="composer-more-fields">${kindField(form)}${markFields(form)}${verificationField(form)}${sourceFields(form)}${mediaFields(form)}${bylineFields(form, correct.memory.bylines, correct.session.name)}${
    correct.mayErase ? erasing(correct, change, words) : nothing
  }</div></details>`;
}

/** Only for editors. The notes of corrections are kept unless they are named, because they are the record of what was wrong. */
function erasing(correct: CorrectForm, { base, eraseEarlier, eraseNotes }: ChangeState, words: ChangesWords): TemplateResult {
  const box = (label: string, isChecked: boolean, set: (isChecked: boolean) => void) =>
    html`<label class="composer-mark"><input type="checkbox" .checked=${live(isChecked)} @change=${({ target }: { target: HTMLInputElement }) => set(target.checked)}><span>${label}</span></label>`;
  const kept = base.history.filter(({ kind, note }) => isListed(kind) && note !== null);
  const others = (revision: number) => eraseNotes.filter((one) => one !== revision);
  return html`<fieldset class="composer-rows"><legend class="visually-hidden">${words.eraseEarlier}</legend>
${box(words.eraseEarlier, eraseEarlier, (isChosen) => correct.set({ eraseEarlier: isChosen, eraseNotes: [] }))}
<p class="desk-hint">${words.eraseEarlierHint}</p>
${
  eraseEarlier
    ? kept.map(({ revision, note }) =>
        box(words.eraseNote(note ?? ''), eraseNotes.includes(revision), (isChosen) =>
          correct.set({ eraseNotes: isChosen ? [...others(revision), revision] : others(revision) }),
        ),
      )
    : nothing
}</fieldset>`;
}

function kinds(correct: CorrectForm, { kind }: ChangeState, words: ChangesWords): TemplateResult {
  return html`<fieldset class="desk-change-kinds"><legend>${words.what}</legend>${kindsInOrder.map((one, at) => {
    const { label, hint } = words.kinds[one];
    return html`<label><input type="radio" name=${`kind-${correct.postId}`} value=${one} data-path=${at === 0 ? 'change-kind' : nothing}
 .checked=${live(kind === one)} @change=${() => correct.set({ kind: one })}><span><b>${label}</b> <small>${hint}</small></span></label>`;
  })}</fieldset>`;
}

/** Never in the way: the author may know that it is only the spelling. */
function slipWarning(correct: CorrectForm, change: ChangeState, words: ChangesWords): TemplateResult | typeof nothing {
  if (!isFactAsSlip(change, languageOf(correct.channel.language))) return nothing;
  return html`<p class="desk-notice desk-warning" role="status">${words.factAsSlip} <button type="button" class="desk-quiet" @click=${() => correct.callWrong()}>${words.kinds.correction.label}</button></p>`;
}

function note(correct: CorrectForm, { kind, note: text }: ChangeState, words: ChangesWords): TemplateResult | typeof nothing {
  if (kind === undefined || kind === 'refile') return nothing;
  const name = `note-${correct.postId}`;
  const isLacking = correct.changeLacks.some((lack) => lack === 'note-missing' || lack === 'note-too-long');
  const input = ({ target }: { target: HTMLTextAreaElement }) => correct.set({ note: target.value });
  return html`<div class="composer-field"><label for=${name}>${needsNote(kind) ? words.note : words.noteOptional}</label>
<textarea id=${name} data-path="note" rows="3" dir="auto" lang=${correct.channel.language} spellcheck="true" aria-required=${needsNote(kind)}
 aria-invalid=${isLacking} .value=${live(text)} @input=${input}></textarea></div>`;
}

/** Why the change was not published when its author pressed the button. */
function lacks(correct: CorrectForm, form: PostForm, words: ChangesWords): TemplateResult | typeof nothing {
  const sentences: Record<ChangeLack, string> = {
    'nothing-changed': words.nothingChanged,
    kind: words.chooseKind,
    'note-missing': words.noteMissing,
    'note-too-long': words.noteTooLong,
  };
  const all = [
    ...correct.lacks.map(({ path, why }) => `${labelOf(path, form)} ${form.words.lacks[why]}.`),
    ...correct.changeLacks.map((lack) => sentences[lack]),
  ];
  const stored = { storing: form.words.storing, 'not-stored': words.notStored };
  const notStored = correct.notice === 'storing' || correct.notice === 'not-stored' ? warning(stored[correct.notice]) : nothing;
  if (all.length === 0) return notStored;
  return html`${notStored}<div class="desk-notice desk-warning" role="alert">${all.map((sentence) => html`<p>${sentence}</p>`)}</div>`;
}

function preview(correct: CorrectForm, change: ChangeState, words: ChangesWords): TemplateResult {
  const { base, kind, eraseEarlier, eraseNotes } = change;
  const previewed = kind && { kind, note: sentNoteOf(change), eraseEarlier, eraseNotes };
  const { channel } = correct;
  const markup = renderChanged(base, changedFieldsOf(change), previewed, { channel, at: new Date().toISOString() });
  return html`<div class="desk-change-preview" role="group" aria-label=${words.before}><p class="desk-hint">${words.before}</p>
<div class="composer-preview">${postPreview(markup, channel.language)}</div></div>`;
}

import { html, nothing, type TemplateResult } from 'lit';
import { ifDefined } from 'lit/directives/if-defined.js';
import { accesses, type Channel, needsNote, type Picture, revisionKinds } from '../../../../src/protocol/model.ts';
import { mayEdit } from '../../../../src/protocol/rights.ts';
import { slugOf } from '../../../../src/protocol/slug.ts';
import { languages } from '../../i18n/languages.ts';
import { ownZone } from '../../view/wording/time-choice.ts';
import { AuthorElement } from '../app/author-element.ts';
import { type CoverageFormWords, coverageFormWordsIn } from '../i18n/coverage-form.ts';
import { coverageWordsIn } from '../i18n/coverages.ts';
import { picturesWordsIn } from '../i18n/pictures.ts';
import type { OutboxEntry, Write } from '../outbox/outbox-model.ts';
import { settled } from '../outbox/settled.ts';
import { PicturesFull } from '../pictures/device-picture.ts';
import { helpFor, uploadProgress } from '../pictures/picture-element.ts';
import { pictureIdOf } from '../pictures/uploads/pictures-in-writes.ts';
import { principalOf } from '../session/session.ts';
import {
  type CoverageForm,
  changesText,
  chosenAddress,
  emptyForm,
  type Faults,
  faultsOf,
  formOf,
  newChannelOf,
  patchOf,
  rebased,
} from './coverage-fields.ts';
import type { ChosenPicture } from './coverage-picture.ts';

/** Why the form was not sent, or not accepted. */
type Answer =
  | { kind: 'taken' | 'not-yours' | 'not-stored' | 'changed-meanwhile' }
  /** `text`: in the language of the desk. */
  | { kind: 'picture'; text: string }
  | { kind: 'refused'; text: string };

/**
 * `<desk-coverage-form>`: the fields of a coverage. Without `channel` it opens a new one. Events: `desk-saved` with the id of the
 * coverage and whether the server has it already, and `desk-cancelled`.
 */
export class CoverageFormElement extends AuthorElement {
  static override properties = {
    channel: { attribute: false },
    ids: { attribute: false },
    form: { state: true },
    faults: { state: true },
    chosen: { state: true },
    answer: { state: true },
    saving: { state: true },
    isSlow: { state: true },
  };
  /** The coverage that is changed, as it was when the form was opened. */
  declare channel: Channel | undefined;
  /** The ids of which a new coverage must have one. Undefined: its author chooses. */
  declare ids: readonly string[] | undefined;
  declare form: CoverageForm;
  declare faults: Faults;
  /** The picture of this device. Then `form.pictureUrl` stands for it. */
  declare chosen: ChosenPicture | undefined;
  declare answer: Answer | undefined;
  declare saving: boolean;
  /** The picture takes long to upload. */
  declare private isSlow: boolean;
  /** The picture that is uploaded while the form is saved. */
  #uploading: string | undefined;
  /** The author typed an id, so the headline no longer suggests one. */
  #ownId = false;

  protected override enter(): (() => void)[] {
    this.form = this.channel ? formOf(this.channel) : emptyForm({ language: this.language, timezone: ownZone() ?? 'UTC' });
    const [only] = this.ids ?? [];
    if (only !== undefined) this.form = { ...this.form, id: only };
    this.#ownId = only !== undefined;
    this.faults = {};
    return [this.outbox.subscribe(() => this.saving && this.requestUpdate())];
  }

  protected override render(): TemplateResult {
    const words = coverageFormWordsIn(this.language);
    const { form, channel } = this;
    const patch = channel && patchOf(form, channel);
    const isPlanned = (channel?.state ?? form.state) === 'scheduled';
    return html`<form novalidate @submit=${this.#onSubmit}><div class="desk-fields" ?inert=${this.saving}>
${this.#text('headline', words.headline, { required: true, own: true })}
${this.#area('standfirst', words.standfirst, 2, { own: true })}
${channel === undefined && this.ids !== undefined ? this.#idChoice(this.ids, words) : nothing}
${patch && changesText(patch) ? this.#change(words) : nothing}
<div class="desk-pair">${channel === undefined ? this.#state(words) : nothing}${this.#access(words)}</div>
${isPlanned ? this.#text('startsAt', words.startsAt, { type: 'datetime-local', hint: words.startsAtHint(form.timezone) }) : nothing}
<details class="desk-more" ?open=${channel !== undefined}><summary>${words.more}</summary>
${this.#text('section', words.section, { own: true })}
${this.#area('byline', words.byline, 2, { hint: words.bylineHint, own: true })}
<div class="desk-pair">${this.#language(words)}${this.#zone(words)}</div>
${channel === undefined && this.ids === undefined ? this.#id(words) : nothing}
<desk-coverage-picture .present=${this.#present} .chosen=${this.chosen} .set=${this.#choosePicture} .language=${this.language}></desk-coverage-picture>
${this.chosen ? nothing : this.#text('pictureUrl', words.pictureUrl, { type: 'url', hint: words.pictureUrlHint })}
${form.pictureUrl.trim() === '' ? nothing : this.#picture(words)}
${this.#text('url', words.url, { type: 'url', hint: words.urlHint })}</details></div>
${this.#answer(words)}${this.saving && this.chosen ? this.#upload(words) : nothing}
<p class="desk-buttons"><button class="desk-button" ?disabled=${this.saving}>${this.saving ? words.saving : channel === undefined ? words.open : words.save}</button>
<button type="button" class="desk-button plain" @click=${() => this.#send('desk-cancelled', {})}>${this.saving ? words.close : words.cancel}</button></p></form>`;
  }

  /** The picture that the coverage has, unless another address was typed. */
  get #present(): Picture | undefined {
    const picture = this.channel?.picture;
    return picture && picture.url === this.form.pictureUrl.trim() ? picture : undefined;
  }

  #upload(words: CoverageFormWords): TemplateResult {
    const share = this.#uploading === undefined ? undefined : this.outbox.pictures.progressOf(this.#uploading);
    return html`<div class="desk-picture-state">${share === undefined ? nothing : uploadProgress(share, this.language)}
<p role="status">${this.isSlow ? words.slowPicture : nothing}</p></div>`;
  }

  #picture(words: CoverageFormWords): TemplateResult {
    return html`${this.#text('pictureAlt', words.pictureAlt, { required: true, hint: words.pictureAltHint, own: true })}
${this.#area('pictureCaption', words.pictureCaption, 2, { own: true })}
${this.#text('pictureCredit', words.pictureCredit, { own: true })}`;
  }

  /** A picture has its own description. Without one of this device, the coverage has its earlier picture. */
  readonly #choosePicture = (chosen: ChosenPicture | undefined): void => {
    const isAnother = chosen?.file !== this.chosen?.file;
    this.chosen = chosen;
    if (!isAnother) return;
    const { pictureUrl, pictureAlt, pictureCaption, pictureCredit } =
      this.channel && chosen === undefined ? formOf(this.channel) : emptyForm(this.form);
    const url = chosen === undefined ? pictureUrl : chosenAddress;
    this.form = { ...this.form, pictureUrl: url, pictureAlt, pictureCaption, pictureCredit };
    this.faults = {};
    const field = chosen === undefined ? '.desk-add-picture' : '[name="pictureAlt"]';
    void this.updateComplete.then(() => this.#focus(field));
  };

  /** Readers are told what kind of change it was. */
  #change(words: CoverageFormWords): TemplateResult {
    const { changeKind } = this.form;
    return html`<fieldset class="desk-field desk-kinds"><legend>${words.changeKind}</legend>
${[...revisionKinds]
  .reverse()
  .map(
    (kind) =>
      html`<label><input type="radio" name="changeKind" .checked=${kind === changeKind} @change=${() => this.#set('changeKind', kind)}> ${words.changeKinds[kind]}</label>`,
  )}</fieldset>
${this.#area('changeNote', words.changeNote, 2, { required: needsNote(changeKind), hint: words.changeNoteHint, own: true })}`;
  }

  #state(words: CoverageFormWords): TemplateResult {
    const { state } = this.form;
    return this.#field('state', words.state, {}, (attributes) => {
      return html`<select id=${attributes.id} @change=${(event: Event) => this.#set('state', typedIn(event) as CoverageForm['state'])}>
<option value="live" ?selected=${state === 'live'}>${words.beginsNow}</option><option value="scheduled" ?selected=${state === 'scheduled'}>${words.beginsLater}</option></select>`;
    });
  }

  #access(words: CoverageFormWords): TemplateResult {
    const { access } = this.form;
    const { accesses: accessWords } = coverageWordsIn(this.language);
    return this.#field('access', words.access, {}, (attributes) => {
      return html`<select id=${attributes.id} @change=${(event: Event) => this.#set('access', typedIn(event) as CoverageForm['access'])}>
${accesses.map((one) => html`<option value=${one} ?selected=${one === access}>${accessWords[one]}</option>`)}</select>`;
    });
  }

  #language(words: CoverageFormWords): TemplateResult {
    const names = new Intl.DisplayNames([this.language], { type: 'language' });
    const list = html`<datalist id="coverage-languages">${languages.map((one) => html`<option value=${one}>${names.of(one)}</option>`)}</datalist>`;
    return html`${this.#text('language', words.language, { list: 'coverage-languages', hint: words.languageHint, required: true })}${list}`;
  }

  #zone(words: CoverageFormWords): TemplateResult {
    const zones = ['UTC', ...Intl.supportedValuesOf('timeZone')];
    const list = html`<datalist id="coverage-zones">${zones.map((one) => html`<option value=${one}></option>`)}</datalist>`;
    return html`${this.#text('timezone', words.timezone, { list: 'coverage-zones', hint: words.timezoneHint, required: true })}${list}`;
  }

  #id(words: CoverageFormWords): TemplateResult {
    return this.#text('id', words.id, { hint: words.idHint, required: true });
  }

  #idChoice(ids: readonly string[], words: CoverageFormWords): TemplateResult {
    return this.#field('id', words.id, {}, ({ id, describedBy, invalid }) => {
      return html`<select id=${id} dir="ltr" aria-describedby=${ifDefined(describedBy)} aria-invalid=${ifDefined(invalid)} @change=${(event: Event) => this.#set('id', typedIn(event))}>
${ids.map((one) => html`<option value=${one} ?selected=${one === this.form.id}>${one}</option>`)}</select>`;
    });
  }

  #text(
    name: keyof CoverageForm,
    label: string,
    options: FieldOptions & { type?: 'url' | 'datetime-local'; list?: string } = {},
  ): TemplateResult {
    const { type = 'text', list, own, required } = options;
    return this.#field(name, label, options, ({ id, describedBy, invalid }) => {
      const isCode = !own && type !== 'datetime-local';
      return html`<input id=${id} name=${name} type=${type} dir=${own ? 'auto' : 'ltr'} lang=${ifDefined(own ? this.form.language : undefined)} autocomplete="off" autocapitalize=${isCode ? 'off' : 'sentences'} spellcheck=${isCode ? 'false' : 'true'} list=${ifDefined(list)} ?required=${required} aria-describedby=${ifDefined(describedBy)} aria-invalid=${ifDefined(invalid)} .value=${this.form[name]} @input=${(event: Event) => this.#set(name, typedIn(event))}>`;
    });
  }

  #area(name: keyof CoverageForm, label: string, rows: number, options: FieldOptions = {}): TemplateResult {
    return this.#field(name, label, options, ({ id, describedBy, invalid }) => {
      return html`<textarea id=${id} name=${name} rows=${rows} dir="auto" lang=${this.form.language} ?required=${options.required} aria-describedby=${ifDefined(describedBy)} aria-invalid=${ifDefined(invalid)} .value=${this.form[name]} @input=${(event: Event) => this.#set(name, typedIn(event))}></textarea>`;
    });
  }

  #field(
    name: keyof CoverageForm,
    label: string,
    { hint }: FieldOptions,
    control: (attributes: { id: string; describedBy: string | undefined; invalid: 'true' | undefined }) => TemplateResult,
  ): TemplateResult {
    const words = coverageFormWordsIn(this.language);
    const id = `coverage-${name}`;
    const fault = this.faults[name];
    const ids = [fault && `${id}-fault`, hint && `${id}-hint`].filter(Boolean).join(' ');
    const attributes = { id, describedBy: ids || undefined, invalid: fault && ('true' as const) };
    return html`<div class="desk-field"><label for=${id}>${label}</label>${control(attributes)}
${fault ? html`<p class="fault" id=${`${id}-fault`}>${words.faults[fault]}</p>` : nothing}${hint ? html`<p class="hint" id=${`${id}-hint`}>${hint}</p>` : nothing}</div>`;
  }

  #answer(words: CoverageFormWords): TemplateResult | typeof nothing {
    const { answer } = this;
    if (answer === undefined) return nothing;
    return html`<p class="fault" role="alert">${this.#explained(answer, words)}</p>`;
  }

  #explained(answer: Answer, words: CoverageFormWords): TemplateResult | string {
    switch (answer.kind) {
      case 'refused':
        return html`${words.refused} <span lang="en" dir="ltr">${answer.text}</span>`;
      case 'picture':
        return answer.text;
      case 'not-yours':
        return words.notYours(this.session.rights.editor.join(', '));
      default:
        return words.answers[answer.kind];
    }
  }

  #set<Name extends keyof CoverageForm>(name: Name, value: CoverageForm[Name]): void {
    const form = { ...this.form, [name]: value };
    if (name === 'id') this.#ownId = true;
    if (name === 'headline' && this.channel === undefined && !this.#ownId) form.id = this.#suggestedId(form.headline);
    this.form = form;
    if (this.faults[name] !== undefined) this.faults = { ...this.faults, [name]: undefined };
  }

  /** An editor of some channels only gets an id that is theirs. */
  #suggestedId(headline: string): string {
    const slug = headline.trim() === '' ? '' : slugOf(headline);
    if (slug === '' || this.#mayOpen(slug)) return slug;
    const prefix = this.session.rights.editor.find((pattern) => pattern.endsWith('*'));
    return prefix === undefined ? slug : slugOf(`${prefix.slice(0, -1)} ${slug}`);
  }

  #mayOpen(id: string): boolean {
    return mayEdit(principalOf(this.session), id);
  }

  readonly #onSubmit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const { form, channel } = this;
    if (this.saving) return;
    this.answer = undefined;
    this.faults = faultsOf(form, { origin: location.origin, channel });
    if (Object.keys(this.faults).length > 0) return await this.#focusFault();
    if (channel === undefined && !this.#mayOpen(form.id)) return this.#explainId({ kind: 'not-yours' });
    const patch = channel && patchOf(form, channel);
    if (channel !== undefined && patch === undefined) return this.#send('desk-saved', { channelId: channel.id, isDone: true });
    const focused = document.activeElement;
    this.saving = true;
    void this.#showButtons();
    try {
      const saved =
        channel !== undefined && patch !== undefined
          ? await this.#save({ type: 'update-channel', channelId: channel.id, expected: channel.revision, patch })
          : await this.#openCoverage(form);
      if (saved !== undefined) this.#send('desk-saved', { channelId: channel?.id ?? form.id, isDone: saved === 'done' });
    } finally {
      this.saving = false;
      this.isSlow = false;
      await this.#focusAgain(focused);
    }
  };

  /**
   * A picture of this device is uploaded to the coverage, so it is in a second write, which waits for the first. Both are on the device
   * at once, and go out without the form too.
   */
  async #openCoverage(form: CoverageForm): Promise<'done' | 'later' | undefined> {
    const { picture } = newChannelOf(form);
    if (this.chosen === undefined) return await this.#save({ type: 'create-channel', channel: newChannelOf(form) });
    const opening = await this.#add({ type: 'create-channel', channel: newChannelOf({ ...form, pictureUrl: '' }) });
    if (opening === undefined) return undefined;
    const patch = { picture: picture ?? null };
    const showing = await this.#add({ type: 'update-channel', channelId: form.id, expected: '*', patch });
    const opened = await this.#settle(opening, showing);
    if (opened !== 'done') return showing && opened;
    const saved = showing && (await this.#settle(showing));
    // The coverage exists, so what its author tries next changes it.
    if (saved === undefined) this.channel = await this.client.getChannel(form.id, { deadlineMs: readMs }).catch(() => undefined);
    return saved;
  }

  /** Undefined if it was not accepted, and the form says why. */
  async #save(write: Write): Promise<'done' | 'later' | undefined> {
    const entry = await this.#add(write);
    return entry && (await this.#settle(entry));
  }

  /** `next`: builds on the entry, and is taken back with it. */
  async #settle(entry: OutboxEntry, next?: OutboxEntry): Promise<'done' | 'later' | undefined> {
    const { outbox } = this;
    const outcome = await settled(outbox, entry.id, () => {
      this.isSlow = true;
      void this.#showButtons();
    });
    if (outcome.status === 'done' || outcome.status === 'later') return outcome.status;
    const { problem } = outcome;
    // Its author has closed the form, so the outbox says what happened and keeps the text.
    if (!this.isConnected) return undefined;
    // The form still has the text.
    if (next !== undefined) await outbox.undo(next.id);
    await (outcome.status === 'picture-refused' ? outbox.undo(entry.id) : outbox.discard(entry.id));
    if (outcome.status === 'picture-refused') {
      this.#explain({ kind: 'picture', text: helpFor(problem, picturesWordsIn(this.language)) });
    } else if (problem.code === 'channel-exists') this.#explain({ kind: 'taken' });
    else if (outcome.status === 'conflict' && this.channel !== undefined) await this.#rebase(this.channel);
    else this.#explain({ kind: 'refused', text: problem.detail ?? problem.title });
    return undefined;
  }

  /** Undefined if it cannot be stored on this device. */
  async #add(write: Write): Promise<OutboxEntry | undefined> {
    try {
      return await this.outbox.add(await this.#withPicture(write), { holdMs: 0 });
    } catch (error) {
      const { full } = picturesWordsIn(this.language).problems;
      this.#explain(error instanceof PicturesFull ? { kind: 'picture', text: full } : { kind: 'not-stored' });
      return undefined;
    }
  }

  /** The write with the address of the chosen picture, whose bytes are stored before. */
  async #withPicture(write: Write): Promise<Write> {
    const { chosen, outbox } = this;
    if (chosen === undefined || write.type !== 'update-channel' || !write.patch.picture) return write;
    const { file, crop, focus } = chosen;
    const url = await outbox.pictures.add(write.channelId, file);
    const id = pictureIdOf(url) ?? '';
    if (crop !== undefined) await outbox.pictures.crop(id, crop);
    this.#uploading = id;
    const picture: Picture = { ...write.patch.picture, url, ...(focus && { focus }) };
    return { ...write, patch: { ...write.patch, picture } };
  }

  /** A colleague was faster. Fields that this author did not touch take the colleague's values. */
  async #rebase(before: Channel): Promise<void> {
    const now = await this.client.getChannel(before.id, { deadlineMs: readMs }).catch(() => undefined);
    if (now === undefined) return this.#explain({ kind: 'not-stored' });
    this.form = rebased(this.form, formOf(before), formOf(now));
    this.channel = now;
    this.#explain({ kind: 'changed-meanwhile' });
  }

  #explain(answer: Answer): void {
    this.answer = answer;
  }

  #explainId(answer: Answer): void {
    this.#explain(answer);
    this.#focus('#coverage-id');
  }

  /** A browser takes the focus from a field that cannot be used. */
  async #focusAgain(focused: Element | null): Promise<void> {
    await this.updateComplete;
    if (this.answer?.kind === 'taken') this.#focus('#coverage-id');
    else if (document.activeElement === document.body && focused instanceof HTMLElement && this.contains(focused))
      focused.focus();
  }

  /** How far the upload is stands above them. */
  async #showButtons(): Promise<void> {
    await this.updateComplete;
    this.querySelector('form > .desk-buttons')?.scrollIntoView({ block: 'nearest' });
  }

  async #focusFault(): Promise<void> {
    await this.updateComplete;
    this.#focus('[aria-invalid]');
  }

  #focus(selector: string): void {
    const field = this.querySelector<HTMLElement>(selector);
    const folded = field?.closest('details');
    if (folded) folded.open = true;
    field?.focus();
  }

  #send(name: 'desk-saved' | 'desk-cancelled', detail: object): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
  }
}

interface FieldOptions {
  required?: boolean;
  hint?: string;
  /** Text in the language of the coverage, not an address or a code. */
  own?: boolean;
}

/** Milliseconds. */
const readMs = 8_000;

function typedIn({ target }: Event): string {
  return (target as HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement).value;
}

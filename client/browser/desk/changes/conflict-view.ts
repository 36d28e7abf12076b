import { html, nothing, type TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import type { Access, Channel, ChannelState } from '../../../../src/protocol/model.ts';
import type { Language } from '../../i18n/languages.ts';
import { directionOf } from '../../view/direction.ts';
import { numberText } from '../../view/wording/counts.ts';
import { wordsOf } from '../../view/wording/time.ts';
import { postPreview } from '../app/post-preview.ts';
import { type ChangesWords, changesWordsIn } from '../i18n/changes/index.ts';
import { composerWordsIn } from '../i18n/composer/index.ts';
import { coverageFormWordsIn } from '../i18n/coverage-form.ts';
import { coverageWordsIn } from '../i18n/coverages.ts';
import type { OutboxEntry, Write } from '../outbox/outbox-model.ts';
import type { DeskSession } from '../session/session.ts';
import {
  type Choices,
  type CoverageDifference,
  changesSince,
  coverageDifferences,
  type Decision,
  type PostConflict,
  type Standing,
} from './conflict-state.ts';
import { compared, namedChanges, textOf } from './other-change.ts';
import { renderChanged } from './post-preview.ts';
import {
  type ChangedBy,
  mergedBody,
  mergedFields,
  type PassageChoice,
  type PostField,
  type Side,
  takenSide,
} from './three-way.ts';
import { fieldName, fieldText } from './word-difference.ts';

/** The state and the actions of the dialog, which its element provides. */
export interface ConflictDialog {
  readonly language: Language;
  readonly session: Pick<DeskSession, 'sub'>;
  /** Undefined until it is loaded. */
  readonly standing: Standing | undefined;
  readonly failed: 'not-loaded' | 'not-stored' | undefined;
  /** Undefined unless the write revises a published post. */
  readonly conflict: PostConflict | undefined;
  readonly isWithdrawn: boolean;
  readonly choices: Choices;
  /** The outcome of the choices until now. */
  readonly decision: Decision | undefined;
  load(entry: OutboxEntry): Promise<void>;
  chooseField(field: PostField, side: Side): void;
  choosePassage(at: number, choice: PassageChoice): void;
  publishDecided(): Promise<void>;
  /** Opens the outcome of the choices in the form of a change. */
  editResult(): Promise<void>;
  keepMine(): Promise<void>;
  keepDraft(): Promise<void>;
  close(): void;
}

/** The dialog of a conflict: what differs, by word, what the author can choose, and what readers will see. */
export function conflictView(dialog: ConflictDialog, entry: OutboxEntry): TemplateResult {
  const { language, standing, failed } = dialog;
  const words = changesWordsIn(language);
  const isChannel = entry.write.type === 'update-channel' || entry.write.type === 'create-channel';
  return html`<dialog class="desk-dialog desk-conflict" lang=${language} dir=${directionOf(language)} aria-labelledby="conflict-name" @close=${() => dialog.close()}>
<div class="desk-change-head"><h2 id="conflict-name">${isChannel ? words.conflictOfCoverage : words.conflict}</h2><button type="button" class="desk-remove" aria-label=${words.close} title=${words.close} @click=${() => dialog.close()}>×</button></div>
${failed === 'not-stored' ? html`<p class="desk-notice desk-warning" role="alert">${words.notStored}</p>` : nothing}
${standing === undefined ? unloaded(dialog, entry, words) : loaded(dialog, entry, standing, words)}
</dialog>`;
}

function unloaded(dialog: ConflictDialog, entry: OutboxEntry, words: ChangesWords): TemplateResult {
  if (dialog.failed !== 'not-loaded') return html`<p class="desk-hint" role="status">${words.loading}</p>`;
  return html`<p class="desk-notice desk-warning" role="alert">${words.notLoaded}</p>${ownText(entry.write, words)}
<div class="desk-buttons"><button type="button" class="desk-button" @click=${() => void dialog.load(entry)}>${words.tryAgain}</button>${draftButton(dialog, words)}</div>`;
}

function loaded(dialog: ConflictDialog, entry: OutboxEntry, standing: Standing, words: ChangesWords): TemplateResult {
  const { write } = entry;
  const { conflict } = dialog;
  if (conflict !== undefined) return postChoices(dialog, conflict, standing, words);
  if (write.type === 'update-channel') return channelChoices(dialog, write, standing, words);
  if ((write.type === 'retract' || write.type === 'takedown') && standing.post && !dialog.isWithdrawn)
    return withdrawalChoices(dialog, write, standing, words);
  return html`<p>${dialog.isWithdrawn ? words.conflictWithdrawn : words.conflictAbout}</p>${since(dialog, write, standing)}${ownText(write, words)}
<div class="desk-buttons">${draftButton(dialog, words)}</div>`;
}

/** The changes that the author had not seen. */
function since(dialog: ConflictDialog, write: Write, standing: Standing): TemplateResult | typeof nothing {
  return namedChanges(changesSince(write, standing), dialog, standing.channel);
}

// ---- A post

function postChoices(dialog: ConflictDialog, conflict: PostConflict, standing: Standing, words: ChangesWords): TemplateResult {
  const { decision } = dialog;
  const { channel } = standing;
  return html`<p>${words.conflictAbout}</p>${since(dialog, conflict.write, standing)}
<div class="desk-buttons"><button type="button" class="desk-button plain" @click=${() => void dialog.keepMine()}>${words.keepMine}</button>
<button type="button" class="desk-button plain" @click=${() => void dialog.keepDraft()}>${words.takeTheirs}</button></div>
<p class="desk-hint">${words.difference}</p>
<ol class="desk-differences">${differences(dialog, conflict, channel, words)}</ol>
${result(dialog, conflict, channel, words)}
<div class="desk-buttons"><button type="button" class="desk-button" ?disabled=${decision?.status === 'undecided'} @click=${() => void dialog.publishDecided()}>${words.publishMerged}</button>
<button type="button" class="desk-button plain" @click=${() => void dialog.editResult()}>${words.editResult}</button>
${decision?.status === 'undecided' ? html`<p class="desk-hint">${words.undecided}</p>` : nothing}</div>`;
}

function differences(dialog: ConflictDialog, conflict: PostConflict, channel: Channel, words: ChangesWords): TemplateResult[] {
  const own = composerWordsIn(dialog.language);
  const { mine, theirs } = conflict.three;
  const fields = [...conflict.fields].map(([field, by]) => {
    const text = (post: typeof mine) => fieldText(field, post[field] as never, own);
    return difference(
      {
        name: fieldName(field, dialog.language),
        by,
        theirs: text(theirs),
        mine: text(mine),
        chosen: dialog.choices.fields[field],
        choose: (side) => (side === 'mine' || side === 'theirs') && dialog.chooseField(field as PostField, side),
        mayTakeBoth: false,
        id: field,
      },
      channel,
      words,
    );
  });
  let number = 0;
  const passages = conflict.passages.map((passage, at) => {
    number += 1;
    const name = words.paragraph(numberText(number, dialog));
    number += Math.max(passage.mine.length, 1) - 1;
    if (passage.by === 'nobody') return undefined;
    return difference(
      {
        name,
        by: passage.by,
        theirs: textOf(passage.theirs),
        mine: textOf(passage.mine),
        chosen: dialog.choices.passages[at],
        choose: (choice) => dialog.choosePassage(at, choice),
        mayTakeBoth: passage.by === 'conflict' && passage.theirs.length > 0 && passage.mine.length > 0,
        before: textOf(passage.base),
        merged: passage.merged,
        id: `passage-${at}`,
      },
      channel,
      words,
    );
  });
  return [...fields, ...passages.filter((one) => one !== undefined)];
}

interface Difference {
  name: string;
  by: ChangedBy;
  theirs: string;
  mine: string;
  chosen: PassageChoice | undefined;
  choose: (choice: PassageChoice) => void;
  /** Whether readers can get one text after the other. */
  mayTakeBoth: boolean;
  /** The text from which both began. */
  before?: string;
  /** The text with the changed words of both. */
  merged?: string | undefined;
  id: string;
}

function difference(one: Difference, channel: Channel, words: ChangesWords): TemplateResult {
  const { name, by, theirs, mine, chosen, choose, mayTakeBoth, before = '', merged, id } = one;
  const labels = [words.theirs, words.yours] as const;
  const taken = takenSide(by, chosen);
  const who = { nobody: '', both: '', mine: words.onlyYou, theirs: words.onlyThey, conflict: words.byBoth }[by];
  const choice = (side: PassageChoice, label: string) =>
    html`<label><input type="radio" name=${`choose-${id}`} value=${side} .checked=${live(taken === side)} @change=${() => choose(side)}><span>${label}</span></label>`;
  return html`<li data-by=${by}><fieldset><legend>${name} <small>${who}</small></legend>
${compared([theirs, mine], labels, channel, words)}
${merged === undefined ? nothing : html`<p class="desk-hint">${words.mergedAbout}</p>${compared([before, merged], [words.earlierText, words.mergedText], channel, words)}`}
${by === 'both' ? nothing : html`<div class="composer-kinds">${merged === undefined ? nothing : choice('merged', words.mergedText)}${choice('theirs', words.theirs)}${choice('mine', words.yours)}${mayTakeBoth ? choice('both', words.bothTexts) : nothing}</div>`}</fieldset></li>`;
}

function result(
  dialog: ConflictDialog,
  conflict: PostConflict,
  channel: Channel,
  words: ChangesWords,
): TemplateResult | typeof nothing {
  const { three, passages, theirs, write } = conflict;
  const fields = mergedFields(three, dialog.choices.fields, mergedBody(passages, dialog.choices.passages));
  if (fields === undefined) return nothing;
  const { kind, note = null } = write.revision;
  const markup = renderChanged(theirs, fields, { kind, note }, { channel, at: new Date().toISOString() });
  return html`<p class="desk-hint">${words.result}</p><div class="composer-preview" inert>${postPreview(markup, channel.language)}</div>`;
}

// ---- Other writes

function channelChoices(
  dialog: ConflictDialog,
  write: Write & { type: 'update-channel' },
  standing: Standing,
  words: ChangesWords,
): TemplateResult {
  const { channel } = standing;
  const rows = coverageDifferences(write.patch, channel).map((difference) => {
    const { name, text } = fieldOfCoverage(difference.field, dialog.language, words);
    return html`<li><p class="desk-hint">${name}</p>${compared([text(difference.theirs), text(difference.mine)], [words.theirs, words.yours], channel, words)}</li>`;
  });
  return html`<p>${words.conflictAboutCoverage}</p>${since(dialog, write, standing)}
<ol class="desk-differences">${rows}</ol>
<div class="desk-buttons"><button type="button" class="desk-button" @click=${() => void dialog.keepMine()}>${words.keepMine}</button>
<button type="button" class="desk-button plain" @click=${() => void dialog.keepDraft()}>${words.takeTheirs}</button></div>`;
}

/** The name of a field, as the form of a coverage has it, and its value in words. */
function fieldOfCoverage(field: CoverageDifference['field'], language: Language, words: ChangesWords) {
  const form = coverageFormWordsIn(language);
  const asItIs = (value: string) => value;
  switch (field) {
    case 'pinnedPostId':
      return { name: words.pinnedPost, text: asItIs };
    case 'state':
      return { name: words.stateOfCoverage, text: (state: string) => wordsOf({ language })[state as ChannelState] };
    case 'access':
      return { name: form.access, text: (access: string) => coverageWordsIn(language).accesses[access as Access] };
    case 'startsAt':
      return { name: form.startsAt, text: (wall: string) => wall.replace('T', ' ') };
    default:
      return { name: form[field], text: asItIs };
  }
}

/** Somebody changed the post that is to be withdrawn. */
function withdrawalChoices(
  dialog: ConflictDialog,
  write: Write & { type: 'retract' | 'takedown' },
  standing: Standing,
  words: ChangesWords,
): TemplateResult {
  const { channel, post } = standing;
  const markup = post && renderChanged(post, post, undefined, { channel, at: post.publishedAt });
  return html`<p>${words.conflictAbout}</p>${since(dialog, write, standing)}
<div class="composer-preview" inert>${markup && postPreview(markup, channel.language)}</div>
<div class="desk-buttons"><button type="button" class="desk-button" @click=${() => void dialog.keepMine()}>${write.type === 'retract' ? words.retract : words.takedown}</button>
<button type="button" class="desk-button plain" @click=${() => void dialog.keepDraft()}>${words.takeTheirs}</button></div>`;
}

/** The text of the author, as they wrote it. */
function ownText(write: Write, words: ChangesWords): TemplateResult | typeof nothing {
  const fields = write.type === 'publish' ? write.post : write.type === 'revise' ? write.revision.changes : undefined;
  if (fields === undefined) return nothing;
  const texts = [fields.headline, fields.body].filter((text) => text != null && text !== '');
  return html`<p class="desk-hint">${words.yours}</p>${texts.map((text) => html`<p class="desk-own-text" dir="auto">${text}</p>`)}`;
}

function draftButton(dialog: ConflictDialog, words: ChangesWords): TemplateResult {
  return html`<button type="button" class="desk-button plain" @click=${() => void dialog.keepDraft()}>${words.keepDraft}</button>`;
}

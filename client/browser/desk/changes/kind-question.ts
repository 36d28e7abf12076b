import { html, nothing, type TemplateResult } from 'lit';
import { type Channel, needsNote, type RevisionKind, revisionKinds } from '../../../../src/protocol/model.ts';
import { type Language, languageOf } from '../../i18n/languages.ts';
import { type ChangesWords, changesWordsIn } from '../i18n/changes/index.ts';
import { type ChangeState, isFactAsSlip, sentNoteOf, withSuggestion } from './change-state.ts';
import { suggestedKind } from './suggested-kind.ts';

/** The state and the actions of the question, which its form provides. */
export interface KindAsker {
  readonly language: Language;
  readonly channel: Channel;
  readonly postId: string;
  /** The author publishes, and is asked for the kind. */
  readonly asking: boolean;
  /** Publishes the change as one of this kind. */
  answer(kind: RevisionKind): Promise<void>;
  stopAsking(): void;
  /** Makes a correction of it, and goes to its note. */
  callWrong(): void;
}

/** The likeliest first. */
export const kindsInOrder = [...revisionKinds].reverse();

/**
 * The dialog that asks for the kind of a change when its author publishes it. One key or tap answers, and the change goes out: each
 * answer shows the note that readers will get. The kind that the difference suggests comes first. The numbers stay the same.
 */
export function kindQuestion(asker: KindAsker, change: ChangeState): TemplateResult | typeof nothing {
  if (!asker.asking) return nothing;
  const words = changesWordsIn(asker.language);
  const name = `ask-${asker.postId}-name`;
  const suggested = change.kind ?? suggestedKind(change, languageOf(asker.channel.language));
  const order = suggested === undefined ? kindsInOrder : [suggested, ...kindsInOrder.filter((kind) => kind !== suggested)];
  const answers = order.map((kind, at) =>
    answer(asker, change, { kind, isFirst: at === 0, isSuggested: kind === suggested }, words),
  );
  const mayChangeNote = noteOf(asker, change, 'correction') !== null;
  return html`<dialog class="desk-dialog desk-kind-question" aria-labelledby=${name} aria-describedby="${name}-hint"
 @keydown=${(event: KeyboardEvent) => onKey(event, asker)} @close=${() => asker.stopAsking()}>
<div class="desk-change-head"><h2 id=${name}>${words.what}</h2><button type="button" class="desk-remove" aria-label=${words.close} title=${words.close} @click=${() => asker.stopAsking()}>×</button></div>
<p class="desk-hint" id="${name}-hint">${words.answerPublishes}</p>
<div class="desk-kind-answers">${answers}</div>
${mayChangeNote ? html`<button type="button" class="desk-quiet" @click=${() => asker.callWrong()}>${words.changeNote}</button>` : nothing}
</dialog>`;
}

function answer(
  asker: KindAsker,
  change: ChangeState,
  { kind, isFirst, isSuggested }: { kind: RevisionKind; isFirst: boolean; isSuggested: boolean },
  words: ChangesWords,
): TemplateResult {
  const { label, hint } = words.kinds[kind];
  const { language } = asker.channel;
  const note = noteOf(asker, change, kind);
  const number = kindsInOrder.indexOf(kind) + 1;
  const isFact = kind === 'refile' && isFactAsSlip({ ...change, kind }, languageOf(language));
  return html`<button type="button" data-kind=${kind} aria-keyshortcuts=${number} ?autofocus=${isFirst} @click=${() => void asker.answer(kind)}>
<kbd aria-hidden="true">${number}</kbd><span><b>${label}</b>${isSuggested ? html` <i>${words.suggested}</i>` : nothing}
<small>${isFact ? words.factAsSlip : hint}</small>${note === null ? nothing : html`<q lang=${language} dir="auto">${note}</q>`}${
    note === null && needsNote(kind) ? html`<small>${words.noteNext}</small>` : nothing
  }</span></button>`;
}

/** The note that readers will get if the change is of this kind. */
function noteOf({ channel }: KindAsker, change: ChangeState, kind: RevisionKind): string | null {
  return sentNoteOf(withSuggestion({ ...change, kind }, languageOf(channel.language)));
}

function onKey(event: KeyboardEvent, asker: KindAsker): void {
  // The keys of the form behind it do nothing here.
  event.stopPropagation();
  const { code, key, repeat, ctrlKey, metaKey, altKey } = event;
  const isCombined = ctrlKey || metaKey || altKey;
  // The keys that asked the question, while they are still held, do not answer it.
  if (key === 'Enter' && (repeat || isCombined)) event.preventDefault();
  const [, digit] = /^(?:Digit|Numpad)([1-4])$/.exec(code) ?? [];
  const kind = digit === undefined || isCombined || repeat ? undefined : kindsInOrder[Number(digit) - 1];
  if (kind === undefined) return;
  event.preventDefault();
  void asker.answer(kind);
}

import { type Change, isCorrection } from '../../../../src/protocol/model.ts';
import { type Html, html, nothing } from '../html.ts';
import { clockBeside, type Setting, wordsOf } from '../wording/time.ts';

/**
 * Clarifications and corrections, oldest first. They come before the text, because the earlier text was wrong or unclear.
 * `addressOf`: the page that shows what a revision changed.
 */
export function correctionNotes(
  history: readonly Change[],
  since: string | null,
  setting: Setting,
  addressOf?: (revision: number) => string,
): Html {
  return notes(history.filter(isCorrection), since, setting, addressOf);
}

/**
 * Updates that say what was added, shown after the text. An update without a note is shown only as a time beside that of the
 * post.
 */
export function updateNotes(history: readonly Change[], since: string | null, setting: Setting): Html {
  return notes(
    history.filter((change) => change.kind === 'update' && change.note !== null),
    since,
    setting,
  );
}

/** "updated 14:05 UTC" if the last visible change was an update. Other kinds have their note below. */
export function updatedAt(history: readonly Change[], since: string | null, setting: Setting): Html {
  const last = history.findLast((change) => change.kind !== 'refile');
  if (last?.kind !== 'update') return nothing;
  return html` <span class="updated">${wordsOf(setting).updated} ${clockBeside(last.at, since, setting)}</span>`;
}

/** The sentence in place of a withdrawn post: "Retracted, 14:05 UTC: the reason". */
export function withdrawalNote(history: readonly Change[], since: string | null, setting: Setting): Html {
  const change = history.findLast((one) => one.kind === 'retraction' || one.kind === 'takedown');
  if (change === undefined) return html`<strong class="label">${wordsOf(setting).withdrawn}</strong>`;
  return note({ ...change, note: change.note ?? wordsOf(setting).unavailable }, since, setting);
}

/** "Correction, 14:05 UTC: what was wrong". `since`: the day shown beside it, repeated only if the change was on another day. */
function note(change: Change, since: string | null, setting: Setting): Html {
  const { changes, changed, comma, colon } = wordsOf(setting);
  const label = change.kind === 'refile' ? changed : (changes[change.kind] ?? changed);
  const start = html`<strong class="label">${label}${comma}${clockBeside(change.at, since, setting)}${change.note === null ? '' : colon}</strong>`;
  return change.note === null ? start : html`${start}<span class="note" dir="auto">${change.note}</span>`;
}

function notes(
  changes: readonly Change[],
  since: string | null,
  setting: Setting,
  addressOf?: (revision: number) => string,
): Html {
  if (changes.length === 0) return nothing;
  const link = (revision: number) =>
    addressOf && html` <a href="${addressOf(revision)}" rel="nofollow">${wordsOf(setting).seeChange}</a>`;
  return html`<ul class="changes">${changes.map(
    (change) => html`<li class="change change-${change.kind}">${note(change, since, setting)}${link(change.revision)}</li>`,
  )}</ul>`;
}

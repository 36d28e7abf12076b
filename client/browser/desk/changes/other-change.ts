import { html, nothing, type TemplateResult } from 'lit';
import type { AuthorPost, Channel, PostFields } from '../../../../src/protocol/model.ts';
import type { Language } from '../../i18n/languages.ts';
import { trusted } from '../../trusted-html.ts';
import { directionOf } from '../../view/direction.ts';
import type { VersionSetting } from '../../view/post/versions.ts';
import { ownZone } from '../../view/wording/time-choice.ts';
import { sinceIn } from '../app/coverage-time.ts';
import { DeskElement } from '../app/desk-element.ts';
import { type ChangesWords, changesWordsIn } from '../i18n/changes/index.ts';
import { composerWordsIn } from '../i18n/composer/index.ts';
import type { OutboxEntry } from '../outbox/outbox-model.ts';
import type { DeskSession } from '../session/session.ts';
import { changesAfter, type NamedChange } from './conflict-state.ts';
import { changesBetween, fieldsOf, type Paragraph, type PostField, passagesOf } from './three-way.ts';
import { fieldName, fieldText, renderDifference } from './word-difference.ts';

/** Tells what somebody else has changed: their account, the time, the note, and the words. */
export interface ChangeReader {
  readonly language: Language;
  readonly session: Pick<DeskSession, 'sub'>;
}

/** The author, time and note of each change, as far as the server names them. */
export function namedChanges(
  changes: readonly NamedChange[],
  { language, session }: ChangeReader,
  setting: VersionSetting,
): TemplateResult | typeof nothing {
  if (changes.length === 0) return nothing;
  const words = changesWordsIn(language);
  return html`<div class="desk-since">${changes.map(({ at, by, kind, note }) => {
    const when = sinceIn(setting, at, language);
    const isWithdrawal = kind === 'retraction' || kind === 'takedown';
    const account = by === undefined ? '' : isolated(by);
    const sentence =
      by === undefined ? words.changedAt(when) : words.changedBy(account, when, { isWithdrawal, isOwn: by === session.sub });
    return html`<p>${sentence}${note === null ? nothing : html` <q lang=${setting.language} dir="auto">${note}</q>`}</p>`;
  })}</div>`;
}

/** An account within a sentence that is written in the other direction. */
function isolated(account: string): string {
  return `\u2068${account}\u2069`;
}

/** By word, or one text after the other below their labels if they have too little in common. */
export function compared(
  [before, after]: readonly [string, string],
  [beforeLabel, afterLabel]: readonly [string, string],
  setting: VersionSetting,
  words: ChangesWords,
): TemplateResult {
  const { language } = setting;
  const markup = before === after ? undefined : renderDifference(before, after, setting);
  const whole = (label: string, text: string) =>
    html`<p class="desk-hint">${label}</p><p class="desk-own-text" lang=${language} dir="auto">${text || words.empty}</p>`;
  if (markup === undefined)
    return html`${before === after ? nothing : html`<p class="desk-hint">${words.tooDifferent}</p>`}${whole(beforeLabel, before)}${before === after ? nothing : whole(afterLabel, after)}`;
  return html`<div class="version" lang=${language} dir=${directionOf(language)} .innerHTML=${trusted(markup)}></div>`;
}

/** The fields that differ, by word. Of the body only the paragraphs that differ. */
export function changedWords(
  [before, after]: readonly [PostFields, PostFields],
  labels: readonly [string, string],
  language: Language,
  setting: VersionSetting,
): TemplateResult[] {
  const words = changesWordsIn(language);
  const own = composerWordsIn(language);
  const names = Object.keys(changesBetween(before, after)) as PostField[];
  return names.flatMap((field) => {
    if (field === 'body') {
      const passages = passagesOf(before.body, before.body, after.body).filter(({ by }) => by !== 'nobody');
      return passages.map((passage) => compared([textOf(passage.mine), textOf(passage.theirs)], labels, setting, words));
    }
    const texts = [fieldText(field, before[field] as never, own), fieldText(field, after[field] as never, own)] as const;
    return html`<p class="desk-hint">${fieldName(field, language)}</p>${compared(texts, labels, setting, words)}`;
  });
}

export function textOf(paragraphs: readonly Paragraph[]): string {
  return paragraphs.map(({ text }) => text).join('\n\n');
}

/**
 * `<desk-other-change>`: what stands in the way of an entry that is in conflict, as the server answered it. Empty if the answer did
 * not say.
 */
export class DeskOtherChange extends DeskElement implements ChangeReader {
  static override properties = {
    session: { attribute: false },
    entry: { attribute: false },
    channel: { attribute: false },
  };
  declare session: DeskSession;
  declare entry: OutboxEntry;
  /** Undefined unless the entry is about the coverage that is shown. */
  declare channel: Channel | undefined;

  protected override render(): TemplateResult | typeof nothing {
    const { entry, language } = this;
    const theirs = currentOf(entry);
    if (theirs === undefined || !('expected' in entry.write)) return nothing;
    const setting = this.channel ?? { language, timezone: ownZone() ?? 'UTC', url: null };
    const words = changesWordsIn(language);
    const { base } = entry;
    const isChanged = base !== undefined && theirs.status === 'published' && theirs.revision > base.revision;
    return html`${namedChanges(changesAfter(entry.write.expected, theirs.history), this, setting)}${
      isChanged
        ? changedWords([fieldsOf(base), fieldsOf(theirs)], [words.earlierText, words.laterText], language, setting)
        : nothing
    }`;
  }
}

/** The post as it stands on the server, if its answer says so. */
function currentOf({ write, state }: OutboxEntry): AuthorPost | undefined {
  if (state.at !== 'conflict' || write.type === 'update-channel') return undefined;
  const { current } = state.problem;
  return isPost(current) ? current : undefined;
}

function isPost(value: unknown): value is AuthorPost {
  return typeof value === 'object' && value !== null && 'body' in value && 'history' in value;
}

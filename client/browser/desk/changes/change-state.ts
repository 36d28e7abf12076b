import { noteCharacters } from '../../../../src/protocol/client-limits.ts';
import { isWithin } from '../../../../src/protocol/field-rules.ts';
import { type AuthorPost, needsNote, type PostFields, type RevisionKind } from '../../../../src/protocol/model.ts';
import type { Language } from '../../i18n/languages.ts';
import { paragraphsOf } from '../../view/wording/plain-text.ts';
import { draftOf, type Lack, type PostDraft, toNewPost } from '../composer/post-draft.ts';
import { bodyHtml, lacksOfDraft } from '../composer/render-draft.ts';
import type { Write } from '../outbox/outbox-model.ts';
import { changesFacts } from './changed-facts.ts';
import { type SuggestedNote, suggestedNote } from './suggested-note.ts';
import { changesBetween, fieldsOf, mergedBody, mergedFields, passagesOf, proposedChoices } from './three-way.ts';

/** A change of a published post that is being written: what it holds, what it lacks, and what it sends. Pure. */
export interface ChangeState {
  /** The post that the change began from. */
  base: AuthorPost;
  draft: PostDraft;
  /** Undefined until the author has chosen. */
  kind: RevisionKind | undefined;
  note: string;
  /** The last note that was suggested. A note that is still equal to it is suggested anew. */
  suggested: SuggestedNote;
  eraseEarlier: boolean;
  /** The revisions whose notes are erased too. */
  eraseNotes: readonly number[];
}

/** Something that a change lacks, apart from the fields of its post. */
export type ChangeLack = 'nothing-changed' | 'kind' | 'note-missing' | 'note-too-long';

export function beginChange(base: AuthorPost): ChangeState {
  return {
    base,
    draft: { ...fieldsOf(base), id: base.id },
    kind: undefined,
    note: '',
    suggested: { note: '', certain: false },
    eraseEarlier: false,
    eraseNotes: [],
  };
}

/** A change that was put aside, on the post that it began from. */
export function restoredChange({ revision }: Write & { type: 'revise' }, base: AuthorPost): ChangeState {
  const { kind, note, changes, eraseEarlier = false, eraseNotes = [] } = revision;
  const begun = beginChange(base);
  return {
    ...begun,
    draft: { ...begun.draft, ...changes },
    note: note ?? '',
    // A draft whose kind was not chosen yet is stored as a typing slip. So the author chooses again.
    kind: kind === 'refile' ? undefined : kind,
    eraseEarlier,
    eraseNotes,
  };
}

/** The fields as they are sent: without rows that were left empty. A byline can be changed, but not removed. */
export function changedFieldsOf({ base, draft }: Pick<ChangeState, 'base' | 'draft'>): PostFields {
  const fields = fieldsOf(draftOf(toNewPost(draft)));
  return fields.authors.length === 0 ? { ...fields, authors: base.authors } : fields;
}

export function changesOf(state: ChangeState): Partial<PostFields> {
  return changesBetween(state.base, changedFieldsOf(state));
}

/** The note as it is sent. The beginning of a sentence that was only suggested is none, and a typing slip has none. */
export function sentNoteOf({ kind, note, suggested }: ChangeState): string | null {
  const text = note.trim();
  const isBegun = !suggested.certain && text === suggested.note.trim();
  return kind === 'refile' || text === '' || isBegun ? null : text;
}

/** Whether there is something to keep. */
export function isChanged(state: ChangeState): boolean {
  return Object.keys(changesOf(state)).length > 0 || sentNoteOf(state) !== null || state.eraseEarlier;
}

export function writeOf(state: ChangeState): Write & { type: 'revise' } {
  const { base, kind = 'refile', eraseEarlier, eraseNotes } = state;
  return {
    type: 'revise',
    channelId: base.channelId,
    postId: base.id,
    expected: base.revision,
    revision: {
      kind,
      note: sentNoteOf(state),
      changes: changesOf(state),
      ...(eraseEarlier && { eraseEarlier }),
      ...(eraseEarlier && eraseNotes.length > 0 && { eraseNotes: [...eraseNotes] }),
    },
  };
}

export function changeLacksOf(state: ChangeState): ChangeLack[] {
  const { kind, eraseEarlier } = state;
  const note = sentNoteOf(state);
  const changesNothing = Object.keys(changesOf(state)).length === 0 && !eraseEarlier && note === null;
  const lacks: [ChangeLack, boolean][] = [
    ['nothing-changed', changesNothing],
    ['kind', kind === undefined],
    ['note-missing', kind !== undefined && needsNote(kind) && note === null],
    ['note-too-long', note !== null && !isWithin(note, noteCharacters)],
  ];
  return lacks.filter(([, lacking]) => lacking).map(([lack]) => lack);
}

/** What the fields of the post lack. A published picture without a description is decorative. `origin`: of the server. */
export function fieldLacksOf({ base, draft }: ChangeState, origin: string): Lack[] {
  const isPublished = (url: string) =>
    base.media.some((media) => media.type === 'image' && media.url === url && media.alt === '');
  return lacksOfDraft(draft, base.channelId, origin).filter(
    ({ path, why }) =>
      why !== 'no-description' || !draft.media.some(({ url }, at) => path === `media[${at}].alt` && isPublished(url)),
  );
}

/** With the change that somebody else made meanwhile. Undefined where both changed the same. */
export function withTheirs(state: ChangeState, theirs: AuthorPost): Pick<ChangeState, 'base' | 'draft'> | undefined {
  const base = fieldsOf(state.base);
  const mine = changedFieldsOf(state);
  const passages = passagesOf(base.body, mine.body, theirs.body);
  const body = mergedBody(passages, proposedChoices(passages));
  const merged = mergedFields({ base, mine, theirs: fieldsOf(theirs) }, {}, body);
  return merged && { base: theirs, draft: { ...merged, id: theirs.id } };
}

/** With the note that is suggested now, unless the author wrote one. `language`: of the coverage. */
export function withSuggestion(state: ChangeState, language: Language | undefined): ChangeState {
  const { base, draft, kind, eraseEarlier } = state;
  if (kind === undefined) return state;
  const html = (body: string) => bodyHtml(body, base.channelId) ?? '';
  const before = { headline: base.headline, text: paragraphsOf(base.html || html(base.body)) };
  const after = { headline: draft.headline, text: paragraphsOf(html(draft.body)) };
  // A suggested sentence would quote what is to be erased.
  const suggested = eraseEarlier ? { note: '', certain: false } : suggestedNote(kind, before, after, language);
  const isUntouched = state.note === '' || state.note === state.suggested.note;
  return { ...state, suggested, note: isUntouched ? suggested.note : state.note };
}

/**
 * Whether a typing slip changes a figure, a name or a quotation, of which readers would get no note. `language`: of the coverage.
 */
export function isFactAsSlip(state: ChangeState, language: Language | undefined): boolean {
  const { base, kind } = state;
  if (kind !== 'refile') return false;
  const changes = changesOf(state);
  if (changes.authors !== undefined || changes.sources !== undefined) return true;
  const content = (fields: PostFields, html = bodyHtml(fields.body, base.channelId) ?? '') => {
    const texts = fields.media.flatMap((media) =>
      Object.entries(media).flatMap(([name, text]) => (isShown.has(name) ? text : [])),
    );
    return { headline: [fields.headline ?? '', ...texts].join('\n'), html };
  };
  return changesFacts(content(base, base.html || undefined), content(changedFieldsOf(state)), language);
}

/** The fields of media that readers read. */
const isShown: ReadonlySet<string> = new Set(['alt', 'title', 'caption', 'credit', 'source', 'description']);

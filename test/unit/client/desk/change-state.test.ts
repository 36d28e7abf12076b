import { describe, expect, it } from 'vitest';
import {
  beginChange,
  type ChangeState,
  changeLacksOf,
  changesOf,
  restoredChange,
  sentNoteOf,
  withSuggestion,
  withTheirs,
  writeOf,
} from '../../../../client/browser/desk/changes/change-state.ts';
import type { PostFields, RevisionKind } from '../../../../src/protocol/model.ts';
import { anAuthorPost } from '../../../support/samples/samples.ts';

const post = (fields: Partial<PostFields>, revision = 3) =>
  anAuthorPost({ id: 'p', channelId: 'fire', authors: [], revision, ...fields });
const base = post({ headline: 'Fire', body: '40 hurt.\n\nMore follows.', authors: [{ name: 'Ada' }] });

function changed(fields: Partial<PostFields>, state: Partial<ChangeState> = {}): ChangeState {
  const begun = beginChange(base);
  return { ...begun, draft: { ...begun.draft, ...fields }, ...state };
}

describe('a change of a post', () => {
  it('sends what was changed on the revision that its author saw, and nothing else', () => {
    const state = changed({ headline: 'Fire out' }, { kind: 'correction', note: ' It is out. ' });
    const revision = { kind: 'correction', note: 'It is out.', changes: { headline: 'Fire out' } };
    expect(writeOf(state)).toEqual({ type: 'revise', channelId: 'fire', postId: 'p', expected: 3, revision });
  });

  it('erases notes only together with the earlier text', () => {
    const erased = { eraseEarlier: true, eraseNotes: [2] };
    expect(writeOf(changed({}, { kind: 'update', ...erased })).revision).toMatchObject(erased);
    expect(writeOf(changed({}, { kind: 'update', ...erased, eraseEarlier: false })).revision).not.toHaveProperty('eraseNotes');
  });

  it('keeps the byline, which can be changed but not removed', () => {
    expect(changesOf(changed({ authors: [{ name: '' }] }))).toEqual({});
    expect(changesOf(changed({ authors: [{ name: 'Ben' }] }))).toEqual({ authors: [{ name: 'Ben' }] });
  });

  it.each<[RevisionKind, string, boolean, string | null]>([
    ['correction', 'An earlier version said', false, null],
    ['correction', 'It was 14.', true, 'It was 14.'],
    ['refile', 'It was 14.', true, null],
    ['update', ' ', true, null],
  ])('of the kind %s with the suggested note %j, certain: %s, sends %j', (kind, note, certain, sent) => {
    expect(sentNoteOf(changed({}, { kind, note, suggested: { note, certain } }))).toBe(sent);
  });

  it.each<[string, ChangeState, string[]]>([
    ['nothing but a kind', changed({}, { kind: 'update' }), ['nothing-changed']],
    ['a headline alone', changed({ headline: 'Out' }), ['kind']],
    ['a correction without a note', changed({ headline: 'Out' }, { kind: 'correction' }), ['note-missing']],
    ['a note that is too long', changed({ headline: 'Out' }, { kind: 'correction', note: 'x'.repeat(5_000) }), ['note-too-long']],
    ['an erasure alone', changed({}, { kind: 'update', eraseEarlier: true }), []],
    ['a note alone', changed({}, { kind: 'correction', note: 'It was 14.' }), []],
  ])('that has %s lacks what the desk says', (_what, state, lacks) => expect(changeLacksOf(state)).toEqual(lacks));

  it('is as it was put aside, but for a kind that was not chosen', () => {
    const state = changed({ body: '14 hurt.' }, { kind: 'correction', note: 'It was 14.', eraseEarlier: true, eraseNotes: [2] });
    expect(restoredChange(writeOf(state), base)).toEqual({ ...state, suggested: { note: '', certain: false } });
    expect(restoredChange(writeOf(changed({ body: '14 hurt.' })), base).kind).toBeUndefined();
  });

  it('goes on from the change that somebody else made meanwhile, with both', () => {
    const { authors } = base;
    const theirs = post({ headline: 'Fire in the harbour', body: '40 hurt.\n\nAll is said.', authors }, 4);
    const merged = withTheirs(changed({ body: '14 hurt.\n\nMore follows.' }, { kind: 'update' }), theirs);
    expect(merged).toMatchObject({
      base: theirs,
      draft: { id: 'p', headline: 'Fire in the harbour', body: '14 hurt.\n\nAll is said.' },
    });
    expect(writeOf(changed({}, { kind: 'update', ...merged }))).toMatchObject({
      expected: 4,
      revision: { changes: { body: '14 hurt.\n\nAll is said.' } },
    });
    expect(withTheirs(changed({ headline: 'Out' }), theirs)).toBeUndefined();
  });
});

describe('the suggested note of a change', () => {
  const figure = changed({ body: '14 hurt.\n\nMore follows.' }, { kind: 'correction' });

  it('follows the change until its author writes one', () => {
    const suggested = withSuggestion(figure, 'en');
    expect(suggested.note).toContain('40');
    const next = withSuggestion({ ...suggested, draft: { ...suggested.draft, body: '15 hurt.\n\nMore follows.' } }, 'en');
    expect(next.note).toContain('15');
    const own = { ...next, note: 'We were wrong.' };
    expect(withSuggestion({ ...own, draft: figure.draft }, 'en').note).toBe('We were wrong.');
  });

  it('does not quote what is to be erased', () => {
    const suggested = withSuggestion(figure, 'en');
    expect(withSuggestion({ ...suggested, eraseEarlier: true }, 'en').note).toBe('');
  });
});

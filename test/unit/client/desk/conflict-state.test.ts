import { describe, expect, it } from 'vitest';
import {
  changesSince,
  choicesToEdit,
  coverageDifferences,
  type Decision,
  decisionOf,
  keepMine,
  postConflict,
} from '../../../../client/browser/desk/changes/conflict-state.ts';
import type { Channel, PostFields } from '../../../../src/protocol/model.ts';
import { anAuthorPost } from '../../../support/samples/samples.ts';

const post = (revision: number, fields: Partial<PostFields>) =>
  anAuthorPost({ id: 'p', channelId: 'fire', authors: [], revision, ...fields });
const revise = (expected: number, changes: Partial<PostFields>) =>
  ({
    type: 'revise',
    channelId: 'fire',
    postId: 'p',
    expected,
    revision: { kind: 'correction', note: 'It was 14.', changes },
  }) as const;

describe('a change that met another one', () => {
  const base = post(1, { headline: 'Fire', body: '40 hurt.\n\nMore follows.' });
  const write = revise(1, { body: '14 hurt.\n\nMore follows.' });

  const changesIn = (decision: Decision) => (decision.status === 'decided' ? decision.write.revision.changes : decision.status);

  it('keeps both if they are in different places', () => {
    const theirs = post(2, { headline: 'Fire out', body: '40 hurt.\n\nAll is said.' });
    const changes = { body: '14 hurt.\n\nAll is said.' };
    expect(decisionOf(postConflict({ write, base }, theirs), { fields: {}, passages: [] })).toEqual({
      status: 'decided',
      write: { ...write, expected: 2, revision: { ...write.revision, changes } },
    });
  });

  it('waits for its author where both changed the same paragraph', () => {
    const theirs = post(2, { headline: 'Fire', body: '41 hurt.\n\nMore follows.' });
    const conflict = postConflict({ write, base }, theirs);
    expect(decisionOf(conflict, { fields: {}, passages: [] }).status).toBe('undecided');
    expect(changesIn(decisionOf(conflict, { fields: {}, passages: ['mine'] }))).toEqual({ body: '14 hurt.\n\nMore follows.' });
    expect(changesIn(keepMine(conflict))).toEqual({ body: '14 hurt.\n\nMore follows.' });
  });

  it('keeps what only the other changed', () => {
    const theirs = post(2, { headline: 'Fire out', body: '41 hurt.\n\nMore follows.' });
    expect(changesIn(keepMine(postConflict({ write, base }, theirs)))).toEqual({ body: '14 hurt.\n\nMore follows.' });
  });

  it('is not sent if the other has changed the same', () => {
    const theirs = post(2, { headline: 'Fire', body: '14 hurt.\n\nMore follows.' });
    expect(changesIn(decisionOf(postConflict({ write, base }, theirs), { fields: {}, passages: [] }))).toBe('nothing-left');
  });

  it('is opened for editing with the text of both, and with the own fields, where nothing is chosen', () => {
    const theirs = post(2, { headline: 'Blaze', body: '41 hurt.\n\nMore follows.' });
    const both = revise(1, { headline: 'Fire out', body: write.revision.changes.body ?? '' });
    const conflict = postConflict({ write: both, base }, theirs);
    const opened = (choices: Parameters<typeof choicesToEdit>[1]) =>
      changesIn(decisionOf(conflict, choicesToEdit(conflict, choices)));
    expect(opened({ fields: {}, passages: [] })).toEqual({
      headline: 'Fire out',
      body: '41 hurt.\n\n14 hurt.\n\nMore follows.',
    });
    expect(opened({ fields: { headline: 'theirs' }, passages: ['mine'] })).toEqual({ body: '14 hurt.\n\nMore follows.' });
  });

  it('asks about its body by passage alone', () => {
    const theirs = post(2, { headline: 'Fire', body: '41 hurt.\n\nMore follows.' });
    const { fields, passages } = postConflict({ write, base }, theirs);
    expect([...fields.keys()]).toEqual([]);
    expect(passages.map(({ by }) => by)).toEqual(['conflict', 'nobody']);
  });

  it('still erases, and still adds its note, if the other has changed the same', () => {
    const theirs = post(2, { headline: 'Fire', body: '14 hurt.\n\nMore follows.' });
    const erasing = { ...write, revision: { ...write.revision, eraseEarlier: true } };
    for (const still of [erasing, revise(1, {})]) {
      const decision = decisionOf(postConflict({ write: still, base }, theirs), { fields: {}, passages: [] });
      expect(decision).toEqual({
        status: 'decided',
        write: { ...still, expected: 2, revision: { ...still.revision, changes: {} } },
      });
    }
  });

  it('still has its text if nobody knows what it began from', () => {
    const theirs = post(5, { headline: 'Fire', body: '41 hurt.' });
    expect(changesIn(keepMine(postConflict({ write, base: undefined }, theirs)))).toEqual(write.revision.changes);
  });

  it('tells who has changed the post since its author began, and no earlier changes', () => {
    const change = (revision: number, by: string) =>
      ({ revision, kind: 'update', note: null, at: '2026-01-01T12:00:00.000Z', by }) as const;
    const theirs = { ...post(3, {}), history: [change(1, 'ada'), change(2, 'grace'), change(3, 'tom')] };
    const channel = { history: [change(2, 'nobody')] } as unknown as Channel;
    expect(changesSince(write, { channel, post: theirs }).map(({ by }) => by)).toEqual(['grace', 'tom']);
    const patch = { type: 'update-channel', channelId: 'fire', expected: 1, patch: {} } as const;
    expect(changesSince(patch, { channel, post: undefined }).length).toBe(1);
    expect(changesSince({ ...patch, expected: '*' }, { channel, post: undefined })).toEqual([]);
    const busy = { ...theirs, history: [2, 3, 4, 5, 6, 7].map((revision) => change(revision, 'tom')) };
    expect(changesSince(write, { channel, post: busy }).map(({ revision }) => revision)).toEqual([3, 4, 5, 6, 7]);
  });

  it('names the fields of a coverage that differ, with their texts as the form has them', () => {
    const theirs = { headline: 'Fire out', section: null, byline: [], state: 'live', startsAt: null } as unknown as Channel;
    const byline = [{ name: 'Ada Byron', role: 'at the pier' }, { name: 'Grace Hopper' }];
    const picture = { url: 'https://example.org/pier.jpg', alt: 'The pier' };
    const change = { kind: 'refile' } as const;
    const patch = { headline: 'Fire', section: null, byline, picture, state: 'ended', pinnedPostId: 'p', change } as const;
    expect(coverageDifferences({ ...patch, byline }, theirs)).toEqual([
      { field: 'state', mine: 'ended', theirs: 'live' },
      { field: 'headline', mine: 'Fire', theirs: 'Fire out' },
      { field: 'byline', mine: 'Ada Byron, at the pier\nGrace Hopper', theirs: '' },
      { field: 'pictureUrl', mine: 'https://example.org/pier.jpg', theirs: '' },
      { field: 'pictureAlt', mine: 'The pier', theirs: '' },
      { field: 'pinnedPostId', mine: 'p', theirs: '' },
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import type { EntryState, OutboxEntry, Write } from '../../../../client/browser/desk/outbox/outbox-model.ts';
import { checksumOf, Dismissals } from '../../../../client/browser/desk/restatements/dismissals.ts';
import type { RecentPost } from '../../../../client/browser/desk/restatements/recent-posts.ts';
import {
  carriedOver,
  isSettled,
  passagesRemovedBy,
  searchedEntries,
} from '../../../../client/browser/desk/restatements/searched-changes.ts';
import type { AuthorPost } from '../../../../src/protocol/model.ts';
import { anAuthorPost } from '../../../support/samples/samples.ts';

const out = (revision: number): EntryState => ({ at: 'out', offset: 9, revision, cursor: '' });
const problem = { type: '', title: '', status: 403, code: 'forbidden' } as const;

const post = (id: string, body: string) => anAuthorPost({ id, channelId: 'fire', body });

function entry(write: Write, state: EntryState = { at: 'saved' }, fields: Partial<OutboxEntry> = {}): OutboxEntry {
  return { id: `of ${'postId' in write ? write.postId : ''}`, write, state, urgent: false, addedAt: 1, frozen: false, ...fields };
}

function corrected(base: AuthorPost, body: string, note: string): OutboxEntry {
  const revision = { kind: 'correction', note, changes: { body } } as const;
  return entry({ type: 'revise', channelId: 'fire', postId: base.id, expected: 1, revision }, { at: 'saved' }, { base });
}

describe('the changes after which other posts are searched', () => {
  const change = (kind: 'correction' | 'update' | 'refile' | 'clarification', postId: string): Write => {
    return { type: 'revise', channelId: 'fire', postId, expected: 1, revision: { kind, changes: {} } };
  };

  it('are corrections, clarifications and withdrawals of this coverage, the latest first', () => {
    const entries = [
      entry(change('correction', 'a'), out(2), { addedAt: 1 }),
      entry(change('clarification', 'b'), { at: 'held', until: 9 }, { addedAt: 2 }),
      entry(change('update', 'c')),
      entry(change('refile', 'd')),
      entry({ type: 'retract', channelId: 'fire', postId: 'e', note: 'No.' }, { at: 'saved' }, { addedAt: 3 }),
      entry({ type: 'takedown', channelId: 'flood', postId: 'f', note: null }),
    ];
    expect(searchedEntries(entries, 'fire').map(({ write }) => write.postId)).toEqual(['e', 'b', 'a']);
  });

  it('are not those that the server refused', () => {
    expect(searchedEntries([entry(change('correction', 'a'), { at: 'refused', problem })], 'fire')).toEqual([]);
  });

  it('removed nothing to look for if the post was withdrawn', () => {
    const withdrawn = entry({ type: 'retract', channelId: 'fire', postId: 'a', note: 'No.' }, out(2), {
      base: post('a', '4,700'),
    });
    const [since] = searchedEntries([withdrawn], 'fire');
    expect(since && passagesRemovedBy(since, 'en')).toEqual([]);
  });
});

describe('another post that says so', () => {
  const [since] = searchedEntries([corrected(post('a', 'Some 4,700 left.'), 'Some 4,100 left.', 'It was 4,100.')], 'fire');
  if (since === undefined) throw new Error('There is no such entry.');
  const found = { id: 'b', revision: 1 } as RecentPost;
  const later = (state: EntryState, addedAt = 2) => [
    entry({ type: 'retract', channelId: 'fire', postId: 'b', note: '' }, state, { addedAt }),
  ];

  it('is settled once the author has changed it, and again open if the server refuses that', () => {
    expect(isSettled(found, since, [])).toBe(false);
    expect(isSettled(found, since, later({ at: 'saved' }))).toBe(true);
    expect(isSettled({ ...found, revision: 2 }, since, later(out(2)))).toBe(true);
    expect(isSettled(found, since, later({ at: 'refused', problem }))).toBe(false);
  });

  it('is not settled by an earlier change that readers have', () => {
    expect(isSettled({ ...found, revision: 2 }, since, later(out(2), 0))).toBe(false);
    expect(isSettled(found, since, later({ at: 'sending', since: 1 }, 0))).toBe(true);
  });

  it('gets the note that its author wrote', () => {
    expect(carriedOver(post('b', 'All 4,700 left.'), since, { body: 'All 4,100 left.' }, 'en')).toEqual({
      type: 'revise',
      channelId: 'fire',
      postId: 'b',
      expected: 1,
      revision: { kind: 'correction', note: 'It was 4,100.', changes: { body: 'All 4,100 left.' } },
    });
  });

  it('gets a suggested note that quotes this post rather than the corrected one', () => {
    const note = 'An earlier version said: “Some 4,700 people left.” It should have said 4,100.';
    const [suggested] = searchedEntries(
      [corrected(post('a', 'Some 4,700 people left.'), 'Some 4,100 people left.', note)],
      'fire',
    );
    if (suggested === undefined) throw new Error('There is no such entry.');
    const noteOf = (body: string, changes: { body?: string }) =>
      carriedOver(post('b', body), suggested, changes, 'en').revision.note;
    expect(noteOf('By noon 4,700 had left.', { body: 'By noon 4,100 had left.' })).toBe(
      'An earlier version said: “By noon 4,700 had left.” It should have said 4,100.',
    );
    expect(noteOf('About that many left.', {})).toBe(note);
  });
});

describe('what was found to be fine', () => {
  it('is remembered across a reload for its author, without any text', () => {
    const stored = new Map<string, string>();
    const storage = {
      getItem: (key: string) => stored.get(key) ?? null,
      setItem: (key: string, value: string) => stored.set(key, value),
    };
    new Dismissals('ada', storage).add(`b ${checksumOf('secret')}`);
    expect(new Dismissals('ada', storage).has(`b ${checksumOf('secret')}`)).toBe(true);
    expect(new Dismissals('grace', storage).has(`b ${checksumOf('secret')}`)).toBe(false);
    expect(JSON.stringify([...stored])).not.toContain('secret');
  });
});

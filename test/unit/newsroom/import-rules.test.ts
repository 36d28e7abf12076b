import { describe, expect, it } from 'vitest';
import { bytesOf } from '../../../src/newsroom/decision.ts';
import { checkLine, verdictOnChannel, verdictOnPost } from '../../../src/newsroom/import-rules.ts';
import { placeholder, publish, retract, revise, takeDown } from '../../../src/newsroom/post-rules.ts';
import type { AuthorPost, Channel } from '../../../src/protocol/model.ts';
import type { ErasedLine, PostLine } from '../../../src/protocol/transfer.ts';
import { limits } from '../../../src/protocol/wire-limits.ts';
import { ada, at, bob, channel, postOf } from '../../support/authors/decisions.ts';

const id = '01890a5d-ac96-774b-bcce-b302099a8057';
const sources = new Map<string, number>();
const first = postOf(
  publish({ channel, existing: undefined, sources }, { id, headline: 'Lift-off', html: '', byline: 'Ada' }, ada),
);
const revised = (post: AuthorPost, headline: string) =>
  postOf(revise({ channel, post, sources }, { kind: 'update', changes: { headline }, expected: 'any' }, bob));
const second = revised(first, 'Away');
const third = revised(second, 'Far away');
const retracted = postOf(retract({ channel, post: second }, { note: 'Wrong.' }, bob));
const takenDown = postOf(takeDown({ channel, post: second }, { note: null }, bob));
const line = ({ seq: _seq, html: _html, ...post }: AuthorPost): PostLine => ({
  post,
  facts: { at, by: 'ada' } as PostLine['facts'],
});
const erased = (revision: number): ErasedLine => ({
  erased: { id, channelId: 'moon', revision },
  facts: { at, by: 'ada', content: '' } as ErasedLine['facts'],
});
const conflict = (why: RegExp) => ({ verdict: 'conflict', why: expect.stringMatching(why) });

describe('a line with a revision of a post', () => {
  it('is written if the revision before it is here, or nothing of the post', () => {
    expect(verdictOnPost(line(third), second, undefined)).toEqual({ verdict: 'write' });
    expect(verdictOnPost(line(second), first, undefined)).toEqual({ verdict: 'write' });
    expect(verdictOnPost(line(second), undefined, undefined)).toEqual({ verdict: 'write' });
  });

  it('conflicts if a revision between is not here', () => {
    expect(verdictOnPost(line(third), first, undefined)).toEqual(conflict(/revision before it is not here/));
  });

  it('stands if the same revision is here, the current one or an earlier one', () => {
    expect(verdictOnPost(line(second), second, undefined)).toEqual({ verdict: 'stands' });
    expect(verdictOnPost(line(second), third, second)).toEqual({ verdict: 'stands' });
    expect(verdictOnPost(erased(2), second, undefined)).toEqual({ verdict: 'stands' });
    // The revision was erased here.
    expect(verdictOnPost(line(second), third, undefined)).toEqual({ verdict: 'stands' });
  });

  it('conflicts if another revision has its number, the current one or an earlier one', () => {
    const other = revised(first, 'Not away');
    expect(verdictOnPost(line(other), second, undefined)).toEqual(conflict(/written here/));
    expect(verdictOnPost(line(other), third, second)).toEqual(conflict(/written here/));
  });

  it('conflicts if it follows another change than the one here', () => {
    const other = { ...revised(revised({ ...first, publishedBy: 'eve' }, 'Not away'), 'Far away') };
    expect(verdictOnPost(line(other), second, undefined)).toEqual(conflict(/does not continue/));
  });

  it('never brings back a post that was taken down here, and one that was retracted only to be taken down', () => {
    const later = revised({ ...second, revision: 3 }, 'Back');
    expect(verdictOnPost(line(later), takenDown, undefined)).toEqual({ verdict: 'withheld' });
    expect(verdictOnPost(line(third), takenDown, undefined)).toEqual({ verdict: 'withheld' });
    expect(verdictOnPost(line(second), takenDown, undefined)).toEqual({ verdict: 'stands' });
    expect(verdictOnPost(line(later), retracted, undefined)).toEqual(conflict(/retracted here/));
    const down = postOf(takeDown({ channel, post: retracted }, { note: null }, bob));
    expect(verdictOnPost(line(down), retracted, undefined)).toEqual({ verdict: 'write' });
  });

  it('replaces the placeholder of an erased revision only with a later revision', () => {
    const here: AuthorPost = { ...placeholder({ id, channelId: 'moon', revision: 1 }, first), seq: 7 };
    expect(verdictOnPost(line(first), here, undefined)).toEqual({ verdict: 'stands' });
    expect(verdictOnPost(line(second), here, undefined)).toEqual({ verdict: 'write' });
  });
});

describe('a line with a revision of a channel', () => {
  const to = (revision: number, headline = 'To the Moon'): Channel => ({ ...channel, revision, headline });
  const verdict = (revision: number, current: Channel | undefined, past?: Channel, headline?: string) =>
    verdictOnChannel({ channel: to(revision, headline), facts: undefined }, current, { past, pinned: undefined });

  it('is written if it is the next one, or if the channel is not here', () => {
    expect(verdict(3, to(2))).toEqual({ verdict: 'write' });
    expect(verdict(3, undefined)).toEqual({ verdict: 'write' });
    expect(verdict(4, to(2))).toEqual(conflict(/revision before it is not here/));
  });

  it('stands if it is here, and conflicts if another one has its number', () => {
    expect(verdict(2, to(2))).toEqual({ verdict: 'stands' });
    expect(verdict(2, to(3), to(2))).toEqual({ verdict: 'stands' });
    expect(verdict(2, to(3))).toEqual({ verdict: 'stands' });
    expect(verdict(2, to(2), undefined, 'To Mars')).toEqual(conflict(/written here/));
    expect(verdict(2, to(3), to(2), 'To Mars')).toEqual(conflict(/written here/));
  });
});

describe('the history in a line', () => {
  it('may have historyBytes as JSON, and no more', () => {
    const change = { revision: 2, kind: 'update' as const, note: '', at, by: 'ada' };
    const room = limits.historyBytes - bytesOf([change]);
    const withNote = (length: number) => checkLine(line({ ...second, history: [{ ...change, note: 'x'.repeat(length) }] }), '');
    expect(withNote(room)).toBeUndefined();
    expect(withNote(room + 1)).toMatchObject({ status: 'refused', details: { errors: [{ path: 'post.history' }] } });
  });
});

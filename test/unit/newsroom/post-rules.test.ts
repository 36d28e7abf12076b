import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mayChange, publish, type Revise, retract, revise, takeDown } from '../../../src/newsroom/post-rules.ts';
import { type AuthorPost, type Channel, readerView } from '../../../src/protocol/model.ts';
import type { Principal } from '../../../src/protocol/rights.ts';
import type { NewPost } from '../../../src/protocol/schemas.ts';
import { limits } from '../../../src/protocol/wire-limits.ts';
import { ada, at, bob, channel, entriesOf, later, misfit, postOf, refusalOf } from '../../support/authors/decisions.ts';
import { newPost, revision } from '../../support/samples/arbitraries.ts';
import { anAuthorPost, emptied } from '../../support/samples/samples.ts';

const id = '01890a5d-ac96-774b-bcce-b302099a8057';
const other = '01890a5d-ac96-774b-bcce-b302099a8058';

const none: ReadonlyMap<string, number> = new Map();
const asNew = (command: NewPost) => ({
  html: command.body
    ? `<p>${command.body}</p>
`
    : '',
  byline: 'Ada Byron',
  ...command,
  id,
});
const published = (command: NewPost = { headline: 'Lift-off', body: 'Away' }) =>
  postOf(publish({ channel, existing: undefined, sources: none }, asNew(command), ada));
const post = published();
const revising = (on: AuthorPost, command: Partial<Revise>, sources = none) =>
  revise({ channel, post: on, sources }, { kind: 'update', changes: {}, expected: 'any', ...command }, bob);

describe('publishing', () => {
  it('sets the defaults for omitted fields', () => {
    expect(post).toEqual({
      id,
      channelId: 'moon',
      seq: 7,
      kind: 'update',
      keyEvent: false,
      headline: 'Lift-off',
      body: 'Away',
      html: '<p>Away</p>\n',
      media: [],
      authors: [{ name: 'Ada Byron' }],
      sources: [],
      verification: null,
      developing: false,
      derivedFrom: [],
      status: 'published',
      revision: 1,
      publishedAt: at,
      updatedAt: null,
      history: [],
      publishedBy: 'ada',
    });
  });

  it('depends on the channel that was read, and on the id being unused', () => {
    const decision = publish({ channel, existing: undefined, sources: none }, asNew({ headline: 'A' }), ada);
    expect(decision).toMatchObject({ decidedOn: { channel: 1, posts: { [id]: 0 } } });
    expect(entriesOf(decision)).toMatchObject([{ type: 'post.published', kind: null, listed: false, by: 'ada', at }]);
  });

  it('needs a headline, a body with visible content, or media', () => {
    const tried = (command: NewPost) => publish({ channel, existing: undefined, sources: none }, asNew(command), ada);
    expect(refusalOf(tried({}))).toMatchObject(misfit('body'));
    expect(refusalOf(tried({ headline: null, body: '', media: [] }))).toMatchObject(misfit('body'));
    expect(
      refusalOf(publish({ channel, existing: undefined, sources: none }, { ...asNew({ body: '  ' }), html: '' }, ada)),
    ).toMatchObject(misfit('body'));
    for (const enough of [
      { headline: 'A' },
      { body: 'A' },
      { media: [{ type: 'image' as const, url: 'https://a.example/p', alt: '' }] },
    ])
      expect(tried(enough).status).toBe('append');
  });

  it('needs a headline for a key event', () => {
    expect(
      refusalOf(publish({ channel, existing: undefined, sources: none }, asNew({ body: 'A', keyEvent: true }), ada)),
    ).toMatchObject(misfit('headline'));
  });

  it('is possible in a scheduled channel, and not in an ended one', () => {
    const tried = (state: Channel['state']) =>
      publish({ channel: { ...channel, state }, existing: undefined, sources: none }, asNew({ headline: 'A' }), ada);
    expect(tried('scheduled').status).toBe('append');
    expect(refusalOf(tried('ended'))).toMatchObject({ code: 'channel-ended' });
  });

  it('is refused if the id is in use', () => {
    expect(refusalOf(publish({ channel, existing: post, sources: none }, asNew({ headline: 'A' }), ada))).toMatchObject({
      code: 'post-exists',
    });
  });

  it('can restate published posts of the channel, and never the post itself', () => {
    const tried = (derivedFrom: string[]) =>
      publish({ channel, existing: undefined, sources: new Map([[other, 3]]) }, asNew({ headline: 'A', derivedFrom }), ada);
    expect(tried([other])).toMatchObject({ status: 'append', decidedOn: { posts: { [id]: 0, [other]: 3 } } });
    expect(refusalOf(tried([other, '01890a5d-ac96-774b-bcce-b302099a8059']))).toMatchObject(misfit('derivedFrom[1]'));
    expect(refusalOf(tried([id]))).toMatchObject(misfit('derivedFrom[0]'));
  });

  it('is refused if the post does not fit into an event', () => {
    const media = Array.from({ length: 20 }, () => ({
      type: 'image' as const,
      url: `https://a.example/${'é'.repeat(2_000)}`,
      alt: '漢'.repeat(1_000),
      caption: '漢'.repeat(1_000),
    }));
    const html = 'x'.repeat(limits.htmlBytes);
    expect(refusalOf(publish({ channel, existing: undefined, sources: none }, { ...asNew({ media }), html }, ada))).toMatchObject(
      misfit(''),
    );
    expect(
      publish({ channel, existing: undefined, sources: none }, { ...asNew({ media: media.slice(0, 10) }), html }, ada).status,
    ).toBe('append');
  });

  it('accepts every valid post', () => {
    fc.assert(
      fc.property(newPost, (command) => {
        const html = command.body ? 'x' : '';
        const decision = publish({ channel, existing: undefined, sources: none }, { ...asNew(command), html }, ada);
        expect(postOf(decision)).toMatchObject(command);
      }),
    );
  });
});

describe('revising', () => {
  it('changes only the named fields, and tells readers', () => {
    const decision = revising(post, { kind: 'correction', note: 'It was Tuesday.', changes: { headline: 'B' } });
    const revised = postOf(decision);
    expect(revised).toEqual({
      ...post,
      headline: 'B',
      revision: 2,
      updatedAt: later,
      history: [{ revision: 2, kind: 'correction', note: 'It was Tuesday.', at: later, by: 'bob' }],
    });
    expect(decision).toMatchObject({ decidedOn: { channel: 1, posts: { [id]: 1 } } });
    expect(entriesOf(decision)).toMatchObject([{ type: 'post.revised', kind: 'correction', listed: true, by: 'bob', at: later }]);
    expect(entriesOf(decision)[0]).not.toHaveProperty('erases');
  });

  it('sets the new body together with its html', () => {
    expect(postOf(revising(post, { changes: { body: 'C' }, html: '<p>C</p>\n' }))).toMatchObject({
      body: 'C',
      html: '<p>C</p>\n',
    });
    expect(postOf(revising(post, { changes: { headline: 'C' } })).html).toBe(post.html);
  });

  it.each(['clarification', 'correction'] as const)('needs a note for a %s', (kind) => {
    expect(refusalOf(revising(post, { kind, changes: { headline: 'B' } }))).toMatchObject(misfit('note'));
    expect(refusalOf(revising(post, { kind, note: null, changes: { headline: 'B' } }))).toMatchObject(misfit('note'));
    expect(entriesOf(revising(post, { kind, note: 'So.', changes: { headline: 'B' } }))).toMatchObject([{ listed: true }]);
  });

  it.each(['refile', 'update'] as const)('needs no note for a %s, and lists none', (kind) => {
    expect(entriesOf(revising(post, { kind, changes: { headline: 'B' } }))).toMatchObject([{ listed: false }]);
  });

  it('does not change the time of the last update if it is a refile', () => {
    expect(postOf(revising(post, { kind: 'refile', changes: { headline: 'B' } })).updatedAt).toBeNull();
    const updated = { ...post, updatedAt: at };
    expect(postOf(revising(updated, { kind: 'refile', changes: { headline: 'B' } })).updatedAt).toBe(at);
  });

  it('must change a field or have a note', () => {
    for (const changes of [{}, { headline: post.headline }, { authors: [{ name: 'Ada Byron' }], derivedFrom: [] }]) {
      expect(refusalOf(revising(post, { kind: 'refile', note: 'n', changes }))).toMatchObject(misfit('changes'));
      expect(refusalOf(revising(post, { kind: 'update', changes }))).toMatchObject(misfit('changes'));
      expect(revising(post, { kind: 'update', note: 'n', changes }).status).toBe('append');
      expect(revising(post, { kind: 'correction', note: 'n', changes }).status).toBe('append');
      expect(revising(post, { kind: 'refile', changes, eraseEarlier: true }).status).toBe('append');
    }
  });

  it('must leave a post that could be published', () => {
    expect(refusalOf(revising(post, { changes: { headline: null, body: '' }, html: '' }))).toMatchObject(misfit('changes.body'));
    expect(refusalOf(revising(post, { changes: { headline: null, keyEvent: true } }))).toMatchObject(misfit('changes.headline'));
    expect(refusalOf(revising(post, { changes: { derivedFrom: [other] } }))).toMatchObject(misfit('changes.derivedFrom[0]'));
    expect(revising(post, { changes: { derivedFrom: [other] } }, new Map([[other, 3]]))).toMatchObject({
      status: 'append',
      decidedOn: { posts: { [id]: 1, [other]: 3 } },
    });
    expect(refusalOf(revising(post, { changes: { body: 'x' }, html: 'é'.repeat(limits.postBytes / 2) }))).toMatchObject(
      misfit('changes'),
    );
  });

  it('may make the post as large as postBytes, and no larger', () => {
    const sizeOf = (html: string) => {
      const sent = readerView({ ...postOf(revising(post, { changes: { body: 'x' }, html })), seq: Number.MAX_SAFE_INTEGER });
      return Buffer.byteLength(JSON.stringify({ ...sent, history: [] }));
    };
    const room = limits.postBytes - sizeOf('');
    expect(revising(post, { changes: { body: 'x' }, html: 'x'.repeat(room) }).status).toBe('append');
    expect(revising(post, { changes: { body: 'x' }, html: 'x'.repeat(room + 1) }).status).toBe('refused');
  });

  it('may keep a restated post that was withdrawn since', () => {
    const summary = { ...post, derivedFrom: [other] };
    expect(revising(summary, { changes: { headline: 'B', derivedFrom: [other] } }, none).status).toBe('append');
  });

  it('applies to the revision that the author saw', () => {
    expect(refusalOf(revising(post, { expected: 2, changes: { headline: 'B' } }))).toEqual({
      code: 'revision-moved',
      current: post,
    });
    expect(revising(post, { expected: 1, changes: { headline: 'B' } }).status).toBe('append');
  });

  it('is refused for a withdrawn post, whatever revision was seen', () => {
    for (const status of ['retracted', 'taken-down'] as const)
      expect(refusalOf(revising({ ...post, status }, { expected: 9, changes: { headline: 'B' } }))).toMatchObject({
        code: 'post-withdrawn',
      });
  });

  it('is possible in an ended channel', () => {
    const ended = { ...channel, state: 'ended' as const };
    const command = { kind: 'update' as const, changes: { headline: 'B' }, expected: 1 };
    expect(revise({ channel: ended, post, sources: none }, command, bob).status).toBe('append');
    expect(retract({ channel: ended, post }, { note: 'n' }, bob).status).toBe('append');
  });

  it('erases the earlier revisions and the notes of refiles and updates on request', () => {
    const once = postOf(revising(post, { kind: 'update', note: 'names a victim', changes: { headline: 'B' } }));
    const twice = postOf(revising(once, { kind: 'correction', note: 'It was six.', changes: { headline: 'C' } }));
    const decision = revising(twice, { kind: 'refile', changes: { headline: 'D' }, eraseEarlier: true });
    expect(entriesOf(decision)[0]).toMatchObject({ erases: 3, post: { revision: 4 } });
    expect(postOf(decision).history.map(({ note }) => note)).toEqual([null, 'It was six.', null]);
  });

  it('erases the note of a correction only if the command names the revision of the note', () => {
    const once = postOf(revising(post, { kind: 'correction', note: 'names a victim', changes: { headline: 'B' } }));
    const twice = postOf(revising(once, { kind: 'correction', note: 'It was six.', changes: { headline: 'C' } }));
    const erasing = { kind: 'refile' as const, changes: { headline: 'D' }, eraseEarlier: true };
    const decision = revising(twice, { ...erasing, eraseNotes: [2] });
    expect(postOf(decision).history.map(({ note }) => note)).toEqual([null, 'It was six.', null]);
    expect(refusalOf(revising(twice, { ...erasing, eraseNotes: [2, 9] }))).toMatchObject(misfit('eraseNotes[1]'));
    const withoutErasure = revising(twice, { kind: 'refile', changes: { headline: 'D' }, eraseNotes: [2] });
    expect(refusalOf(withoutErasure)).toMatchObject(misfit('eraseNotes'));
  });

  it('accepts every valid revision of a post with a headline', () => {
    fc.assert(
      fc.property(revision, (command) => {
        const decision = revising(post, { ...command, html: 'x' });
        expect(postOf(decision)).toMatchObject(command.changes);
      }),
    );
  });
});

describe('withdrawing', () => {
  const corrected = postOf(
    revising(published({ kind: 'breaking', headline: 'A', body: 'secret', keyEvent: true }), {
      kind: 'correction',
      note: 'secret',
      changes: { headline: 'B' },
    }),
  );
  const tombstone = emptied(
    anAuthorPost({ id, seq: 7, kind: 'breaking', revision: 3, publishedAt: at, updatedAt: later, publishedBy: 'ada' }),
  );

  it('leaves a tombstone after a retraction', () => {
    const decision = retract({ channel, post: corrected }, { note: 'It was not so.' }, bob);
    expect(postOf(decision)).toEqual({
      ...tombstone,
      status: 'retracted',
      history: [...corrected.history, { revision: 3, kind: 'retraction', note: 'It was not so.', at: later, by: 'bob' }],
    });
    expect(decision).toMatchObject({ decidedOn: { channel: 1, posts: { [id]: 2 } } });
    expect(entriesOf(decision)).toMatchObject([{ type: 'post.retracted', kind: 'retraction', listed: true }]);
    expect(entriesOf(decision)[0]).not.toHaveProperty('erases');
  });

  it('leaves a tombstone without the notes after a takedown', () => {
    const decision = takeDown({ channel, post: corrected }, { note: null }, bob);
    expect(postOf(decision)).toEqual({
      ...tombstone,
      status: 'taken-down',
      history: [
        { ...corrected.history[0], note: null },
        { revision: 3, kind: 'takedown', note: null, at: later, by: 'bob' },
      ],
    });
    expect(entriesOf(decision)).toMatchObject([{ type: 'post.taken-down', kind: 'takedown', listed: true, erases: 2 }]);
    expect(JSON.stringify(decision)).not.toContain('secret');
  });

  it('is possible once, except that a retracted post can be taken down', () => {
    const retracted = postOf(retract({ channel, post }, { note: 'secret' }, bob));
    expect(refusalOf(retract({ channel, post: retracted }, { note: 'n', expected: 1 }, bob))).toMatchObject({
      code: 'post-withdrawn',
    });
    const decision = takeDown({ channel, post: retracted }, { note: 'A court.' }, bob);
    expect(postOf(decision)).toMatchObject({ revision: 3, status: 'taken-down' });
    expect(postOf(decision).history.map(({ note }) => note)).toEqual([null, 'A court.']);
    const gone = postOf(decision);
    expect(takeDown({ channel, post: gone }, { note: null, expected: 1 }, bob)).toEqual({
      status: 'unchanged',
      postId: id,
      revision: 3,
    });
    expect(refusalOf(retract({ channel, post: gone }, { note: 'n' }, bob))).toMatchObject({ code: 'post-withdrawn' });
  });

  it('applies to the revision that the author saw, if one is given', () => {
    expect(refusalOf(retract({ channel, post }, { note: 'n', expected: 4 }, bob))).toEqual({
      code: 'revision-moved',
      current: post,
    });
    expect(refusalOf(takeDown({ channel, post }, { note: null, expected: 4 }, bob))).toEqual({
      code: 'revision-moved',
      current: post,
    });
    expect(retract({ channel, post }, { note: 'n', expected: 'any' }, bob).status).toBe('append');
  });

  it('unpins the post in the same write', () => {
    const pinned = { ...channel, revision: 5, pinnedPostId: id };
    for (const decision of [
      retract({ channel: pinned, post }, { note: 'n' }, bob),
      takeDown({ channel: pinned, post }, { note: null }, bob),
    ]) {
      expect(decision).toMatchObject({ decidedOn: { channel: 5, posts: { [id]: 1 } } });
      const entries = entriesOf(decision);
      expect(entries).toHaveLength(2);
      expect(entries[1]).toEqual({
        type: 'channel.changed',
        at: later,
        by: 'bob',
        kind: null,
        listed: false,
        channel: { ...pinned, pinnedPostId: null, revision: 6, updatedAt: later },
      });
    }
    expect(entriesOf(retract({ channel: { ...pinned, pinnedPostId: other }, post }, { note: 'n' }, bob))).toHaveLength(1);
  });
});

describe('the right to change a post', () => {
  const who = (sub: string, grants: Partial<Principal['grants']>): Principal => ({
    sub,
    name: sub,
    jti: 'j',
    expiresAt: 0,
    grants: { reader: [], author: [], editor: [], admin: false, ...grants },
  });
  it('belongs to its author and to every editor of the channel', () => {
    expect(mayChange(who('ada', { author: ['moon'] }), post)).toBe(true);
    expect(mayChange(who('bob', { author: ['moon'] }), post)).toBe(false);
    expect(mayChange(who('bob', { editor: ['mo*'] }), post)).toBe(true);
    expect(mayChange(who('bob', { admin: true }), post)).toBe(true);
    expect(mayChange(who('ada', { author: ['mars'] }), post)).toBe(false);
    expect(mayChange(who('ada', { reader: ['*'] }), post)).toBe(false);
  });
});

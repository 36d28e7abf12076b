import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withChange, withChannelChange, withoutNotes } from '../../../src/newsroom/change-history.ts';
import { change, create } from '../../../src/newsroom/channel-rules.ts';
import { publish } from '../../../src/newsroom/post-rules.ts';
import type { AuthorChange, AuthorPost, Change, ChangeKind, Channel } from '../../../src/protocol/model.ts';
import { type ChannelPatch, channelIdSchema, channelSchema, newChannelSchema } from '../../../src/protocol/schemas.ts';
import { candidates, slugOf } from '../../../src/protocol/slug.ts';
import { limits } from '../../../src/protocol/wire-limits.ts';
import {
  ada,
  at,
  bob,
  channel,
  channelOf,
  entriesOf,
  later,
  misfit,
  postOf,
  refusalOf,
} from '../../support/authors/decisions.ts';
import { newChannel } from '../../support/samples/arbitraries.ts';
import { aChannel } from '../../support/samples/samples.ts';

const id = '01890a5d-ac96-774b-bcce-b302099a8057';
const post = postOf(
  publish(
    { channel, existing: undefined, sources: new Map() },
    { id, headline: 'Lift-off', body: 'Away', html: '<p>Away</p>', byline: 'Ada Byron' },
    ada,
  ),
);

describe('a history', () => {
  const made = (kind: ChangeKind, revision: number, note: string | null = null): AuthorChange => ({
    revision,
    kind,
    note,
    at,
    by: 'ada',
  });
  const grown = (changes: AuthorChange[]) => changes.reduce<AuthorChange[]>(withChange, []);

  it('drops the oldest refiles and updates first, and corrections last', () => {
    const changes = Array.from({ length: 80 }, (_, i) =>
      made(i % 4 === 0 ? 'correction' : i % 2 ? 'refile' : 'update', i + 2, 'n'),
    );
    const kept = grown(changes);
    expect(kept).toHaveLength(limits.historyChanges);
    expect(kept.filter(({ kind }) => kind === 'correction')).toHaveLength(20);
    const minor = kept.filter(({ kind }) => kind !== 'correction').map(({ revision }) => revision);
    expect(minor).toEqual(
      changes
        .filter(({ kind }) => kind !== 'correction')
        .slice(-30)
        .map(({ revision }) => revision),
    );
    expect(kept.map(({ revision }) => revision)).toEqual(kept.map(({ revision }) => revision).toSorted((a, b) => a - b));
  });

  it('drops the oldest corrections if there is nothing else', () => {
    const kept = grown(Array.from({ length: 60 }, (_, i) => made('correction', i + 2, 'n')));
    expect(kept.map(({ revision }) => revision)).toEqual(Array.from({ length: 50 }, (_, i) => i + 12));
  });

  it('keeps the newest fifty changes of a channel, of any kind', () => {
    const changes = Array.from({ length: 60 }, (_, i) => ({
      revision: i + 2,
      kind: i < 20 ? ('correction' as const) : ('refile' as const),
      note: '🌕'.repeat(1_000),
      at,
    }));
    const kept = changes.reduce<Change[]>(withChannelChange, []);
    expect(kept).toEqual(changes.slice(-50));
  });

  it('leaves room for a channel in one event, even if every field has its maximum length', () => {
    const long = (count: number) => '🌕'.repeat(count);
    const person = {
      name: long(limits.textCharacters),
      role: long(limits.textCharacters),
      url: `https://a.example/${long(limits.urlCharacters - 18)}`,
    };
    const largest = aChannel({
      headline: long(limits.headlineCharacters),
      standfirst: long(limits.standfirstCharacters),
      section: long(limits.sectionCharacters),
      byline: Array.from({ length: limits.channelByline }, () => person),
      picture: {
        url: person.url,
        alt: long(limits.altCharacters),
        caption: long(limits.captionCharacters),
        credit: long(limits.textCharacters),
        width: limits.mediaPixels,
        height: limits.mediaPixels,
      },
      url: person.url,
      history: Array.from({ length: limits.historyChanges }, (_, i) => ({
        revision: 1_000_000 + i,
        kind: 'clarification',
        note: long(limits.noteCharacters),
        at,
      })),
    });
    expect(newChannelSchema.shape.byline.safeParse(largest.byline).success).toBe(true);
    expect(newChannelSchema.shape.picture.safeParse(largest.picture).success).toBe(true);
    expect(Buffer.byteLength(JSON.stringify(largest))).toBeLessThan(limits.eventBytes - 2_048);
  });

  it('stays within its bound in bytes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom<ChangeKind>('refile', 'update', 'correction'), fc.integer({ min: 0, max: 1_000 })), {
          maxLength: 70,
        }),
        (shape) => {
          const kept = grown(shape.map(([kind, length], i) => made(kind, i + 2, '🌕'.repeat(length))));
          expect(Buffer.byteLength(JSON.stringify(kept))).toBeLessThanOrEqual(limits.historyBytes);
          expect(kept.length).toBeLessThanOrEqual(limits.historyChanges);
          if (shape.length <= 7) expect(kept).toHaveLength(shape.length);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('keeps its changes when their notes are removed', () => {
    expect(withoutNotes([made('correction', 2, 'secret')])).toEqual([made('correction', 2, null)]);
  });
});

describe('a channel', () => {
  const changing = (patch: ChannelPatch, on: Channel = channel, more: { expected?: number | 'any'; pinned?: AuthorPost } = {}) =>
    change({ channel: on, pinned: more.pinned }, { patch, expected: more.expected ?? 'any' }, bob);

  it('starts live, in English and UTC, and public, by default', () => {
    const told = { id: 'moon', headline: 'To the Moon' };
    const assumed = { state: 'live', language: 'en', timezone: 'UTC', access: 'public' } as const;
    expect(channel).toEqual(aChannel({ ...told, ...assumed, createdAt: at, startedAt: at }));
    expect(channelOf(create({ id: 'm', headline: 'A', state: 'scheduled', startsAt: later }, ada))).toMatchObject({
      state: 'scheduled',
      startedAt: null,
      startsAt: later,
    });
    expect(create({ id: 'm', headline: 'A' }, ada)).toMatchObject({ decidedOn: { channel: 0, posts: {} } });
  });

  it('can be created by every valid request', () => {
    fc.assert(
      fc.property(newChannel, (command) => {
        expect(channelSchema.safeParse(channelOf(create({ ...command, id: 'moon' }, ada))).error).toBeUndefined();
      }),
    );
  });

  it('can go from scheduled to live to ended and back to live, and no other way', () => {
    const scheduled = { ...channel, state: 'scheduled' as const, startedAt: null };
    const live = channelOf(changing({ state: 'live' }, scheduled));
    expect(live).toMatchObject({ state: 'live', startedAt: later, endedAt: null, revision: 2, updatedAt: later });
    const ended = channelOf(changing({ state: 'ended' }, { ...live, startedAt: at }));
    expect(ended).toMatchObject({ state: 'ended', startedAt: at, endedAt: later });
    expect(channelOf(changing({ state: 'live' }, ended))).toMatchObject({ state: 'live', startedAt: at, endedAt: null });
    for (const [from, to] of [
      ['scheduled', 'ended'],
      ['live', 'scheduled'],
      ['ended', 'scheduled'],
    ] as const)
      expect(refusalOf(changing({ state: to }, { ...channel, state: from }))).toMatchObject(misfit('state'));
  });

  it('needs a kind of change to change its headline or standfirst', () => {
    expect(refusalOf(changing({ headline: 'B' }))).toMatchObject(misfit('change'));
    expect(refusalOf(changing({ standfirst: 'B' }))).toMatchObject(misfit('change'));
    const decision = changing({ headline: 'B', change: { kind: 'correction', note: 'n' } });
    const entryChange = { revision: 2, kind: 'correction', note: 'n', at: later };
    expect(entriesOf(decision)).toMatchObject([{ kind: 'correction', listed: true, change: entryChange }]);
    expect(channelOf(decision)).toMatchObject({ headline: 'B', history: [entryChange], updatedAt: later });
    expect(channelOf(changing({ standfirst: 'B', change: { kind: 'update' } }))).toMatchObject({
      history: [{ kind: 'update', note: null }],
    });
  });

  it('accepts no kind of change for other fields', () => {
    expect(refusalOf(changing({ section: 'B', change: { kind: 'update' } }))).toMatchObject(misfit('change'));
    expect(refusalOf(changing({ headline: channel.headline, change: { kind: 'correction', note: 'n' } }))).toMatchObject(
      misfit('change'),
    );
    expect(refusalOf(changing({ change: { kind: 'refile' } }))).toMatchObject(misfit('change'));
    const decision = changing({ section: 'B' });
    expect(entriesOf(decision)).toMatchObject([{ kind: null, listed: false }]);
    expect(entriesOf(decision)[0]).not.toHaveProperty('change');
    expect(channelOf(decision)).toMatchObject({ section: 'B', history: [], updatedAt: later, revision: 2 });
  });

  it('accepts a kind of change for its picture, and needs none', () => {
    const picture = { url: 'https://pictures.example/quay.jpg', alt: 'The quay' };
    const pictured = { ...channel, picture };
    expect(entriesOf(changing({ picture }))).toMatchObject([{ kind: null, listed: false, channel: { picture, history: [] } }]);
    const change = { kind: 'correction', note: 'This is not the quay.' } as const;
    expect(entriesOf(changing({ picture: null, change }, pictured))).toMatchObject([
      { kind: 'correction', listed: true, channel: { picture: null, history: [change] } },
    ]);
    expect(channelOf(changing({ picture: { ...picture, alt: 'Quay' }, change: { kind: 'refile' } }, pictured))).toMatchObject({
      picture: { alt: 'Quay' },
      updatedAt: null,
    });
    expect(changing({ picture }, pictured)).toMatchObject({ status: 'unchanged' });
  });

  it.each(['clarification', 'correction'] as const)('needs a note for a %s', (kind) => {
    expect(refusalOf(changing({ headline: 'B', change: { kind } }))).toMatchObject(misfit('change.note'));
  });

  it('does not count a refile of its headline as an update', () => {
    expect(channelOf(changing({ headline: 'B', change: { kind: 'refile' } })).updatedAt).toBeNull();
    expect(channelOf(changing({ headline: 'B', section: 'C', change: { kind: 'refile' } })).updatedAt).toBe(later);
  });

  it('can pin its own published posts, and the decision depends on that post too', () => {
    const decision = changing({ pinnedPostId: id }, channel, { pinned: { ...post, revision: 3 } });
    expect(decision).toMatchObject({ decidedOn: { channel: 1, posts: { [id]: 3 } } });
    expect(channelOf(decision).pinnedPostId).toBe(id);
    expect(refusalOf(changing({ pinnedPostId: id }))).toMatchObject(misfit('pinnedPostId'));
    expect(refusalOf(changing({ pinnedPostId: id }, channel, { pinned: { ...post, status: 'retracted' } }))).toMatchObject(
      misfit('pinnedPostId'),
    );
    expect(changing({ pinnedPostId: null }, { ...channel, pinnedPostId: id })).toMatchObject({ decidedOn: { posts: {} } });
  });

  it('gets no event if nothing changes', () => {
    const unchanged = { status: 'unchanged', postId: null, revision: 1 };
    expect(changing({})).toEqual(unchanged);
    expect(changing({ headline: channel.headline, section: null, state: 'live', byline: [], pinnedPostId: null })).toEqual(
      unchanged,
    );
  });

  it('is changed only from the revision that the editor saw', () => {
    expect(refusalOf(changing({ section: 'B' }, channel, { expected: 2 }))).toEqual({ code: 'revision-moved', current: channel });
    expect(changing({ section: 'B' }, channel, { expected: 1 }).status).toBe('append');
  });
});

describe('the id derived from a headline', () => {
  it('consists of its words in plain letters', () => {
    expect(slugOf('To the Moon!')).toBe('to-the-moon');
    expect(slugOf('Überschwemmung in Köln: 3 Straßen gesperrt')).toBe('uberschwemmung-in-koln-3-strassen-gesperrt');
    expect(slugOf("L'été à Łódź – Ærø’s ½ ﬁnale")).toBe('lete-a-lodz-aeros-1-2-finale');
    expect(slugOf('Выборы')).toBe('channel');
    expect(slugOf('🌕 🚀')).toBe('channel');
    expect(slugOf(`${'word '.repeat(30)}`)).toBe(Array(12).fill('word').join('-'));
    // Better to cut inside a word than far before the limit.
    expect(slugOf(`A ${'x'.repeat(80)}`)).toBe(`a-${'x'.repeat(58)}`);
  });

  it('is always valid, and so is every alternative', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (headline) => {
        for (const candidate of candidates(slugOf(headline), 12))
          expect(channelIdSchema.safeParse(candidate).success, candidate).toBe(true);
      }),
    );
    expect(candidates('moon', 3)).toEqual(['moon', 'moon-2', 'moon-3']);
  });
});

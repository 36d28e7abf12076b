import { describe, expect, it } from 'vitest';
import { statusOf } from '../../../../client/browser/desk/app/desk-status.ts';
import { placeOf } from '../../../../client/browser/desk/app/places.ts';
import { checkBeforeEnd } from '../../../../client/browser/desk/coverages/end-checklist.ts';
import { freeIds, isFound, loadSections } from '../../../../client/browser/desk/coverages/writable-coverages.ts';
import type { Draft } from '../../../../client/browser/desk/drafts/drafts.ts';
import type { OutboxEntry } from '../../../../client/browser/desk/outbox/outbox-model.ts';
import type { AuthorClient, SeenPost } from '../../../../client/lib/author-client.ts';
import { ProblemError } from '../../../../client/lib/http.ts';
import type { ListedChannel } from '../../../../src/protocol/model.ts';
import { problem } from '../../../../src/protocol/problems.ts';
import type { Grants, Principal } from '../../../../src/protocol/rights.ts';

const who = (grants: Partial<Grants>): Principal => ({
  sub: 'ada',
  name: 'Ada',
  jti: '',
  expiresAt: 0,
  grants: { reader: [], author: [], editor: [], admin: false, ...grants },
});
const listed = (id: string, state: ListedChannel['state'] = 'live') =>
  ({
    id,
    state,
    headline: `Größe of ${id}`,
    section: null,
    latestPostAt: null,
    createdAt: '2026-01-01T00:00:00Z',
  }) as ListedChannel;

/** Lists these channels, a hundred on a page, and has others that no list shows. */
function serverWith(channels: ListedChannel[], unlisted: ListedChannel[] = []) {
  const asked: string[] = [];
  const client = {
    async listChannels({ state, page, limit = 100 } = {}) {
      asked.push(`list ${state} ${page ?? ''}`);
      const all = channels.filter((one) => one.state === state);
      const from = Number(page ?? 0);
      return { channels: all.slice(from, from + limit), next: from + limit < all.length ? String(from + limit) : null };
    },
    async getChannel(id) {
      asked.push(id);
      const found = [...channels, ...unlisted].find((one) => one.id === id);
      if (found === undefined) throw new ProblemError(problem('not-found'));
      return found;
    },
    async listPosts() {
      return { posts: [{ publishedAt: '2026-02-02T00:00:00Z' } as SeenPost], cursor: '', more: false };
    },
  } satisfies Pick<AuthorClient, 'listChannels' | 'getChannel' | 'listPosts'>;
  return { client, asked };
}

const sectionsOf = async (...input: Parameters<typeof loadSections>) => (await loadSections(...input)).sections;

describe('the list of coverages', () => {
  it('offers the names of a token that no coverage has or ever had', async () => {
    const { client } = serverWith([listed('fire')]);
    const withDeleted = {
      ...client,
      async getChannel(id: string) {
        if (id === 'flood') throw new ProblemError(problem('channel-deleted'));
        return client.getChannel(id);
      },
    };
    const named = ['fire', 'flood', 'storm'];
    expect(freeIds(named, await loadSections(withDeleted, who({ editor: named })))).toEqual(['storm']);
  });

  it('has those that one may write in, from later pages of the list too', async () => {
    const many = Array.from({ length: 250 }, (_, at) => listed(`other-${at}`));
    const { client } = serverWith([...many, listed('sport-final'), listed('sport-later', 'scheduled')]);
    const { live, scheduled } = await sectionsOf(client, who({ author: ['sport-*'] }));
    expect(live.coverages.map(({ id }) => id)).toEqual(['sport-final']);
    expect(scheduled.coverages.map(({ id }) => id)).toEqual(['sport-later']);
  });

  it('finds a channel that a token names without reading the whole list', async () => {
    const many = Array.from({ length: 500 }, (_, at) => listed(`other-${at}`));
    const { client, asked } = serverWith(many, [listed('fire', 'ended')]);
    const { ended, live } = await sectionsOf(client, who({ editor: ['fire', 'gone'] }));
    expect(ended.coverages.map(({ id, latestPostAt }) => [id, latestPostAt])).toEqual([['fire', '2026-02-02T00:00:00Z']]);
    expect(live).toEqual({ coverages: [], next: null });
    expect(asked).toEqual(['list live ', 'list scheduled ', 'list ended ', 'fire', 'gone']);
  });

  it('stops when there is enough, and goes on later', async () => {
    const many = Array.from({ length: 500 }, (_, at) => listed(`a-${at}`));
    const { client, asked } = serverWith(many);
    const { live } = await sectionsOf(client, who({ admin: true }));
    expect([live.coverages.length, live.next]).toEqual([100, '100']);
    expect(asked).toHaveLength(3);
  });

  it('is searched by words of the headline, however they are written', () => {
    expect(isFound(listed('harbour-fire'), 'GROSSE')).toBe(false);
    expect(isFound(listed('harbour-fire'), ' größe  fire')).toBe(true);
    expect(isFound(listed('harbour-fire'), 'grosse')).toBe(false);
    expect(isFound(listed('harbour-fire'), 'groß')).toBe(true);
  });
});

describe('the checklist before a coverage ends', () => {
  const post = (seq: number, fields: Partial<SeenPost> = {}) =>
    ({ id: `${seq}`, seq, kind: 'update', status: 'published', verification: null, developing: false, ...fields }) as SeenPost;
  const check = (posts: SeenPost[], entries: OutboxEntry[] = [], drafts: Pick<Draft, 'write'>[] = []) =>
    checkBeforeEnd({ channelId: 'fire', posts, hasOlder: false, entries, drafts });

  it('lists posts that are unverified or promise more, but no withdrawn ones', () => {
    const posts = [
      post(4, { verification: 'unverified', status: 'retracted' }),
      post(3, { verification: 'unverified' }),
      post(2, { developing: true }),
      post(1, { verification: 'verified' }),
    ];
    const { unverified, developing } = check(posts);
    expect([unverified.map(({ seq }) => seq), developing.map(({ seq }) => seq)]).toEqual([[3], [2]]);
  });

  it('counts the posts after the newest summary', () => {
    const posts = [post(5), post(4), post(3, { kind: 'summary' }), post(2), post(1, { kind: 'summary' })];
    expect(check(posts).summary).toMatchObject({ post: { seq: 3 }, newer: 2 });
    expect(check([post(1)]).summary).toBeUndefined();
  });

  it('counts the drafts of this coverage, with what is being written', () => {
    const draft = (channelId: string) => ({ write: { type: 'publish', channelId, post: { id: 'a', body: 'B' } } }) as const;
    expect(check([], [], [draft('fire'), draft('vote')]).drafts).toBe(1);
  });

  it('counts what is not on the server yet, of this coverage', () => {
    const entry = (channelId: string, at: 'saved' | 'out') =>
      ({ write: { type: 'retract', channelId, postId: '', note: '' }, state: { at } }) as OutboxEntry;
    expect(check([], [entry('fire', 'saved'), entry('fire', 'out'), entry('vote', 'saved')]).unsent).toBe(1);
  });
});

describe('the state in the bar', () => {
  const entry = (at: string) => ({ state: { at } }) as OutboxEntry;
  const state = (entries: OutboxEntry[], more: Partial<Parameters<typeof statusOf>[0]> = {}) =>
    statusOf({
      entries,
      delivery: 'ready',
      reader: { status: 'live', transport: 'socket', asOf: null },
      isOnline: true,
      ...more,
    });

  it('says first what needs its author, then what is not out, then the connection', () => {
    expect(state([entry('refused'), entry('saved')])).toEqual({ status: 'needs-you', count: 1 });
    expect(state([entry('saved'), entry('out')])).toEqual({ status: 'sending', count: 1 });
    expect(state([entry('saved')], { delivery: 'offline' })).toEqual({ status: 'waiting', count: 1, why: 'offline' });
    expect(state([entry('held'), entry('out')])).toEqual({ status: 'held', count: 1 });
    expect(state([entry('held')], { isOnline: false })).toEqual({ status: 'waiting', count: 1, why: 'offline' });
    expect(state([entry('held'), entry('saved')], { delivery: 'unreachable' })).toEqual({
      status: 'waiting',
      count: 2,
      why: 'unreachable',
    });
    expect(state([entry('held'), entry('sending')])).toEqual({ status: 'sending', count: 1 });
    expect(state([entry('on-disk')])).toEqual({ status: 'connected' });
    expect(state([], { reader: { status: 'offline', since: '' } })).toEqual({ status: 'reconnecting' });
    expect(state([], { isOnline: false })).toEqual({ status: 'offline' });
    expect(state([], { reader: undefined })).toEqual({ status: 'idle' });
  });
});

describe('the address of a place of the desk', () => {
  it('names a coverage, the list, or a link to sign in', () => {
    const at = (path: string) => placeOf(new URL(path, 'https://live.example.org'));
    expect(at('/desk/')).toEqual({ at: 'list' });
    expect(at('/desk/harbour-fire')).toEqual({ at: 'coverage', channelId: 'harbour-fire' });
    expect(at('/desk/harbour-fire/')).toEqual({ at: 'coverage', channelId: 'harbour-fire' });
    expect(at('/desk/sign-in#abc')).toEqual({ at: 'sign-in', code: 'abc' });
    // A channel may have this id.
    expect(at('/desk/sign-in')).toEqual({ at: 'coverage', channelId: 'sign-in' });
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NewEntry } from '../../../src/journal/engine.ts';
import { change } from '../../../src/newsroom/channel-rules.ts';
import type { Decision } from '../../../src/newsroom/decision.ts';
import { publish, retract, revise, takeDown } from '../../../src/newsroom/post-rules.ts';
import { createRenderer } from '../../../src/newsroom/render.ts';
import { type AuthorPost, type Channel, isWithdrawn, readerView } from '../../../src/protocol/model.ts';
import { authorPostSchema, channelSchema, type NewPost, type Revision } from '../../../src/protocol/schemas.ts';
import { limits } from '../../../src/protocol/wire-limits.ts';
import { channel } from '../../support/authors/decisions.ts';
import { newPost, revision } from '../../support/samples/arbitraries.ts';
import { emptied } from '../../support/samples/samples.ts';

/** After any sequence of writes, the channel and its posts are valid. */

type Step =
  | { do: 'publish'; post: NewPost }
  | { do: 'revise'; at: number; revision: Revision; eraseEarlier: boolean; expected: number | 'any' }
  | { do: 'retract' | 'take down' | 'pin'; at: number }
  | { do: 'unpin' | 'end' | 'go live' };

const at = fc.nat(5);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('publish' as const), post: newPost }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('revise' as const),
      at,
      revision,
      eraseEarlier: fc.boolean(),
      expected: fc.oneof(fc.constant('any' as const), fc.integer({ min: 1, max: 4 })),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('retract' as const, 'take down' as const, 'pin' as const), at }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('unpin' as const, 'end' as const, 'go live' as const) }) },
);

const renderer = createRenderer({ publicUrl: 'https://live.example' });
const html = (body: string | undefined) => renderer.render(body ?? '', { channelId: channel.id });

class Newsroom {
  channel: Channel = channel;
  posts: AuthorPost[] = [];
  offset = 1;

  decide(step: Step): Decision {
    const deed = { by: 'ada', at: new Date(Date.UTC(2026, 10, 24) + this.offset * 1_000).toISOString() };
    const sources = new Map(this.posts.filter((post) => !isWithdrawn(post)).map(({ id, revision }) => [id, revision]));
    const post = 'at' in step ? this.posts[step.at] : undefined;
    const state = { channel: this.channel, post: post as AuthorPost };
    switch (step.do) {
      case 'publish': {
        const id = `01890a5d-ac96-774b-bcce-${String(this.posts.length).padStart(12, '0')}`;
        const derivedFrom = this.posts.slice(0, 2).map((earlier) => earlier.id);
        const command = { ...step.post, id, derivedFrom, html: html(step.post.body), byline: 'Ada Byron' };
        return publish({ channel: this.channel, existing: undefined, sources }, command, deed);
      }
      case 'revise': {
        const { revision, eraseEarlier, expected } = step;
        return revise({ ...state, sources }, { ...revision, eraseEarlier, expected, html: html(revision.changes.body) }, deed);
      }
      case 'retract':
        return retract(state, { note: 'It was not so.' }, deed);
      case 'take down':
        return takeDown(state, { note: null }, deed);
      case 'pin':
        return change(
          { channel: this.channel, pinned: post },
          { patch: { pinnedPostId: (post as AuthorPost).id }, expected: 'any' },
          deed,
        );
      case 'unpin':
        return change({ channel: this.channel, pinned: undefined }, { patch: { pinnedPostId: null }, expected: 'any' }, deed);
      case 'end':
        return change({ channel: this.channel, pinned: undefined }, { patch: { state: 'ended' }, expected: 'any' }, deed);
      case 'go live':
        return change({ channel: this.channel, pinned: undefined }, { patch: { state: 'live' }, expected: 'any' }, deed);
    }
  }

  /** Applies a decision like an engine. It must be based on the current revisions, and every revision increases by one. */
  take(decision: Decision): void {
    if (decision.status !== 'append') return;
    expect(decision.decidedOn.channel).toBe(this.channel.revision);
    for (const [id, revision] of Object.entries(decision.decidedOn.posts)) {
      expect(this.posts.find((post) => post.id === id)?.revision ?? 0).toBe(revision);
    }
    for (const entry of decision.entries) this.takeEntry(entry);
  }

  private takeEntry(entry: NewEntry): void {
    this.offset += 1;
    if (entry.type === 'channel.changed') {
      expect(entry.channel.revision).toBe(this.channel.revision + 1);
      this.channel = entry.channel;
      return;
    }
    const index = this.posts.findIndex((post) => post.id === entry.post.id);
    const before = this.posts[index];
    expect(entry.post.revision).toBe((before?.revision ?? 0) + 1);
    const post = { ...entry.post, seq: before?.seq ?? this.offset };
    if (before) this.posts[index] = post;
    else this.posts.push(post);
  }
}

describe('any sequence of writes', () => {
  it('leaves a channel and posts that can be sent to readers', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const newsroom = new Newsroom();
        for (const next of steps) {
          if ('at' in next && newsroom.posts[next.at] === undefined) continue;
          newsroom.take(newsroom.decide(next));
          const { channel, posts } = newsroom;
          expect(channelSchema.safeParse(channel).error).toBeUndefined();
          const pinned = posts.find((post) => post.id === channel.pinnedPostId);
          expect(channel.pinnedPostId === null || pinned?.status === 'published').toBe(true);
          for (const post of posts) expectSound(post);
        }
      }),
      { numRuns: 60 },
    );
  });
});

function expectSound(post: AuthorPost): void {
  expect(authorPostSchema.safeParse(post).error).toBeUndefined();
  expect(Buffer.byteLength(JSON.stringify(readerView(post)))).toBeLessThan(limits.eventBytes);
  expect(post.history.map(({ revision }) => revision)).toEqual(
    post.history.map(({ revision }) => revision).toSorted((a, b) => a - b),
  );
  const last = post.history.at(-1);
  switch (post.status) {
    case 'published':
      expect(post.headline !== null || post.html !== '' || post.media.length > 0).toBe(true);
      expect(post.keyEvent && post.headline === null).toBe(false);
      break;
    case 'retracted':
    case 'taken-down':
      expect(post).toEqual(emptied(post));
      expect(last).toMatchObject({ revision: post.revision, kind: post.status === 'retracted' ? 'retraction' : 'takedown' });
      if (post.status === 'taken-down') expect(post.history.every(({ note }) => note === null)).toBe(true);
  }
}

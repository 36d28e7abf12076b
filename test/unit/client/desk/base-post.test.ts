import { describe, expect, it } from 'vitest';
import { basePostOf } from '../../../../client/browser/desk/changes/base-post.ts';
import type { EntryState, OutboxEntry, Write } from '../../../../client/browser/desk/outbox/outbox-model.ts';
import type { AuthorPost } from '../../../../src/protocol/model.ts';
import { blankFields } from '../../../../src/protocol/post-fields.ts';

const id = '0190b2c4-0000-7000-8000-000000000001';
const onServer: AuthorPost = {
  ...blankFields(),
  id,
  channelId: 'fire',
  seq: 1,
  body: '40 hurt.',
  html: '<p>40 hurt.</p>',
  status: 'published',
  revision: 3,
  publishedAt: '2026-01-01T00:00:00.000Z',
  updatedAt: null,
  history: [],
  publishedBy: 'ada',
};
const entry = (write: Write, state: EntryState): OutboxEntry => ({
  id: 'e',
  write,
  state,
  urgent: false,
  addedAt: 0,
  frozen: true,
});
const revise = (expected: number, body: string): Write => ({
  type: 'revise',
  channelId: 'fire',
  postId: id,
  expected,
  revision: { kind: 'update', changes: { body } },
});

describe('what a change begins from', () => {
  it('is the post on the server', () => {
    expect(basePostOf(onServer, id, [])).toEqual({ post: onServer });
    expect(basePostOf(undefined, id, [])).toBeUndefined();
  });

  it('has the changes of this author that are on their way', () => {
    const entries = [entry(revise(3, '14 hurt.'), { at: 'sending', since: 0 }), entry(revise(4, '13 hurt.'), { at: 'saved' })];
    const { post, basedOn } = basePostOf(onServer, id, entries) ?? {};
    expect([post?.body, post?.revision, basedOn]).toEqual(['13 hurt.', 5, 'e']);
  });

  it('has no change that the server has already, or that does not go out', () => {
    const entries = [
      entry(revise(2, '40 hurt.'), { at: 'out', offset: 3, revision: 3, cursor: '' }),
      entry(revise(3, 'refused'), { at: 'refused', problem: {} as never }),
      entry(revise(3, 'moved'), { at: 'conflict', problem: {} as never }),
    ];
    expect(basePostOf(onServer, id, entries)).toEqual({ post: onServer });
  });

  it('is the post in the outbox if the server does not have it yet', () => {
    const publish: Write = { type: 'publish', channelId: 'fire', post: { id, body: 'New.' } };
    const { post, basedOn } = basePostOf(undefined, id, [entry(publish, { at: 'sending', since: 0 })]) ?? {};
    expect([post?.body, post?.revision, basedOn]).toEqual(['New.', 1, 'e']);
  });

  it('is what the author saw, with the change that is on its way, if the server gives no answer', () => {
    const change = { ...entry(revise(3, '14 hurt.'), { at: 'saved' }), base: onServer };
    const { post, basedOn } = basePostOf(undefined, id, [change]) ?? {};
    expect([post?.body, post?.revision, basedOn]).toEqual(['14 hurt.', 4, 'e']);
  });
});

import { describe, expect, it, vi } from 'vitest';
import { type Drafts, keyOf } from '../../../../client/browser/desk/drafts/drafts.ts';
import { isPublished } from '../../../../client/browser/desk/drafts/published-posts.ts';
import type { EntryState, OutboxEntry, Write } from '../../../../client/browser/desk/outbox/outbox-model.ts';
import type { AuthorClient } from '../../../../client/lib/author-client.ts';
import { NoAnswer, ProblemError } from '../../../../client/lib/http.ts';
import { newPostId } from '../../../../client/lib/ids.ts';
import type { AuthorPost } from '../../../../src/protocol/model.ts';
import { problem } from '../../../../src/protocol/problems.ts';
import { bodyOf, open, post } from './tab-drafts.ts';

/** Which drafts are listed, opened, handed over and deleted. */

/** An outbox with one entry. */
function outboxWith(write: Write, at: EntryState['at']) {
  const listeners = new Set<() => void>();
  const addedAt = Date.now();
  const outbox = {
    entries: [] as OutboxEntry[],
    subscribe(changed: () => void) {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
    set(at: EntryState['at'] | undefined) {
      outbox.entries =
        at === undefined ? [] : [{ id: '1', write, state: { at } as EntryState, urgent: false, addedAt, frozen: false }];
      for (const listener of listeners) listener();
    },
  };
  outbox.set(at);
  return outbox;
}

describe('drafts', () => {
  it('are opened again where they were written, unless they were put aside', async () => {
    const drafts = await open();
    const [aside, current] = [post('Aside'), post('Current')];
    drafts.save(aside);
    drafts.save(current);
    await drafts.putAside(keyOf(aside));
    expect(bodyOf((await drafts.reopen('storm', 'publish'))?.write)).toBe('Current');
    expect(await drafts.reopen('other', 'publish')).toBeUndefined();
    expect(await drafts.reopen('storm', 'revise')).toBeUndefined();
    expect([keyOf(aside), keyOf(current)].map((key) => drafts.isOpen(key))).toEqual([false, true]);
    await drafts.putAside(keyOf(current));
    expect(await drafts.reopen('storm', 'publish')).toBeUndefined();
    expect(drafts.list).toHaveLength(2);
    expect(drafts.isOpen(keyOf(current))).toBe(false);
  });

  it('are opened the latest first, or the one that its author brings forward', async () => {
    let now = 0;
    const drafts = await open({ now: () => ++now });
    const [first, second] = [post('First'), post('Second')];
    for (const write of [first, second]) drafts.save(write);
    expect(drafts.list.map(({ write }) => bodyOf(write))).toEqual(['Second', 'First']);
    await drafts.putAside(keyOf(first));
    drafts.bringForward(keyOf(first));
    expect(bodyOf((await drafts.reopen('storm', 'publish'))?.write)).toBe('First');
  });

  it('are opened by the composer that they belong to, which is told whether it must be free', async () => {
    const drafts = await open();
    const write = post('Rain.');
    drafts.save(write);
    expect(drafts.open(keyOf(write))).toBe(false);
    const asked: boolean[] = [];
    const undo = drafts.onOpen((_draft, ifFree) => asked.push(ifFree) > 0);
    expect([drafts.open(keyOf(write)), drafts.open(keyOf(write), { ifFree: true }), drafts.open('post:none')]).toEqual([
      true,
      true,
      false,
    ]);
    undo();
    expect(drafts.open(keyOf(write))).toBe(false);
    expect(asked).toEqual([false, true]);
  });

  it('keep with every change what they began from and what they replace', async () => {
    const drafts = await open();
    const base = { revision: 3 } as AuthorPost;
    const from = { base, basedOn: 'entry-1', replaces: 'entry-2' };
    const [write, later] = [post('Rain.'), post('Rain, and hail.')];
    const key = keyOf(write);
    drafts.save(write, { ...from });
    drafts.save(later, { key });
    expect(drafts.get(key)).toMatchObject({ write: later, ...from });
    const newer = { revision: 4 } as AuthorPost;
    drafts.save(later, { key, base: newer });
    expect(drafts.get(key)).toMatchObject({ base: newer, basedOn: undefined, replaces: 'entry-2' });
  });

  it.each(
    Object.entries({
      held: 'kept',
      saved: 'kept',
      sending: 'kept',
      refused: 'kept',
      conflict: 'kept',
      asking: 'kept',
      'on-disk': 'deleted',
      out: 'deleted',
    } satisfies Record<EntryState['at'], 'kept' | 'deleted'>) as [EntryState['at'], string][],
  )('whose entry is %s are %s, and not listed beside it', async (at, fate) => {
    const drafts = await open();
    const write = post('Rain.');
    drafts.save(write);
    await drafts.handOver(keyOf(write));
    const outbox = outboxWith(write, 'held');
    await drafts.follow(outbox, async () => false);
    outbox.set(at);
    expect(drafts.get(keyOf(write))?.place).toBe(fate === 'kept' ? 'outbox' : undefined);
    expect(drafts.list).toEqual([]);
  });

  it('stay while an earlier change of the same post reaches the disk', async () => {
    const drafts = await open();
    const write: Write = {
      type: 'revise',
      channelId: 'storm',
      postId: newPostId(),
      expected: 1,
      revision: { kind: 'update', changes: {} },
    };
    drafts.save(write);
    await drafts.follow(outboxWith(write, 'on-disk'), async () => false);
    expect(drafts.list).toHaveLength(1);
  });

  it('are listed again if the outbox never had them, but an earlier change of the same post', async () => {
    let now = Date.now();
    const drafts = await open({ now: () => now });
    const changed = (expected: number): Write => ({
      type: 'revise',
      channelId: 'storm',
      postId: '1',
      expected,
      revision: { kind: 'update', changes: {} },
    });
    const outbox = outboxWith(changed(1), 'on-disk');
    now += 60_000;
    drafts.save(changed(2));
    await drafts.handOver(keyOf(changed(2)));
    await drafts.follow(outbox, async () => false);
    expect(drafts.list.map(({ write }) => write)).toEqual([changed(2)]);
  });

  it('are listed again if the outbox has lost them and the server does not have the post', async () => {
    const drafts = await open();
    const [lost, published] = [post('Lost'), post('Published')];
    for (const write of [lost, published]) {
      drafts.save(write);
      await drafts.handOver(keyOf(write));
    }
    await drafts.follow({ entries: [], subscribe: () => () => {} }, async (write) => write === published);
    expect(drafts.list.map(({ write }) => bodyOf(write))).toEqual(['Lost']);
    expect(drafts.get(keyOf(published))).toBeUndefined();
  });

  it('are listed again if the server does not say whether it has the post', async () => {
    const drafts = await open();
    const write = post('Perhaps published');
    drafts.save(write);
    await drafts.handOver(keyOf(write));
    const answer = (getPost: () => Promise<never>) => (of: Write) => isPublished({ getPost } as unknown as AuthorClient, of);
    const away = answer(() => Promise.reject(new NoAnswer('The server could not be reached.')));
    await expect(away(write)).rejects.toThrow();
    await drafts.follow({ entries: [], subscribe: () => () => {} }, away);
    expect(drafts.list.map(({ write }) => bodyOf(write))).toEqual(['Perhaps published']);
    const absent = answer(() => Promise.reject(new ProblemError(problem('not-found'))));
    expect([await absent(write), await isPublished({ getPost: async () => ({}) } as unknown as AuthorClient, write)]).toEqual([
      false,
      true,
    ]);
  });

  describe('of several changes of one post', () => {
    const change = (body: string): Write => ({
      type: 'revise',
      channelId: 'storm',
      postId: '1',
      expected: 1,
      revision: { kind: 'update', changes: { body } },
    });
    const texts = (drafts: Drafts) =>
      drafts.list.map(({ write }) => (write.type === 'revise' ? write.revision.changes.body : '')).sort();

    it('are listed beside each other when one comes back from the outbox', async () => {
      const drafts = await open();
      drafts.save(change('First'));
      await drafts.handOver(keyOf(change('First')));
      const next = await drafts.claimAny(keyOf(change('Second')));
      drafts.save(change('Second'), { key: next });
      drafts.giveBack(change('First'), { place: 'list' });
      drafts.giveBack(change('Third, whose draft is gone'), { place: 'list' });
      expect(texts(drafts)).toEqual(['First', 'Second', 'Third, whose draft is gone']);
    });

    it('come back under their own key only if that is the draft of the same post', async () => {
      const drafts = await open();
      expect(drafts.giveBack(post('Rain.', 'p'), { place: 'list' })).toBe('post:p');
      expect(drafts.giveBack(change('First'), { place: 'list' })).not.toBe(keyOf(change('First')));
    });

    it('are forgotten with their own entry alone', async () => {
      const drafts = await open();
      drafts.save(change('First'));
      await drafts.handOver(keyOf(change('First')));
      drafts.save(change('Second'), { key: await drafts.claimAny(keyOf(change('Second'))) });
      await drafts.forget(change('Second'));
      expect(texts(drafts)).toEqual(['Second']);
      await drafts.forget(change('First'));
      expect(drafts.get(keyOf(change('First')))).toBeUndefined();
      expect(texts(drafts)).toEqual(['Second']);
    });

    it('are deleted when their own entry reaches the disk, whichever revision it expects by then', async () => {
      const drafts = await open();
      for (const body of ['First', 'Second']) {
        const key = await drafts.claimAny(keyOf(change(body)));
        drafts.save(change(body), { key });
        await drafts.handOver(key);
      }
      const sent = { ...change('Second'), expected: 2 } as Write;
      await drafts.follow(outboxWith(sent, 'on-disk'), async () => false);
      await vi.waitFor(() => expect(texts(drafts)).toEqual(['First']));
    });
  });

  it('stay when another change of the coverage, or another write about the post, is delivered', async () => {
    const drafts = await open();
    const about = { channelId: 'storm', postId: 'p' };
    const patch = (headline: string): Write => ({ type: 'update-channel', channelId: 'storm', expected: 1, patch: { headline } });
    const writes: Write[] = [
      { type: 'revise', ...about, expected: 1, revision: { kind: 'update', changes: {} } },
      { type: 'retract', ...about, note: 'No.' },
      { type: 'takedown', ...about, note: null },
      patch('Storm'),
    ];
    for (const write of writes) {
      drafts.save(write);
      await drafts.handOver(keyOf(write));
    }
    expect(drafts.all).toHaveLength(4);
    await drafts.forget(patch('Flood'));
    expect(drafts.all).toHaveLength(4);
    await drafts.forget(patch('Storm'));
    expect(drafts.all.map(({ write }) => write)).toEqual(writes.slice(0, 3));
  });
});

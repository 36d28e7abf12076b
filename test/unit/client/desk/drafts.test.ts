import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { DraftClaims, type Locks } from '../../../../client/browser/desk/drafts/draft-claims.ts';
import { type DraftStore, memoryStore } from '../../../../client/browser/desk/drafts/draft-store.ts';
import { Drafts, type DraftsOptions, keyOf } from '../../../../client/browser/desk/drafts/drafts.ts';
import type { EntryState, OutboxEntry, Write } from '../../../../client/browser/desk/outbox/outbox-model.ts';
import { newPostId } from '../../../../client/lib/ids.ts';

const post = (body: string, id = newPostId()): Write => ({ type: 'publish', channelId: 'storm', post: { id, body } });
const bodyOf = (write: Write | undefined) => (write?.type === 'publish' ? write.post.body : undefined);

async function open(options: Partial<DraftsOptions> = {}): Promise<Drafts> {
  const drafts = new Drafts({ ownerKey: 'ada', store: memoryStore(), ...options });
  onTestFinished(() => drafts.close());
  await drafts.load();
  return drafts;
}

function storage(): Storage {
  const values = new Map<string, string>();
  return {
    get length() {
      return values.size;
    },
    key: (at) => [...values.keys()][at] ?? null,
    getItem: (name) => values.get(name) ?? null,
    setItem: (name, value) => void values.set(name, value),
    removeItem: (name) => void values.delete(name),
    clear: () => values.clear(),
  };
}

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
  it('are stored within half a second of a change, also while their author goes on typing', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const store = memoryStore();
    const drafts = await open({ store });
    const write = post('');
    for (let typed = 1; typed <= 10; typed += 1) {
      drafts.save({ ...write, post: { ...(write as { post: { id: string } }).post, body: 'x'.repeat(typed) } } as Write);
      await vi.advanceTimersByTimeAsync(100);
    }
    const [kept] = await store.load('ada');
    expect(bodyOf(kept?.write)?.length).toBeGreaterThanOrEqual(6);
    await vi.advanceTimersByTimeAsync(500);
    expect(bodyOf((await store.load('ada'))[0]?.write)).toHaveLength(10);
  });

  it('are there again after the page, each for its author', async () => {
    const store = memoryStore();
    const before = await open({ store });
    before.save(post('Rain.'));
    await before.flush();
    expect((await open({ store })).list.map(({ write }) => bodyOf(write))).toEqual(['Rain.']);
    expect((await open({ store, ownerKey: 'grace' })).list).toEqual([]);
  });

  it('are there again if the store failed', async () => {
    const emergency = storage();
    const failing: DraftStore = { ...memoryStore(), put: () => Promise.reject(new Error('full')) };
    const full = new Drafts({ ownerKey: 'ada', store: failing, emergency });
    full.save(post('The last words'));
    await full.flush();
    expect(full.isKept).toBe(false);
    const store = memoryStore();
    const after = await open({ store, emergency });
    expect(after.list.map(({ write }) => bodyOf(write))).toEqual(['The last words']);
    await after.flush();
    expect(emergency.length).toBe(0);
    expect(await store.load('ada')).toHaveLength(1);
  });

  it('of another author whose key begins alike are left alone', async () => {
    const emergency = storage();
    const failing: DraftStore = { ...memoryStore(), put: () => Promise.reject(new Error('full')) };
    for (const ownerKey of ['ada', 'ada-2', 'ada2', 'ad']) {
      const full = new Drafts({ ownerKey, store: failing, emergency });
      full.save(post(`Of ${ownerKey}.`));
      await full.flush();
    }
    const after = await open({ emergency });
    expect(after.list.map(({ write }) => bodyOf(write))).toEqual(['Of ada.']);
    await after.flush();
    expect(emergency.length).toBe(3);
  });

  it('are opened again where they were written, unless they were put aside', async () => {
    const drafts = await open();
    const [aside, current] = [post('Aside'), post('Current')];
    drafts.save(aside);
    drafts.save(current);
    await drafts.putAside(keyOf(aside));
    expect(bodyOf((await drafts.reopen('storm', 'publish'))?.write)).toBe('Current');
    expect(await drafts.reopen('other', 'publish')).toBeUndefined();
    await drafts.putAside(keyOf(current));
    expect(await drafts.reopen('storm', 'publish')).toBeUndefined();
    expect(drafts.list).toHaveLength(2);
  });

  it('are opened in one tab at a time', async () => {
    const store = memoryStore();
    const before = await open({ store });
    before.save(post('Rain.'));
    await before.close();
    const [one, other] = await Promise.all([1, 2].map(() => open({ store, claims: new DraftClaims('ada') })));
    const opened = await one?.reopen('storm', 'publish');
    expect(bodyOf(opened?.write)).toBe('Rain.');
    expect(await other?.reopen('storm', 'publish')).toBeUndefined();
    await one?.close();
    expect(bodyOf((await other?.reopen('storm', 'publish'))?.write)).toBe('Rain.');
  });

  it('are opened although the browser takes its time to grant a lock that nobody holds', async () => {
    const busy: Locks = {
      async request(...request) {
        await pause(400);
        return navigator.locks.request(...request);
      },
      query: () => navigator.locks.query(),
    };
    const claims = new DraftClaims('ada', busy);
    expect(await claims.claim('post:1')).toBe(true);
    claims.release('post:1');
    expect(await claims.claim('post:1')).toBe(true);
    expect(await new DraftClaims('ada').claim('post:1')).toBe(false);
    claims.releaseAll();
  });

  it('are opened again by the tab that has just closed them, however late the browser hears of it', async () => {
    const late: Locks = {
      request: (name, options, held) =>
        navigator.locks.request(name, options, async () => {
          await held();
          await pause(400);
        }),
      query: () => navigator.locks.query(),
    };
    const claims = new DraftClaims('ada', late);
    expect(await claims.claim('post:1')).toBe(true);
    claims.release('post:1');
    expect(await claims.claim('post:1')).toBe(true);
    claims.releaseAll();
  });

  it('are kept until the post is on the disk of the server', async () => {
    const drafts = await open();
    const write = post('Rain.');
    drafts.save(write);
    await drafts.handOver(keyOf(write));
    const outbox = outboxWith(write, 'held');
    await drafts.follow(outbox, async () => false);
    for (const at of ['saved', 'sending', 'refused'] as const) {
      outbox.set(at);
      expect(drafts.get(keyOf(write))?.place).toBe('outbox');
      expect(drafts.list).toEqual([]);
    }
    outbox.set('on-disk');
    expect(drafts.get(keyOf(write))).toBeUndefined();
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

  it('are gone once they are discarded, also for the other tabs', async () => {
    const store = memoryStore();
    const [one, other] = [await open({ store }), await open({ store })];
    const write = post('Rain.');
    one.save(write);
    await one.flush();
    await vi.waitFor(() => expect(other.list).toHaveLength(1));
    await one.discard(keyOf(write));
    await vi.waitFor(() => expect(other.list).toHaveLength(0));
    expect(await store.load('ada')).toEqual([]);
  });
});

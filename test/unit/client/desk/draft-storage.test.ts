import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { DraftClaims, type Locks } from '../../../../client/browser/desk/drafts/draft-claims.ts';
import { type DraftStore, memoryStore } from '../../../../client/browser/desk/drafts/draft-store.ts';
import { Drafts, keyOf } from '../../../../client/browser/desk/drafts/drafts.ts';
import type { Write } from '../../../../client/browser/desk/outbox/outbox-model.ts';
import { bodyOf, open, post } from './tab-drafts.ts';

/** How drafts outlive their page, and what several tabs have of them. */

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

  it('are opened by their author alone, even if the key of another author begins alike', async () => {
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

  it('that are handed over are free for other tabs', async () => {
    const drafts = await open();
    const write = post('Rain.');
    drafts.save(write);
    await drafts.claim(keyOf(write));
    await drafts.handOver(keyOf(write));
    expect(drafts.isOpen(keyOf(write))).toBe(false);
  });

  it('have the words that are typed while they are being stored', async () => {
    const store = memoryStore();
    const { promise: typed, resolve: goOn } = Promise.withResolvers<void>();
    let puts = 0;
    const slow: DraftStore = {
      ...store,
      async put(changed) {
        puts += 1;
        if (puts === 1) await typed;
        await store.put(changed);
      },
    };
    const drafts = await open({ store: slow });
    const [before, after] = ['Rain.', 'Rain, and hail.'].map((body) => post(body, 'p')) as [Write, Write];
    drafts.save(before);
    const storing = drafts.flush();
    drafts.save(after);
    goOn();
    await storing;
    await drafts.flush();
    expect((await store.load('ada')).map(({ write }) => bodyOf(write))).toEqual(['Rain, and hail.']);
  });

  it('that are being written are not replaced by what another tab has stored', async () => {
    const store = memoryStore();
    const drafts = await open({ store });
    const [typed, stored] = ['As typed', 'As stored before'].map((body) => post(body, 'p')) as [Write, Write];
    await store.put([{ key: 'post:p', ownerKey: 'ada', write: stored, changedAt: 1, place: 'composer' }]);
    const fresh = post('New');
    for (const write of [typed, fresh]) drafts.save(write);
    await drafts.load();
    expect(drafts.list.map(({ write }) => bodyOf(write)).sort()).toEqual(['As typed', 'New']);
  });

  it('are copied when the page is hidden, and an older copy never replaces a stored text', async () => {
    const page = new EventTarget();
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
    vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page));
    onTestFinished(() => void vi.unstubAllGlobals());
    const emergency = storage();
    const never: DraftStore = { ...memoryStore(), put: () => new Promise(() => {}) };
    const dying = new Drafts({ ownerKey: 'ada', store: never, emergency, now: () => 5 });
    dying.save(post('The last words', 'p'));
    page.dispatchEvent(new Event('pagehide'));
    const texts = async (changedAt: number) => {
      const store = memoryStore();
      await store.put([{ key: 'post:p', ownerKey: 'ada', write: post('As stored', 'p'), changedAt, place: 'composer' }]);
      const { list } = await open({ store, emergency });
      return list.map(({ write }) => bodyOf(write));
    };
    expect([await texts(9), await texts(1)]).toEqual([['As stored'], ['The last words']]);
  });

  it('that are discarded while nothing can be stored do not come back', async () => {
    const emergency = storage();
    const failing: DraftStore = { ...memoryStore(), put: () => Promise.reject(new Error('full')) };
    const full = new Drafts({ ownerKey: 'ada', store: failing, emergency });
    const write = post('Not to be kept');
    full.save(write);
    await full.flush();
    await full.discard(keyOf(write));
    expect((await open({ emergency })).list).toEqual([]);
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
    expect([one, other].map((drafts) => drafts?.isOpen(opened?.key ?? ''))).toEqual([true, false]);
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

  it('are gone once they are discarded, also if they are read again before the store has deleted them', async () => {
    const store = memoryStore();
    const { promise: deleted, resolve: goOn } = Promise.withResolvers<void>();
    const slow: DraftStore = { ...store, remove: (draft) => deleted.then(() => store.remove(draft)) };
    const drafts = await open({ store: slow });
    onTestFinished(() => goOn());
    const write = post('Rain.');
    drafts.save(write);
    await drafts.flush();
    const reading = drafts.load();
    const discarding = drafts.discard(keyOf(write));
    await reading;
    expect(drafts.list).toEqual([]);
    goOn();
    await discarding;
    expect(await store.load('ada')).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { Persistence } from '../../../client/lib/persistence.ts';
import type { SavedReader } from '../../../client/lib/reader-types.ts';
import { restoreTimeline, saveTimeline } from '../../../client/lib/timeline/saved-timeline.ts';
import { applyEvent, fromSnapshot } from '../../../client/lib/timeline/timeline.ts';
import { ModelServer } from '../../support/servers/model-server.ts';

const asOf = '2026-11-24T12:00:00.000Z';

/** The saved state and its limits. */

function held(posts: number, html: string): SavedReader {
  const model = new ModelServer();
  for (let each = 0; each < posts; each += 1) model.publish({ kind: 'update', keyEvent: each % 2 === 0 });
  const snapshot = model.snapshot(posts);
  const long = snapshot.posts.map((post) => ({ ...post, html }));
  const timeline = fromSnapshot({ ...snapshot, posts: long }, model.head);
  return { cursor: timeline.cursor, timeline: saveTimeline(timeline), asOf };
}
async function kept(saved: SavedReader) {
  const items = new Map<string, string>();
  const storage = {
    getItem: (key: string) => items.get(key),
    setItem: (key: string, value: string) => items.set(key, value),
    removeItem: (key: string) => items.delete(key),
  };
  const keeper = new Persistence(storage, 'https://live.example/news/', 'moon', () => saved);
  keeper.changed(true);
  const [[key, text] = ['', '']] = [...items];
  return { key, text, loaded: await keeper.load() };
}

describe('saved reader state', () => {
  it('has a key for each server and channel', async () => {
    expect((await kept(held(1, 'x'))).key).toBe('pressbox:https://live.example/news:moon');
  });

  it('has at most the newest hundred posts, and a window that ends with them', async () => {
    const { loaded } = await kept(held(150, '<p>Short</p>'));
    expect(loaded?.timeline?.posts).toHaveLength(100);
    expect(loaded?.timeline?.floor).toBe(loaded?.timeline?.posts.at(-1)?.seq);
    const whole = await kept(held(100, '<p>Short</p>'));
    expect(whole.loaded?.timeline).toMatchObject({ floor: 0, posts: { length: 100 } });
  });

  it('has at most half a million characters: fewer posts, in the end the cursor alone', async () => {
    const some = await kept(held(100, 'x'.repeat(20_000)));
    expect(some.text.length).toBeLessThanOrEqual(524_288);
    expect(some.loaded?.timeline?.posts).toHaveLength(25);
    const none = await kept(held(3, 'x'.repeat(600_000)));
    expect(none.loaded).toEqual({ cursor: none.loaded?.cursor });
    expect(none.loaded?.cursor).toMatch(/^0{12}\.4\./);
  });

  it('is not overwritten by another tab that is behind and may hold withdrawn texts', async () => {
    for (const isSlow of [false, true]) {
      const items = new Map<string, string>();
      const answer = <T>(value: T) => (isSlow ? Promise.resolve(value) : value);
      const storage = {
        getItem: (key: string) => answer(items.get(key)),
        setItem: (key: string, value: string) => answer(items.set(key, value)),
        removeItem: (key: string) => answer(items.delete(key)),
      };
      const settled = () => new Promise((resolve) => setImmediate(resolve));
      const model = new ModelServer();
      model.publish({ kind: 'update', keyEvent: false });
      const behind = fromSnapshot(model.snapshot(9), model.head);
      model.withdraw(0, 'taken-down');
      const ahead = applyEvent(behind, model.event(model.head));
      let current = behind;
      const keeperOf = (timeline: () => typeof behind) =>
        new Persistence(storage, 'https://live.example', 'moon', () => ({
          cursor: timeline().cursor,
          timeline: saveTimeline(timeline()),
        }));
      keeperOf(() => ahead).changed(true);
      await settled();
      const other = keeperOf(() => current);
      other.changed(true);
      await settled();
      expect([...items.values()].map((text) => JSON.parse(text).cursor)).toEqual([ahead.cursor]);
      // Another history: a tab overwrites its own state.
      current = ahead;
      other.changed(true);
      await settled();
      model.reset(2);
      current = fromSnapshot(model.snapshot(9), model.head);
      other.changed(true);
      await settled();
      expect([...items.values()].map((text) => JSON.parse(text).cursor)).toEqual([current.cursor]);
      // It also overwrites another tab’s state of a history that is gone.
      for (let each = 0; each < 9; each += 1) model.publish({ kind: 'update', keyEvent: false });
      const gone = fromSnapshot(model.snapshot(9), model.head);
      keeperOf(() => gone).changed(true);
      await settled();
      model.reset(2);
      current = fromSnapshot(model.snapshot(9), model.head);
      keeperOf(() => current).changed(true);
      await settled();
      expect([...items.values()].map((text) => JSON.parse(text).cursor)).toEqual([current.cursor]);
    }
  });

  it('follows a history that is restored to an earlier time', async () => {
    const items = new Map<string, string>();
    const storage = {
      getItem: (key: string) => items.get(key),
      setItem: (key: string, value: string) => items.set(key, value),
      removeItem: (key: string) => items.delete(key),
    };
    const model = new ModelServer();
    model.publish({ kind: 'update', keyEvent: false });
    const before = fromSnapshot(model.snapshot(9), model.head);
    model.publish({ kind: 'update', keyEvent: false });
    let current = fromSnapshot(model.snapshot(9), model.head);
    const keeper = new Persistence(storage, 'https://live.example', 'moon', () => ({
      cursor: current.cursor,
      timeline: saveTimeline(current),
    }));
    keeper.changed(true);
    current = before;
    keeper.changed(true);
    expect([...items.values()].map((text) => JSON.parse(text).cursor)).toEqual([before.cursor]);
    keeper.close();
  });

  it('is written again as soon as a slow storage is ready, if a text was withdrawn in the meantime', async () => {
    const writing: { text: string; done: () => void }[] = [];
    const storage = {
      getItem: () => null,
      setItem: (_key: string, text: string) => new Promise<void>((done) => writing.push({ text, done })),
      removeItem: () => {},
    };
    const model = new ModelServer();
    model.publish({ kind: 'update', keyEvent: false });
    let current = fromSnapshot(model.snapshot(9), model.head);
    const keeper = new Persistence(storage, 'https://live.example', 'moon', () => ({
      cursor: current.cursor,
      timeline: saveTimeline(current),
    }));
    keeper.changed(false);
    model.withdraw(0, 'taken-down');
    current = applyEvent(current, model.event(model.head));
    keeper.changed(true);
    keeper.changed(false);
    expect(writing).toHaveLength(1);
    writing[0]?.done();
    await new Promise((resolve) => setImmediate(resolve));
    expect(writing[1]?.text).toContain(current.cursor);
    writing[1]?.done();
    keeper.close();
  });

  it('restores a timeline as if it had never been away', async () => {
    const model = new ModelServer();
    for (let each = 0; each < 120; each += 1) model.publish({ kind: 'update', keyEvent: false });
    const timeline = fromSnapshot(model.snapshot(120), model.head);
    const { loaded } = await kept({ cursor: timeline.cursor, timeline: saveTimeline(timeline), asOf });
    const restored = restoreTimeline(loaded!.timeline!, 'moon')!;
    model.revise(0, 'correction', {});
    model.revise(110, 'correction', {});
    const later = [model.event(model.head - 1), model.event(model.head)].reduce(applyEvent, restored);
    // The second post was not saved, and is loaded with its page.
    expect(later.posts).toEqual(model.snapshot(100).posts);
  });
});

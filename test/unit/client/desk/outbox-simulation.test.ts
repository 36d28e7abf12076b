import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Write } from '../../../../client/browser/desk/outbox/outbox-model.ts';
import type { StoredEntry } from '../../../../client/browser/desk/outbox/stored-entry.ts';
import { newPostId } from '../../../../client/lib/ids.ts';
import { author, SimulatedDesk, type SimulatedTab } from './simulated-desk.ts';

/** Random days at the desk: whatever happens, the promise of the outbox holds at the end. */

const minute = 60_000;
const actions = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('publish' as const), holdMs: fc.constantFrom(0, 5_000, 30_000) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('edit' as const), which: fc.nat(), holdMs: fc.constantFrom(0, 5_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('retract' as const), which: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('undo', 'publish now', 'discard'), which: fc.nat() }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      ms: fc.constantFrom(10, 60, 100, 1_000, 4_990, 5_100, 40_000, 5 * minute),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('sleep' as const),
      ms: fc.constantFrom(60, 5_000, 5 * minute, 31 * minute, 23 * 60 * minute, 25 * 60 * minute),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('lose' as const),
      what: fc.array(fc.constantFrom('request', 'answer'), { maxLength: 3 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('offline', 'online', 'server away', 'server back') }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('session ends', 'ben signs in', 'ada signs in') }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('open tab', 'kill tab', 'reload'), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('colleague' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('storage fails', 'too many requests', 'clock set back') }) },
);
type Action = typeof actions extends fc.Arbitrary<infer A> ? A : never;

const channelId = 'eclipse';

class Day {
  readonly desk = new SimulatedDesk();
  /** The text of every write that the outbox accepted, by the id of its entry. */
  readonly accepted = new Map<string, Write>();
  /** The writes that the author took back. */
  readonly takenBack = new Set<string>();
  #texts = 0;

  async take(action: Action): Promise<void> {
    const { desk } = this;
    const tab = desk.tabs[0];
    switch (action.do) {
      case 'publish': {
        const post = { id: newPostId(), body: `Text ${++this.#texts}.` };
        return this.#add(tab, { type: 'publish', channelId, post }, action.holdMs);
      }
      case 'edit': {
        const post = this.#aPost(action.which);
        if (post === undefined) return;
        const expected = desk.newsroom.current(post)?.revision ?? 1;
        const revision = { kind: 'correction', note: 'We were wrong.', changes: { body: `Text ${++this.#texts}.` } } as const;
        return this.#add(tab, { type: 'revise', channelId, postId: post, expected, revision }, action.holdMs);
      }
      case 'retract': {
        const post = this.#aPost(action.which);
        if (post === undefined) return;
        return this.#add(tab, { type: 'retract', channelId, postId: post, note: 'It did not happen.' }, 0);
      }
      case 'undo':
      case 'discard':
      case 'publish now': {
        const entry = tab?.outbox.entries[action.which % Math.max(1, tab.outbox.entries.length)];
        if (tab === undefined || entry === undefined) return;
        if (action.do === 'publish now') return void (await tab.outbox.publishNow(entry.id).catch(() => {}));
        const taken = await (action.do === 'undo' ? tab.outbox.undo(entry.id) : tab.outbox.discard(entry.id)).catch(
          () => undefined,
        );
        if (taken !== undefined) this.takenBack.add(entry.id);
        return;
      }
      case 'pass':
        return desk.pass(action.ms);
      case 'sleep':
        return desk.sleep(action.ms);
      case 'lose':
        desk.losses = [...action.what] as ('request' | 'answer')[];
        return;
      case 'offline':
      case 'online':
        desk.isOnline = action.do === 'online';
        for (const { outbox } of desk.tabs) outbox.wake();
        return;
      case 'server away':
      case 'server back':
        desk.isServerUp = action.do === 'server back';
        return;
      case 'session ends':
      case 'ben signs in':
      case 'ada signs in':
        desk.newsroom.signedIn = { 'session ends': undefined, 'ben signs in': 'ben', 'ada signs in': author }[action.do];
        return;
      case 'open tab':
        if (desk.tabs.length < 3) await desk.openTab();
        return;
      case 'kill tab':
      case 'reload':
        desk.tabs[action.which % Math.max(1, desk.tabs.length)]?.kill();
        if (action.do === 'reload') await desk.openTab();
        return;
      case 'colleague': {
        const post = this.#aPost(action.which);
        if (post !== undefined) desk.newsroom.reviseAs('carla', post, `Text ${++this.#texts} by a colleague.`);
        return;
      }
      case 'storage fails':
        desk.failingChanges = 2;
        return;
      case 'too many requests':
        desk.newsroom.refusal = 'rate-limited';
        await desk.pass(2_000);
        desk.newsroom.refusal = undefined;
        return;
      case 'clock set back':
        desk.now -= 90 * minute;
    }
  }

  /** Everything works again, and the author answers nothing. */
  async heal(): Promise<void> {
    const { desk } = this;
    Object.assign(desk, { isOnline: true, isServerUp: true, losses: [], failingChanges: 0 });
    desk.newsroom.signedIn = author;
    if (desk.tabs.length === 0) await desk.openTab();
    for (const { outbox } of desk.tabs) outbox.wake();
    for (let round = 0; round < 4; round += 1) await desk.pass(2 * minute);
  }

  /** The author publishes whatever the desk asks about, and everything works. Returns the entries that it asked about. */
  async answer(): Promise<string[]> {
    const asked = (await this.desk.entries()).filter(({ state }) => state.at === 'asking').map(({ id }) => id);
    for (const id of asked) await this.desk.tabs[0]?.outbox.publishNow(id);
    await this.desk.pass(2 * minute);
    return asked;
  }

  async #add(tab: SimulatedTab | undefined, write: Write, holdMs: number): Promise<void> {
    if (tab === undefined) return;
    const entry = await tab.outbox.add(write, { holdMs, urgent: holdMs === 0 }).catch(() => undefined);
    if (entry !== undefined) this.accepted.set(entry.id, entry.write);
  }

  /** A post that was published or is in the outbox. */
  #aPost(which: number): string | undefined {
    const posts = [...this.accepted.values()].flatMap((write) => (write.type === 'publish' ? [write.post.id] : []));
    return posts[which % Math.max(1, posts.length)];
  }
}

function textOf(write: Write): string | undefined {
  if (write.type === 'publish') return write.post.body;
  return write.type === 'revise' ? write.revision.changes.body : undefined;
}

async function checkPromise({ desk, accepted, takenBack }: Day): Promise<void> {
  const left = new Map((await desk.entries()).map((entry) => [entry.id, entry]));
  const { journal } = desk.newsroom;
  for (const [id, write] of accepted) {
    const text = textOf(write);
    const times = journal.filter(({ post, type }) =>
      text === undefined ? type === 'retracted' && 'postId' in write && post.id === write.postId : post.body === text,
    );
    const state = left.get(id)?.state.at ?? desk.known.get(id)?.state.at;
    if (takenBack.has(id)) {
      if (text !== undefined) expect(times, `${id}, taken back`).toEqual([]);
    } else if (state === 'on-disk' || state === 'out') {
      expect(times.length, `${id}, delivered: how often it is in the journal`).toBe(1);
    } else {
      // It stands in a list, with its text, and nothing is stuck without a word.
      expect(left.get(id)?.write, `${id} is on the device`).toEqual(write);
      if (text !== undefined) expect(times, `${id}, ${state}, is not in the journal`).toEqual([]);
      const waits = left.get(id)?.waitsFor.some((first) => left.has(first));
      if (!waits) expect(['refused', 'conflict', 'asking']).toContain(state);
    }
  }
  expect(journal.filter(({ by }) => by !== author && by !== 'carla')).toEqual([]);
  const delivered = [...desk.known.values()].filter(({ state }) => state.at === 'on-disk' || state.at === 'out');
  // An entry that builds on a later one waits for it.
  const placeOf = (entry: StoredEntry): number =>
    Math.max(desk.left.get(entry.id) ?? 0, ...entry.waitsFor.map((id) => placeOf(desk.known.get(id) ?? entry)));
  const places = journal
    .filter(({ type }) => type !== 'retracted')
    .flatMap(({ post }) => delivered.filter(({ write }) => textOf(write) === post.body).map(placeOf));
  expect(places, 'the order of the journal').toEqual(places.toSorted((a, b) => a - b));
}

it('sends everything that left the undo window exactly once and in order, or lists it, whatever happens', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(actions, { minLength: 5, maxLength: 40 }), async (taken) => {
      const day = new Day();
      await day.desk.openTab();
      for (const action of taken) await day.take(action);
      await day.heal();
      await checkPromise(day);
      const asked = await day.answer();
      for (const id of asked) expect(day.desk.known.get(id)?.state.at, `${id}, asked about again`).not.toBe('asking');
      await checkPromise(day);
    }),
    { numRuns: Number(process.env.DESK_RUNS ?? 150), ...(process.env.DESK_SEED && { seed: Number(process.env.DESK_SEED) }) },
  );
});

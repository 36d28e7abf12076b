import { describe, expect, it } from 'vitest';
import { type Delivery, hindranceOf, type Write } from '../../../../client/browser/desk/outbox/outbox-model.ts';
import { newPostId } from '../../../../client/lib/ids.ts';
import { author, SimulatedDesk, type SimulatedTab } from './simulated-desk.ts';

/** The outbox of a whole desk: when it sends, what it says while it cannot, and what its other tabs know. */

const minute = 60_000;
const post = (body = 'Rain.'): Write => ({ type: 'publish', channelId: 'eclipse', post: { id: newPostId(), body } });
const now = { holdMs: 0 };

/** What keeps entries from being sent, and what ends it. */
const hindrances: Record<Exclude<Delivery, 'ready'>, [Change, Change]> = {
  offline: [{ isOnline: false }, { isOnline: true }],
  unreachable: [{ isServerUp: false }, { isServerUp: true }],
  'signed-out': [{ signedIn: undefined }, { signedIn: author }],
  'other-author': [{ signedIn: 'ben' }, { signedIn: author }],
  'storage-failed': [{ failingReads: true }, { failingReads: false }],
  outdated: [{ isOutdated: true }, { isOutdated: false }],
};
type Change =
  | Partial<Pick<SimulatedDesk, 'isOnline' | 'isServerUp' | 'failingReads' | 'isOutdated'>>
  | Pick<SimulatedDesk['newsroom'], 'signedIn'>;

function make(change: Change, desk: SimulatedDesk): void {
  Object.assign('signedIn' in change ? desk.newsroom : desk, change);
}

async function open(): Promise<{ desk: SimulatedDesk; tab: SimulatedTab; other: SimulatedTab }> {
  const desk = new SimulatedDesk();
  const [tab, other] = [await desk.openTab(), await desk.openTab()];
  return { desk, tab, other };
}
const texts = ({ newsroom }: SimulatedDesk) => newsroom.journal.map(({ post }) => post.body);

describe.each(Object.keys(hindrances) as (keyof typeof hindrances)[])('an outbox that is %s', (delivery) => {
  const [begin, end] = hindrances[delivery];

  it('says so in every tab, sends nothing, and goes on when a tab is told to try again', async () => {
    const { desk, tab, other } = await open();
    await tab.outbox.add(post(), { holdMs: 1_000 });
    make(begin, desk);
    await desk.pass(2 * minute);
    const late = delivery === 'storage-failed' ? other : await desk.openTab();
    for (const { outbox } of [tab, other, late]) expect(outbox.delivery).toBe(delivery);
    expect(texts(desk)).toEqual([]);
    make(end, desk);
    other.outbox.wake();
    await desk.pass(500);
    expect(texts(desk)).toEqual(['Rain.']);
    for (const { outbox } of [tab, other]) expect(outbox.delivery).toBe('ready');
  });
});

it('a desk names the lost network also while nothing is to be sent', async () => {
  const { desk, tab } = await open();
  desk.isOnline = false;
  tab.outbox.wake();
  await desk.pass(0);
  expect(tab.outbox.delivery).toBe('offline');
  expect([hindranceOf('ready', false), hindranceOf('ready', true), hindranceOf('signed-out', false)]).toEqual([
    'offline',
    undefined,
    'signed-out',
  ]);
});

describe('the sender', () => {
  it('waits as long as the server asks it to', async () => {
    const { desk, tab } = await open();
    desk.newsroom.refusedWrites = { code: 'rate-limited', retryAfter: 50 };
    await tab.outbox.add(post(), now);
    await desk.pass(1_000);
    desk.newsroom.refusedWrites = undefined;
    await desk.pass(45_000);
    expect(texts(desk)).toEqual([]);
    await desk.pass(10_000);
    expect(texts(desk)).toEqual(['Rain.']);
  });

  it('does not wait longer because the clock was set back', async () => {
    const { desk, tab } = await open();
    desk.isServerUp = false;
    await tab.outbox.add(post(), now);
    await desk.pass(100);
    desk.isServerUp = true;
    desk.now -= 50_000;
    await desk.pass(2_000);
    expect(texts(desk)).toEqual(['Rain.']);
  });

  it('begins with short pauses again after it has sent something', async () => {
    const { desk, tab } = await open();
    desk.isServerUp = false;
    for (const body of ['First.', 'Second.']) await tab.outbox.add(post(body), now);
    await desk.pass(5 * minute);
    desk.isServerUp = true;
    desk.losses = [undefined, 'request'];
    for (let steps = 0; desk.losses.length > 0 && steps < 600; steps += 1) await desk.pass(100);
    expect(texts(desk)).toEqual(['First.']);
    await desk.pass(3_000);
    expect(texts(desk)).toEqual(['First.', 'Second.']);
  });

  it('goes on after a reload with a post whose answer was lost', async () => {
    const { desk, tab, other } = await open();
    desk.losses = ['answer'];
    await tab.outbox.add(post(), now);
    await desk.pass(100);
    for (const one of [tab, other]) one.kill();
    const after = await desk.openTab();
    await desk.pass(minute);
    expect(after.outbox.entries.map(({ state }) => state.at)).toEqual(['on-disk']);
    expect(texts(desk)).toEqual(['Rain.']);
  });

  it('asks about what was held when the device went to sleep, whichever tab had it', async () => {
    const { desk, tab, other } = await open();
    const { id } = await other.outbox.add(post(), { holdMs: 5_000 });
    await desk.sleep(10 * minute);
    expect(tab.outbox.entries.map(({ id, state }) => [id, state.at])).toEqual([[id, 'asking']]);
  });

  it.each(['add', 'publishNow'] as const)('lets nothing overtake a post whose undo window is over: %s', async (how) => {
    const { desk, tab } = await open();
    await tab.outbox.add(post('First.'), { holdMs: 5_000 });
    const held = await tab.outbox.add(post('Held.'), { holdMs: 30_000 });
    // The alarm has not rung yet.
    desk.now += 6_000;
    if (how === 'add') await tab.outbox.add(post('Urgent.'), { holdMs: 0, urgent: true });
    else await tab.outbox.publishNow(held.id);
    await desk.pass(1_000);
    expect(texts(desk)).toEqual(['First.', how === 'add' ? 'Urgent.' : 'Held.']);
  });
});

describe('a delivered post', () => {
  it.each([
    ['before the server has answered', 60],
    ['after the server has answered', 1_000],
  ])('is out when the subscription of the desk receives it %s', async (_when, ms) => {
    const { desk, tab } = await open();
    await tab.outbox.add(post(), now);
    await desk.pass(ms * 2);
    const cursor = `${'a'.repeat(12)}.1.${'b'.repeat(16)}`;
    tab.outbox.received('eclipse', { cursor });
    await desk.pass(1_000);
    expect(tab.outbox.entries.map(({ state }) => state.at)).toEqual(['out']);
  });

  it('leaves the list of every tab after an hour, also in a coverage that no tab receives', async () => {
    const { desk, tab, other } = await open();
    await tab.outbox.add(post(), now);
    await desk.pass(60 * minute - 1_000);
    for (const { outbox } of [tab, other]) expect(outbox.entries.map(({ state }) => state.at)).toEqual(['on-disk']);
    await desk.pass(2_000);
    for (const { outbox } of [tab, other]) expect(outbox.entries).toEqual([]);
  });
});

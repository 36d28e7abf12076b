import { expect, it } from 'vitest';
import { seedOf } from '../support/authors/busy-day.ts';
import { randomFrom } from '../support/samples/random.ts';
import { strictPolicy } from '../support/servers/host-page.ts';
import { drawn, type TestBrowser } from './browser.ts';
import { eventually, few, hide } from './newsroom.ts';
import { areLive, siteAround, tag } from './site-around.ts';

/** Where the indicator is: on the server's page, on its page of older posts, in an element, or in one that holds new posts back. */
const places = ['page', 'older', 'element', 'hold'] as const;
type Place = (typeof places)[number];

/** What the page's bar or the margin of an element covers, and the indicator, which may take more than two lines. CSS pixels. */
const coveredAbove = { page: 36, element: 12 };
const coveredBelow = 64;
const aroundIndicator = 20;
/** The first line, also if its text is twice as large as usual. CSS pixels. */
const lineHeight = 48;

/**
 * The most that a text may move that should stay in its place. CSS pixels. Both ends of a distance are measured to a sixtieth of a
 * pixel. Firefox rounds scroll positions after a layout, which moved a text by up to a quarter of a pixel more than the one pixel
 * that the page leaves uncorrected.
 */
const mostMoved = { Chromium: 1 + 2 / 60, Firefox: 1.5 };

/** A post of the list as it stands in the window. */
interface Standing {
  id: string;
  revision: number;
  top: number;
  bottom: number;
  line: Rect;
  note: Rect | null;
}
interface Rect {
  top: number;
  height: number;
}
interface View {
  /** The headline, which the test changes to find out what has arrived. */
  headline: string;
  /** What the indicator says. Empty while it is hidden. */
  indicator: string;
  indicatorBox: { top: number; bottom: number; height: number } | null;
  title: string;
  height: number;
  /** How far the window can still be scrolled down. */
  below: number;
  /** The top of the list. */
  start: number;
  posts: Standing[];
  focused: string | null;
}

/** Runs in the page. Knows nothing of how the page tracks what was seen. */
const lookAt = `(() => {
  const root = document.querySelector('pressbox-live')?.shadowRoot ?? document;
  const rect = (element) => {
    if (!element) return null;
    const { top, bottom, height } = element.getBoundingClientRect();
    return { top, bottom, height };
  };
  const button = root.getElementById('new-posts');
  const list = root.getElementById('posts');
  return {
    headline: root.querySelector('h1, .title').textContent,
    indicator: button.hidden ? '' : button.textContent.trim(),
    indicatorBox: button.hidden ? null : rect(button),
    title: document.title,
    height: innerHeight,
    below: document.documentElement.scrollHeight - innerHeight - scrollY,
    start: list.getBoundingClientRect().top,
    posts: [...list.querySelectorAll(':scope > .post')].map((post) => ({
      id: post.dataset.post,
      revision: Number(post.dataset.revision),
      ...rect(post),
      line: rect(post.querySelector('.line')),
      note: rect([...post.querySelectorAll('.change-correction, .change-clarification, .withdrawal')].at(-1)),
    })),
    focused: root.activeElement?.closest('.post')?.dataset.post ?? null,
  };
})()`;

type Counted = 'posts' | 'corrections' | 'withdrawals';

/** The test's own log of what was published and what stood in the window. */
class Log {
  /** Every post, oldest first. */
  readonly posts: { id: string; revision: number; isWithdrawn: boolean }[] = [];
  readonly arrived = new Set<string>();
  readonly unseen = new Map<string, { counts: Counted; revision: number }>();
  /** In whole pixels, as the page measures it. */
  #indicatorHeight = 0;

  count(counted: Counted): number {
    return [...this.unseen.values()].filter(({ counts }) => counts === counted).length;
  }

  /** Where the indicator must lead: to the newest unseen post, else to the newest post with a change. */
  get first(): string | undefined {
    const unseen = this.posts.toReversed().map(({ id }) => [id, this.unseen.get(id)?.counts] as const);
    return (unseen.find(([, counts]) => counts === 'posts') ?? unseen.find(([, counts]) => counts !== undefined))?.[0];
  }

  see(view: View, top: number): void {
    // The indicator may have grown because of what has just been seen.
    const now = Math.round(view.indicatorBox?.height ?? 0);
    const height = Math.min(now, this.#indicatorHeight);
    this.#indicatorHeight = now;
    const bottom = view.height - Math.max(coveredBelow, height + aroundIndicator);
    for (const { id, revision, line, note } of view.posts) {
      const unseen = this.unseen.get(id);
      if (unseen === undefined) continue;
      expect(revision).toBeGreaterThanOrEqual(unseen.revision);
      const mark = unseen.counts === 'posts' ? line : note;
      if (mark === null) throw new Error(`Post ${id} has no note.`);
      const end = mark.top + Math.min(mark.height, lineHeight);
      if (mark.top >= top && end <= bottom) this.unseen.delete(id);
    }
  }
}

/**
 * Random readers of random coverage. After each step the indicator must count what the log says, and what is being read must not
 * have moved.
 */
export function examineUnseenNews(
  start: () => Promise<TestBrowser>,
  { name, steps, runs = 1 }: { name: keyof typeof mostMoved; steps: number; runs?: number },
): void {
  const site = siteAround(start);

  it.each(places)('counts what has not been seen over random steps, and moves nothing being read: %s', async (place) => {
    for (let nth = 0; nth < runs; nth += 1) await run(place, seedOf(`the indicator in ${name}, ${place}`));
  });

  async function run(place: Place, seed: number): Promise<void> {
    const { room } = site;
    const random = randomFrom(seed);
    const below = (end: number) => Math.floor(random() * end);
    const oneOf = <T>(all: readonly T[]): T => all[below(all.length)] as T;
    let texts = 0;
    /** A text of its own, because a change must change something. */
    const text = () => {
      texts += 1;
      return `${texts}. ${few.repeat(1 + below(3)).slice(below(200))}`;
    };
    const log = new Log();
    const seenAs: string[] = [];
    const isElement = place === 'element' || place === 'hold';

    const { id: channelId } = await room.coverage();
    async function publish(): Promise<void> {
      const headline = oneOf([null, 'A headline', 'A headline that is long enough to take a second line on a telephone']);
      const { post } = await room.author.publish(channelId, { headline, body: text() });
      log.posts.push({ id: post.id, revision: 1, isWithdrawn: false });
    }
    for (let nth = 0; nth < 30; nth += 1) await publish();
    const from = place === 'older' ? (await room.author.getPost(channelId, log.posts[24]?.id ?? '')).seq : 0;
    const viewport = oneOf([
      { width: 1000, height: 700 },
      { width: 390, height: 844 },
      { width: 320, height: 480 },
    ]);
    const { page } = await room.browser.page({ viewport });
    if (isElement) {
      const body = `<p>Before.</p>${tag(channelId, place === 'hold' ? 'hold' : '')}<p style="height: 900px">After.</p>${site.script()}`;
      await page.goto(site.page(body, { policy: `${strictPolicy(room.server.url)}; style-src-attr 'unsafe-inline'` }));
      await areLive(page);
    } else {
      await page.goto(`${room.server.url}/live/${channelId}${from > 0 ? `?before=${from}` : ''}`);
      await page.locator('#connection[data-state="live"]').waitFor();
    }
    const edge = coveredAbove[isElement ? 'element' : 'page'];
    const look = () => page.evaluate<View>(lookAt);
    const settled = async () => {
      await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))');
      await drawn(page);
    };
    let isHidden = false;
    let marks = 0;

    /** Waits until everything so far has arrived. The headline keeps its width. */
    async function arrives(): Promise<void> {
      marks += 1;
      const headline = `Coverage ${String(marks).padStart(4, '0')}`;
      await room.author.updateChannel(channelId, '*', { headline, change: { kind: 'refile', note: null } });
      await eventually(async () => expect((await look()).headline).toBe(headline));
    }

    /** One change of the newsroom. `view`: what was on the page before. Returns the id of the changed post, if it is an older one. */
    async function change(view: View): Promise<string | undefined> {
      const kind = oneOf([
        'publish',
        'publish',
        'correction',
        'correction',
        'clarification',
        'refile',
        'update',
        'retract',
        'takedown',
      ] as const);
      seenAs.push(kind);
      if (kind === 'publish') {
        await publish();
        const { id } = log.posts.at(-1) as { id: string };
        log.arrived.add(id);
        log.unseen.set(id, { counts: 'posts', revision: 1 });
        return undefined;
      }
      const near = view.posts.map(({ id }) => id);
      const published = log.posts.filter((post) => !post.isWithdrawn);
      const post = oneOf(random() < 0.7 ? published.filter(({ id }) => near.includes(id)) : published) ?? oneOf(published);
      if (post === undefined) return undefined;
      const { id } = post;
      if (kind === 'retract') await room.author.retract(channelId, id, { note: 'It was not so.' });
      else if (kind === 'takedown') await room.author.takedown(channelId, id, { note: 'By order.' });
      else {
        const note = kind === 'refile' ? {} : { note: `It was otherwise. ${text().slice(0, 90)}` };
        await room.author.revise(channelId, id, post.revision, { kind, ...note, changes: { body: text() } });
      }
      post.revision += 1;
      post.isWithdrawn = kind === 'retract' || kind === 'takedown';
      if (log.unseen.get(id)?.counts === 'posts') {
        if (post.isWithdrawn) log.unseen.delete(id);
        else log.unseen.set(id, { counts: 'posts', revision: post.revision });
      } else if (near.includes(id) && kind !== 'refile' && kind !== 'update') {
        log.unseen.set(id, { counts: post.isWithdrawn ? 'withdrawals' : 'corrections', revision: post.revision });
      }
      return id;
    }

    /** Changes of the newsroom, after which the text being read must be where it was. */
    async function changes(count: number, reconnect = async () => {}): Promise<void> {
      const before = await look();
      const changed = new Set<string | undefined>();
      for (let nth = 0; nth < count; nth += 1) changed.add(await change(before));
      await reconnect();
      await arrives();
      await settled();
      const after = await look();
      const isAtTop = before.start >= 0;
      const reading = before.posts.find(({ bottom }) => bottom > edge);
      if (isAtTop || reading === undefined || reading.top >= before.height || changed.has(reading.id)) return;
      const now = after.posts.find(({ id }) => id === reading.id);
      const moved = (now?.line.top ?? Number.NaN) - reading.line.top;
      // A window that is scrolled to the end cannot follow a text that moves down because the page becomes shorter below it. Several
      // changes may make the page shorter and then longer again.
      const isAtEnd = after.below <= 1 || (count > 1 && before.below < before.height);
      expect(isAtEnd ? -moved : Math.abs(moved), `moved by ${seenAs.join(', ')}`).toBeLessThanOrEqual(mostMoved[name]);
    }

    const scroll = (to: string) => page.evaluate(`window.scrollTo({ top: ${to}, behavior: 'instant' })`);

    const actions: Record<string, () => Promise<unknown>> = {
      change: () => changes(1),
      'change, then': () => changes(1),
      scroll: () => scroll(`scrollY + ${below(1_800) - 900}`),
      'scroll a little': () => scroll(`scrollY + ${below(160) - 80}`),
      'to the top': () => scroll('0'),
      'to a post': async () => {
        const { id } = oneOf((await look()).posts) ?? {};
        await page
          .locator(`.post[data-post="${id}"]`)
          .last()
          .evaluate((post) => post.scrollIntoView());
      },
      press: () => press(),
      older: async () => {
        const older = page.getByRole(isElement ? 'button' : 'link', { name: 'Older posts' });
        if (log.posts.length > 120 || !(await older.isVisible())) return;
        const { posts } = await look();
        // Otherwise the browser may scroll it only to behind the indicator.
        await older.evaluate((button) => button.scrollIntoView({ block: 'center' }));
        await settled();
        log.see(await look(), edge);
        // On a narrow window the indicator may cover a part of it.
        await older.press('Enter');
        await eventually(async () => expect((await look()).posts.length).toBeGreaterThan(posts.length));
      },
      reconnect: async () => {
        await page.context().setOffline(true);
        await room.server.restart();
        await changes(1 + below(5), () => page.context().setOffline(false));
      },
      hide: async () => {
        await hide(page, true);
        isHidden = true;
        await changes(1 + below(3));
        check(await look());
        await hide(page, false);
        isHidden = false;
      },
    };

    /** Presses the indicator. It must lead to the newest unseen post, else to the topmost change. */
    async function press(): Promise<void> {
      const indicator = page.locator('#new-posts');
      if (log.first === undefined) return;
      await settled();
      const before = await look();
      log.see(before, edge);
      const { first } = log;
      if (first === undefined) return;
      const standing = before.posts.find(({ id }) => id === first);
      const mark = log.unseen.get(first)?.counts === 'posts' ? standing?.line : standing?.note;
      const rank = (id: string | undefined) => log.posts.findIndex((post) => post.id === id);
      // After a jump to the newest posts, an unseen change may be on an older post, which is no longer on the page.
      const isBelow = mark ? mark.top >= edge : rank(first) < rank(before.posts.at(-1)?.id);
      expect(before.indicator[0]).toBe(isBelow ? '↓' : '↑');
      // A click by the mouse may scroll the page first, past what this log would miss.
      await indicator.dispatchEvent('click');
      await eventually(async () => expect((await look()).focused).toBe(first));
      await settled();
      log.see(await look(), edge);
      expect(log.unseen.has(first)).toBe(false);
    }

    function check(view: View): void {
      if (!isHidden) log.see(view, edge);
      const counted = (unit: string) => Number(new RegExp(`(\\d+) ${unit}`).exec(view.indicator)?.[1] ?? 0);
      const expected = [log.count('posts'), log.count('corrections'), log.count('withdrawals')];
      expect([counted('new post'), counted('correction'), counted('withdrawn')], `after ${seenAs.join(', ')}`).toEqual(expected);
      const sum = log.unseen.size;
      expect(view.indicator === '').toBe(sum === 0);
      if (!isElement) expect(Number(/^\((\d+)\) /.exec(view.title)?.[1] ?? 0)).toBe(sum);
      if (view.indicatorBox === null) return;
      const { top, bottom, height } = view.indicatorBox;
      expect(height).toBeGreaterThanOrEqual(44);
      if (isElement) return;
      expect(view.height - bottom).toBeCloseTo(16);
      expect(top + 1).toBeGreaterThan(view.height - Math.max(coveredBelow, height + aroundIndicator));
    }

    for (let step = 0; step < steps; step += 1) {
      const action = oneOf(Object.keys(actions));
      // Reconnecting takes long.
      if (action === 'reconnect' && random() < 0.7) continue;
      seenAs.push(`${action}:`);
      await actions[action]?.();
      await settled();
      // The page is asked again if it has not yet counted what it shows.
      await eventually(async () => check(await look()));
    }
  }
}

import { setTimeout as pause } from 'node:timers/promises';
import type { BrowserContext } from 'playwright-core';
import { expect, vi } from 'vitest';
import { AuthorClient } from '../../../../client/lib/author-client.ts';
import { signLinkCode } from '../../../../src/access/sign-in-links.ts';
import type { Random } from '../../../support/samples/random.ts';
import type { LossyFront } from '../../../support/servers/lossy-front.ts';
import type { ServerProcess } from '../../../support/servers/process.ts';
import { storedName } from '../desk-site.ts';
import { type DeskSnapshot, DeskTab, patienceMs } from './desk-tab.ts';
import { DeskWriter } from './desk-writer.ts';
import { isWaiting, type JournalText } from './written-texts.ts';

/**
 * A random hour of two authors at the desk, in half a minute. Ada writes, corrects, withdraws and takes back, while her network,
 * tabs, browser, server and session fail, and Grace changes the same posts at her own browser. At the end everything works again,
 * and the promise of the desk must hold.
 *
 * A killed browser proves that an entry was handed to the operating system. It does not prove that the entry outlives a power
 * cut.
 */
export interface DeskSurroundings {
  seed: number;
  random: Random;
  secret: string;
  server: ServerProcess;
  front: LossyFront;
  client: AuthorClient;
  channelId: string;
  /** The browser of Ada, which is another one after a crash. */
  browser(): BrowserContext;
  /** Kills the browser of Ada and starts it again, without a tab. */
  crashBrowser(): Promise<void>;
  /** A tab of Grace, whose network never fails. */
  grace: DeskTab;
}

export class DeskRun {
  readonly #around: DeskSurroundings;
  readonly #ada: DeskWriter;
  readonly #grace: DeskWriter;
  readonly #tabs: DeskTab[] = [];
  readonly done: string[] = [];
  /** How much of each there was: what was killed, and what became of the texts. */
  readonly counts: Record<string, number> = {};
  #isServerUp = true;
  #isOnline = true;
  #signIns = 0;

  constructor(around: DeskSurroundings) {
    this.#around = around;
    this.#ada = new DeskWriter(`ada-${around.seed}`, around.random);
    this.#grace = new DeskWriter(`grace-${around.seed}`, around.random);
  }

  async run(steps: number): Promise<void> {
    await this.#publishBefore();
    await this.#signInGrace();
    await this.#signIn('ada');
    await this.#openTab();
    for (const second of [0, 3]) if (this.#random.chance(0.7)) await this.#undoTime(second);
    for (let step = 0; step < steps; step += 1) await this.#step();
    await this.#heal();
    await this.#check();
    await this.#leave();
  }

  async #step(): Promise<void> {
    const tab = this.#random.pickAny(this.#tabs);
    const isAway = tab !== undefined && (await this.#ada.at(tab)) === undefined;
    const action = isAway && this.#random.chance(0.4) ? 'sign in' : this.#random.pick(actions);
    this.done.push(`${new Date().toISOString().slice(14, 23)} ${action}`);
    if (tab === undefined) return this.#openTab();
    switch (action) {
      case 'publish':
        return this.#ada.publish(tab);
      case 'write':
        return void (await this.#ada.write(tab));
      case 'correct':
        return this.#ada.correct(tab, await this.#anyPost(tab));
      case 'retract': {
        const postId = await this.#anyPost(tab);
        return postId === undefined ? undefined : this.#ada.retract(tab, postId);
      }
      case 'undo':
        return this.#ada.takeBack(tab, 'Undo');
      case 'edit':
        return this.#ada.takeBack(tab, 'Edit');
      case 'publish and undo':
        await this.#ada.publish(tab);
        return this.#ada.takeBack(tab, this.#random.chance(0.5) ? 'Undo' : 'Edit');
      case 'both correct': {
        const postId = await this.#anyPost(this.#around.grace);
        const own = this.#ada.correct(tab, postId);
        await Promise.all([own, this.#grace.correct(this.#around.grace, postId)]);
        return;
      }
      case 'send now':
        return this.#ada.sendNow(tab);
      case 'decide':
        return this.#ada.decide(tab);
      case 'open draft':
        return this.#ada.openDraft(tab);
      case 'undo time':
        return this.#undoTime(this.#random.chance(0.5) ? 0 : 3);
      case 'wait':
        return void (await pause(this.#random.number() * 1_500));
      case 'lose':
        this.#around.front.network.losses = Array.from({ length: 1 + this.#random.below(3) }, () =>
          this.#random.chance(0.5) ? 'request' : 'answer',
        );
        return;
      case 'network':
        this.#around.front.network.isDown = !this.#around.front.network.isDown;
        return;
      case 'offline':
        this.#isOnline = !this.#isOnline;
        return this.#around.browser().setOffline(!this.#isOnline);
      case 'server':
        if (this.#isServerUp) await this.#killServer();
        else await this.#around.server.start();
        this.#isServerUp = !this.#isServerUp;
        return;
      case 'reload':
        return void (await tab.open(this.#address));
      case 'close tab':
        return this.#closeTab(tab);
      case 'kill tab':
        return this.#killTab(tab);
      case 'open tab':
        return this.#tabs.length < 3 ? this.#openTab() : undefined;
      case 'crash':
        this.#tabs.length = 0;
        this.#isOnline = true;
        await this.#around.crashBrowser();
        this.#count('browsers killed');
        if (this.#random.chance(0.7)) await this.#signIn('ada');
        return this.#openTab();
      case 'sign out':
        return this.#signOut(tab);
      case 'expire':
        return this.#signIn('ada', 3);
      case 'other author':
        return this.#signIn('ben');
      case 'sign in':
        await this.#signIn('ada');
        // A tab that shows an error of the browser is loaded again.
        return isAway ? void (await tab.open(this.#address)) : undefined;
      case 'colleague':
        return this.#colleague();
    }
  }

  get #address(): string {
    return `${this.#around.front.url}/desk/${this.#around.channelId}`;
  }

  async #openTab(): Promise<void> {
    const tab = new DeskTab(await this.#around.browser().newPage());
    this.#tabs.push(tab);
    // Without a network and before the desk was kept on the device there is nothing to see.
    if (!(await this.#canLoad())) tab.page.setDefaultTimeout(3_000);
    await tab.open(this.#address);
    tab.page.setDefaultTimeout(patienceMs);
  }

  async #canLoad(): Promise<boolean> {
    return this.#isOnline && this.#isServerUp && !this.#around.front.network.isDown;
  }

  async #killServer(): Promise<void> {
    await this.#around.server.kill();
    this.#count('servers killed');
  }

  async #closeTab(tab: DeskTab): Promise<void> {
    this.#count('tabs closed');
    await this.#forget(tab, () => tab.page.close());
  }

  /** Ends the process of the page, which never answers. Firefox has no way to do that for one tab. */
  async #killTab(tab: DeskTab): Promise<void> {
    if (!tab.isChromium) return this.#closeTab(tab);
    this.#count('tabs killed');
    await this.#forget(tab, () => tab.crash());
    // Tabs of one site share a process.
    for (const other of [...this.#tabs]) if (other.isGone) this.#tabs.splice(this.#tabs.indexOf(other), 1);
  }

  async #forget(tab: DeskTab, end: () => Promise<unknown>): Promise<void> {
    this.#tabs.splice(this.#tabs.indexOf(tab), 1);
    await end();
    expect(tab.faults).toEqual([]);
    if (this.#tabs.length === 0 && this.#random.chance(0.3)) await pause(this.#random.number() * 3_000);
    if (this.#tabs.length === 0) await this.#openTab();
  }

  /** By a link, in a tab of its own. */
  async #signIn(who: 'ada' | 'ben', sessionSeconds = 43_200): Promise<void> {
    if (!(await this.#canLoad())) return;
    const { seed, secret, front } = this.#around;
    this.#signIns += 1;
    const code = await signLinkCode(new Uint8Array(Buffer.from(secret)), {
      sub: `${who}-${seed}`,
      name: who,
      grants: { author: ['*'] },
      now: Date.now(),
      jti: `run-${seed}-${this.#signIns}-${Math.random()}`,
      usableSeconds: 900,
      sessionSeconds,
    });
    const page = await this.#around.browser().newPage();
    await page.goto(`${front.url}/desk/sign-in#${code}`);
    await vi.waitFor(async () => {
      const button = page.getByRole('button', { name: /^(?:Sign in|Try again)$/ });
      if (await button.isVisible()) await button.click();
      await page.waitForURL(`${front.url}/desk/`, { waitUntil: 'commit', timeout: 3_000 });
    }, 60_000);
    await page.close();
  }

  async #signOut(tab: DeskTab): Promise<void> {
    if ((await this.#ada.at(tab)) === undefined || !(await this.#canLoad())) return;
    const seen = tab.page.getByRole('banner');
    try {
      await seen.getByRole('button', { name: 'Sign out' }).click({ timeout: 3_000 });
      const anyway = tab.page.getByRole('button', { name: 'Sign out anyway' });
      if (await anyway.isVisible()) await anyway.click({ timeout: 3_000 });
    } catch {
      // Somebody else signed in, or a dialog is open.
    }
  }

  /** Posts of Ada, which both can correct from the first step on. */
  async #publishBefore(): Promise<void> {
    const { server, channelId } = this.#around;
    const token = await server.token({ author: ['*'] }, { sub: this.#ada.sub, name: 'Ada' });
    const client = new AuthorClient({ url: server.url, token });
    for (const body of ['Before the first.', 'Before the second.']) await client.publish(channelId, { body });
  }

  async #signInGrace(): Promise<void> {
    const { grace, server, channelId } = this.#around;
    const token = await server.token({ editor: ['*'] }, { sub: this.#grace.sub, name: 'Grace', ttlSeconds: 43_200 });
    const headers = { authorization: `Bearer ${token}` };
    expect((await grace.page.request.post(`${server.url}/v1/session`, { headers })).ok()).toBe(true);
    await vi.waitFor(async () => {
      await grace.open(`${server.url}/desk/${channelId}`);
      expect(await this.#grace.at(grace)).toBeDefined();
    });
  }

  async #colleague(): Promise<void> {
    const { grace } = this.#around;
    const act = this.#random.pickAny(['correct', 'correct', 'publish', 'decide'] as const);
    if (act === 'publish') return this.#grace.publish(grace);
    if (act === 'decide') return this.#grace.decide(grace);
    return this.#grace.correct(grace, await this.#anyPost(grace));
  }

  async #undoTime(seconds: number): Promise<void> {
    await this.#tabs[0]?.page
      .evaluate(`(() => {
        const key = document.querySelector('desk-outbox').session.ownerKey;
        localStorage.setItem(${storedName('undo-seconds')} + ':' + key, '${seconds}');
      })()`)
      .catch(() => {});
  }

  /** A post that this tab shows. */
  async #anyPost(tab: DeskTab): Promise<string | undefined> {
    const script = "[...document.querySelectorAll('#posts > [data-post]')].map(({ dataset }) => dataset.post)";
    return this.#random.pickAny(await tab.page.evaluate<string[]>(script).catch(() => []));
  }

  async #heal(): Promise<void> {
    const { front, server, grace } = this.#around;
    front.network.losses = [];
    front.network.isDown = false;
    if (!this.#isOnline) await this.#around.browser().setOffline(false);
    this.#isOnline = true;
    if (!this.#isServerUp) await server.start();
    this.#isServerUp = true;
    await this.#signIn('ada');
    if (this.#tabs.length === 0) await this.#openTab();
    const [tab] = this.#tabs as [DeskTab];
    if ((await this.#ada.at(tab)) === undefined) await tab.open(this.#address);
    await this.#untilAtRest(tab, this.#ada);
    await this.#untilAtRest(grace, this.#grace);
    // On return the desk lists what was under way when a page died.
    for (const other of this.#tabs.splice(1)) await other.page.close().catch(() => {});
    await tab.open(this.#address);
    await grace.open(`${server.url}/desk/${this.#around.channelId}`);
    await this.#untilAtRest(tab, this.#ada);
    await this.#untilAtRest(grace, this.#grace);
  }

  async #untilAtRest(tab: DeskTab, writer: DeskWriter): Promise<void> {
    const isAtRest = ({ sub, entries, lines, composer }: DeskSnapshot) => {
      const isMoving = entries.some(({ at, waitsFor }) => !isWaiting(at) && waitsFor === undefined && at !== 'out');
      const isDrawn = entries.every(({ id, at }) => at === 'out' || lines.some((line) => line.id === id && line.at === at));
      return (sub === writer.sub && composer !== undefined && !isMoving && isDrawn) || undefined;
    };
    expect(await tab.until(`${writer.sub} at rest`, isAtRest, 60_000)).toBe(true);
  }

  async #check(): Promise<void> {
    const journal = await this.#journal();
    for (const [writer, tab] of [
      [this.#ada, this.#tabs[0] as DeskTab],
      [this.#grace, this.#around.grace],
    ] as const) {
      expect(tab.faults).toEqual([]);
      // Published drafts are deleted in their own time.
      await vi.waitFor(async () => writer.texts.check(journal, (await writer.at(tab)) as DeskSnapshot), { timeout: 10_000 });
      for (const { text, last } of writer.texts.all.values()) {
        this.#count(last);
        const published = journal.find(({ body }) => body === text);
        if (published !== undefined) this.#count('in the journal');
        if (published?.revision === 1 && published.pictures.length > 0) this.#count('published with a picture');
      }
      for (const { at } of (await writer.at(tab))?.entries ?? []) if (isWaiting(at)) this.#count(`left ${at}`);
    }
    for (const { postId, revision, body } of journal) {
      const written = this.#ada.texts.of(body) ?? this.#grace.texts.of(body);
      if (revision === 1 || written?.sawBefore === undefined) continue;
      const before = journal.find((other) => other.postId === postId && other.revision === revision - 1);
      // Changes that an author makes in two tabs go out one after the other.
      const isOwn = [this.#ada, this.#grace].some(({ texts }) => texts.of(body) && texts.of(before?.body));
      if (isOwn) continue;
      expect([body, written.sawBefore], 'its author saw the text before').toEqual([body, before?.body]);
    }
  }

  /** The text of every entry of the coverage's journal. */
  async #journal(): Promise<JournalText[]> {
    const { client, channelId } = this.#around;
    const { posts } = await client.listPosts(channelId, { limit: 100 });
    const all: JournalText[] = [];
    for (const { id, seq } of posts) {
      const { revisions } = await client.listRevisions(channelId, id, { limit: 100 });
      for (const { revision, body = '', status, media = [] } of revisions) {
        const pictures = media.flatMap((one) => (one.type === 'image' && one.url.includes('/media/') ? [one.alt] : []));
        if (status === 'published') all.push({ postId: id, revision, body, pictures, seq });
      }
    }
    return all.sort((a, b) => a.seq - b.seq || a.revision - b.revision);
  }

  #count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }

  async #leave(): Promise<void> {
    for (const tab of this.#tabs.splice(0)) await tab.page.close();
  }

  get #random(): Random {
    return this.#around.random;
  }
}

const weights = {
  publish: 12,
  write: 2,
  correct: 6,
  retract: 1,
  undo: 2,
  edit: 2,
  'publish and undo': 3,
  'both correct': 3,
  'send now': 1,
  decide: 4,
  'open draft': 2,
  'undo time': 1,
  wait: 4,
  lose: 5,
  network: 3,
  offline: 2,
  server: 2,
  reload: 3,
  'close tab': 2,
  'kill tab': 2,
  'open tab': 3,
  crash: 1,
  'sign out': 1,
  expire: 1,
  'other author': 1,
  'sign in': 2,
  colleague: 5,
};
type Action = keyof typeof weights;
const actions = (Object.keys(weights) as Action[]).flatMap((action) => Array.from({ length: weights[action] }, () => action));

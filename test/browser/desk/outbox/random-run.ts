import { setTimeout as pause } from 'node:timers/promises';
import { expect, vi } from 'vitest';
import type { OutboxEntry, Write } from '../../../../client/browser/desk/outbox/outbox-model.ts';
import type { AuthorClient } from '../../../../client/lib/author-client.ts';
import { newPostId } from '../../../../client/lib/ids.ts';
import type { Random } from '../../../support/samples/random.ts';
import type { OutboxPage, OutboxSite } from './outbox-site.ts';

/**
 * One random hour of two editors at the desk, in half a minute: Ada writes, corrects and takes back, while her network, tabs,
 * browser, server and session fail and a colleague changes her posts. At the end everything works again, and the promise of the
 * outbox must hold.
 *
 * A killed browser proves that an entry was handed to the operating system. It does not prove that the entry outlives a power
 * cut.
 */
export interface Surroundings {
  site: OutboxSite;
  /** A colleague, who may change everything. */
  client: AuthorClient;
  channelId: string;
  random: Random;
  /** The tabs of Ada that are open. */
  tabs: OutboxPage[];
  openTab(): Promise<void>;
  closeTab(tab: OutboxPage): Promise<void>;
  /** Kills the browser and starts it again, without a tab. */
  crashBrowser(): Promise<void>;
  signInAs(sub: 'ada' | 'ben'): Promise<void>;
  signOut(): Promise<void>;
}

interface Accepted {
  write: Write;
  text: string | undefined;
  /** When it leaves the undo window by itself, by the device's clock. */
  leavesAt: number;
}

export class RandomRun {
  readonly #around: Surroundings;
  readonly #accepted = new Map<string, Accepted>();
  /** Texts whose tab ended before it said whether they were accepted. */
  readonly #unsure: string[] = [];
  readonly #takenBack = new Set<string>();
  /** Entries whose undo or discard was not answered, and those that were published by a press. */
  readonly #perhapsTakenBack = new Set<string>();
  readonly #pressed = new Set<string>();
  readonly #posts: string[] = [];
  #texts = 0;
  #isServerUp = true;
  readonly done: string[] = [];

  constructor(around: Surroundings) {
    this.#around = around;
  }

  async run(steps: number): Promise<void> {
    for (let step = 0; step < steps; step += 1) await this.#step();
    await this.#heal();
    await this.#check();
    await this.#clear();
  }

  async #step(): Promise<void> {
    const { site, tabs } = this.#around;
    const action = this.#random.pick(actions);
    this.done.push(action);
    switch (action) {
      case 'publish':
        return this.#publish();
      case 'correct':
        return this.#correct();
      case 'retract':
        return this.#retract();
      case 'undo':
        return this.#takeBack('undo', ['held', 'saved']);
      case 'discard':
        return this.#takeBack('discard', ['asking', 'refused', 'conflict']);
      case 'publish now':
        return this.#publishNow();
      case 'wait':
        return void (await pause(this.#random.number() * 500));
      case 'lose':
        site.network.losses = Array.from({ length: 1 + this.#random.below(3) }, () =>
          this.#random.chance(0.5) ? 'request' : 'answer',
        );
        return;
      case 'network':
        site.network.isDown = !site.network.isDown;
        return;
      case 'server':
        if (this.#isServerUp) await site.server.kill();
        else await site.server.start();
        this.#isServerUp = !this.#isServerUp;
        return;
      case 'reload':
        return void (await this.#random.pickAny(tabs)?.open());
      case 'close tab': {
        const tab = this.#random.pickAny(tabs);
        if (tab !== undefined) await this.#around.closeTab(tab);
        if (tabs.length === 0 && this.#random.chance(0.5)) await pause(400);
        if (tabs.length === 0) await this.#around.openTab();
        return;
      }
      case 'open tab':
        if (tabs.length < 3) await this.#around.openTab();
        return;
      case 'crash':
        await this.#around.crashBrowser();
        return this.#around.openTab();
      case 'session':
        if (!this.#isServerUp || site.network.isDown) return;
        await this.#random.pickAny([
          this.#around.signOut,
          () => this.#around.signInAs('ben'),
          () => this.#around.signInAs('ada'),
        ])?.();
        return;
      case 'colleague':
        return this.#changeAsColleague();
    }
  }

  async #publish(): Promise<void> {
    const { channelId } = this.#around;
    const post = { id: newPostId(), body: this.#text() };
    this.#posts.push(post.id);
    await this.#add({ type: 'publish', channelId, post }, post.body);
  }

  async #correct(): Promise<void> {
    const { channelId } = this.#around;
    const postId = this.#random.pickAny(this.#posts);
    if (postId === undefined) return;
    const body = this.#text();
    const expected = (await this.#revisionOf(postId)) ?? 1;
    const revision = { kind: 'correction', note: 'We were wrong.', changes: { body } } as const;
    await this.#add({ type: 'revise', channelId, postId, expected, revision }, body);
  }

  async #retract(): Promise<void> {
    const { channelId } = this.#around;
    const postId = this.#random.pickAny(this.#posts);
    if (postId !== undefined) await this.#add({ type: 'retract', channelId, postId, note: 'It did not happen.' }, undefined);
  }

  async #add(write: Write, text: string | undefined): Promise<void> {
    const holdMs = write.type === 'retract' ? 0 : this.#random.pickAny([0, 0, 300, 800]);
    const added = await answered(
      this.#random.pickAny(this.#around.tabs)?.add(write, { holdMs: holdMs ?? 0, urgent: holdMs === 0 }),
    );
    if (added === undefined) {
      if (text !== undefined) this.#unsure.push(text);
      return;
    }
    const leavesAt = added.state.at === 'held' ? added.state.until : added.addedAt;
    this.#accepted.set(added.id, { write: added.write, text, leavesAt });
  }

  async #takeBack(how: 'undo' | 'discard', from: readonly string[]): Promise<void> {
    const tab = this.#random.pickAny(this.#around.tabs);
    const entry = this.#random.pickAny((await this.#ownEntries(tab)).filter(({ state }) => from.includes(state.at)));
    if (tab === undefined || entry === undefined) return;
    try {
      if ((await tab[how](entry.id)) != null) this.#takenBack.add(entry.id);
    } catch {
      this.#perhapsTakenBack.add(entry.id);
    }
  }

  async #publishNow(): Promise<void> {
    const tab = this.#random.pickAny(this.#around.tabs);
    const entry = this.#random.pickAny(
      (await this.#ownEntries(tab)).filter(({ state }) => state.at === 'held' || state.at === 'asking'),
    );
    if (tab === undefined || entry === undefined) return;
    this.#pressed.add(entry.id);
    await answered(tab.publishNow(entry.id));
  }

  async #changeAsColleague(): Promise<void> {
    const { client, channelId } = this.#around;
    const postId = this.#random.pickAny(this.#posts);
    const revision = postId === undefined ? undefined : await this.#revisionOf(postId);
    if (postId === undefined || revision === undefined) return;
    const changes = { body: `${this.#text()} By a colleague.` };
    await answered(client.revise(channelId, postId, revision, { kind: 'refile', changes }, { deadlineMs: 3_000 }));
  }

  async #revisionOf(postId: string): Promise<number | undefined> {
    if (!this.#isServerUp) return undefined;
    const { client, channelId } = this.#around;
    return (await answered(client.getPost(channelId, postId, { deadlineMs: 3_000 })))?.revision;
  }

  async #heal(): Promise<void> {
    const { site, tabs } = this.#around;
    Object.assign(site.network, { isDown: false, losses: [] });
    if (!this.#isServerUp) await site.server.start();
    this.#isServerUp = true;
    await this.#around.signInAs('ada');
    for (const tab of tabs) await tab.wake();
    const isOpen = ({ state, waitsFor }: OutboxEntry) =>
      waitsFor === undefined && (state.at === 'held' || state.at === 'saved' || state.at === 'sending');
    const isAtRest = async () => expect((await this.#ownEntries(tabs[0])).filter(isOpen)).toEqual([]);
    await vi.waitFor(isAtRest, { timeout: 60_000, interval: 100 });
  }

  async #check(): Promise<void> {
    const left = new Map((await this.#ownEntries(this.#around.tabs[0])).map((entry) => [entry.id, entry]));
    const journal = await this.#journal();
    const timesOf = (text: string) => journal.filter(({ body }) => body === text).length;
    for (const [id, { write, text }] of this.#accepted) {
      const state = left.get(id)?.state.at;
      const times = text === undefined ? undefined : timesOf(text);
      if (this.#takenBack.has(id)) expect([undefined, 0], `${text}, taken back`).toContain(times);
      else if (this.#perhapsTakenBack.has(id) && state === undefined) expect([undefined, 0], `${text}`).toContain(times);
      else if (state === 'on-disk' || state === 'out') expect([undefined, 1], `${text}, delivered`).toContain(times);
      else {
        // In the list, with its text, and not among the posts.
        expect(left.get(id)?.write, `${text} is on the device`).toEqual(write);
        expect([undefined, 0], `${text}, ${state}`).toContain(times);
        if (left.get(id)?.waitsFor === undefined) expect(['asking', 'refused', 'conflict']).toContain(state);
      }
    }
    for (const text of this.#unsure) expect(timesOf(text), text).toBeLessThanOrEqual(1);
    this.#checkOrder(journal, left);
  }

  /** Takes out what is left, so that the outbox does not become full. What waited for it asks then. */
  async #clear(): Promise<void> {
    const tab = this.#around.tabs[0];
    const undelivered = async () => (await this.#ownEntries(tab)).filter(({ state }) => !['on-disk', 'out'].includes(state.at));
    for (let left = await undelivered(), round = 0; left.length > 0 && round < 20; round += 1) {
      for (const { id } of left) await tab?.discard(id);
      left = await undelivered();
    }
    expect(await undelivered()).toEqual([]);
  }

  /** Checks the order of the entries that left their undo window by themselves and waited for nothing else. */
  #checkOrder(journal: { body: string }[], left: Map<string, OutboxEntry>): void {
    const alone = [...this.#accepted].filter(([id, { write }]) => {
      const isDelivered = ['on-disk', 'out'].includes(left.get(id)?.state.at ?? '');
      return isDelivered && write.type === 'publish' && !this.#pressed.has(id);
    });
    const leavesAt = new Map(alone.map(([, { text, leavesAt }]) => [text, leavesAt]));
    const times = journal.flatMap(({ body }) => leavesAt.get(body) ?? []);
    expect(times, 'the order of the journal').toEqual(times.toSorted((a, b) => a - b));
  }

  /** The text of every entry of the coverage's journal, in its order. */
  async #journal(): Promise<{ body: string }[]> {
    const { client, channelId } = this.#around;
    const { posts } = await client.listPosts(channelId, { limit: 100 });
    const all: { body: string; seq: number }[] = [];
    for (const { id, seq } of posts) {
      const { revisions } = await client.listRevisions(channelId, id, { limit: 100 });
      for (const { revision, body = '' } of revisions) all.push({ body, seq: seq + (revision - 1) * 1e6 });
    }
    return all.sort((a, b) => a.seq - b.seq);
  }

  async #ownEntries(tab: OutboxPage | undefined): Promise<OutboxEntry[]> {
    const state = tab && (await answered(tab.state()));
    return (state?.entries ?? []).filter(({ id }) => this.#accepted.has(id));
  }

  #text(): string {
    this.#texts += 1;
    return `Text ${this.#texts}.`;
  }

  get #random(): Random {
    return this.#around.random;
  }
}

const weights = {
  publish: 12,
  correct: 5,
  retract: 1,
  undo: 4,
  discard: 1,
  'publish now': 2,
  wait: 6,
  lose: 6,
  network: 4,
  server: 2,
  reload: 3,
  'close tab': 3,
  'open tab': 3,
  crash: 1,
  session: 3,
  colleague: 2,
};
type Action = keyof typeof weights;
const actions = (Object.keys(weights) as Action[]).flatMap((action) => Array.from({ length: weights[action] }, () => action));

/** Undefined if the page or the server ended before it answered. */
async function answered<T>(asked: Promise<T> | undefined): Promise<T | undefined> {
  return asked?.catch(() => undefined);
}

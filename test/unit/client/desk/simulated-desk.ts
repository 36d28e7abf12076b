import { createOutbox } from '../../../../client/browser/desk/outbox/create-outbox.ts';
import { lookUp } from '../../../../client/browser/desk/outbox/lookup.ts';
import type { Outbox } from '../../../../client/browser/desk/outbox/outbox-model.ts';
import { type Decide, memoryStore, type OutboxStore } from '../../../../client/browser/desk/outbox/outbox-store.ts';
import type { Change, StoredEntry } from '../../../../client/browser/desk/outbox/stored-entry.ts';
import type { TabMessage, Tabs } from '../../../../client/browser/desk/outbox/tabs-model.ts';
import { type HttpRequest, type HttpResponse, NoAnswer } from '../../../../client/lib/http.ts';
import { keyOf, ModelNewsroom } from './model-newsroom.ts';

/** The desk of one author on one device, with a clock, a network, a store and tabs that tests control. */

export const author = 'ada';
const latencyMs = 40;
/** More alarms than the desk needs in the time that a test lets pass. */
const alarmsMost = 2_000;

export interface SimulatedTab {
  outbox: Outbox;
  /** Ends the tab without any of its code running. */
  kill(): void;
}

export class SimulatedDesk {
  readonly newsroom = new ModelNewsroom(() => this.now);
  /** The last state of every entry that was ever stored. */
  readonly known = new Map<string, StoredEntry>();
  /** When each entry last left the undo window, counted. */
  readonly left = new Map<string, number>();
  #leftSoFar = 0;
  now = Date.parse('2026-03-01T08:00:00Z');
  isOnline = true;
  isServerUp = true;
  /** The next requests that change something: lost on the way there, on the way back, or not lost. */
  losses: ('request' | 'answer' | undefined)[] = [];
  /** The next changes of the store fail. */
  failingChanges = 0;
  /** Nothing can be read from the store. */
  failingReads = false;
  /** The store has entries of a newer version of the desk. */
  isOutdated = false;
  tabs: SimulatedTab[] = [];
  /** Since the beginning, by a clock that is never set. Alarms ring by it. */
  #elapsedMs = 0;
  readonly #alarms = new Set<{ at: number; ring: () => void }>();
  readonly #stored = memoryStore();
  #waiting: { tab: object; lead: () => void }[] = [];
  #leader: object | undefined;
  readonly #listeners = new Map<object, (message: TabMessage) => void>();

  constructor() {
    this.newsroom.signedIn = author;
  }

  async openTab(): Promise<SimulatedTab> {
    const tab = { isDead: false };
    const alive =
      <A extends unknown[]>(call: (...args: A) => void) =>
      (...args: A) => {
        if (!tab.isDead) call(...args);
      };
    const opening = createOutbox({
      owner: { ownerKey: keyOf(author), sub: author, name: 'Ada' },
      store: this.#storeFor(tab),
      tabs: this.#tabsFor(tab),
      http: { request: (request: HttpRequest) => this.#request(tab, request) },
      clock: {
        now: () => this.now,
        alarm: (ms, ring) => {
          const alarm = { at: this.#elapsedMs + ms, ring: alive(ring) };
          this.#alarms.add(alarm);
          return () => this.#alarms.delete(alarm);
        },
      },
      random: () => 0.5,
      isOnline: () => this.isOnline,
      askAfterMs: () => 30 * 60_000,
      protection: 'full',
      lookUp,
      loadUploader: () => Promise.reject(new Error('The simulated posts have no pictures.')),
    });
    await settled();
    const outbox = await opening;
    const opened: SimulatedTab = {
      outbox,
      kill: () => {
        tab.isDead = true;
        this.tabs = this.tabs.filter((one) => one !== opened);
        this.#listeners.delete(tab);
        this.#waiting = this.#waiting.filter((one) => one.tab !== tab);
        if (this.#leader === tab) this.#passLock();
      },
    };
    this.tabs.push(opened);
    await settled();
    return opened;
  }

  /** Lets time pass with the device awake: every alarm rings in its turn. */
  async pass(ms: number): Promise<void> {
    const until = this.#elapsedMs + ms;
    for (let rung = 0; ; rung += 1) {
      if (rung > alarmsMost) throw new Error(`The desk does not come to rest: ${JSON.stringify(await this.entries())}`);
      await settled();
      const next = [...this.#alarms].sort((a, b) => a.at - b.at)[0];
      if (next === undefined || next.at > until) break;
      this.#alarms.delete(next);
      this.#letPass(Math.max(0, next.at - this.#elapsedMs));
      next.ring();
    }
    this.#letPass(until - this.#elapsedMs);
    await settled();
  }

  /** Closes the lid: time passes, and no alarm rings before the end. */
  async sleep(ms: number): Promise<void> {
    this.#letPass(ms);
    await this.pass(0);
  }

  async entries(): Promise<StoredEntry[]> {
    return (await this.#stored.read()).entries;
  }

  #storeFor(tab: { isDead: boolean }): OutboxStore {
    const never = () => new Promise<never>(() => {});
    return {
      read: async () => {
        if (tab.isDead) return never();
        if (this.failingReads) throw new Error('The database could not be opened.');
        return { ...(await this.#stored.read()), outdated: this.isOutdated };
      },
      change: async <T>(decide: Decide<T>): Promise<T> => {
        if (tab.isDead) return never();
        if (this.failingChanges > 0) {
          this.failingChanges -= 1;
          throw new Error('QuotaExceededError');
        }
        const decided = (await this.#stored.change<T>(decide)) as T & { change: Change };
        for (const entry of decided.change.put ?? []) this.#note(entry);
        return decided;
      },
      pictureFile: (id) => this.#stored.pictureFile(id),
      close() {},
    };
  }

  /** Notes the order in which entries leave the undo window, because the outbox forgets what was delivered long ago. */
  #note(entry: StoredEntry): void {
    const before = this.known.get(entry.id);
    this.known.set(entry.id, entry);
    if (entry.place !== undefined && entry.place !== before?.place) this.left.set(entry.id, ++this.#leftSoFar);
  }

  #tabsFor(tab: object): Tabs {
    return {
      lead: (run) => {
        this.#waiting.push({ tab, lead: () => void run(new AbortController().signal) });
        if (this.#leader === undefined) this.#passLock();
      },
      tell: (message) => {
        for (const [other, hear] of this.#listeners) if (other !== tab) queueMicrotask(() => hear(message));
      },
      onTold: (hear) => this.#listeners.set(tab, hear),
      close() {},
    };
  }

  #passLock(): void {
    const next = this.#waiting.shift();
    this.#leader = next?.tab;
    next?.lead();
  }

  #request(tab: { isDead: boolean }, request: HttpRequest): Promise<HttpResponse> {
    const loss = request.method === 'GET' ? undefined : this.losses.shift();
    return new Promise((resolve, reject) => {
      const answer = (settle: () => void) => this.#in(latencyMs, () => !tab.isDead && settle());
      const lost = () => answer(() => reject(new NoAnswer('The server could not be reached.')));
      this.#in(latencyMs, () => {
        if (!this.isOnline || !this.isServerUp || loss === 'request') return lost();
        try {
          const answered = this.newsroom.answer(request);
          return loss === 'answer' ? lost() : answer(() => resolve(answered));
        } catch (error) {
          return loss === 'answer' ? lost() : answer(() => reject(error));
        }
      });
    });
  }

  #letPass(ms: number): void {
    this.#elapsedMs += ms;
    this.now += ms;
  }

  #in(ms: number, ring: () => void): void {
    this.#alarms.add({ at: this.#elapsedMs + ms, ring });
  }
}

/** All that can happen without time passing has happened. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

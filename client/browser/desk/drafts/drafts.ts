import type { AuthorPost } from '../../../../src/protocol/model.ts';
import { newKey } from '../../../lib/ids.ts';
import { onPageLifecycle } from '../../../lib/page-lifecycle.ts';
import type { OnBlocked } from '../app/desk-database.ts';
import { deviceName } from '../app/device-names.ts';
import { channelOf, isDelivered, type Outbox, type OutboxEntry, type Write } from '../outbox/outbox-model.ts';
import { DraftClaims } from './draft-claims.ts';
import { type Draft, keyOf, saysTheSame } from './draft-model.ts';
import { type DraftStore, memoryStore, openDraftStore } from './draft-store.ts';

export type { Draft, SetAside } from './draft-model.ts';
export { keyOf } from './draft-model.ts';

export interface DraftsOptions {
  ownerKey: string;
  store: DraftStore;
  /** False: the store does not outlive the page. */
  isKept?: boolean;
  claims?: DraftClaims;
  /** Written without waiting when the page is hidden, because a closing page may not finish its transaction. */
  emergency?: Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'> | undefined;
  now?: () => number;
}

export interface SaveOptions {
  /** The key of the draft. Default: that of the write. */
  key?: string;
  base?: AuthorPost | undefined;
  basedOn?: string | undefined;
  /** Default: as before. */
  replaces?: string | undefined;
  place?: 'composer' | 'list';
  carriedOver?: boolean;
}

/**
 * Opens a draft if it is its own, and returns whether it is. `ifFree`: a composer in which something else is being written leaves the
 * draft in the list.
 */
export type DraftOpener = (draft: Draft, ifFree: boolean) => boolean;

/**
 * The drafts of one author on this device. What is typed is stored within half a second, and again when the page is hidden. A draft is
 * deleted only when its post is on the server's disk, or when its author discards it.
 */
export class Drafts {
  readonly #options: Required<Pick<DraftsOptions, 'ownerKey' | 'store' | 'claims' | 'now'>> & Pick<DraftsOptions, 'emergency'>;
  readonly #drafts = new Map<string, Draft>();
  /** Keys of drafts that changed since they were stored. */
  readonly #unsaved = new Set<string>();
  readonly #listeners = new Set<() => void>();
  readonly #openers = new Set<DraftOpener>();
  #tabs: BroadcastChannel | undefined;
  /** Keys of drafts that are being deleted. */
  readonly #removing = new Set<string>();
  readonly #outlivesPage: boolean;
  #hasFailed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Stores one change after the other. */
  #storing: Promise<unknown> = Promise.resolve();
  #undo: (() => void)[] = [];

  /**
   * Opens the drafts of this device, or keeps them in memory if the browser stores nothing. `onBlocked`: tells
   * whether another tab must be closed first.
   */
  static async open(ownerKey: string, onBlocked?: OnBlocked): Promise<Drafts> {
    const store = await openDraftStore(onBlocked).catch(() => undefined);
    const drafts = new Drafts({
      ownerKey,
      store: store ?? memoryStore(),
      isKept: store !== undefined,
      emergency: localStorageOf(globalThis),
    });
    await drafts.load();
    return drafts;
  }

  constructor({ ownerKey, store, isKept = true, claims = new DraftClaims(ownerKey), emergency, now = Date.now }: DraftsOptions) {
    this.#options = { ownerKey, store, claims, emergency, now };
    this.#outlivesPage = isKept;
    this.#undo.push(onPageLifecycle({ wake() {}, hide: () => this.#hide(), leave() {} }));
    if (typeof BroadcastChannel === 'function') {
      this.#tabs = new BroadcastChannel(`${deviceName}-drafts:${ownerKey}`);
      this.#tabs.onmessage = () => void this.load();
    }
  }

  /** With those that are on their way to the outbox. */
  get all(): readonly Draft[] {
    return [...this.#drafts.values()];
  }

  /** Without the published ones, the latest change first. */
  get list(): readonly Draft[] {
    return [...this.#drafts.values()].filter(({ place }) => place !== 'outbox').sort((a, b) => b.changedAt - a.changedAt);
  }

  /** False: drafts are lost with the page, because the browser does not store them. */
  get isKept(): boolean {
    return this.#outlivesPage && !this.#hasFailed;
  }

  get(key: string): Draft | undefined {
    return this.#drafts.get(key);
  }

  /**
   * Opens the draft that a composer of this channel had open last, unless another tab has it open. `type`: of the composer.
   */
  async reopen(channelId: string, type: Write['type']): Promise<Draft | undefined> {
    for (const draft of this.list) {
      const isCandidate = draft.place === 'composer' && draft.write.type === type && channelOf(draft.write) === channelId;
      if (isCandidate && (await this.claim(draft.key))) return draft;
    }
    return undefined;
  }

  /** Keeps other tabs from opening the draft. Returns false if one of them has it open. */
  async claim(key: string): Promise<boolean> {
    const claimed = this.#options.claims.claim(key);
    this.#changed();
    const isClaimed = await claimed;
    if (!isClaimed) this.#changed();
    return isClaimed;
  }

  /** Whether the draft is open on this page, in a composer or as a change of its post. */
  isOpen(key: string): boolean {
    return this.#options.claims.has(key);
  }

  /** The composer of the draft is closed. */
  release(key: string): void {
    this.#options.claims.release(key);
    this.#changed();
  }

  /** The draft as its author has it now. It is stored within half a second. */
  save(write: Write, { key = keyOf(write), place = 'composer', carriedOver = false, ...from }: SaveOptions = {}): void {
    const { ownerKey, now } = this.#options;
    const { base, basedOn } = from.base === undefined ? (this.#drafts.get(key) ?? {}) : from;
    const replaces = from.replaces ?? this.#drafts.get(key)?.replaces;
    const draft: Draft = {
      key,
      ownerKey,
      write,
      base,
      basedOn,
      changedAt: now(),
      place,
      ...(replaces !== undefined && { replaces }),
    };
    this.#change(carriedOver ? { ...draft, carriedOver } : draft);
  }

  /** Claims the draft with this key, or another one if that is open in another tab or on its way to the outbox. Returns its key. */
  async claimAny(key: string): Promise<string> {
    if (this.#drafts.get(key)?.place !== 'outbox' && (await this.claim(key))) return key;
    const another = anotherKey(key);
    await this.claim(another);
    return another;
  }

  /**
   * Keeps a write that has left the outbox. A change gets a draft of its own, because its author may be writing the next change of the
   * same post. Returns the key of the draft.
   */
  giveBack(write: Write, options: Pick<SaveOptions, 'base' | 'basedOn' | 'place' | 'replaces'>): string {
    const [handedOver] = this.#handedOver(write);
    const key = handedOver?.key ?? (write.type === 'publish' ? keyOf(write) : anotherKey(keyOf(write)));
    this.save(write, { ...options, key });
    return key;
  }

  /** The author discards a write that has left the outbox, and not the next change of the same post. */
  async forget(write: Write): Promise<void> {
    for (const { key } of this.#handedOver(write)) await this.discard(key);
  }

  /** Registers a composer, or another form that opens drafts. Returns its own undo. */
  onOpen(opener: DraftOpener): () => void {
    this.#openers.add(opener);
    return () => this.#openers.delete(opener);
  }

  /** Asks the composers of the page to open the draft. Returns false if it belongs to none of them. */
  open(key: string, { ifFree = false } = {}): boolean {
    const draft = this.#drafts.get(key);
    return draft !== undefined && [...this.#openers].some((opener) => opener(draft, ifFree));
  }

  /** Makes the draft the one that its coverage opens next. */
  bringForward(key: string): void {
    const draft = this.#drafts.get(key);
    if (draft) this.#change({ ...draft, place: 'composer', changedAt: this.#options.now() });
  }

  /** Leaves the draft in the list. The composer is free for another one. */
  async putAside(key: string): Promise<void> {
    await this.#place(key, 'list');
    this.release(key);
  }

  /**
   * Its write goes to the outbox. Call it before: if the page dies in between, the draft is listed, but not opened beside a post that
   * was published.
   */
  async handOver(key: string): Promise<void> {
    await this.#place(key, 'outbox');
    this.#options.claims.release(key);
  }

  async discard(key: string): Promise<void> {
    const draft = this.#drafts.get(key);
    this.#drafts.delete(key);
    this.#unsaved.delete(key);
    this.#options.claims.release(key);
    this.#forgetEmergency(key);
    this.#changed();
    if (draft === undefined) return;
    this.#removing.add(key);
    await this.#store(() => this.#options.store.remove(draft));
    this.#removing.delete(key);
  }

  /** Stores what has changed, now. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const unsaved = this.#unsavedDrafts;
    if (unsaved.length === 0) return void (await this.#storing);
    const isStored = await this.#store(() => this.#options.store.put(unsaved));
    for (const draft of unsaved) {
      if (!isStored || this.#drafts.get(draft.key) !== draft) continue;
      this.#unsaved.delete(draft.key);
      this.#forgetEmergency(draft.key);
    }
  }

  /**
   * Deletes each draft once its post is on the server's disk. A draft whose entry has left the outbox without that is listed again,
   * unless `isPublished` finds its post.
   */
  async follow(outbox: Pick<Outbox, 'entries' | 'subscribe'>, isPublished: (write: Write) => Promise<boolean>): Promise<void> {
    const settle = () => {
      for (const draft of [...this.#drafts.values()]) {
        if (outbox.entries.some((entry) => isDelivered(entry) && isOf(entry, draft))) void this.discard(draft.key);
      }
    };
    this.#undo.push(outbox.subscribe(settle));
    settle();
    for (const draft of [...this.#drafts.values()]) {
      const { key, place, write } = draft;
      if (place !== 'outbox' || outbox.entries.some((entry) => isOf(entry, draft))) continue;
      // Without an answer the draft is listed: rather once too often than never.
      if (await isPublished(write).catch(() => false)) await this.discard(key);
      else await this.putAside(key);
    }
  }

  /** Calls back after each change of the list. Returns its own undo. */
  subscribe(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  /** Reads what is stored, also by other tabs. What is not stored yet stays as it is. */
  async load(): Promise<void> {
    const { ownerKey, store } = this.#options;
    let stored: Draft[] = [];
    const read = async () => {
      stored = await store.load(ownerKey);
    };
    if (!(await this.#store(read, false))) return;
    const kept = new Set(stored.map(({ key }) => key));
    for (const key of [...this.#drafts.keys()]) if (!kept.has(key) && !this.#unsaved.has(key)) this.#drafts.delete(key);
    for (const draft of stored) {
      if (!this.#unsaved.has(draft.key) && !this.#removing.has(draft.key)) this.#drafts.set(draft.key, draft);
    }
    for (const draft of this.#inEmergency()) {
      if (draft.changedAt > (this.#drafts.get(draft.key)?.changedAt ?? 0)) this.#change(draft);
    }
    this.#changed();
  }

  async close(): Promise<void> {
    for (const undo of this.#undo) undo();
    await this.flush();
    this.#options.claims.releaseAll();
    this.#tabs?.close();
    this.#tabs = undefined;
    this.#options.store.close();
  }

  async #place(key: string, place: Draft['place']): Promise<void> {
    const draft = this.#drafts.get(key);
    if (draft === undefined) return;
    this.#change({ ...draft, place });
    await this.flush();
  }

  #change(draft: Draft): void {
    this.#drafts.set(draft.key, draft);
    this.#unsaved.add(draft.key);
    this.#timer ??= setTimeout(() => void this.flush(), saveMs);
    this.#changed();
  }

  /** One after the other. Returns whether it succeeded. */
  async #store(action: () => Promise<void>, isChange = true): Promise<boolean> {
    const storing = this.#storing.then(action).then(
      () => {
        if (isChange) this.#tabs?.postMessage('changed');
        return true;
      },
      () => false,
    );
    this.#storing = storing;
    const isStored = await storing;
    if (isStored === this.#hasFailed) {
      this.#hasFailed = !isStored;
      this.#changed();
    }
    if (!isStored) this.#copyForEmergency(this.#unsavedDrafts);
    return isStored;
  }

  /** The drafts of this write that are on their way to the outbox, or were. */
  #handedOver(write: Write): Draft[] {
    return [...this.#drafts.values()].filter((draft) => draft.place === 'outbox' && saysTheSame(draft.write, write));
  }

  get #unsavedDrafts(): Draft[] {
    return [...this.#unsaved].flatMap((key) => this.#drafts.get(key) ?? []);
  }

  #hide(): void {
    this.#copyForEmergency(this.#unsavedDrafts);
    void this.flush();
  }

  #copyForEmergency(drafts: readonly Draft[]): void {
    try {
      for (const draft of drafts) this.#options.emergency?.setItem(this.#emergencyKey(draft.key), JSON.stringify(draft));
    } catch {
      // The store has them, or nothing has.
    }
  }

  #inEmergency(): Draft[] {
    try {
      const { emergency } = this.#options;
      const names = Array.from({ length: emergency?.length ?? 0 }, (_, at) => emergency?.key(at) ?? '');
      const own = names.filter((name) => name.startsWith(this.#emergencyKey('')));
      return own.map((name) => JSON.parse(emergency?.getItem(name) ?? '') as Draft);
    } catch {
      return [];
    }
  }

  #forgetEmergency(key: string): void {
    try {
      this.#options.emergency?.removeItem(this.#emergencyKey(key));
    } catch {
      // It is older than the stored draft, and ignored.
    }
  }

  #emergencyKey(key: string): string {
    return `${deviceName}-draft:${this.#options.ownerKey}:${key}`;
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** Whether the entry is the draft, and not an earlier change that says the same. */
function isOf({ write, addedAt }: OutboxEntry, draft: Draft): boolean {
  if (!saysTheSame(write, draft.write)) return false;
  // Another tab may have listed a new post again a moment before the entry was there.
  return draft.place === 'outbox' ? addedAt >= draft.changedAt : write.type === 'publish';
}

function anotherKey(key: string): string {
  return `${key}:${newKey()}`;
}

/** Time from a change until it is stored, in milliseconds. The promise is 500. */
const saveMs = 300;

function localStorageOf(global: { localStorage?: Storage }): Storage | undefined {
  try {
    return global.localStorage;
  } catch {
    return undefined;
  }
}

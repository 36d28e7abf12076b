import { parseCursor } from '../../../../src/protocol/cursor.ts';
import type { Http } from '../../../lib/http.ts';
import { newKey } from '../../../lib/ids.ts';
import { devicePictures } from '../pictures/device-pictures.ts';
import type { Environment, Uploader, UploaderParts } from '../pictures/uploads/upload-pictures.ts';
import type { Clock } from './clock.ts';
import { inOrder } from './order.ts';
import type { AddOptions, Delivery, Outbox, OutboxEntry, Protection, Write } from './outbox-model.ts';
import { changed, type Decide, type OutboxStore, type Stored } from './outbox-store.ts';
import { createSender, type SenderParts } from './sender.ts';
import { newEntry, type Owner, publicEntry, type StoredEntry } from './stored-entry.ts';
import type { Tabs } from './tabs-model.ts';
import {
  askAboutUnsent,
  discard,
  forgetDelivered,
  markReceived,
  nextChangeAt,
  publishNow,
  release,
  sendAgain,
  undo,
} from './transitions.ts';

/** Connects the rules, the store, the sender and the other tabs to the outbox of one author. */
export interface OutboxParts {
  owner: Owner;
  store: OutboxStore;
  tabs: Tabs;
  http: Pick<Http, 'request'>;
  clock: Clock;
  /** In [0, 1). */
  random(): number;
  isOnline(): boolean;
  askAfterMs(): number;
  protection: Protection;
  lookUp: SenderParts['lookUp'];
  /** Loads the part that uploads pictures, once there is one. */
  loadUploader(parts: Omit<UploaderParts, Environment>): Promise<Uploader>;
}

export async function createOutbox(parts: OutboxParts): Promise<Outbox & { protect(protection: Protection): void }> {
  const { owner, store, tabs, clock, isOnline, askAfterMs, loadUploader } = parts;
  const openedAt = clock.now();
  const listeners = new Set<() => void>();
  /** The newest cursor that the desk's subscription has received, by channel. */
  const received = new Map<string, string>();
  let { protection } = parts;
  let stored: Stored = { entries: [], others: [], outdated: false, pictures: [] };
  let entries: OutboxEntry[] = [];
  let delivery: Delivery = isOnline() ? 'ready' : 'offline';
  let leading: AbortSignal | undefined;
  let uploader: Promise<Uploader | undefined> | undefined;
  /** The share of each picture that is uploaded, by its id. */
  const progress = new Map<string, number>();
  let isClosed = false;
  let cancelAlarm = () => {};

  const sender = createSender({
    ...parts,
    onDelivery(next) {
      if (delivery === next) return;
      delivery = next;
      tabs.tell({ type: 'delivery', delivery });
      notify();
    },
    onChange: () => void hasChanged(),
  });

  tabs.onTold((message) => {
    switch (message.type) {
      case 'changed':
        return void refresh();
      case 'delivery':
        if (leading) return;
        delivery = message.delivery;
        return notify();
      case 'wake':
        sender.wake(true);
        return void upload(true);
      case 'progress':
        return setProgress(message.picture, message.share);
      case 'hello':
        if (leading) tabs.tell({ type: 'delivery', delivery });
    }
  });
  await refresh();
  tabs.lead(async (signal) => {
    leading = signal;
    void upload();
    await tick();
    await sender.run(signal);
    leading = undefined;
  });
  tabs.tell({ type: 'hello' });

  const pictures = devicePictures({
    ownerKey: owner.ownerKey,
    store,
    all: () => stored.pictures,
    progress,
    now: clock.now,
    change: (decide) => change((_entries, before) => ({ change: decide(before) })),
  });

  return {
    get entries() {
      return entries;
    },
    get others() {
      return stored.others;
    },
    get protection() {
      return protection;
    },
    get delivery() {
      return delivery;
    },
    pictures,
    protect(next) {
      protection = next;
      notify();
    },
    async add(write: Write, options: AddOptions) {
      const id = newKey();
      const { entry } = await change((before) => {
        const { put, entries } = released(before);
        const entry = newEntry(entries, write, options, { owner, now: clock.now(), id });
        return { change: { put: [...put, entry] }, entry };
      });
      return publicEntry(entry, stored.entries);
    },
    undo: async (id) => (await change((before) => undo(before, id))).write,
    discard: async (id) => (await change((before) => discard(before, id))).write,
    async publishNow(id) {
      await change((before) => {
        const { put, entries } = released(before);
        return { change: { put: [...put, ...(publishNow(entries, id, clock.now()).put ?? [])] } };
      });
    },
    sendAgain: async (id) => void (await change((before) => ({ change: sendAgain(before, id, clock.now()) }))),
    received(channelId, { cursor }) {
      received.set(channelId, cursor);
      if (stored.entries.some(({ state, ...entry }) => entry.channelId === channelId && state.at === 'on-disk'))
        void noteReceived();
    },
    wake() {
      sender.wake(true);
      void upload(true);
      tabs.tell({ type: 'wake' });
      void tick();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      isClosed = true;
      cancelAlarm();
      tabs.close();
      store.close();
      listeners.clear();
    },
  };

  /** Changes the store, then this tab and the others. Rejects if the change could not be stored. */
  async function change<T>(decide: Decide<T>): Promise<T> {
    const decided = await store.change(decide);
    await hasChanged();
    return decided;
  }

  async function hasChanged(): Promise<void> {
    if (isClosed) return;
    tabs.tell({ type: 'changed' });
    await refresh();
  }

  async function refresh(): Promise<void> {
    if (isClosed) return;
    try {
      stored = await store.read();
    } catch {
      delivery = 'storage-failed';
      return notify();
    }
    if (isClosed) return;
    entries = inOrder(stored.entries).map((entry) => publicEntry(entry, stored.entries));
    sender.wake();
    void upload();
    schedule();
    notify();
    if (stored.entries.some(isNewlyReceived)) await noteReceived();
  }

  /** Uploads pictures that wait, if this is the tab that sends. */
  async function upload(again = false): Promise<void> {
    const signal = leading;
    if (signal === undefined || isClosed || !stored.pictures.some(({ upload: { at } }) => at === 'waiting')) return;
    uploader ??= startUploader(signal);
    (await uploader)?.wake(again);
  }

  /** Undefined if it could not be loaded. It is tried again with the next change. */
  async function startUploader(signal: AbortSignal): Promise<Uploader | undefined> {
    try {
      const started = await loadUploader({
        ...{ owner, store, clock, random: parts.random, isOnline },
        onChange: () => void hasChanged(),
        onProgress(picture, share) {
          tabs.tell({ type: 'progress', picture, share });
          setProgress(picture, share);
        },
      });
      void started.run(signal);
      return started;
    } catch (error) {
      console.warn('The part that uploads pictures could not be loaded.', error);
      uploader = undefined;
      return undefined;
    }
  }

  function setProgress(picture: string, share: number | undefined): void {
    if (share === undefined) progress.delete(picture);
    else progress.set(picture, share);
    notify();
  }

  /** Ends the undo windows that are over, before something that has none takes its place behind them. */
  function released(before: readonly StoredEntry[]) {
    const { put = [] } = release(before, { now: clock.now(), openedAt, oldest: leading !== undefined });
    return { put, entries: changed(before, { put }) };
  }

  function notify(): void {
    for (const listener of [...listeners]) listener();
  }

  /** Does what is due by the clock: ends undo windows, asks about entries that were unsent for too long, and forgets delivered ones. */
  async function tick(): Promise<void> {
    if (isClosed) return;
    const now = clock.now();
    try {
      const { isDue } = await store.change((before) => {
        const released = release(before, { now, openedAt, oldest: leading !== undefined });
        const asked = askAboutUnsent(before, { now, askAfterMs: askAfterMs() });
        const put = [...(released.put ?? []), ...(asked.put ?? [])];
        const { remove = [] } = forgetDelivered(before, now);
        return { change: { put, remove }, isDue: put.length + remove.length > 0 };
      });
      if (isDue) await hasChanged();
      else schedule();
    } catch {
      delivery = 'storage-failed';
      notify();
      schedule();
    }
  }

  function schedule(): void {
    cancelAlarm();
    const at = isClosed ? undefined : nextChangeAt(stored.entries, { askAfterMs: askAfterMs() });
    if (at === undefined) return;
    // A second at least after a change that is overdue, which another tab or the sender makes.
    const ms = at <= clock.now() ? overdueMs : at - clock.now();
    cancelAlarm = clock.alarm(ms, () => void tick());
  }

  function isNewlyReceived({ channelId, state }: StoredEntry): boolean {
    const cursor = received.get(channelId);
    if (state.at !== 'on-disk' || cursor === undefined) return false;
    const [written, seen] = [parseCursor(state.cursor), parseCursor(cursor)];
    return written !== undefined && written.epoch === seen?.epoch && written.offset <= seen.offset;
  }

  async function noteReceived(): Promise<void> {
    if (!stored.entries.some(isNewlyReceived)) return;
    try {
      await change((before) => ({
        change: { put: [...received].flatMap(([channelId, cursor]) => markReceived(before, channelId, cursor).put ?? []) },
      }));
    } catch {
      // It stays on-disk, which is true.
    }
  }
}

const overdueMs = 1_000;

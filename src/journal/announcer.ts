import type { Announcement, Bus, Reachability } from './engine.ts';

export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export const silentLog: Log = { info() {}, warn() {}, error() {} };

/** The bus within one process. Calls listeners synchronously, in journal order, and loses nothing. */
export class Announcer implements Bus {
  readonly #listeners = new Map<string, Set<(announcement: Announcement) => void>>();
  readonly #erased = new Set<(channelId: string, postId: string | null) => void>();
  readonly #reach = new Set<(reach: Reachability) => void>();
  readonly #log: Log;
  #closed = false;

  constructor(log: Log) {
    this.#log = log;
  }

  async subscribe(channelId: string, listener: (announcement: Announcement) => void): Promise<() => void> {
    // A new function for each call, so that subscribing one listener twice makes two subscriptions.
    const own = (announcement: Announcement) => listener(announcement);
    const listeners = this.#listeners.get(channelId) ?? new Set();
    this.#listeners.set(channelId, listeners.add(own));
    return () => {
      listeners.delete(own);
      if (listeners.size === 0 && this.#listeners.get(channelId) === listeners) this.#listeners.delete(channelId);
    };
  }

  onErased(listener: (channelId: string, postId: string | null) => void): () => void {
    const own = (channelId: string, postId: string | null) => listener(channelId, postId);
    this.#erased.add(own);
    return () => void this.#erased.delete(own);
  }

  onReachability(listener: (reach: Reachability) => void): () => void {
    const own = (reach: Reachability) => listener(reach);
    this.#reach.add(own);
    return () => void this.#reach.delete(own);
  }

  hasListeners(channelId: string): boolean {
    return this.#listeners.has(channelId);
  }

  announce(channelId: string, announcement: Announcement): void {
    for (const listener of [...(this.#listeners.get(channelId) ?? [])]) this.#guarded(() => listener(announcement));
  }

  announceErased(channelId: string, postId: string | null): void {
    for (const listener of [...this.#erased]) this.#guarded(() => listener(channelId, postId));
  }

  announceReachability(reach: Reachability): void {
    for (const listener of [...this.#reach]) this.#guarded(() => listener(reach));
  }

  announceMaybeMissed(): void {
    for (const channelId of [...this.#listeners.keys()]) this.announce(channelId, { type: 'maybe-missed' });
  }

  close(): void {
    this.#closed = true;
    this.#listeners.clear();
    this.#erased.clear();
    this.#reach.clear();
  }

  /** An error in one listener must not affect other listeners or the author. */
  #guarded(call: () => void): void {
    if (this.#closed) return;
    try {
      call();
    } catch (error) {
      this.#log.error({ err: error }, 'a journal listener failed');
    }
  }
}
